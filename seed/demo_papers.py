"""Papers of the demo office that show a whole way: leaders in line, units, notes, rounds on paper, copies, tasks."""

from __future__ import annotations

from typing import Any

from models.people import Person
from seed.demo_desk import Desk, In, Story, receive
from seed.demo_records import Stage
from seed.demo_states import PROPOSE, REPORT, TELL, Way, Ways

#: account -> place in the order of reading, telephone
RANKS = {"leader": (2, "8002"), "office": (3, "8010"), "clerk": (None, "8011"), "head_a": (None, "8021"),
         "user_a": (None, "8022"), "head_b": (None, "8031"), "user_b": (None, "8032"), "cs_manager": (None, "8041")}  # fmt: skip
FLOORS = {"office": "三楼 301", "a": "三楼 306", "b": "二楼 205", "service": "一楼大厅", "sales": "二楼 210"}
CLEARED = ("leader", "office", "clerk", "head_a", "boss")

SIGNED = {"signed": True}
WHOLE = {"complete": True}
SCREEN = ("clerk", "screen", {"ours": True, "addressed": True, "formed": True, "consulted": True})
NOTHING = {"kind": "none"}
ORDER: dict[str, Any] = {"department": "#a", "requirement": "请综合科按要求办理并反馈。", "handler": "@user_a"}
LEAD = ("leader", "instruct", ORDER)
CLOSE: Way = ("office", "close", {})
#: Of a top secret paper the proposal stands on the slip alone.
ON_PAPER: Way = (PROPOSE[0], PROPOSE[1], {**PROPOSE[2], "proposal": "见纸质件"})


def round_of(*readers: str, purpose: str = "请阅") -> Way:
    return ("leader", "instruct_reading", {"readers": [f"@{name}" for name in readers], "purpose": purpose})


def to_act(what: str, whom: str, days: int) -> dict[str, Any]:
    return {"kind": "needs_action", "what": what, "person": whom, "until": In(days)}


#: The paper that shows everything; it came in an envelope.
WINTER = "关于开展岁末年初安全生产隐患排查整治的紧急通知"
WINTER_WAY: Ways = [
    SCREEN,
    ("clerk", "propose", {
        "proposal": "拟请周海同志阅示，并呈李建国同志；建议综合科牵头，财务科、客服部配合。", "leaders": ["@leader", "@boss"],
        "informed": ["@office"], "alternatives": "转客服部牵头\n提交办公会研究",
    }),
    ("leader", "write_instruction", {"words": "请综合科牵头，财务科、客服部配合，五日内完成排查并报送台账。"}),
    ("clerk", "transcribe", {"leader": "@boss", "words": "同意周海同志意见。务必查细查实，结果报我。"}),
    ("leader", "instruct", {
        "department": "#a", "others": ["#b", "#service"], "handler": "@user_a", "limit": In(9),
        "requirement": "开展隐患排查，建立台账，书面答复来文单位。",
    }),
    ("head_a", "unit a: receive", {"handler": "@user_a"}),
    ("user_a", "unit a: note", {"words": "会同后勤检查办公楼一至三层，发现隐患四处，已列入台账。", "evidence": "隐患排查台账第1页"}),
    ("head_b", "unit b: receive", {"handler": "@user_b"}),
    ("user_b", "unit b: give_opinion", {"opinion": "整改经费可从年度维修费列支，请附清单。"}),
    ("leader", "circulate", {"readers": ["@office", "@head_b", "@user_b"], "purpose": "请阅知并落实本部门责任"}),
    ("clerk", "reader office: offer", SIGNED),
    ("clerk", "reader office: transcribe", {}),
    ("clerk", "copy 1: take_back", WHOLE),
    ("clerk", "reader head_b: offer", SIGNED),
    ("user_a", "unit a: note", {"words": "四处隐患已整改三处，配电间线路改造待施工。"}),
    ("leader", "order_relay", {"scope": "各科室、值班人员", "by": In(4), "charged": "@cs_manager"}),
    ("", "look", {}),
]  # fmt: skip

PAPERS: list[Story] = [
    Story(9, "住建厅", "关于规范办公用房装修管理的通知", [
        PROPOSE, round_of("head_a", "head_b", "user_a"),
        ("clerk", "reader head_a: offer", SIGNED), ("head_a", "reader head_a: answer", {"opinion": "综合科现有两间办公室超面积，建议先行调整。"}),
        ("clerk", "copy 1: take_back", WHOLE), ("clerk", "reader user_a: offer", SIGNED),
        ("user_a", "reader user_a: mark_read", {}), ("clerk", "copy 1: take_back", WHOLE),
        ("clerk", "reader head_b: offer", SIGNED), ("clerk", "reader head_b: transcribe", {"opinion": "装修须先报预算。"}),
        ("clerk", "copy 1: take_back", WHOLE),
        ("clerk", "reader head_a: classify", to_act("提出两间办公室的调整方案", "@user_a", 6)),
        ("clerk", "reader head_b: classify", {"kind": "for_information"}),
        ("office", "round: gather", {"summary": "综合科建议先调整超面积办公室；财务科要求装修先报预算。", "leader": "@leader"}),
        ("leader", "round: answer_summary", {"words": "同意，由综合科提出方案，财务科核预算。"}),
        ("clerk", "round: finish", {}),
    ]),
    Story(3, "财政局", "关于做好年终决算有关工作的通知", [
        PROPOSE, round_of("leader", "head_b", "head_a", "user_b"),
        ("clerk", "reader leader: offer", SIGNED), ("leader", "reader leader: mark_read", {}), ("clerk", "copy 1: take_back", WHOLE),
        ("clerk", "reader head_a: offer", SIGNED),
    ]),
    Story(8, "教育局", "关于征求校外培训收费管理办法意见的函", [
        PROPOSE, round_of("head_a", "head_b", "user_b", "user_a", purpose="请提出意见"),
        ("head_a", "reader head_a: answer", {"opinion": "第六条退费时限过短，建议改为十五日。"}),
        ("head_b", "reader head_b: answer", {"opinion": "收费专户的开户行应予明确。"}),
        ("user_b", "reader user_b: answer", {"opinion": "建议补充投诉电话。"}),
        ("office", "reader user_a: exempt", {"reason": "由科长一并反馈"}),
        ("clerk", "reader head_a: classify", to_act("起草第六条修改建议", "@user_a", 4)),
        ("clerk", "reader head_b: classify", to_act("核对开户行信息", "@user_b", 2)),
        ("clerk", "reader user_b: classify", to_act("补充投诉电话", "@cs_manager", 3)),
        ("user_b", "task head_b: finish", {"result": "已与开户行核对，信息附后。"}),
        ("office", "task user_b: drop", {"reason": "来文附件已列明电话"}),
    ], values={"medium": "electronic", "answer_due": True}),
    Story(2, "县作风办", "关于重大舆情处置情况的通报", [ON_PAPER, round_of("leader", "head_a", purpose="见纸质件")],
          values={"secrecy": "top_secret", "copies": 1}),
    Story(5, "县作风办", "关于作风建设专项督查安排的通知", [
        PROPOSE, round_of("head_a", "head_b", "user_a"), ("clerk", "reader head_a: offer", SIGNED),
        ("head_a", "reader head_a: mark_read", {}), ("clerk", "copy 1: take_back", WHOLE),
        ("leader", "round: stop", {"reason": "来文单位已下发修订稿"}),
    ]),
    Story(6, "档案局", "关于开展档案安全自查的通知", [
        PROPOSE, round_of("office", "head_a", "head_b", "user_a"),
        ("clerk", "copy 1: hand_out", {"person": "@office", **SIGNED}), ("clerk", "copy 2: hand_out", {"person": "@head_a", **SIGNED}),
        ("clerk", "reader office: transcribe", {}), ("clerk", "copy 1: take_back", {"complete": False, "remark": "缺附件二第3页"}),
        ("head_a", "reader head_a: mark_read", {}), ("clerk", "copy 2: report_lost", {"reason": "会议后未找到，正在查找"}),
    ], values={"copies": 4, "secrecy": "open"}),
    Story(20, "黔南府办", "关于印发年度重点工作任务分解的通知", [
        PROPOSE, round_of("head_a", "head_b"),
        ("clerk", "copy 1: hand_out", {"person": "@head_a", **SIGNED}), ("clerk", "copy 2: hand_out", {"person": "@head_b", **SIGNED}),
        ("head_a", "reader head_a: mark_read", {}), ("head_b", "reader head_b: mark_read", {}), ("clerk", "copy 1: take_back", WHOLE),
        ("clerk", "copy 2: report_lost", {"reason": "借阅后遗失"}),
        ("office", "copy 2: write_off", {"reason": "经办公会研究，已向来文单位说明"}),
        ("clerk", "copy 1: give_back", {"receipt": "州府办 石磊签收"}),
        ("clerk", "round: finish", {}), CLOSE,
    ], values={"copies": 2}),
    Story(12, "财政局", "关于填报资产清查表的函", [
        PROPOSE, LEAD, ("head_a", "unit a: receive", {"handler": "@user_a"}),
        ("user_a", "unit a: note", {"words": "已清点固定资产312件，盘亏2件已说明。", "evidence": "资产清查表"}),
        REPORT, TELL, ("user_a", "answer_sender", {"words": "清查表已于截止日前报送市财政局资产科。"}), CLOSE,
    ], values={"answer_due": True, "enclosures": "资产清查表1份"}),
    Story(1, "教育局", "关于报送教师培训计划的通知", [], book="DN"),
    Story(0, "应急局", "关于开展消防演练的通知", [], values={"urgency": "urgent", "importance": "important"}),
]  # fmt: skip


def furnish(stage: Stage) -> None:
    """Who sits where, who reads first, and the principal leader, who has no account and signs on paper."""
    people, session = stage.people, stage.session
    boss = Person(name="李建国", staff_no="000", position="总经理", rank=1, phone="8001",
                  department=people["leader"].department)  # fmt: skip
    session.add(boss)
    people["boss"] = boss
    for account, (rank, phone) in RANKS.items():
        people[account].rank, people[account].phone = rank, phone
    for account in CLEARED:
        people[account].clearance = "top_secret"
    for person in people.values():
        if person.department is not None and person.department.code in FLOORS:
            person.department.floor = FLOORS[person.department.code]
    session.flush()


def play(stage: Stage) -> None:
    """Add the papers with their ways."""
    for number, story in enumerate(sorted(PAPERS, key=lambda one: -one.days), 61):
        receive(stage, story, number)


def go_on(stage: Stage, paper: Any, days: int) -> None:
    """The way of the paper that shows everything."""
    Desk(stage, days).walk(paper, WINTER_WAY)
