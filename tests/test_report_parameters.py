"""Reports that are asked for one book, one year, one paper: on the page, as files, kept, on the command line."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from urllib.parse import urlencode

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.engine import access, numbers
from app.engine.asked import Choice, Parameter
from app.engine.columns import Column
from app.engine.frames import REPORTS, Report, register
from app.engine.refusals import Refused
from app.engine.report_answers import ask
from models.documents import IncomingDocument
from models.outgoing_series import OutgoingSeries, key
from models.registers import Register
from tests.factories import kept, take_and_keep
from tests.test_circulation import entry_of, paper, send
from tests.test_cli import demo, loaded, run  # noqa: F401


@pytest.fixture
def books(session, at):
    """Two books: three papers of 2026 and one of 2025 in the first, one of 2026 in the second."""
    with access.system():
        at("2025-12-30 10:00")
        kept(session, title="去年的", received_at="2025-12-30 09:00")
        at("2026-03-02 10:00")
        # registered in another order than they came in
        for title, moment in (("甲", "2026-03-01 09:00"), ("乙", "2026-02-27 09:00"), ("丙", "2026-03-02 08:00")):
            kept(session, title=title, received_at=moment)
        kept(session, title="党务", received_at="2026-03-02 09:30", register="党内文件登记簿")
    return session


def numbers_of(session, name, **asked):
    column = "receipt_no" if name == "incoming_register" else "document_no"
    with access.system():
        return [row[column] for row in ask(session, name, asked).rows]


def first_code(session):
    with access.system():
        return session.scalars(select(Register.code).order_by(Register.id)).first()


def test_one_book_and_year_stand_in_the_order_of_their_numbers(books):
    code = first_code(books)
    assert numbers_of(books, "incoming_register", book=code, year="2026") == [f"收文〔2026〕{n}号" for n in (1, 2, 3)]
    assert numbers_of(books, "incoming_register", book=code, year="2025") == ["收文〔2025〕1号"]
    assert numbers_of(books, "incoming_register", book="DN") == ["党收〔2026〕1号"]
    assert len(numbers_of(books, "incoming_register", year="2026")) == 4
    # without a book it is the order in which they came in
    assert numbers_of(books, "incoming_register")[:3] == ["收文〔2025〕1号", "收文〔2026〕2号", "收文〔2026〕1号"]


def test_void_papers_keep_their_lines(books, actors):
    with access.system():
        paper = books.scalars(select(IncomingDocument).filter_by(title="乙")).one()
    take_and_keep(books, actors["office"], paper, "void", reason="重复登记", second="何静")
    with access.system():
        rows = ask(books, "incoming_register", {"book": first_code(books), "year": "2026"}).rows
    assert [row["receipt_no"] for row in rows] == [f"收文〔2026〕{n}号" for n in (1, 2, 3)]
    assert rows[1]["state"] == str(IncomingDocument.flow.states["voided"].label)
    assert rows[1]["void_reason"] == "重复登记"
    with access.acting_as(actors["leader"]):  # who reads the register and does not keep its numbers
        told = [row["void_reason"] for row in ask(books, "incoming_register", {"year": "2026"}).rows]
    assert set(told) == {None}


def test_the_note_of_a_paper_stands_in_the_last_column(books, actors):
    with access.system():
        paper = books.scalars(select(IncomingDocument).filter_by(title="乙")).one()
        paper.note = "原件退回"
        books.commit()
        answer = ask(books, "incoming_register", {"year": "2026"})
    assert answer.columns[-1].name == "note"
    assert [row["note"] for row in answer.rows if row["receipt_no"] == paper.receipt_no] == ["原件退回"]


def test_void_numbers_without_a_paper_stand_in_the_register_of_their_series(session, actors, at):
    at("2026-03-02 10:00")
    with access.system():
        series = session.scalars(select(OutgoingSeries).order_by(OutgoingSeries.id)).first()
        code, drawn = series.code, []
        for _turn in range(3):
            drawn.append(numbers.draw(session, key(series), series.template))
        numbers.void(session, key(series), drawn[1], "空号")
        session.commit()
    with access.acting_as(actors["office"]):
        answer = ask(session, "outgoing_register", {"series": code})
        rows = answer.rows
        assert [row["document_no"] for row in rows] == [drawn[1]]
        assert {name for name, value in rows[0].items() if value is not None} == {"document_no", "state", "void_reason"}
        assert rows[0]["void_reason"] == "空号"
        (note,) = answer.notes  # documents.md 4.1: numbers 1 to the last, each accounted for
        assert re.findall(r"\d+", note.split("·")[1]) == ["1", "3", "2", "1", "0", "0"]
    with access.acting_as(actors["sales"]):  # who does not keep all registers
        assert ask(session, "outgoing_register", {"series": code}).rows == []


@pytest.mark.parametrize("asked", [{"book": "nobody"}, {"year": "1999"}, {"year": "x"}, {"book": "\x00"}])
def test_what_does_not_exist_is_refused_with_one_sentence(books, asked):
    with access.system(), pytest.raises(Refused, match="没有您可以看到的"):
        ask(books, "incoming_register", asked)


def test_a_year_in_which_one_sees_nothing_does_not_exist(books, actors):
    with access.acting_as(actors["user_b"]), pytest.raises(Refused, match="没有您可以看到的"):
        ask(books, "incoming_register", {"year": "2025"})


def test_the_page_and_the_workbook_say_which_book_and_year(books, client):
    code = first_code(books)
    books.remove()
    browser = client("office")
    asked = urlencode({"book": code, "year": "2026"})
    page = browser.get(f"/reports/incoming_register?{asked}").text
    assert re.search(rf'<option value="{code}" selected>', page) and '<option value="2026" selected>' in page
    title = unescape(re.search(r"<h1>(.*?)</h1>", page)[1])
    assert title.endswith(" · 2026")
    assert (
        f'<tr class="running" aria-hidden="true"><th colspan="{len(REPORTS["incoming_register"].columns)}">{title}</th></tr>'
        in page
    )  # over each printed page
    assert 'class="running"' not in browser.get("/reports/incoming_register").text
    assert f"incoming_register.xlsx?{asked}" in unescape(page)
    with browser.get(f"/reports/incoming_register.xlsx?{asked}") as answer:
        book = load_workbook(BytesIO(answer.data))
    cover = {str(row[0].value): str(row[1].value) for row in book.worksheets[0].iter_rows() if row[0].value}
    assert cover["年度"] == "2026"
    assert book.worksheets[0]["A1"].value == title
    assert title in book.worksheets[1].oddHeader.left.text
    parameters = browser.get(f"/reports/incoming_register.json?{asked}").json["parameters"]
    assert (parameters["book"], parameters["year"]) == (code, "2026")
    assert browser.get("/reports/incoming_register?year=1999").status_code == 422


def test_it_is_kept_and_made_with_its_book_and_year(books, client):
    code = first_code(books)
    books.remove()
    browser = client("office")
    sent = {"title": "本年收文", "span": "", "rhythm": "", "book": code, "year": "2026"}
    assert browser.post("/reports/incoming_register/keep", data=sent).status_code == 302
    assert f"/reports/incoming_register?{urlencode({'book': code, 'year': '2026'})}" in unescape(
        browser.get("/reports/").text
    )
    assert browser.post("/reports/incoming_register/keep", data={**sent, "year": "1999"}).status_code == 422
    assert browser.post("/reports/incoming_register/make", data={**sent, "book": "x"}).status_code == 422


def test_the_command_line_chooses_too(demo):  # noqa: F811
    assert "--choose book=… --choose year=…" in demo("reports").output
    assert demo("report", "incoming_register", "--choose", "year=1999").exit_code == 1
    with_year = demo("report", "incoming_register", "--choose", "year=2026").output
    assert len(with_year.splitlines()) > 1


def test_a_parameter_is_not_called_like_a_column():
    one = Parameter("at", "", None, lambda session, text: Choice(text, text, text))
    with pytest.raises(ValueError, match="“at”"):
        register(Report("never", "", lambda session, period: None, [Column("at", "", "moment")], parameters=[one]))


# --- who saw one paper


@pytest.fixture
def seen(session, client, at):
    """The number of a paper that was printed twice by the clerk and once by the office; another was printed once."""
    at("2026-03-02 10:00")
    with access.system():
        paper, other = (kept(session, title=title, received_at="2026-03-02 09:00") for title in ("这份", "别的"))
        kept_as = paper.id, other.id, paper.receipt_no
    session.remove()
    for moment, who, pk in (
        ("11:00", "clerk", kept_as[0]), ("12:00", "office", kept_as[0]), ("13:00", "clerk", kept_as[0]),
        ("14:00", "clerk", kept_as[1]),
    ):  # fmt: skip
        at(f"2026-03-02 {moment}")
        assert client(who).get(f"/print/incoming_slip/incoming_documents/{pk}.html").status_code == 200
    return kept_as[2]


def test_the_auditor_reads_who_saw_a_paper_and_when(session, actors, seen):
    with access.acting_as(actors["auditor"]):
        rows = ask(session, "paper_access", {"paper": seen}).rows
    assert [(row["person"], row["deed"]) for row in rows] == [
        (actors[who].name, "printed") for who in ("clerk", "office", "clerk")
    ]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert rows[0]["detail"].startswith("html /print/incoming_slip/") and rows[0]["address"] == "127.0.0.1"
    with access.acting_as(actors["auditor"]):
        assert ask(session, "paper_access", {"paper": seen, "to": "2026-03-01"}).rows == []
        assert ask(session, "paper_access", {}).rows == []


def test_opening_and_reading_in_circulation_is_seeing(session, actors):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a")
    for step in ("open", "mark_read"):
        take_and_keep(session, actors["user_a"], entry_of(session, round_, "张小明"), step)
    with access.acting_as(actors["auditor"]):
        rows = ask(session, "paper_access", {"paper": document.receipt_no}).rows
    assert [(row["person"], row["deed"]) for row in rows] == [("张小明", "opened"), ("张小明", "read")]


@pytest.mark.parametrize("account", ["manager", "office", "head_a"])
def test_who_may_not_read_the_history_is_told_nothing_of_it(client, seen, account):
    answer = client(account).get("/reports/paper_access?" + urlencode({"paper": seen}))
    assert answer.status_code == 422
    assert "127.0.0.1" not in answer.text
    assert "/reports/paper_access" not in client(account).get("/reports/").text
    assert "/reports/paper_access" in client("auditor").get("/reports/").text


def test_a_paper_that_does_not_exist_is_refused_with_a_sentence(client, seen):
    answer = client("auditor").get("/reports/paper_access.json?paper=收文〔2026〕999号")
    assert answer.status_code == 422
    assert "收文〔2026〕999号" in answer.text
    assert client("auditor").get("/reports/paper_access").status_code == 200  # and asks for the number
    page = client("auditor").get("/reports/paper_access?" + urlencode({"paper": seen})).text
    assert seen in page and page.count("127.0.0.1") == 3
