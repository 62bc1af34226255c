"""Incoming documents and their circulation, on both databases and at every door."""

import gc
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask_babel import force_locale

from app.engine import access, finding, history, numbers
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_date, parse_moment, today
from app.engine.refusals import Invalid, NotAllowed, Repeated, Stale, StepRefused
from app.engine.report_answers import ask
from models.circulation import CirculationEntry
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.outgoing import OutgoingDocument
from models.people import Person
from models.registers import Register
from tests.conftest import sign_in


def register(session, **values):
    """A document as the clerk would register it, with `values` changed."""
    if not session.query(Correspondent).filter_by(name="市财政局").first():
        with access.system():
            session.add(Correspondent(name="市财政局"))
            session.flush()
    raw = {"sender": "市财政局", "title": "关于报送预算的通知", "received_at": "2026-03-06 17:20", "secrecy": "internal",
           "urgency": "none", "copies": "1"}  # fmt: skip
    return records.add(session, IncomingDocument, {**raw, **values})


def book(session, code):
    """A register book of that code, its numbers headed by it."""
    with access.system():
        raw = {"code": code, "name": code, "profile": "company", "template": f"{code}〔{{year}}〕{{serial}}号"}
        return records.add(session, Register, raw)


def person(session, actor):
    with access.system():
        return session.get(Person, actor.own_person_id)


def take(session, actor, document, step, **answers):
    with access.acting_as(actor):
        document.flow.take(session, document, step, answers)


@pytest.fixture
def document(either_session, either_actors):
    with access.acting_as(either_actors["clerk"]):
        return register(either_session)


def test_receipt_numbers_run_without_holes_even_where_a_registration_fails(either_session, either_actors):
    with access.acting_as(either_actors["clerk"]):
        first = register(either_session).receipt_no
        either_session.commit()
        with pytest.raises(Invalid):
            register(either_session, title="")
        either_session.rollback()
        second = register(either_session).receipt_no
    year = first[3:7]
    assert (first, second) == (f"收文〔{year}〕1号", f"收文〔{year}〕2号")


def test_a_numbered_paper_stays_in_its_book_and_its_void_number_is_explained_there(either_session, either_actors):
    session, office = either_session, either_actors["office"]
    with access.acting_as(office):
        for code in ("MT", "ZX"):
            book(session, code)
        document = register(session, register="MT")
        session.commit()
        with pytest.raises(Invalid, match=r"MT〔\d{4}〕1号"):
            records.change(session, document, {"register": "ZX"}, ["register"], version=document.version)
        session.rollback()
        records.change(session, document, {"register": "MT"}, ["register"], version=document.version)
        number = document.receipt_no
    take(session, office, document, "void", reason="误登记", second="张小明")
    drawn = numbers.drawn_as(session, "incoming_documents:MT", number)
    assert (drawn.state, drawn.reason) == ("void", "误登记")


def test_a_number_from_an_older_ledger_binds_no_paper_to_a_book(session, actors):
    with access.acting_as(actors["clerk"]):
        book(session, "ZX")
        document = register(session)
        document.receipt_no, document.taken_over = "旧〔2019〕7号", True
        session.flush()
        records.change(session, document, {"register": "ZX"}, ["register"], version=document.version)
        assert document.register.code == "ZX"


@pytest.mark.parametrize("change", [{"code": "XX"}, {"template": "XX〔{year}〕{serial}号"}])
def test_a_book_keeps_its_form_once_it_has_counted(session, actors, change):
    with access.acting_as(actors["office"]):
        kept = book(session, "MT")
        records.change(session, kept, {"code": "MX"}, ["code"], version=kept.version)
        register(session, register="MX")
        with pytest.raises(Invalid) as refused:
            records.change(session, kept, change, list(change), version=kept.version)
        assert list(refused.value.errors) == list(change)


def test_the_unit_named_by_the_leader_stays_and_the_handler_is_one_of_its_people(session, actors):
    with access.acting_as(actors["clerk"]):
        document = register(session, department="财务科", handler="李强")
        for raw in ({"department": "综合科"}, {"handler": "张小明"}):  # before the leader's word they are a proposal
            records.change(session, document, raw, list(raw), version=document.version)
    take(session, actors["leader"], document, "instruct", department="综合科", requirement="办理", handler="张小明")
    session.commit()
    with access.acting_as(actors["clerk"]):
        for raw in ({"department": "财务科", "handler": "李强"}, {"handler": "李强"}):
            with pytest.raises(Invalid, match="综合科"):
                records.change(session, document, raw, list(raw), version=document.version)
        records.change(session, document, {"handler": ""}, ["handler"], version=document.version)
    with access.system():
        (desk,) = document.assignments
        assert (desk.department.name, desk.handler) == ("综合科", None)
    take(session, actors["head_a"], document, "report_result", result="已办")
    session.commit()
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid):
        records.change(session, document, {"handler": "张小明"}, ["handler"], version=document.version)


def test_the_proposal_is_due_24_hours_after_receipt_moved_to_working_time(either_session, document):
    (clock,) = clocks_of(either_session, document)
    assert clock.stage == "proposal"
    assert clock.due_at == parse_moment("2026-03-09 09:00")  # Saturday 17:20 gives way to Monday's first minute


def test_a_reader_of_department_a_answers_and_department_b_finds_nothing(either_session, either_actors, document):
    session, actors = either_session, either_actors
    reader = person(session, actors["user_a"])
    take(session, actors["clerk"], document, "instruct_reading", readers=[reader], purpose="请阅")
    with access.acting_as(actors["user_a"]):
        (entry,) = session.query(CirculationEntry).all()
        entry.flow.take(session, entry, "answer", {"opinion": "同意"})
        assert (entry.state, entry.opinion) == ("answered", "同意")
        assert [found.id for found in session.query(IncomingDocument)] == [document.id]
    with access.acting_as(actors["user_b"]):
        assert session.query(IncomingDocument).all() == []
        assert session.query(CirculationEntry).all() == []
        assert finding.by_key(session, IncomingDocument, document.id) is None


def test_a_closed_case_needs_every_reader_to_have_read(either_session, either_actors, document):
    session, actors = either_session, either_actors
    reader = person(session, actors["user_a"])
    take(session, actors["office"], document, "instruct_reading", readers=[reader], purpose="请阅")
    with pytest.raises(StepRefused, match="张小明"):
        take(session, actors["office"], document, "close")


def test_an_urgent_paper_is_not_handed_out_without_a_limit(either_session, either_actors):
    with access.acting_as(either_actors["clerk"]):
        urgent = register(either_session, urgency="urgent")
    with pytest.raises(StepRefused):
        take(either_session, either_actors["leader"], urgent, "instruct", department="综合科", requirement="办理")


def test_handling_without_a_stated_limit_is_due_after_one_week(either_session, either_actors, document):
    take(either_session, either_actors["leader"], document, "instruct", department="综合科", requirement="办理")
    clock = clocks_of(either_session, document)[-1]
    assert (clock.stage, clock.amount, clock.unit) == ("handling", "7.000", "calendar_days")


def test_a_step_sent_twice_with_one_form_key_happens_once(either_session, either_actors, document):
    with access.acting_as(either_actors["clerk"]):
        for _ in range(2):
            document.flow.take(
                either_session, document, "propose", {"proposal": "拟阅", "transfer": "综合科"}, form_key="k1"
            )
        with pytest.raises(Repeated):
            document.flow.take(
                either_session, document, "propose", {"proposal": "另拟", "transfer": "综合科"}, form_key="k1"
            )
    proposed = [e for e in history.entries_of(either_session, document) if e.action == "propose"]
    assert len(proposed) == 1


def test_a_form_sent_twice_registers_one_document(either_session, either_actors):
    raw = {
        "sender": "市财政局",
        "title": "一",
        "received_at": "2026-03-06",
        "secrecy": "open",
        "urgency": "none",
        "copies": 1,
    }
    with access.acting_as(either_actors["clerk"]):
        register(either_session)
        first = records.add(either_session, IncomingDocument, raw, form_key="one")
        again = records.add(either_session, IncomingDocument, raw, form_key="one")
    assert first.id == again.id


def test_a_stale_change_is_refused(either_session, either_actors, document):
    with access.acting_as(either_actors["clerk"]):
        version = document.version
        records.change(either_session, document, {"title": "甲"}, ["title"], version=version)
        with pytest.raises(Stale):
            records.change(either_session, document, {"title": "乙"}, ["title"], version=version)
    assert document.title == "甲"


def test_an_auditor_changes_nothing(either_session, either_actors, document):
    with access.acting_as(either_actors["auditor"]), pytest.raises(NotAllowed):
        records.change(either_session, document, {"title": "甲"}, ["title"], version=document.version)


def test_a_voided_number_is_never_given_again(either_session, either_actors, document):
    take(either_session, either_actors["office"], document, "void", reason="重复登记", second="何静")
    with access.acting_as(either_actors["clerk"]):
        assert register(either_session).receipt_no != document.receipt_no


def test_a_suspended_case_keeps_the_time_that_was_left(either_session, either_actors, document, monkeypatch):
    session, actors = either_session, either_actors
    from app.engine import clocks

    def at(text):
        moment = parse_moment(text)
        for module in (clocks, __import__("app.engine.workflow", fromlist=["now"])):
            monkeypatch.setattr(module, "now", lambda: moment)

    at("2026-03-09 10:00")
    take(session, actors["leader"], document, "instruct", department="综合科", requirement="办理")
    at("2026-03-11 10:00")
    take(session, actors["office"], document, "suspend", cause="sender", wake_on=today() + timedelta(days=9))
    at("2026-03-18 10:00")
    take(session, actors["office"], document, "go_on")
    # Two of seven days were used (9 and 10 March closed); five remain from the 18th: the 22nd is a Sunday.
    assert document.due_at == parse_moment("2026-03-23 18:00")


def test_the_history_holds_and_notices_one_changed_byte(either_session, either_actors, document):
    session = either_session
    session.commit()
    kinds = records.kinds().values()
    with access.system():
        assert history.verify(session, kinds) > 0
        session.connection().exec_driver_sql("UPDATE incoming_document SET title = title || 'x'")
        with pytest.raises(history.Broken, match="title"):
            history.verify(session, kinds)


def test_the_database_refuses_to_change_the_history(either_session, document):
    either_session.commit()
    with pytest.raises(Exception, match="append-only"):
        either_session.connection().exec_driver_sql("UPDATE history_entry SET reason = 'x'")
    either_session.rollback()


DOORS = ("show/{}", "edit/{}", "step/{}/propose")


@pytest.mark.parametrize("door", DOORS)
def test_a_stranger_finds_the_same_page_as_for_a_missing_record(either, door):
    with either.app_context():
        from app.extensions import db
        from tests.conftest import actors_of

        with access.acting_as(actors_of(db.session)["clerk"]):
            pk = register(db.session).id
            db.session.commit()
        db.session.remove()
    stranger = sign_in(either, "user_b")
    hidden = stranger.get("/incomingdocumentview/" + door.format(pk))
    missing = stranger.get("/incomingdocumentview/" + door.format(999999))
    assert hidden.status_code == missing.status_code
    assert hidden.status_code in (403, 404)


@pytest.mark.parametrize(
    "address", ["list/?sort=nonsense", "list/?page=-1", "list/?page=x", "list/?nonsense=1", "list/?state=nonsense",
                "list/?view=nonsense", "show/99999999999999999999", "show/abc", "step/1/nonsense"],
)  # fmt: skip
def test_odd_addresses_get_a_sentence_and_never_a_500(either, address):
    answer = sign_in(either, "office").get("/incomingdocumentview/" + address)
    assert answer.status_code in (400, 404)


def test_the_pages_of_the_clerk_open(client):
    browser = client("clerk")
    for address in ("/", "/incomingdocumentview/list/", "/incomingdocumentview/add", "/reports/", "/reports/turnaround",
                    "/search?q=x", "/incomingdocumentview/export.xlsx", "/incomingdocumentview/export.csv"):  # fmt: skip
        with browser.get(address) as answer:
            assert answer.status_code == 200, address


def test_the_clerk_registers_by_form_and_sees_the_page(client):
    browser = client("clerk")
    browser.post("/correspondentview/add", data={"name": "市教育局", "form_key": "a"})
    answer = browser.post(
        "/incomingdocumentview/add",
        data={"sender__text": "市教育局", "title": "关于放假的通知", "received_at": "2026-03-02T09:00", "secrecy": "internal",
              "urgency": "none", "copies": "2", "form_key": "b"},
        follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code == 200
    assert "关于放假的通知" in answer.text


def test_words_typed_over_a_chosen_record_win_where_no_script_clears_the_choice(client):
    browser = client("clerk")
    for name in ("市教育局", "市水务局"):
        browser.post("/correspondentview/add", data={"name": name, "form_key": name})
    old = browser.get("/correspondentview/lookup?q=教育").json["results"][0]
    form = {
        "title": "关于供水的函",
        "received_at": "2026-03-02T09:00",
        "secrecy": "internal",
        "urgency": "none",
        "copies": "1",
    }
    form |= {"sender": str(old["id"]), "sender__text": "市水务局", "form_key": "w"}
    page = browser.post("/incomingdocumentview/add", data=form, follow_redirects=True).text
    assert "市水务局" in page and "市教育局" not in page


def test_opened_read_and_opinion_are_three_facts(either_session, either_actors, document):
    reader = either_actors["user_a"]
    take(either_session, either_actors["clerk"], document, "propose", proposal="拟阅", transfer="综合科")
    take(
        either_session,
        either_actors["leader"],
        document,
        "instruct_reading",
        readers=[person(either_session, reader)],
        purpose="请阅",
    )
    with access.acting_as(reader):
        entry = document.circulation[0]
        entry.flow.take(either_session, entry, "open", {})
        assert (entry.state, entry.read_at) == ("offered", None)
        opened = entry.opened_at
        with pytest.raises(StepRefused):
            entry.flow.take(either_session, entry, "open", {})
        entry.flow.take(either_session, entry, "answer", {"opinion": "同意"})
    assert (entry.opened_at, entry.opinion) == (opened, "同意")
    assert entry.read_at >= opened


def test_a_bad_form_keeps_what_was_typed(client):
    answer = client("clerk").post(
        "/incomingdocumentview/add", data={"title": "写到一半", "received_at": "gestern", "form_key": "c"}
    )
    assert answer.status_code == 422
    assert "写到一半" in answer.text
    assert "gestern" in answer.text


def test_the_api_gives_and_takes_the_same_records(app):
    browser = app.test_client()
    token = browser.post(
        "/api/v1/security/login", json={"username": "clerk", "password": "a-demo-password", "provider": "db"}
    ).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    browser.post("/api/v1/correspondents/", json={"name": "市档案局"}, headers=bearer)
    made = browser.post(
        "/api/v1/incoming_documents/",
        json={"sender": "市档案局", "title": "API", "received_at": "2026-03-02T09:00:00+08:00", "secrecy": "internal",
              "urgency": "none", "copies": 1},
        headers=bearer,
    )  # fmt: skip
    assert made.status_code == 201, made.text
    read = browser.get(f"/api/v1/incoming_documents/{made.json['id']}", headers=bearer)
    assert read.json["title"] == "API"
    stale = browser.put(
        f"/api/v1/incoming_documents/{made.json['id']}", json={"title": "x", "version": 99}, headers=bearer
    )
    assert stale.status_code == 409
    assert browser.get("/api/v1/incoming_documents/").status_code == 401


def test_moments_are_stored_in_utc():
    assert parse_moment("2026-03-02 09:00") == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1899-12-31", "2200/1/1", "9999年12月31日"])
def test_a_day_of_another_century_is_told_between_which_years_days_lie(app, text):
    for read, sent in ((parse_date, text), (parse_moment, text), (parse_moment, f"{text} 9:05")):
        with app.test_request_context(), force_locale("en"), pytest.raises(ValueError, match="between 1900 and 2199"):
            read(sent)


@pytest.mark.parametrize("text", ["2026-02-30", "2026年2月30日", "2026.13.1", "gestern", "0000-01-01"])
def test_what_is_no_day_in_any_year_is_told_how_to_write_one(app, text):
    for read in (parse_date, parse_moment):
        with app.test_request_context(), force_locale("en"), pytest.raises(ValueError, match="write it like"):
            read(text)


def test_a_sheet_is_checked_first_and_then_taken_in_on_the_page(client):
    browser = client("clerk")

    def send(action):
        sheet = (BytesIO("name\n镇档案室\n镇财政所\n".encode()), "ledger.csv")
        return browser.post("/correspondentview/import", data={"file": sheet, "action": action})

    assert "2" in send("check").text
    assert "镇档案室" not in browser.get("/correspondentview/list/?q=镇").text
    assert send("import").status_code == 200
    assert "镇档案室" in browser.get("/correspondentview/list/?q=镇").text
    assert send("import").status_code == 422


def test_a_file_reaches_only_those_who_see_its_record(app):
    with app.app_context():
        from app.extensions import db
        from tests.conftest import actors_of

        with access.acting_as(actors_of(db.session)["clerk"]):
            pk = register(db.session, department="综合科").id
            db.session.commit()
        db.session.remove()
    clerk = sign_in(app, "clerk")
    page = clerk.post(
        f"/files/incoming_documents/{pk}", data={"file": (BytesIO("正文".encode()), "附件.txt")}, follow_redirects=True
    )
    assert "附件.txt" in page.text
    with sign_in(app, "head_a").get(f"/files/incoming_documents/{pk}/1") as answer:
        assert answer.data.decode() == "正文"
    assert sign_in(app, "user_b").get(f"/files/incoming_documents/{pk}/1").status_code == 404
    refused = clerk.post(
        f"/files/incoming_documents/{pk}", data={"file": (BytesIO(b"<script>alert(1)</script>"), "x.html")}
    )
    assert refused.status_code == 422


def test_turnaround_tells_the_stages_apart(either_session, either_actors, document):
    session, actors = either_session, either_actors
    take(session, actors["clerk"], document, "propose", proposal="拟阅", transfer="综合科")
    with access.acting_as(actors["manager"]):
        answer = ask(session, "turnaround", {"by": "stage"})
    assert [(row["stage"], row["count"]) for row in answer.rows] == [("proposal", 1)]


def test_a_model_without_an_access_rule_stops_the_start():
    class Silent(access.RowAccess):
        __mapper__ = None

    with pytest.raises(TypeError, match="Silent"):
        access.require_rules()
    del Silent
    gc.collect()
    access.require_rules()


@pytest.mark.parametrize("model", [IncomingDocument, OutgoingDocument])
@pytest.mark.parametrize(
    "grade, files, found",
    [("open", True, True), ("secret", True, True), ("confidential", True, False), ("top_secret", False, False),
     ("state_secret", False, False)],
)  # fmt: skip
def test_both_registers_keep_and_find_the_same_of_a_grade(model, grade, files, found):
    paper = model(secrecy=grade)
    assert (paper.keeps_content(), paper.indexed()) == (files, found)
