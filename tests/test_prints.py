"""Printed forms: what stands on them, for whom, on how many sheets; the PDF is opened again by other programs."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from app.engine import access, clocks, finding, numbers
from app.engine import record as records
from app.engine.events import SecurityEvent
from app.engine.moments import local, parse_moment, today
from app.engine.paper import faces
from app.engine.paper.description import FORMS, Box, Cell, Form, Line, Print, Row
from app.engine.paper.faces import SHIPPED, chosen
from app.engine.paper.pdf import typeset
from app.extensions import db
from models.circulation import CirculationEntry
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.outgoing import OutgoingDocument
from models.people import Department, Person
from models.prints import Opinion, in_order
from models.registers import Register
from tests.browsing import Desk
from tests.conftest import actors_of, sign_in
from tests.test_outgoing import RAW, take, walk

ROOT = Path(__file__).parent.parent

#: The four filled slips of the township government, as they stand on paper.
SLIPS = (
    ("独府办", "2011-09-13", "独府办发〔2011〕139号",
     "关于印发独山县进一步加强“地沟油”和餐厨废弃油脂监管整治工作实施方案的通知",
     "拟请乡属各相关部门按照文件要求，认真贯彻执行\n拟转周乡长阅办，呈请韦书记阅示", "2011年9月13日"),
    ("独山县政府办", "2011-09-07", "独府办发〔2011〕138号",
     "关于将县属财政管理国有资产划归县国有资本运营有限责任公司管理的通知",
     "根据上级通知，拟将乡属各有关单位、各村组、村党支部积极配合国有资本运营公司，将乡属、村属财政管理的资产划归独山国有资本运营有限责任公司管理。\n拟呈韦书记阅示。",
     "2011年9月7日"),
    ("县作风建设领导小组办公室", "2011-08-29", None, "关于做好迎接州省、州督查工作准备的通知", "拟呈党政班子领导传阅", "2011年8月29日"),
    ("黔南府办", "2011-09-13", "黔南府办发电〔2011〕202号",
     "关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知",
     "拟请乡属各相关部门认真执行省委文件精神，各村组积极配合。\n拟呈蒙乡长阅示，请办公室领导示", "2011年9月13日"),
)  # fmt: skip


def squeezed(text):
    """Text without the spaces and line ends a page adds."""
    return re.sub(r"\s+", "", text)


def opened(content):
    return PdfReader(io.BytesIO(content))


def text_of(content, page=None):
    pages = opened(content).pages
    return squeezed("".join(one.extract_text() for one in (pages if page is None else [pages[page]])))


def missing(text, in_their_order):
    """Those of the words that do not stand in the text after the ones before them."""
    place, absent = 0, []
    for words in map(squeezed, in_their_order):
        found = text.find(words, place)
        absent += [words] if found < 0 else []
        place = max(place, found)
    return absent


def register(session, **values):
    """A document as the clerk registers it."""
    sender = values.pop("sender", "市财政局")
    with access.system():
        if session.query(Correspondent).filter_by(name=sender).first() is None:
            session.add(Correspondent(name=sender))
            session.flush()
    raw = {"sender": sender, "title": "关于报送预算的通知", "received_at": "2026-03-06 09:00", "secrecy": "internal",
           "urgency": "none", "copies": "1"}  # fmt: skip
    return records.add(session, IncomingDocument, {**raw, **values})


REVIEW = ("ours", "addressed", "formed", "consulted")


def paper(app, **values):
    """The key of a paper the clerk registered and proposed something on, if there is a proposal."""
    proposal = values.pop("proposal", None)
    with app.app_context():
        clerk = actors_of(db.session)["clerk"]
        with access.acting_as(clerk):
            document = register(db.session, **values)
            if proposal and document.profile() == "government":  # its rules ask for a first review
                document.flow.take(db.session, document, "screen", dict.fromkeys(REVIEW, True))
            if proposal:
                document.flow.take(db.session, document, "propose", {"proposal": proposal, "transfer": "综合科"})
        db.session.commit()
        return document.id


def get(client, pk, form="incoming_slip", ending="pdf", kind="incoming_documents", **args):
    return client.get(f"/print/{form}/{kind}/{pk}.{ending}", query_string=args)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip[0])
def test_the_slip_says_what_the_paper_slip_says_in_its_order_on_one_sheet(app, client, slip):
    sender, received, sender_no, title, proposal, day = slip
    with app.app_context(), access.system():
        government = db.session.query(Register).filter_by(profile="government").one().id
    pk = paper(app, sender=sender, sender_no=sender_no, title=title, received_at=received, proposal=proposal,
               register=str(government))  # fmt: skip
    answer = get(client("clerk"), pk)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert len(opened(answer.data).pages) == 1
    text = text_of(answer.data)
    number = f"政收〔{today().year}〕1号"
    in_their_order = [
        "党政办公室来文处理笺", "来文单位" + sender, "收到日期" + day, "来文号" + (sender_no or ""), "份数1", "收文号" + number,
        "内容摘要" + title, "此件共1份，已分送", "拟办意见：" + squeezed(proposal), "领导批示：", "办理结果：", "传阅签名",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text


def test_every_font_is_inside_the_pdf_and_none_of_them_is_commercial(app, client):
    answer = get(client("clerk"), paper(app))
    fonts = {}
    for page in opened(answer.data).pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font["/DescendantFonts"][0].get_object()
            fonts[inner["/BaseFont"].split("+")[1]] = "/FontFile3" in inner["/FontDescriptor"].get_object()
    assert fonts == {"SourceHanSerifSC-Regular": True, "NotoSansCJKsc-Regular": True}
    assert {file.name for file in SHIPPED.iterdir()} == {
        "SourceHanSerifSC-Regular.otf", "NotoSansCJKsc-Regular.otf", "pinned.txt"}  # fmt: skip


def test_the_way_through_the_house_stands_on_the_slip_with_who_and_when(app, client):
    pk = paper(app, proposal="拟请综合科阅办。", urgency="urgent")
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors["leader"]):
            document = db.session.get(IncomingDocument, pk)
            unit = db.session.query(Person).filter_by(name="张小明").one()
            document.flow.take(db.session, document, "instruct", {
                "department": unit.department, "requirement": "照办，月底前报告。", "handler": unit,
                "limit": parse_moment("2099-12-31 18:00")})  # fmt: skip
            document.flow.take(db.session, document, "circulate", {"readers": [unit], "purpose": "请阅"})
        with access.acting_as(actors["user_a"]):
            (entry,) = db.session.query(CirculationEntry)
            entry.flow.take(db.session, entry, "answer", {"opinion": "同意。"})
            document = db.session.get(IncomingDocument, pk)
            document.flow.take(db.session, document, "report_result", {"result": "已于五日办结。"})
        names = {key: actors[key].name for key in ("clerk", "leader", "user_a")}
        day = f"{today().year}年{today().month}月{today().day}日"
        office, read_at = actors["clerk"].department, squeezed(f"{local(entry.read_at):%m-%d %H:%M}")
        db.session.commit()
    text = text_of(get(client("clerk"), pk).data)
    assert f"拟请综合科阅办。{office}{day}" in text
    assert f"照办，月底前报告。{names['leader']}{day}" in text
    assert f"已于五日办结。{names['user_a']}{day}" in text
    assert "办理期限2099年12月31日" in text and "紧急程度：加急" in text
    assert "此件共1份，已分送：" + "综合科、张小明" in text
    assert f"张小明{read_at}" in text
    with app.app_context(), access.system():  # nobody asks for time once the result is in; the limit was moved before
        clocks.last(db.session, db.session.get(IncomingDocument, pk), "handling").due_at = parse_moment(
            "2100-01-15 18:00"
        )
        db.session.commit()
    for name in ("incoming_slip", "reminder"):
        assert "办理期限2100年1月15日" in text_of(get(client("clerk"), pk, name).data)
    opinions = text_of(get(client("clerk"), pk, "reading_opinions").data)
    assert "阅文意见表" in opinions and "1张小明综合科同意。" in opinions
    slip = get(client("clerk"), pk, "reminder")
    assert len(opened(slip.data).pages) == 1
    assert text_of(slip.data).count("催办单") == 2 and "照办，月底前报告。" in text_of(slip.data)


def test_distributed_to_are_all_units_and_the_readers_it_came_to_alone(app, client):
    """S5 已分送: co-handling units got it, too; who need not read it, or is in line still, did not."""
    pk = paper(app, proposal="拟请综合科阅办。", medium="electronic")
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors["leader"]):
            document = db.session.get(IncomingDocument, pk)
            people = [db.session.query(Person).filter_by(name=name).one() for name in ("刘洋", "李强", "王芳")]
            units = db.session.query(Department)
            document.flow.take(db.session, document, "instruct", {
                "department": units.filter_by(name="财务科").one(), "requirement": "办理",
                "others": [units.filter_by(name="综合科").one()]})  # fmt: skip
            document.flow.take(db.session, document, "circulate", {"readers": people, "purpose": "请阅"})
            entries = {entry.reader.name: entry for entry in db.session.query(CirculationEntry)}
            entries["李强"].flow.take(db.session, entries["李强"], "exempt", {"reason": "已知"})
            entries["王芳"].enter(db.session, "queued")
        db.session.commit()
    assert "已分送：财务科、综合科、刘洋拟办" in text_of(get(client("clerk"), pk).data)
    listed = text_of(get(client("clerk"), pk, "hand_over").data)
    assert [name in listed for name in ("财务科", "综合科", "刘洋", "李强", "王芳")] == [True, True, True, False, False]


def test_opinions_stand_in_the_order_of_rank_then_of_time():
    def opinion(name, rank, at):
        return Opinion("阅", name, rank, parse_moment(at))

    given = [opinion("科长", 0, "2026-03-01 08:00"), opinion("副乡长乙", 2, "2026-03-03 09:00"),
             opinion("副乡长甲", 2, "2026-03-02 09:00"), opinion("书记", 1, "2026-03-05 09:00")]  # fmt: skip
    assert [one.name for one in in_order(given)] == ["书记", "副乡长甲", "副乡长乙", "科长"]


LONG = "为加强监管整治工作，请各有关部门按职责分工抓好落实，" * 200


def form_with(words):
    return Form(
        "any",
        "某某办公室来文处理笺",
        (Row(45, (Box("拟办意见：", [Line(words)], kind="text"),)),),
        subject="收文〔2026〕7号",
    )


def set_in_type(form, **about):
    return typeset(form, Print("王小红", "2026-03-06 09:00", **about), chosen(None))


def test_words_too_long_for_their_box_go_on_on_a_continuation_sheet_and_none_is_lost():
    content = set_in_type(form_with(LONG[:5000]))
    pages = opened(content).pages
    assert len(pages) > 1
    second = text_of(content, 1)
    assert "（续页）" in second and "拟办意见（续）" in second and "收文〔2026〕7号" in second
    text = text_of(content)
    assert "下转续页" in text_of(content, 0)
    for furniture in ("（下转续页）", "王小红2026-03-0609:00打印", "收文〔2026〕7号", f"第1页共{len(pages)}页"):
        text = text.replace(furniture, "")
    words = LONG[:5000]
    assert {letter: text.count(letter) for letter in "为治责落"} == {
        letter: words.count(letter) for letter in "为治责落"
    }


def test_words_a_little_too_long_shrink_and_stay_on_their_sheet():
    words = "拟请" * 110
    content = set_in_type(form_with(words))
    assert len(opened(content).pages) == 1 and words in text_of(content)


@pytest.mark.parametrize("words", [
    "#set page(width: 1pt)", "*粗* _斜_ `码` $x^2$ @ref <label> // 注 /* 注 */", r"\ \u{41} \n \\", '引"号\' “双”', "#import(\"@preview/x\")",
    "= 标题\n- 列 + 表 / 词: 义", "]}])#{[", "{{ 7*7 }}", "龘靐齉", "~a---b...", "https://example.org",
])  # fmt: skip
def test_what_people_write_is_set_as_it_stands(words):
    content = set_in_type(form_with(words))
    assert squeezed(words) in text_of(content) and len(opened(content).pages) == 1


def test_signs_no_face_has_do_not_stop_the_printing():
    content = set_in_type(form_with("好😀的\x00\x07𰻝\u202e完"))
    assert "好" in text_of(content) and len(opened(content).pages) == 1


def test_the_template_fetches_nothing_and_reads_no_file():
    words = (ROOT / "app/engine/paper/form.typ").read_text("utf-8")
    for forbidden in ("@preview", "#import", "#include", "read(", "eval("):
        assert forbidden not in words


def test_more_readers_than_cells_sign_on_the_continuation_sheet():
    cells = [Cell(f"读者{n:02}", "03-06 09:00") for n in range(15)]
    content = set_in_type(Form("any", "处理笺", (Row(24, (Box("传阅签名", cells, kind="cells"),)),)))
    first, second = (text_of(content, page) for page in (0, 1))
    assert "读者11" in first and "读者12" not in first and "读者14" in second


def test_a_blank_form_has_its_boxes_and_nothing_in_them(app, client):
    pk = paper(app, proposal="拟请综合科阅办。", secrecy="secret")
    answer = get(client("clerk"), pk, blank=1)
    text = text_of(answer.data)
    assert len(opened(answer.data).pages) == 1
    assert "来文单位" in text and "拟办意见" in text and "传阅签名" in text
    for words in ("市财政局", "关于报送预算的通知", "拟请综合科阅办", "收文〔", "打印"):
        assert words not in text
    assert printings(app) == []


def printings(app):
    with app.app_context():
        query = db.session.query(SecurityEvent).filter_by(kind="printed").order_by(SecurityEvent.id)
        return [(event.subject, event.actor_name) for event in query]


def test_the_code_leads_to_the_record(app, client):
    pk = paper(app)
    with app.app_context(), access.system():
        document = db.session.get(IncomingDocument, pk)
        assert document is not None
    form = Form("any", "处理笺", (Row(11, (Box("来文单位", ""),)),), marks=(("密级", "内部"),))
    address = f"http://localhost/incomingdocumentview/show/{pk}"
    picture = typeset(form, Print("王小红", "2026-03-06 09:00", address=address), chosen(None), "png")
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert code.text == address
    assert code.position.top_left.x < Image.open(io.BytesIO(picture)).width / 2
    page = get(client("clerk"), pk, ending="html").text
    assert "<svg" in page and "style=" not in page.split("<article")[1]


def test_twenty_millimetres_at_the_top_right_stay_free_for_the_archive_stamp(app, client):
    answer = get(client("clerk"), paper(app))
    page, right, found = opened(answer.data).pages[0], 210 - 20 - 50, []

    def seen(words, _matrix, position, _font, _size):
        x, y = position[4] / 72 * 25.4, 297 - position[5] / 72 * 25.4
        if words.strip() and x > right and y < 12 + 20:
            found.append(words)

    page.extract_text(visitor_text=seen)
    assert found == []


@pytest.mark.parametrize(
    "grade, marked", [("open", False), ("internal", False), ("secret", True), ("confidential", True)]
)
def test_a_secret_paper_says_who_printed_it_and_the_how_manieth_time(app, client, grade, marked):
    pk, name = paper(app, secrecy=grade), None
    with app.app_context():
        name = actors_of(db.session)["clerk"].name
    get(client("clerk"), pk)
    text = text_of(get(client("clerk"), pk).data)
    page = get(client("clerk"), pk, ending="html").text
    assert ("第2次打印" in text, "第3次打印" in page) == (marked, marked)
    assert printings(app) == [(f"incoming_documents {pk} incoming_slip", name)] * 3


@pytest.mark.parametrize("grade", ["top_secret", "state_secret"])
def test_of_the_highest_grades_no_content_is_printed_for_anybody(app, client, grade):
    pk = paper(app, secrecy=grade, title="关于某事的绝密通知")
    for name, kind in FORMS:
        if kind == "incoming_documents":
            for ending in ("pdf", "html"):
                answer = get(client("office"), pk, name, ending)
                words = text_of(answer.data) if ending == "pdf" else answer.text
                assert answer.status_code == 200 and "关于某事的绝密通知" not in words


def test_who_knows_the_line_alone_prints_the_line_alone(app, client):
    pk = paper(app, secrecy="secret", title="关于某事的秘密通知", proposal="秘密的拟办")
    for name, kind in FORMS:
        if kind == "incoming_documents":
            for ending in ("pdf", "html"):
                answer = get(client("auditor"), pk, name, ending)
                assert answer.status_code == 200
                words = text_of(answer.data) if ending == "pdf" else answer.text
                assert "秘密通知" not in words and "秘密的拟办" not in words
    assert "内容按权限不予显示" in text_of(get(client("auditor"), pk).data)


def test_a_stranger_finds_no_form_at_any_door(app, client):
    pk = paper(app, secrecy="internal")
    answers = {
        (name, ending, blank): get(client("user_b"), pk, name, ending, **blank_of(blank)).status_code
        for name, kind in FORMS
        if kind == "incoming_documents"
        for ending in ("pdf", "html")
        for blank in (False, True)
    }
    assert set(answers.values()) == {404}
    assert printings(app) == []


def blank_of(blank):
    return {"blank": 1} if blank else {}


def test_a_form_of_another_kind_is_not_there(app, client):
    pk = paper(app)
    assert get(client("clerk"), pk, "register_page").status_code == 404
    assert get(client("clerk"), pk, "no_such_form").status_code == 404
    assert get(client("clerk"), "99999").status_code == 404


def test_the_register_is_printed_by_year_with_its_head_on_every_page(app, client, clock):
    """A number belongs to the year it was drawn in: what came in December may be the first of January."""
    with app.app_context():
        with access.system():
            book = db.session.query(Register).filter_by(profile="government").one().id
        with access.acting_as(actors_of(db.session)["clerk"]):
            clock.moment = parse_moment("2024-12-31 10:00")
            clock.ahead()
            register(db.session, register=str(book), received_at="2024-12-31", title="去年的通知")
            clock.moment = parse_moment("2025-03-31 10:00")
            clock.ahead()
            for n in range(39):
                register(db.session, register=str(book), received_at=f"2025-03-{n % 28 + 1:02}", title=f"第{n}号通知",
                         secrecy="confidential" if n == 3 else "internal")  # fmt: skip
            register(db.session, register=str(book), received_at="2024-12-30", title="第39号通知")
        clock.moment = parse_moment("2025-04-01 10:00")
        clock.ahead()
        db.session.commit()
    answer = get(client("clerk"), book, "register_page", kind="registers", year=2025)
    pages = opened(answer.data).pages
    assert len(pages) > 1 and pages[0].mediabox.width > pages[0].mediabox.height
    for number in range(len(pages)):
        text = text_of(answer.data, number)
        assert "收文号收到日期来文单位来文号文件标题" in text and f"第{number + 1}页共{len(pages)}页" in text
        assert "政务来文登记簿2025年" in text
    text = text_of(answer.data)
    titles = [f"第{n}号通知" in text for n in range(40)]
    assert titles == [n != 3 for n in range(40)] and "去年的通知" not in text  # confidential: its number alone
    assert "登记簿：政务来文登记簿年度：2025年共40件" in text


def test_the_register_shows_void_numbers_struck_through_and_accounts_for_all(app, client):
    """Documents.md 4.1: every number in order, void ones with the reason, and a line that accounts for all."""
    year = today().year
    with app.app_context():
        actors = actors_of(db.session)
        with access.system():
            book = db.session.query(Register).filter_by(profile="government").one()
            series, template = IncomingDocument.series_of(book)[0], book.template
            pk = book.id
        with access.acting_as(actors["clerk"]):
            for title in ("第一号通知", "误登的通知"):
                document = register(db.session, register=str(pk), title=title)
            numbers.draw(db.session, series, template, state=numbers.VOID, reason="试号")
            register(db.session, register=str(pk), title="第四号通知")
        with access.acting_as(actors["office"]):
            document.flow.take(db.session, document, "void", {"reason": "重复登记", "second": "何静"})
        db.session.commit()
    text = text_of(get(client("clerk"), pk, "register_page", kind="registers").data)
    in_their_order = [f"政收〔{year}〕1号", f"政收〔{year}〕2号", "作废：重复登记", f"政收〔{year}〕3号", "作废：试号", f"政收〔{year}〕4号",
                      "编号1—4号：已用2个，作废2个，预留0个，无说明0个。"]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    html = get(client("clerk"), pk, "register_page", "html", kind="registers").text
    assert [f"〔{year}〕{n}号" in row for row, n in zip(html.split('<tr class="is-struck">')[1:], (2, 3), strict=True)] == [
        True, True,
    ]  # fmt: skip


def test_the_register_of_a_reader_has_only_the_lines_they_may_see(app, client):
    with app.app_context(), access.system():
        book = db.session.query(Register).filter_by(profile="government").one().id
    paper(app, title="只给综合科", register=str(book), received_at="2025-03-01")
    assert "只给综合科" in text_of(get(client("clerk"), book, "register_page", kind="registers").data)
    text = text_of(get(client("admin"), book, "register_page", kind="registers").data)
    assert "共0件" in text and "只给综合科" not in text


def test_the_messenger_has_every_copy_signed_for(app, client):
    pk = paper(app)
    with app.app_context():
        with access.acting_as(actors_of(db.session)["leader"]):
            document = db.session.get(IncomingDocument, pk)
            reader = db.session.query(Person).filter_by(name="张小明").one()
            document.flow.take(db.session, document, "instruct", {
                "department": reader.department, "requirement": "照办。", "handler": None, "limit": None})  # fmt: skip
            document.flow.take(db.session, document, "circulate", {"readers": [reader], "purpose": "请阅"})
            unit = reader.department_id
        db.session.commit()
        number = document.receipt_no
    text = text_of(get(client("clerk"), pk, "hand_over").data)
    assert "签收人签收时间" in text and f"1{number}关于报送预算的通知1综合科" in text and f"2{number}" in text
    of_unit = text_of(get(client("clerk"), unit, "hand_over", kind="departments").data)
    assert "送交：综合科" in of_unit and f"1{number}关于报送预算的通知1综合科" in of_unit


def test_a_receipt_names_the_paper_and_who_has_it(app, client):
    answer = get(client("clerk"), paper(app, sender_no="财预〔2026〕3号", copies="2"), "receipt")
    text = text_of(answer.data)
    assert len(opened(answer.data).pages) == 1 and text.count("收文回执") == 2
    assert "发文单位市财政局" in text and "文号财预〔2026〕3号份数2" in text and "收到日期2026年3月6日" in text


def test_a_site_s_own_face_is_used_before_the_stand_in(tmp_path, monkeypatch):
    shipped, own = tmp_path / "shipped", tmp_path / "fonts"
    for folder, name in ((shipped, "SourceHanSerifSC-Regular.otf"), (own, "NotoSansCJKsc-Regular.otf")):
        folder.mkdir()
        (folder / name).symlink_to(SHIPPED / name)
    monkeypatch.setattr(faces, "SHIPPED", shipped)
    monkeypatch.setitem(faces.FACES, "label", faces.Face("黑体", ("noto sans cjk sc",), faces.SERIF))
    faces._chosen.cache_clear()  # the faces of the other folder are remembered
    without, with_own = chosen(tmp_path / "none"), chosen(own)
    faces._chosen.cache_clear()
    assert ("黑体", "Source Han Serif SC") in without.substitutes()
    assert with_own.families["label"][0] == "Noto Sans CJK SC"
    assert [wanted for wanted, _used in with_own.substitutes()] == ["小标宋", "仿宋_GB2312", "楷体_GB2312"]


def test_without_fonts_the_printer_says_what_to_do(app, client, monkeypatch, tmp_path):
    pk = paper(app)
    monkeypatch.setattr(faces, "SHIPPED", tmp_path)
    faces._chosen.cache_clear()
    answer, page = get(client("clerk"), pk), get(client("clerk"), pk, ending="html")
    faces._chosen.cache_clear()
    assert (answer.status_code, page.status_code) == (503, 200)
    assert "make assets" in answer.text and "make assets" in page.text


def test_every_height_and_span_of_a_form_is_known_to_the_stylesheet(app, client):
    sheet = (ROOT / "app/static/paper.css").read_text("utf-8")
    pk = paper(app)
    used = set()
    for name, kind in FORMS:
        if kind == "incoming_documents":
            used |= set(re.findall(r"\b(?:mm|of)-\d+\b", get(client("clerk"), pk, name, "html").text))
    assert used and {name for name in used if f".{name} " not in sheet} == set()


def test_the_page_of_a_record_leads_to_its_forms(app, client):
    pk = paper(app)
    page = client("clerk").get(f"/incomingdocumentview/show/{pk}").text
    for name, kind in FORMS:
        assert (f"/print/{name}/{kind}/{pk}.html" in page) == (kind == "incoming_documents")


@pytest.mark.parametrize("width", [360, 1366])
def test_forms_on_the_screen_stay_inside_it_and_say_the_same(app, browser, served, width):
    pk = paper(app, proposal="拟请综合科阅办。", secrecy="secret")
    desk = Desk(browser, served, "clerk", width=width)
    desk.go(f"/print/incoming_slip/incoming_documents/{pk}.html")
    desk.picture(f"slip-{width}")
    wide = desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    text = squeezed(desk.page.inner_text("article.paper"))
    assert not wide and desk.errors == []
    assert "公文处理笺" in text and "拟请综合科阅办。" in text and "第1次打印" in text


def test_the_browser_prints_the_slip_on_one_sheet_and_the_page_around_it_not_at_all(app, browser, served):
    pk = paper(app, proposal="拟请综合科阅办。")
    desk = Desk(browser, served, "clerk")
    desk.go(f"/print/incoming_slip/incoming_documents/{pk}.html")
    content = desk.page.pdf(prefer_css_page_size=True)
    assert len(opened(content).pages) == 1
    text = unicodedata.normalize("NFKC", text_of(content))  # the browser writes some signs as radicals
    assert "公文处理笺" in text and "拟请综合科阅办。" in text and "PDF" not in text


def test_both_databases_count_the_printings(either):
    with either.app_context():
        clerk = actors_of(db.session)["clerk"]
        with access.acting_as(clerk):
            document = register(db.session, secrecy="secret")
            pk = document.id
            db.session.commit()
    client = sign_in(either, "clerk")
    texts = [text_of(get(client, pk).data) for _n in range(3)]
    assert [f"第{n}次打印" in text for n, text in enumerate(texts, 1)] == [True, True, True]


def test_the_slip_of_an_outgoing_paper_names_all_who_signed_for_it(app, client):
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors["user_a"]):
            document = records.add(db.session, OutgoingDocument, RAW)
            units = [finding.by_name(db.session, Department, "财务科")]
        take(db.session, actors["user_a"], document, "hand_in", departments=units)
        with access.system():
            own, other = document.countersignatures  # the head of the drafting department signs, too
        take(db.session, actors["head_a"], own, "agree")
        take(db.session, actors["head_b"], other, "reserve", remark="请明确完成时限")
        take(db.session, actors["user_a"], document, "end_countersigning")
        walk(db.session, actors, document, "issue", after="hand_in")
        pk, number = document.id, document.document_no
        name = {who: actor.name for who, actor in actors.items()}
    day = f"{today().year}年{today().month}月{today().day}日"
    answer = get(client("clerk"), pk, "outgoing_slip", kind="outgoing_documents")
    assert len(opened(answer.data).pages) == 1
    text = text_of(answer.data)
    in_their_order = [
        "发文处理签", f"发文号{number}", "文种通知", f"拟稿人{name['user_a']}", "文件标题关于开展档案检查的通知", "主送各科室",
        f"会签意见：同意综合科{name['head_a']}{day}同意，有保留意见　请明确完成时限财务科{name['head_b']}{day}", f"核稿{name['office']}{day}", f"签发{name['leader']}{day}", "份数10",
        "印制文印室", f"校对{name['user_a']}{day}；{name['office']}{day}；{name['head_a']}{day}", f"用印{name['office']}", f"印发日期{day}",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    with app.app_context():
        with access.acting_as(actors_of(db.session)["user_a"]):
            draft = records.add(db.session, OutgoingDocument, RAW).id
        db.session.commit()
    assert get(client("user_b"), draft, "outgoing_slip", kind="outgoing_documents").status_code == 404


def test_the_heading_is_left_out_for_preprinted_paper_and_its_place_is_kept(app, client):
    pk, clerk = paper(app), client("clerk")
    plain, headless = get(clerk, pk).data, get(clerk, pk, header="blank").data
    assert ("办公室公文处理笺" in text_of(plain), "公文处理笺" in text_of(headless)) == (True, False)
    places = [place_of(content, "来文单位") for content in (plain, headless)]
    assert places[0] == places[1]
    page, left_out = (get(clerk, pk, ending="html", **more).text for more in ({}, {"header": "blank"}))
    assert "is-left-out" not in page and f"incoming_slip/incoming_documents/{pk}.html?header=blank" in page
    assert "is-left-out" in left_out and f"incoming_slip/incoming_documents/{pk}.pdf?header=blank" in left_out


def place_of(content, words):
    """Where the first of these words stands on the first page."""
    found = []
    opened(content).pages[0].extract_text(
        visitor_text=lambda text, _cm, tm, _font, _size: found.append((tm[4], tm[5])) if words in text else None
    )
    return found[0]
