"""Two versions of a text side by side: paragraph by paragraph, with the words that came and went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from app.engine.paper.manuscript import Block, Paragraph, blocks, lines_of

#: A word of Latin letters or digits counts as one; Chinese is compared sign by sign.
_WORDS = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)

#: So many pairs of signs are compared; longer paragraphs that differ in the middle change there as a whole.
_MOST = 1_000_000

#: From this share of common pairs of signs on, a paragraph is the old one reworded, not another in its place.
_ALIKE = 0.4


@dataclass(frozen=True)
class Piece:
    """Some words; `mark`: "" for those in both versions, "inserted" or "deleted"."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Change:
    """One paragraph or table row. `kind`: same, changed, inserted, deleted; set: only emphases or spans differ."""

    kind: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Its words in the new version."""
        return "".join(piece.text for piece in self.pieces if piece.mark != "deleted")


def compare(old: str | None, new: str | None) -> list[Change]:
    """The paragraphs of both versions in the order of the new one; what went stands where it stood."""
    before, after = _lines(blocks(old)), _lines(blocks(new))
    found: list[Change] = []
    matcher = SequenceMatcher(None, [words for words, _how in before], [words for words, _how in after], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for (words, how), (_words, now) in zip(before[i1:i2], after[j1:j2], strict=True):
                found.append(Change("same" if how == now else "set", (Piece(words),)))
        else:
            found += _replaced([words for words, _how in before[i1:i2]], [words for words, _how in after[j1:j2]])
    return found


def altered(changes: list[Change]) -> int:
    """How many paragraphs differ."""
    return sum(change.kind != "same" for change in changes)


def _lines(found: list[Block]) -> list[tuple[str, object]]:
    """The words of each paragraph or table row, and how they are set."""
    lines: list[tuple[str, object]] = []
    for block in found:
        if isinstance(block, Paragraph):
            lines.append((block.text, block.runs))
        else:
            lines += zip((words.replace("\t", " | ") for words in lines_of([block])), block.rows, strict=True)
    return lines


def _replaced(before: list[str], after: list[str]) -> Iterator[Change]:
    """Old paragraphs and those in their place: each new one is held against the old one most like it, in order."""
    place, pairs = 0, list(map(_pairs, before))
    for words in after:
        own = _pairs(words)
        alike = [(_likeness(old, own), -at) for at, old in enumerate(pairs[place : place + 20], place)]
        share, at = max(alike, default=(0.0, 0))
        if share >= _ALIKE:
            for gone in before[place:-at]:
                yield Change("deleted", (Piece(gone, "deleted"),))
            yield Change("changed", tuple(_pieces(before[-at], words)))
            place = 1 - at
        else:
            yield Change("inserted", (Piece(words, "inserted"),))
    for gone in before[place:]:
        yield Change("deleted", (Piece(gone, "deleted"),))


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    """The share of pairs of signs both have: as telling as the longest common part, and quick in long texts."""
    return 2 * (old & new).total() / max(1, old.total() + new.total())


def _pairs(words: str) -> Counter[str]:
    return Counter(first + second for first, second in pairwise(f"^{words[:1000]}$"))


def _pieces(old: str, new: str) -> Iterator[Piece]:
    """The words of a paragraph in both versions, what went before what came."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    if head:
        yield Piece("".join(after[:head]))
    a, b = before[head : len(before) - tail], after[head : len(after) - tail]
    for gone, came, kept in _joined(a, b):
        if gone:
            yield Piece(gone, "deleted")
        if came:
            yield Piece(came, "inserted")
        if kept:
            yield Piece(kept)
    if tail:
        yield Piece("".join(after[len(after) - tail :]))


def _common(a: list[str], b: list[str]) -> int:
    return next((n for n, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def _joined(a: list[str], b: list[str]) -> Iterator[tuple[str, str, str]]:
    """What went, what came, and what follows in both; a single sign kept between two changes is part of them."""
    if len(a) * len(b) > _MOST:
        yield "".join(a), "".join(b), ""
        return
    gone = came = ""
    steps = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(steps):
        old, new = "".join(a[i1:i2]), "".join(b[j1:j2])
        if tag != "equal" or (i2 - i1 == 1 and number + 1 < len(steps) and (gone or came)):
            gone, came = gone + old, came + new
        else:
            yield gone, came, new
            gone = came = ""
    if gone or came:
        yield gone, came, ""
