"""What one transaction asks again and again: rows of rules and the calendar, read once until it ends or writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

T = TypeVar("T")
_MEMORY = "remembered"


def remembered(session: Session, model: type, read: Callable[[], T]) -> T:
    """What `read` found about the rows of `model` in this transaction; any write of such a row forgets it."""
    memory: dict[type, Any] = session.info.setdefault(_MEMORY, {})
    if model not in memory:
        memory[model] = read()
    return memory[model]


@event.listens_for(Session, "after_flush")
def _forget_what_changed(session: Session, context: Any) -> None:
    memory = session.info.get(_MEMORY)
    if memory:
        for record in (*session.new, *session.dirty, *session.deleted):
            memory.pop(type(record), None)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_MEMORY, None)
