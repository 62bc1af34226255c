"""The Word file of an official paper opened by a word processor: the words, the sheet, 22 lines of 28 letters."""

import io

import pytest
from pypdf import PdfReader

from app.engine.paper.manuscript import blocks
from app.engine.paper.official import OfficialPaper
from app.engine.paper.word import written
from tests.office_suite import converted

LETTERS, LINES = 28, 22
PARAGRAPH = "规" * (LETTERS * 2 - 2 - 1) + "。"  # two full lines, the first of which begins two letters in


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    paper = OfficialPaper(
        title="关于报送预算的通知", issuers=("某市财政局",), number="财发〔2026〕12号", addressees="各科室",
        body=tuple(blocks(f"<p>{PARAGRAPH}</p>" * 40)),
    )  # fmt: skip
    opened = converted(written(paper), "paper.docx", "pdf", tmp_path_factory.mktemp("word"))
    return PdfReader(io.BytesIO(opened)).pages


def test_a_word_processor_shows_every_word_on_a4(pages):
    text = "".join("".join(page.extract_text().split()) for page in pages)
    for words in ("某市财政局文件", "财发〔2026〕12号", "关于报送预算的通知", "各科室："):
        assert words in text, words
    assert [round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:]] == [210, 297]


def test_a_full_page_of_it_has_22_lines_of_28_letters(pages):
    lines = [line.strip() for line in pages[1].extract_text().splitlines() if "规" in line]
    assert len(lines) == LINES
    assert {len(line) for line in lines} == {LETTERS - 2, LETTERS}
