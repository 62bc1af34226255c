"""What a file is by its content, whatever its name says; programs, macros, archives and bombs are refused."""

from __future__ import annotations

import mmap
import os
import re
import struct
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

import filetype
from flask_babel import gettext as _

from app.engine.refusals import Refused

MAX_UNPACKED = 512 << 20  # of all parts of an office file together
MAX_RATIO = 200  # unpacked to packed; below 16 MiB unpacked any ratio will do
MAX_PARTS = 10_000
MAX_NESTING = 2  # a chart's workbook in a document, and what that workbook holds
MAX_PIXELS = 200_000_000  # A0 scanned at 300 dpi has 139 million

_DOC, _XLS = "application/msword", "application/vnd.ms-excel"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
#: What is taken, by the ending of the name.
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".docx": f"{_OPEN_XML}wordprocessingml.document",
    ".xlsx": f"{_OPEN_XML}spreadsheetml.sheet",
    ".pptx": f"{_OPEN_XML}presentationml.presentation",
    ".doc": _DOC,
    ".xls": _XLS,
    ".ofd": "application/ofd",
    ".txt": "text/plain",
    ".csv": "text/csv",
}
_MAIN_PARTS = {
    "word/document.xml": MEDIA_TYPES[".docx"],
    "xl/workbook.xml": MEDIA_TYPES[".xlsx"],
    "ppt/presentation.xml": MEDIA_TYPES[".pptx"],
    "OFD.xml": MEDIA_TYPES[".ofd"],
}
CHUNK = 1 << 16
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACRO_PARTS = re.compile(r"vbaproject\.bin$|/macrosheets/", re.IGNORECASE)
_MACRO_STORAGES = {"Macros", "_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"}
_OLD_STREAMS = {"WordDocument": _DOC, "Workbook": _XLS, "Book": _XLS}
_PASSWORD_STREAM = "EncryptedPackage"
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LIVE_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<[!?/a-z]|#!|mime-version:|from: <saved by)", re.IGNORECASE)


class FileRefused(Refused):
    """The file is not taken; nothing was stored."""


def chunks(stream: BinaryIO | IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def content_types(file: IO[bytes], size: int) -> set[str]:
    """The types the content may be of: two for plain text, and for an old Office file embedded in another."""
    file.seek(0)
    head = file.read(CHUNK)
    if head.startswith(_ZIP):
        return {_Unpacked(min(MAX_UNPACKED, max(size * MAX_RATIO, 16 << 20))).office_type(file)}
    if head.startswith(_OLE):
        return _old_office_types(file)
    guess = filetype.guess_mime(head)
    if guess == "application/pdf":
        return {guess}
    if _is_text(file):  # before images: "GIF" and "BM" are ways to begin a letter, too
        if _LIVE_TEXT.match(head):
            raise FileRefused(_("Web pages, drawings in XML and scripts are not taken; please attach a PDF."))
        return {"text/plain", "text/csv"}
    if guess in MEDIA_TYPES.values():
        width, height = _pixels(file, head, guess)
        if width * height > MAX_PIXELS:
            raise FileRefused(
                _("The picture has %(width)s × %(height)s points, too many to show.", width=width, height=height)
            )
        return {guess}
    raise _unknown()


def _is_text(file: IO[bytes]) -> bool:
    """Whether all of it is text in UTF-8 or GB18030, without control characters."""
    return any(_decodes(file, encoding) for encoding in ("utf-8", "gb18030"))


def _decodes(file: IO[bytes], encoding: str) -> bool:
    file.seek(0)
    decoder = getincrementaldecoder(encoding)()
    try:
        for chunk in chunks(file):
            if _NOT_IN_TEXT.search(chunk):
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pixels(file: IO[bytes], head: bytes, media_type: str) -> tuple[int, int]:
    """Width and height as the header claims them; (0, 0) where it does not say so plainly."""
    if media_type == "image/png" and len(head) >= 24:
        return struct.unpack(">II", head[16:24])
    if media_type == "image/gif" and len(head) >= 10:
        return struct.unpack("<HH", head[6:10])
    if media_type == "image/webp" and head[12:16] == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if media_type == "image/jpeg":
        return _jpeg_pixels(file)
    return 0, 0


def _jpeg_pixels(file: IO[bytes]) -> tuple[int, int]:
    file.seek(2)
    while len(segment := file.read(9)) == 9 and segment[0] == 0xFF:
        marker, length, height, width = struct.unpack(">xBHxHH", segment)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return width, height
        if length < 2:
            break
        file.seek(length + 2 - 9, os.SEEK_CUR)
    return 0, 0


def _old_office_types(file: IO[bytes]) -> set[str]:
    """Which of .doc and .xls a compound file can be; macros and passwords are refused."""
    names = _entries(file)
    if names & _MACRO_STORAGES:
        raise _with_macros()
    if _PASSWORD_STREAM in names:
        raise _with_password()
    if not names:
        raise _unknown()
    return {_OLD_STREAMS[name] for name in names}


def _entries(file: IO[bytes]) -> set[str]:
    """The streams and storages of a compound file, as far as they matter here."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        wanted = {*_MACRO_STORAGES, *_OLD_STREAMS, _PASSWORD_STREAM}
        return {name for name in wanted if _has_entry(content, name)}


def _has_entry(content: mmap.mmap, name: str) -> bool:
    """Whether a directory of the compound file names such a stream or storage: [MS-CFB] 2.6.1."""
    needle = name.encode("utf-16-le") + b"\0\0"
    length = len(needle).to_bytes(2, "little")
    place = content.find(needle)
    while place >= 0:
        # an entry has 128 bytes, the name at its beginning and the length of the name after 64
        if place % 128 == 0 and content[place + 64 : place + 66] == length:
            return True
        place = content.find(needle, place + 1)
    return False


class _Unpacked:
    """A zip container unpacked into nothing, with what is nested in it, to see what it would become.

    The directory of a container may lie about sizes: every part is unpacked until its data end, within one `room`.
    """

    def __init__(self, room: int):
        self.room = room

    def office_type(self, file: IO[bytes], nesting: int = 0) -> str:
        """The media type by the part each kind must have. Raises `FileRefused` for bombs, macros and other archives."""
        if nesting > MAX_NESTING:
            raise _bomb()
        try:
            with ZipFile(file) as archive:
                parts = archive.infolist()
                # parts that lie over each other unpack one piece of data many times
                if len(parts) > MAX_PARTS or sum(part.compress_size for part in parts) > file.seek(0, os.SEEK_END):
                    raise _bomb()
                for part in parts:
                    self._look_at(archive, part, nesting)
                names = {part.filename for part in parts}
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, struct.error):
            raise FileRefused(_("The file is damaged and cannot be opened.")) from None
        for part_name, media_type in _MAIN_PARTS.items():
            if part_name in names:
                return media_type
        raise FileRefused(_("Archives are not taken; please attach the files in them one by one."))

    def _look_at(self, archive: ZipFile, part: ZipInfo, nesting: int) -> None:
        if part.header_offset < 0:  # zipfile would seek there
            raise BadZipFile
        if part.flag_bits & 1:
            raise _with_password()
        if _MACRO_PARTS.search(part.filename):
            raise _with_macros()
        claimed, part.file_size = part.file_size, 1 << 62  # or zipfile would stop where the directory says
        size = 0
        with archive.open(part) as content, TemporaryFile() as nested:
            head = content.read(CHUNK)
            is_container = head.startswith((_ZIP, _OLE))
            if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in head:
                raise FileRefused(_("The file defines XML of its own, which office files must not, and is not taken."))
            while head:
                size += len(head)
                if size > self.room:
                    raise _bomb()
                if is_container:
                    nested.write(head)
                head = content.read(CHUNK)
            self.room -= size
            if size != claimed:
                raise BadZipFile
            if is_container:
                self._look_into(nested, nesting)

    def _look_into(self, nested: IO[bytes], nesting: int) -> None:
        nested.seek(0)  # which also flushes: a memory map sees the file only
        if nested.read(len(_ZIP)) == _ZIP:
            self.office_type(nested, nesting + 1)
        elif _entries(nested) & _MACRO_STORAGES:
            raise _with_macros()


def _unknown() -> FileRefused:
    return FileRefused(_("The content of the file is of no kind that is taken, or it is damaged."))


def _bomb() -> FileRefused:
    return FileRefused(_("The file unpacks to far more than its size and is not taken."))


def _with_macros() -> FileRefused:
    return FileRefused(_("Files with macros are not taken; please save the file without them."))


def _with_password() -> FileRefused:
    return FileRefused(_("Files with a password are not taken; please save the file without one."))
