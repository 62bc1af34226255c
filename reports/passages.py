"""Steps as the history tells them: which entry took a record from one state into another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_


def of_record(model: Any, entry: Any) -> ColumnElement[bool]:
    """Whether an entry of the history is one of the record's."""
    return and_(entry.kind == model.kind_name, entry.record_id == model.id)


def went_into(model: Any, entry: Any, *states: str, out_of: Sequence[str] = ()) -> ColumnElement[bool]:
    """Whether an entry of the history is that of a step into one of these states (out of some, if named)."""
    steps = model.flow.steps.values()
    ways = {(source, target) for step in steps for source in step.sources for target in step.targets}
    ways = {(a, b) for a, b in ways if b in states and a != b and (not out_of or a in out_of)}
    return or_(*(entry.changes.contains(f'"state":["{source}","{target}"]') for source, target in sorted(ways)))


def began_in(entry: Any, *states: str) -> ColumnElement[bool]:
    """Whether an entry of the history is the first of a record that began in one of these states."""
    return and_(entry.position == 1, or_(*(entry.changes.contains(f'"state":[null,"{state}"]') for state in states)))
