"""Closing a case 办结 and what becomes of the paper: conditions by profile (C13), fates, and the other ways out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

import models.handling  # noqa: F401  whose steps come before these
from app.engine import history, numbers, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import local, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import notices, procedure, secrecy
from models.assignments import OPEN, follow
from models.copies import missing_copies
from models.documents import NOTICES, UNFINISHED, IncomingDocument
from models.endings import still_reading, stop_all, unsettled
from models.entries import WAITING
from models.fates import Hold
from models.people import Person
from models.secrecy import SECRECY

flow = IncomingDocument.flow


def missing(session: Session, document: IncomingDocument) -> Iterator[str]:
    """What keeps the case open, a sentence each; nothing when it may be closed."""

    def asked(condition: rules.Setting) -> bool:
        return rules.flag(session, condition, document.profile())

    if document.state == "in_circulation" and (readers := still_reading(document)):
        yield _("Still reading: %(readers)s.", readers=", ".join(readers))
    if opinions := unsettled(document, weighed=asked(procedure.CLOSE_OPINIONS_WEIGHED)):
        yield _("Not settled: %(matters)s.", matters="; ".join(opinions))
    if asked(procedure.CLOSE_PAPERS_BACK) and (copies := missing_copies(document.paper_copies)):
        yield _("Not accounted for: %(copies)s.", copies="; ".join(copies))
    if waiting := [line.leader.name for line in document.instructions if line.standing in ("waiting", "queued")]:
        yield _("Without an instruction so far: %(leaders)s.", leaders=", ".join(waiting))
    if orders := [str(order.flow.states[order.state].label) for order in document.orders if order.state == "ordered"]:
        yield _("%(count)s orders to relay or copy are not carried out yet.", count=len(orders))
    if document.state == "result_in":
        told = document.leader_told_at is not None or history.doer().has("leader")
        if asked(procedure.CLOSE_LEADER_TOLD) and not told:
            yield _("The instructing leader has not been told the result.")
        if asked(procedure.CLOSE_HANDLING_NOTE) and not any(one.notes for one in document.assignments):
            yield _("There is no handling note.")
    if asked(procedure.CLOSE_SENDER_ANSWERED) and document.answer_due and document.answered_sender_at is None:
        yield _("The sender expects an answer and has none.")


def is_kept_elsewhere(document: IncomingDocument, actor: Actor) -> bool:
    return document.register is not None and bool(document.register.kept_elsewhere)


@flow.step("result_in", "in_circulation", to="closed", label=_l("Close"), tone="primary")
def close(document: IncomingDocument, note: Annotated[str | None, Ask(_l("Note"))] = None) -> None:
    """Everything the rules ask for is done; what is missing is named."""
    if sentences := list(missing(session_of(document), document)):
        raise StepRefused(" ".join(sentences))
    session = session_of(document)
    silent = [one for one in document.assignments if not one.lead]
    follow(session, silent, "overrule", reason=_("Had not answered when the case was closed."))
    follow(session, document.assignments, "accept")
    _withdraw_requests(document)


def _withdraw_requests(document: IncomingDocument) -> None:
    """Nobody decides on more time for a paper that is done with."""
    for request in document.extensions:
        if request.state in ("asked", "recommended"):
            request.take("withdraw", session_of(document))


def _end(document: IncomingDocument, reason: str) -> None:
    """The paper leaves the house's hands: nothing is awaited from anybody any more."""
    session = session_of(document)
    follow(session, document.assignments, "call_off", reason=reason)
    for order in document.orders:
        if order.state == "ordered":
            order.take("cancel", session, reason=reason)
    for line in document.instructions:
        if line.standing in ("waiting", "queued"):
            line.standing = "passed_over"
    for task in [task for entry in document.circulation for task in entry.tasks if task.state == "open"]:
        task.take("drop", session, reason=reason)
    _withdraw_requests(document)
    stop_all(document, reason)


@flow.step("closed", to="to_file", label=_l("To the files"))
def file_it(document: IncomingDocument) -> None:
    """The paper is kept; the archive takes it over at the year's end."""


@flow.step("closed", to="to_return", label=_l("To be returned"))
def mark_for_return(document: IncomingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The issuer wants it back."""


@flow.step("closed", "to_file", "to_return", "to_destroy", to="held", label=_l("Keep for now"))
def hold(
    document: IncomingDocument,
    reason: Annotated[str, Ask(_l("Reason"))],
    review_on: Annotated[date | None, Ask(_l("To be looked at again"), help=_l("Empty: in half a year"))] = None,
) -> None:
    """Kept for the time being, until somebody looks at it again."""
    if review_on is not None and review_on <= today():
        raise StepRefused(_("The day to look at it again lies in the past."))
    session = session_of(document)
    kept = Hold(document=document, reason=reason, review_on=review_on)
    kept.leads = False
    with session.no_autoflush:
        kept.prepare(session)
    records.store(session, kept)


@flow.step("closed", to="to_destroy", label=_l("To be destroyed"), tone="danger")
def mark_for_destruction(document: IncomingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Not worth keeping; it goes on a destruction list, which others approve and witness."""


@flow.step(
    *UNFINISHED, "closed", "to_file", "held", to=None, label=_l("Lower the secrecy"),
)  # fmt: skip
def lower_secrecy(
    document: IncomingDocument,
    to: Annotated[str, Ask(_l("Secrecy"), choices=SECRECY)],
    reason: Annotated[str, Ask(_l("Decision, by whom and when"))],
) -> None:
    """The paper is declassified or graded lower, by a decision that goes on file."""
    if not secrecy.lower(document.secrecy, to):
        raise StepRefused(_("This is not lower than the present secrecy."))
    document.secrecy = to


@flow.step("registered", "screened", "instructing", to="returned_to_sender", label=_l("Return to the sender"))
def return_to_sender(
    document: IncomingDocument,
    reason: Annotated[str, Ask(_l("Reason"))],
    way: Annotated[str | None, Ask(_l("Way"), kind="line")] = None,
) -> None:
    """The paper is not ours to handle or breaks the rules."""
    _end(document, reason)


@flow.step("registered", to="passed_on", label=_l("Pass on to the other registry"), who=is_kept_elsewhere)
def pass_on(document: IncomingDocument, signed_by: Annotated[str, Ask(_l("Signed for by"), kind="line")]) -> None:
    """Papers of this stream are kept elsewhere; the other registry has signed for this one."""
    _end(document, str(flow.states["passed_on"].label))


@flow.step(*UNFINISHED, to="terminated_by_sender", label=_l("Ended by the sender"))
def end_by_sender(
    document: IncomingDocument,
    notice: Annotated[str, Ask(_l("Notice of the sender came"), choices=NOTICES)],
    reason: Annotated[str, Ask(_l("Notice of the sender"), help=_l("Its number, or who called and what was said"))],
    on: Annotated[date | None, Ask(_l("Date of the notice"), help=_l("Empty: today"))] = None,
    informed: Annotated[list[Person] | None, Ask(_l("Informed beside leaders and handlers"))] = None,
) -> None:
    """The sender needs it no more: it counts as done, nothing is awaited any more, and all concerned are told."""
    if on is not None and on > today():
        raise StepRefused(_("The day lies in the future."))
    if on is not None and on < local(document.received_at).date():
        raise StepRefused(
            _(
                "The notice cannot be older than the paper, which came in on %(day)s.",
                day=local(document.received_at).date(),
            )
        )
    session = session_of(document)
    told = [line.leader for line in document.instructions if line.standing != "passed_over"]
    if document.instruction:
        told += [person for person in notices.instructors(session, document) if person not in told]
    at_work = (one.handler or one.department.leader for one in document.assignments if one.state in OPEN)
    told = list(dict.fromkeys([*told, *filter(None, at_work), *(informed or ())]))
    notices.tell(session, told, "ended", document)
    readers = [one.reader for one in document.circulation if one.state in WAITING and one.sent_at is not None]
    told = list(dict.fromkeys([*told, *readers]))  # it is taken back from them, with a notice to each
    _end(document, reason)
    document.ended_by, document.ended_words, document.ended_on = notice, reason, on or today()
    document.ended_told = "、".join(person.name for person in told) or None


@flow.step(*UNFINISHED, to="voided", label=_l("Void"), tone="danger")
def void(
    document: IncomingDocument,
    reason: Annotated[str, Ask(_l("Reason"))],
    second: Annotated[Person, Ask(_l("Second person"), help=_l("Who agreed that the number becomes void"))],
) -> None:
    """Registered by mistake. The number stays used and is shown struck through."""
    if second.id in (history.doer().own_person_id, None):
        raise StepRefused(_("A number is voided by two people; name somebody else."))
    numbers.void(session_of(document), document.series()[0], document.receipt_no, reason)
    _end(document, reason)
