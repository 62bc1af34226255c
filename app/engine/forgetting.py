"""Content the house does not keep: of some records it has a line alone, from the start or since their content went.

A record says so itself (`Record.not_kept`), or is a part of one that does (`part_of`). Nobody puts a text of such a
record down at any door; and `forget` takes away what stands there already. The history is append-only and keeps its
entries: of such a record no page shows them (`disclosure.withheld_past`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import inspect, not_, select
from sqlalchemy.orm import Session, object_session

from app.engine import access, changes, disclosure
from app.engine.fields import Field, fields_of
from app.engine.refusals import Invalid

if TYPE_CHECKING:
    from app.engine.record import Record


#: What stands where the text is on the paper alone, in whichever language somebody wrote it.
SEE_PAPER = ("", "See paper", "见纸质件")


def see_paper() -> str:
    """What to write where the text is on the paper alone."""
    return _("See paper")


def texts_of(model: Any) -> list[Field]:
    """The fields of a kind that are content and no part of its line."""
    names = (name for name in model.content_fields if name not in model.line_fields)
    return [fields_of(model)[name] for name in names]


def whole_of(record: Any) -> Record | None:
    """The record whose content a record's own is a part of, also where the current actor does not see it."""
    if not record.part_of:
        return None
    field = fields_of(type(record))[record.part_of]
    target: Any = field.target
    session, key = object_session(record), getattr(record, field.column)
    if session is None or key is None:
        return getattr(record, record.part_of)
    with access.system(), session.no_autoflush:
        return session.get(target, key)


def unkept(record: Any) -> Iterator[tuple[str, str]]:
    """The texts of a record that are put down although the house keeps none: pairs of field name and sentence."""
    written = [field.name for field in texts_of(type(record)) if _written(record, field)]
    sentence = record.not_kept() if written else None
    yield from ((name, sentence) for name in written if sentence is not None)


def _written(record: Any, field: Field) -> bool:
    """Whether a text is new in a field, and says anything else than where it is to be read."""
    if inspect(record).persistent and not changes.changed(record, field.column):
        return False
    value = getattr(record, field.column)
    return isinstance(value, str) and value.strip() not in (*SEE_PAPER, see_paper())


def refuse_unkept(record: Any) -> None:
    """Stop what would put down a text the house does not keep, whichever way it came. Raises `Invalid`."""
    for _name, sentence in unkept(record):
        raise Invalid({"": [sentence]})  # a step asks by other names than the record's


def parts_of(session: Session, record: Any) -> Iterator[Any]:
    """The records whose content is a part of a record's own, and what is a part of theirs."""
    from app.engine.record import kinds  # it asks here what it may put down

    kind: Any
    whole: Any = type(record)
    for kind in kinds().values():
        field = fields_of(kind).get(kind.part_of)
        if field is not None and field.target is whole:
            with access.system(), session.no_autoflush:
                found = list(session.scalars(select(kind).where(getattr(kind, field.column) == record.id)))
            for part in found:
                yield part
                yield from parts_of(session, part)


def reindex(session: Session) -> int:
    """Write anew what the search finds the parts of records by whose content stays in the house; how many. Commits.

    For an upgrade from a program that asked the parts alone whether they are found by their content.
    """
    from app.engine.record import kinds
    from app.engine.searching import search_text_of

    count = 0
    kind: Any
    for kind in kinds().values():
        leaves = disclosure.leaving(kind) if kind.part_of else None
        if leaves is None:
            continue
        with access.system():
            for part in session.scalars(select(kind).where(not_(leaves)).execution_options(yield_per=500)):
                if part.search_text != (text := search_text_of(part)):
                    part.search_text = text
                    count += 1
            session.commit()
    return count


def forget(session: Session, record: Any, *, instead: str | None = None, line: str | None = None) -> list[Any]:
    """Take away the texts of a record and of its parts; all of these, for their files to go, too. The caller commits.

    `instead` stands where a text was. `line`: what the line says from now on; None leaves it.
    """
    forgotten = [record, *parts_of(session, record)]
    with session.no_autoflush:
        for one in forgotten:
            model = type(one)
            for field in texts_of(model):
                if getattr(one, field.column) is not None:
                    optional = inspect(model).columns[field.column].nullable
                    setattr(one, field.column, instead if instead is not None or optional else "")
            for name in model.line_fields if line is not None else ():
                if getattr(one, name) is not None:
                    setattr(one, name, line)
    return forgotten
