"""How outgoing papers go through the house 发文程序: the route of each profile as rows (documents.md 3.3 and 3.8).

Between draft and signature a paper passes the stages its profile lists, in that order; a stage that does not concern
the paper is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.engine import rules
from app.engine.rules import setting
from models.paper_types import GOVERNMENT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.outgoing import OutgoingDocument

STAGES = {
    "leader_review": _l("Review by the ordering leader"),
    "discussion": _l("Discussion in a meeting"),
    "countersigning": _l("Countersigning"),
    "finance_review": _l("Finance review"),
    "text_check": _l("Text check"),
    "signing": _l("Signature"),
}
_USUAL = "leader_review,discussion,countersigning,finance_review,text_check,signing"

#: C12: S4 and S7 countersign before the text check, S6 after it
ROUTE = setting("outgoing_route", _l("Outgoing papers: stages up to the signature"), "list", _USUAL, STAGES)
#: S3, S7: a department's own paper takes the shorter way
ROUTE_OF_DEPARTMENTS = setting(
    "outgoing_route_department",
    _l("Papers of departments: stages up to the signature"),
    "list",
    "text_check,signing",
    STAGES,
)
#: S8: after the signature the office looks once more; S4 and S7 number at once (C9)
RECHECK = setting("outgoing_recheck", _l("Outgoing papers are checked again after the signature"))
#: S4, S7: a department's draft bears the name of its head before any other department sees it
OWN_HEAD = setting("outgoing_own_head", _l("Outgoing papers: the head of the drafting department signs first"))
#: S6: the department that has to carry the paper out checks its text; S4 and S7: the administration
TEXT_CHECKER = setting(
    "outgoing_text_checker",
    _l("Outgoing papers: who checks the text"),
    "choice",
    "office",
    {"office": _l("The office"), "executing": _l("Head of the executing department")},
)
#: C11: who may be asked to sign
SIGNERS = setting("outgoing_signers", _l("Outgoing papers: roles that sign"), "list", "leader")
PRINCIPAL_SIGNS_UPWARD = setting("outgoing_principal", _l("Papers to superiors are signed by the principal leader"))
#: S4: drafter, checker, department head; S7: the checker alone (C8); S6: the assistant of the office
PROOFREADERS = setting(
    "proofreaders", _l("Rounds of proofreading, by whom"), "list", "checker",
    {"drafter": _l("Drafter"), "checker": _l("Checker"), "head": _l("Head of the drafting department"),
     "registry": _l("The registry")},
)  # fmt: skip
LAST_PROOF_WAIVABLE = setting("last_proof_waivable", _l("The last round of proofreading may be left out with a reason"))
#: S3: seven types for a company; the 2012 regulation has fifteen
TYPES_ALLOWED = setting(
    "outgoing_types",
    _l("Types of outgoing papers"),
    "list",
    "decision,notice,circular,report,request,reply,letter",
    GOVERNMENT,
)
#: S7: departments write letters to each other
TYPES_OF_DEPARTMENTS = setting(
    "outgoing_types_department", _l("Types of departments' papers"), "list", "letter", GOVERNMENT
)
#: S7: the administration keeps a copy of what departments send
DEPOSIT = setting("outgoing_deposit", _l("Departments' papers are deposited with the administration"), default="yes")

#: Papers that go up: to whom one reports and whom one asks.
UPWARD = ("report", "request")


def of_department(document: OutgoingDocument) -> bool:
    """Whether a department sends the paper in its own name."""
    return document.level == "department"


def stages(session: Session, document: OutgoingDocument) -> list[str]:
    """The stages of the paper's route, those that do not concern it among them."""
    about = ROUTE_OF_DEPARTMENTS if of_department(document) else ROUTE
    listed = rules.listed(session, about, document.profile())
    return listed if "signing" in listed else [*listed, "signing"]  # nothing goes out unsigned


def next_stage(session: Session, document: OutgoingDocument, after: str | None = None) -> str:
    """The stage that comes after `after`, or first of all, and concerns the paper."""
    route = stages(session, document)
    rest = route[route.index(after) + 1 :] if after in route else route
    return next(stage for stage in [*rest, "signing"] if concerns(document, stage))


def concerns(document: OutgoingDocument, stage: str) -> bool:
    """Whether a stage of the route has anything to do with the paper as it stands."""
    return {
        "leader_review": document.ordered_by is not None and document.reviewed_at is None,
        "discussion": document.to_discuss and document.discussed_at is None,
        "countersigning": any(one.unsettled for one in document.countersignatures),
        "finance_review": document.touches_money == "yes" and document.finance_passed_at is None,
    }.get(stage, True)


def types_allowed(session: Session, document: OutgoingDocument) -> list[str]:
    """The types of paper its class may be written as."""
    about = TYPES_OF_DEPARTMENTS if of_department(document) else TYPES_ALLOWED
    return rules.listed(session, about, document.profile())
