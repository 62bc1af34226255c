"""Dispatch orders in the demo office: one in every state, units that help, links for units without an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.engine import access
from app.engine import record as records
from models.dispatch import DispatchOrder
from models.tickets import ServiceTicket
from models.unit_links import UnitLink
from seed.demo_records import Stage, a_call
from seed.demo_states import Way, Ways, walk

NOTES = {"contact_note": True, "reply_note": True, "follow_note": True}
SEND: Way = ("shift", "dispatch", {"department": "#a", "requirement": "请尽快处理并反馈。", **NOTES})
BOTH: Way = ("shift", "dispatch", {
    "department": "#a", "others": ["#b"], "requirement": "请综合科牵头处理，财务科核定费用。", **NOTES,
})  # fmt: skip
SIGN_FOR: Way = ("user_a", "sign", {})
CONTACT: Way = ("user_a", "mark_contacted", {"how": "已电话联系，约定上门时间。"})
MORE_TIME: Way = ("user_a", "ask_extension", {
    "until": "@LATER", "reason": "灯具需订货", "ground": "热线工单管理办法第十二条",
})  # fmt: skip
FEEDBACK: Way = ("user_a", "feed_back", {"result": "已更换灯具。", "answer": "楼道照明已恢复，感谢反映。"})
CONFIRM: Way = ("head_a", "confirm_reply", {})
REPLY: Ways = [SIGN_FOR, CONTACT, FEEDBACK, CONFIRM]
ACCEPT: Way = ("shift", "accept", {})
RETURN: Way = ("user_a", "hand_back", {"ground": "other_place", "reason": "该楼栋由办公室管理", "proposed": "#office"})
#: what became of an order that was sent out
ORDERS: list[Ways] = [
    [], [SIGN_FOR], [SIGN_FOR, CONTACT], [SIGN_FOR, CONTACT, MORE_TIME],
    [SIGN_FOR, MORE_TIME, ("shift", "grant_extension", {"informed": True})],
    [SIGN_FOR, CONTACT, FEEDBACK], REPLY, [*REPLY, ("shift", "rework", {"reason": "未说明故障原因"})], [*REPLY, ACCEPT],
    [RETURN], [RETURN, ("shift", "issue", {"department": "#office"})], [("shift", "cancel", {"reason": "来电人撤回"})],
]  # fmt: skip
AGAIN: Way = ("shift", "send_again", {"reason": "来电人称照明仍未恢复"})

DAYS_AGO, PACE = timedelta(days=4), timedelta(hours=1)


def play(stage: Stage) -> None:
    """Add the tickets, their orders and the links, an hour between two steps."""
    moment = stage.today - DAYS_AGO
    for number, ways in enumerate(ORDERS):
        walk(stage, _sent(stage, moment, number, SEND).orders[0], moment + PACE, ways, PACE)
    _sent(stage, moment, 90, BOTH)
    again = _sent(stage, moment, 91, SEND)
    walk(stage, again.orders[0], moment + PACE, [*REPLY, ACCEPT], PACE)
    walk(stage, again, moment + 7 * PACE, [AGAIN], PACE)
    _drafted(stage, moment)
    linked = _sent(stage, moment, 92, SEND).orders[0]
    for recipient, ways in (("水务公司 李工", []), ("物业公司 孙经理", [("shift", "revoke", {"reason": "发错单位"})])):
        walk(stage, _link(stage, moment, linked, recipient), moment + PACE, ways, PACE)


def _sent(stage: Stage, moment: datetime, number: int, way: Way) -> ServiceTicket:
    ticket = a_call(stage, moment, "help", "楼道照明损坏，请求维修", f"0851-57{number:04d}")
    walk(stage, ticket, moment, [way], PACE)
    return ticket


def _drafted(stage: Stage, moment: datetime) -> None:
    """An order the desk has prepared for the shift leader to send."""
    ticket = a_call(stage, moment, "repair", "三楼会议室投影故障", "0851-580001")
    order: dict[str, Any] = {
        "ticket": ticket, "department": stage.people["user_a"].department, "requirement": "请派人检修。",
        "contact_note": True, "lead": True,
    }  # fmt: skip
    with stage.at(moment + PACE), access.acting_as(stage.actors["desk"]):
        records.add(stage.session, DispatchOrder, order)


def _link(stage: Stage, moment: datetime, order: DispatchOrder, recipient: str) -> UnitLink:
    with stage.at(moment + 2 * PACE), access.acting_as(stage.actors["shift"]):
        return records.add(stage.session, UnitLink, {"order": order, "recipient": recipient})
