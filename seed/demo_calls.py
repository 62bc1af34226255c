"""Calls owed in the demo office: callbacks, promised calls and messages in every state, rounds, merged tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from models.calls import CallOwed
from models.tickets import ServiceTicket
from seed.demo_records import Stage, a_call
from seed.demo_states import ANSWER, PACE, Ways, walk

START = timedelta(days=3)
PLEASED = ("shift", "rate", {"grade": "very_satisfied", "remark": "来电人表示感谢。"})
NO_ANSWER = ("shift", "note_try", {"outcome": "no_answer"})
#: what became of the callback after an answer
CALLBACKS: list[Ways] = [
    [],
    [NO_ANSWER],
    [PLEASED],
    [("shift", "rate", {"grade": "basically"})],
    [("shift", "rate", {"grade": "dissatisfied", "cause": "policy", "remark": "已说明补贴条件，来电人不认可规定。"})],
    [("shift", "rate", {"grade": "very_dissatisfied", "cause": "handling", "remark": "修后当晚又坏。"})],
    [("shift", "note_try", {"outcome": "refused"})],
    [("shift", "do_without", {"reason": "来电人已到大厅当面确认"})],
]
#: what becomes of a message for a colleague
MESSAGES: list[tuple[str, str, Ways]] = [
    ("user_a", "请回电确认开会时间。", []),
    ("user_b", "发票已寄出，请查收后回电。", [("desk", "pass_on", {})]),
    ("head_a", "想约下周来访。", [("desk", "pass_on", {}), ("head_a", "keep", {"remark": "已约周三上午。"})]),
]


def play(stage: Stage) -> None:
    """Add the tickets and messages and take their ways."""
    moment = stage.today - START
    for position, ways in enumerate(CALLBACKS):
        ticket = a_call(stage, moment, "repair", "走廊灯不亮报修", f"0851-61{position:04d}")
        walk(stage, ticket, moment, [ANSWER])
        walk(stage, _call(stage, ticket), moment + PACE, ways)
    for account, words, ways in MESSAGES:
        message = _entered(stage, moment, kind="message", called_for=stage.people[account], contact_name="孙先生",
                           phone="0851-620001", words=words)  # fmt: skip
        walk(stage, message, moment, ways)
    _entered(stage, moment, kind="news", contact_name="周女士", phone="0851-620002", words="新窗口启用后通知来访人。")
    _rounds(stage, moment)
    _doubles(stage, moment)
    offered = a_call(stage, moment, "other", "询问停车位登记", "0851-630009")
    walk(stage, offered, moment, [("desk", "hand_over", {"taker": "@shift", "reason": "换班移交"})])


def _rounds(stage: Stage, moment: datetime) -> None:
    """A ticket that came back twice, and one whose callback is owed no longer because it came back first."""
    back = ("shift", "reopen", {"reason": "来电人再次反映"})
    twice = a_call(stage, moment, "consult", "咨询补贴发放时间", "0851-630001")
    walk(stage, twice, moment, [ANSWER, back, ANSWER, back])
    dropped = a_call(stage, moment, "repair", "水龙头漏水报修", "0851-630002")
    walk(stage, dropped, moment, [ANSWER, back])


def _doubles(stage: Stage, moment: datetime) -> None:
    """Two callers about one burst pipe."""
    first = a_call(stage, moment, "help", "三单元水管爆裂", "0851-630003")
    second = a_call(stage, moment + PACE, "help", "三单元没水", "0851-630004")
    into: dict[str, Any] = {"target": first, "because": "matter", "reason": "同一处水管"}
    walk(stage, second, moment + PACE, [("shift", "merge", into)])


def _call(stage: Stage, ticket: ServiceTicket) -> CallOwed:
    stage.session.flush()
    query = select(CallOwed).where(CallOwed.ticket_id == ticket.id).order_by(CallOwed.id.desc())
    return stage.session.scalars(query.limit(1)).one()


def _entered(stage: Stage, moment: datetime, **values: Any) -> CallOwed:
    """A call the desk has entered by hand."""
    with stage.at(moment), access.acting_as(stage.actors["desk"]):
        return records.add(stage.session, CallOwed, values)
