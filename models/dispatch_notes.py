"""The three notes of a dispatch order: pre-filled from the office's template, ticked only where they are true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from app.engine import clocks
from app.engine.moments import local, now
from app.engine.refusals import StepRefused
from models.note_templates import template_for, worded

if TYPE_CHECKING:
    from models.dispatch import DispatchOrder
    from models.tickets import ServiceTicket

#: The ticks, and the text that each stands for.
NOTES = {"contact_note": "contact_words", "reply_note": "reply_words", "follow_note": "follow_words"}


def is_relayed(ticket: ServiceTicket) -> bool:
    """Whether the caller is not to be sought: the hotline passes everything on."""
    return bool(ticket.anonymous) or ticket.sealed()


def session_behind(order: DispatchOrder) -> Session:
    """The session an order, or the ticket of one that is being made, is worked on in."""
    session = object_session(order) or object_session(order.ticket)
    assert session is not None
    return session


def limit_of(order: DispatchOrder) -> datetime | None:
    """When the unit's reply would be due if the order went out now."""
    return clocks.foreseen(session_behind(order), order, "handling")


def untrue(order: DispatchOrder) -> Iterator[tuple[str, str]]:
    """The notes that are ticked and say what is not so: pairs of field and sentence."""
    ticket = order.ticket
    if order.contact_note and not is_relayed(ticket) and not (ticket.phone or ticket.contact_name):
        yield "contact_note", _("The caller left neither name nor number; nobody can be contacted.")
    if order.reply_note and limit_of(order) is None:
        yield "reply_note", _("No limit is set for this kind of ticket; state one.")
    if order.follow_note and order.department is not None and order.department.leader_id is None:
        yield "follow_note", _("Nobody heads %(unit)s; name its head first.", unit=order.department.name)


def fill_in(order: DispatchOrder) -> None:
    """Write the office's words on a draft; nobody has ticked them yet."""
    for name, words in _words(order).items():
        setattr(order, name, words)


def settle_notes(order: DispatchOrder) -> None:
    """What the notes say is now final: those ticked, with the limit that holds from this moment.

    Raises `StepRefused` where one is missing that orders of this kind carry, or one says what is not so.
    """
    ticket = order.ticket
    template = template_for(session_behind(order), ticket.kind)
    if is_relayed(ticket):
        order.contact_note = True  # the unit has to read that the caller is not to be sought
    if ticket.kind == "help" and not all(getattr(order, name) for name in NOTES):
        raise StepRefused(_("A request for help is dispatched only with all three notes ticked."))
    needed = [name for name in NOTES if template is not None and getattr(template, name.replace("note", "needed"))]
    if missing := [
        str(position) for position, name in enumerate(NOTES, 1) if name in needed and not getattr(order, name)
    ]:
        raise StepRefused(_("Orders of this kind carry note %(notes)s; tick it.", notes=", ".join(missing)))
    for _name, sentence in untrue(order):
        raise StepRefused(sentence)
    for (tick, field), words in zip(NOTES.items(), _words(order).values(), strict=True):
        setattr(order, field, words if getattr(order, tick) else None)


def _words(order: DispatchOrder) -> dict[str, str | None]:
    template = template_for(session_behind(order), order.ticket.kind)
    if template is None:
        return dict.fromkeys(NOTES.values())
    due = limit_of(order)
    hours = None if due is None else round((due - now()).total_seconds() / 3600)
    limit = "" if due is None else local(due).strftime("%Y-%m-%d %H:%M")
    first = template.relay_text if is_relayed(order.ticket) else template.contact_text
    texts = (first, template.reply_text, template.follow_text)
    return {name: worded(text, hours, limit) for name, text in zip(NOTES.values(), texts, strict=True)}
