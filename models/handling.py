"""Handling 承办: the unit's result, sending back, suspension, the report to the leader and the answer to the sender."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks, rules
from app.engine.access import Actor
from app.engine.answers import ahead, happened
from app.engine.database import session_of
from app.engine.forgetting import see_paper
from app.engine.moments import local, now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import procedure
from models.assignments import OPEN, Assignment, follow, set_limit
from models.deciding import decides
from models.documents import FINISHED, UNFINISHED, IncomingDocument
from models.extensions import CAUSES

flow = IncomingDocument.flow

WAYS = {
    "spoken": _l("In person"),
    "phone": _l("By telephone"),
    "written": _l("In writing"),
    "meeting": _l("In a meeting"),
}


def leading(document: IncomingDocument) -> list[Assignment]:
    """The desk of the unit that leads, while the paper lies there."""
    return [one for one in document.assignments if one.lead and one.state in ("sent", "received")]


def may_answer(document: IncomingDocument, actor: Actor) -> bool:
    """Who handles the paper, and the registry; not everybody who may read it."""
    return document.handled_by(actor) or actor.has("office_manager", "registry_clerk")


@flow.step(
    "in_handling", to="result_in", label=_l("Report the result"), who=IncomingDocument.handled_by, tone="primary"
)
def report_result(document: IncomingDocument, result: Annotated[str, Ask(_l("Result"))]) -> None:
    """What was done, when, and with what outcome; the co-handling units have answered or were given up on."""
    silent = [one for one in document.assignments if not one.lead and one.state in OPEN and not one.is_late(now())]
    if silent:
        units = ", ".join(one.department.name for one in silent)
        raise StepRefused(_("Still to answer: %(units)s. Wait for them, or go on without them.", units=units))
    lead = [one for one in document.assignments if one.lead]
    follow(session_of(document), lead, "receive")  # whoever reports on a paper has it: its receipt goes on file as such
    follow(session_of(document), lead, "finish")
    document.result = result


@flow.step("result_in", to="in_handling", label=_l("Send back for more"))
def send_back(
    document: IncomingDocument,
    reason: Annotated[str, Ask(_l("Reason"))],
    limit: Annotated[datetime | None, Ask(_l("New limit"))] = None,
) -> None:
    """The result does not do yet; the department goes on, within the limit that holds or a new one."""
    _goes_on(document, limit)
    clocks.resume(session_of(document), document, "handling")
    if limit is not None:
        set_limit(session_of(document), limit, document, leading(document))
    # Last: looking for the clock would write it down too early, and a step is one entry in the history.
    document.leader_told_at = None


@flow.step("closed", "to_file", "held", to="in_handling", label=_l("Reopen"), who=decides)
def reopen(
    document: IncomingDocument,
    reason: Annotated[str, Ask(_l("Reason"))],
    limit: Annotated[datetime | None, Ask(_l("New limit"))] = None,
) -> None:
    """The execution was found wanting; the department goes on."""
    if document.department is None:
        raise StepRefused(_("No department handles this paper; there is nobody to go on."))
    due = _goes_on(document, limit)
    document.limit_at, document.leader_told_at = due, None


def _goes_on(document: IncomingDocument, limit: datetime | None) -> datetime | None:
    """Back to the desk of the unit that leads, for the limit named or the one that holds; that limit."""
    ahead(limit)
    session = session_of(document)
    clock = clocks.last(session, document, "handling")
    due = limit or (clock.due_at if clock is not None else document.limit_at)
    if due is not None and due <= now():
        raise StepRefused(_("The old limit has passed; please say until when."))
    lead = [one for one in document.assignments if one.lead and one.state in ("done", "accepted")]
    for one in lead:
        one.limit_at = due if one.state == "accepted" else one.limit_at
    follow(session, lead, "go_on")
    return due


@flow.step("in_handling", to=None, label=_l("State another limit"), who=decides)
def state_limit(
    document: IncomingDocument,
    limit: Annotated[datetime, Ask(_l("To be done by"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The leader wants it by another day; the limit it had is kept beside the new one."""
    ahead(limit)
    set_limit(session_of(document), limit, document, leading(document))


@flow.step("in_handling", to="suspended", label=_l("Suspend"))
def suspend(
    document: IncomingDocument,
    cause: Annotated[str, Ask(_l("Cause"), choices=CAUSES)],
    wake_on: Annotated[date, Ask(_l("Until"), help=_l("Handling goes on by itself on this day"))],
    reason: Annotated[str | None, Ask(_l("Reason"))] = None,
) -> None:
    """Handling waits for somebody outside; its limit stands still, and wakes by itself."""
    most = int(rules.number(session_of(document), procedure.MOST_SUSPENDED, document.profile()))
    left = most - _stood_still(document)
    if left <= 0:
        raise StepRefused(
            _("The paper has been suspended for %(most)s days already, the most there may be.", most=most)
        )
    if not today() < wake_on <= today() + timedelta(days=left):
        raise StepRefused(
            _("Name a day after today, within %(left)s days: a paper is suspended for %(most)s days in all at most.",
              left=left, most=most)
        )  # fmt: skip
    follow(session_of(document), document.assignments, "suspend")
    document.suspended_for, document.wake_on = cause, wake_on


def _stood_still(document: IncomingDocument) -> int:
    """For how many calendar days its handling has been suspended so far, all pauses together."""
    handling = (one for one in clocks.clocks_of(session_of(document), document) if one.stage == "handling")
    pauses = (
        (pause.begins_at, pause.ends_at or now()) for one in handling for pause in one.segments if not pause.running
    )
    return sum((local(until).date() - local(since).date()).days for since, until in pauses)


@flow.step("suspended", to="in_handling", label=_l("Go on"), tone="primary")
def go_on(document: IncomingDocument) -> None:
    """Handling goes on with the time that was left."""
    follow(session_of(document), document.assignments, "resume")
    document.suspended_for = document.wake_on = None


@flow.step("result_in", to=None, label=_l("Report to the leader"), tone="primary")
def tell_leader(
    document: IncomingDocument,
    way: Annotated[str, Ask(_l("Way"), choices=WAYS)],
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """The instructing leader has been told what came of it."""
    document.leader_told_at = happened(at, document.received_at)


@flow.step(
    "in_handling", "in_circulation", "suspended", "result_in", "closed",
    to=None, label=_l("Answer the sender"), who=may_answer,
)  # fmt: skip
def answer_sender(
    document: IncomingDocument,
    words: Annotated[str, Ask(_l("Answer to the sender"))],
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """What the sender was told, and how; a written reply is linked from the outgoing register."""
    document.sender_answer, document.answered_sender_at = words, happened(at, document.received_at)


@flow.step(*UNFINISHED, *FINISHED, to=None, label=_l("Answered in writing"), who=never_by_hand)
def answer_in_writing(document: IncomingDocument, words: Annotated[str, Ask(_l("Number of the reply"))]) -> None:
    """A paper of the house that replies to this one was issued."""
    # Of some papers no text is kept, not even this; the reply names the paper it answers.
    document.sender_answer = words if document.keeps_content() else see_paper()
    document.answered_sender_at = now()
