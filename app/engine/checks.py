"""Checks: what is wrong with a record before it is stored, and what somebody is asked about first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from app.engine import changes, forgetting, numbers
from app.engine.fields import fields_of
from app.engine.formkeys import content_of
from app.engine.refusals import Unconfirmed

if TYPE_CHECKING:
    from app.engine.record import Record


def sentences(record: Record, errors: dict[str, list[str]]) -> None:
    """Add what is wrong with a record as it stands to `errors`, by field."""
    for field in fields_of(type(record)).values():
        if field.target is type(record) and getattr(record, field.name) is record:
            errors.setdefault(field.name, []).append(_("A record cannot refer to itself."))
    for name, sentence in (*_bound_by_number(record), *record.check(), *forgetting.unkept(record)):
        errors.setdefault(name, []).append(sentence)


def _bound_by_number(record: Record) -> Iterator[tuple[str, str]]:
    """What the series of a drawn number follows from, where it is about to change; a ledger's number binds nothing."""
    numbered, session = type(record).numbered, object_session(record)
    bound = changes.altered(record, *numbered.by) if numbered and session is not None else []
    number = getattr(record, numbered.field) if numbered and bound else None
    if number is not None and session is not None and numbers.is_drawn(session, number):
        sentence = _("%(number)s was drawn for this and keeps it; void what was entered wrongly, and enter it anew.",
                     number=number)  # fmt: skip
        yield from ((name, sentence) for name in bound)


def doubt(session: Session, record: Record, confirmed: bool | str) -> Unconfirmed | None:
    """The warnings about a record that nobody has confirmed yet, in just these words."""
    if confirmed is True:
        return None
    errors: dict[str, list[str]] = {}
    with session.no_autoflush:
        for name, sentence in record.warnings(session):
            errors.setdefault(name, []).append(sentence)
    token = content_of(errors)
    return Unconfirmed(errors, token) if errors and confirmed != token else None
