"""Column maps: how somebody else's columns, and rows, become ours.

A small shop keeps its order book as one sheet: a row a line, the order's number, customer and address written once, in
cells merged over its lines or left empty below. `fill_down` writes them out again, `distinct` makes one record of all
rows with the same key, so that one sheet gives orders and lines.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from flask_babel import force_locale
from flask_babel import gettext as _

from app.engine.fields import Field
from app.engine.refusals import Refused


def reason_headings() -> list[str]:
    """The heading of the column in which refused rows bear why, in every language: such a column is not read."""
    found = []
    for language in ("en", "zh"):
        with force_locale(language):
            found.append(_("Refused because"))
    return found


@dataclass(frozen=True)
class Row:
    """A row to be read as a record: its number in the spreadsheet, its cells, and what speaks against it."""

    number: int
    cells: list[str]
    #: their column -> sentence
    clashes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ColumnMap:
    """A YAML file: `columns`, `constants`, `values`, `formats`, `joined`, `fill_down`, `distinct`."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: strptime patterns of moments that are not ISO 8601, by our column
    formats: dict[str, str] = field(default_factory=dict)
    #: our column -> several of theirs, whose cells are put together with a hyphen, empty ones left out
    joined: dict[str, list[str]] = field(default_factory=dict)
    #: their columns that are empty where the row goes on with the block above; the first tells the blocks apart
    fill_down: list[str] = field(default_factory=list)
    #: their columns by which rows are one record
    distinct: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: str) -> ColumnMap:
        """Raises `Refused` for a file that is no such map."""
        try:
            raw = yaml.safe_load(Path(path).read_text("utf-8"))
        except (yaml.YAMLError, OSError, UnicodeDecodeError):
            raise _no_map() from None
        return cls.read(raw)

    @classmethod
    def read(cls, raw: Any) -> ColumnMap:
        """The map written as plain lists and mappings. Raises `Refused`."""
        try:
            found = cls(**(raw or {}))
            found.fill_down, found.distinct = _names(found.fill_down), _names(found.distinct)
            found.joined = {str(ours): _names(theirs) for ours, theirs in found.joined.items()}
            found.columns = {str(theirs): str(ours) for theirs, ours in found.columns.items()}
            found.constants = {str(ours): value for ours, value in found.constants.items()}
            found.formats = {str(ours): str(form) for ours, form in found.formats.items()}
            found.values = {
                str(ours): {str(theirs): value for theirs, value in pairs.items()}
                for ours, pairs in found.values.items()
            }
        except (TypeError, AttributeError):
            raise _no_map() from None
        return found

    def translate(self, ours: str, cell: str) -> str:
        pairs = self.values.get(ours)
        if pairs is None:
            return cell
        return str(pairs.get(cell, pairs.get("*", cell)))

    @property
    def theirs(self) -> list[str]:
        """Every column of the file that the map names."""
        joined = itertools.chain(*self.joined.values())
        return list(dict.fromkeys((*self.columns, *joined, *self.fill_down, *self.distinct)))

    def fits(self, headings: list[str], fields: Mapping[str, Field]) -> int:
        """How many columns of a table are understood: none where one is missing that the map names."""
        if self.columns or self.joined:
            return len(self.theirs) if set(self.theirs) <= set(headings) else 0
        known = known_words(fields)
        return sum(_meant(heading, known) is not None for heading in headings)

    def arranged(self, headings: list[str], rows: Iterable[list[str]], first: int) -> Iterator[Row]:
        """The rows that are records, written out in full, with their numbers; empty rows are passed over."""
        filled = [headings.index(name) for name in self.fill_down]
        keys = [headings.index(name) for name in self.distinct]
        compared = [i for i, name in enumerate(headings) if name in self.columns or name in self._joined]
        block: list[str] = []
        seen: dict[tuple[str, ...], Row] = {}
        for number, cells in enumerate(rows, first):
            if not any(cell.strip() for cell in cells):
                continue
            if filled:
                cells = [*cells, *[""] * (len(headings) - len(cells))]
                if not block or cells[filled[0]].strip() not in ("", block[filled[0]].strip()):
                    block = cells  # another order: what it leaves empty is empty
                for i in filled:
                    cells[i] = cells[i] if cells[i].strip() else block[i]
            row = Row(number, cells)
            if not keys:
                yield row
                continue
            key = tuple(_cell(cells, i) for i in keys)
            if key in seen and any(key):
                clashes = self._clashes(headings, seen[key], row, compared)
                if clashes:
                    yield Row(number, cells, clashes)
                continue
            seen[key] = row
            yield row

    @property
    def _joined(self) -> set[str]:
        return set(itertools.chain(*self.joined.values()))

    def _clashes(self, headings: list[str], first: Row, row: Row, compared: list[int]) -> dict[str, str]:
        """What a further row of a record says otherwise than its first one."""
        return {
            headings[i]: _(
                "“%(value)s” is not what row %(row)s says, which has the same %(key)s.",
                value=_cell(row.cells, i)[:60],
                row=first.number,
                key=", ".join(self.distinct),
            )
            for i in compared
            if _cell(row.cells, i) not in ("", _cell(first.cells, i))
        }


def _cell(cells: list[str], position: int) -> str:
    return cells[position].strip() if position < len(cells) else ""


def _names(raw: Any) -> list[str]:
    """One name or a list of such."""
    if isinstance(raw, str):
        return [raw]
    if not isinstance(raw, list):
        raise TypeError
    return [str(name) for name in raw]


def _no_map() -> Refused:
    return Refused(
        _(
            "The map needs `columns`, `constants`, `values`, `formats`, `joined`, `fill_down` or `distinct`, and"
            " nothing else."
        )
    )


def known_words(fields: Mapping[str, Field]) -> dict[str, str]:
    """What a heading may say, in small letters -> our column."""
    known: dict[str, str] = {}
    for language in ("zh", "en"):
        with force_locale(language):
            for name, field_ in fields.items():
                for word in (name, *field_.aliases, str(field_.label)):
                    known.setdefault(word.strip().lower(), name)
    return known


#: What an amount is in, as our own sheets and many a ledger say it behind its heading.
_UNIT = re.compile(r"\s*[(（][^()（）]*[)）]$")


def _meant(heading: str, known: Mapping[str, str]) -> str | None:
    """Our column that a heading means, with or without a unit; None for none."""
    word = heading.strip().lower()
    return known.get(word) or known.get(_UNIT.sub("", word))


@dataclass(frozen=True)
class Assigned:
    """Which cell goes where."""

    #: position -> our column
    names: dict[int, str]
    #: our column -> positions that are put together
    joined: dict[str, list[int]]
    #: the rows that are records, and the number the first of them has in a spreadsheet
    rows: Iterator[list[str]]
    first: int
    #: our column -> what the file calls it
    theirs: dict[str, str]

    def raw(self, cells: list[str]) -> dict[str, str]:
        """The cells of a row by our columns."""
        found = {name: cells[i] if i < len(cells) else "" for i, name in self.names.items()}
        for name, positions in self.joined.items():
            found[name] = "-".join(filter(None, (_cell(cells, i) for i in positions)))
        return found


def assign(headings: list[str], rows: Iterable[list[str]], mapping: ColumnMap, fields: Mapping[str, Field]) -> Assigned:
    """Which of the file's columns is which of ours. Raises `Refused` naming the one that is not understood.

    In our own empty sheet the machine names of the second row beat the headings, in whatever language those are.
    """
    rows = iter(rows)
    head = next(rows, None)
    machine = [cell.strip() for cell in head or ()]
    if machine and set(machine) - {""} <= fields.keys() and any(machine) and not mapping.columns:
        names = {i: name for i, name in enumerate(machine) if name}
        return Assigned(names, {}, rows, 3, {name: headings[i] for i, name in names.items()})
    names, joined = _assign(headings, mapping, fields)
    theirs = {name: ", ".join(headings[i] for i in positions) for name, positions in joined.items()}
    theirs |= {name: headings[i] for i, name in names.items()}
    return Assigned(names, joined, rows if head is None else itertools.chain([head], rows), 2, theirs)


def _assign(
    headings: list[str], mapping: ColumnMap, fields: Mapping[str, Field]
) -> tuple[dict[int, str], dict[str, list[int]]]:
    """With a map only its columns are read; without one an unknown heading is refused."""
    known = known_words(fields)
    if wrong := [
        ours
        for ours in [*mapping.columns.values(), *mapping.constants, *mapping.joined]
        if ours not in fields and ours.lower() not in known
    ]:
        raise Refused(
            _(
                "The map names a column we do not have: %(name)s. Ours are: %(names)s.",
                name=wrong[0],
                names=", ".join(fields),
            )
        )
    for name in ("constants", "values", "formats", "joined"):
        named = getattr(mapping, name)
        setattr(mapping, name, {known.get(ours.lower(), ours): value for ours, value in named.items()})
    if missing := [theirs for theirs in mapping.theirs if theirs not in headings]:
        raise Refused(_("The file has no column “%(name)s”, which the map names.", name=missing[0]))
    names: dict[int, str] = {}
    told = reason_headings()
    for position, heading in enumerate(headings):
        ours = mapping.columns.get(heading)
        if ours is None and not (mapping.columns or mapping.joined) and heading.strip() not in told:
            ours = _meant(heading, known)
            if ours is None and heading.strip():
                raise Refused(
                    _("Unknown column “%(name)s”. Known are: %(names)s.", name=heading[:60], names=", ".join(fields))
                )
        if ours is not None:
            ours = known.get(ours.lower(), ours)
            if ours in names.values() or ours in mapping.joined:
                raise Refused(_("The column “%(name)s” comes twice.", name=ours))
            names[position] = ours
    if not names and not mapping.joined:
        raise Refused(_("None of the columns is known. Known are: %(names)s.", names=", ".join(fields)))
    return names, {ours: [headings.index(one) for one in theirs] for ours, theirs in mapping.joined.items()}
