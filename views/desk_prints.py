"""The eight paper records of the desk (P1 4.2.2, P2 3.1–3.3), each a form of one ticket with the same numbers.

They say nothing of who reports wrongdoing or asked for confidence, nor anything such a caller said; telephone numbers
are masked whoever prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.engine import access, references
from app.engine.database import session_of
from app.engine.disclosure import knows, learn, mask
from app.engine.moments import local
from app.engine.paper.description import Box, Form, Line, Row, Table, chinese_date, form
from models.daily_reviews import DailyReview, ReviewLine
from models.dispatch import DispatchOrder
from models.tickets import ServiceTicket
from views.on_paper import choice, columns, day

TICKETS, ORDERS, SHEETS = ServiceTicket.kind_name, DispatchOrder.kind_name, DailyReview.kind_name

#: Stands for whoever reports wrongdoing or asked not to be named, and for what they said.
SEALED = "（身份保密）"
NOT_PRINTED = "（保密件，内容不印出）"
TICK, UNTICKED = "■", "□"  # the shipped face has no ballot box


def is_sealed(ticket: ServiceTicket | None) -> bool:
    """Whether neither the caller nor the caller's words stand on paper: a report, a confidence, or one not for us."""
    return ticket is None or ticket.sealed() or not knows(ticket)


def _caller(ticket: ServiceTicket | None) -> str:
    if ticket is None or is_sealed(ticket):
        return SEALED
    return "匿名" if ticket.anonymous else ticket.contact_name or ""


def _phone(ticket: ServiceTicket | None) -> str:
    return SEALED if ticket is None or is_sealed(ticket) else mask(ticket.phone) or ""


def _words(ticket: ServiceTicket | None, *names: str) -> str:
    if ticket is None or is_sealed(ticket):
        return NOT_PRINTED
    return "\n".join(filter(None, (getattr(ticket, name) for name in names)))


def _at(moment: datetime | None) -> str:
    return f"{day(moment)} {local(moment):%H:%M}" if moment else ""


def _lines(words: str) -> list[Line]:
    return [Line(one) for one in words.splitlines()]


def _taker(ticket: ServiceTicket) -> str:
    return f"{ticket.taker.name}　{ticket.taker.staff_no or ''}".strip("　") if ticket.taker else ""


def _tick(label: str, on: bool) -> str:
    return f"{TICK if on else UNTICKED} {label}"


def _number_row(ticket: ServiceTicket) -> Row:
    return Row(11, (Box("编　　号", ticket.ticket_no, 7), Box("登记日期", day(ticket.received_at), 5)))


def _caller_rows(ticket: ServiceTicket | None, who: str = "客　　户") -> tuple[Row, ...]:
    return (
        Row(11, (Box(who, _caller(ticket), 7), Box("联系电话", _phone(ticket), 5))),
        Row(13, (Box("地址地点", _words(ticket, "place")),)),
    )


def _matter_rows(ticket: ServiceTicket, what: str, height: float = 45) -> tuple[Row, ...]:
    return (
        Row(13, (Box("类　　别", choice(ticket, "kind"), 7), Box("来　　源", choice(ticket, "channel"), 5))),
        Row(height, (Box(what, _lines(_words(ticket, "subject", "content")), kind="text"),)),
    )


def _outcome_rows(ticket: ServiceTicket) -> tuple[Row, ...]:
    answered = [*_lines(_words(ticket, "answer")), Line(_at(ticket.answered_at), end=True)] if ticket.answer else ""
    return (
        Row(35, (Box("答复内容：", answered, kind="text"),)),
        Row(24, (Box("处理结果：", _lines(_words(ticket, "outcome")) if ticket.outcome else "", kind="text"),)),
    )


def _sheet(name: str, title: str, parts: Sequence[Row | Table], subject: str, **about: Any) -> Form:
    return Form(name, title, tuple(parts), subject=subject, stamp=False, **about)


_LEDGER = (
    ("序号", 9), ("编　号", 30), ("时　间", 22), ("来　源", 16), ("类　别", 18), ("客　户", 20), ("电　话", 32),
    ("诉求内容", 52), ("首问责任人", 20), ("承办部门", 22), ("状　态", 18), ("答复及结果", 44), ("办结时间", 22),
)  # fmt: skip


def _ledger_line(place: int, ticket: ServiceTicket) -> list[str]:
    moment = f"{local(ticket.received_at):%m-%d %H:%M}"
    closed = f"{local(ticket.closed_at):%m-%d %H:%M}" if ticket.closed_at else ""
    told = _words(ticket, "answer", "outcome") if ticket.answer or ticket.outcome else ""
    return [
        str(place), ticket.ticket_no, moment, choice(ticket, "channel"), choice(ticket, "kind"), _caller(ticket),
        _phone(ticket), _words(ticket, "subject"), ticket.taker.name if ticket.taker else "",
        ticket.department.name if ticket.department else "", ticket.state_label, told, closed,
    ]  # fmt: skip


def _ledger(tickets: Sequence[ServiceTicket], signer: str, signed: str, remark: str, **about: Any) -> Form:
    rows = [_ledger_line(place, ticket) for place, ticket in enumerate(tickets, 1)]
    parts = (
        Table(columns(_LEDGER), rows, least=1),
        Row(13, (Box("客服部经理", signer, 4), Box("审阅日期", signed, 3), Box("审阅意见", remark, 5))),
    )
    return _sheet("front_desk_ledger", "前台客服台账", parts, landscape=True, **about)


@form("front_desk_ledger", TICKETS, _l("Front-desk ledger"))
def ledger_line(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """前台客服台账 with the line of one ticket, on A4 across."""
    return _ledger([ticket], "", "", "", subject=ticket.ticket_no, caption=(choice(ticket, "scheme"),))


@form("front_desk_ledger", SHEETS, _l("Front-desk ledger"))
def ledger_of_day(review: DailyReview, asked: Mapping[str, str]) -> Form:
    """前台客服台账 of one desk and day, on A4 across; whoever may not read tickets finds no line."""
    tickets: list[ServiceTicket] = []
    if access.current().may("read", TICKETS):
        listed = select(ReviewLine.ticket_id).where(ReviewLine.review_id == review.id)
        query = select(ServiceTicket).where(ServiceTicket.id.in_(listed)).order_by(ServiceTicket.received_at)
        tickets = list(
            session_of(review).scalars(query.options(*references.options(ServiceTicket, ("taker", "department"))))
        )
        learn(session_of(review), tickets)
    return _ledger(
        tickets,
        review.signer.name if review.signer else "",
        day(review.signed_at),
        review.remark or "",
        subject=f"{choice(review, 'desk')}　{chinese_date(local(review.begins_at))}",
        caption=(choice(review, "desk"), chinese_date(local(review.begins_at)), f"共{len(tickets)}件"),
    )


@form("phone_log", TICKETS, _l("Telephone log sheet"))
def phone_log(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """电话接待记录本: one call."""
    rings = f"{ticket.rings}声" if ticket.rings is not None else ""
    return _sheet("phone_log", "电话接待记录本", (
        _number_row(ticket),
        Row(11, (Box("来电时间", _at(ticket.received_at), 7), Box("铃响次数", rings, 5))),
        Row(11, (Box("接 听 人", _taker(ticket), 7), Box("挂机时间", _at(ticket.ended_at), 5))),
        *_caller_rows(ticket, "来 电 人"),
        *_matter_rows(ticket, "来电内容："),
        Row(11, (Box("复述确认", _tick("已向客户复述并经其确认", ticket.read_back)),)),
        *_outcome_rows(ticket),
    ), ticket.ticket_no)  # fmt: skip


@form("visit_log", TICKETS, _l("Reception log sheet"))
def visit_log(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """接待记录本: one visit."""
    return _sheet("visit_log", "接待记录本", (
        _number_row(ticket),
        Row(11, (Box("来访时间", _at(ticket.received_at), 7), Box("接 待 人", _taker(ticket), 5))),
        *_caller_rows(ticket, "来 访 人"),
        *_matter_rows(ticket, "来访反映情况："),
        Row(11, (Box("复述确认", _tick("已向客户复述并经其确认", ticket.read_back)),)),
        *_outcome_rows(ticket),
    ), ticket.ticket_no)  # fmt: skip


@form("owner_complaint", TICKETS, _l("Owner's complaint sheet"))
def owner_complaint(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """业主投诉记录表."""
    unit = ticket.subject_unit.name if ticket.subject_unit else ""
    return _sheet("owner_complaint", "业主投诉记录表", (
        _number_row(ticket),
        *_caller_rows(ticket, "业　　主"),
        Row(11, (Box("被投诉方", unit, 7), Box("记 录 人", _taker(ticket), 5))),
        *_matter_rows(ticket, "投诉内容："),
        *_outcome_rows(ticket),
        Row(13, (Box("回访满意度", choice(ticket, "grade"), 6, label_width=28), Box("业主签名", "", 6))),
        Row(13, (Box("客服部经理", "", 6, label_width=28), Box("日　　期", "", 6))),
    ), ticket.ticket_no)  # fmt: skip


@form("customer_matter", TICKETS, _l("Complaint, suggestion or opinion sheet"))
def customer_matter(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """客户投诉/建议/意见处理表, with the kind ticked."""
    kinds = (
        ("投诉", ticket.kind == "complaint"),
        ("建议", ticket.sub_kind == "suggestion"),
        ("意见", ticket.sub_kind == "opinion"),
    )
    unit = ticket.department.name if ticket.department else ""
    return _sheet("customer_matter", "客户投诉/建议/意见处理表", (
        _number_row(ticket),
        Row(11, (Box("事项性质", "　".join(_tick(label, on) for label, on in kinds)),)),
        *_caller_rows(ticket),
        *_matter_rows(ticket, "客户诉求："),
        Row(11, (Box("首问责任人", _taker(ticket), 7, label_width=28), Box("承办部门", unit, 5))),
        *_outcome_rows(ticket),
        Row(13, (Box("客户确认", "", 6), Box("部门负责人", "", 6, label_width=28))),
    ), ticket.ticket_no, title_size=18)  # fmt: skip


_ORDERS = (("单　号", 34), ("承办部门", 26), ("办理要求", 54), ("完成时限", 26), ("反馈结果", 46))


def _order_line(order: DispatchOrder) -> list[str]:
    unit = f"{order.department.name}{'' if order.lead else '（协办）'}"
    limit = order.limit_at or order.due_at
    return [order.order_no, unit, order.requirement, _at(limit), order.result or ""]


def _notes(ticket: ServiceTicket | None, orders: Sequence[DispatchOrder]) -> list[Line]:
    """The three notes of the shift leader (H1); nobody looks for a caller who is not to be looked for."""
    hidden = ticket is None or is_sealed(ticket) or ticket.anonymous
    notes = (
        ("contact_note", "由热线转达，请勿寻找来电人" if hidden else "请及时与来电人联系"),
        ("reply_note", "请在时限内反馈处理意见"),
        ("follow_note", "请信息点负责人跟进处理结果"),
    )
    return [Line(_tick(label, any(getattr(order, name) for order in orders))) for name, label in notes]


#: What a paper of the same order has room for beside what all three have.
_ROOM: dict[str, tuple[Row, ...]] = {
    "rectification": (Row(30, (Box("整改措施及所需材料：", "", kind="text"),)),),
    "work_order": (Row(13, (Box("到场时间", "", 4), Box("完工时间", "", 4), Box("工　　时", "", 4))),),
}


def _dispatched(name: str, title: str, ticket: ServiceTicket | None, orders: Sequence[DispatchOrder]) -> Form:
    """P2's 派工单 and P1's 工作任务单 and 工程整改申报表: the same orders on three papers (tickets-orders.md 3.2)."""
    number = ticket.ticket_no if ticket is not None else ""
    issued = max((order.issued_at for order in orders if order.issued_at), default=None)
    signed = "；".join(_at(order.signed_at) for order in orders if order.signed_at)
    notes = (Row(34, (Box("值班长意见：", _notes(ticket, orders), kind="text"),)),) if name == "dispatch_order" else ()
    parts = (
        Row(11, (Box("来件编号", number, 7), Box("派出时间", _at(issued), 5))),
        *_caller_rows(ticket, "报事客户"),
        *(_matter_rows(ticket, "报事内容：", 30) if ticket is not None else ()),
        *notes,
        Table(columns(_ORDERS), [_order_line(order) for order in orders], least=1, height=16),
        *_ROOM.get(name, ()),
        Row(13, (Box("签　　收", signed, 6), Box("承 办 人", "", 6))),
        Row(13, (Box("客户验收", "", 6), Box("部门负责人", "", 6, label_width=28))),
    )
    return _sheet(name, title, parts, number or "、".join(order.order_no for order in orders))


def _orders_of(ticket: ServiceTicket) -> list[DispatchOrder]:
    """The orders that stand on paper, as far as whoever prints may know them: all but those called off."""
    if not access.current().may("read", ORDERS):
        return []
    return [order for order in ticket.orders if order.state != "cancelled"]


@form("dispatch_order", TICKETS, _l("Dispatch order sheet"))
def dispatch_of_ticket(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """派工单 with all orders of a ticket."""
    return _dispatched("dispatch_order", "派工单", ticket, _orders_of(ticket))


@form("dispatch_order", ORDERS, _l("Dispatch order sheet"))
def dispatch_of_order(order: DispatchOrder, asked: Mapping[str, str]) -> Form:
    """派工单 of one unit, which sees that order alone."""
    return _dispatched("dispatch_order", "派工单", order.ticket, [order])


@form("rectification", TICKETS, _l("Engineering rectification sheet"))
def rectification_of_ticket(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """工程整改申报表 with all orders of a ticket."""
    return _dispatched("rectification", "工程整改申报表", ticket, _orders_of(ticket))


@form("rectification", ORDERS, _l("Engineering rectification sheet"))
def rectification_of_order(order: DispatchOrder, asked: Mapping[str, str]) -> Form:
    """工程整改申报表 of one unit."""
    return _dispatched("rectification", "工程整改申报表", order.ticket, [order])


@form("work_order", TICKETS, _l("Work order sheet"))
def work_of_ticket(ticket: ServiceTicket, asked: Mapping[str, str]) -> Form:
    """工作任务单 with all orders of a ticket."""
    return _dispatched("work_order", "工作任务单", ticket, _orders_of(ticket))


@form("work_order", ORDERS, _l("Work order sheet"))
def work_of_order(order: DispatchOrder, asked: Mapping[str, str]) -> Form:
    """工作任务单 of one unit."""
    return _dispatched("work_order", "工作任务单", order.ticket, [order])
