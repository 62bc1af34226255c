"""The escalation ladder a fresh installation starts with (documents.md 5.3), each rung with the text it comes from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.ladder import EscalationRung

_OFFICE = "办文办会工作流程: 提前一至三天报告办公室主任"
_OFFICER = "公文处理办法: 紧急公文或者重要公文应当由专人负责催办"

# fmt: off
#: name, basis, amount, unit, least days, below days, who, daily, stops when answered, source; no source: our own default
RUNGS: list[tuple[str, str, int, str, int | None, int | None, str, bool, bool, str | None]] = [
    ("长期限过半", "half_time", 0, "working_days", 7, None, "responsible", False, True, None),
    ("短期限过半", "half_time", 0, "working_days", None, 3, "responsible, clerk, officer", False, True, None),
    ("到期前2个工作日", "limit", -2, "working_days", 3, None, "responsible, clerk, office_head, officer", False, True, _OFFICE),
    ("到期前1个工作日", "limit", -1, "working_days", 3, None, "responsible, clerk, office_head, officer", False, True, _OFFICE),
    ("到期当日早晨", "morning", 0, "working_days", None, None, "responsible, officer", False, True, None),
    ("逾期", "limit", 0, "working_days", None, None, "responsible, unit_head, officer", False, False, _OFFICER),
    ("逾期1个工作日", "limit", 1, "working_days", None, None, "office_head, officer", True, True, None),
    ("逾期3个工作日", "limit", 3, "working_days", None, None, "leader", False, False, None),
]

#: the desk's own, for tickets and dispatch orders alike (tickets-orders.md 4.2): name, basis, amount, unit, who
DESK: list[tuple[str, str, int, str, str]] = [
    ("用时过半", "share", 50, "elapsed_hours", "responsible"),
    ("用时八成（经办）", "share", 80, "elapsed_hours", "responsible"),
    ("用时八成（值班长）", "share", 80, "elapsed_hours", "shift_leader"),
    ("到期", "limit", 0, "working_days", "service_manager"),
    ("逾期1日", "limit", 1, "working_days", "leader"),
    ("逾期5日，列入通报", "limit", 5, "working_days", "listed"),
]
# fmt: on


def sow(session: Session) -> None:
    """Put the ladder in where there is none."""
    if session.scalar(select(EscalationRung.id).limit(1)) is not None:
        return
    for name, basis, amount, unit, least, below, who, daily, until, source in RUNGS:
        session.add(
            EscalationRung(
                name=name, basis=basis, amount=amount, unit=unit, least_days=least, below_days=below, who=who,
                daily=daily, until_answered=until, source=source, ours=source is None,
            )
        )  # fmt: skip
    for kind in ("service_tickets", "dispatch_orders"):
        session.add_all(
            EscalationRung(
                name=name, record_kind=kind, basis=basis, amount=amount, unit=unit, who=who, daily=False,
                until_answered=False, ours=True,
            )
            for name, basis, amount, unit, who in DESK
        )  # fmt: skip
    session.flush()
