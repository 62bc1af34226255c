"""Telephone numbers: one way of writing each, and finding the records that bear one by the number in full.

A number is shown in part and neither sorted nor filtered by, so that nobody learns it by trial; whoever has the whole
number, because the caller is on the line, finds what is known of it. What is looked in is a keyed hash of the number
(`PhoneKey`), written in the transaction of the record. After tickets-orders.md 6.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import phonenumbers
from flask_appbuilder import Model
from sqlalchemy import Index, Integer, Select, String, delete, event, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, changes
from app.engine.fields import Field, fields_of

#: A number in full has at least so many digits; 110 and 12345 are everybody's.
LEAST = 7
#: What offices write before an extension.
_EXTENSION = re.compile(r"(?:转接?|分机|#|\*)\s*(\d{1,6})\s*$")
#: Two numbers in one field.
_SEVERAL = re.compile(r"[,，;；、]|\s/\s|\n")
_ALLOWED = re.compile(r"[\d\s()/.+\-]+(?:x\d{1,6})?")

_secret = b""
_area = ""


def configure(secret: str, area: str) -> None:
    """Install the key of the hashes and the area code of numbers dialled without one."""
    global _secret, _area
    _secret, _area = hashlib.sha256(f"telephone numbers {secret}".encode()).digest(), area


def normal(text: str | None) -> str:
    """A number as `+8613812345678`, with `;801` for an extension; empty for a text that is no number in full.

    Width, spaces, brackets, hyphens, `/` and a leading +86 do not matter.
    """
    plain = unicodedata.normalize("NFKC", text or "").strip()
    extension = _EXTENSION.search(plain)
    body = plain[: extension.start()].strip() if extension else plain
    if not _ALLOWED.fullmatch(body):
        return ""
    digits = re.sub(r"\D", "", body)
    if len(digits) in (7, 8) and not body.startswith("+") and _area:
        body = f"{_area}{digits}"
    try:
        number = phonenumbers.parse(body, "CN")
    except phonenumbers.NumberParseException:
        return ""
    if len(str(number.national_number)) < LEAST:
        return ""
    further = extension[1] if extension else number.extension
    number.extension = None
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{found};{further}" if further else found


def numbers_in(text: str | None) -> list[str]:
    """All the numbers written into one field, each in its normal form."""
    return list(dict.fromkeys(found for part in _SEVERAL.split(text or "") if (found := normal(part))))


def key_of(number: str) -> str:
    """What a normal number is looked for by."""
    return hmac.new(_secret, number.encode(), hashlib.sha256).hexdigest()


class PhoneKey(Model):
    """That a record bears a number, without the number."""

    __tablename__ = "phone_key"
    __table_args__ = (Index("ix_phone_key_record", "kind", "record_id"), Index("ix_phone_key_key", "key", "kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(64))


_dialled: dict[Any, tuple[Field, ...]] = {}


def dialled(model: Any) -> tuple[Field, ...]:
    """The fields of a model by whose number its records are found; asked of every record that is stored."""
    if model not in _dialled:
        _dialled[model] = tuple(field for field in fields_of(model).values() if field.dialled)
    return _dialled[model]


def bearing(model: Any, text: str) -> Select[Any] | None:
    """The keys of the records of a kind that bear the number in `text`, as a subquery; None if it is no number."""
    if not dialled(model) or not (found := numbers_in(text)):
        return None
    held = select(PhoneKey.record_id).where(PhoneKey.kind == model.kind_name)
    return held.where(PhoneKey.key.in_([key_of(number) for number in found]))


def _keys(record: Any) -> set[str]:
    if not record.indexed():
        return set()
    return {key_of(found) for field in dialled(type(record)) for found in numbers_in(getattr(record, field.column))}


def _rows(records: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"kind": one.kind_name, "record_id": one.id, "key": key} for one in records for key in sorted(_keys(one))]


@event.listens_for(Session, "after_flush")
def _keep_up(session: Session, context: Any) -> None:
    new = [record for record in session.new if isinstance(record, access.RowAccess) and dialled(type(record))]
    changed = [record for record in session.dirty if isinstance(record, access.RowAccess) and _touched(record)]
    gone = [record for record in session.deleted if isinstance(record, access.RowAccess) and dialled(type(record))]
    record: Any
    for record in (*changed, *gone):
        session.execute(delete(PhoneKey).where(PhoneKey.kind == record.kind_name, PhoneKey.record_id == record.id))
    if rows := _rows((*new, *changed)):
        session.execute(insert(PhoneKey), rows)


def _touched(record: Any) -> bool:
    return bool(changes.changed(record, *(field.column for field in dialled(type(record)))))


def reindex(session: Session) -> int:
    """Write all keys anew, after the secret or the area code has changed; how many. The caller commits."""
    count = 0
    with access.system():
        session.execute(delete(PhoneKey))
        for model in [model for model in access.guarded() if dialled(model)]:
            query = select(model).execution_options(yield_per=500, **access.with_deleted)
            for page in session.scalars(query).partitions():
                rows = _rows(page)
                if rows:
                    session.execute(insert(PhoneKey), rows)
                count += len(rows)
    return count


#: The row that tells by which key the others were made.
_MARK = "secret"


def bring_up_to_date(session: Session) -> int:
    """Write the keys anew if they were made with another secret or area code, or never; how many. Commits."""
    mark = key_of(f"made with {_area}")
    if session.scalar(select(PhoneKey.key).where(PhoneKey.kind == _MARK)) == mark:
        session.rollback()
        return 0
    count = reindex(session)
    session.execute(insert(PhoneKey), [{"kind": _MARK, "record_id": 0, "key": mark}])
    session.commit()
    return count
