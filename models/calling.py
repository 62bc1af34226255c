"""Calls owed in words, by rule and by right: which kinds there are, how often is tried, and who makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import object_session

from app.engine import rules
from app.engine.access import Actor
from models.ticket_words import KINDS

if TYPE_CHECKING:
    from models.calls import CallOwed

CALLS = {
    "callback": _l("Callback"),
    "promise": _l("Promised call"),
    "message": _l("Message for a colleague"),
    "news": _l("Promised news"),
}
#: The five grades of 好差评. Not to have been asked is no grade.
GRADES = {
    "very_satisfied": _l("Very satisfied"),
    "satisfied": _l("Satisfied"),
    "basically": _l("Basically satisfied"),
    "dissatisfied": _l("Dissatisfied"),
    "very_dissatisfied": _l("Very dissatisfied"),
}
DISSATISFIED = ("dissatisfied", "very_dissatisfied")
CAUSES = {
    "handling": _l("How it was handled"),
    "policy": _l("The rules do not allow it"),
    "out_of_scope": _l("Outside what the house does"),
}
#: How a try ended without the matter being settled.
MISSED = {"no_answer": _l("No answer"), "wrong_number": _l("Wrong number"), "refused": _l("Does not wish to talk")}
OUTCOMES = {"reached": _l("Reached"), **MISSED}

OPEN = ("owed", "passed_on")
#: Roles on the hotline side: a unit never rates its own work.
CALLERS = ("call_taker", "shift_leader", "service_manager", "office_manager")


CALLED_BACK = rules.setting(
    "callback_kinds",
    _l("Kinds whose callers are called back"),
    "list",
    "complaint, help, repair, paid_service",
    KINDS,
)
BY_ANOTHER = rules.setting(
    "callback_by_another", _l("A callback is made by somebody other than the first responsible"), default="yes"
)
TRIES = rules.setting("call_tries", _l("Tries before a call is given up"), "number", "3")
DAYS_OF_TRIES = rules.setting("call_days", _l("Days over which the tries are spread"), "number", "2")
AT_ONCE = rules.setting("call_minutes", _l("Minutes to a call promised without a time"), "number", "30")


def may_call(call: CallOwed, actor: Actor) -> bool:
    """The hotline; a callback is not made by who answers for the ticket, a message is also its addressee's."""
    if call.kind == "message" and call.called_for_id in actor.person_ids:
        return True
    if not actor.has(*CALLERS):
        return False
    if call.kind != "callback" or call.ticket is None or call.ticket.taker_id not in actor.person_ids:
        return True
    session = object_session(call)
    return session is not None and not rules.flag(session, BY_ANOTHER, call.profile())


def may_rate(call: CallOwed, actor: Actor) -> bool:
    """Whoever makes a callback."""
    return call.kind == "callback" and may_call(call, actor)


def may_keep(call: CallOwed, actor: Actor) -> bool:
    """Whoever makes a call that is no callback."""
    return call.kind != "callback" and may_call(call, actor)


def may_hand_to(call: CallOwed, actor: Actor) -> bool:
    """The hotline gives a message to the colleague it is for."""
    return call.kind == "message" and actor.has(*CALLERS)
