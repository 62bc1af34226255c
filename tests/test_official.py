"""Official papers of outgoing documents: nothing printed differs from the frozen text, and who may fetch it."""

import io

import pytest
from docx import Document
from PIL import Image

from app.engine import access
from app.engine import record as records
from app.engine.events import SecurityEvent
from app.engine.moments import today
from app.engine.paper import manuscript
from app.engine.paper.faces import chosen
from app.engine.paper.official_pdf import typeset
from app.extensions import db
from models.official_papers import in_a_row, named, official_paper
from models.outgoing import OutgoingDocument
from models.people import Person
from tests.browsing import Desk
from tests.conftest import actors_of
from tests.test_outgoing import RAW, take, walk
from tests.test_prints import missing, squeezed, text_of

DOORS = ("{}.pdf", "{}.docx", "{}.html", "{}/versions")

TEXT = """为进一步规范档案工作，现将有关事项通知如下。
一、检查范围。本年度形成的各类文件材料。
（一）时间安排。请于本周内完成自查。
1.各科室自查；
2.办公室抽查。"""
TABLE = "<table><tr><th>科室</th><th>时间</th></tr><tr><td>综合科</td><td>周一</td></tr></table>"
RICH = "".join(f"<p>{line}</p>" for line in TEXT.replace("本周内", "<strong>本周内</strong>").split("\n")) + TABLE


def paper(app, last=None, who="user_a", **values):
    """The key of a paper that has gone the usual way as far as `last`."""
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors[who]):
            document = records.add(db.session, OutgoingDocument, {**RAW, **values})
            db.session.commit()
        if last:
            walk(db.session, actors, document, last)
        return document.id


def found(pk):
    with access.system():
        return db.session.get(OutgoingDocument, pk)


def get(client, pk, door="{}.pdf", **args):
    return client.get("/official/outgoing_documents/" + door.format(pk), query_string=args)


def stored(app, pk):
    with app.app_context(), access.system():
        document = db.session.get(OutgoingDocument, pk)
        return document.frozen_text(), document.text_checksum, document.body, document.document_no


def test_nothing_printed_differs_from_the_text_that_was_signed(app, client):
    pk = paper(
        app,
        "issue",
        body=RICH,
        copy_to="县委办公室\n县政府办公室",
        enclosures="1. 自查表\n2. 名单",
        note="此件公开发布",
    )
    frozen, signed, body, number = stored(app, pk)
    assert frozen == signed
    day = f"{today().year}年{today().month}月{today().day}日"
    text = text_of(get(client("clerk"), pk).data)
    in_their_order = [
        "文枢公司文件", number, RAW["title"], RAW["addressees"] + "：", *manuscript.plain(body).replace("\t", "\n").split("\n"),
        "附件：1.自查表", "2.名单", "文枢公司", day, "（此件公开发布）", "抄送：县委办公室，县政府办公室。", f"办公室{day}印发",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    left = text
    for words in map(squeezed, in_their_order):
        left = left.replace(words, "", 1)
    assert left.strip("—-123") == ""  # the page numbers


def test_a_draft_says_that_it_is_one_until_it_is_signed(app, client):
    draft, signed = paper(app), paper(app, "sign")
    texts = [text_of(get(client("office"), pk).data) for pk in (draft, signed)]
    assert ["草稿" in text for text in texts] == [True, False]
    assert [f"{today().year}年" in text for text in texts] == [False, True]


def test_a_text_changed_behind_the_house_is_not_printed(app, client):
    pk = paper(app, "sign")
    with app.app_context(), access.system():
        document = db.session.get(OutgoingDocument, pk)
        document.body = "另一个内容"
        db.session.flush()
        db.session.commit()
    for door in DOORS[:3]:
        answer = get(client("clerk"), pk, door)
        assert answer.status_code == 409 and "另一个内容" not in answer.text
    assert printings(app) == []


@pytest.mark.parametrize(
    "kind, said, not_said",
    [
        ("notice", ["文枢公司文件"], ["签发人"]),
        ("report", ["文枢公司文件", "签发人：周海"], []),
        ("letter", ["关于"], ["文枢公司文件", "印发"]),
    ],
)
def test_the_type_of_paper_chooses_its_format(app, client, kind, said, not_said):
    text = text_of(get(client("clerk"), paper(app, "issue", document_type=kind)).data)
    assert [words for words in said if words not in text] == [] and [words for words in not_said if words in text] == []


@pytest.mark.parametrize("kind, format", [("order", "order"), ("minutes", "minutes"), ("decision", "document")])
def test_orders_and_minutes_have_formats_of_their_own(app, kind, format):
    pk = paper(app, document_type=kind)
    with app.app_context(), access.system():
        made = official_paper(db.session.get(OutgoingDocument, pk))
    assert (made.format, made.draft, made.day) == (format, True, None)


def test_joint_issuers_stand_in_the_head_and_sign_an_upward_paper(app):
    pk = paper(app, document_type="request")
    with app.app_context():
        actors, document = actors_of(db.session), found(pk)
        take(db.session, actors["user_a"], document, "add_joint_issuer", name="县教育局")
        walk(db.session, actors, document, "pass_text")
        take(db.session, actors["clerk"], document, "record_joint_signature", name="县教育局", signer="韦局长")
        take(db.session, actors["leader"], document, "sign")
        with access.system():
            made = official_paper(document)
    assert (made.issuers, made.signers) == (("文枢公司", "县教育局"), ("周海", "韦局长"))


def test_lists_typed_in_lines_stand_in_a_row():
    assert in_a_row("各科室\n各乡镇、\n 县档案局 \n") == "各科室，各乡镇、县档案局"
    assert named("附件：1. 表一\n2、表二") == ["表一", "表二"]
    assert named("2026年计划\n3.5%方案") == ["2026年计划", "3.5%方案"]


def red_of(picture):
    """How many points of a page are red."""
    return sum(count for count, (r, g, b) in picture.convert("RGB").getcolors(1 << 24) if r > 150 and g < 90 and b < 90)


def test_for_preprinted_paper_nothing_is_red_and_its_place_stays_free(app, client):
    pk = paper(app, "issue")
    with app.app_context(), access.system():
        document = db.session.get(OutgoingDocument, pk)
        made = [typeset(official_paper(document, preprinted=free), chosen(None), "png") for free in (False, True)]
    reds = [red_of(Image.open(io.BytesIO(one if isinstance(one, bytes) else one[0]))) for one in made]
    assert reds[0] > 0 and reds[1] == 0
    texts = [text_of(get(client("clerk"), pk, **args).data) for args in ({}, {"preprinted": 1})]
    assert ["文枢公司文件" in text for text in texts] == [True, False] and RAW["title"] in texts[1]


def test_the_word_file_opens_and_says_the_same(app, client):
    pk = paper(app, "issue", body=RICH)
    answer = get(client("clerk"), pk, "{}.docx")
    assert answer.mimetype.endswith("wordprocessingml.document")
    file = Document(io.BytesIO(answer.data))
    text = squeezed("".join(one.text for one in file.paragraphs))
    lines = manuscript.plain(stored(app, pk)[2]).split("\n")[:5]
    assert missing(text, [stored(app, pk)[3], RAW["title"], *lines]) == []
    assert [cell.text for cell in file.tables[0].rows[1].cells] == ["综合科", "周一"]


def test_a_stranger_finds_no_door_and_a_reader_without_clearance_neither(app, client):
    own, secret = paper(app, "issue"), paper(app, who="office", secrecy="secret")
    for door in DOORS:
        wanted = get(client("auditor"), 99999, door)
        for who, pk in (("user_b", own), ("auditor", secret)):
            answer = get(client(who), pk, door)
            assert (answer.status_code, words_of(answer)) == (404, words_of(wanted)), (who, door)
        assert get(client("office"), secret, door).status_code == 200
        assert get(app.test_client(), own, door).location.startswith("/login/")
    page = client("auditor").get(f"/outgoingdocumentview/show/{secret}")
    assert page.status_code == 200 and "/official/" not in page.text


def words_of(answer):
    """The sentence of a refused request; its reference is another each time."""
    return answer.text.split("<main")[1].split("</p>")[0]


def printings(app):
    with app.app_context():
        query = db.session.query(SecurityEvent).filter_by(kind="printed").order_by(SecurityEvent.id)
        return [event.subject for event in query]


def test_above_internal_the_paper_says_who_printed_it_and_each_printing_is_on_record(app, client):
    secret, plain = paper(app, who="office", secrecy="secret", secrecy_period="1年"), paper(app)
    office = client("office")
    texts = [text_of(get(office, pk, copy=number).data) for pk, number in ((secret, "3"), (secret, ""), (plain, ""))]
    assert "000003" in texts[0] and "秘密★1年" in texts[0]
    assert ["第1次打印" in texts[0], "第2次打印" in texts[1], "次打印" in texts[2]] == [True, True, False]
    word = Document(io.BytesIO(get(office, secret, "{}.docx").data))
    assert "第3次打印" in word.sections[0].header.paragraphs[0].text
    assert printings(app) == [f"outgoing_documents {pk} official_paper" for pk in (secret, secret, plain, secret)]


@pytest.mark.parametrize("copy", ["0", "x", "-1", "9" * 20, "11"])
def test_a_copy_the_paper_has_not_is_not_printed(app, client, copy):
    assert get(client("clerk"), paper(app, "number_it"), copy=copy).status_code == 400
    assert printings(app) == []


def test_of_a_paper_the_house_keeps_no_text_of_there_is_nothing_to_print(app, client):
    pk = paper(app, who="office", secrecy="top_secret", body="")
    with app.app_context(), access.system():
        office = db.session.get(Person, actors_of(db.session)["office"].own_person_id)
        office.business_clearance = "top_secret"
        db.session.commit()
    assert {get(client("office"), pk, door).status_code for door in DOORS[:3]} <= {400, 404}
    assert f"/official/outgoing_documents/{pk}.pdf" not in client("office").get(f"/outgoingdocumentview/show/{pk}").text


def two_versions(app):
    pk = paper(app, "hand_in", body=TEXT)
    with app.app_context():
        actors, document = actors_of(db.session), found(pk)
        take(db.session, actors["office"], document, "send_back", reason="时限改为本月")
        with access.acting_as(actors["user_a"]):
            change = {"body": TEXT.replace("本周", "本月")}
            records.change(db.session, document, change, ["body"], version=document.version)
            db.session.commit()
        take(db.session, actors["user_a"], document, "hand_in")
    return pk


def test_two_versions_stand_side_by_side_with_the_changed_words_marked(app, client):
    pk = two_versions(app)
    page = get(client("user_a"), pk, "{}/versions").text
    assert "请于本<del>周</del><ins>月</ins>内完成自查。" in page.replace("\n", "")
    assert "<ins>周</ins>" in get(client("user_a"), pk, "{}/versions", **{"from": 2, "to": 1}).text
    assert "<ins>" not in get(client("user_a"), pk, "{}/versions", **{"from": 2, "to": 2}).text
    assert (
        f"/official/outgoing_documents/{pk}/versions" in client("user_a").get(f"/outgoingdocumentview/show/{pk}").text
    )
    for wrong in ("3", "x", "9" * 20):
        assert get(client("user_a"), pk, "{}/versions", to=wrong).status_code == 400
    assert get(client("user_a"), paper(app), "{}/versions").status_code == 200  # none yet


@pytest.mark.parametrize("width", [360, 1366])
def test_the_preview_shows_the_pages_and_stays_inside_the_screen(app, browser, served, width):
    pk = paper(app, "issue", body=RICH, enclosures="自查表")
    versions = two_versions(app)
    desk = Desk(browser, served, "clerk", width=width)
    for address in (f"{pk}.html", f"{versions}/versions"):
        desk.go(f"/official/outgoing_documents/{address}")
        desk.picture(f"official-{address.split('/')[-1].split('.')[-1]}-{width}")
        wide = desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide and desk.errors == []
