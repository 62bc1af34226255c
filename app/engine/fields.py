"""Fields: what a column means to people, written once beside the column.

Forms, lists, filters, history, the API, import and export all read a model's `fields_of`; none keeps a list of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Boolean, Date, Enum, ForeignKey, Integer, String, Text, inspect
from sqlalchemy.orm import MappedColumn, RelationshipProperty, mapped_column
from sqlalchemy.types import TypeEngine

from app.engine import money
from app.engine.moments import Moment, parse_date, parse_moment
from app.engine.paper import manuscript

#: The kinds of field there are; each knows how a raw value is read and how it is shown.
KINDS = (
    "line", "prose", "number", "integer", "quantity", "price", "money", "rate", "date", "moment", "flag", "choice",
    "reference", "rich",
)  # fmt: skip

#: Those whose values are words.
TEXTS = ("line", "prose", "number", "rich")

MAX_INTEGER = 2**31 - 1


class Live(Mapping[str, Any]):
    """Choices read anew each time: what the house calls things that are still being put together."""

    def __init__(self, read: Callable[[], Mapping[str, Any]]):
        self._read = read

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


@dataclass(frozen=True)
class Field:
    """One field of a record as people know it."""

    label: Any
    kind: str
    name: str = ""
    column: str = ""
    required: bool = False
    help: Any = ""
    length: int | None = None
    places: int = 0
    choices: Mapping[str, Any] | None = None
    #: the model a reference points to
    target: type | None = None
    #: found by the search box
    search: bool = False
    #: written by the house alone (numbers, states, totals): no form asks for it
    derived: bool = False
    #: other headings understood in an import sheet
    aliases: tuple[str, ...] = ()
    least: Decimal | None = None
    #: the right without which the field does not exist for somebody; empty: it comes with the record
    right: str = ""
    #: the right without which somebody may read it and not change it; empty: it changes with the record
    set_by: str = ""
    #: shown in part (a telephone number) until it is revealed, which is logged
    masked: bool = False
    #: a telephone number by which, in full, the record is found (`phones`)
    dialled: bool = False
    #: brings a text into the one form it is kept and looked for in
    tidy: Callable[[str], str] | None = None

    def clean(self, raw: Any) -> Any:
        """The stored value for what was typed, imported or sent as JSON; None for an empty one.

        References are not looked up here. Raises `ValueError` with a plain sentence.
        """
        if raw is None or (isinstance(raw, str) and raw == "") or raw == []:
            return None
        if isinstance(raw, str) and self.kind not in TEXTS and not raw.strip():
            return None
        return _CLEANERS[self.kind](self, raw)

    def text(self, value: Any) -> str:
        """The stored value as exact text that `clean` reads back: for sheets, history and the API."""
        if value is None:
            return ""
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def words(self, value: Any) -> str:
        """The stored value without any marks of how it is set: to search in, and for sheets people read."""
        return manuscript.plain(value) if self.kind == "rich" else str(value)

    def choice_label(self, value: str | None) -> str:
        return "" if value is None else str((self.choices or {}).get(value, value))


def whole(text: Any) -> int | None:
    """The number that a key, a version or a page in an address is: plain digits, as many as a key has; else None.

    `²` is a digit to `isdigit` and no number to `int`, which also refuses thousands of digits.
    """
    return int(text) if isinstance(text, str) and len(text) <= 10 and text.isascii() and text.isdigit() else None


#: Halves of characters, which no encoding writes.
_HALVES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether a database can hold the text at all: no NUL and no half of a character in it."""
    return "\x00" not in text and _HALVES.search(text) is None


#: Letters and digits as wide as Chinese characters, as some input methods write them.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}


def _text(field: Field, raw: Any) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueError(_("A text is needed here."))
    text = str(raw)
    if "\x00" in text:
        raise ValueError(_("The text holds a NUL character, which cannot be stored; please delete it."))
    if _HALVES.search(text):
        raise ValueError(_("The text holds half of a character, which cannot be stored; please type it again."))
    if field.masked and "****" in text:
        raise ValueError(_("This is the masked number; send it in full or leave it out."))
    if field.kind == "number":  # nobody sees a blank at its end or how wide it is: two that look alike are one
        text = text.strip().translate(_NARROW)
    text = field.tidy(text) if field.tidy else text
    if field.length and len(text) > field.length:
        raise ValueError(
            _(
                "The text has %(count)s characters; at most %(most)s fit here.",
                count=len(text),
                most=field.length,
            )
        )
    return text if text.strip() else None


def _rich(field: Field, raw: Any) -> str | None:
    text = manuscript.clean(_text(replace(field, length=None), raw) or "")
    return _text(field, text) if manuscript.plain(text).strip() else None


def _integer(field: Field, raw: Any) -> int:
    try:
        if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
            raise ValueError
        number = int(unicodedata.normalize("NFKC", raw).strip()) if isinstance(raw, str) else int(raw)
    except (ValueError, OverflowError, TypeError):
        raise ValueError(_("“%(text)s” is not a whole number.", text=str(raw)[:40])) from None
    _at_least(field, Decimal(number))
    if abs(number) > MAX_INTEGER:
        raise ValueError(_("The number %(text)s is too large.", text=str(raw)[:40]))
    return number


def _at_least(field: Field, number: Decimal) -> None:
    if field.least is not None and number < field.least:
        raise ValueError(_("The number must be %(least)s or more.", least=field.least))


def _decimal(field: Field, raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueError(_("A number is needed here."))
    # A JSON number arrives as a float; its shortest text is what was sent.
    text = raw if isinstance(raw, str) else format(Decimal(str(raw)), "f")
    number = money.rounded(money.parse(text), field.places)
    _at_least(field, number)
    return number


def _date(field: Field, raw: Any) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    return raw if isinstance(raw, date) else parse_date(str(raw))


def _moment(field: Field, raw: Any) -> datetime:
    return raw if isinstance(raw, datetime) else parse_moment(str(raw))


_TRUE = {"true", "1", "yes", "y", "on", "是", "真", "√"}
_FALSE = {"false", "0", "no", "n", "off", "否", "假"}


def _flag(field: Field, raw: Any) -> bool:
    word = str(raw).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(_("“%(text)s” is neither yes nor no.", text=str(raw)[:40]))


def _choice(field: Field, raw: Any) -> str:
    choices = field.choices or {}
    word = str(raw).strip()
    if word in choices:
        return word
    for value, label in choices.items():
        if word == str(label):
            return value
    raise ValueError(
        _("“%(text)s” is not one of: %(choices)s.", text=str(raw)[:40], choices=", ".join(map(str, choices)))
    )


def _reference(field: Field, raw: Any) -> Any:
    return raw


_CLEANERS: dict[str, Callable[[Field, Any], Any]] = {
    "line": _text, "prose": _text, "number": _text, "integer": _integer, "quantity": _decimal, "price": _decimal,
    "money": _decimal, "rate": _decimal, "date": _date, "moment": _moment, "flag": _flag, "choice": _choice,
    "reference": _reference, "rich": _rich,
}  # fmt: skip

_DECIMALS: dict[str, tuple[type, int]] = {
    "money": (money.Money, 2),
    "price": (money.UnitPrice, 4),
    "quantity": (money.Quantity, 3),
    "rate": (money.Rate, 6),
}


def _column(kind: str, label: Any, sql: TypeEngine | type, *more: Any, **options: Any) -> MappedColumn[Any]:
    """A mapped column that carries its `Field`; `options` are split between the two."""
    about = {
        key: options.pop(key)
        for key in (
            "required",
            "help",
            "search",
            "derived",
            "aliases",
            "length",
            "choices",
            "places",
            "least",
            "right",
            "set_by",
            "masked",
            "dialled",
            "tidy",
        )
        if key in options
    }
    field = Field(label, kind, **about)
    if field.search and (field.right or field.masked):
        raise ValueError(f"{label}: what not everybody may know cannot be found by everybody")
    return mapped_column(sql, *more, nullable=not field.required, info={"field": field}, **options)


def line(label: Any, length: int = 200, **options: Any) -> MappedColumn[Any]:
    """One line of text."""
    return _column("line", label, String(length), length=length, **options)


def prose(label: Any, length: int = 20_000, **options: Any) -> MappedColumn[Any]:
    """Text of several lines."""
    return _column("prose", label, Text(), length=length, **options)


def rich(label: Any, length: int = 200_000, **options: Any) -> MappedColumn[Any]:
    """The text of a paper with paragraphs, a few emphases and tables (`app.engine.paper.manuscript`).

    `length` counts what is stored, tags and all.
    """
    return _column("rich", label, Text(), length=length, **options)


def number(label: Any, length: int = 100, **options: Any) -> MappedColumn[Any]:
    """A number that is a name (receipt number, telephone): always text, digits never counted with."""
    return _column("number", label, String(length), length=length, **options)


def phone(label: Any, length: int = 60, **options: Any) -> MappedColumn[Any]:
    """A telephone number: shown in part, revealed on record, and found by the number in full alone."""
    return number(label, length, masked=True, dialled=True, **options)


def integer(label: Any, **options: Any) -> MappedColumn[Any]:
    return _column("integer", label, Integer(), **options)


def decimal(kind: str, label: Any, **options: Any) -> MappedColumn[Any]:
    """An exact number: `money` (yuan, 2 places), `price` (4), `quantity` (3) or `rate` (6)."""
    sql, places = _DECIMALS[kind]
    return _column(kind, label, sql(), places=places, **options)


def day(label: Any, **options: Any) -> MappedColumn[Any]:
    return _column("date", label, Date(), **options)


def moment(label: Any, **options: Any) -> MappedColumn[Any]:
    return _column("moment", label, Moment(), **options)


def flag(label: Any, **options: Any) -> MappedColumn[Any]:
    options.setdefault("default", False)
    return _column("flag", label, Boolean(), **options)


def choice(label: Any, choices: Mapping[str, Any], name: str, **options: Any) -> MappedColumn[Any]:
    """One of `choices` (stored word -> label); the database refuses any other. `name` names the constraint."""
    sql = Enum(*choices, native_enum=False, create_constraint=True, length=30, name=name)
    return _column("choice", label, sql, choices=choices, **options)


def word(label: Any, choices: Mapping[str, Any], **options: Any) -> MappedColumn[Any]:
    """One of `choices` that grow while the house is put together, so that the database cannot know them."""
    return _column("choice", label, String(40), choices=choices, **options)


def reference(label: Any, to: str, **options: Any) -> MappedColumn[Any]:
    """A reference to another record; the relationship over the same column gives the field its name."""
    options.setdefault("index", True)
    # Two tables that refer to each other: one of the constraints is made after both.
    late = options.pop("late", None)
    key = ForeignKey(to, use_alter=True, name=late) if late else ForeignKey(to)
    return _column("reference", label, Integer(), key, **options)


_fields: dict[Any, dict[str, Field]] = {}


def fields_of(model: Any) -> dict[str, Field]:
    """The fields of a model by name, in the order of declaration; a reference bears its relationship's name."""
    if model in _fields:
        return _fields[model]
    mapper: Any = inspect(model)
    owners: dict[str, RelationshipProperty] = {}
    for relation in mapper.relationships:
        if relation.direction.name == "MANYTOONE":
            for column in relation.local_columns:
                owners.setdefault(column.key, relation)
    found: dict[str, Field] = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        field: Field | None = column.info.get("field")
        if field is None:
            continue
        if field.kind == "reference":
            relation = owners[attribute.key]
            found[relation.key] = replace(field, name=relation.key, column=attribute.key, target=relation.mapper.class_)
        else:
            found[attribute.key] = replace(field, name=attribute.key, column=attribute.key)
    _fields[model] = found
    return found
