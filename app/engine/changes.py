"""Changes: what is about to become of the fields of a record before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm.attributes import PASSIVE_NO_INITIALIZE, History


def past(record: Any, name: str) -> History:
    """What was taken from and put into an attribute since the record was read; nothing is loaded for it.

    One attribute alone: `inspect(record).attrs` puts all of them together, each time it is asked.
    """
    found: History = inspect(record).get_history(name, PASSIVE_NO_INITIALIZE)
    return found


def changed(record: Any, *names: str) -> list[str]:
    """Those of the attributes `names` that are about to be given other values."""
    return [name for name in names if past(record, name).has_changes()]


def altered(record: Any, *names: str) -> list[str]:
    """The same of a record that is stored already; of a new one nothing."""
    return changed(record, *names) if inspect(record).persistent else []


def before(record: Any, name: str) -> Any:
    """The value of an attribute as it was before it was given another one."""
    gone: Sequence[Any] = past(record, name).deleted
    return gone[0] if gone else getattr(record, name)
