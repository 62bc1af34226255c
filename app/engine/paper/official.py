"""An official paper as GB/T 9704-2012 (党政机关公文格式) lays it out: its elements, and where each of them stands.

What is worked out here serves both the PDF (`official_pdf.py`) and the Word file (`word.py`). Lengths are millimetres,
sizes of type points, the room a line has is counted in letters of 16 pt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Literal

from app.engine.paper import titles
from app.engine.paper.manuscript import Block, Table
from app.engine.paper.titles import width

Format = Literal["document", "letter", "order", "minutes"]
Signing = Literal["seal", "plain", "stamp"]

#: Points in a millimetre.
POINT = 25.4 / 72

#: Sheet A4 and the type area on it; 22 lines of 28 letters fill the type area.
SHEET = (210.0, 297.0)
TOP, BINDING, WIDE, HIGH = 37.0, 28.0, 156.0, 225.0
LINES, LETTERS = 22, 28
LINE, LETTER = HIGH / LINES, WIDE / LETTERS

#: 2号, 3号 and 4号.
TITLE, TEXT, SMALL = 22.0, 16.0, 14.0
TITLE_LINE = 33.0 * POINT

#: From the top of the type area to the upper edge of the issuer's mark, by format; a letter counts from the sheet's.
MARK_TOP = {"document": 35.0, "minutes": 35.0, "order": 20.0, "letter": 30.0 - TOP}
#: The mark's letters: at most as high as this, drawn narrower before they are made smaller.
MARK, JOINT, NARROWEST = 15.0, 11.0, 0.6
#: From the number to the rule below it; the rule itself.
RULE_GAP, RULE = 4.0, 0.7
#: The red double rules of a letter: length, how far the second lies above the sheet's foot, how thick both are.
LETTER_RULE, LETTER_FOOT, DOUBLE_RULE = 170.0, 20.0, 1.6
#: What a letter leaves between a double rule and words: 7/8 of a letter of 16 pt.
SEVEN_EIGHTHS = TEXT * POINT * 7 / 8
#: The rules of the imprint: the first and the last, and those between.
THICK, THIN = 0.35, 0.25
#: From the type area to the dash beside the page number.
FOLIO = 7.0
SEAL = 42.0

#: 一、 in 黑体, （一） in 楷体, the levels below like the text: GB/T 9704-2012, 7.3.3.
LEVEL_FACES = {1: "label", 2: "name"}

_SUFFIX: dict[str, str] = {"document": "文件", "letter": "", "order": "令", "minutes": "纪要"}


@dataclass(frozen=True)
class Annex:
    """An enclosure bound with the paper: it begins on a page of its own, before the imprint."""

    title: str
    body: tuple[Block, ...]


@dataclass(frozen=True)
class OfficialPaper:
    """One official paper, an element of the standard a field; an empty one does not stand on it.

    `issuers`: the names in the red head, the lead first; `mark_suffix`: None for what the format puts behind them.
    `signers`: who signs an upward paper; with any, number and signers share a line. `signature`: with a seal, without
    one, or by the stamp of the signing officer (`officers`: post and name). `signed_by`: the names under the text,
    None for the issuers. `attendance`: label and names, on minutes. `both_sides`: the imprint stands on an even page.
    `preprinted`: for paper that bears its red head, whose place stays free. `seal_preview`: a dotted circle where the
    seal will be. `draft`: the paper says lightly that it is one. `watermark`: who printed it.
    """

    title: str
    issuers: tuple[str, ...]
    body: tuple[Block, ...] = ()
    format: Format = "document"
    mark_suffix: str | None = None
    number: str = ""
    copy_number: str = ""
    secrecy: str = ""
    secrecy_period: str = ""
    urgency: str = ""
    signers: tuple[str, ...] = ()
    addressees: str = ""
    enclosures: tuple[str, ...] = ()
    signature: Signing = "seal"
    signed_by: tuple[str, ...] | None = None
    officers: tuple[tuple[str, str], ...] = ()
    day: date | None = None
    note: str = ""
    attendance: tuple[tuple[str, str], ...] = ()
    annexes: tuple[Annex, ...] = ()
    copy_to: str = ""
    printing_office: str = ""
    printed_on: date | None = None
    both_sides: bool = False
    preprinted: bool = False
    seal_preview: bool = False
    seal_diameter: float = SEAL
    draft: bool = False
    watermark: str = ""

    @property
    def suffix(self) -> str:
        return _SUFFIX[self.format] if self.mark_suffix is None else self.mark_suffix

    @property
    def names(self) -> tuple[str, ...]:
        """Who stands under the text."""
        return self.issuers if self.signed_by is None else self.signed_by

    @property
    def marks(self) -> list[tuple[int, str, str]]:
        """Copy number, secrecy and urgency at the top left: which line, words, face. Secrecy stays on the second."""
        found = [(0, self.copy_number.zfill(6), "text")] if self.copy_number else []
        if self.secrecy:
            period = f"★{self.secrecy_period}" if self.secrecy_period else ""
            found.append((1, self.secrecy + period, "label"))
        if self.urgency:
            found.append((found[-1][0] + 1 if found else 0, self.urgency, "label"))
        return found

    @property
    def addressed(self) -> str:
        """The addressees with the colon that ends them."""
        words = self.addressees.strip().rstrip(":：")
        return f"{words}：" if words else ""

    @property
    def noted(self) -> str:
        words = self.note.strip().removeprefix("（").removesuffix("）")
        return f"（{words}）" if words else ""

    @property
    def header(self) -> str:
        """What stands small over each page of a Word file, where the PDF has it across the page."""
        return "　".join(words for words in ("草稿" if self.draft else "", self.watermark) if words)

    @property
    def dated(self) -> str:
        return day_words(self.day)

    @property
    def listed(self) -> list[tuple[str, str]]:
        """The enclosure note: what stands before each name, and the name without a mark at its end."""
        named = [name.strip().rstrip("。；;，,") for name in self.enclosures if name.strip()]
        numbers = [f"{place}. " if len(named) > 1 else "" for place in range(1, len(named) + 1)]
        return list(zip(numbers, named, strict=True))


def day_words(day: date | None) -> str:
    """`2026年3月2日`: Arabic digits without leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


@dataclass(frozen=True)
class Words:
    """Some words put at a place of the first page: `x`, `y` from the top left of the type area to the letters' box.

    `squeeze`: how much narrower the letters are drawn; `spread`: blank between them, in millimetres.
    """

    text: str
    x: float
    y: float
    width: float
    face: str = "text"
    size: float = TEXT
    align: str = "left"
    red: bool = False
    squeeze: float = 1.0
    spread: float = 0.0


@dataclass(frozen=True)
class Head:
    """What stands over the text: words and red rules at their places, the title's lines, where the text begins.

    `rules`: distance from the top of the type area, each `single` or `double`. `ends`: where the head does. `moved`:
    the addressees have so little room that they go into the imprint.
    """

    words: tuple[Words, ...]
    rules: tuple[tuple[float, str], ...]
    title: tuple[str, ...]
    title_y: float
    ends: float
    moved: bool = False

    def begins(self, line: float = LINE) -> int:
        """Lines from the top of the type area to the first of the text, which keeps to the grid; one stays blank."""
        return max(0, round(self.ends / line + 0.001)) + 1


def head(paper: OfficialPaper) -> Head:
    """The head of the first page; it always leaves the text at least one line there, as the standard wants.

    For that the marks of many issuers become smaller, then the addressees move to the imprint, then blanks go.
    """
    for part, blanks in ((1.0, 2), (0.8, 2), (0.6, 2), (0.6, 1), (0.45, 1), (0.3, 0)):
        for moved in (False, True):
            drawn = replace(_head(paper, part, blanks), moved=moved and bool(paper.addressed))
            needed = 0 if drawn.moved or not paper.addressed else ceil(width(paper.addressed) / LETTERS)
            if drawn.begins() + needed + 1 <= LINES:
                return drawn
    return _head(paper, 1.0, 2)  # a title as long as a page


def _head(paper: OfficialPaper, part: float, blanks: int) -> Head:
    words, bottom = _mark(paper, part)
    rules: list[tuple[float, str]] = []
    half = (LINE - TEXT * POINT) / 2
    if paper.format == "letter":
        bottom += RULE_GAP
        rules.append((bottom, "double"))
        first = bottom + DOUBLE_RULE + SEVEN_EIGHTHS
        used = 1 if paper.number else 0
        for line, (_line, text, face) in enumerate(paper.marks):  # beside the number, one below the other
            words.append(Words(text, 0, first + line * LINE, WIDE, face))
            used = max(used, line + 1)
        if paper.number:
            words.append(Words(paper.number, 0, first, WIDE, align="right"))
        bottom = first + used * LINE - half
    else:
        words += [Words(text, 0, line * LINE + half, WIDE, face) for line, text, face in paper.marks]
        numbered, bottom = _number_line(paper, bottom + blanks * LINE + half)
        words += numbered
        if paper.format != "order":
            bottom += RULE_GAP
            rules.append((bottom, "single"))
    title = titles.lines(paper.title)
    title_y = bottom + blanks * LINE
    ends = title_y + len(title) * TITLE_LINE if title else bottom + max(0, blanks - 1) * LINE
    return Head(tuple(words), tuple(rules), title, title_y, ends)


def _mark(paper: OfficialPaper, part: float) -> tuple[list[Words], float]:
    """The issuers' red mark, and where it ends."""
    y, named = MARK_TOP[paper.format], [name for name in paper.issuers if name] or [""]
    if len(named) == 1 or paper.format == "letter":
        text = "".join(named) + paper.suffix if paper.format != "letter" else " ".join(named)
        size = MARK * part
        squeeze = min(1.0, WIDE / (max(width(text), 1) * size))
        if squeeze < NARROWEST:
            size, squeeze = size * squeeze / NARROWEST, NARROWEST
        # Few letters stand wider apart.
        free = 130 - width(text) * size
        spread = max(0.0, min(0.35 * size, free / (len(text) - 1))) if len(text) > 1 and squeeze == 1 else 0.0
        return [
            Words(text, 0, y, WIDE, "heading", size / POINT, "center", True, squeeze, spread)
        ], y + size  # fmt: skip
    suffix, gap = paper.suffix, 5.0
    big = MARK * part
    room = WIDE - (width(suffix) * big + gap if suffix else 0)
    longest = max(map(width, named))
    size = min(JOINT, 66 / (1.4 * len(named))) * part
    squeeze = min(1.0, room / (longest * size))
    if squeeze < NARROWEST:
        size, squeeze = size * squeeze / NARROWEST, NARROWEST
    across = longest * size * squeeze
    left = (WIDE - across - (width(suffix) * big + gap if suffix else 0)) / 2
    pitch = size * 1.4
    bottom = y + pitch * (len(named) - 1) + size
    found = [
        Words(
            name, left, y + place * pitch, across, "heading", size / POINT, "left", True, squeeze,
            (across - width(name) * size * squeeze) / (len(name) - 1) if len(name) > 1 else 0.0,
        )
        for place, name in enumerate(named)
    ]  # fmt: skip
    if suffix:
        middle = (y + bottom - big) / 2
        found.append(
            Words(suffix, left + across + gap, middle, width(suffix) * big, "heading", big / POINT, "left", True)
        )
    return found, bottom


def _number_line(paper: OfficialPaper, y: float) -> tuple[list[Words], float]:
    """The number, beside it who signs an upward paper; and where the line ends."""
    high = TEXT * POINT
    if not paper.signers:
        return ([Words(paper.number, 0, y, WIDE, align="center")] if paper.number else []), y + high
    # Two names a line; the number stands beside the last of them.
    pairs = [paper.signers[place : place + 2] for place in range(0, len(paper.signers), 2)]
    longest = [max(width(pair[at]) for pair in pairs if len(pair) > at) for at in range(len(pairs[0]))]
    label = "签发人："
    begins = WIDE - LETTER * (1 + sum(longest) + (len(longest) - 1))
    found = [Words(label, begins - width(label) * LETTER, y, width(label) * LETTER)]
    for line, pair in enumerate(pairs):
        for at, name in enumerate(pair):
            x = begins + LETTER * (longest[0] + 1) * at
            found.append(Words(name, x, y + line * LINE, longest[at] * LETTER, "name"))
    last = y + (len(pairs) - 1) * LINE
    if paper.number:
        found.append(Words(paper.number, LETTER, last, WIDE / 2))
    return found, last + high


@dataclass(frozen=True)
class Imprint:
    """One entry of the imprint: a label with its list, or an office at the left and a day at the right."""

    label: str = ""
    text: str = ""
    left: str = ""
    right: str = ""


def imprint(paper: OfficialPaper, moved: bool) -> Iterator[Imprint]:
    """The entries at the foot of the last page, from the top; `moved`: the addressees stand among them."""
    if moved:
        yield Imprint("主送：", f"{paper.addressed.removesuffix('：')}。")
    if words := paper.copy_to.strip().removeprefix("抄送：").rstrip("。"):
        yield Imprint("抄送：", f"{words}。")
    if paper.format != "letter" and (paper.printing_office or paper.printed_on):
        printed = f"{day_words(paper.printed_on)}印发" if paper.printed_on else ""
        yield Imprint(left=paper.printing_office, right=printed)


def column_widths(table: Table) -> list[float]:
    """The widths of a table's columns in millimetres, by what stands in them."""
    weights = [3.0] * table.columns
    for _y, x, cell in table.placed():
        share = min(24.0, max((width(line.text) for line in cell.paragraphs), default=0.0) + 1) / cell.colspan
        for column in range(x, x + cell.colspan):
            weights[column] = max(weights[column], share)
    return [weight * WIDE / sum(weights) for weight in weights]
