"""Registering with comfort: numbers in one form, what is usual for a sender, warnings asked once, yellow marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine import access, history, numbers
from app.engine import record as records
from app.engine.moments import today
from app.engine.refusals import Unconfirmed
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.envelopes import Envelope
from models.numbers_of_papers import tidied, unfinished, year_of
from models.people import Department
from models.registers import Register
from tests.browsing import Desk
from tests.conftest import bearer
from tests.test_envelopes import come_in

STANDARD = "独府办发〔2011〕139号"


@pytest.mark.parametrize(
    "written",
    [
        "独府办发[2011]139号", "独府办发(2011)139号", "独府办发（2011）139号", "独府办发［2011］139号", "独府办发【2011】139号",
        "独府办发〈2011〉139号", "独府办发〔2011〕139", " 独府办发 〔 ２０１１ 〕 第 １３９ 號 ", "独府办发﹝2011﹞第139号",
        "独府办发〔2011)0139号", STANDARD,
    ],
)  # fmt: skip
def test_a_senders_number_in_any_brackets_becomes_the_one_of_the_standard(written):
    assert tidied(written) == STANDARD


@pytest.mark.parametrize(
    "written, kept",
    [
        ("（2011）锦城文第×号", "（2011）锦城文第×号"), (" 电话通知 ３ ", "电话通知 3"), ("财函[2026]号", "财函[2026]号"),
        ("财函2026年12号", "财函2026年12号"), ("", ""), ("〔2026〕12号", "〔2026〕12号"), ("财函〔2026〕12号之一", "财函〔2026〕12号之一"),
    ],
)  # fmt: skip
def test_a_number_of_an_unknown_shape_stays_as_it_was_typed(written, kept):
    assert tidied(written) == kept


_PIECES = st.sampled_from(
    ["财函", "〔", "〕", "[", "]", "（", "）", "2026", "２０１１", "12", "第", "号", "號", " ", "　", "A", "-"]
)
TYPED = st.one_of(st.text(max_size=30), st.lists(_PIECES, max_size=9).map("".join))


@given(TYPED)
def test_tidying_twice_is_tidying_once_and_nothing_unknown_is_lost(text):
    once = tidied(text)
    assert tidied(once) == once
    if year_of(text) is None:
        assert len(once) == len(text.strip())
        assert all(a == b or "０" <= a <= "９" for a, b in zip(text.strip(), once, strict=True))


def test_a_number_without_its_serial_is_told_from_a_whole_one():
    assert [unfinished(text) for text in ("财函〔2026〕", "财函[2026]号", "财函〔2026〕12号", "电话通知", None)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert (year_of("财函【2026】12"), year_of("电话通知")) == (2026, None)


def paper(session, confirmed=True, **values):
    raw = {"sender": "市财政局", "sender_no": "财函[2026]12号", "title": "关于预算的通知", "received_at": "2026-03-02 09:00",
           "secrecy": "internal", "urgency": "none", "copies": "1"}  # fmt: skip
    return records.add(session, IncomingDocument, {**raw, **values}, confirmed=confirmed)


def test_a_number_is_stored_and_found_in_the_form_of_the_standard(app, session, actors):
    with access.acting_as(actors["clerk"]):
        found = paper(session)
        assert found.sender_no == "财函〔2026〕12号"
        records.change(session, found, {"sender_no": "财函（2026）13"}, ["sender_no"], version=found.version)
        assert found.sender_no == "财函〔2026〕13号"
    session.commit()
    answer = app.test_client().get(
        "/api/v1/incoming_documents/?sender_no=财函【2026】13号", headers=bearer(app, "clerk")
    )
    assert [one["id"] for one in answer.json["result"]] == [found.id]


def test_a_paper_registered_twice_is_asked_about_once_and_names_the_first(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        first = paper(session)
        with pytest.raises(Unconfirmed, match=first.receipt_no) as asked:
            paper(session, confirmed=False, sender_no="财函（2026）12")
        assert list(asked.value.errors) == ["sender_no"]
        with pytest.raises(Unconfirmed):
            paper(session, confirmed="read something else")
        second = paper(session, confirmed=asked.value.token)
        assert second.receipt_no != first.receipt_no
        assert paper(session, confirmed=False, sender_no="财函〔2027〕12号").id
        assert paper(session, confirmed=False, sender="市教育局").id
        records.change(session, second, {"title": "改"}, ["title"], version=second.version, confirmed=False)
        assert second.title == "改"  # what was confirmed is not asked again


def test_a_number_without_a_year_is_the_same_only_within_the_year_of_receipt(session, actors):
    with access.acting_as(actors["clerk"]):
        paper(session, sender_no="电话通知3")
        with pytest.raises(Unconfirmed):
            paper(session, confirmed=False, sender_no="电话通知３", received_at="2026-01-01 00:30")
        assert paper(session, confirmed=False, sender_no="电话通知3", received_at="2025-12-31 23:30").id


def test_a_voided_registration_is_no_duplicate(session, actors):
    with access.acting_as(actors["office"]):
        paper(session).take("void", reason="重复", second="何静")
        assert paper(session, confirmed=False).id


def test_the_warning_never_tells_of_a_paper_that_is_hidden(session, actors):
    with access.acting_as(actors["clerk"]):
        paper(session, secrecy="secret")
    with access.acting_as(actors["user_b"]):
        again = IncomingDocument(
            sender=session.query(Correspondent).filter_by(name="市财政局").one(), sender_no="财函〔2026〕12号",
            received_at=session.query(Correspondent).first().created_at,
        )  # fmt: skip
        with session.no_autoflush:
            assert list(again.warnings(session)) == []
        session.expunge_all()


def test_the_form_answers_once_with_the_warning_and_a_tick(app, client, session, actors):
    with access.acting_as(actors["clerk"]):
        first = paper(session).receipt_no
    session.commit()
    browser = client("clerk")
    with access.system():
        sender = session.query(Correspondent).filter_by(name="市财政局").one().id
    session.rollback()
    sent = {"sender": sender, "sender_no": "财函(2026)12号", "title": "又一份", "received_at": "2026-03-02T09:00",
            "secrecy": "internal", "urgency": "none", "copies": "1", "form_key": "k"}  # fmt: skip
    asked = browser.post("/incomingdocumentview/add", data=sent)
    assert asked.status_code == 409
    assert first in asked.text
    token = asked.text.split('name="confirmed" value="')[1].split('"')[0]
    assert "又一份" in asked.text
    assert browser.post("/incomingdocumentview/add", data={**sent, "confirmed": token}).status_code == 302
    with access.system():
        assert session.query(IncomingDocument).filter_by(sender_no="财函〔2026〕12号").count() == 2


@pytest.mark.parametrize("title", ["   ", "\u3000"])
def test_a_title_of_blanks_is_no_title(client, session, actors, title):
    with access.acting_as(actors["clerk"]):
        sender = paper(session).sender_id
    session.commit()
    sent = {"sender": sender, "title": title, "received_at": "2026-03-02T09:00", "secrecy": "internal",
            "urgency": "none", "copies": "1", "form_key": "k"}  # fmt: skip
    assert client("clerk").post("/incomingdocumentview/add", data=sent).status_code == 422
    with access.system():
        assert session.query(IncomingDocument).count() == 1


def test_a_program_confirms_with_a_word_of_its_own(app, session, actors):
    with access.acting_as(actors["clerk"]):
        first = paper(session).receipt_no
    session.commit()
    headers, client = bearer(app, "clerk"), app.test_client()
    sent = {"sender": "市财政局", "sender_no": "财函〔2026〕12号", "title": "又一份", "received_at": "2026-03-02T09:00:00",
            "secrecy": "internal", "urgency": "none", "copies": 1}  # fmt: skip
    asked = client.post("/api/v1/incoming_documents/", json=sent, headers=headers)
    assert asked.status_code == 409
    assert first in asked.text
    assert (
        client.post("/api/v1/incoming_documents/", json={**sent, "confirmed": "yes"}, headers=headers).status_code
        == 409
    )
    assert (
        client.post("/api/v1/incoming_documents/", json={**sent, "confirmed": True}, headers=headers).status_code == 201
    )


def test_dates_out_of_order_need_a_line_of_explanation_and_show_a_mark(session, actors):
    slip = {"received_at": "2011-09-07 10:00", "proposal_on": "2011-09-05", "sender_no": ""}
    with access.acting_as(actors["clerk"]):
        with pytest.raises(Unconfirmed) as asked:
            paper(session, confirmed=False, **slip)
        assert list(asked.value.errors) == ["date_note"]
        explained = paper(session, confirmed=False, date_note="先电话后补文", **slip)
        assert "先电话后补文" in explained.marks()[0]
        ordered = {"proposal_on": "2011-09-07", "instruction_on": "2011-09-08", "result_on": "2011-09-09"}
        assert paper(session, confirmed=False, **{**slip, **ordered}).marks() == []
        late = paper(session, **{**slip, **ordered, "result_on": "2011-09-07"})
        assert "2011-09-07" in late.marks()[0]


def test_a_yellow_mark_stands_on_top_of_the_page(client, session, actors):
    with access.acting_as(actors["clerk"]):
        odd = paper(session, received_at="2011-09-07 10:00", proposal_on="2011-09-05", date_note="先电话后补文")
    session.commit()
    assert "先电话后补文" in client("clerk").get(f"/incomingdocumentview/show/{odd.id}").text.split("record-grid")[0]


def test_a_book_with_an_outer_register_asks_for_the_envelope(session, actors):
    with access.acting_as(actors["clerk"]):
        book = session.query(Register).filter_by(profile="government").first()
        with pytest.raises(Unconfirmed) as asked:
            paper(session, confirmed=False, register=book.id)
        assert list(asked.value.errors) == ["envelope"]
        assert paper(session, confirmed=False).envelope.silent
        assert paper(session, register=book.id).envelope is None  # it came without one, as somebody confirmed


def test_a_paper_of_a_book_without_an_outer_register_has_its_envelope_all_the_same(either_session, either_actors):
    """documents.md C5: the envelope is created silently, opened and checked, and asks nobody for anything."""
    session, actors = either_session, either_actors
    with access.acting_as(actors["clerk"]):
        first, second = paper(session), paper(session, medium="paper", received_at="2026-03-03 09:00", secrecy="secret")
        cover = second.envelope
        assert (cover.state, cover.received_at, cover.opened_at) == (
            "reconciled",
            second.received_at,
            second.received_at,
        )
        assert (cover.channel, cover.sender, cover.cover_secrecy) == ("not_noted", second.sender, "secret")
        assert [one.envelope.envelope_no for one in (first, second)] == [f"随〔{today().year}〕{n}号" for n in (1, 2)]
        assert second.marks() == [] and cover.marks() == []
        assert session.query(Envelope).filter(Envelope.waits_for(actors["clerk"])).all() == []
        assert [entry.action for entry in history.entries_of(session, cover)] == ["add"]
        noted = come_in(session)
        assert noted.envelope_no == f"信〔{today().year}〕1号"  # the outer register's numbers have no holes
        assert paper(session, envelope=noted.id).envelope is noted
    with access.system():
        assert [row for row in numbers.audit(session) if row["unexplained"]] == []


def fills(session, actor, name="市财政局"):
    with access.acting_as(actor):
        sender = session.query(Correspondent).filter_by(name=name).one()
        return {key: str(value) for key, value in Correspondent.fills(session, [sender])[sender.id].items()}


def test_a_known_sender_brings_what_most_of_its_last_five_papers_have(either_session, either_actors):
    session, actors = either_session, either_actors
    year = today().year
    assert fills(session, actors["clerk"]) == {"sender_no": f"财函〔{year}〕"}
    with access.acting_as(actors["clerk"]):
        for serial, (secrecy, unit) in enumerate(
            [("open", "财务科")] * 4 + [("internal", "综合科")] * 3 + [("secret", "财务科")] * 2, 1
        ):
            paper(session, sender_no=f"财函〔2026〕{serial}号", secrecy=secrecy, department=unit)
    found = fills(session, actors["clerk"])
    assert (found["secrecy"], found["department"], found["register"]) == ("internal", "综合科", "收文登记簿")
    assert (
        "secrecy" not in fills(session, actors["auditor"]) or fills(session, actors["auditor"])["secrecy"] == "internal"
    )
    # whoever sees only public papers learns from those alone
    assert fills(session, actors["admin"])["secrecy"] == "open"


def test_what_the_office_wrote_down_for_a_sender_beats_its_last_papers(session, actors):
    with access.acting_as(actors["clerk"]):
        paper(session, secrecy="open")
        sender = session.query(Correspondent).filter_by(name="市财政局").one()
        unit = session.query(Department).filter_by(name="财务科").one()
        raw = {"usual_secrecy": "secret", "usual_department": unit.id}
        records.change(session, sender, raw, list(raw), version=sender.version)
    found = fills(session, actors["clerk"])
    assert (found["secrecy"], found["department"]) == ("secret", "财务科")


@pytest.mark.parametrize("typed", ["财政局", "市财政", "财函"])
def test_three_letters_of_name_short_name_or_number_code_find_the_sender(client, typed):
    (found,) = client("clerk").get(f"/correspondentview/lookup?q={typed}").json["results"]
    assert found["text"] == "市财政局"
    assert found["fills"]["sender_no"]["value"].startswith("财函〔")


def test_a_proposed_number_nobody_went_on_with_is_asked_about(session, actors):
    with access.acting_as(actors["clerk"]), pytest.raises(Unconfirmed) as asked:
        paper(session, confirmed=False, sender_no="财函〔2026〕")
    assert list(asked.value.errors) == ["sender_no"]


def test_the_form_fills_in_what_is_usual_but_never_over_what_somebody_chose(browser, served, app, session, actors):
    with access.acting_as(actors["clerk"]):
        paper(session, secrecy="open", department="财务科")
        session.commit()
    desk = Desk(browser, served, "clerk")
    desk.go("/incomingdocumentview/add")
    desk.pick("sender", "财政")
    shown = {name: desk.page.input_value(f"[name={name}]") for name in ("secrecy", "department__text", "sender_no")}
    assert shown == {"secrecy": "open", "department__text": "财务科", "sender_no": f"财函〔{today().year}〕"}
    desk.page.fill("[name=title]", "没有字号的来文")
    desk.page.click("form.sheet-form button[type=submit]")
    with access.system():
        made = session.query(IncomingDocument).filter_by(title="没有字号的来文").one()
        assert (made.secrecy, made.department.name, made.sender_no) == ("open", "财务科", None)
