"""How dispatch orders go 派工过程: issued to whom, given back by whom, sent back for more, and how soon replied to."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, or_, select

from app.engine.figures import Figure, Group, Share, Tally, Took, figures, monthly
from app.engine.history import HistoryEntry
from models.dispatch import DispatchOrder
from models.people import Department
from reports.passages import began_in, of_record, went_into

UNCOUNTED = DispatchOrder.flow.uncounted_states
_ISSUE, _MOVE = (HistoryEntry.__table__.alias(name) for name in ("issue", "move"))


def _issued(entry: Any) -> ColumnElement[bool]:
    """Whether an entry of the history sent the order out, once more too, or brought it along from an older register."""
    brought = and_(entry.position == 1, DispatchOrder.issued_at.is_not(None), ~began_in(entry, "draft"))
    return or_(went_into(DispatchOrder, entry, "issued"), brought)


def _before_next_issue(step: ColumnElement[bool], entry: Any) -> ColumnElement[bool]:
    """Whether a step was taken on the order after it was sent out and before it was sent out once more."""
    issue, between = _ISSUE.c, HistoryEntry.__table__.alias("between").c
    newer = select(between.id).where(
        of_record(DispatchOrder, between), between.position > issue.position, between.position < entry.position,
        went_into(DispatchOrder, between, "issued"),
    )  # fmt: skip
    found = select(entry.id).where(
        of_record(DispatchOrder, entry), entry.position > issue.position, step,
        ~exists(newer.correlate_except(between.id.table)),
    )  # fmt: skip
    return exists(found.correlate_except(entry.id.table))


def _with_unit(query: Any) -> Any:
    """One row for each time an order went out, with the unit it went to then.

    The order itself names the unit it went to last; what it was before is told by the entry that changed it first.
    """
    order, issue, move, later = DispatchOrder, _ISSUE.c, _MOVE.c, HistoryEntry.__table__.alias("later").c
    first = select(func.min(later.position)).where(
        of_record(order, later), later.position > issue.position, later.changes.contains('"department_id":[')
    )
    moved = and_(of_record(order, move), move.position == first.correlate_except(later.id.table).scalar_subquery())
    told = move.changes.contains('"department_id":[' + cast(Department.id, String) + ",")
    unit = or_(and_(move.id.is_(None), Department.id == order.department_id), told)
    query = query.join(_ISSUE, and_(of_record(order, issue), _issued(issue)))
    return query.join(_MOVE, moved, isouter=True).join(Department, unit, isouter=True)


@figures(
    "dispatches",
    _l("Dispatch orders in figures"),
    basis=_l(
        "Dispatch orders issued in the period, each time one went out, by the unit it went to then; cancelled ones "
        "apart, by what became of them until now. Given back and sent back for more: before it went out once more. "
        "Issued to replied: the last reply, of the last issue."
    ),
    chart="issued",
)
def dispatches() -> Tally:
    """One row a unit or month: orders issued, given back, sent back for more, hours to the reply."""
    order, issue = DispatchOrder, _ISSUE.c
    # A line of an older register went out on its own day, not on that of its entry here.
    at = case((and_(order.taken_over, issue.position == 1), order.issued_at), else_=issue.at)
    replied = case((issue.at >= order.issued_at, order.fed_back_at))
    back, more = (HistoryEntry.__table__.alias(name).c for name in ("back", "more"))
    return Tally(
        order,
        at,
        {"unit": Group(_l("Unit"), Department.name), "month": monthly(at)},
        [
            Figure("issued", _l("Orders issued")),
            Figure(
                "returned", _l("Returned"), _before_next_issue(went_into(order, back, "returned"), back),
            ),
            Share("returned_share", _l("Share returned"), "returned", "issued"),
            Figure(
                "reworked", _l("Sent back for more"),
                _before_next_issue(went_into(order, more, "signed", out_of=("fed_back",)), more),
            ),
            Share("reworked_share", _l("Share sent back"), "reworked", "issued"),
            Took("to_reply", _l("Issued to replied"), at, replied, working=True),
        ],
        where=(order.state.not_in(UNCOUNTED), at.is_not(None)),
        joins=_with_unit,
        compared="issued",
    )  # fmt: skip
