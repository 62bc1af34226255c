"""Follow-up, supervision and accountability in the demo office: a case in every state."""

from __future__ import annotations

from models.accountability import AccountabilityCase
from models.supervision import Supervision
from seed.demo_desk import Desk, In, Story, receive
from seed.demo_papers import CLOSE, LEAD
from seed.demo_records import Stage
from seed.demo_states import PROPOSE, REPORT, TELL, Way, Ways

WAIT: Way = ("", "wait", {})
LOOK: Way = ("", "look", {})
TAKE = ("head_a", "unit a: receive", {"handler": "@user_a"})
BEGUN: Ways = [PROPOSE, LEAD, TAKE]
ASK = ("clerk", "case: ask", {"way": "phone", "officer": "@clerk", "words": "距办结时限还有两天，请告知进展。"})
ANSWER = ("user_a", "case: answer", {"outcome": "on_the_way", "words": "材料已收齐，明日报送。"})
CANNOT = ("user_a", "case: answer", {"outcome": "cannot", "words": "需待州局反馈数据，本周无法办结。"})
TOLD = ("office", "case: report", {"leader": "@leader", "words": "经办人反映数据未到，请示是否延期。"})
LATER: Ways = [*BEGUN, WAIT, WAIT, WAIT, LOOK]

FOLLOWED: list[Story] = [
    Story(1, "财政局", "关于报送季度用款计划的函", [PROPOSE, LEAD, LOOK]),
    Story(6, "教育局", "关于核对在册教职工信息的通知", [*LATER, WAIT, LOOK]),
    Story(9, "黔南府办", "关于报送信访积案化解情况的通知", [*LATER, WAIT, WAIT, WAIT, WAIT, WAIT, LOOK]),
    Story(5, "住建厅", "关于报送城镇房屋普查数据的通知", [*LATER, ASK]),
    Story(6, "应急局", "关于更新应急值守联络表的函", [*LATER, ASK, ANSWER]),
    Story(6, "档案局", "关于报送档案数字化进度的通知", [*LATER, ASK, CANNOT, TOLD]),
    Story(6, "独府办", "关于汇总节能降耗数据的通知", [*LATER, ASK, ANSWER, REPORT]),
]

SHOW = ("office", "ask_evidence", {"person": "@user_a", "request": "请提供整改前后照片和验收单。"})
GIVE = ("user_a", "give_evidence", {"evidence": "整改照片六张，验收单一份，已附。"})
FIND = ("office", "find", {"findings": "现场查看，六项中五项落实，一项未完成。"})
UP = ("office", "escalate", {"leader": "@leader", "reason": "一项未完成，请领导裁定。"})
FINISHED: Ways = [*BEGUN, REPORT, TELL, CLOSE]
#: title of the paper, what is checked, the way
SUPERVISED: list[tuple[str, str, Ways]] = [
    ("关于整治机关食堂卫生的通知", "食堂整改是否落实", []),
    ("关于清理公务车辆的通知", "车辆封存是否到位", [SHOW]),
    ("关于落实值班制度的通知", "夜间值班抽查", [SHOW, GIVE, FIND]),
    ("关于整改消防通道的通知", "消防通道是否畅通", [SHOW, GIVE, FIND, UP]),
    ("关于规范公章使用的通知", "用印登记是否齐全", [SHOW, GIVE, ("office", "find", {"findings": "登记齐全，抽查无误。"}),
     ("office", "satisfy", {"words": "已落实，结案。"})]),
    ("关于报送隐患整改情况的通知", "配电间整改", [SHOW, GIVE, FIND, UP, ("leader", "reopen", {
        "reason": "配电间未整改，退回重办。", "limit": In(10)})]),
]  # fmt: skip

HEAR = ("office", "hear", {"words": "当日外出开会，未及时交接，今后注意。"})
WARN = ("leader", "decide", {"decision": "warning", "grounds": "逾期两天，未造成后果。"})
FINE = ("leader", "decide", {"decision": "amount", "amount": "200", "grounds": "经两次催办仍逾期，依办法第十条。"})
APPEAL = ("user_a", "file_appeal", {"words": "逾期系等待集团回函所致，附催函记录。"})
#: person, fault, facts, the way
ACCOUNTED: list[tuple[str, str, str, Ways]] = [
    ("user_b", "late_circulation", "传阅件在手五日，超过十日时限。", []),
    ("head_b", "late_handling", "承办事项逾期一日反馈。", [HEAR]),
    ("user_a", "late_handling", "承办事项逾期两日办结。", [HEAR, WARN]),
    ("user_a", "late_handling", "经两次催办仍逾期。", [HEAR, FINE, APPEAL]),
    ("user_a", "late_proposal", "拟办意见迟于二十四小时。", [HEAR, FINE, APPEAL, ("leader", "conclude", {
        "words": "申辩属实，改为提醒。", "decision": "warning"})]),
]  # fmt: skip


def play(stage: Stage) -> None:
    """Add the cases about papers of their own."""
    for number, (title, matter, ways) in enumerate(SUPERVISED, 91):
        paper, _desk = receive(stage, Story(14, "独府办", title, FINISHED), number)
        desk = Desk(stage, 9)
        desk.walk(desk.add("office", Supervision(document=paper, matter=matter)), ways)
    late = Story(30, "独府办", "关于上报集团年度考核材料的通知", [
        ("office", "propose", {"proposal": "拟请综合科办理，财务科配合。", "leaders": ["@leader"]}), LEAD, TAKE, WAIT, WAIT, WAIT, WAIT, WAIT, WAIT, WAIT,
        REPORT, TELL, CLOSE,
    ], book="GS")  # fmt: skip
    paper, _desk = receive(stage, late, 99)
    for account, fault, facts, ways in ACCOUNTED:
        desk = Desk(stage, 10)
        case = AccountabilityCase(document=paper, person=stage.people[account], fault=fault, facts=facts)
        desk.walk(desk.add("office", case), ways)
    for number, story in enumerate(sorted(FOLLOWED, key=lambda one: -one.days), 81):
        receive(stage, story, number)
