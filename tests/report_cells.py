"""What stands behind the cells of a report that counts in its own way: as many rows as each says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Few
from app.engine.report_answers import Answer

#: tickets-orders.md 6: figures with fewer than five cases
TOO_FEW = Few(5)


def unsaid(figures: Iterable[str], count: str) -> dict[str, Any]:
    """The figures of a group too small for them: how many there are says so, the others are empty."""
    return dict.fromkeys(figures) | {count: TOO_FEW}


def opened(session: Session, answer: Answer, rows: Iterable[Mapping[str, Any]] | None = None) -> int:
    """How many cells open. Each has rows that whoever asks sees, and those of a sum come to what it says."""
    count = 0
    for row in answer.rows if rows is None else rows:
        for column in answer.columns:
            if not answer.opens(row, column.name):
                continue
            model, lines = answer.look_behind(session, answer.key_of(row), column.name)
            keys = {int(pk) for pk in lines["id"]}
            assert keys and set(session.scalars(select(model.id).where(model.id.in_(keys)))) == keys, (row, column.name)
            if column.total and column.name not in ("cost", "margin"):
                worth = sum((Decimal(str(one)) for one in lines["worth"] * 1), Decimal(0))
                assert abs(worth - Decimal(str(row[column.name]))) < Decimal("0.001"), (row, column.name)
            count += 1
    return count
