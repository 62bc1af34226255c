"""What is in an envelope: checked against its dispatch note, its receipt slip sent back, its papers registered.

Steps of `Envelope`, after 收文发文程序 三 and 四.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import access, history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.circulation_rules import IMPORTANCE
from models.correspondents import Correspondent
from models.documents import URGENCY, IncomingDocument
from models.envelope_defects import DEFECTS, EnvelopeDefect
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope, is_addressee
from models.numbers_of_papers import tidied
from models.registers import Register
from models.secrecy import SECRECY

RECEIPT_FIRST = rules.setting("receipt_slip_first", _l("Return the receipt slip before reconciling"), default="yes")


def registers(envelope: Envelope, actor: Actor) -> bool:
    """The registry; of an envelope that was handed over unopened the addressee, too."""
    return actor.has("office_manager", "registry_clerk") or is_addressee(envelope, actor)


@Envelope.flow.step("opened", "discrepancy", to="discrepancy", label=_l("Report what is missing"))
def report_discrepancy(
    envelope: Envelope,
    what: Annotated[str | None, Ask(_l("Defect"), choices=DEFECTS)] = None,
    line: Annotated[EnvelopeLine | None, Ask(_l("Line"))] = None,
    note: Annotated[str | None, Ask(_l("Note"))] = None,
) -> None:
    """Whatever differs from the dispatch note becomes a defect of its own; one more may be named here."""
    named = (_own(envelope, line), what) if what else None
    known = {(defect.line_id, defect.what) for defect in envelope.defects}
    new: list[tuple[EnvelopeLine | None, str, str | None]] = [
        (one, kind, None)
        for one in envelope.envelope_lines
        for kind in one.differences()
        if (one.id, kind) not in known and (one, kind) != named
    ]
    if named is not None:
        new.append((*named, note))
    if not new:
        raise StepRefused(_("Nothing differs from the dispatch note that is not on file already."))
    session = session_of(envelope)
    for one, kind, words in new:
        records.store(session, EnvelopeDefect(envelope_id=envelope.id, line=one, what=kind, note=words))
    session.expire(envelope, ["defects"])


@Envelope.flow.step("opened", "discrepancy", to="reconciled", label=_l("All is there"), tone="primary")
def reconcile(envelope: Envelope) -> None:
    """Kinds and copies are those of the dispatch note, pages and formalities complete, the receipt slip is back."""
    if not envelope.envelope_lines:
        raise StepRefused(_("Please list first what is in the envelope."))
    good = {(defect.line_id, defect.what) for defect in envelope.defects if defect.state == "made_good"}
    differing = [
        f"{line.title}: {DEFECTS[kind]}"
        for line in envelope.envelope_lines
        for kind in line.differences()
        if (line.id, kind) not in good
    ]
    differing += [str(DEFECTS[d.what]) for d in envelope.defects if d.state != "made_good" and d.line_id is None]
    if differing or any(defect.state != "made_good" for defect in envelope.defects):
        listed = "; ".join(differing) or "; ".join(str(DEFECTS[d.what]) for d in envelope.defects)
        raise StepRefused(_("Still different from the dispatch note: %(list)s.", list=listed))
    if envelope.receipt == "enclosed" and rules.flag(session_of(envelope), RECEIPT_FIRST, envelope.profile()):
        raise StepRefused(_("A receipt slip is enclosed; please sign, stamp and return it first."))


def keeps_receipt(envelope: Envelope, actor: Actor) -> bool:
    """Its receipt slip has not gone back yet."""
    return envelope.receipt != "returned"


@Envelope.flow.step(
    "opened", "discrepancy", "reconciled", to=None, label=_l("Return the receipt slip"), who=keeps_receipt
)
def return_receipt(
    envelope: Envelope,
    signed_by: Annotated[str, Ask(_l("Receipt slip signed by"), kind="line", length=100)],
    stamped: Annotated[bool, Ask(_l("Receipt slip stamped"))],
    way: Annotated[str, Ask(_l("Receipt slip returned by way of"), kind="line", length=100)],
    on: Annotated[date | None, Ask(_l("Receipt slip returned"), help=_l("Empty: today"))] = None,
) -> None:
    """The slip is signed, stamped and sent back to the issuer."""
    if envelope.receipt == "returned":
        raise StepRefused(_("The receipt slip was returned already."))
    if not stamped:
        raise StepRefused(_("The receipt slip goes back signed and stamped; please stamp it first."))
    if on is not None and on > today():
        raise StepRefused(_("The day lies in the future."))
    envelope.receipt, envelope.receipt_signed_by, envelope.receipt_stamped = "returned", signed_by, stamped
    envelope.receipt_way, envelope.receipt_returned_on = way, on or today()


@Envelope.flow.step(
    "opened", "discrepancy", "reconciled", "handed_over", to=None, label=_l("Register a paper"), who=registers
)
def register_paper(
    envelope: Envelope,
    line: Annotated[EnvelopeLine | None, Ask(_l("Line"), help=_l("Empty: the next one without a paper"))] = None,
    title: Annotated[str | None, Ask(_l("Title"), kind="line", length=500, help=_l("Empty: as in the line"))] = None,
    sender: Annotated[Correspondent | None, Ask(_l("Sender"), help=_l("Empty: as on the cover"))] = None,
    sender_no: Annotated[
        str | None, Ask(_l("Sender's number"), kind="number", length=100, help=_l("Empty: as in the line"))
    ] = None,
    register: Annotated[Register | None, Ask(_l("Register book"), help=_l("Empty: as on the cover"))] = None,
    secrecy: Annotated[str | None, Ask(_l("Secrecy"), choices=SECRECY, help=_l("Empty: as on the cover"))] = None,
    urgency: Annotated[str | None, Ask(_l("Urgency"), choices=URGENCY)] = None,
    importance: Annotated[str | None, Ask(_l("Importance"), choices=IMPORTANCE)] = None,
    anyway: Annotated[bool, Ask(_l("I have read the warnings; store it all the same"))] = False,
) -> None:
    """One paper of the envelope gets its receipt number; it counts as received when the envelope was signed for."""
    line = _own(envelope, line) or next((one for one in envelope.envelope_lines if one.document_id is None), None)
    if line is not None and line.document_id is not None:
        raise StepRefused(_("This line is registered already."))
    if line is None and not title:
        raise StepRefused(_("All lines are registered. For a paper beyond the list, please enter its title."))
    sender = sender or envelope.sender
    if sender is None:
        raise StepRefused(_("The cover names no known sender; please choose one."))
    session = session_of(envelope)
    with session.no_autoflush:
        paper = IncomingDocument(
            sender=sender, sender_no=tidied(sender_no) if sender_no else line.sender_no if line else None,
            title=title or (line.title if line else ""), register=register or envelope.register,
            envelope=envelope, medium="electronic" if envelope.channel == "e_mail" else "paper",
            secrecy=secrecy or envelope.cover_secrecy, urgency=urgency or "none",
            importance=importance or "ordinary",
            received_at=envelope.received_at or now(), copies=max(line.copies_found or 1, 1) if line else 1,
        )  # fmt: skip
        paper.prepare(session)
        wrong = [sentence for _name, sentence in paper.check()]
        with access.acting_as(history.doer()):  # a warning names no paper that is hidden from whoever registers
            odd = [] if anyway else [sentence for _name, sentence in paper.warnings(session)]
    if wrong or odd:
        raise StepRefused(" ".join(wrong or odd))
    records.store(session, paper)
    if line is not None:
        line.document = paper


def _own(envelope: Envelope, line: EnvelopeLine | None) -> EnvelopeLine | None:
    if line is not None and line.envelope_id != envelope.id:
        raise StepRefused(_("This line belongs to another envelope."))
    return line
