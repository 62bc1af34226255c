"""What becomes of finished papers 处置: a paper's state and its holds, recalls and destruction lists never disagree.

The office chooses one of the fates by a step. A record that lays claim to a paper goes before that choice for as long
as the claim lasts; afterwards the choice holds again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, object_session

from app.engine import access, forgetting
from app.engine.workflow import Ask, never_by_hand
from models.documents import FATES, FINISHED, IncomingDocument
from models.files import drop
from models.secrecy import ORDINARY

Claim = Callable[[int], ColumnElement[bool]]
#: state -> whether something lays claim to the paper of a key; the first goes before the others: what is kept is not
#: handed back, and what its issuer wants back is not destroyed
_CLAIMS: dict[str, Claim | None] = dict.fromkeys(("held", "to_return", "to_destroy"))


def claims(state: str) -> Callable[[Claim], Claim]:
    """Declare when papers have to be in a state."""

    def declare(condition: Claim) -> Claim:
        _CLAIMS[state] = condition
        return condition

    return declare


def claimed(session: Session, document: IncomingDocument) -> str | None:
    """The state a hold, a recall or a destruction list asks of a paper, looked up now."""
    with access.system(), session.no_autoflush:
        for state, condition in _CLAIMS.items():
            if condition is not None and session.scalar(select(condition(document.id))):
                return state
    return None


@IncomingDocument.flow.step(*FINISHED, to=None, label=_l("Disposal follows"), who=never_by_hand)
def settle_fate(
    document: IncomingDocument, fate: Annotated[str | None, Ask(_l("Disposal decided"), choices=FATES)] = None
) -> None:
    """Follows by itself when a hold, a return or a destruction list of the paper begins or ends."""
    document.state = fate or document.chosen()  # entering it, the paper asks who lays claim to it


@IncomingDocument.flow.step("to_destroy", to="destroyed", label=_l("Destruction follows"), who=never_by_hand)
def destroy(document: IncomingDocument) -> None:
    """Follows by itself when the destruction of its list is recorded. Texts and files go; the register line stays."""
    session = object_session(document)
    assert session is not None
    # Of a secret paper not even the title is remembered (documents.md 3.6).
    line = None if document.secrecy in ORDINARY else document.receipt_no
    with session.no_autoflush:
        drop(session, forgetting.forget(session, document, line=line))


class DecidesFate:
    """Mixin of a record that papers follow: whenever it enters a state, they are in the one it asks for."""

    #: the paper's own step makes it, and enters the state itself
    leads: bool = True

    def papers(self) -> Iterable[int]:
        """The keys of the papers it is about."""
        raise NotImplementedError

    def follows(self, document: IncomingDocument) -> str | None:
        """The fate it decides on for a paper, now that it is in its present state; None leaves the one chosen."""
        return None

    def begin(self, session: Session) -> Callable[[], None]:
        bind = super().begin(session)  # type: ignore[misc]

        def bound() -> None:
            bind()
            self.carry(session)

        return bound

    def enter(self, session: Session, name: str) -> None:
        super().enter(session, name)  # type: ignore[misc]
        self.carry(session)

    def carry(self, session: Session) -> None:
        """Bring its papers into the state they have to be in; those still on their way follow when they are closed."""
        if not self.leads:
            return
        session.flush()  # all of it is set by now: one flush, one entry in the history
        with access.system():
            query = select(IncomingDocument).where(IncomingDocument.id.in_(self.papers())).order_by(IncomingDocument.id)
            for document in session.scalars(query):
                _follow(session, document, self.follows(document))


def _follow(session: Session, document: IncomingDocument, fate: str | None) -> None:
    if document.state not in FINISHED:
        return
    if fate == "destroyed":
        document.take("destroy", session)
        return
    answers: dict[str, Any] = {"fate": fate} if fate else {}
    chosen = fate or document.chosen()
    present = document.state, document.chosen(), document.review_on
    if present != ((claimed(session, document) or chosen), chosen, document.review_day(session)):
        document.take("settle_fate", session, **answers)
