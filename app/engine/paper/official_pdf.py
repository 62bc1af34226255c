"""An official paper as a PDF, set by Typst. What people wrote goes in as data, never as markup."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import typst

from app.engine.paper import official
from app.engine.paper.faces import Chosen
from app.engine.paper.manuscript import Block, Cell, Paragraph, Run
from app.engine.paper.official import OfficialPaper
from app.engine.paper.pdf import printable
from app.engine.paper.signatures import signed
from app.engine.paper.titles import width

TEMPLATE = Path(__file__).with_name("official.typ")

#: What is tried in turn where the signature would come alone on a page: other lines a page, as the standard has it, or
#: the last paragraph goes over with it.
TRIED = ((22, False), (23, False), (21, False), (22, True), (24, False), (20, False), (19, False))


def _runs(runs: tuple[Run, ...], face: str) -> list[dict[str, Any]]:
    return [{**asdict(run), "text": printable(run.text), "face": face} for run in runs]


def _paragraph(paragraph: Paragraph) -> list[dict[str, Any]]:
    heading, rest = paragraph.split(paragraph.heading)
    return _runs(heading, official.LEVEL_FACES.get(paragraph.level, "text")) + _runs(rest, "text")


def _cell(y: int, x: int, cell: Cell, centred: bool) -> dict[str, Any]:
    lines = [_runs(line.runs, "label" if cell.head else "text") for line in cell.paragraphs]
    return {"x": x, "y": y, "across": cell.colspan, "down": cell.rowspan, "centred": centred, "lines": lines}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "runs": _paragraph(block)}
    headed = bool(block.rows) and all(cell.head and cell.rowspan == 1 for cell in block.rows[0])
    long = {x for _y, x, cell in block.placed() if not cell.head and width(cell.text) > 8}
    cells = [_cell(y, x, cell, cell.head or x not in long) for y, x, cell in block.placed()]
    return {"kind": "table", "widths": official.column_widths(block), "headed": headed, "cells": cells}


def _all_words(value: Any) -> Any:
    """The same with every text such as a face can show."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _all_words(one) for key, one in value.items()}
    return [_all_words(one) for one in value] if isinstance(value, list | tuple) else value


def described(paper: OfficialPaper, faces: Chosen, lines: int = 22, together: bool = False) -> dict[str, Any]:
    """The paper as the template reads it; `lines` a page; `together`: the end of the text stays with the signature."""
    head = official.head(paper)
    return _all_words(
        {
            "name": paper.title or paper.number,
            "letter": paper.format == "letter",
            "head": {**asdict(head), "begins": head.begins(official.HIGH / lines)},
            "addressed": "" if head.moved else paper.addressed,
            "body": [_block(block) for block in paper.body],
            "enclosures": paper.listed,
            "signed": asdict(signed(paper)),
            "note": paper.noted,
            "attendance": paper.attendance,
            "annexes": [
                {"label": f"附件{place if len(paper.annexes) > 1 else ''}",
                 "title": official.titles.lines(annex.title), "body": [_block(block) for block in annex.body]}
                for place, annex in enumerate(paper.annexes, 1)
            ],
            "imprint": [asdict(entry) for entry in official.imprint(paper, head.moved)],
            "both_sides": paper.both_sides,
            "preprinted": paper.preprinted,
            "seal": paper.seal_diameter if paper.seal_preview else 0,
            "draft": "草稿" if paper.draft else "",
            "watermark": paper.watermark,
            "lines": lines,
            "together": together,
            "faces": faces.families,
            "stand_ins": faces.stand_ins,
        }
    )  # fmt: skip


def _inputs(paper: OfficialPaper, faces: Chosen, lines: int, together: bool) -> dict[str, Any]:
    data = json.dumps(described(paper, faces, lines, together), ensure_ascii=False)
    return {"font_paths": faces.fonts, "sys_inputs": {"paper": data}}


def pitch_of(paper: OfficialPaper, faces: Chosen) -> tuple[int, bool]:
    """Lines a page, and whether the end of the text goes over with the signature: 22 and no, wherever that will do.

    A page with a signature and no text (此页无正文) is not allowed.
    """
    for lines, together in TRIED if paper.body else ():
        if together and not (len(paper.body) > 1 or paper.enclosures or paper.attendance):
            continue  # the text has to begin on the first page
        inputs = _inputs(paper, faces, lines, together)
        if not json.loads(typst.query(TEMPLATE, "<alone>", field="value", one=True, **inputs)):
            return lines, together
    return official.LINES, False


def typeset(paper: OfficialPaper, faces: Chosen, kind: Literal["pdf", "png"] = "pdf") -> bytes | list[bytes]:
    """The paper as a PDF with its fonts in it, or as a picture of each page."""
    return typst.compile(TEMPLATE, format=kind, ppi=110, **_inputs(paper, faces, *pitch_of(paper, faces)))
