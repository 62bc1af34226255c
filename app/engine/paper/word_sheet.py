"""A Word file as a sheet for official papers: page, grid, faces, page numbers, and how words are put on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import floor
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor

from app.engine.paper import official
from app.engine.paper.official import LETTER, POINT, OfficialPaper, Words
from app.engine.paper.pdf import printable

RED, GREY = RGBColor(255, 0, 0), RGBColor(160, 160, 160)

#: The faces by name, and those a word processor takes in their place.
FACES = {
    "heading": ("方正小标宋简体", "方正小标宋_GBK,FZXiaoBiaoSong-B05S,华文中宋,STZhongsong,Source Han Serif SC,宋体"),
    "text": ("仿宋_GB2312", "FangSong_GB2312,仿宋,FangSong,华文仿宋,STFangsong,Source Han Serif SC,宋体"),
    "name": ("楷体_GB2312", "KaiTi_GB2312,楷体,KaiTi,华文楷体,STKaiti,Source Han Serif SC,宋体"),
    "label": ("黑体", "SimHei,华文黑体,Noto Sans CJK SC,微软雅黑"),
    "digits": ("宋体", "SimSun,NSimSun,Source Han Serif SC,Noto Serif CJK SC"),
}

#: Twentieths of a point, in which Word counts lines; 4096ths of a point, in which it counts letters.
TWIPS = 20
_UNFIT = re.compile("[\ud800-\udfff\ufffe\uffff]")


#: The order in which WordprocessingML wants what describes a paragraph, a run, a table, a cell and a section.
_ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr pBdr shd tabs snapToGrid spacing ind "
    "jc outlineLvl rPr sectPr",
    "rPr": "rStyle rFonts b bCs i iCs snapToGrid color spacing w kern position sz szCs u",
    "tblPr": "tblStyle tblpPr tblOverlap tblW jc tblInd tblBorders tblLayout tblCellMar tblLook",
    "tcPr": "tcW gridSpan vMerge tcBorders shd tcMar vAlign",
    "sectPr": "headerReference footerReference type pgSz pgMar pgNumType cols titlePg docGrid",
}


def storable(text: str) -> str:
    """The text as XML can hold it."""
    return _UNFIT.sub("", printable(text))


def element(parent: Any, tag: str, **attributes: Any) -> Any:
    """A new element of WordprocessingML under `parent`."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    parent.append(made)
    return made


def mm(length: float) -> Length:
    return Mm(length)


def in_order(tree: Any) -> None:
    """Put what describes each part of a tree in the order of the standard; some programs open no other file."""
    for tag, order in _ORDER.items():
        names = {qn(f"w:{name}"): place for place, name in enumerate(order.split())}
        for found in tree.iter(qn(f"w:{tag}")):
            found[:] = sorted(found, key=lambda child: names.get(child.tag, len(names)))


class Sheet:
    """The file, empty but for its page numbers."""

    def __init__(self, paper: OfficialPaper, lines: int) -> None:
        self.paper, self.head = paper, official.head(paper)
        self.line = official.HIGH / lines
        self.document: Any = Document()
        #: how far below the top of the type area the last paragraph of the head ends
        self.down = 0.0

    def parts(self) -> Iterator[Any]:
        """The trees of the document and of its heads and feet."""
        section = self.document.sections[0]
        yield self.document.element
        for part in (section.header, section.even_page_header, section.first_page_header, section.footer,
                     section.even_page_footer, section.first_page_footer):  # fmt: skip
            if not part.is_linked_to_previous:
                yield part._element

    # The sheet

    def _sheet(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = map(Mm, official.SHEET)
        section.top_margin, section.left_margin = Mm(official.TOP), Mm(official.BINDING)
        section.bottom_margin = Mm(official.SHEET[1] - official.TOP - official.HIGH)
        section.right_margin = Mm(official.SHEET[0] - official.BINDING - official.WIDE)
        section.header_distance = Mm(official.TOP + official.MARK_TOP["letter"])
        section.footer_distance = Mm(official.LETTER_FOOT)
        for old in section._sectPr.findall(qn("w:docGrid")):
            section._sectPr.remove(old)
        # A grid of letters would do for Word alone: others give a letter wider than its cell a second one.
        element(section._sectPr, "docGrid", type="lines", linePitch=int(self.line / POINT * TWIPS))

    def _styles(self) -> None:
        normal = self.document.styles["Normal"]
        normal.font.size = Pt(official.TEXT)
        self._face(normal.element.get_or_add_rPr(), "text")
        # 28 letters of 16 pt are a little wider than the type area: they stand that much closer.
        element(normal.element.rPr, "spacing", val=floor((LETTER / POINT - official.TEXT) * TWIPS))
        about = normal.paragraph_format
        about.space_before = about.space_after = Pt(0)
        about.line_spacing_rule, about.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(int(self.line / POINT * 20) / 20)
        about.widow_control = False
        fonts = self.document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
        entries = "".join(
            f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
            for name, others in FACES.values()
        )
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        fonts._blob = f'{head}<w:fonts xmlns:w="{space}">{entries}</w:fonts>'.encode()

    def _face(self, properties: Any, face: str) -> None:
        for old in properties.findall(qn("w:rFonts")):
            properties.remove(old)
        name = FACES[face][0]
        fonts = OxmlElement("w:rFonts")
        for kind in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(qn(f"w:{kind}"), name)
        fonts.set(qn("w:hint"), "eastAsia")
        properties.insert(0, fonts)

    def _page_numbers(self) -> None:
        """`— 1 —` outside at the foot: at the right of odd pages, at the left of even ones."""
        section = self.document.sections[0]
        self.document.settings.odd_and_even_pages_header_footer = True
        letter = self.paper.format == "letter"
        section.different_first_page_header_footer = letter
        for footer, side in (
            (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
            (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
        ):
            footer.is_linked_to_previous = False
            paragraph = footer.paragraphs[0]
            paragraph.style = self.document.styles["Normal"]
            paragraph.alignment = side
            about = paragraph.paragraph_format
            about.left_indent = about.right_indent = mm(LETTER)
            about.line_spacing = Pt(17)
            # The dash is 7 mm below the type area; the foot of a letter's double rule 20 mm above the sheet's.
            about.space_after = mm(5)
            self._run(paragraph, "— ", "digits", official.SMALL)
            for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
                run = self._run(paragraph, "", "digits", official.SMALL)
                if kind:
                    element(run._r, "fldChar", fldCharType=kind)
                else:
                    element(run._r, "instrText").text = words
            self._run(paragraph, " —", "digits", official.SMALL)
        headers = [section.header, section.even_page_header, *([section.first_page_header] if letter else [])]
        for header in headers:
            header.is_linked_to_previous = False
            header.paragraphs[0].style = self.document.styles["Normal"]
            if self.paper.header:
                header.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
                self._run(header.paragraphs[0], self.paper.header, "label", colour=GREY)
            header.paragraphs[0].paragraph_format.line_spacing = Pt(official.TEXT if self.paper.header else 1)

    # Words

    def _run(
        self, paragraph: Any, words: str, face: str = "text", size: float = official.TEXT, colour: Any = None
    ) -> Any:
        run = paragraph.add_run(storable(words))
        self._face(run._r.get_or_add_rPr(), face)
        run.font.size = Pt(round(size * 2) / 2)
        if colour is not None:
            run.font.color.rgb = colour
        return run

    def _line(self, where: Any, y: float, high: float) -> Any:
        """A paragraph of the head, whose line begins `y` below the top of the type area and is `high`."""
        paragraph = where.add_paragraph()
        about = paragraph.paragraph_format
        about.line_spacing_rule, about.line_spacing = WD_LINE_SPACING.EXACTLY, mm(high)
        about.space_before = mm(max(0.0, y - self.down))
        self.down = max(y, self.down) + high
        return paragraph

    def _put(self, paragraph: Any, it: Words) -> None:
        run = self._run(paragraph, it.text, it.face, it.size, RED if it.red else None)
        properties = run._r.get_or_add_rPr()
        if it.red and self.paper.preprinted:
            run.text = ""
        if it.squeeze < 1:
            element(properties, "w", val=round(it.squeeze * 100))
        if it.spread:
            element(properties, "spacing", val=round(it.spread / POINT * TWIPS))

    def _indent(self, paragraph: Any, first: float = 0, left: float = 0) -> None:
        """Indents in letters; `first`: of the first line, less than nothing for one that hangs out."""
        indent = element(paragraph._p.get_or_add_pPr(), "ind")
        pairs = [("left", left), ("firstLine" if first >= 0 else "hanging", abs(first))]
        for name, letters in pairs:
            if letters:
                indent.set(qn(f"w:{name}Chars"), str(round(letters * 100)))
                indent.set(qn(f"w:{name}"), str(round(letters * LETTER / POINT * TWIPS)))

    def _rule(self, paragraph: Any, side: str, kind: str, points: float, colour: str) -> None:
        borders = element(paragraph._p.get_or_add_pPr(), "pBdr")
        element(borders, side, val=kind, sz=round(points * 8), space=0, color=colour)
