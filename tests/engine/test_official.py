"""Official papers held against the numbers of GB/T 9704-2012: the PDF is read back and measured, the Word file reopened."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from PIL import Image
from pypdf import PdfReader

from app.engine.paper import official, titles
from app.engine.paper.faces import chosen
from app.engine.paper.manuscript import blocks
from app.engine.paper.official import Annex, OfficialPaper
from app.engine.paper.official_pdf import typeset
from app.engine.paper.signatures import signed
from app.engine.paper.word import written
from tests.safety.naughty import strings

POINT = 25.4 / 72
#: The standard allows 1 mm at the margins; letters are measured by their box, whose ink lies up to 0.1 em further in.
MARGIN, INK = 1.0, 1.6
TABLE = "<table><tr><th>序号</th><th>任务</th></tr><tr><td>1</td><td>排查隐患</td></tr></table>"

NOTICE = OfficialPaper(
    title="关于报送2026年度预算的通知",
    issuers=("××市财政局",),
    number="×财发〔2026〕12号",
    copy_number="12",
    secrecy="秘密",
    secrecy_period="1年",
    urgency="特急",
    addressees="各区县财政局，市直各单位",
    body=tuple(blocks(f"<p>现将有关事项通知如下。</p><p>一、总体要求</p><p>（一）按时报送。逾期不予安排。</p>{TABLE}<p>请<strong>遵照</strong>执行。</p>")),
    enclosures=("预算草案表", "填报说明"),
    day=date(2026, 3, 2),
    note="此件公开发布",
    copy_to="市委办公室，市政协办公室",
    printing_office="××市财政局办公室",
    printed_on=date(2026, 3, 3),
)  # fmt: skip
UPWARD = replace(
    NOTICE,
    title="关于申请防汛资金的请示",
    signers=("张明", "李建国", "王力"),
    secrecy="",
    secrecy_period="",
    copy_number="",
)
LETTER = replace(NOTICE, format="letter", title="关于商请协助检查的函", number="×财函〔2026〕3号", copy_number="")
ORDER = replace(
    NOTICE,
    format="order",
    title="",
    signature="stamp",
    officers=(("市长", "王建国"),),
    urgency="",
    secrecy="",
    enclosures=(),
)
FULL = replace(NOTICE, body=tuple(blocks("甲乙丙丁戊己庚辛壬癸" * 200)), signature="plain", enclosures=(), note="")
JOINT = replace(NOTICE, issuers=("××市应急管理局", "××市公安局", "××市市场监督管理局"))
SAMPLES = {"notice": NOTICE, "upward": UPWARD, "letter": LETTER, "order": ORDER, "joint": JOINT}


@cache
def pdf(paper):
    content = typeset(paper, chosen(None))
    assert isinstance(content, bytes)
    return PdfReader(io.BytesIO(content))


@cache
def pictures(paper):
    drawn = typeset(paper, chosen(None), "png")
    return [Image.open(io.BytesIO(page)).convert("RGB") for page in (drawn if isinstance(drawn, list) else [drawn])]


@cache
def words(paper, page=0):
    """Words of a page: text, x and y of where their line of writing begins in millimetres from the sheet's top left, size."""
    found = []

    def visit(text, to_page, to_text, _font, size):
        if text.strip():
            a, b, c, d, e, f = to_page
            x, y = to_text[4], to_text[5]
            found.append((text.strip(), (x * a + y * c + e) * POINT, 297 - (x * b + y * d + f) * POINT, size))

    pdf(paper).pages[page].extract_text(visitor_text=visit)
    return found


def found(paper, text, page=0):
    """x, top of the letters' box and size of the words that begin with `text`."""
    x, y, size = next((x, y, size) for words_, x, y, size in words(paper, page) if words_.startswith(text))
    return x, y - 0.88 * size * POINT, size


def squeezed(text):
    return re.sub(r"\s+", "", text)


def text_of(paper):
    return squeezed("".join(page.extract_text() for page in pdf(paper).pages))


def reds(picture):
    """Rows and columns, in millimetres, with red in them."""
    wide = picture.width / 210
    pixels = picture.load()
    marks = [
        (x / wide, y / wide)
        for y in range(picture.height)
        for x in range(picture.width)
        if pixels[x, y][0] > 150 and pixels[x, y][1] < 120
    ]
    return marks


def rule_of(paper):
    """Left, right, top of the red rule: the only rows of red as wide as the type area."""
    rows = {}
    for x, y in reds(pictures(paper)[0]):
        rows.setdefault(round(y, 2), []).append(x)
    full = {y: xs for y, xs in rows.items() if max(xs) - min(xs) > 150 and len(xs) > 600}
    return min(min(xs) for xs in full.values()), max(max(xs) for xs in full.values()), min(full)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_stands_on_the_paper(name):
    paper, text = SAMPLES[name], text_of(SAMPLES[name])
    wanted = [
        paper.number,
        paper.title,
        paper.addressed,
        "现将有关事项通知如下。",
        "请遵照执行。",
        "排查隐患",
        paper.dated,
        paper.noted,
        paper.copy_to,
    ]
    assert [words_ for words_ in wanted if squeezed(words_) not in text] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_face_is_in_the_file_and_the_sheet_is_a4(name):
    reader = pdf(SAMPLES[name])
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    descriptors = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert descriptors
    assert all("/FontFile3" in one or "/FontFile2" in one for one in descriptors)
    assert [float(side) * POINT for side in reader.pages[0].mediabox[2:]] == pytest.approx([210, 297], abs=0.1)


def test_a_full_page_has_22_lines_of_28_letters_in_the_type_area():
    lines = [(text, x, y) for text, x, y, size in words(FULL, 1) if size == pytest.approx(16)]
    assert [len(text) for text, _x, _y in lines] == [28] * 22
    assert {round(x, 1) for _text, x, _y in lines} == {28.0}
    tops = [y - 0.88 * 16 * POINT for _text, _x, y in lines]
    pitch = (tops[-1] - tops[0]) / 21
    assert pitch == pytest.approx(225 / 22, abs=0.02)
    # The letter stands in the middle of its line, so half a gap lies above the first and below the last.
    assert tops[0] - (pitch - 16 * POINT) / 2 == pytest.approx(37, abs=MARGIN)
    assert tops[-1] + 16 * POINT + (pitch - 16 * POINT) / 2 == pytest.approx(37 + 225, abs=MARGIN)


@pytest.mark.parametrize(
    ("text", "size"), [("关于报送", 22), ("×财发", 16), ("现将有关", 16), ("秘密", 16), ("抄送", 14), ("××市财政局办公室", 14), ("—", 14)]
)  # fmt: skip
def test_sizes_of_type(text, size):
    written_so = [
        one for page in range(len(pdf(NOTICE).pages)) for one in words(NOTICE, page) if one[0].startswith(text)
    ]
    assert written_so
    assert {round(one[3], 1) for one in written_so} == {size}


def test_marks_stand_at_the_top_left_one_below_the_other():
    places = [found(NOTICE, text) for text in ("000012", "秘密★1年", "特急")]
    assert [x for x, _y, _size in places] == pytest.approx([28] * 3, abs=0.1)
    line = 225 / 22
    assert [(y - 37) / line for _x, y, _size in places] == pytest.approx([0.22, 1.22, 2.22], abs=0.05)


@pytest.mark.parametrize(("paper", "top"), [(NOTICE, 37 + 35), (JOINT, 37 + 35), (LETTER, 30), (ORDER, 37 + 20)], ids=["notice", "joint", "letter", "order"])  # fmt: skip
def test_the_red_mark_begins_where_the_format_wants_it(paper, top):
    assert min(y for _x, y in reds(pictures(paper)[0])) == pytest.approx(top, abs=INK)


@pytest.mark.parametrize("paper", [NOTICE, UPWARD, JOINT], ids=["notice", "upward", "joint"])
def test_the_red_rule_is_4_mm_below_the_number_and_as_wide_as_the_type_area(paper):
    left, right, top = rule_of(paper)
    assert (left, right) == pytest.approx((28, 184), abs=0.5)
    bottom = found(paper, paper.number)[1] + 16 * POINT
    assert top - bottom == pytest.approx(4, abs=0.4)


def test_the_number_is_centred_two_lines_below_the_mark_and_the_title_two_below_the_rule():
    x, y, _size = found(NOTICE, NOTICE.number)
    assert x + titles.width(NOTICE.number) * 156 / 28 / 2 == pytest.approx(28 + 78, abs=1.5)
    assert y - (37 + 35 + 15) == pytest.approx(2 * 225 / 22 + 2.3, abs=0.5)
    _left, _right, rule = rule_of(NOTICE)
    title_box = found(NOTICE, "关于报送")[1] - (33 - 22) * POINT / 2
    assert title_box - rule == pytest.approx(2 * 225 / 22, abs=0.6)


def test_an_upward_paper_has_its_number_at_the_left_and_its_signers_at_the_right():
    letter = 156 / 28
    x, y, _size = found(UPWARD, UPWARD.number)
    assert x == pytest.approx(28 + letter, abs=0.2)
    label, label_y, _size = found(UPWARD, "签发人：")
    first, second, third = (found(UPWARD, name) for name in UPWARD.signers)
    assert first[0] == pytest.approx(label + 4 * letter, abs=0.2)
    assert second[0] + 3 * letter == pytest.approx(184 - letter, abs=0.3)
    assert third[0] == pytest.approx(first[0], abs=0.1)
    assert (third[1], label_y) == pytest.approx((y, y - 225 / 22), abs=0.1)  # the number beside the last name


def test_text_is_indented_by_two_letters_and_addressees_are_not():
    assert found(NOTICE, "各区县财政局")[0] == pytest.approx(28, abs=0.1)
    assert found(NOTICE, "现将有关")[0] == pytest.approx(28 + 2 * 156 / 28, abs=0.1)


def test_page_numbers_stand_7_mm_below_the_type_area_right_then_left():
    odd, even = (next(w for w in words(FULL, page) if w[0].startswith("—")) for page in (0, 1))
    assert even[1] == pytest.approx(28 + 156 / 28, abs=0.3)
    assert odd[1] > 105
    picture = pictures(FULL)[1]
    wide = picture.width / 210
    dash = [
        y / wide
        for y in range(int(263 * wide), int(280 * wide))
        for x in range(int(34.2 * wide), int(37 * wide))
        if sum(picture.getpixel((x, y))) < 380
    ]
    assert min(dash) == pytest.approx(37 + 225 + 7, abs=0.6)


def test_the_imprint_ends_at_the_foot_of_the_type_area_with_thick_and_thin_rules():
    last = pictures(NOTICE)[-1]
    wide = last.width / 210
    column = int(190 * wide) - int(8 * wide)
    dark = [y / wide for y in range(int(230 * wide), int(264 * wide)) if sum(last.getpixel((column, y))) < 500]
    assert max(dark) == pytest.approx(37 + 225, abs=0.5)
    page = len(pdf(NOTICE).pages) - 1
    copied, printed = found(NOTICE, "抄送", page), found(NOTICE, NOTICE.printing_office, page)
    assert copied[0] == pytest.approx(28 + 14 * POINT, abs=0.2)
    assert copied[1] < printed[1] < 262


def test_the_rules_of_a_letter_are_170_mm_long_and_20_mm_above_the_sheet_s_foot():
    marks = [(x, y) for x, y in reds(pictures(LETTER)[0]) if y > 200]
    assert (min(x for x, _y in marks), max(x for x, _y in marks)) == pytest.approx((20, 190), abs=0.5)
    assert max(y for _x, y in marks) == pytest.approx(277, abs=0.5)
    assert not any(text.startswith("—") for text, *_rest in words(LETTER))


def test_paper_with_a_printed_head_gets_no_red_and_keeps_everything_else_in_its_place():
    printed = replace(NOTICE, preprinted=True)
    assert [reds(picture) for picture in pictures(printed)] == [[]] * len(pictures(printed))
    assert found(printed, NOTICE.number) == pytest.approx(found(NOTICE, NOTICE.number))
    assert found(printed, "现将有关") == pytest.approx(found(NOTICE, "现将有关"))


def test_a_seal_lies_within_a_line_of_the_text_over_name_and_date():
    under = signed(NOTICE)
    x, y = under.seals[0]
    top, bottom, line = y - official.SEAL / 2, y + official.SEAL / 2, 225 / 22
    assert 0 < top <= line
    name, dated = under.names
    assert top < name[1] * line < (dated[1] + 1) * line < bottom
    # The date ends four letters from the right, the name stands over its middle.
    assert dated[2] + titles.width(NOTICE.dated) / 2 == pytest.approx(28 - 4)
    assert (name[2], x) == (dated[2], pytest.approx(dated[2] * 156 / 28))


@pytest.mark.parametrize("count", range(2, 8))
@pytest.mark.parametrize("name", ["×市公安局", "××市市场监督管理局"])
def test_seals_of_a_joint_paper_touch_neither_each_other_nor_the_margins(count, name):
    under = signed(replace(NOTICE, issuers=(name,) * count))
    assert len(under.seals) == count
    radius = official.SEAL / 2
    assert all(radius <= x <= 156 - radius for x, _y in under.seals)
    apart = [
        ((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5 for n, (x1, y1) in enumerate(under.seals) for x2, y2 in under.seals[:n]
    ]
    assert min(apart) > official.SEAL


def test_without_a_seal_the_date_begins_two_letters_right_of_the_name():
    name, dated = signed(replace(NOTICE, signature="plain", issuers=("××市市场监督管理局",))).names
    assert dated[2] - name[2] == 2
    assert name[2] + titles.width(name[0]) == 28 - 2
    short, long = signed(replace(NOTICE, signature="plain", issuers=("××局",))).names
    assert (long[2] - short[2], long[2] + titles.width(long[0])) == (2, 28 - 2)


@pytest.mark.parametrize("count", [1, 6, 12])
def test_the_text_begins_on_the_first_page_however_many_issue_it(count):
    paper = replace(NOTICE, issuers=tuple(f"××市第{n}管理局" for n in range(count)), signature="plain")
    assert any(text.startswith("现将有关") for text, *_rest in words(paper))


def test_addressees_without_end_go_into_the_imprint():
    paper = replace(NOTICE, addressees="、".join(f"第{n}区人民政府" for n in range(60)))
    assert official.head(paper).moved
    assert [entry.label for entry in official.imprint(paper, moved=True)] == ["主送：", "抄送：", ""]


@pytest.mark.parametrize("lines", range(3, 13))
def test_no_page_holds_a_signature_and_no_text(lines):
    paper = replace(NOTICE, body=tuple(blocks("\n".join(["各单位要认真落实。"] * lines))), enclosures=())
    page = next(n for n in range(len(pdf(paper).pages)) if any(w[0] == paper.dated for w in words(paper, n)))
    assert any("认真落实" in text for text, *_rest in words(paper, page))


def test_an_imprint_printed_on_both_sides_stands_on_an_even_page():
    paper = replace(NOTICE, both_sides=True)
    pages = [page.extract_text() for page in pdf(paper).pages]
    assert len(pages) % 2 == 0
    assert "抄送" in pages[-1]


def test_an_enclosure_begins_on_a_page_of_its_own():
    paper = replace(NOTICE, annexes=(Annex("任务分工表", tuple(blocks("第一项任务。"))),))
    page = next(n for n in range(len(pdf(paper).pages)) if any(w[0] == "任务分工表" for w in words(paper, n)))
    assert words(paper, page)[0][0] == "附件"


@pytest.mark.parametrize(
    ("title", "count"),
    [("关于报送2026年度预算的通知", 1), ("关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知", 2),
     ("××市人民政府办公室关于进一步加强“地沟油”和餐厨废弃油脂监管整治工作实施方案的通知", 3)],
)  # fmt: skip
def test_a_title_has_the_shape_of_a_trapezoid_or_a_diamond_and_keeps_words_whole(title, count):
    lines = titles.lines(title)
    wide = [titles.width(line) for line in lines]
    assert ("".join(lines), len(lines)) == (title, count)
    assert max(wide) <= titles.MOST
    rises = [a < b for a, b in pairwise(wide)]
    assert len(set(wide)) == count
    assert rises in ([], *([up] * (count - 1) for up in (True, False)), [True, False])
    assert not any(line.endswith(("监", "工", "实", "通", "旱")) for line in lines[:-1])


def test_naughty_words_are_set_as_they_are_and_read_as_nothing_else():
    fit = [text for text in strings(60) if text.isprintable() and text.strip()]
    body = tuple(block for text in fit for block in blocks(text))
    paper = replace(
        NOTICE, title="#eval(1)[*x*]", addressees="$a$ _b_", body=body, enclosures=('#import "@preview/x:1.0.0"',)
    )
    text = text_of(paper)
    assert [w for w in ("#eval(1)[*x*]", "$a$_b_", '#import"@preview/x:1.0.0"') if w not in text] == []


def test_the_template_imports_nothing_and_opens_no_file():
    template = (Path(official.__file__).parent / "official.typ").read_text("utf-8")
    code = re.sub(r"//.*", "", template)
    assert re.findall(r"#?\b(?:import|include|read|image|plugin|eval|csv|yaml|toml|xml)\b\s*[(\"]", code) == []
    assert "@" not in code


# The Word file


def reopened(paper):
    return Document(io.BytesIO(written(paper)))


def faces_of(run):
    return run._r.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia"))


def test_the_word_file_has_the_margins_and_the_grid_of_the_standard():
    section = reopened(NOTICE).sections[0]
    lengths = [
        section.page_width,
        section.page_height,
        section.top_margin,
        section.left_margin,
        section.right_margin,
        section.bottom_margin,
    ]
    assert [length.mm for length in lengths] == pytest.approx([210, 297, 37, 28, 26, 35], abs=0.1)
    grid = section._sectPr.find(qn("w:docGrid"))
    assert grid.get(qn("w:type")) == "lines"
    closer = int(reopened(NOTICE).styles["Normal"].element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    lines, letters = int(grid.get(qn("w:linePitch"))) / 20 * POINT, (16 + closer) * POINT
    assert (225 // lines, 156 // letters) == (22, 28)


def test_the_word_file_names_the_faces_and_sizes_of_the_standard():
    runs = [run for paragraph in reopened(NOTICE).paragraphs for run in paragraph.runs if run.text.strip()]
    seen = {run.text: (faces_of(run), run.font.size.pt) for run in runs}
    assert seen["关于报送2026年度预算的通知"] == ("方正小标宋简体", 22)
    assert seen["现将有关事项通知如下。"] == ("仿宋_GB2312", 16)
    assert seen["一、总体要求"] == ("黑体", 16)
    assert (seen["（一）按时报送。"], seen["逾期不予安排。"]) == (("楷体_GB2312", 16), ("仿宋_GB2312", 16))
    assert seen["秘密★1年"] == ("黑体", 16)


@pytest.mark.parametrize("name", ["notice", "upward", "order"])
def test_the_word_file_has_a_red_mark_unless_the_paper_has_one(name):
    def red(document):
        return [
            run.text for p in document.paragraphs for run in p.runs if str(run.font.color.rgb) == "FF0000" and run.text
        ]

    paper = SAMPLES[name]
    assert red(reopened(paper)) == ["".join(paper.issuers) + paper.suffix]
    printed = reopened(replace(paper, preprinted=True))
    assert red(printed) == []
    assert "FF0000" not in [b.get(qn("w:color")) for b in printed.element.iter(qn("w:bottom"))]


def test_the_word_file_holds_every_word_in_order():
    document = reopened(NOTICE)
    text = squeezed("".join(paragraph.text for paragraph in document.paragraphs))
    at = [
        text.find(squeezed(w))
        for w in (
            NOTICE.number,
            NOTICE.title,
            NOTICE.addressed,
            "请遵照执行。",
            "附件：1.预算草案表",
            NOTICE.dated,
            NOTICE.noted,
        )
    ]
    assert -1 not in at
    assert at == sorted(at)
    table, imprint = document.tables
    assert [cell.text for row in table.rows for cell in row.cells] == ["序号", "任务", "1", "排查隐患"]
    assert [row.cells[0].text for row in imprint.rows] == [
        f"抄送：{NOTICE.copy_to}。",
        "××市财政局办公室\t2026年3月3日印发",
    ]
    assert [run.bold for p in document.paragraphs for run in p.runs if run.text == "遵照"] == [True]


def test_page_numbers_of_the_word_file_are_outside_between_dashes():
    document = reopened(NOTICE)
    assert document.settings.odd_and_even_pages_header_footer
    odd, even = (f.paragraphs[0] for f in (document.sections[0].footer, document.sections[0].even_page_footer))
    assert (odd.alignment, even.alignment) == (2, 0)
    assert [p.text for p in (odd, even)] == ["—  —", "—  —"]
    assert ["PAGE" in p._p.xml for p in (odd, even)] == [True, True]


@pytest.mark.parametrize("paper", [*SAMPLES.values(), OfficialPaper("", ()), replace(LETTER, draft=True, preprinted=True)], ids=lambda p: p.format)  # fmt: skip
def test_any_paper_makes_a_word_file_whose_parts_stand_in_the_order_of_the_standard(paper):
    document = reopened(paper)
    order = {
        qn(f"w:{tag}"): n
        for n, tag in enumerate(("keepNext", "pageBreakBefore", "pBdr", "tabs", "spacing", "ind", "jc"))
    }
    for properties in document.element.iter(qn("w:pPr")):
        places = [order[child.tag] for child in properties if child.tag in order]
        assert places == sorted(places)
