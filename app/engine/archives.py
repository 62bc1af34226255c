"""Archives of an office: every table and file in one zip, whose manifest names each member with its SHA-256.

One neutral form for all databases. A table is a member of JSON lines, a row each, its values in the order of the
manifest's columns; moments are UTC, amounts text with their places. A file is named by its digest. Nothing is ever
unpacked under a name of the archive, and neither side holds more than a few rows or a piece of a file at once.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.engine.contents import chunks
from app.engine.refusals import Refused

FORM, MANIFEST = "wenshu-backup-1", "manifest.json"
_TABLE = re.compile(r"tables/([a-z][a-z0-9_]*)\.jsonl")
_FILE = re.compile(r"files/([0-9a-f]{64})")
#: Bytes of rows that are packed at once.
PIECE = 1 << 20
#: What a zip whose bytes were changed makes its reader raise: any of its numbers may be another one.
_BROKEN = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError,
           LookupError, TypeError, AttributeError, OverflowError)  # fmt: skip

_packed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Damaged(Refused):
    """An archive that is not whole, or holds what no backup puts in."""


@dataclass(frozen=True)
class Table:
    """A table: its columns with their kinds, how many rows, the highest key ever given where that is known."""

    columns: dict[str, str]
    rows: int
    last_key: int | None = None


@dataclass
class Manifest:
    """What an archive holds, and of which office and moment (ISO 8601, UTC) it is."""

    product: str
    revision: str
    made_at: str
    engine: str
    tables: dict[str, Table] = field(default_factory=dict)
    #: digests of files that records name and the storage did not have
    missing: list[str] = field(default_factory=list)
    #: name of each member -> SHA-256 and bytes of its content
    members: dict[str, tuple[str, int]] = field(default_factory=dict)
    form: str = FORM

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def files(self) -> list[str]:
        """The digests of the files in it."""
        return [found[1] for name in self.members if (found := _FILE.fullmatch(name))]

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """Raises one of many errors, or `Damaged`, for what no backup writes."""
        told = json.loads(content)
        told["tables"] = {name: Table(**about) for name, about in told["tables"].items()}
        told["members"] = {name: (str(digest), int(size)) for name, (digest, size) in told["members"].items()}
        manifest = cls(**told)
        wanted = {f"tables/{name}.jsonl" for name in manifest.tables}
        if not all(isinstance(one, str) for one in (manifest.revision, manifest.made_at)):
            raise TypeError
        if manifest.form != FORM or wanted != {name for name in manifest.members if not _FILE.fullmatch(name)}:
            raise Damaged("The archive's list of contents is none of a backup.")
        return manifest


class Writer:
    """Writes an archive into an open file; `finish` makes it whole."""

    def __init__(self, file: IO[bytes], manifest: Manifest):
        self.manifest = manifest
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)

    def table(self, name: str, columns: dict[str, str], rows: Iterable[list[Any]], last_key: int | None) -> None:
        """A table, row by row."""
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            waiting: list[str] = []
            size = 0
            for row in rows:
                waiting.append(line := _packed(row))
                count, size = count + 1, size + len(line)
                if size > PIECE:
                    yield "\n".join([*waiting, ""]).encode()
                    waiting, size = [], 0
            yield "\n".join([*waiting, ""]).encode()

        self._add(f"tables/{name}.jsonl", lines(), ZIP_DEFLATED)
        self.manifest.tables[name] = Table(columns, count, last_key)

    def file(self, digest: str, content: Iterable[bytes]) -> None:
        """A file, as it is: most of them are packed already."""
        self._add(f"files/{digest}", content, ZIP_STORED)

    def finish(self) -> None:
        self._zip.writestr(MANIFEST, json.dumps(asdict(self.manifest), ensure_ascii=False, indent=1))
        self._zip.close()

    def _add(self, name: str, content: Iterable[bytes], packing: int) -> None:
        about, digest, size = ZipInfo(name), sha256(), 0
        about.compress_type = packing
        with self._zip.open(about, "w", force_zip64=True) as member:
            for piece in content:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        self.manifest.members[name] = (digest.hexdigest(), size)


class Archive:
    """An archive to be read; its members are believed after `verify`. Every fault of it raises `Damaged`."""

    def __init__(self, path: Path):
        with _whole("The file is no archive of an office, or not whole."):
            self._zip = ZipFile(path)
        with ExitStack() as on_failure, _whole("The archive's list of contents cannot be read."):
            on_failure.callback(self._zip.close)
            self.manifest = Manifest.read(self.open(MANIFEST).read())
            on_failure.pop_all()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def verify(self) -> Manifest:
        """Read all of it: every member that was put in is there, unchanged, and nothing else is."""
        found = [info.filename for info in self._zip.infolist()]
        wanted = {*self.manifest.members, MANIFEST}
        if unknown := [name for name in found if name not in wanted]:
            raise Damaged(f"The archive holds what no backup puts in: {unknown[0][:80]!r}.")
        if lost := wanted.difference(found):
            raise Damaged(f"The archive is not whole: {min(lost)} is missing.")
        if len(found) != len(wanted):
            raise Damaged("The archive is damaged: it holds a name twice.")
        for name in self.manifest.members:
            rows = sum(piece.count(b"\n") for piece in self._checked(name))
            table = _TABLE.fullmatch(name)
            if table and rows != self.manifest.tables[table[1]].rows:
                raise Damaged(f"The archive is damaged: {name} has {rows} rows.")
        return self.manifest

    def _checked(self, name: str) -> Iterator[bytes]:
        """The pieces of a member, which are as they were put in once the last one is reached."""
        wanted, most = self.manifest.members[name]
        digest, size = sha256(), 0
        with self.open(name) as member, _whole(f"The archive is damaged: {name} cannot be read."):
            for piece in chunks(member):
                digest.update(piece)
                size += len(piece)
                if size > most:
                    break  # whatever it would unpack to
                yield piece
        file = _FILE.fullmatch(name)
        if size != most or digest.hexdigest() != wanted or (file and file[1] != wanted):
            raise Damaged(f"The archive is damaged: {name} is not what was put in.")

    def rows(self, name: str) -> Iterator[list[Any]]:
        """The rows of a table."""
        width = len(self.manifest.tables[name].columns)
        with self.open(f"tables/{name}.jsonl") as member, _whole(f"The archive is damaged: a row of {name}."):
            for line in member:
                row = json.loads(line)
                if not isinstance(row, list) or len(row) != width:
                    raise ValueError(row)
                yield row

    def file(self, digest: str) -> IO[bytes]:
        """The content of a file."""
        return self.open(f"files/{digest}")

    def open(self, name: str) -> IO[bytes]:
        with _whole(f"The archive is damaged: {name} cannot be read."):
            info = self._zip.getinfo(name)
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise BadZipFile(name)
            return self._zip.open(info)


@contextmanager
def _whole(sentence: str) -> Iterator[None]:
    """Say of whatever a broken archive makes its reader raise that it is broken."""
    try:
        yield
    except Damaged:
        raise
    except _BROKEN:
        raise Damaged(sentence) from None


# --- values, between a database and the neutral form

Convert = Callable[[Any], Any]


def neutral(kind: str, dialect: str) -> Convert | None:
    """From what the driver hands over to the neutral form; None where they are the same."""
    name, _dot, places = kind.partition(".")
    known: dict[str, Convert]
    if dialect == "sqlite":
        known = {"boolean": bool, "decimal": lambda units: _amount(units, int(places))}
        return known.get(name)
    known = {
        "date": lambda day: day.isoformat(),
        "moment": lambda moment: moment.isoformat(sep=" ", timespec="microseconds"),
        "decimal": lambda amount: f"{amount:f}",
    }
    return known.get(name)


def native(kind: str, dialect: str) -> Convert | None:
    """From the neutral form to what the driver takes; PostgreSQL's COPY reads it as it is."""
    name, _dot, places = kind.partition(".")
    known: dict[str, Convert] = {"boolean": int, "decimal": lambda amount: _units(amount, int(places))}
    return known.get(name) if dialect == "sqlite" else None


def _amount(units: int, places: int) -> str:
    digits = f"{abs(units):0{places + 1}}"
    return f"{'-' * (units < 0)}{digits[:-places]}.{digits[-places:]}"


def _units(amount: str, places: int) -> int:
    whole, _point, rest = amount.partition(".")
    return int(whole + f"{rest:0<{places}}")


def converted(rows: Iterable[Iterable[Any]], converts: list[Convert | None]) -> Iterator[list[Any]]:
    """Rows with those values changed for whose column there is something to do."""
    todo = [(place, convert) for place, convert in enumerate(converts) if convert]
    for one in rows:
        row = list(one)
        for place, convert in todo:
            if row[place] is not None:
                row[place] = convert(row[place])
        yield row
