"""Issuing an outgoing paper 编号、印制、校对、用印、分发: from the number to the last recipient, and its recall."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import history, numbers, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import local, now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import routing
from models.number_reservations import NumberReservation, use
from models.outgoing import OutgoingDocument, person_acting
from models.outgoing_lines import PrintRun, ProofRound, SealUse
from models.outgoing_series import OutgoingSeries, key, may_number_late, yearly
from models.own_papers import answer_by, stop_copies
from models.people import Person
from models.secrecy import ORDINARY

flow = OutgoingDocument.flow


def may_number(document: OutgoingDocument, actor: Actor) -> bool:
    """Checked again where the profile asks for it; else straight after the signature (C9)."""
    looked = rules.flag(session_of(document), routing.RECHECK, document.profile())
    return document.state == "rechecked" or not looked


def reads_proof(document: OutgoingDocument, actor: Actor) -> bool:
    """Whose round of proofreading it is: drafter, checker, head of the drafting department or the registry."""
    who = next_reader(document)
    if who == "registry":
        return actor.has("registry_clerk", "office_manager")
    if who == "head":
        unit = document.department
        return unit is not None and (unit.leader_id in actor.person_ids or unit.id in actor.led_ids)
    person = document.drafter_id if who == "drafter" else document.checker_id
    return person in actor.person_ids or actor.has("office_manager")


def next_reader(document: OutgoingDocument) -> str:
    """Who reads the proof now, after the profile's rounds."""
    readers = rules.listed(session_of(document), routing.PROOFREADERS, document.profile()) or ["checker"]
    return readers[min(rounds_done(document), len(readers) - 1)]


def rounds_done(document: OutgoingDocument) -> int:
    """The rounds of proofreading read on the text as it is signed now, one left out among them."""
    return sum(1 for one in document.proofs if (one.clean or one.waived) and one.checksum == document.text_checksum)


def _rounds(document: OutgoingDocument) -> int:
    return max(len(rules.listed(session_of(document), routing.PROOFREADERS, document.profile())), 1)


@flow.step("signed", "rechecked", to="numbered", label=_l("Number"), who=may_number, tone="primary")
def number_it(
    document: OutgoingDocument,
    copies: Annotated[int, Ask(_l("Copies"))],
    scope: Annotated[str | None, Ask(_l("Scope of distribution"), help=_l("Empty: the addressees"))] = None,
    reserved: Annotated[
        NumberReservation | None, Ask(_l("Reserved number"), help=_l("Empty: the next of the series"))
    ] = None,
) -> None:
    """Draw the number; it is never given to another paper. Scope and copies are fixed with it.

    A paper that was opened again after its number keeps it.
    """
    session, series = session_of(document), _series(document)
    if reserved is not None and (reserved.series is not series or document.document_no is not None):
        raise StepRefused(_("The number %(number)s belongs to another series.", number=reserved.number))
    _fix(document, copies, scope, lambda: use(session, reserved, document) if reserved else _drawn(session, series))


@flow.step("signed", "rechecked", to="numbered", label=_l("Number into last year"), who=may_number)
def number_late(
    document: OutgoingDocument,
    copies: Annotated[int, Ask(_l("Copies"))],
    reason: Annotated[str, Ask(_l("Reason"))],
    scope: Annotated[str | None, Ask(_l("Scope of distribution"), help=_l("Empty: the addressees"))] = None,
) -> None:
    """A paper signed in the old year gets a number of it while that year's register is still open."""
    session, series, year = session_of(document), _series(document), today().year - 1
    if document.signed_at is None or local(document.signed_at).year != year:
        raise StepRefused(_("Only a paper signed last year is numbered into it."))
    if not yearly(series) or not may_number_late(session, series.profile, today()):
        raise StepRefused(_("The register of last year is closed."))
    _fix(document, copies, scope, lambda: _drawn(session, series, year))


def _series(document: OutgoingDocument) -> OutgoingSeries:
    if document.number_series is None:
        raise StepRefused(_("There is no number series for this paper yet; choose or open one."))
    return document.number_series


def _drawn(session: Session, series: OutgoingSeries, year: int | None = None) -> str:
    return numbers.draw(session, key(series), series.template, yearly=yearly(series), year=year)


def _fix(document: OutgoingDocument, copies: int, scope: str | None, number: Callable[[], str]) -> None:
    """Number, copies and scope of a paper whose text is the signed one."""
    document.keep_text()
    if copies < 1:
        raise StepRefused(_("At least one copy is needed."))
    drawn = document.document_no or number()
    document.copies, document.scope, document.document_no = copies, scope or document.addressees, drawn


@flow.step("numbered", to="proofreading", label=_l("Print"), tone="primary")
def print_it(
    document: OutgoingDocument,
    printer: Annotated[str, Ask(_l("Printed by"), kind="line")],
    premises: Annotated[str | None, Ask(_l("Premises"), kind="line")] = None,
    fit: Annotated[bool, Ask(_l("The premises are fit for secret papers"))] = False,
) -> None:
    """Print the signed text and no other."""
    document.keep_text()
    if document.secrecy not in ORDINARY and not (fit and premises):
        raise StepRefused(_("Name the premises, and tick that they are fit for secret papers."))
    session = session_of(document)
    records.store(
        session,
        PrintRun(
            document_id=document.id, printer=printer, premises=premises, copies=document.copies or 1, at=now(),
            checksum=document.text_checksum or document.frozen_text(),
        ),
    )  # fmt: skip
    session.expire(document, ["prints"])
    document.printer = printer


@flow.step(
    "proofreading", to=("proofreading", "sealing"), label=_l("The proof is clean"), who=reads_proof, tone="primary"
)
def proofread(
    document: OutgoingDocument, clean: Annotated[bool, Ask(_l("The print equals the signed text"))] = False
) -> str:
    """This round has found nothing; after the last one the paper is sealed."""
    if not clean:
        raise StepRefused(_("Tick that the print equals the signed text."))
    _proof(document, errors=0, clean=True)
    return "sealing" if rounds_done(document) >= _rounds(document) else "proofreading"


@flow.step("proofreading", to="numbered", label=_l("Errors found, print again"), who=reads_proof)
def print_again(
    document: OutgoingDocument,
    errors: Annotated[int, Ask(_l("Errors found"))],
    reason: Annotated[str, Ask(_l("Which"))],
) -> None:
    """The print is corrected and made again; the round is read anew."""
    if errors < 1:
        raise StepRefused(_("Say how many errors were found."))
    _proof(document, errors=errors, clean=False)


@flow.step("proofreading", to="sealing", label=_l("Leave out the last round"), who=reads_proof)
def waive_proof(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The last round may be left out where the profile says so; the reason stays on file."""
    if not rules.flag(session_of(document), routing.LAST_PROOF_WAIVABLE, document.profile()):
        raise StepRefused(_("The rules of this profile leave no round out."))
    if rounds_done(document) + 1 < _rounds(document):
        raise StepRefused(_("Only the last round may be left out."))
    _proof(document, errors=0, clean=False, waived=reason[:300])


def _proof(document: OutgoingDocument, errors: int, clean: bool, waived: str | None = None) -> None:
    session = session_of(document)
    records.store(
        session,
        ProofRound(
            document_id=document.id, number=rounds_done(document) + 1, person_id=history.doer().own_person_id,
            at=now(), errors=errors, clean=clean, waived=waived, checksum=document.text_checksum,
        ),
    )  # fmt: skip
    session.expire(document, ["proofs"])


@flow.step("sealing", to="ready", label=_l("Seal"), tone="primary")
def seal(
    document: OutgoingDocument,
    seal_name: Annotated[str, Ask(_l("Seal used"), kind="line", length=200)],
    impressions: Annotated[int, Ask(_l("Impressions"))],
    equal: Annotated[bool, Ask(_l("The print equals the signed text"))] = False,
    placed: Annotated[bool, Ask(_l("Clear of the text above, across year and month below"))] = False,
) -> None:
    """The seal stands on every copy, clear of the text and across year and month."""
    document.keep_text()
    if impressions < 1:
        raise StepRefused(_("At least one impression is needed."))
    if not equal or not placed:
        raise StepRefused(_("Tick that the print equals the signed text and that the seal is well placed."))
    session = session_of(document)
    keeper = person_acting(session, history.doer()) or document.checker
    if keeper is None:
        raise StepRefused(_("Your account stands for no person who could keep the seal."))
    records.store(
        session,
        SealUse(
            document_id=document.id, seal=seal_name, impressions=impressions, keeper_id=keeper.id, at=now(),
            checksum=document.text_checksum or document.frozen_text(),
        ),
    )  # fmt: skip
    session.expire(document, ["seal_uses"])
    document.sealed_by = keeper


@flow.step("ready", to="issuing", label=_l("Looked over"), tone="primary")
def look_over(
    document: OutgoingDocument,
    text: Annotated[bool, Ask(_l("Text"))] = False,
    layout: Annotated[bool, Ask(_l("Format"))] = False,
    quality: Annotated[bool, Ask(_l("Quality of the print"))] = False,
) -> None:
    """The last look before the paper goes out."""
    document.keep_text()
    if not (text and layout and quality):
        raise StepRefused(_("Tick text, format and quality of the print."))


@flow.step("issuing", to="issued", label=_l("All has gone out"), tone="primary")
def issue(document: OutgoingDocument) -> None:
    """Every recipient's copies are on their way."""
    if not document.recipients:
        raise StepRefused(_("Nobody is to get the paper yet; add its recipients."))
    waiting = [one.name or "" for one in document.recipients if one.state == "to_send"]
    if waiting:
        raise StepRefused(_("Not sent yet to: %(names)s.", names=_(", ").join(waiting[:5])))
    given = sum(one.copies for one in document.recipients if one.state != "struck_out")
    if document.copies is not None and given > document.copies:
        raise StepRefused(_("%(given)s copies were given out of %(copies)s.", given=given, copies=document.copies))
    answer_by(document)
    document.issued_at = now()


@flow.step("issued", to=None, label=_l("Deposit a copy"))
def deposit(
    document: OutgoingDocument, on: Annotated[date | None, Ask(_l("When"), help=_l("Empty: today"))] = None
) -> None:
    """The administration has its copy of what a department sent."""
    if on is not None and on > today():
        raise StepRefused(_("This has not happened yet."))
    document.deposited_on = on or today()


@flow.step(
    "numbered", "proofreading", "sealing", "ready", "issuing", "issued", to=None, label=_l("Account for the waste")
)
def account_for_waste(
    document: OutgoingDocument,
    waste_sheets: Annotated[int, Ask(_l("Waste sheets"))],
    plates: Annotated[int, Ask(_l("Plates and masters"))],
    how: Annotated[str, Ask(_l("Destroyed how"), kind="line", length=200)],
    witness: Annotated[Person, Ask(_l("Witness"))],
    second_witness: Annotated[Person, Ask(_l("Second witness"))],
) -> None:
    """Waste sheets and plates of the print are destroyed before two witnesses."""
    if waste_sheets < 0 or plates < 0:
        raise StepRefused(_("A count cannot be below zero."))
    if witness is second_witness:
        raise StepRefused(_("Two different people witness the destruction."))
    run = next((one for one in reversed(document.prints) if one.destroyed_on is None), None)
    if run is None:
        raise StepRefused(_("Every print of this paper is accounted for."))
    run.waste_sheets, run.plates, run.destroyed_on, run.destroyed_how = waste_sheets, plates, today(), how
    run.witness, run.second_witness = witness, second_witness


@flow.step("issued", to="filed", label=_l("File away"), tone="primary")
def file_it(document: OutgoingDocument) -> None:
    """All receipts are in; final copy on top, draft below, slip and countersignatures go into the file."""
    missing = [one.name or "" for one in document.recipients if one.state in ("sent", "received")]
    if missing:
        raise StepRefused(_("Receipts outstanding: %(names)s.", names=_(", ").join(missing[:5])))
    session = session_of(document)
    if (
        routing.of_department(document)
        and document.deposited_on is None
        and rules.flag(session, routing.DEPOSIT, document.profile())
    ):
        raise StepRefused(_("The administration has no copy yet."))
    if document.secrecy not in ORDINARY and any(one.destroyed_on is None for one in document.prints):
        raise StepRefused(_("Waste sheets and plates of the print are not accounted for."))


@flow.step(
    "rechecking", "signing", "signed", "rechecked", "numbered", "proofreading", "sealing", "ready",
    to="voided", label=_l("Void"), tone="danger",
)  # fmt: skip
def void(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The paper does not go out. Its number stays used and is shown struck through."""
    if document.document_no is None:
        raise StepRefused(_("The paper has no number yet; withdraw it instead."))
    numbers.void(session_of(document), document.counted_in(), document.document_no, reason)


@flow.step("issued", "filed", to="recalled", label=_l("Recall"), tone="danger")
def recall(
    document: OutgoingDocument,
    notice: Annotated[OutgoingDocument, Ask(_l("Paper that recalls it"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The paper has gone out and is called back by another one; each recipient's copies are awaited."""
    _by_another(document, notice)
    session = session_of(document)
    for one in list(document.recipients):
        if one.state in ("sent", "received", "acknowledged"):
            one.take("call_back", session)
    stop_copies(session, document, reason)
    document.ended_by = notice


@flow.step("issued", "filed", to="annulled", label=_l("Annul"), tone="danger")
def annul(
    document: OutgoingDocument,
    notice: Annotated[OutgoingDocument, Ask(_l("Paper that annuls it"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The paper is of no effect any more; another one says so."""
    _by_another(document, notice)
    document.ended_by = notice


def _by_another(document: OutgoingDocument, notice: OutgoingDocument) -> None:
    """Raise `StepRefused` unless another paper that was issued says that this one ends."""
    if notice is document:
        raise StepRefused(_("Another paper has to say so."))
    if notice.document_no is None or notice.state not in ("issued", "filed"):
        raise StepRefused(_("The paper that says so has to be issued first, with a number of its own."))
