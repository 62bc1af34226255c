"""Turns 轮次: who stands in line for a document that goes round, whose turn it is, and on which copy they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from app.engine import access, concurrency, history
from app.engine.refusals import StepRefused
from models.circulation_rules import MAKES_COPIES
from models.copies import PaperCopy, register_copies
from models.entries import WAITING, CirculationEntry


class Turns:
    """Mixin of a circulation: its line of readers and the copies they read on."""

    if TYPE_CHECKING:
        document: Any
        entries: Any
        state: Any
        mode: Any
        form: Any
        preparation: Any
        readers_per_copy: Any
        copies_at_start: Any
        waiting_for: Any

        @property
        def state_label(self) -> str: ...

    @property
    def session(self) -> Session:
        session = object_session(self)
        assert session is not None
        return session

    @property
    def ordered(self) -> list[CirculationEntry]:
        """The entries as they stand in line now."""
        return sorted(self.entries, key=lambda entry: (entry.position, entry.id))

    @property
    def copies(self) -> list[PaperCopy]:
        """The copies that go round in it, each once."""
        return list({entry.copy.id: entry.copy for entry in self.ordered if entry.copy is not None}.values())

    def usable(self) -> list[PaperCopy]:
        """The copies that may go round: those made for it, or the originals as they came in."""
        medium = MAKES_COPIES.get(self.preparation)
        if medium is None:
            found = register_copies(self.session, self.document)
        else:  # the original stays with the registry
            found = [copy for copy in self.document.paper_copies if copy.medium == medium]
        return [copy for copy in found if copy.state in ("with_registry", "out")]

    def copies_needed(self) -> int:
        readers = sum(entry.state in WAITING for entry in self.entries)
        if self.mode in ("parallel", "shared_copy"):
            return -(-readers // self.readers_per_copy)
        return 1

    def next_up(self) -> list[CirculationEntry]:
        """Who may be offered the paper now: one after the other, the first in line once the copy is back."""
        queued = [entry for entry in self.ordered if entry.state == "queued"]
        if self.state != "running":
            return []
        if self.mode != "sequential":
            return queued
        busy = any(entry.state == "offered" for entry in self.entries)
        busy = busy or any(copy.state != "with_registry" for copy in self.copies)
        return [] if busy else queued[:1]

    def require_turn(self, entry: CirculationEntry) -> None:
        """Raise `StepRefused` unless it is this reader's turn, naming who is before to whoever may know it."""
        if self.state != "running":
            raise StepRefused(_("The circulation is in the state “%(state)s”.", state=self.state_label))
        if entry in self.next_up():
            return
        if not access.sees(self.session, self, history.doer()):
            raise StepRefused(_("It is not this reader's turn; the registry knows whose it is."))
        before = [one.reader.name for one in self.ordered if one.state == "offered"]
        before += [copy.holder.name for copy in self.copies if copy.holder is not None]
        before += [one.reader.name for one in self.ordered if one.state == "queued" and one is not entry][:1]
        raise StepRefused(
            _("It is not this reader's turn; first comes %(reader)s.", reader=before[0] if before else "–")
        )

    def go_round(self) -> None:
        """Offer what can be offered without the registry's hand, and say who has not read yet."""
        concurrency.hold(self.session, self)
        if self.form == "electronic" or self.mode == "reading_room":
            for entry in self.next_up():
                with history.act("offer", reason=_("Next in line")):
                    entry.deliver()
        if self.waiting_for != self.unread():
            self.waiting_for = self.unread()
        self.session.flush()

    def unread(self) -> str | None:
        """The names of those who have not read yet."""
        return ", ".join(entry.reader.name for entry in self.ordered if entry.state in WAITING) or None

    def give_copies(self) -> None:
        """Name a copy for every reader who has none, a few readers to each. Raises `StepRefused` for too few copies."""
        usable = self.usable()
        room = {"parallel": 1, "shared_copy": self.readers_per_copy}.get(self.mode, len(self.entries))
        load = {copy.id: sum(entry.copy_id == copy.id for entry in self.entries) for copy in usable}
        for entry in self.ordered:
            if entry.copy_id is None and entry.state in WAITING:
                free = next((copy for copy in usable if load[copy.id] < room), None)
                if free is None:
                    raise StepRefused(
                        _(
                            "%(need)s copies have to go round and %(present)s are there; make and register the others.",
                            need=self.copies_needed(),
                            present=len(usable),
                        )
                    )
                entry.copy, load[free.id] = free, load[free.id] + 1
        self.copies_at_start = len(self.copies)

    def reorder(self, entry: CirculationEntry, to: int) -> None:
        """Put an entry at another place in line; all others move up or down."""
        line = [one for one in self.ordered if one is not entry]
        if not 1 <= to <= len(line) + 1:
            raise StepRefused(_("The line has %(count)s places.", count=len(line) + 1))
        concurrency.hold(self.session, self)
        line.insert(to - 1, entry)
        for position, one in enumerate(line, 1):
            one.position = position
        if self.state == "running":
            self.go_round()
