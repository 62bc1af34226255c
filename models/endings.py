"""What circulations mean for the end of a document: what it still waits for, and how its end stops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from models.entries import WAITING

if TYPE_CHECKING:
    from models.documents import IncomingDocument


def stop_all(document: IncomingDocument, reason: str) -> None:
    """The document itself ends: whoever still has to read it is told that nothing is awaited any more."""
    for circulation in document.circulations:
        if circulation.state in ("draft", "running"):
            circulation.take("stop", reason=reason)
    for entry in document.circulation:
        if entry.state in WAITING:
            entry.take("withdraw", reason=reason)


def still_reading(document: IncomingDocument) -> list[str]:
    """The readers who have not read yet, by name and state."""
    return [
        _("%(reader)s: %(state)s", reader=entry.reader.name, state=entry.state_label)
        for entry in document.circulation
        if entry.state in WAITING
    ]


def unsettled(document: IncomingDocument, weighed: bool = True) -> list[str]:
    """Work that came of opinions and, where each has to be `weighed`, opinions nobody has classified yet."""
    said = []
    for entry in document.circulation:
        if weighed and entry.state == "answered" and entry.classification is None and not entry.taken_over:
            said.append(_("the opinion of %(reader)s is not classified", reader=entry.reader.name))
        for task in entry.tasks:
            if task.state == "open":
                who = task.person.name if task.person else task.department.name if task.department else ""
                said.append(_("a task is open: %(who)s", who=who))
    return said
