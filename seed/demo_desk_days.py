"""Days of the desk in the demo office: rosters, hand-overs, signed ledgers, corrections, improvements, paid services."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.engine import access, moments
from app.engine import record as records
from models import daily_reviews
from models.clearances import StaffClearance
from models.corrections import Correction
from models.daily_reviews import DailyReview
from models.improvements import Improvement
from models.orders import Order
from models.products import Product
from models.rosters import DutyShift, ShiftHandOver
from seed.demo_records import Stage, a_call
from seed.demo_states import Ways, walk

#: So many days back the ledger has been reviewed; the last two are not signed yet.
DAYS, UNSIGNED = 12, 2
#: finding, how it is put right, the way of the correction
FAULTS: list[tuple[str, str, Ways]] = [
    ("来电地址未记全", "补记地址并回访来电人", []),
    ("答复未注明依据", "补注依据，班前会讲评", [("desk", "finish", {"done_words": "已补注依据并在班前会说明。"})]),
    ("接听超过三声", "调整值班席位", [
        ("desk", "finish", {"done_words": "午间增设一席。"}), ("cs_manager", "verify", {}),
    ]),
]  # fmt: skip
CARRIED = ("user_a", "carry_out", {"carried_words": "已完成改造并公示。"})
#: title, reason, the way of the action
BETTER: list[tuple[str, str, Ways]] = [
    ("前台增设午间值班席", "午间来电接听慢", []),
    ("楼道照明改为声控", "照明类报修集中", [("user_a", "begin_action", {})]),
    ("建立停水通知群", "停水咨询重复来电多", [CARRIED]),
    ("门禁故障联系牌上墙", "门禁报修找不到人", [CARRIED, ("leader", "judge_effective", {"judgement": "同类来电下降一半。"})]),
    ("发放办事指南折页", "咨询来电多", [CARRIED, ("leader", "judge_ineffective", {"judgement": "来电未见减少，另定措施。"})]),
]  # fmt: skip
#: payment type, the way of the order
SERVICES: list[tuple[str, Ways]] = [
    ("cash_on_delivery", []),
    ("on_account", [
        ("desk", "accept_work", {"words": "疏通良好，同意验收。"}), ("order_admin", "complete_service", {}),
    ]),
    ("cash_on_delivery", [("desk", "accept_work", {"words": "满意。"})]),
]  # fmt: skip


def play(stage: Stage) -> None:
    """Let the desk keep its days."""
    _services(stage)
    _clearances(stage)
    for days in range(DAYS, 0, -1):
        _day(stage, days)
    _corrections(stage)
    _improvements(stage)


def _on(stage: Stage, days: int, clock: time) -> datetime:
    """A moment so many days ago, none of them later than the demo's own."""
    return min(moments.at_office(moments.local(stage.today).date() - timedelta(days=days), clock), stage.today)


def _add(stage: Stage, who: str, moment: datetime, record: Any) -> Any:
    with stage.at(moment), access.acting_as(stage.actors[who]), stage.session.no_autoflush:
        record.prepare(stage.session)
        records.store(stage.session, record)
    return record


def _clearances(stage: Stage) -> None:
    """A trainee cleared from next month on, and somebody whose clearance was withdrawn."""
    people, day = stage.people, moments.local(stage.today).date()
    for account, begins in (("user_a", day + timedelta(days=30)), ("user_b", day - timedelta(days=200))):
        clearance = StaffClearance(person=people[account], trainer=people["shift"], cleared_from=begins)
        _add(stage, "cs_manager", stage.today - timedelta(days=4), clearance)
        if account == "user_b":
            walk(
                stage, clearance, stage.today - timedelta(days=3), [("cs_manager", "withdraw", {"reason": "调离前台"})]
            )


def _day(stage: Stage, days: int) -> None:
    """One shift with its note for the next one, and the day's ledger, signed the next morning."""
    session, people = stage.session, stage.people
    begins, ends = _on(stage, days, time(8)), _on(stage, days, time(20))
    for account, duty in (("desk", "agent"), ("shift", "shift_leader")):
        shift = DutyShift(person=people[account], duty=duty, desk="hotline", begins_at=begins, ends_at=ends)
        _add(stage, "shift", begins, shift)
    note = _add(stage, "shift", ends, ShiftHandOver(desk="hotline", words="待办事项见清单，超时件请先催。"))
    if days > 1:
        walk(stage, note, ends, [("cs_manager", "take_shift", {"remark": "已核对清单。"})])
    with stage.at(_on(stage, days - 1, time(0, 30))), access.system():
        daily_reviews.open_sheet(session, "hotline", moments.local(begins).date())
    if days > UNSIGNED:
        _sign(stage, days, moments.local(begins).date())


def _sign(stage: Stage, days: int, day: Any) -> None:
    session = stage.session
    review = session.scalars(select(DailyReview).where(DailyReview.desk == "hotline", DailyReview.day == day)).one()
    with stage.at(_on(stage, days - 1, time(9, 20))), access.acting_as(stage.actors["cs_manager"]):
        review.flow.take(session, review, "look_again", {})
        odd = [line for line in review.review_lines if line.oddities]
        due_on = day + timedelta(days=5)
        for finding, remedy, _way in FAULTS[days % len(FAULTS) :][: len(odd[:1])]:
            fault = {"finding": finding, "remedy": remedy, "owner": stage.people["desk"], "due_on": due_on}
            odd[0].flow.take(session, odd[0], "find_fault", fault)
        review.flow.take(session, review, "sign", {"remark": "台账记录完整。"})


def _corrections(stage: Stage) -> None:
    """What became of what was found."""
    found = list(stage.session.scalars(select(Correction).order_by(Correction.id)))
    for correction, (_finding, _remedy, ways) in zip(found, FAULTS * len(found), strict=False):
        walk(stage, correction, stage.today - timedelta(days=1), ways)


def _improvements(stage: Stage) -> None:
    correction = stage.session.scalars(select(Correction).order_by(Correction.id).limit(1)).first()
    moment = stage.today - timedelta(days=6)
    for title, reason, ways in BETTER:
        due_on = moments.local(stage.today).date() + timedelta(days=20)
        action = Improvement(
            title=title, reason=reason, owner=stage.people["user_a"], due_on=due_on, correction=correction
        )
        walk(stage, _add(stage, "leader", moment, action), moment, ways)


def _services(stage: Stage) -> None:
    """Callers who agreed to work at a price: under way, finished, and waiting for the money."""
    session, moment = stage.session, stage.today - timedelta(days=3)
    with access.system():
        service = Product(name="管道疏通", unit="次", price=Decimal(80), tax_rate=Decimal(0), service=True)
        records.store(session, service)
    for position, (payment_type, ways) in enumerate(SERVICES):
        ticket = a_call(stage, moment, "paid_service", "厨房下水堵塞，请求疏通", f"0851-6{position:06d}")
        agreed = {"product": service, "quantity": "1", "payment_type": payment_type}
        walk(stage, ticket, moment, [("desk", "order_service", agreed)])
        order = session.scalars(select(Order).where(Order.ticket_id == ticket.id)).one()
        walk(stage, order, moment + timedelta(hours=6), ways)
        if ways and payment_type == "cash_on_delivery":
            with stage.at(moment + timedelta(days=1)), access.acting_as(stage.actors["finance"]):
                order.flow.take(session, order, "record_payment", {"amount": "80", "account": "现金"})
