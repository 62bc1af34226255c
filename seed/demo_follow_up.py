"""Follow-up, supervision and accountability in the demo office: a case in each state they know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access, clocks
from app.engine import record as records
from app.engine.clocks import ClockRow
from models import sweeping
from models.accountability import AccountabilityCase
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.follow_ups import FollowUp
from models.registers import Register
from models.supervision import Supervision
from seed.demo_records import Stage
from seed.demo_states import INSTRUCT, PACE, PROPOSE, REPORT, TELL, Ways, _walk

ASK = ("clerk", "ask", {"way": "phone", "words": "询问办理进度"})
ANSWER = ("user_a", "answer", {"outcome": "on_the_way", "words": "正在汇总，按期办结"})
WAYS: list[Ways] = [[], [ASK], [ASK, ANSWER], [ASK, ANSWER, ("clerk", "report", {"leader": "@leader"})]]

EVIDENCE = ("leader", "ask_evidence", {"person": "@user_a", "request": "请附签收单"})
FIND = ("leader", "find", {"findings": "已核对签收记录"})
CHECKS: list[Ways] = [
    [], [EVIDENCE], [FIND], [FIND, ("leader", "escalate", {"leader": "@leader", "reason": "请领导定夺"})],
    [EVIDENCE, ("user_a", "give_evidence", {"evidence": "签收单见附件"}), FIND, ("leader", "satisfy", {})],
    [FIND, ("leader", "reopen", {"reason": "尚未全部落实"})],
]  # fmt: skip

HEAR = ("office", "hear", {"words": "因统计数据未到"})
DECIDE = ("leader", "decide", {"decision": "warning", "grounds": "首次逾期"})
CASES: list[Ways] = [
    [], [HEAR], [HEAR, DECIDE], [HEAR, DECIDE, ("user_a", "file_appeal", {"words": "对方单位延误"})],
    [HEAR, DECIDE, ("leader", "conclude", {"words": "维持原决定"})],
]  # fmt: skip


def play(stage: Stage) -> None:
    """Give papers to a unit, follow them up, check what became of some, and hold somebody to account for one."""
    moment = stage.today - timedelta(days=4)
    paper = None
    for ways in WAYS:
        paper = _paper(stage, moment)
        _walk(stage, paper, moment, [PROPOSE, INSTRUCT])
        _walk(stage, _case(stage, paper), moment + 2 * PACE, ways)
    late = _paper(stage, moment, "GS")  # only the group's text holds people to account
    _walk(stage, late, moment, [("office", *PROPOSE[1:]), INSTRUCT])
    case = _case(stage, late)
    with access.system():
        case.take("warn", stage.session)
    assert paper is not None
    done = _paper(stage, moment)
    _walk(stage, done, moment, [PROPOSE, INSTRUCT])
    _case(stage, done)
    _walk(stage, done, moment + 2 * PACE, [REPORT, TELL, ("office", "close", {})])
    for ways in CHECKS:
        with stage.at(moment + 5 * PACE), access.acting_as(stage.actors["leader"]):
            raw = {"document": done.id, "matter": "是否已实际执行"}
            check = records.add(stage.session, Supervision, raw)
        _walk(stage, check, moment + 5 * PACE, ways)
    for ways in CASES:
        with stage.at(moment + 5 * PACE), access.acting_as(stage.actors["office"]):
            raw = {
                "document": late.id,
                "person": stage.people["user_a"].id,
                "fault": "late_handling",
                "facts": "逾期一天",
            }
            noted = records.add(stage.session, AccountabilityCase, raw)
        _walk(stage, noted, moment + 5 * PACE, ways)


def _paper(stage: Stage, moment: datetime, book: str = "SW") -> IncomingDocument:
    sender = stage.session.scalars(select(Correspondent).order_by(Correspondent.id)).first()
    paper = IncomingDocument(
        register=records.named(stage.session, Register, book), sender=sender, title="关于落实督办事项的通知", received_at=moment, copies=1,
        secrecy="internal", urgency="none", department=stage.people["user_a"].department,
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["clerk"]):
        records.store(stage.session, paper)
    return paper


def _case(stage: Stage, paper: IncomingDocument) -> FollowUp:
    """The case of a paper in handling, as the sweep opens it."""
    session: Any = stage.session
    with access.system():
        query = select(ClockRow.id).where(
            ClockRow.kind == paper.kind_name, ClockRow.record_id == paper.id, ClockRow.state == clocks.RUNNING
        )
        clock_id = session.scalars(query).one()
        with stage.at(paper.received_at + 2 * PACE):
            sweeping.look_after(session, clock_id)
        return session.scalars(select(FollowUp).where(FollowUp.clock_id == clock_id)).one()
