"""What stands under the text of an official paper: who signs, the day, the seal or stamp. GB/T 9704-2012, 7.3.5."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from app.engine.paper.official import LETTER, LETTERS, LINE, WIDE, OfficialPaper
from app.engine.paper.titles import width


@dataclass(frozen=True)
class Signed:
    """What stands under the text: words by line and place, seals and stamps, in a block of so many lines.

    `note`: the line of the note.
    Places are letters from the left edge; a name with a seal is given by its middle. `seals`: middle x and y in
    millimetres, from the block's top. `stamps`: x, y, width and height of the officer's stamp, and the name on it.
    """

    names: tuple[tuple[str, int, float, str], ...]
    seals: tuple[tuple[float, float], ...]
    stamps: tuple[tuple[float, float, float, float, str], ...]
    note: int
    lines: int


def signed(paper: OfficialPaper) -> Signed:
    """Where names, date and seals stand: a seal's top within a line of the text, name and date under its middle."""
    if paper.signature == "stamp":
        return _stamped(paper)
    names = [name for name in paper.names if name]
    if paper.signature == "plain" or not names:
        return _unsealed(paper, names)
    date_width = width(paper.dated)
    middle = LETTERS - 4 - date_width / 2 if paper.dated else LETTERS - 7.5
    longest = max(map(width, names))
    apart = (paper.seal_diameter + 4) / LETTER
    across = 3 if longest <= apart - 0.3 else 2 if longest <= 12 else 1
    across = min(across, len(names), max(1, int((middle * LETTER - paper.seal_diameter / 2) // (apart * LETTER)) + 1))
    step = apart if across == 3 else max(apart, 12.5)
    rows = -(-len(names) // across)
    down = ceil((paper.seal_diameter + 3) / LINE)
    radius = paper.seal_diameter / 2
    top = 0.6 * LINE
    first = max(1, round((top + radius) / LINE - 0.7))  # blank lines over the first names
    placed, seals = [], []
    for place, name in enumerate(names):
        row, column = divmod(place, across)
        # In the last row the last name stands over the date, in the rows before each has its column.
        in_row = across if row < rows - 1 else len(names) - row * across
        x = middle - (in_row - 1 - column) * step
        if across == 1 and width(name) / 2 > LETTERS - x:
            x = LETTERS - width(name) / 2
        placed.append((name, first + row * down, x, "middle"))
        seals.append((x * LETTER, top + radius + row * down * LINE))
    last = first + (rows - 1) * down
    if paper.dated:
        placed.append((paper.dated, last + 1, middle, "middle"))
    # Neither note nor imprint comes under a seal.
    return Signed(tuple(placed), tuple(seals), (), last + 2, max(last + 2, ceil((seals[-1][1] + radius) / LINE)))


def _unsealed(paper: OfficialPaper, names: list[str]) -> Signed:
    """No seal: the name two letters from the right, the date below it two letters further right than its beginning."""
    dated = width(paper.dated)
    placed: list[tuple[str, int, float, str]] = []
    longest = max(map(width, names), default=0.0)
    left = LETTERS - 2 - longest
    if paper.dated and names and dated > longest - 2:
        left = LETTERS - 2 - dated - 2
    for line, name in enumerate(names, 1):
        placed.append((name, line, left + (longest - width(name)) / 2, "left"))
    lines = len(names) + 1
    if paper.dated:
        placed.append((paper.dated, lines, left + 2 if names else LETTERS - 4 - dated, "left"))
        lines += 1
    return Signed(tuple(placed), (), (), lines, lines)


def _stamped(paper: OfficialPaper) -> Signed:
    """Stamps of the signing officers: two lines below the text, four letters from the right, the post before each."""
    wide, high = 30.0, 15.0
    x = WIDE - 4 * LETTER - wide
    placed: list[tuple[str, int, float, str]] = []
    stamps = []
    line = 2
    for post, name in paper.officers:
        placed.append((post, line, x / LETTER - 2 - width(post), "left"))
        stamps.append((x, (line + 0.5) * LINE - high / 2, wide, high, name))
        line += 2
    if paper.dated:
        placed.append((paper.dated, line, LETTERS - 4 - width(paper.dated), "left"))
        line += 1
    return Signed(tuple(placed), (), tuple(stamps), line, line)
