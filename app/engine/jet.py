"""Microsoft Access files (`.mdb` since Access 2000, `.accdb`): their tables, read as text without Access.

Jet keeps everything in pages of 4 KiB: page 2 defines the catalogue, a table's definition names the pages that hold its
rows. Queries, forms, reports, modules, linked and system tables are passed over. What comes is a stranger's: every
chain of pages is followed to an end, and no more is unfolded than `most`. docs/decisions/0008-moving-in.md says why
this is no library.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _

from app.engine.refusals import Refused

PAGE = 4096
#: What all tables of a file may unfold to, in bytes: memos that point at one another would fill the machine.
MOST_READ = 512 << 20
_CATALOGUE = 2  # the page of MSysObjects
_DATA, _DEFINITION, _USAGE = b"\x01\x01", b"\x02\x01", b"\x05\x01"
_OFFSET, _POINTER, _SKIP = 0x1FFF, 0x4000, 0x8000
_SYSTEM = 0x8000000A  # flags of tables that people never see: system, hidden
_DAY_NOUGHT = datetime(1899, 12, 30)

BOOLEAN, BYTE, SHORT, LONG, MONEY, SINGLE, DOUBLE, MOMENT, BINARY, TEXT, OLE, MEMO = range(1, 13)
GUID, NUMERIC, COMPLEX, BIG = 15, 16, 18, 19
_FIXED = {BYTE: "<B", SHORT: "<h", LONG: "<i", MONEY: "<q", SINGLE: "<f", DOUBLE: "<d", MOMENT: "<d", COMPLEX: "<i",
          BIG: "<q"}  # fmt: skip
#: What damaged bytes make of reading them.
_DAMAGE = (struct.error, IndexError, ValueError, OverflowError, ArithmeticError)


def is_access(raw: bytes) -> bool:
    """Whether a file begins like one of Access's, whatever its name."""
    return raw[4:19] in (b"Standard Jet DB", b"Standard ACE DB")


@dataclass(frozen=True)
class JetColumn:
    """A column as its table defines it; `bit` is its place in a row's mask of filled cells."""

    name: str
    type: int
    bit: int
    fixed: bool
    #: a fixed cell's place in the row, or a varying one's number
    place: int
    scale: int


@dataclass(frozen=True)
class JetTable:
    """A table people see in Access: where it is defined, and its columns in their order."""

    name: str
    page: int
    columns: list[JetColumn]
    #: where the map of its pages lies: page and row
    usage: tuple[int, int]
    #: how many rows it says it has
    count: int

    @property
    def headings(self) -> list[str]:
        return [column.name for column in self.columns]


class JetFile:
    """An opened Access file. Raises `Refused` with one sentence for whatever cannot be read."""

    def __init__(self, raw: bytes, most: int = MOST_READ):
        self.raw, self.most, self.read = raw, most, 0
        if not is_access(raw) or len(raw) < 3 * PAGE:
            raise _broken()
        if raw[0x14] == 0:
            raise Refused(_("The file was made by Access 97 or older; open it in Access and save it in a newer form."))
        head = _unmasked(raw[0x18:0x98])
        if _has_password(head):
            raise Refused(
                _("The Access file is protected by a password; take the password away in Access and save it again.")
            )
        if len(raw) % PAGE:
            raise Refused(_("The Access file is cut short; please copy it once more."))
        self.tables = {table.name: table for table in self._tables()}

    def rows(self, table: JetTable) -> Iterator[list[str]]:
        """The rows of a table in the order they lie in the file, every cell as text; an empty one is empty.

        Money and numbers are exact, moments are written as in ISO 8601, yes and no as true and false.
        """
        count = 0
        try:
            for record in self._records(table):
                count += 1
                yield [self._cell(column, record) for column in table.columns]
        except _DAMAGE:
            raise _broken() from None
        if count != table.count:  # rows lost on the way would be missed by nobody
            raise _broken()

    def _tables(self) -> list[JetTable]:
        try:
            catalogue = self._definition("MSysObjects", _CATALOGUE)
            places = {name: catalogue.headings.index(name) for name in ("Id", "Name", "Type", "Flags")}
            found = []
            for row in list(self.rows(catalogue)):
                name, flags = row[places["Name"]], int(row[places["Flags"]] or 0)
                # Type 1 is a table of this file; 4 and 6 are linked ones, 5 a query, negative ones forms and the like.
                if row[places["Type"]] != "1" or flags & _SYSTEM or name.startswith(("MSys", "USys", "~")):
                    continue
                found.append(self._definition(name, int(row[places["Id"]]) & 0xFFFFFF))
            return sorted(found, key=lambda table: table.name)
        except _DAMAGE:
            raise _broken() from None

    def _page(self, number: int, kind: bytes) -> bytes:
        page = self.raw[number * PAGE : (number + 1) * PAGE]
        if len(page) < PAGE or not page.startswith(kind):
            raise _broken()
        return page

    def _definition(self, name: str, number: int) -> JetTable:
        page = self._page(number, _DEFINITION)
        parts, seen = [page], {number}
        while following := int.from_bytes(page[4:8], "little"):
            if following in seen:
                raise _broken()
            seen.add(following)
            page = self._page(following, _DEFINITION)
            parts.append(page[8:])
        about = b"".join(parts)
        (count,), (indexes,) = struct.unpack_from("<H", about, 45), struct.unpack_from("<I", about, 51)
        start = 63 + 12 * indexes
        names = self._names(about, start + 25 * count, count)
        columns = []
        for position in range(count):
            place = start + 25 * position
            kind, bit, varying, order = struct.unpack_from("<B4xHHH", about, place)
            offset = struct.unpack_from("<H", about, place + 21)[0]
            fixed = bool(about[place + 15] & 1)
            column = JetColumn(names[position], kind, bit, fixed, offset if fixed else varying, about[place + 12])
            columns.append((order, position, column))
        where = struct.unpack_from("<I", about, 55)[0]
        ordered = [column for _order, _position, column in sorted(columns, key=lambda found: found[:2])]
        (rows,) = struct.unpack_from("<I", about, 16)
        return JetTable(name, number, ordered, (where >> 8, where & 255), rows)

    def _names(self, about: bytes, start: int, count: int) -> list[str]:
        names = []
        for _column in range(count):
            (length,) = struct.unpack_from("<H", about, start)
            names.append(about[start + 2 : start + 2 + length].decode("utf-16-le"))
            start += 2 + length
        return names

    def _pages_of(self, table: JetTable) -> Iterator[int]:
        """The pages a table owns, from its map: one map from a page on, or a list of pages full of such."""
        content = self._at(*table.usage)
        pages = len(self.raw) // PAGE
        if content[0] == 0:
            yield from _marked(content[5:], int.from_bytes(content[1:5], "little"), pages)
        else:
            for n, (number,) in enumerate(struct.iter_unpack("<I", content[1 : 1 + (len(content) - 1) // 4 * 4])):
                if number:
                    yield from _marked(self._page(number, _USAGE)[4:], n * (PAGE - 4) * 8, pages)

    def _at(self, number: int, row: int) -> bytes:
        """What lies in one row of a page, whatever that row is."""
        page = self._page(number, _DATA)
        (count,) = struct.unpack_from("<H", page, 12)
        if row >= count:
            raise _broken()
        begin, end = _extent(page, row)
        return page[begin:end]

    def _records(self, table: JetTable) -> Iterator[bytes]:
        for number in self._pages_of(table):
            page = self.raw[number * PAGE : (number + 1) * PAGE]
            if not page.startswith(_DATA) or int.from_bytes(page[4:8], "little") != table.page:
                continue
            (count,) = struct.unpack_from("<H", page, 12)
            for row in range(count):
                (flags,) = struct.unpack_from("<H", page, 14 + 2 * row)
                if flags & _SKIP:  # deleted, or reached by the pointer it was moved away from
                    continue
                begin, end = _extent(page, row)
                record = page[begin:end]
                if flags & _POINTER:
                    record = self._at(int.from_bytes(record[1:4], "little"), record[0])
                self._count(len(record) + 1)
                yield record

    def _count(self, size: int) -> None:
        self.read += size
        if self.read > self.most:
            raise Refused(_("The Access file unfolds to more than can be read."))

    def _cell(self, column: JetColumn, record: bytes) -> str:
        (count,) = struct.unpack_from("<H", record)
        mask = record[-((count + 7) // 8) :]
        filled = column.bit < count and bool(mask[column.bit // 8] & 1 << column.bit % 8)
        if column.type == BOOLEAN:
            return "true" if filled else "false"
        content = self._content(column, record, len(record) - len(mask)) if filled else b""
        if not content:
            return ""
        text = self._text(column, content)
        self._count(len(text))
        return text

    def _content(self, column: JetColumn, record: bytes, end: int) -> bytes:
        if column.fixed:
            size = struct.calcsize(_FIXED[column.type]) if column.type in _FIXED else 17
            return record[2 + column.place : 2 + column.place + size]
        (varying,) = struct.unpack_from("<H", record, end - 2)
        if column.place >= varying:  # the column was added after the row
            return b""
        after, begin = struct.unpack_from("<HH", record, end - 2 - 2 * (column.place + 2))
        return record[begin:after]

    def _text(self, column: JetColumn, content: bytes) -> str:
        kind = column.type
        if kind in (TEXT, MEMO):
            return _decoded(self._long(content) if kind == MEMO else content)
        if kind in (BINARY, OLE):
            return ""  # pictures and embedded documents are no text
        if kind == GUID:
            return str(UUID(bytes_le=content[:16]))
        if kind == NUMERIC:
            number = int.from_bytes(struct.pack(">4I", *struct.unpack("<4I", content[1:17])), "big")
            return f"{Decimal(-number if content[0] else number).scaleb(-column.scale):f}"
        if kind not in _FIXED:
            return ""
        (value,) = struct.unpack_from(_FIXED[kind], content)
        if kind == MONEY:
            return f"{Decimal(value).scaleb(-4):f}"
        if kind == MOMENT:
            return _moment(value)
        if kind in (SINGLE, DOUBLE):
            return _number(value, kind)
        return str(value)

    def _long(self, pointer: bytes) -> bytes:
        """A memo: in the row itself, in a row of its own, or in a chain of them."""
        length, where = struct.unpack_from("<II", pointer)
        how, length = length & 0xC0000000, length & 0x3FFFFFFF
        if how & 0x80000000:
            return pointer[12 : 12 + length]
        if how & 0x40000000:
            return self._at(where >> 8, where & 255)[:length]
        parts: list[bytes] = []
        size, seen = 0, set[int]()
        while where and size < length:
            if where in seen:
                raise _broken()
            seen.add(where)
            piece = self._at(where >> 8, where & 255)
            where = int.from_bytes(piece[:4], "little")
            parts.append(piece[4:])
            size += len(piece) - 4
            self._count(len(piece))
        return b"".join(parts)[:length]


def _broken() -> Refused:
    return Refused(_("The Access file is broken; open it in Access, let it be compacted and repaired, and try again."))


def _extent(page: bytes, row: int) -> tuple[int, int]:
    """Where a row of a page begins and ends: rows are laid down from the end of the page."""
    begin = struct.unpack_from("<H", page, 14 + 2 * row)[0] & _OFFSET
    end = struct.unpack_from("<H", page, 12 + 2 * row)[0] & _OFFSET if row else PAGE
    if not 14 <= begin <= end <= PAGE:
        raise _broken()
    return begin, end


def _marked(bits: bytes, first: int, pages: int) -> Iterator[int]:
    for n, byte in enumerate(bits):
        for bit in range(8) if byte else ():
            if byte & 1 << bit:
                if first + 8 * n + bit >= pages:
                    raise _broken()
                yield first + 8 * n + bit


def _decoded(content: bytes) -> str:
    """A text in UTF-16, or squeezed: two bytes say so, then runs of one byte and of two a character, a nought between.

    Chinese with numbers or Latin letters in it is kept that way.
    """
    if content[:2] != b"\xff\xfe":
        return content[: len(content) // 2 * 2].decode("utf-16-le", "replace").replace("\r\n", "\n")
    parts, single, place, end = [], True, 2, len(content)
    while place < end:
        if single:
            stop = content.find(b"\x00", place)
            stop = end if stop < 0 else stop
            parts.append(content[place:stop].decode("latin-1"))
        else:
            stop = place
            while stop + 1 < end and content[stop]:
                stop += 2
            parts.append(content[place:stop].decode("utf-16-le", "replace"))
            if stop < end and content[stop]:
                break  # half a character at the end
        place, single = stop + 1, not single
    return "".join(parts).replace("\r\n", "\n")


def _moment(days: float) -> str:
    """Days since 1899-12-30; the part of a day counts on from midnight before that, too. Kept to the second."""
    if not math.isfinite(days):
        return ""
    whole = math.trunc(days)
    moment = _DAY_NOUGHT + timedelta(days=whole, seconds=round(abs(days - whole) * 86400))
    return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat(sep=" ")


def _number(value: float, kind: int) -> str:
    """The shortest number that is kept in these bytes: 0.15, not 0.15000000596046448."""
    if not math.isfinite(value):
        return ""
    text = repr(value)
    if kind == SINGLE:
        text = next(
            short
            for digits in range(1, 18)
            if struct.pack("<f", float(short := f"{value:.{digits}g}")) == struct.pack("<f", value)
        )
    number = Decimal(text)
    return f"{number:.0f}" if number == number.to_integral_value() else f"{number:f}"


def _unmasked(head: bytes) -> bytes:
    """The part of the first page that Access hides, always by the same RC4 key."""
    key, box = b"\xc7\xda\x39\x6b", list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % 4]) & 255
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in head:
        i = (i + 1) & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) & 255])
    return bytes(out)


def _has_password(head: bytes) -> bool:
    """Whether the pages are enciphered, or a password is set; `head` begins at byte 0x18 of the file."""
    if any(head[0x3E - 0x18 : 0x42 - 0x18]):
        return True
    (made,) = struct.unpack_from("<d", head, 0x72 - 0x18)
    mask = struct.pack("<i", int(made)) if math.isfinite(made) and abs(made) < 2**31 else bytes(4)
    password = head[0x42 - 0x18 : 0x6A - 0x18]
    return any(byte ^ mask[n % 4] for n, byte in enumerate(password))
