"""Small Access files made by hand, page by page, so that a test can put anything into them."""

from __future__ import annotations

import struct
from typing import Any

from app.engine import jet
from app.engine.jet import PAGE

MAPS = 3  # the page of the usage maps
FIXED = {jet.BYTE: "<B", jet.SHORT: "<h", jet.LONG: "<i", jet.MONEY: "<q", jet.SINGLE: "<f", jet.DOUBLE: "<d",
         jet.MOMENT: "<d"}  # fmt: skip
CATALOGUE = [("Id", jet.LONG), ("Name", jet.TEXT), ("Type", jet.SHORT), ("Flags", jet.LONG)]


def access_file(tables: dict[str, tuple[list[tuple[str, int]], list[list[Any]]]], password: str = "", more=()) -> bytes:
    """A file of these tables: name -> columns (name, type) and rows; cells are stored values, None for empty ones.

    `more` are rows of the catalogue: queries, system tables and the like.
    """
    pages: dict[int, bytes] = {}
    number = 4
    entries, maps = [*more], {}
    for name, (columns, rows) in tables.items():
        definition, number = number, number + 1
        owned = []
        for content in _data(definition, columns, rows):
            pages[number] = content
            owned.append(number)
            number += 1
        maps[definition] = owned
        pages[definition] = _definition(columns, len(rows), len(maps))
        entries.append([definition, name, 1, 0])
    listed = list(_data(2, CATALOGUE, entries))
    for content in listed:
        pages[number] = content
        number += 1
    pages[2] = _definition(CATALOGUE, len(entries), 0)
    owned = [list(range(number - len(listed), number)), *maps.values()]
    pages[MAPS] = data_page(0, [_usage(places) for places in owned])
    pages[0] = _head(password)
    return b"".join(pages.get(n, b"\x05\x01" + bytes(PAGE - 2)) for n in range(number))


def _head(password: str) -> bytes:
    plain = bytearray(0x80)
    coded = password.encode("utf-16-le")
    plain[0x42 - 0x18 : 0x42 - 0x18 + len(coded)] = coded
    return (b"\0\1\0\0Standard ACE DB\0\2\0\0\0" + jet._unmasked(bytes(plain))).ljust(PAGE, b"\0")


def _usage(places: list[int]) -> bytes:
    bits = bytearray(64)
    for place in places:
        bits[place // 8] |= 1 << place % 8
    return b"\0" + struct.pack("<I", 0) + bytes(bits)


def _definition(columns: list[tuple[str, int]], rows: int, usage: int) -> bytes:
    head = bytearray(63)
    head[0:2] = b"\2\1"
    struct.pack_into("<I", head, 16, rows)
    struct.pack_into("<H", head, 45, len(columns))
    struct.pack_into("<I", head, 55, MAPS << 8 | usage)
    body, names, offset, varying = b"", b"", 0, 0
    for n, (name, kind) in enumerate(columns):
        fixed = kind in FIXED or kind in (jet.BOOLEAN, jet.NUMERIC, jet.GUID)
        place = (n, offset, 1) if fixed else (n, varying, 0)
        scale = 2 if kind == jet.NUMERIC else 0
        body += struct.pack(
            "<BIHHHBBHBBIHH",
            kind,
            0,
            n,
            0 if fixed else varying,
            n,
            10,
            scale,
            0,
            place[2],
            0,
            0,
            offset if fixed else 0,
            0,
        )
        offset += _size(kind) if fixed else 0
        varying += not fixed
        coded = name.encode("utf-16-le")
        names += struct.pack("<H", len(coded)) + coded
    return (bytes(head) + body + names).ljust(PAGE, b"\0")


def _size(kind: int) -> int:
    return {jet.BOOLEAN: 0, jet.NUMERIC: 17, jet.GUID: 16}.get(kind) or (
        struct.calcsize(FIXED[kind]) if kind in FIXED else 0
    )


def record(columns: list[tuple[str, int]], cells: list[Any]) -> bytes:
    fixed, varying, mask = b"", [], bytearray((len(columns) + 7) // 8)
    for n, ((_name, kind), cell) in enumerate(zip(columns, cells, strict=True)):
        if cell is not None and cell is not False:
            mask[n // 8] |= 1 << n % 8
        if kind in FIXED:
            fixed += struct.pack(FIXED[kind], cell or 0)
        elif kind in (jet.NUMERIC, jet.GUID):
            fixed += cell or bytes(_size(kind))
        elif kind != jet.BOOLEAN:
            varying.append(b"" if cell is None else cell if isinstance(cell, bytes) else cell.encode("utf-16-le"))
    head = struct.pack("<H", len(columns)) + fixed
    places, body = [], b""
    for content in varying:
        places.append(len(head) + len(body))
        body += content
    table = b"".join(struct.pack("<H", place) for place in reversed([*places, len(head) + len(body)]))
    return head + body + table + struct.pack("<H", len(varying)) + bytes(mask)


def data_page(owner: int, rows: list[bytes], flags: dict[int, int] | None = None) -> bytes:
    page, end = bytearray(PAGE), PAGE
    page[0:2] = b"\1\1"
    struct.pack_into("<I", page, 4, owner)
    struct.pack_into("<H", page, 12, len(rows))
    for n, content in enumerate(rows):
        end -= len(content)
        page[end : end + len(content)] = content
        struct.pack_into("<H", page, 14 + 2 * n, end | (flags or {}).get(n, 0))
    return bytes(page)


def _data(owner: int, columns: list[tuple[str, int]], rows: list[list[Any]]):
    todo, size = [], 14
    for cells in rows:
        content = record(columns, cells)
        if size + len(content) + 2 > PAGE:
            yield data_page(owner, todo)
            todo, size = [], 14
        todo.append(content)
        size += len(content) + 2
    yield data_page(owner, todo)


def memo(text: str) -> bytes:
    """A memo that lies in its row."""
    coded = text.encode("utf-16-le")
    return struct.pack("<III", len(coded) | 0x80000000, 0, 0) + coded


def memo_at(page: int, row: int, length: int, single: bool = True) -> bytes:
    """A memo in a row of another page, or the first of a chain of such."""
    return struct.pack("<III", length | (0x40000000 if single else 0), page << 8 | row, 0)
