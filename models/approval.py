"""Approving an outgoing paper 会签、核稿、签发、复核: from the departments' word to the signature and after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import routing
from models.drafting import is_drafter, keep_version
from models.outgoing import OutgoingDocument, person_acting, stage_after
from models.outgoing_lines import JointIssuer
from models.people import Person

flow = OutgoingDocument.flow

#: What a text check looks at (S4, S7).
POINTS = (
    _l("It is needed"), _l("Way of issuing"), _l("Type"), _l("Format"), _l("Wording"), _l("Numbers and dates"),
    _l("Attachments"),
)  # fmt: skip


def is_signer(document: OutgoingDocument, actor: Actor) -> bool:
    """The one whose signature is asked for; nobody signs in another's name."""
    return document.signer_id is not None and document.signer_id == actor.own_person_id


def checks_text(document: OutgoingDocument, actor: Actor) -> bool:
    """The office; where the rules say so, the head of the department that has to carry the paper out."""
    by, unit = rules.value(session_of(document), routing.TEXT_CHECKER, document.profile()), document.executing
    if by == "executing" and unit is not None and unit.leader_id is not None:
        return unit.leader_id in actor.person_ids or unit.id in actor.led_ids
    return actor.has("office_manager")


def is_checked_again(document: OutgoingDocument, actor: Actor) -> bool:
    """Where the profile has the office look once more after the signature."""
    return rules.flag(session_of(document), routing.RECHECK, document.profile())


@flow.step(
    "countersigning",
    to=("finance_review", "text_check", "signing"),
    label=_l("Countersigning done"),
    who=is_drafter,
    tone="primary",
)
def end_countersigning(document: OutgoingDocument) -> str:
    """All departments have said their word, and no objection is left open."""
    open_lines = [one for one in document.countersignatures if one.unsettled]
    if open_lines:
        names = _(", ").join(f"{one.asked_of}（{one.state_label}）" for one in open_lines)
        raise StepRefused(_("Not settled yet: %(units)s.", units=names))
    return stage_after(document, "countersigning")


@flow.step(
    "finance_review",
    to=("discussion", "countersigning", "text_check", "signing"),
    label=_l("Passed by finance"),
    tone="primary",
)
def pass_finance(document: OutgoingDocument, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> str:
    """Finance has looked at what the paper costs or brings in, with name and date."""
    document.finance_reviewer, document.finance_passed_at = person_acting(session_of(document), history.doer()), now()
    return stage_after(document, "finance_review")


@flow.step(
    "text_check",
    to=("countersigning", "finance_review", "signing"),
    label=_l("Text is in order"),
    who=checks_text,
    tone="primary",
)
def pass_text(
    document: OutgoingDocument,
    signer: Annotated[Person, Ask(_l("To be signed by"))],
    need: Annotated[bool, Ask(_l("It is needed"))] = False,
    way: Annotated[bool, Ask(_l("Way of issuing"))] = False,
    form: Annotated[bool, Ask(_l("Type"))] = False,
    layout: Annotated[bool, Ask(_l("Format"))] = False,
    wording: Annotated[bool, Ask(_l("Wording"))] = False,
    figures: Annotated[bool, Ask(_l("Numbers and dates"))] = False,
    attached: Annotated[bool, Ask(_l("Attachments"))] = False,
) -> str:
    """The list was gone through point by point; the paper goes to the one who is entitled to sign it."""
    done = (need, way, form, layout, wording, figures, attached)
    _ticked(zip(POINTS, done, strict=True))
    _entitled(document, signer)
    session = session_of(document)
    document.checker, document.checked_at, document.signer = person_acting(session, history.doer()), now(), signer
    return stage_after(document, "text_check")


def _ticked(points: Iterable[tuple[Any, bool]]) -> None:
    """Raise `StepRefused` naming the points of a list that are not ticked."""
    if open_points := [str(label) for label, done in points if not done]:
        raise StepRefused(_("Not ticked yet: %(points)s.", points=_(", ").join(open_points)))


def _entitled(document: OutgoingDocument, signer: Person) -> None:
    """Raise `StepRefused` for somebody who may not sign such a paper."""
    session = session_of(document)
    if routing.of_department(document):
        head = document.department.leader_id if document.department else None
        if signer.id != head:
            raise StepRefused(_("A department's paper is signed by the head of the department."))
        return
    roles = {role.name for role in signer.user.roles} if signer.user else set()
    if not roles.intersection(rules.listed(session, routing.SIGNERS, document.profile())):
        raise StepRefused(_("%(name)s is not entitled to sign papers of the house.", name=signer.name))
    upward = document.document_type in routing.UPWARD
    if upward and rules.flag(session, routing.PRINCIPAL_SIGNS_UPWARD, document.profile()) and signer.rank != 1:
        raise StepRefused(_("A paper to superiors is signed by the principal leader."))


@flow.step(
    "drafting", "countersigning", "text_check", "signing", to=None, label=_l("Add a joint issuer"), who=is_drafter
)
def add_joint_issuer(
    document: OutgoingDocument,
    name: Annotated[str, Ask(_l("Organisation"), kind="line", length=200)],
) -> None:
    """Another organisation issues the paper with us; the paper needs its signature, too."""
    if name in {one.name for one in document.joint_issuers}:
        raise StepRefused(_("%(name)s is among the issuers already.", name=name))
    session = session_of(document)
    records.store(session, JointIssuer(document_id=document.id, name=name))
    session.expire(document, ["joint_issuers"])


@flow.step(
    "drafting", "countersigning", "text_check", "signing", to=None, label=_l("Take a joint issuer off"), who=is_drafter
)
def remove_joint_issuer(
    document: OutgoingDocument,
    name: Annotated[str, Ask(_l("Organisation"), kind="line", length=200)],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """An organisation was added by mistake or does not join after all; one that has signed stays."""
    line = _issuer(document, name)
    if line.signed_on is not None:
        raise StepRefused(_("%(name)s has signed already and stays among the issuers.", name=name))
    session = session_of(document)
    session.delete(line)
    session.flush()
    session.expire(document, ["joint_issuers"])


@flow.step("signing", to=None, label=_l("Joint issuer has signed"))
def record_joint_signature(
    document: OutgoingDocument,
    name: Annotated[str, Ask(_l("Organisation"), kind="line", length=200)],
    signer: Annotated[str, Ask(_l("Signer"), kind="line", length=100)],
    on: Annotated[date | None, Ask(_l("Signed on"), help=_l("Empty: today"))] = None,
) -> None:
    """The signature of another issuer, as it stands on the sheet that came back."""
    line = _issuer(document, name)
    if on is not None and on > today():
        raise StepRefused(_("This has not happened yet."))
    line.signer, line.signed_on = signer, on or today()


def _issuer(document: OutgoingDocument, name: str) -> JointIssuer:
    """The line of a joint issuer. Raises `StepRefused` where there is none of that name."""
    line = next((one for one in document.joint_issuers if one.name == name), None)
    if line is None:
        raise StepRefused(_("%(name)s is not among the issuers.", name=name))
    return line


@flow.step("signing", to="signed", label=_l("Sign"), who=is_signer, tone="primary")
def sign(document: OutgoingDocument, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> None:
    """Agreed, with name and moment. From here on the text is frozen."""
    unsigned = [one.name for one in document.joint_issuers if one.signed_on is None]
    if unsigned:
        raise StepRefused(_("Not signed yet by: %(names)s.", names=_(", ").join(unsigned)))
    _entitled(document, document.signer)  # type: ignore[arg-type]
    keep_version(document, None)
    document.sign_words, document.signed_at, document.text_checksum = remark, now(), document.frozen_text()


@flow.step("signed", to="rechecked", label=_l("Checked again"), who=is_checked_again, tone="primary")
def recheck(
    document: OutgoingDocument,
    approvals: Annotated[bool, Ask(_l("All approvals are there"))] = False,
    content: Annotated[bool, Ask(_l("Content"))] = False,
    form: Annotated[bool, Ask(_l("Type"))] = False,
    layout: Annotated[bool, Ask(_l("Format"))] = False,
) -> None:
    """The office looks at approvals, content, type and format before the number is drawn."""
    _ticked(
        (
            (_l("All approvals are there"), approvals),
            (_l("Content"), content),
            (_l("Type"), form),
            (_l("Format"), layout),
        )
    )
    document.keep_text()
    document.rechecked_at = now()


@flow.step("signed", "rechecked", "numbered", "proofreading", to="rechecking", label=_l("Material change needed"))
def open_again(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Material change"))]) -> None:
    """The text is opened for the change; the same signer decides on it again. A number that was drawn stays."""
    document.signed_at = document.text_checksum = document.rechecked_at = None


@flow.step("rechecking", to="signing", label=_l("Lay before the signer again"), tone="primary")
def sign_anew(document: OutgoingDocument, remark: Annotated[str, Ask(_l("What was changed"))]) -> None:
    """The change goes to the one who signed before; both versions stand side by side."""
    keep_version(document, remark)


@flow.step("signed", "rechecked", to="withdrawn", label=_l("Withdraw the signature"), who=is_signer)
def withdraw_signature(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The signer takes the paper back before it has a number."""
    document.refuse_numbered()
