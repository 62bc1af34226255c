"""The text of an official paper as it is written: paragraphs, a few emphases, simple tables, and nothing else.

It is kept as plain lines while it holds nothing but words, else as a small part of HTML that begins with `<p>` or
`<table>`: `p strong em u br table tr th td`, with `colspan` and `rowspan`. Headings are no tags: clerks type
一、 （一） 1. （1） before them. Whatever else is pasted in leaves its words behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser

import nh3

#: The tags that are kept, by how they may be written.
EMPHASES = {"strong": "bold", "b": "bold", "em": "italic", "i": "italic", "u": "underline"}
_PARTS = {"p", "div", "li", "dt", "dd", "blockquote", "pre", "caption", *(f"h{n}" for n in range(1, 7))}
_GRID = {"table", "tr", "td", "th"}
_SPANS = {"colspan", "rowspan"}

#: More columns than this no sheet of A4 has room for; more rows than that is no table of a letter.
MOST_COLUMNS, MOST_ROWS = 20, 500

#: What makes a text markup: a tag that pages and word processors write. A text with `<1>` or `a < b` has none.
_MARKUP = re.compile(
    r"</?(?:p|div|br|hr|span|font|a|b|i|u|s|em|strong|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th"
    r"|caption|colgroup|col|blockquote|pre|sub|sup|code|img|script|style|html|head|body|meta|link|title|o:p|center"
    r"|section|article|header|footer|main|form|input|button|textarea|iframe|object|svg)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
#: Tags that emphasise words within a line: where there are no others, line ends part paragraphs.
_INLINE = re.compile(r"</?(?:span|font|a|b|i|u|s|em|strong|sub|sup|code|o:p)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_DROPPED = {"script", "style", "title", "textarea", "iframe", "object", "svg", "math", "template", "noscript"}

_CHINESE = "一二三四五六七八九十百〇零"
_LEVELS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[{_CHINESE}]+、",
        rf"[（(][{_CHINESE}]+[）)]",
        r"[0-9]{1,3}(?:[.．](?![0-9])|、)",
        r"[（(][0-9]{1,3}[）)]",
    )
)


@dataclass(frozen=True)
class Run:
    """Words set alike."""

    text: str
    bold: bool = False
    italic: bool = False
    underline: bool = False

    @property
    def plain(self) -> bool:
        return not (self.bold or self.italic or self.underline)


@dataclass(frozen=True)
class Paragraph:
    """One paragraph without its indent; several lines only inside a table."""

    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def level(self) -> int:
        """1 to 4 for 一、 （一） 1. （1）; 0 for a paragraph that is no heading."""
        return next((number for number, begins in enumerate(_LEVELS, 1) if begins.match(self.text)), 0)

    @property
    def heading(self) -> int:
        """How many letters of it are the heading: its first sentence, or all of it if it is a single one."""
        return (self.text.find("。") + 1 or len(self.text)) if self.level else 0

    def split(self, letters: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        """Its runs up to so many letters, and those after them."""
        first: list[Run] = []
        rest: list[Run] = []
        for run in self.runs:
            first.append(replace(run, text=run.text[: max(letters, 0)]))
            rest.append(replace(run, text=run.text[max(letters, 0) :]))
            letters -= len(run.text)
        return tuple(run for run in first if run.text), tuple(run for run in rest if run.text)


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `head`: it names its column or row."""

    paragraphs: tuple[Paragraph, ...] = ()
    colspan: int = 1
    rowspan: int = 1
    head: bool = False

    @property
    def text(self) -> str:
        return "\n".join(paragraph.text for paragraph in self.paragraphs)


@dataclass(frozen=True)
class Table:
    """Rows of cells that cover the grid exactly: none is missing, none sticks out."""

    columns: int
    rows: tuple[tuple[Cell, ...], ...]

    def placed(self) -> Iterator[tuple[int, int, Cell]]:
        """Row, column and cell, in reading order."""
        taken: set[tuple[int, int]] = set()
        for y, row in enumerate(self.rows):
            x = 0
            for cell in row:
                while (y, x) in taken:
                    x += 1
                taken.update((y + down, x + right) for down in range(cell.rowspan) for right in range(cell.colspan))
                yield y, x, cell


Block = Paragraph | Table


def _lined_up(rows: list[list[Cell]]) -> Table | None:
    """The cells as a grid without holes: spans are cut to the table, empty cells added."""
    rows = [row for row in rows[:MOST_ROWS] if row]
    taken: set[tuple[int, int]] = set()
    kept: list[list[tuple[int, Cell]]] = []
    for y, row in enumerate(rows):
        placed, x = [], 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            if x >= MOST_COLUMNS:
                break
            down = min(cell.rowspan, len(rows) - y)
            right = 1
            while right < min(cell.colspan, MOST_COLUMNS - x) and (y, x + right) not in taken:
                right += 1
            taken.update((y + dy, x + dx) for dy in range(down) for dx in range(right))
            placed.append((x, replace(cell, rowspan=down, colspan=right)))
            x += right
        kept.append(placed)
    columns = max((x for _y, x in taken), default=-1) + 1
    if not columns or not any(cell.text for row in kept for _x, cell in row):
        return None
    for y, placed in enumerate(kept):
        placed += [(x, Cell()) for x in range(columns) if (y, x) not in taken]
    begun = {x for row in kept for x, _cell in row}  # a column nothing begins in is none
    return Table(
        len(begun),
        tuple(
            tuple(
                replace(cell, colspan=len(begun.intersection(range(x, x + cell.colspan))))
                for x, cell in sorted(row, key=lambda pair: pair[0])
            )
            for row in kept
        ),
    )


_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f“”‘’—…]"
_BROKEN = re.compile(rf"(?<={_WIDE})[ \t\r\f]*\n[ \t\r\f\n]*(?={_WIDE})")
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")


def _tidied(runs: list[Run]) -> tuple[Run, ...]:
    """The runs of one paragraph: blanks as a page shows them, no indent, like joined with like."""
    text = "".join(run.text for run in runs)
    # A line end between two Chinese characters is the word processor's, not the writer's.
    joints = [match.span() for match in _BROKEN.finditer(text)]
    gone = {place for begin, end in joints for place in range(begin, end)}
    letters: list[tuple[str, Run]] = []
    place = 0
    for run in runs:
        for letter in run.text:
            if place not in gone:
                blank = letter in " \t\r\n\f\xa0"
                if not (blank and letters and letters[-1][0] == " "):
                    letters.append((" " if blank else letter, run))
            place += 1
    while letters and letters[0][0].isspace():
        letters.pop(0)
    while letters and letters[-1][0].isspace():
        letters.pop()
    joined: list[Run] = []
    for letter, run in letters:
        if joined and replace(run, text="") == replace(joined[-1], text=""):
            joined[-1] = replace(run, text=joined[-1].text + letter)
        else:
            joined.append(replace(run, text=letter))
    return tuple(joined)


class _Reader(HTMLParser):
    """Reads what the sanitiser left into blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.on: dict[str, int] = dict.fromkeys(("bold", "italic", "underline"), 0)
        self.depth = 0
        self.rows: list[list[Cell]] = []
        self.cell: Cell | None = None

    def end_paragraph(self) -> None:
        runs, self.runs = _tidied(self.runs), []
        if not runs:
            return
        if self.depth == 0:
            self.blocks.append(Paragraph(runs))
        elif self.cell is not None:
            self.cell = replace(self.cell, paragraphs=(*self.cell.paragraphs, Paragraph(runs)))

    def end_cell(self) -> None:
        self.end_paragraph()
        if self.cell is not None:
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in EMPHASES:
            self.on[EMPHASES[tag]] += 1
        elif tag == "table":
            self.end_paragraph()
            self.depth += 1
            if self.depth == 1:
                self.rows = []
        elif tag in _GRID and self.depth == 1:
            self.end_cell()
            if tag == "tr":
                self.rows.append([])
            else:
                spans = {name: _span(value) for name, value in attrs}
                self.cell = Cell((), spans.get("colspan", 1), spans.get("rowspan", 1), tag == "th")
        else:  # a new line, a part of a text, a table inside a table
            self.end_paragraph()

    def handle_endtag(self, tag: str) -> None:
        if tag in EMPHASES:
            self.on[EMPHASES[tag]] = max(0, self.on[EMPHASES[tag]] - 1)
        elif tag == "table" and self.depth:
            if self.depth == 1:
                self.end_cell()
                if (table := _lined_up(self.rows)) is not None:
                    self.blocks.append(table)
            else:
                self.end_paragraph()
            self.depth -= 1
        elif tag in ("td", "th") and self.depth == 1:
            self.end_cell()
        else:
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if self.depth == 0 or self.cell is not None:
            self.runs.append(Run(data, *(count > 0 for count in self.on.values())))


def _span(value: str | None) -> int:
    return max(1, min(int(value), MOST_ROWS)) if value and value.isascii() and value.isdigit() and len(value) < 5 else 1


def _read(html: str) -> list[Block]:
    if not _MARKUP.search(_INLINE.sub("", html)):
        html = html.replace("\n", "<br>")
    kept = nh3.clean(
        html,
        tags={*EMPHASES, *_PARTS, *_GRID, "br"},
        clean_content_tags=_DROPPED,
        attributes={"td": _SPANS, "th": _SPANS},
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(kept)
    reader.close()
    reader.end_paragraph()
    return reader.blocks


def _written(runs: tuple[Run, ...]) -> str:
    def one(run: Run) -> str:
        words = escape(run.text, quote=False)
        for tag, wanted in (("u", run.underline), ("em", run.italic), ("strong", run.bold)):
            words = f"<{tag}>{words}</{tag}>" if wanted else words
        return words

    return "".join(map(one, runs))


def _cell_written(cell: Cell) -> str:
    tag = "th" if cell.head else "td"
    spans = "".join(
        f' {name}="{count}"' for name, count in (("colspan", cell.colspan), ("rowspan", cell.rowspan)) if count > 1
    )
    return f"<{tag}{spans}>{'<br>'.join(_written(paragraph.runs) for paragraph in cell.paragraphs)}</{tag}>"


def _html(found: list[Block]) -> str:
    parts = []
    for block in found:
        if isinstance(block, Paragraph):
            parts.append(f"<p>{_written(block.runs)}</p>")
        else:
            rows = "".join(f"<tr>{''.join(map(_cell_written, row))}</tr>" for row in block.rows)
            parts.append(f"<table>{rows}</table>")
    return "".join(parts)


def is_markup(text: str) -> bool:
    """Whether a text is read as HTML; else it is plain lines, whatever signs it holds."""
    return _MARKUP.search(text) is not None


def clean(text: str) -> str:
    """The text as it is kept: words, emphases and tables of what was typed or pasted. Cleaning twice changes nothing.

    Plain lines stay exactly as they are, but for their line ends.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not is_markup(text):
        return text
    found = _read(text)
    lines = [block.text for block in found if isinstance(block, Paragraph) and all(run.plain for run in block.runs)]
    words = "\n".join(lines)
    return words if len(lines) == len(found) and not is_markup(words) else _html(found)


def blocks(text: str | None) -> list[Block]:
    """Paragraphs and tables of a text, as kept or as typed, in their order; empty lines are left out."""
    if not text:
        return []
    if is_markup(text):
        return _read(text)
    lines = (_tidied([Run(line)]) for line in text.replace("\r", "\n").split("\n"))
    return [Paragraph(runs) for runs in lines if runs]


def plain(text: str | None) -> str:
    """The bare words, a line a paragraph, the cells of a table's row parted by tabs: to search, compare and sum up.

    A text of plain lines is its own.
    """
    if not text or not is_markup(text):
        return text or ""
    return "\n".join(lines_of(_read(text)))


def lines_of(found: list[Block]) -> Iterator[str]:
    """The words of blocks, a line a paragraph or row of a table."""
    for block in found:
        if isinstance(block, Paragraph):
            yield block.text
        else:
            for row in block.rows:
                yield "\t".join(cell.text.replace("\n", " ") for cell in row)
