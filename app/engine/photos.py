"""Photographs without what a camera writes beside the picture: place, time, owner, device."""

from __future__ import annotations

import struct

#: Parts of a JPEG file that are no picture: application data but for Adobe's colour note, and remarks.
_JPEG_ASIDE = {*range(0xE1, 0xEE), 0xEF, 0xFE}
#: Chunks of a PNG file that hold words, times or what a camera noted.
_PNG_ASIDE = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_PNG = b"\x89PNG\r\n\x1a\n"


def without_notes(content: bytes) -> bytes:
    """A JPEG or PNG file with its picture untouched and nothing beside it; anything else as it is."""
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    return _png(content) if content.startswith(_PNG) else content


def _jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xDA:  # the picture itself, to the end
            break
        end = at + 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
        if marker not in _JPEG_ASIDE:
            kept.append(content[at:end])
        at = end
    return b"".join((*kept, content[at:]))


def _png(content: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        if kind not in _PNG_ASIDE:
            kept.append(content[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)
