"""Which units a matter may go to 承办单位: never the one it complains of, nor one that the same person leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.engine import access
from app.engine.refusals import StepRefused
from models.people import Department

if TYPE_CHECKING:
    from models.tickets import ServiceTicket


def barred(session: Session, ticket: ServiceTicket) -> frozenset[int]:
    """The units that must not handle a ticket: the one complained of, and those above and below with the same head."""
    with access.system(), session.no_autoflush:
        unit = ticket.subject_unit.id if ticket.subject_unit is not None else None
        if unit is None:
            return frozenset()
        rows = session.execute(select(Department.id, Department.parent_id, Department.leader_id)).all()
    parents = {row.id: row.parent_id for row in rows}
    leaders = {row.id: row.leader_id for row in rows}
    head = leaders.get(unit)
    kin = {key for key in parents if unit in _above(parents, key)} | _above(parents, unit)
    return frozenset({unit, *(key for key in kin if head is not None and leaders.get(key) == head)})


def _above(parents: dict[int, int | None], unit: int) -> set[int]:
    found: set[int] = set()
    above = parents.get(unit)
    while above is not None and above not in found:
        found.add(above)
        above = parents.get(above)
    return found


def sentence(department: Department) -> str:
    """Why a unit cannot be chosen."""
    return _(
        "%(unit)s is complained of here, or has the same head as the unit that is; choose another.",
        unit=department.name,
    )


def refuse_barred(ticket: ServiceTicket, *departments: Department) -> None:
    """Raise `StepRefused` for a unit that must not have this ticket."""
    session = object_session(ticket)
    assert session is not None
    shut = barred(session, ticket)
    for department in departments:
        if department.id in shut:
            raise StepRefused(sentence(department))
