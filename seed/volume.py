"""Volume data: the demo office's own papers, orders and calls again and again, over three years.

Every copy has its own number, days and words; what is older than two months is a copy of something closed. Rows are
handed to the database in bulk, past the records: they have no history of their own and no payments, shipments or
reservations, and the sums of an order are those of the order it was copied from.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Date, Table, UniqueConstraint, func, select, text
from sqlalchemy.orm import Session

from app.engine import moments
from app.engine.clocks import ClockRow, ClockSegment
from app.engine.fulltext import rebuild, searchable, searched
from app.engine.moments import Moment
from models.assignments import Assignment
from models.circulation import Circulation
from models.customers import Customer
from models.dispatch import DispatchOrder
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.instructions import LeaderInstruction
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.tickets import ServiceTicket
from seed import volume_words

#: How far back the copies reach, and up to what age there are open ones among them.
WEEKS, OPEN_WEEKS = 156, 8
BATCH = 20_000
#: What all copies lead to, as their patterns do; they lead to nothing else that is not copied along.
SHARED = {"person", "department", "region", "register", "correspondent", "article_version", "clock_rule"}
LAST_DIGITS = re.compile(r"\d+(?=\D*$)")
CLOCK, SEGMENT = ClockRow.__table__, ClockSegment.__table__


@dataclass(frozen=True)
class Family:
    """A kind of record and what goes along with each of its records."""

    root: Any
    #: how many there are at the full scale
    rows: int
    #: column -> words of its own
    words: dict[str, Callable[[random.Random], str]] = field(default_factory=dict)
    #: the kinds attached to it (child, column that leads to the root or to another child), parents first
    children: tuple[tuple[Any, str], ...] = ()
    #: column of any of them -> a family, one of whose records each copy gets by lot
    drawn: dict[str, Any] = field(default_factory=dict)
    #: a child of which each copy gets as many sets as `sets` says, told apart by the named column
    sets: tuple[Any, str, Callable[[random.Random], int]] | None = None
    #: a child of which a pattern has at least so many
    least: tuple[Any, int] | None = None


FAMILIES = (
    Family(Customer, 100_000, words={"name": volume_words.company}),
    Family(Product, 5_000),
    Family(
        IncomingDocument, 300_000, words={"title": volume_words.title},
        children=tuple((kind, "document_id") for kind in (Circulation, CirculationEntry, Assignment, LeaderInstruction)),
        sets=(CirculationEntry, "round", lambda dice: dice.choice((2, 3))), least=(CirculationEntry, 2),
    ),
    Family(
        Order, 1_000_000, children=((OrderLine, "order_id"),), least=(OrderLine, 3),
        drawn={"customer_id": Customer, "product_id": Product},
    ),
    Family(ServiceTicket, 500_000, words={"subject": volume_words.subject}, children=((DispatchOrder, "ticket_id"),)),
)  # fmt: skip


def load(session: Session, part: float, seed: int = 1, say: Callable[[str], None] = lambda words: None) -> None:
    """Multiply a demo office to `part` of a million orders and what goes with them. The caller commits."""
    connection = session.connection()
    dice = random.Random(seed)
    kinds = [kind for family in FAMILIES for kind in (family.root, *(child for child, _column in family.children))]
    sink = _Sink(connection, [*(kind.__table__ for kind in kinds), CLOCK, SEGMENT])
    with sink:
        for family in FAMILIES:
            count = int(family.rows * part)
            say(f"{family.root.kind_name}: {count:,}")
            _Copies(connection, family, dice, sink).make(count)
    for kind in filter(searched, kinds):
        say(f"{kind.kind_name}: searched")
        rebuild(connection, kind)


class _Sink:
    """Takes rows in bulk: indexes are made when all are there."""

    def __init__(self, connection: Connection, tables: Sequence[Table]):
        self.connection, self.tables = connection, tables
        self.rows: dict[Table, list[Any]] = {}
        self.postgres = connection.dialect.name == "postgresql"
        self.last = {table: connection.scalar(select(func.max(table.c.id))) or 0 for table in tables}
        #: kind of record -> the keys of its copies
        self.copied: dict[Any, list[int]] = {}

    def __enter__(self) -> None:
        for table in self.tables:
            for index in table.indexes:
                index.drop(self.connection)
        if self.postgres:  # what is copied refers to what there is; to look it up ten million times takes minutes
            self.connection.execute(text("SET LOCAL session_replication_role = replica"))

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            return
        self._write()
        for table in self.tables:
            for index in table.indexes:
                index.create(self.connection)
        if self.postgres:
            self.connection.execute(text("SET LOCAL session_replication_role = origin"))
            for table in self.tables:
                sequence = func.pg_get_serial_sequence(table.name, "id")
                last = select(func.max(table.c.id)).scalar_subquery()
                self.connection.execute(select(func.setval(sequence, last)))
        self.connection.execute(text("ANALYZE"))

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        rows = self.rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= BATCH:
            self._write()

    def next(self, table: Table) -> int:
        """A key for another row."""
        self.last[table] += 1
        return self.last[table]

    def _write(self) -> None:
        """Write what has come together, parents first."""
        for table in self.tables:
            rows = self.rows.pop(table, [])
            names = ", ".join(f'"{name}"' for name in _columns(table))
            if self.postgres:
                cursor: Any = self.connection.connection.cursor()
                with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            elif rows:
                places = ", ".join("?" * len(table.columns))
                self.connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)


@dataclass(frozen=True)
class _Row:
    """A row of the demo to copy, and what its copies do not share with it: places in the row, and how to fill them."""

    table: Table
    values: list[Any]
    moments: list[tuple[int, datetime]]
    days: list[tuple[int, date]]
    #: keys of what is copied along, and its table
    keys: list[tuple[int, Table]]
    #: keys that are drawn by lot, and the kind they lead to
    lots: list[tuple[int, Any]]
    numbers: list[int]
    words: list[tuple[int, Callable[[random.Random], str]]]
    #: where the set of a child stands of which a copy has several
    in_sets: int | None = None


class _Copies:
    """The copies of one family."""

    def __init__(self, connection: Connection, family: Family, dice: random.Random, sink: _Sink):
        self.connection, self.family, self.dice, self.sink = connection, family, dice, sink
        self.as_text = connection.dialect.name == "sqlite"
        self.today = moments.now().replace(tzinfo=None)
        self.kinds = [family.root, *(child for child, _column in family.children)]
        self.tables = {kind.__table__: kind for kind in self.kinds}
        self.copied_along = {*self.tables, CLOCK, SEGMENT}
        self.patterns = list(self._patterns())

    def make(self, count: int) -> None:
        """Copy until there are `count` records."""
        root = self.family.root.__table__
        wanted = max(count - (self.connection.scalar(select(func.count()).select_from(root)) or 0), 0)
        keys = self.sink.copied.setdefault(self.family.root, [])
        closed = [rows for rows in self.patterns if self._is_closed(rows[0])] or self.patterns
        for number in range(1, wanted + 1):
            weeks = WEEKS - number * WEEKS // wanted
            rows = self.dice.choice(self.patterns if weeks <= OPEN_WEEKS else closed)
            self._copy(rows, timedelta(weeks=weeks))
            keys.append(self.sink.last[root])

    def _copy(self, rows: list[_Row], back: timedelta) -> None:
        sets = self.family.sets[2](self.dice) if self.family.sets else 1
        new = {(row.table, row.values[0]): self.sink.next(row.table) for row in rows}
        for row in rows:
            for one in range(sets if row.in_sets is not None else 1):
                self._add(row, new, back, one)

    def _add(self, row: _Row, new: dict[tuple[Table, int], int], back: timedelta, one: int) -> None:
        values = list(row.values)
        values[0] = self.sink.next(row.table) if one else new[row.table, row.values[0]]
        for place, table in row.keys:
            values[place] = new.get((table, values[place]))
        for place, moment in row.moments:
            values[place] = self._stored(moment - back)
        for place, day in row.days:
            values[place] = self._stored(day - back)
        for place, kind in row.lots:
            values[place] = self.dice.choice(self.sink.copied[kind] or [values[place]])
        if row.in_sets is not None:
            values[row.in_sets] += one * 10
        for place in row.numbers:
            values[place] = self._numbered(row.values[place], values[0], back)
        for place, words in row.words:
            values[place] = words(self.dice)
        for place in (*row.numbers, *(place for place, _words in row.words)):  # what a copy is found by stands last
            values[-1] = values[-1].replace(searchable(row.values[place]), searchable(values[place]))
        self.sink.add(row.table, tuple(values))

    def _stored(self, value: date) -> Any:
        if not self.as_text:
            return value
        return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value.isoformat()

    def _numbered(self, number: str, key: int, back: timedelta) -> str:
        said = number.replace(str(self.today.year), str((self.today - back).year))
        return LAST_DIGITS.sub(str(key), said) if LAST_DIGITS.search(said) else f"{said}-{key}"

    def _is_closed(self, row: _Row) -> bool:
        return "closed_at" not in row.table.c or row.values[list(row.table.c.keys()).index("closed_at")] is not None

    def _patterns(self) -> Iterator[list[_Row]]:
        """Each record of the demo with all that is copied along, ready to be copied."""
        below: dict[Any, dict[int, list[_Row]]] = {}
        for kind, column in self.family.children:
            found = below.setdefault(kind, {})
            for row in self._rows(kind.__table__):
                found.setdefault(row.values[_place(kind.__table__, column)], []).append(row)
        clocks = self._clocks()
        for root in self._rows(self.family.root.__table__):
            key = root.values[0]
            if self.family.least and len(below[self.family.least[0]].get(key, ())) < self.family.least[1]:
                continue
            rows = [root, *(row for kind in self.kinds[1:] for row in below[kind].get(key, ()))]
            yield rows + [clock for row in rows for clock in clocks.get((row.table, row.values[0]), ())]

    def _clocks(self) -> dict[tuple[Table, int], list[_Row]]:
        """The clocks of a record and what they measured."""
        segments: dict[int, list[_Row]] = {}
        for row in self._rows(SEGMENT):
            segments.setdefault(row.values[_place(SEGMENT, "clock_id")], []).append(row)
        tables = {kind.kind_name: table for table, kind in self.tables.items()}
        found: dict[tuple[Table, int], list[_Row]] = {}
        for row in self._rows(CLOCK):
            table = tables.get(row.values[_place(CLOCK, "kind")])
            if table is not None:
                row.keys.append((_place(CLOCK, "record_id"), table))
                about = (table, row.values[_place(CLOCK, "record_id")])
                found.setdefault(about, []).extend((row, *segments.get(row.values[0], ())))
        return found

    def _rows(self, table: Table) -> list[_Row]:
        names = ", ".join(f'"{name}"' for name in _columns(table))
        rows = self.connection.exec_driver_sql(f"SELECT {names} FROM {table.name} ORDER BY id")
        return [self._row(table, list(values)) for values in rows]

    def _row(self, table: Table, values: list[Any]) -> _Row:
        row = _Row(table, values, [], [], [], [], [], [])
        root = self.family.root.__table__
        alone = {
            c.columns[0].name for c in table.constraints if isinstance(c, UniqueConstraint) and len(c.columns) == 1
        }
        for place, name in enumerate(_columns(table)):
            column, value = table.c[name], values[place]
            leads = next((key.column.table for key in column.foreign_keys), None)
            if value is None:
                continue
            if isinstance(column.type, Moment):
                row.moments.append((place, datetime.fromisoformat(value) if self.as_text else value))
            elif isinstance(column.type, Date):
                row.days.append((place, date.fromisoformat(value) if self.as_text else value))
            elif name in self.family.drawn:
                row.lots.append((place, self.family.drawn[name]))
            elif leads is not None and leads in self.copied_along and (table is not root or leads is not root):
                row.keys.append((place, leads))
            elif leads is not None and leads.name not in SHARED and column.nullable:
                values[place] = None
            elif name in alone:
                row.numbers.append(place)
            elif table is root and name in self.family.words:
                row.words.append((place, self.family.words[name]))
        sets = self.family.sets
        return replace(row, in_sets=_place(table, sets[1])) if sets and table is sets[0].__table__ else row


def _columns(table: Table) -> list[str]:
    """The columns of a row: as in the table, what it is found by last."""
    return sorted(table.c.keys(), key=lambda name: name == "search_text")


def _place(table: Table, name: str) -> int:
    return _columns(table).index(name)
