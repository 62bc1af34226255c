"""Secrecy of papers 密级: two scales, who is cleared for what, and how much of a paper each depth lets one know.

Three depths are decided apart: that a paper exists and its register line (`visible_to`), its content (`content_to`:
title, text and files), and whether the house may keep a file of it at all (`keeps_content`). After documents.md 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Session

from app.engine import changes
from app.engine.access import Actor
from app.engine.forgetting import forget, see_paper
from models.files import drop

#: The scale of the house, the lowest first.
BUSINESS = {
    "open": _l("Public"),
    "internal": _l("Internal"),
    "secret": _l("Secret"),
    "confidential": _l("Confidential"),
    "top_secret": _l("Top secret"),
}
#: The scale of the state: a register line at most, never a file.
STATE = {
    "state_secret": _l("State secret: secret"),
    "state_confidential": _l("State secret: confidential"),
    "state_top_secret": _l("State secret: top secret"),
}
SECRECY = {**BUSINESS, **STATE}

#: Papers of these grades are for everybody in the unit they concern, and are named by their title; those above are for
#: the unit's head and the people involved, and wherever somebody names them, they go by their number alone.
ORDINARY = ("open", "internal")
#: The content of these grades is not found by searching, and a table that leaves the house has their number only.
NOT_INDEXED = ("confidential", "top_secret", *STATE)
#: Of these the house keeps no text and no file.
ON_PAPER_ONLY = ("top_secret", *STATE)

#: Roles that keep or read the whole register. Administrators look after settings, not after papers.
REGISTRY = ("office_manager", "registry_clerk", "leader", "archivist", "auditor", "report_reader")
#: Those of them who learn the content as far as they are cleared; the others read lines.
DUTY = ("office_manager", "registry_clerk", "leader", "archivist")


def cleared_for(business: str | None, state: str | None) -> frozenset[str]:
    """All grades a clearance on each of the two scales reaches; None reaches none."""
    reached: set[str] = set()
    for scale, grade in ((BUSINESS, business), (STATE, state)):
        if grade is not None:
            grades = list(scale)
            reached.update(grades[: grades.index(grade) + 1])
    return frozenset(reached)


def lower(before: str, after: str) -> bool:
    """Whether `after` protects less than `before`: a lower grade, or off the scale of the state."""
    if (before in STATE) != (after in STATE):
        return before in STATE
    grades = list(STATE if before in STATE else BUSINESS)
    return grades.index(after) < grades.index(before)


def entry_rule(
    model: Any, actor: Actor, involved: ColumnElement[bool], public: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Who knows that a paper exists and reads its register line, beside those who keep the register.

    `involved` is true for people named on the paper's way, `public` where an open paper is for everybody. The unit in
    charge sees its ordinary papers; the rest is for the unit's head and the people involved, as far as cleared.
    """
    unit = and_(model.department_id.in_(actor.department_ids), model.secrecy.in_(ORDINARY))
    head = model.department_id.in_(actor.led_ids)
    return or_(and_(model.secrecy == "open", public), and_(model.secrecy.in_(actor.cleared), or_(unit, head, involved)))


def content_rule(model: Any, actor: Actor, involved: ColumnElement[bool], keeps_register: bool) -> ColumnElement[bool]:
    """Who learns title and text, among those who read the register line."""
    if keeps_register:
        return model.secrecy.in_(actor.cleared)
    return or_(
        model.secrecy.in_(ORDINARY),
        and_(model.secrecy.in_(actor.cleared), or_(model.department_id.in_(actor.led_ids), involved)),
    )


class GradedPaper:
    """Mixin of a register's papers: by their secrecy, who knows of one, who learns its content, and what is kept."""

    secrecy: Any
    indexed_by: ClassVar[tuple[str, ...]] = ("secrecy",)

    @classmethod
    def _involved(cls, actor: Actor) -> ColumnElement[bool]:
        """The people named on a paper's way."""
        raise NotImplementedError

    @classmethod
    def _public(cls) -> ColumnElement[bool]:
        """Where an open paper is for everybody: at any time, unless the register says otherwise."""
        return true()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*REGISTRY):
            return true()
        if not actor.person_ids:
            return false()
        return entry_rule(cls, actor, cls._involved(actor), cls._public())

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return content_rule(cls, actor, cls._involved(actor), actor.has(*DUTY))

    def not_kept(self) -> str | None:
        if self.secrecy not in ON_PAPER_ONLY:
            return None
        return _(
            "Of a paper of this secrecy no text is kept: write it on the paper and enter “%(words)s” here.",
            words=see_paper(),
        )

    def indexed(self) -> bool:
        return self.secrecy not in NOT_INDEXED

    @classmethod
    def leaves(cls) -> ColumnElement[bool]:
        return cls.secrecy.not_in(NOT_INDEXED)

    def stays(self) -> bool:
        return self.secrecy in NOT_INDEXED

    def graded(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the secrecy, old and new: it is lowered by decision only."""
        paper: Any = self
        if changes.altered(paper, "secrecy") and lower(changes.before(paper, "secrecy"), self.secrecy):
            yield "secrecy", _("Secrecy is lowered by a decision: use the step “Lower the secrecy”.")

    def raised(self) -> bool:
        """Whether its secrecy is just going up, which takes effect at once, whatever else stays as it is."""
        paper: Any = self
        return bool(changes.altered(paper, "secrecy")) and not lower(changes.before(paper, "secrecy"), self.secrecy)

    def content_goes(self) -> bool:
        """Whether its new secrecy is one of which no content is kept, and its old one was not."""
        paper: Any = self
        return self.raised() and self.secrecy in ON_PAPER_ONLY and changes.before(paper, "secrecy") not in ON_PAPER_ONLY

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        yield from super().warnings(session)  # type: ignore[misc]
        if self.content_goes():
            yield (
                "secrecy",
                _("Of a paper of this secrecy no text and no file is kept: those there are go for good."),
            )

    def bring_along(self, session: Session) -> None:
        """A paper raised to where no content is kept loses what was put down about it, at once."""
        super().bring_along(session)  # type: ignore[misc]
        if self.content_goes():
            drop(session, forget(session, self, instead=see_paper()))
