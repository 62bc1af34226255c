"""How a paper may go round: form and mode by secrecy and medium, who comes first, as rows of rules per profile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import rules
from app.engine.refusals import StepRefused
from models.secrecy import SECRECY

if TYPE_CHECKING:
    from models.documents import IncomingDocument
    from models.people import Person

MODES = {
    "sequential": _l("One after the other"),
    "parallel": _l("All at once"),
    "shared_copy": _l("Several readers to a copy"),
    "reading_room": _l("In the reading room"),
}
FORMS = {"paper": _l("On paper"), "electronic": _l("Electronic")}
IMPORTANCE = {"ordinary": _l("Of ordinary importance"), "important": _l("Important")}
MEDIA = {"paper": _l("Paper document"), "electronic": _l("Electronic document")}
PREPARATIONS = {
    "as_is": _l("Nothing to prepare"),
    "scan": _l("Scan the paper"),
    "photocopy": _l("Photocopy; no scan"),
    "download": _l("One named person downloads, prints and copies; the file is deleted"),
}
#: Preparations that make copies to go round: until they are made and registered, nothing is offered.
MAKES_COPIES = {"photocopy": "photocopy", "download": "print"}

WORDS = {**PREPARATIONS, **FORMS, **MODES}

_ON_ITS_OWN_COPY = "photocopy, paper, shared_copy, reading_room"
_PRINTED = "download, paper, shared_copy, reading_room"
_SCANNED = "scan, electronic, parallel, sequential"
_AS_IT_IS = "as_is, electronic, parallel, sequential"
#: Secrets of the state leave no trace in the office's network: the paper goes round, copy by numbered copy.
_ONLY_PAPER = "as_is, paper, sequential, parallel, reading_room"
_BY_INSTRUCTION = "as_is, paper, electronic, parallel, sequential"

_USUAL = {
    ("top_secret", "paper"): _ON_ITS_OWN_COPY,
    ("top_secret", "electronic"): _PRINTED,
    ("confidential", "paper"): _SCANNED,
    ("secret", "paper"): _SCANNED,
    ("internal", "paper"): _BY_INSTRUCTION,
    ("open", "paper"): _BY_INSTRUCTION,
}

#: (secrecy, medium) -> how such papers are prepared, in which forms and modes they go; the first that can be is usual
ROUNDS = {
    (secrecy, medium): rules.setting(
        f"round_{secrecy}_{medium}",
        _l("Circulation: %(secrecy)s, %(medium)s", secrecy=name, medium=MEDIA[medium]),
        "list",
        _USUAL.get((secrecy, medium), _ONLY_PAPER if secrecy.startswith("state_") else _AS_IT_IS),
        WORDS,
    )
    for secrecy, name in SECRECY.items()
    for medium in MEDIA
}
READERS_PER_COPY = rules.setting("readers_per_copy", _l("Readers to one shared copy"), "number", "2")
HAND_ON = rules.setting("hand_on", _l("Readers may hand a copy on to each other"))

RANKS = {
    "principal": _l("Principal leaders"),
    "in_charge": _l("Leaders in charge"),
    "department": _l("The supervising department"),
    "others": _l("Others"),
}
ORDER = rules.setting(
    "reading_order", _l("Order of reading"), "list", "principal, in_charge, department, others", RANKS
)
#: (importance, secrecy) -> who may be sent such papers; whoever else reads them, a leader decides (S9 article 3)
SCOPES = {
    (importance, secrecy): rules.setting(
        f"scope_{importance}_{secrecy}",
        _l("Scope of reading: %(importance)s, %(secrecy)s", importance=weight, secrecy=name),
        "list",
        ", ".join(RANKS),
        RANKS,
    )
    for importance, weight in IMPORTANCE.items()
    for secrecy, name in SECRECY.items()
}
PRINCIPALS = rules.setting(
    "principal_positions",
    _l("Positions of principal leaders"),
    "list",
    "主要领导, 董事长, 总经理, 党委书记, 党支部书记, 书记, 校长, 县长, 区长, 乡长, 镇长, 局长",
)
IN_CHARGE = rules.setting(
    "leading_positions",
    _l("Positions of leaders in charge"),
    "list",
    "分管领导, 主管领导, 副总经理, 副书记, 副校长, 副县长, 副区长, 副乡长, 副镇长, 副局长",
)


@dataclass(frozen=True)
class Round:
    """What the rules leave open for one document: how it is prepared, in which forms and modes it may go round."""

    preparation: str
    forms: tuple[str, ...]
    modes: tuple[str, ...]


def round_for(session: Session, document: IncomingDocument) -> Round:
    """The rule in force today for a document of this secrecy, medium and profile."""
    words = rules.listed(session, ROUNDS[document.secrecy, document.medium], document.profile())
    return Round(
        next((word for word in words if word in PREPARATIONS), "as_is"),
        tuple(word for word in words if word in FORMS),
        tuple(word for word in words if word in MODES),
    )


def group_of(session: Session, document: IncomingDocument, reader: Person) -> str:
    """The group of `RANKS` a reader belongs to, as far as a document goes."""
    profile = document.profile()
    if reader.rank is not None:
        return tuple(RANKS)[min(reader.rank, len(RANKS)) - 1]
    if reader.position in rules.listed(session, PRINCIPALS, profile):
        return "principal"
    if reader.position in rules.listed(session, IN_CHARGE, profile):
        return "in_charge"
    own = reader.department_id is not None and reader.department_id == document.department_id
    return "department" if own else "others"


def rank_of(session: Session, document: IncomingDocument, reader: Person) -> int:
    """The place of a reader's group in the order of reading, from 0: leaders first, after the rule of the profile."""
    order = rules.listed(session, ORDER, document.profile())
    found = group_of(session, document, reader)
    return order.index(found) if found in order else len(order)


def in_scope(session: Session, document: IncomingDocument, reader: Person) -> bool:
    """Whether papers of this importance and secrecy may go to a reader without a leader saying so."""
    scope = rules.listed(session, SCOPES[document.importance, document.secrecy], document.profile())
    return group_of(session, document, reader) in scope


def keep_scope(session: Session, document: IncomingDocument, readers: Iterable[Person], leader: bool) -> None:
    """Only a leader goes beyond the scope that papers of this importance and secrecy have. Raises `StepRefused`."""
    beyond = [] if leader else [reader.name for reader in readers if not in_scope(session, document, reader)]
    if beyond:
        listed = ", ".join(beyond)
        raise StepRefused(_("Beyond the scope of papers like this: %(readers)s. A leader approves it.", readers=listed))


def per_copy(session: Session, document: IncomingDocument, mode: str) -> int:
    """How many readers share one copy in this mode."""
    return int(rules.number(session, READERS_PER_COPY, document.profile())) if mode == "shared_copy" else 1


def mode_of(rule: Round, document: IncomingDocument, readers: int, form: str, wanted: str | None) -> str:
    """The order of reading: the wanted one if the rule allows it, else the first that can be. Raises `StepRefused`."""

    def why_not(mode: str) -> str | None:
        if mode not in rule.modes or (form == "electronic" and mode in ("shared_copy", "reading_room")):
            return _("Papers like this do not go round so: %(mode)s.", mode=MODES[mode])
        if mode == "parallel" and form == "paper" and document.copies < readers:
            return _(
                "There are %(copies)s copies for %(readers)s readers; let them read one after the other.",
                copies=document.copies,
                readers=readers,
            )
        return None

    if wanted is not None:
        sentence = why_not(wanted)
        if sentence is not None:
            raise StepRefused(sentence)
        return wanted
    return next((mode for mode in rule.modes if why_not(mode) is None), "sequential")
