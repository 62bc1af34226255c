"""An official paper as a Word file that can be edited on: the same elements and measures as the PDF.

The head stands in paragraphs one below the other, so that it goes along when a clerk changes the title. The faces are
named as the standard wants them; the file says which to take where they are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from app.engine.paper import official
from app.engine.paper.manuscript import Block, Paragraph, Run, Table
from app.engine.paper.official import LETTER, LEVEL_FACES, POINT, OfficialPaper, Words, column_widths
from app.engine.paper.signatures import signed
from app.engine.paper.titles import lines as title_lines
from app.engine.paper.word_sheet import Sheet, element, in_order, mm, storable


def written(paper: OfficialPaper, lines: int = official.LINES) -> bytes:
    """The paper as a `.docx`; `lines` a page, as the PDF has them."""
    return _Writer(paper, lines).written()


class _Writer(Sheet):
    def written(self) -> bytes:
        self._sheet()
        self._styles()
        self._page_numbers()
        self._head()
        if self.paper.addressed and not self.head.moved:
            self._text(self.paper.addressed, indent=0)
        self._body(self.paper.body)
        self._enclosures()
        self._attendance()
        self._signature()
        self._annexes()
        self._imprint()
        self.document.core_properties.title = storable(self.paper.title)[:255]
        self.document.core_properties.author = storable("、".join(self.paper.issuers))[:255]
        for tree in self.parts():
            in_order(tree)
        held = BytesIO()
        self.document.save(held)
        return held.getvalue()

    def _text(self, words: str, indent: float = 2, face: str = "text") -> Any:
        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        if self.down >= 0:
            # The first line of the text; all after it follow of themselves.
            begins = self.head.begins(self.line) * self.line
            paragraph.paragraph_format.space_before = mm(max(0.0, begins - self.down))
            self.down = -1
        if indent:
            self._indent(paragraph, first=indent)
        if words:
            self._run(paragraph, words, face)
        return paragraph

    # The head

    def _head(self) -> None:
        marks = [it for it in self.head.words if it.red]
        letter = self.paper.format == "letter"
        rest = [it for it in self.head.words if not it.red]
        joint = len(marks) > 1
        first = marks[0].y if marks else 0.0
        above = [it for it in rest if it.y < first]
        for _y, row in groupby(sorted(above, key=lambda it: it.y), key=lambda it: it.y):
            self._row(self.document, list(row))
        if letter:
            self._letterhead(marks)
        elif joint:
            self._joint_mark(marks)
        else:
            for it in marks:
                self._row(self.document, [it])
        for _y, row in groupby(
            sorted((it for it in rest if it.y >= first), key=lambda it: (it.y, it.x)), key=lambda it: it.y
        ):
            self._row(self.document, list(row))
        for y, kind in self.head.rules:
            if kind == "single":
                paragraph = self._line(self.document, y - 1, 1)
                if not self.paper.preprinted:
                    self._rule(paragraph, "bottom", "single", official.RULE / POINT, "FF0000")
        if self.head.title:
            high = official.TITLE_LINE
            paragraph = self._line(self.document, self.head.title_y, high)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._run(paragraph, "\n".join(self.head.title), "heading", official.TITLE)
            self.down += high * (len(self.head.title) - 1)

    def _row(self, where: Any, row: Sequence[Words]) -> None:
        """Words side by side: those in the middle or at the right are put there by a tab."""
        size = row[0].size * POINT
        high = max(size * 1.1, min(self.line, size * 1.5)) if not row[0].red else size * 1.1
        paragraph = self._line(where, row[0].y - (high - size) / 2, high)
        if len(row) == 1 and row[0].align == "center":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._put(paragraph, row[0])
            return
        for it in row:
            kind = {"center": "CENTER", "right": "RIGHT", "left": "LEFT"}[it.align]
            place = {"center": it.x + it.width / 2, "right": it.x + it.width, "left": it.x}[it.align]
            if place > 0:
                paragraph.paragraph_format.tab_stops.add_tab_stop(mm(place), WD_TAB_ALIGNMENT[kind])
                paragraph.add_run("\t")
            self._put(paragraph, it)

    def _joint_mark(self, marks: Sequence[Words]) -> None:
        """Names one below the other, as wide as the longest, and 文件 at their right."""
        suffix = marks[-1] if self.paper.suffix else None
        names = marks[:-1] if suffix else marks
        bottom = names[-1].y + names[-1].size * POINT
        pitch = names[1].y - names[0].y
        self._line(self.document, names[0].y - (pitch - names[0].size * POINT) / 2 - 1, 1)
        table = self.document.add_table(1, 2 if suffix else 1)
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        widths = [names[0].width + 5, *([suffix.width + 5] if suffix else [])]
        for cell, width in zip(table.rows[0].cells, widths, strict=True):
            cell.width = mm(width)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        for number, it in enumerate(names):
            cell = table.cell(0, 0)
            paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.DISTRIBUTE
            paragraph.paragraph_format.line_spacing = mm(pitch)
            self._put(paragraph, Words(it.text, 0, 0, 0, it.face, it.size, red=True, squeeze=it.squeeze))
        if suffix:
            paragraph = table.cell(0, 1).paragraphs[0]
            paragraph.paragraph_format.line_spacing = Pt(suffix.size * 1.1)
            self._put(paragraph, suffix)
        self.down = bottom + (pitch - names[0].size * POINT) / 2

    def _letterhead(self, marks: Sequence[Words]) -> None:
        """The first page of a letter has its mark and double rules in its own head and foot."""
        section = self.document.sections[0]
        header = section.first_page_header
        self.down = official.MARK_TOP["letter"] + (official.TEXT if self.paper.header else 1) * POINT
        for it in marks:
            self._row(header, [it])
        for y, _kind in self.head.rules:
            paragraph = self._line(header, y - 1, 1)
            self._wide(paragraph)
            if not self.paper.preprinted:
                self._rule(paragraph, "bottom", "thickThinSmallGap", 3, "FF0000")
            self.down = y + official.DOUBLE_RULE
        footer = section.first_page_footer
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.style = self.document.styles["Normal"]
        paragraph.paragraph_format.line_spacing = Pt(1)
        self._wide(paragraph)
        if not self.paper.preprinted:
            self._rule(paragraph, "bottom", "thinThickSmallGap", 3, "FF0000")

    def _wide(self, paragraph: Any) -> None:
        """As long as the double rules of a letter, in the middle of the sheet."""
        side = (official.SHEET[0] - official.LETTER_RULE) / 2
        paragraph.paragraph_format.left_indent = mm(side - official.BINDING)
        paragraph.paragraph_format.right_indent = mm(side - (official.SHEET[0] - official.BINDING - official.WIDE))

    # The text

    def _runs(self, paragraph: Any, runs: Sequence[Run], face: str, size: float = official.TEXT) -> None:
        for one in runs:
            run = self._run(paragraph, one.text, face, size)
            run.bold, run.italic, run.underline = one.bold or None, one.italic or None, one.underline or None

    def _body(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                paragraph = self._text("")
                heading, rest = block.split(block.heading)
                self._runs(paragraph, heading, LEVEL_FACES.get(block.level, "text"))
                self._runs(paragraph, rest, "text")
            else:
                self._table(block)

    def _table(self, block: Table) -> None:
        table = self.document.add_table(len(block.rows), block.columns)
        table.style, table.autofit = "Table Grid", False
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        widths = column_widths(block)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = mm(width)
        for y, x, cell in block.placed():
            place = table.cell(y, x)
            if cell.rowspan > 1 or cell.colspan > 1:
                place = place.merge(table.cell(y + cell.rowspan - 1, x + cell.colspan - 1))
            place.width = mm(sum(widths[x : x + cell.colspan]))
            place.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            for number, line in enumerate(cell.paragraphs):
                paragraph = place.paragraphs[0] if number == 0 else place.add_paragraph()
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if cell.head else WD_ALIGN_PARAGRAPH.LEFT
                self._runs(paragraph, line.runs, "label" if cell.head else "text", 12)
            for paragraph in place.paragraphs:
                paragraph.paragraph_format.line_spacing = Pt(18)
        if all(cell.head for cell in block.rows[0]):
            element(table.rows[0]._tr.get_or_add_trPr(), "tblHeader")

    def _enclosures(self) -> None:
        listed = self.paper.listed
        if listed:
            self._text("", indent=0)
        for number, (mark, name) in enumerate(listed):
            # What goes on in a second line stands under the first letter of the name.
            hung = (3 if number == 0 else 0) + (1.5 if mark else 0)
            paragraph = self._text("", indent=0)
            self._indent(paragraph, first=-hung, left=5 + (1.5 if mark else 0))
            self._run(paragraph, ("附件：" if number == 0 else "") + mark + name)

    def _attendance(self) -> None:
        for number, (label, names) in enumerate(self.paper.attendance):
            if number == 0:
                self._text("", indent=0)
            paragraph = self._text("", indent=0)
            hung = len(label) + 1
            self._indent(paragraph, first=-hung, left=2 + hung)
            self._run(paragraph, label, "label")
            self._run(paragraph, f"：{names}")

    def _signature(self) -> None:
        """Names and date at their places, together with the last paragraph of the text."""
        under = signed(self.paper)
        if self.document.paragraphs:
            self.document.paragraphs[-1].paragraph_format.keep_with_next = True
        rows = {line: [it for it in under.names if it[1] == line] for line in range(under.note)}
        for line, row in rows.items():
            paragraph = self._text("", indent=0)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
            paragraph.paragraph_format.keep_with_next = line < under.note - 1
            for words, _line, place, how in row:
                kind = WD_TAB_ALIGNMENT.CENTER if how == "middle" else WD_TAB_ALIGNMENT.LEFT
                paragraph.paragraph_format.tab_stops.add_tab_stop(mm(place * LETTER), kind)
                paragraph.add_run("\t")
                self._run(paragraph, words)
        if self.paper.noted:
            self._text(self.paper.noted)

    def _annexes(self) -> None:
        for place, annex in enumerate(self.paper.annexes, 1):
            label = f"附件{place if len(self.paper.annexes) > 1 else ''}"
            self._text(label, indent=0, face="label").paragraph_format.page_break_before = True
            self._text("", indent=0)
            title = self._text("", indent=0)
            title.alignment = WD_ALIGN_PARAGRAPH.CENTER
            title.paragraph_format.line_spacing = mm(official.TITLE_LINE)
            self._run(title, "\n".join(title_lines(annex.title)), "heading", official.TITLE)
            self._text("", indent=0)
            self._body(annex.body)

    def _imprint(self) -> None:
        """The imprint floats at the foot of the type area, on the page where the text ends."""
        entries = list(official.imprint(self.paper, self.head.moved))
        if not entries:
            return
        table = self.document.add_table(len(entries), 1)
        table.autofit = False
        about = table._tbl.tblPr
        # A floating table needs its place before its width: the schema has an order.
        place = OxmlElement("w:tblpPr")
        for name, value in {"leftFromText": 0, "rightFromText": 0, "vertAnchor": "margin", "horzAnchor": "margin",
                            "tblpXSpec": "center", "tblpYSpec": "bottom"}.items():  # fmt: skip
            place.set(qn(f"w:{name}"), str(value))
        about.insert(1, place)
        if self.paper.format != "letter":
            borders = element(about, "tblBorders")
            for side in ("top", "bottom", "insideH"):
                width = official.THIN if side == "insideH" else official.THICK
                element(borders, side, val="single", sz=round(width / POINT * 8), space=0, color="000000")
        inner = official.WIDE - 2 * official.SMALL * POINT
        for row, entry in zip(table.rows, entries, strict=True):
            cell = row.cells[0]
            cell.width = mm(official.WIDE)
            paragraph = cell.paragraphs[0]
            form = paragraph.paragraph_format
            form.left_indent = form.right_indent = Pt(official.SMALL)
            form.line_spacing = Pt(24)
            margins = element(cell._tc.get_or_add_tcPr(), "tcMar")
            for side in ("left", "right"):
                element(margins, side, w=0, type="dxa")
            if entry.label:
                form.left_indent = Pt(official.SMALL * (1 + len(entry.label)))
                form.first_line_indent = Pt(-official.SMALL * len(entry.label))
                self._run(paragraph, entry.label + entry.text, "text", official.SMALL)
            else:
                stop = official.SMALL * POINT + inner
                form.tab_stops.add_tab_stop(mm(stop), WD_TAB_ALIGNMENT.RIGHT)
                self._run(paragraph, entry.left, "text", official.SMALL).add_tab()
                self._run(paragraph, entry.right, "text", official.SMALL)
        # The paragraph a document has to end with; it takes no room.
        last = self.document.add_paragraph()
        last.paragraph_format.line_spacing = Pt(1)
