"""Parameters of reports whose choices lie in the database: a register book, a year, one paper.

There is only what whoever asks may see: what is hidden from them is refused by the sentence for what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.fields import storable
from app.engine.moments import local
from app.engine.refusals import Refused


@dataclass(frozen=True)
class Choice:
    """What a report is asked for: as an address has it, in words, and what the report's function is given."""

    key: str
    words: str
    value: Any


@dataclass(frozen=True)
class Parameter:
    """Something a report is asked for beside its period; its function gets the choice's value, or None."""

    name: str
    label: Any
    #: all there is to choose from; None where that is too much, and one of them is typed
    offered: Callable[[Session], Sequence[Choice]] | None
    find: Callable[[Session, str], Choice | None]
    #: the kind one has to be allowed to read to ask for this
    right: str = ""

    @property
    def open(self) -> bool:
        """Whether the current actor may ask for this."""
        return not self.right or access.current().may("read", self.right)

    def meant(self, session: Session, text: str) -> Choice:
        """The choice a text stands for. Raises `Refused` where there is none for whoever asks."""
        if not self.open:
            raise Refused(_("Your role does not allow to ask for “%(label)s” here.", label=self.label))
        found = self.find(session, text.strip()) if storable(text) else None
        if found is None:
            raise Refused(
                _("%(label)s: there is none called “%(value)s” that you may see.", label=self.label, value=text[:40])
            )
        return found


def one_of(name: str, label: Any, model: Any, key: str) -> Parameter:
    """One of the few records of a kind, chosen from all; addresses name it by its field `key`."""

    def offered(session: Session) -> list[Choice]:
        rows = session.scalars(select(model).order_by(model.id))
        return [Choice(str(getattr(row, key)), str(row), row) for row in rows]

    return _of_few(name, label, offered)


def year_of(name: str, label: Any, moment: Any) -> Parameter:
    """A year of the office's calendar between the first and the last of a kind's moments, the latest first."""

    def offered(session: Session) -> list[Choice]:
        ends = session.execute(select(func.min(moment), func.max(moment))).one()
        first, last = (local(end).year if end else 0 for end in ends)
        years = range(last, first - 1, -1) if last else ()
        return [Choice(str(year), str(year), year) for year in years]

    return _of_few(name, label, offered)


def _of_few(name: str, label: Any, offered: Callable[[Session], Sequence[Choice]]) -> Parameter:
    def find(session: Session, text: str) -> Choice | None:
        return next((one for one in offered(session) if one.key == text), None)

    return Parameter(name, label, offered, find)


def numbered(name: str, label: Any, *models: Any, right: str = "") -> Parameter:
    """A record of one of some kinds, typed by its number."""

    def find(session: Session, text: str) -> Choice | None:
        for model in models:
            row = session.scalars(select(model).where(getattr(model, model.natural_key) == text)).first()
            if row is not None:
                return Choice(text, text, row)
        return None

    return Parameter(name, label, None, find, right)
