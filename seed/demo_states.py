"""The states the crowd of the demo seldom reaches: a record in each, so that every list and button can be seen.

A way is the account, the step and its answers; `@name` stands for that account's person, `#key` for a department,
`《title》` for an article of the library.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access, finding, moments
from app.engine import record as records
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.extensions import ExtensionRequest
from models.identities import IdentityRequest
from models.people import Department
from models.registers import Register
from models.tickets import ServiceTicket
from models.visitors import Visitor
from seed.demo_records import Stage, a_call, an_order, article_on

Way = tuple[str, str, dict[str, Any]]
Ways = list[Way]

WHY = {"reason": "按领导要求"}
PROPOSE = ("clerk", "propose", {"proposal": "拟请综合科阅办。", "kind": "handle", "transfer": "#a"})
INSTRUCT = ("leader", "instruct", {"department": "#a", "requirement": "请按文件要求办理。", "handler": "@user_a"})
BOTH = ("leader", "instruct", {
    "department": "#a", "others": ["#office"], "requirement": "请综合科牵头，办公室配合。", "handler": "@user_a",
})  # fmt: skip
REPORT = ("user_a", "report_result", {"result": "已按要求办理完毕，材料已报送。"})
TELL = ("clerk", "tell_leader", {"way": "spoken"})
CLOSED: list[Any] = [PROPOSE, INSTRUCT, REPORT, TELL, ("office", "close", {})]
SUSPEND = ("office", "suspend", {**WHY, "cause": "sender", "wake_on": "@DAY"})
REVIEW = ("clerk", "screen", {"ours": True, "addressed": True, "formed": True, "consulted": True})
RELAY = ("leader", "order_relay", {"scope": "全体中层干部", "by": "@LATER", "charged": "@user_a"})
ROUND = ("leader", "instruct_reading", {"readers": ["@user_a", "@head_a", "@user_b"], "purpose": "请阅知"})

INCOMING: list[Ways] = [
    [PROPOSE, ROUND],
    [("clerk", "propose", {"proposal": "拟转周主任阅示。", "leaders": ["@leader"], "kind": "read"})],
    CLOSED,
    [*CLOSED, ("clerk", "file_it", {})],
    [*CLOSED, ("clerk", "mark_for_return", {"reason": "来文单位要求清退"})],
    [*CLOSED, ("clerk", "hold", {"reason": "待上级后续通知"})],
    [*CLOSED, ("office", "mark_for_destruction", {"reason": "无保存价值"})],
    [PROPOSE, INSTRUCT, SUSPEND],
    [PROPOSE, INSTRUCT, SUSPEND, ("office", "go_on", {}), REPORT, TELL, ("office", "close", {})],
    [("leader", "return_to_sender", {"reason": "主送单位有误"})],
    [PROPOSE, ("clerk", "end_by_sender", {"notice": "call", "reason": "来文单位来电撤回"})],
    [("office", "void", {"reason": "重复登记", "second": "@clerk"})],
]

#: papers of other books
BOOKED: list[tuple[str, Ways]] = [
    ("ZW", [REVIEW]), ("XZ", [("clerk", "pass_on", {"signed_by": "校长办公室 田华"})]),
]  # fmt: skip

#: papers whose units, requests for time or orders go on: the paper's way, the relation, the way of its last one
BESIDE: list[tuple[Ways, str, Ways]] = [
    ([PROPOSE, INSTRUCT], "assignments", [("head_a", "receive", {"handler": "@user_a"})]),
    ([PROPOSE, BOTH], "assignments", [("office", "overrule", {"reason": "逾期未反馈，先行办理"})]),
    ([PROPOSE, INSTRUCT, REPORT], "assignments", []),
    (
        [
            PROPOSE,
            INSTRUCT,
            ("clerk", "end_by_sender", {"notice": "document", "reason": "来文单位来函撤回", "informed": ["@office"]}),
        ],
        "assignments",
        [],
    ),
    ([PROPOSE, INSTRUCT, RELAY], "orders", []),
    ([PROPOSE, INSTRUCT, RELAY], "orders", [("user_a", "carry_out", {"report": "已在例会上传达，到会二十一人。"})]),
    ([PROPOSE, INSTRUCT, RELAY], "orders", [("leader", "cancel", {"reason": "改由文件传阅"})]),
]
ADVISE = ("office", "recommend", {"recommendation": "建议同意。"})
TIME: list[Ways] = [
    [], [ADVISE], [ADVISE, ("leader", "grant", {})], [ADVISE, ("leader", "refuse", {"decision": "按原时限办理"})],
    [("user_a", "withdraw", {})],
]  # fmt: skip

#: what becomes of the entries of the paper that only goes round
READERS: list[Ways] = [
    [("user_a", "open", {}), ("user_a", "mark_read", {})], [("office", "skip", {"reason": "出差"})],
    [("office", "withdraw", {"reason": "改由科长传达"})],
]  # fmt: skip

ANSWER = ("desk", "give_answer", {"article": "《服务窗口办事流程》"})
CALLERS: list[Ways] = [
    [("desk", "wait", {"waiting_for": "papers", "until": "@SOON", "reason": "请来电人补充材料"})],
    [
        ("desk", "wait", {"waiting_for": "unreachable", "until": "@SOON", "reason": "两次回拨无人接听"}), ("desk", "go_on", {}),
        ANSWER, ("desk", "close", {"code": "answered", "outcome": "已答复"}),
    ],
    [ANSWER, ("desk", "plan_callback", {})],
    [ANSWER, ("desk", "close", {"code": "answered", "outcome": "已答复"}), ("shift", "reopen", {"reason": "来电人再次反映"})],
    [("desk", "forward_opinion", {"department": "#office", "reason": "建议转办公室研究"})],
    [("shift", "void", {"reason": "重复登记"})],
]  # fmt: skip

CONFIRM = ("order_admin", "confirm", {"called": True, "address_valid": True, "delivery_agreed": True})
ON_THE_WAY: Ways = [
    CONFIRM, ("order_admin", "assign", {"person": "@warehouse"}), ("warehouse", "hand_over", {}),
    ("order_admin", "ship", {"carrier": "顺达物流", "waybill": "SD99000001"}), ("order_admin", "receive", {}),
]  # fmt: skip
ORDERS: list[Ways] = [
    [], [("sales", "hold", {"reason": "等待客户确认地址"})], [("order_admin", "mark_invalid", {"because": "not_meant", "reason": "恶作剧订单"})],
    [*ON_THE_WAY, ("order_admin", "complete", {})],
    [("order_admin", "record_payment", {"amount": "100", "reference": "HK-01"})],
    [("order_admin", "record_payment", {"amount": "90", "reference": "HK-02"}), ("finance", "reject", WHY)],
]  # fmt: skip

TITLES = (
    "关于报送机关作风建设情况的通知", "关于做好公务接待管理的通知", "关于开展节约用水宣传的通知", "关于核定办公设备配置的通知",
    "关于推进政务信息报送的通知", "关于做好干部年度体检的通知", "关于组织普法考试的通知",
)  # fmt: skip
START, PACE = timedelta(days=4), timedelta(hours=5)


def play(stage: Stage) -> None:
    """Add the records and take their ways, a step every few hours."""
    moment = stage.today - START
    sender = stage.session.scalars(select(Correspondent).order_by(Correspondent.id)).first()
    for ways in INCOMING:
        paper = _paper(stage, moment, sender)
        walk(stage, paper, moment, ways)
        for entry, on in zip(list(paper.circulation), READERS, strict=False):
            walk(stage, entry, moment + 2 * PACE, on)
    for book, ways in BOOKED:
        walk(stage, _paper(stage, moment, sender, book), moment, ways)
    _beside(stage, moment, sender)
    for position, ways in enumerate([*CALLERS, _promised(stage)]):
        anonymous = any(step == "forward_opinion" for _who, step, _answers in ways)
        phone = None if anonymous else f"0851-56{position:04d}"
        walk(stage, a_call(stage, moment, "consult", "咨询服务窗口办事流程", phone), moment, ways)
    _visitors(stage)
    _calls_of_today(stage)
    _reports(stage, moment)
    for ways in ORDERS:
        order = an_order(stage, moment, "on_account")
        steps = [way for way in ways if way[1] != "reject"]
        walk(stage, order, moment, steps)
        for payment in order.payments if len(steps) < len(ways) else ():
            walk(stage, payment, moment + PACE, ways[len(steps) :])


def _beside(stage: Stage, moment: datetime, sender: Correspondent | None) -> None:
    for ways, relation, on in BESIDE:
        paper = _paper(stage, moment, sender)
        walk(stage, paper, moment, ways)
        walk(stage, getattr(paper, relation)[-1], moment + 4 * PACE, on)
    for ways in TIME:
        paper = _paper(stage, moment, sender)
        walk(stage, paper, moment, [PROPOSE, INSTRUCT])
        with stage.at(moment + 3 * PACE), access.acting_as(stage.actors["user_a"]):
            wish = {
                "document": paper,
                "wish": "extension",
                "reason": "数据尚未齐全",
                "until": stage.today + timedelta(days=20),
            }
            asked = records.add(stage.session, ExtensionRequest, wish)
        walk(stage, asked, moment + 4 * PACE, ways)


def _promised(stage: Stage) -> Ways:
    return [("desk", "promise", {"at": stage.today + timedelta(days=1)})]


def _paper(stage: Stage, moment: datetime, sender: Correspondent | None, book: str = "SW") -> IncomingDocument:
    register = finding.by_name(stage.session, Register, book)
    stage.papers += 1
    code, year = sender.number_code if sender else "", moments.local(moment).year
    paper = IncomingDocument(
        register=register, sender=sender, sender_no=f"{code}〔{year}〕{300 + stage.papers}号",
        title=TITLES[stage.papers % len(TITLES)], received_at=moment, copies=1, secrecy="internal", urgency="none",
        paper_type="notice", written_on=moments.local(moment).date() - timedelta(days=2), pages=3, medium="electronic",
        department=stage.people["user_a"].department,
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["clerk"]):
        records.store(stage.session, paper)
    return paper


def _calls_of_today(stage: Stage) -> None:
    """What the live desk counts: calls of the last hours with the times of each, most of them answered at once."""
    for n, seconds in enumerate((45, 70, 110, 118, 150, 58, 95, 240)):
        ended = stage.today - timedelta(minutes=12 * (n + 1))
        times = {"picked_up_at": ended - timedelta(seconds=seconds), "ended_at": ended, "rings": 1 + n % 4}
        with stage.at(ended), access.acting_as(stage.actors["desk"]):
            ticket = records.add(
                stage.session, ServiceTicket,
                {"channel": "phone", "kind": "consult", "subject": "询问政务大厅作息时间", "received_at": ended, "read_back": True,
                 "contact_name": "郑先生", "phone": f"0851-59{n:04d}", **times},
            )  # fmt: skip
        if n < 7:
            walk(stage, ticket, ended - PACE, [ANSWER])


def _visitors(stage: Stage) -> None:
    """One who waits, one who was called in, one who went away."""
    came = stage.today - timedelta(minutes=50)
    steps: list[Ways] = [[], [("desk", "call_in", {})], [("desk", "note_left", {"remark": "另有急事"})]]
    for name, matter, ways in zip(
        ("秦女士", "严先生", None), ("咨询证照办理", "反映楼道照明", "未说明"), steps, strict=True
    ):
        with stage.at(came), access.acting_as(stage.actors["desk"]):
            visitor = records.add(stage.session, Visitor, {"came_at": came, "name": name, "matter": matter})
        for who, step, answers in ways:
            with stage.at(came + timedelta(minutes=8)), access.acting_as(stage.actors[who]):
                visitor.flow.take(stage.session, visitor, step, answers)


def _reports(stage: Stage, moment: datetime) -> None:
    """A report of wrongdoing and three requests for the name behind it: open, granted, refused."""
    ticket = a_call(stage, moment, "report", "举报食堂采购回扣", "0851-590001")
    week = {"until": stage.today + timedelta(days=2)}
    for ways in ([], [("officer", "grant", week)], [("officer", "refuse", {"reason": "理由不充分"})]):
        with stage.at(moment + PACE), access.acting_as(stage.actors["cs_manager"]):
            asked = records.add(
                stage.session, IdentityRequest, {"ticket": ticket, "reason": "核实举报细节需要联系举报人"}
            )
        walk(stage, asked, moment + PACE, ways)


def walk(stage: Stage, record: Any, moment: datetime, ways: Ways, pace: timedelta = PACE) -> None:
    """Take these steps, one every few hours."""
    for position, (who, step, answers) in enumerate(ways, 1):
        given = {name: meant(stage, answer) for name, answer in answers.items()}
        with stage.at(moment + position * pace), access.acting_as(stage.actors[who]):
            record.flow.take(stage.session, record, step, given)


def meant(stage: Stage, answer: Any) -> Any:
    """What an answer written down stands for: a person, a department, an article, a day to come, or itself."""
    if isinstance(answer, list):
        return [meant(stage, one) for one in answer]
    if answer in ("@LATER", "@DAY"):
        later = stage.today + timedelta(days=10)
        return later if answer == "@LATER" else later.date()
    if answer == "@SOON":
        return stage.today + timedelta(days=1)
    if isinstance(answer, str) and answer.startswith("@"):
        return stage.people[answer[1:]]
    if isinstance(answer, str) and answer.startswith("#"):
        return finding.by_name(stage.session, Department, answer[1:])
    if isinstance(answer, str) and answer.startswith("《"):
        return article_on(stage, answer.strip("《》"))
    return answer
