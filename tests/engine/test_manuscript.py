"""The text of a paper: what is kept of what was typed or pasted, what stands for a heading, two versions compared."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import render_template_string
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.engine.fields import Field
from app.engine.paper.comparison import altered, compare
from app.engine.paper.manuscript import Paragraph, Run, Table, blocks, clean, plain
from app.web import cells, forms
from tests.safety.naughty import strings

ALLOWED = {"p", "strong", "em", "u", "br", "table", "tr", "td", "th"}
PARTS = st.sampled_from(
    "<p> </p> <b> </b> <i> </u> <u> <table> </table> <tr> <td> </td> <br> <div> <li> <script> </script> 甲 乙 a < > & &lt; "
    "&lt;b&gt; x<y <!-- --> 　 <td/colspan=3> <th/rowspan=2> <svg/onload=ran=1> <p/style=x>".replace("/", "\u00a0").split()
).map(lambda part: part.replace("\u00a0", " " if "=" in part else "/"))  # fmt: skip
TYPED = st.one_of(st.text(), st.lists(PARTS, max_size=40).map("".join))
TEXT = Field("Text", "rich", "body", "body", length=200)

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p{margin:0} --></style></head><body>
<!--StartFragment--><p class=MsoNormal style='mso-char-indent-count:2.0'><b><span style='font-family:黑体'>一、加强组
领导</span></b><span lang=EN-US><o:p></o:p></span></p><p class=MsoNormal>各单位要<u>落实</u>责任。</p><h2>附表</h2>
<table border=1><tr><td width=9>序号</td><td>任务</td></tr><tr><td>1</td><td><p>排查<p>建账</td></tr></table></body></html>"""


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _value in attrs)))


def tags(text):
    reader = Tags()
    reader.feed(text)
    return reader.found


@settings(max_examples=400, deadline=None)
@given(TYPED)
def test_a_text_is_cleaned_once_and_for_all(typed):
    kept = clean(typed)
    assert clean(kept) == kept
    assert blocks(kept) == blocks(typed)


@settings(max_examples=400, deadline=None)
@given(TYPED)
def test_kept_markup_holds_the_subset_and_nothing_else(typed):
    kept = clean(typed)
    marked_up = kept.startswith(("<p>", "<table>"))
    found = tags(kept) if marked_up else []
    assert {tag for tag, _names in found} <= ALLOWED
    assert {name for _tag, names in found for name in names} <= {"colspan", "rowspan"}


@settings(max_examples=300, deadline=None)
@given(TYPED)
def test_the_cells_of_a_table_cover_its_grid_once(typed):
    tables = [block for block in blocks(f"<table>{typed}</table>") if isinstance(block, Table)]
    for table in tables:
        covered = [
            (y + down, x + right)
            for y, x, cell in table.placed()
            for down in range(cell.rowspan)
            for right in range(cell.colspan)
        ]
        assert sorted(covered) == [(y, x) for y in range(len(table.rows)) for x in range(table.columns)]


def test_naughty_strings_come_to_no_life(app):
    kept = [clean(text) for text in strings()]
    page = '{% from "wenshu/_manuscript.html" import manuscript %}{{ manuscript(blocks) }}'
    with app.test_request_context():
        drawn = render_template_string(page, blocks=[block for text in kept for block in blocks(text)])
    assert [clean(text) for text in kept] == kept
    assert {tag for tag, _names in tags(drawn)} <= ALLOWED | {"div"}


@pytest.mark.parametrize(
    "text", ["各单位：\n请于3月2日前报送。", "a < b 且 b > c", "　　两格缩进\n\n空行", "<客户名称>", "1 & 2"]
)
def test_plain_lines_of_old_stay_as_they_are(text):
    assert clean(text) == text
    assert plain(text) == text


def test_a_text_without_emphasis_is_kept_as_plain_lines():
    assert clean("<p>第一段</p>\n<p>第二段</p>") == "第一段\n第二段"


def test_words_that_look_like_markup_stay_words():
    kept = clean("<p>写作&lt;b&gt;x&lt;/b&gt;</p>")
    assert kept == "<p>写作&lt;b&gt;x&lt;/b&gt;</p>"
    assert plain(kept) == "写作<b>x</b>"


def test_what_a_word_processor_copies_leaves_words_emphases_and_tables():
    assert clean(WORD) == (
        "<p><strong>一、加强组领导</strong></p><p>各单位要<u>落实</u>责任。</p><p>附表</p>"
        "<table><tr><td>序号</td><td>任务</td></tr><tr><td>1</td><td>排查<br>建账</td></tr></table>"
    )
    assert plain(WORD) == "一、加强组领导\n各单位要落实责任。\n附表\n序号\t任务\n1\t排查 建账"


@pytest.mark.parametrize(
    ("words", "level"),
    [("一、总则", 1), ("十二、附则", 1), ("（三）分工", 2), ("(三)分工", 2), ("1. 每季一次", 3), ("12、其他", 3), ("（1）召集", 4), ("(2)表决", 4),
     ("1.5倍以上", 0), ("2026年3月2日", 0), ("一般而言", 0), ("各单位：", 0)],
)  # fmt: skip
def test_levels_are_told_by_how_a_paragraph_begins(words, level):
    assert Paragraph((Run(words),)).level == level


def test_the_heading_of_a_paragraph_is_its_first_sentence():
    paragraph = Paragraph((Run("（一）健全"), Run("机制。", bold=True), Run("每季召开会议。")))
    heading, rest = paragraph.split(paragraph.heading)
    assert "".join(run.text for run in heading) == "（一）健全机制。"
    assert rest == (Run("每季召开会议。"),)


def test_reworded_paragraphs_show_the_words_that_came_and_went():
    old = "各单位：\n一、加强领导。各单位要高度重视，于2026年3月2日前报送。\n二、本条删去。\n请遵照执行。"
    new = "各单位：\n一、加强组织领导。各部门要高度重视，于2026年3月12日前报送。\n请遵照执行。"
    changes = compare(old, new)
    assert [change.kind for change in changes] == ["same", "changed", "deleted", "same"]
    assert [(piece.mark, piece.text) for piece in changes[1].pieces if piece.mark] == [
        ("inserted", "组织"), ("deleted", "单位"), ("inserted", "部门"), ("deleted", "2"), ("inserted", "12"),
    ]  # fmt: skip
    assert altered(changes) == 2


def test_the_same_words_set_differently_are_told_apart():
    assert [change.kind for change in compare("甲\n乙", "<p>甲</p><p><b>乙</b></p>")] == ["same", "set"]


LINES = st.lists(st.sampled_from("甲乙丙丁戊\nab1 "), max_size=80).map("".join)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES)
def test_a_comparison_holds_both_versions_whole(old, new):
    changes = compare(old, new)
    after = [change.text for change in changes if change.kind != "deleted"]
    before = [
        "".join(piece.text for piece in change.pieces if piece.mark != "inserted")
        for change in changes
        if change.kind != "inserted"
    ]
    assert after == [block.text for block in blocks(new)]
    assert before == [block.text for block in blocks(old)]


def test_a_comparison_is_drawn_with_signs_and_words_not_by_colour_alone(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        drawn = render_template_string(
            '{% from "wenshu/_manuscript.html" import comparison %}{{ comparison(changes) }}',
            changes=compare("甲乙丙丁\n<删>", "甲乙丙戊\n新的一段文字"),
        )
    assert "<del>丁</del><ins>戊</ins>" in drawn
    assert "±" in drawn
    assert "&lt;删&gt;" in drawn


def test_the_field_counts_what_is_stored():
    assert TEXT.clean("<p><span style='color:red'>" + "字" * 200 + "</span></p>") == "字" * 200
    with pytest.raises(ValueError, match="201"):
        TEXT.clean("字" * 201)


@pytest.mark.parametrize("empty", ["", "  ", "<p></p>", "<p><br></p>", "<script>ran=1</script>"])
def test_a_field_without_words_is_empty(empty):
    assert TEXT.clean(empty) is None


def test_lists_history_and_search_show_the_bare_words(app):
    with app.test_request_context():
        assert cells.text_of(TEXT, "<p>甲<strong>乙</strong></p><p>丙</p>") == "甲乙\n丙"


def test_the_form_offers_an_area_that_works_without_a_script(app):
    with app.test_request_context():
        form = forms.form_for({"body": TEXT}, None, {"body": "甲\n乙 <x>"}, {})
        drawn = render_template_string(
            '{% from "wenshu/_fields.html" import field_row %}{{ field_row(form.body) }}', form=form
        )
    assert re.search(
        r"<textarea[^>]*name=\"body\"[^>]*data-manuscript=\"body-tools\"[^>]*>\s*甲\n乙 &lt;x&gt;</textarea>", drawn
    )
    assert "style=" not in drawn
    assert "onclick" not in drawn


@pytest.mark.parametrize(("stored", "sent", "same"), [("甲\n乙", "<p>甲</p><p>乙</p>", True), ("甲\n乙", "甲\r\n乙", True), ("甲", "<p><b>甲</b></p>", False)])  # fmt: skip
def test_what_the_editor_sends_back_untouched_is_no_change(stored, sent, same):
    assert forms.unchanged(TEXT, stored, forms.sent({"body": TEXT}, MultiDict({"body": sent}))["body"]) is same
