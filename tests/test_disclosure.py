"""Which fields somebody may know, and how much of each: secrecy of papers, masked numbers, cost, sealed identities."""

import csv
import io
import re
from datetime import timedelta
from hashlib import sha256

import openpyxl
import pytest
import sqlalchemy as sa

from app.engine import access, bin, forgetting, history
from app.engine import record as records
from app.engine.disclosure import mask
from app.engine.events import SecurityEvent
from app.engine.extracts import export_columns, export_rows
from app.engine.history import HistoryEntry, verify
from app.engine.moments import now
from app.engine.refusals import Invalid, NotAllowed, StepRefused, Unconfirmed
from app.engine.searching import matching
from app.extensions import db
from app.web.files import storage
from models import secrecy
from models.correspondents import Correspondent
from models.customers import Customer, CustomerContact
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.identities import IdentityRequest, SealedIdentity
from models.people import Person
from models.products import Product
from models.tickets import ServiceTicket
from tests.conftest import actors_of, bearer, sign_in
from tests.factories import take_and_keep
from tests.test_circulation import entry_of, send
from tests.test_circulation import paper as round_paper

TITLE = "关于干部任免的请示"


def register(session, **values):
    with access.system():
        if session.query(Correspondent).filter_by(name="市人事局").first() is None:
            records.store(session, Correspondent(name="市人事局"))
    raw = {"sender": "市人事局", "title": TITLE, "received_at": "2026-03-02T09:00", "copies": "1", "urgency": "none"}
    return records.add(session, IncomingDocument, {"secrecy": "internal", **raw, **values})


def papers(session, actors, **values):
    """One paper of each grade, in department A's hands."""
    with access.system():
        unit = session.query(Person).filter_by(name="张小明").one().department
        found = {}
        for grade in secrecy.SECRECY:
            with access.acting_as(actors["clerk"]):
                found[grade] = register(session, title=f"{TITLE}{grade}", secrecy=grade, department=unit, **values)
    return found


def grades(session, actor, condition=None):
    query = sa.select(IncomingDocument.secrecy).where(IncomingDocument.title.contains(TITLE))
    if condition is not None:
        query = query.where(condition)
    with access.acting_as(actor):
        return set(session.scalars(query))


#: documents.md 6.1: who finds which grades in a list, and of which the content, with the clearance everybody starts with;
#: user_a is of the unit and neither its head nor named as handler
EXISTENCE = {
    "clerk": set(secrecy.SECRECY), "auditor": set(secrecy.SECRECY), "manager": set(secrecy.SECRECY),
    "user_a": {"open", "internal"}, "head_a": {"open", "internal", "secret", "confidential"},
    "user_b": {"open"}, "sales": {"open"}, "admin": {"open"},
}  # fmt: skip
CONTENT = {
    "clerk": {"open", "internal", "secret", "confidential"}, "auditor": {"open", "internal"},
    "manager": {"open", "internal"}, "user_a": {"open"},
    "head_a": {"open", "internal", "secret", "confidential"}, "user_b": {"open"},
}  # fmt: skip


@pytest.mark.parametrize("who", EXISTENCE)
def test_who_knows_that_a_paper_exists(either_session, either_actors, who):
    papers(either_session, either_actors)
    assert grades(either_session, either_actors[who]) == EXISTENCE[who]


@pytest.mark.parametrize("who", CONTENT)
def test_who_learns_the_content(either_session, either_actors, who):
    papers(either_session, either_actors)
    rule = IncomingDocument.content_to(either_actors[who])
    assert grades(either_session, either_actors[who], rule) == CONTENT[who]


def test_a_clearance_on_one_scale_reaches_nothing_on_the_other(session, actors):
    papers(session, actors)
    with access.system():
        head = session.query(Person).filter_by(name="刘洋").one()
        head.clearance, head.state_clearance = "secret", "state_confidential"
        session.flush()
    found = grades(session, actors_of(session)["head_a"])
    assert found == {"open", "internal", "secret", "state_secret", "state_confidential"}


def test_a_withheld_title_is_told_by_no_door(app):
    with app.app_context():
        actors = actors_of(db.session)
        found = {grade: paper.id for grade, paper in papers(db.session, actors).items()}
        db.session.commit()
    auditor, manager = sign_in(app, "auditor"), sign_in(app, "manager")
    for grade in ("secret", "confidential", "top_secret", "state_secret"):
        title, pk = f"{TITLE}{grade}", found[grade]
        page = auditor.get(f"/incomingdocumentview/show/{pk}")
        assert page.status_code == 200 and title not in page.text
        assert title not in auditor.get("/incomingdocumentview/list/?q=").text
        assert title not in auditor.get(f"/search?q={grade}").text
        answer = auditor.get(f"/api/v1/incoming_documents/{pk}", headers=bearer(app, "auditor"))
        assert answer.json["title"] is None
        tried = auditor.get(f"/api/v1/incoming_documents/?title={title}", headers=bearer(app, "auditor"))
        assert tried.json["result"] == []
    rows = manager.get("/reports/incoming_register.json").json["rows"]
    assert {row["title"] for row in rows} == {f"{TITLE}open", f"{TITLE}internal", None}
    assert len(rows) == len(secrecy.SECRECY)


def test_of_the_highest_grades_no_text_and_no_file_is_kept(app):
    with app.app_context():
        found = {grade: paper.id for grade, paper in papers(db.session, actors_of(db.session)).items()}
        db.session.commit()
    browser = sign_in(app, "clerk")
    for grade in secrecy.SECRECY:
        file = {"file": (io.BytesIO(b"hello"), "note.txt")}
        answer = browser.post(f"/files/incoming_documents/{found[grade]}", data=file)
        assert answer.status_code == (400 if grade in ("top_secret", *secrecy.STATE) else 302), grade
    with app.app_context(), access.acting_as(actors_of(db.session)["clerk"]), pytest.raises(Invalid):
        register(db.session, secrecy="state_secret", summary="内容")


@pytest.mark.parametrize("grade", ["top_secret", *secrecy.STATE])
def test_of_the_highest_grades_no_step_puts_a_text_down(session, actors, grade):
    with access.system():
        for name in ("clerk", "leader", "office"):
            own = session.get(Person, actors[name].own_person_id)
            own.clearance, own.state_clearance = "top_secret", "state_top_secret"
        session.commit()
    with access.acting_as(actors["clerk"]):
        paper = register(session, secrecy=grade)
        session.commit()
        ask = {"kind": "handle", "transfer": "综合科"}
        with pytest.raises(Invalid, match="请写在纸质件上，此处填“见纸质件”"):
            paper.flow.take(session, paper, "propose", {"proposal": "绝密的拟办", **ask})
        paper.flow.take(session, paper, "propose", {"proposal": "See paper", **ask})
        session.commit()
    order = {"department": "综合科", "requirement": "绝密的批示"}
    with access.acting_as(actors["leader"]):
        with pytest.raises(Invalid, match="不留存文字"):
            paper.flow.take(session, paper, "instruct", order)
        paper.flow.take(session, paper, "instruct", {**order, "requirement": "See paper"})
    with access.system():
        assert (paper.state, paper.proposal, paper.assignments[0].requirement) == ("in_handling", *["See paper"] * 2)


def test_a_paper_raised_to_the_highest_grades_loses_its_texts_and_files_at_once(app, client):
    with app.app_context():
        with access.acting_as(actors_of(db.session)["clerk"]):
            paper = register(db.session, secrecy="secret", summary="秘密的摘要", department="综合科")
            pk = paper.id
        with access.system(), history.act("change"):
            paper.proposal = "秘密的拟办"
            entry = CirculationEntry(document=paper, reader_id=actors_of(db.session)["user_a"].own_person_id)
            records.store(db.session, entry)
            entry.opinion = "秘密的意见"
        db.session.commit()
        entry_id = entry.id
    file = {"file": (io.BytesIO(b"secret words"), "note.txt")}
    assert client("clerk").post(f"/files/incoming_documents/{pk}", data=file).status_code == 302
    digest = sha256(b"secret words").hexdigest()
    with app.app_context():
        assert storage().exists(digest)
        with access.acting_as(actors_of(db.session)["clerk"]):
            paper = db.session.get(IncomingDocument, pk)
            raised = {"secrecy": "state_secret", "summary": paper.summary}
            names = ["secrecy", "summary"]
            with pytest.raises(Unconfirmed, match="永久删除"):
                records.change(db.session, paper, raised, names, version=paper.version, confirmed=False)
            paper = db.session.get(IncomingDocument, pk)
            records.change(db.session, paper, raised, names, version=paper.version)
            db.session.commit()
        with access.system():
            entry = db.session.get(CirculationEntry, entry_id)
            assert (paper.summary, paper.proposal, entry.opinion) == ("见纸质件",) * 3
            assert paper.title and paper.digest is None
        assert not storage().exists(digest)
        with access.system():
            history.verify(db.session, records.kinds().values())
    page = client("office").get(f"/incomingdocumentview/show/{pk}").text
    assert "秘密的拟办" not in page and "秘密的摘要" not in page


def test_secrecy_is_raised_by_editing_and_lowered_by_a_decision_alone(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = register(session, secrecy="internal")
        records.change(session, paper, {"secrecy": "secret"}, ["secrecy"], version=paper.version)
        session.commit()
        with pytest.raises(Invalid) as refused:
            records.change(session, paper, {"secrecy": "open"}, ["secrecy"], version=paper.version)
        assert set(refused.value.errors) == {"secrecy"}
    with access.acting_as(actors["office"]):
        with pytest.raises(StepRefused):
            paper.flow.take(session, paper, "lower_secrecy", {"to": "confidential", "reason": "x"})
        paper.flow.take(session, paper, "lower_secrecy", {"to": "open", "reason": "局务会 3 月 2 日决定"})
    assert paper.secrecy == "open"


def test_masking():
    assert [mask(x) for x in ("13812345678", "0851-5500001", "12345", "", None)] == [
        "138****5678", "085****0001", "****", None, None,
    ]  # fmt: skip


def test_a_telephone_shows_in_part_until_it_is_revealed_on_record(app):
    with app.app_context(), access.system():
        seller = db.session.query(Person).filter_by(name="吴磊").one()
        customer = Customer(name="华兴", phone="13812345678", owner=seller)
        records.store(db.session, customer)
        pk = customer.id
        db.session.commit()
    browser, head = sign_in(app, "sales"), bearer(app, "sales")
    doors = [f"/customerview/{door}" for door in ("list/", f"show/{pk}", f"edit/{pk}", "export.csv")]
    for door in doors:
        page = browser.get(door).text
        assert "13812345678" not in page and "138****5678" in page, door
    assert browser.get(f"/api/v1/customers/{pk}", headers=head).json["phone"] == "138****5678"
    # Saving the form as it was shown leaves the number as it is.
    saved = browser.post(f"/customerview/edit/{pk}", data={"version": "1", "name": "华兴商贸", "phone": "138****5678"})
    assert saved.status_code == 302
    assert "13812345678" in browser.post(f"/customerview/reveal/{pk}", data={"field": "phone"}).text
    shown = browser.post(f"/api/v1/customers/{pk}/reveal", json={"field": "phone"}, headers=head)
    assert shown.json == {"phone": "13812345678"}
    assert browser.post(f"/customerview/reveal/{pk}", data={"field": "name"}).status_code == 400
    assert sign_in(app, "sales_b").post(f"/customerview/reveal/{pk}", data={"field": "phone"}).status_code == 404
    with app.app_context(), access.system():
        told = db.session.query(SecurityEvent).filter_by(kind="revealed").all()
        assert [(e.subject, e.detail) for e in told] == [(f"customers {pk}", "phone")] * 2
        assert "13812345678" not in "".join(e.detail + e.subject for e in told)


def test_a_masked_number_sent_back_is_refused_and_not_stored(app):
    with app.app_context(), access.system():
        customer = Customer(name="华兴", phone="13812345678")
        records.store(db.session, customer)
        pk = customer.id
        db.session.commit()
    head = bearer(app, "office")
    put = app.test_client().put(f"/api/v1/customers/{pk}", json={"version": 1, "phone": "138****5678"}, headers=head)
    assert put.status_code == 422
    with app.app_context(), access.system():
        assert db.session.get(Customer, pk).phone == "13812345678"


def test_what_readers_said_and_why_is_told_with_the_content_alone(app):
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors["clerk"]):
            paper = register(db.session, secrecy="confidential")
        with access.acting_as(actors["leader"]):
            readers = [db.session.get(Person, actors["head_a"].own_person_id)]
            paper.flow.take(db.session, paper, "instruct_reading", {"readers": readers, "purpose": "请阅密件"})
        with access.acting_as(actors["head_a"]):
            entry = paper.circulation[0]
            entry.flow.take(db.session, entry, "answer", {"opinion": "同意密件意见"})
        with access.acting_as(actors["office"]):
            paper.flow.take(db.session, paper, "end_by_sender", {"notice": "call", "reason": "密件撤回缘由"})
        pk, entry_id = paper.id, entry.id
        db.session.commit()
    doors = [
        "/history/", f"/incomingdocumentview/show/{pk}", f"/circulationentryview/show/{entry_id}",
        "/circulationentryview/list/", "/search?q=密件意见",
    ]  # fmt: skip
    auditor, office = sign_in(app, "auditor"), sign_in(app, "office")
    told = {
        door: [w for w in ("请阅密件", "同意密件意见", "密件撤回缘由") if w in auditor.get(door).text] for door in doors
    }
    assert not any(told.values()), told
    assert "同意密件意见" in office.get(doors[2]).text and "密件撤回缘由" in office.get(doors[1]).text


def test_a_list_is_not_sorted_by_a_masked_number(client):
    assert client("sales").get("/customerview/list/?sort=phone").status_code == 400


def test_cost_exists_only_for_those_who_may_see_it(app):
    with app.app_context(), access.system():
        product = Product(name="柜", price=9, cost="4.7531")
        records.store(db.session, product)
        pk, number = product.id, product.product_no
        db.session.commit()
    finance, sales = sign_in(app, "finance"), sign_in(app, "sales")
    assert "4.7531" in finance.get(f"/productview/show/{pk}").text
    assert "4.7531" not in sales.get(f"/productview/show/{pk}").text
    head = bearer(app, "sales")
    assert "cost" not in sales.get(f"/api/v1/products/{pk}", headers=head).json
    assert sales.get("/api/v1/products/?cost=4.7531", headers=head).status_code == 400
    keeper, head = sign_in(app, "order_admin"), bearer(app, "order_admin")
    put = keeper.put(f"/api/v1/products/{pk}", json={"version": 1, "cost": "1"}, headers=head)
    assert put.status_code == 422
    form = {"version": "1", "product_no": number, "name": "柜", "price": "9", "cost": "1"}
    assert keeper.post(f"/productview/edit/{pk}", data=form).status_code == 302
    with app.app_context(), access.system():
        assert str(db.session.query(Product).one().cost) == "4.7531"
    assert "成本" not in keeper.get("/productview/export.csv").text


def report_of(session, actor):
    with access.acting_as(actor):
        return records.add(
            session, ServiceTicket,
            {"kind": "report", "channel": "phone", "received_at": "2026-03-02T09:00", "subject": "举报回扣", "read_back": True,
             "contact_name": "李知情", "phone": "13900001111"},
        )  # fmt: skip


def test_who_reports_wrongdoing_is_kept_under_seal(session, actors):
    ticket = report_of(session, actors["desk"])
    assert (ticket.contact_name, ticket.phone, ticket.named) == (None, None, True)
    for who in ("desk", "shift", "cs_manager", "office", "admin", "auditor", "leader"):
        with access.acting_as(actors[who]):
            assert session.query(SealedIdentity).all() == []
    with access.acting_as(actors["officer"]):
        assert [one.contact_name for one in session.query(SealedIdentity)] == ["李知情"]
    told = session.scalars(sa.select(HistoryEntry.changes).where(HistoryEntry.kind == "service_tickets")).all()
    assert "李知情" not in "".join(told) and "13900001111" not in "".join(told)


def test_the_officer_opens_an_identity_to_one_person_until_a_moment(app):
    with app.app_context():
        actors = actors_of(db.session)
        ticket = report_of(db.session, actors["desk"])
        with access.acting_as(actors["cs_manager"]):
            asked = records.add(db.session, IdentityRequest, {"ticket": ticket, "reason": "需要联系举报人核实"})
        db.session.commit()
        with access.acting_as(actors["cs_manager"]), pytest.raises(NotAllowed):
            asked.flow.take(db.session, asked, "grant", {"until": "2099-01-01T00:00"})
        with access.acting_as(actors["officer"]):
            with pytest.raises(StepRefused):
                asked.flow.take(db.session, asked, "grant", {"until": "2099-01-01T00:00"})
            asked.flow.take(db.session, asked, "grant", {"until": (now() + timedelta(days=1)).isoformat()})
        db.session.commit()
        later = actors_of(db.session)
        with access.acting_as(later["cs_manager"]):
            pk = db.session.query(SealedIdentity.id).scalar()
        with access.acting_as(later["shift"]):
            assert db.session.query(SealedIdentity).all() == []
    manager = sign_in(app, "cs_manager")
    page = manager.get(f"/sealedidentityview/show/{pk}")
    assert page.status_code == 200 and "李知情" not in page.text
    assert "李知情" in manager.post(f"/sealedidentityview/reveal/{pk}", data={"field": "contact_name"}).text


def test_emergency_access_opens_one_record_for_a_reason_on_file(app):
    with app.app_context():
        found = papers(db.session, actors_of(db.session))
        pk, number, other = found["secret"].id, found["secret"].receipt_no, found["confidential"].id
        db.session.commit()
    admin = sign_in(app, "admin")
    assert admin.get(f"/incomingdocumentview/show/{pk}").status_code == 403
    short = admin.post("/emergency/", data={"kind": "incoming_documents", "number": number, "reason": "看看"})
    assert short.status_code == 422
    opened = admin.post(
        "/emergency/", data={"kind": "incoming_documents", "number": number, "reason": "火灾善后，需要立即核对原文"}
    )
    assert opened.headers["Location"].endswith(f"/incomingdocumentview/show/{pk}")
    assert TITLE in admin.get(f"/incomingdocumentview/show/{pk}").text
    assert admin.get(f"/incomingdocumentview/show/{other}").status_code == 404
    assert sign_in(app, "clerk").get("/emergency/").status_code == 403
    seen = sign_in(app, "auditor").get("/history/events?kind=broke_glass").text
    assert "火灾善后，需要立即核对原文" in seen and f"incoming_documents {pk}" in seen


def test_what_is_deleted_lies_in_the_bin_and_comes_back_whole(app):
    browser, head = sign_in(app, "office"), bearer(app, "office")
    browser.post("/correspondentview/add", data={"name": "县水务局", "form_key": "x"})
    pk = browser.get("/correspondentview/lookup?q=水务").json["results"][0]["id"]
    assert "县水务局" in browser.get(f"/correspondentview/delete/{pk}").text
    assert browser.post(f"/correspondentview/delete/{pk}", data={"version": "0"}).status_code == 409
    assert browser.post(f"/correspondentview/delete/{pk}", data={"version": "1"}).status_code == 302
    assert browser.get(f"/correspondentview/show/{pk}").status_code == 404
    assert browser.get("/correspondentview/lookup?q=水务").json["results"] == []
    assert browser.get(f"/api/v1/correspondents/{pk}", headers=head).status_code == 404
    assert browser.post("/correspondentview/add", data={"name": "县水务局", "form_key": "y"}).status_code == 422
    assert "县水务局" in browser.get("/bin/").text
    assert browser.post(f"/bin/correspondents/{pk}/restore").status_code == 302
    assert "县水务局" in browser.get(f"/correspondentview/show/{pk}").text
    with app.app_context(), access.system():
        assert verify(db.session, records.kinds().values()) > 0


def test_what_others_refer_to_and_what_has_a_number_is_not_deleted(app):
    with app.app_context():
        with access.acting_as(actors_of(db.session)["clerk"]):
            paper = register(db.session)
        pk, sender = paper.id, paper.sender_id
        db.session.commit()
    browser, head = sign_in(app, "office"), bearer(app, "office")
    refused = browser.post(f"/correspondentview/delete/{sender}", data={"version": "1"})
    assert refused.status_code == 422 and "收文" in refused.text.split('role="alert"')[1][:400]
    assert browser.delete(f"/api/v1/correspondents/{sender}?version=1", headers=head).status_code == 422
    assert browser.get(f"/incomingdocumentview/delete/{pk}").status_code == 404
    assert browser.delete(f"/api/v1/incoming_documents/{pk}?version=1", headers=head).status_code == 403
    with app.app_context(), access.system():
        assert db.session.get(Correspondent, sender).deleted_at is None


def test_the_bin_is_emptied_after_thirty_days(session, actors):
    with access.system():
        customer = Customer(name="甲")
        records.store(session, customer)
        old, young = (CustomerContact(name=name, customer=customer) for name in ("旧", "新"))
        for contact, days in ((old, 31), (young, 29)):
            records.store(session, contact)
            contact.deleted_at = now() - timedelta(days=days)
            session.flush()
        assert bin.empty(session) == 1
        assert [one.name for one in bin.lying(session, CustomerContact)] == ["新"]
        assert verify(session, records.kinds().values()) > 0


def test_one_change_is_taken_back_from_the_history(client, app):
    browser = client("office")
    browser.post("/correspondentview/add", data={"name": "市水利局", "short_name": "水利局", "form_key": "x"})
    pk = browser.get("/correspondentview/lookup?q=水利").json["results"][0]["id"]
    browser.post(f"/correspondentview/edit/{pk}", data={"version": "1", "name": "市水利局", "short_name": "写错了"})
    assert browser.post(f"/correspondentview/revert/{pk}/2", data={"version": "1"}).status_code == 409
    assert browser.post(f"/correspondentview/revert/{pk}/1", data={"version": "2"}).status_code == 400
    assert browser.post(f"/correspondentview/revert/{pk}/9", data={"version": "2"}).status_code == 400
    assert browser.post(f"/correspondentview/revert/{pk}/2", data={"version": "2"}).status_code == 302
    with app.app_context(), access.system():
        assert db.session.get(Correspondent, pk).short_name == "水利局"
    assert client("auditor").post(f"/correspondentview/revert/{pk}/2", data={"version": "3"}).status_code == 403


def test_the_auditor_reads_the_whole_history_and_nobody_else(client):
    client("office").post("/correspondentview/add", data={"name": "市水利局", "form_key": "x"})
    auditor = client("auditor")
    page = auditor.get("/history/?kind=correspondents&q=郑敏").text
    assert "郑敏" in page and "/correspondentview/show/" in page
    assert auditor.get("/history/?kind=nonsense").status_code == 400
    assert auditor.get("/history/?before=x").status_code == 400
    assert auditor.get("/history/?at=gestern").status_code == 400
    assert [client(who).get("/history/").status_code for who in ("office", "user_a", "admin", "manager")] == [403] * 4


def test_nobody_clears_themselves_or_becomes_a_deputy_by_their_own_hand(session, actors):
    with access.acting_as(actors["office"]):
        own, other = (session.get(Person, actors[who].own_person_id) for who in ("office", "leader"))
        for record, raw in ((own, {"state_clearance": "state_top_secret"}), (own, {"clearance": "top_secret"})):
            with pytest.raises(Invalid):
                records.change(session, record, raw, list(raw), version=record.version)
        other.deputy = None
        session.commit()
        with pytest.raises(Invalid):
            records.change(session, other, {"deputy": own}, ["deputy"], version=other.version)
        records.change(session, other, {"clearance": "top_secret"}, ["clearance"], version=other.version)
    assert other.clearance == "top_secret"


@pytest.fixture
def upload(app):
    """A paper of the clerk's: its page, and what attaches a file to it."""
    with app.app_context(), access.acting_as(actors_of(db.session)["clerk"]):
        pk = register(db.session).id
        db.session.commit()
    browser = sign_in(app, "clerk")

    def attach(**sent):
        return browser.post(f"/files/incoming_documents/{pk}", data=sent)

    return lambda: browser.get(f"/incomingdocumentview/show/{pk}").text, attach


# A backslash is written twice in a form.
@pytest.mark.parametrize("sent", ["../../../附件.txt", r"C:\\fakepath\\附件.txt", "/etc/附件.txt", r"..\\/附件.txt"])
def test_a_file_keeps_the_last_part_of_its_name(upload, sent):
    page, attach = upload
    assert attach(file=(io.BytesIO(b"hello"), sent)).status_code == 302
    assert re.findall(r">([^<>]*附件\.txt)<", page()) == ["附件.txt"]


def test_nothing_is_attached_where_no_file_was_chosen(upload):
    _page, attach = upload
    for answer in (attach(), attach(file=(io.BytesIO(b""), ""))):
        assert (answer.status_code, "请选择文件。" in answer.text) == (400, True)


def test_reading_a_file_is_on_record_and_its_name_is_plain(app):
    with app.app_context(), access.acting_as(actors_of(db.session)["clerk"]):
        pk = register(db.session).id
        db.session.commit()
    browser = sign_in(app, "clerk")
    browser.post(f"/files/incoming_documents/{pk}", data={"file": (io.BytesIO(b"hello"), "a\u202etxt.\x07exe.txt")})
    page = browser.get(f"/incomingdocumentview/show/{pk}").text
    assert "atxt.exe.txt" in page and "\u202e" not in page
    with browser.get(f"/files/incoming_documents/{pk}/1") as answer:
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    with app.app_context(), access.system():
        told = db.session.query(SecurityEvent).filter_by(kind="file_read").one()
        assert (told.subject, told.detail, told.actor_name) == (f"incoming_documents {pk}", "atxt.exe.txt", "何静")


# What leaves the house in a file (documents.md 6.1, the column Export): of 机密 and above the number alone


@pytest.mark.parametrize(
    "account, reports", [("office", ("csv", "json", "xlsx")), ("clerk", ("csv", "json", "xlsx")), ("archivist", ())]
)
def test_a_table_that_leaves_the_house_has_the_number_alone_of_the_higher_grades(app, account, reports):
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        with access.system():
            own = session.get(Person, actors[account].own_person_id)
            own.clearance, own.state_clearance = "top_secret", "state_top_secret"
        numbers = {grade: paper.receipt_no for grade, paper in papers(session, actors).items()}
        session.commit()
    browser = sign_in(app, account)
    with_title = {"open", "internal", "secret"}  # cleared, and of the registry's
    listed = browser.get("/incomingdocumentview/list/").text
    assert all(f"{TITLE}{grade}" in listed for grade in secrecy.SECRECY)
    with app.test_request_context():
        named = {grade: str(label) for grade, label in secrecy.SECRECY.items()}
    sheet = list(csv.DictReader(io.StringIO(browser.get("/incomingdocumentview/export.csv").text.lstrip("\ufeff"))))
    told = {next(g for g, n in numbers.items() if n in row.values()): [*filter(None, row.values())] for row in sheet}
    assert set(told) == set(secrecy.SECRECY)
    for grade, cells in told.items():
        if grade in with_title:
            assert f"{TITLE}{grade}" in cells
        else:
            assert len(cells) == 2 and numbers[grade] in cells, named[grade]
    for form in reports:
        with browser.get(f"/reports/incoming_register.{form}") as answer:
            said = words_in(answer.data) if form == "xlsx" else answer.text
        for grade in secrecy.SECRECY:
            assert numbers[grade] in said
            assert (f'{TITLE}{grade}"' in said or f"{TITLE}{grade}," in said) is (grade in with_title), (form, grade)


def words_in(workbook):
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    return "".join(f"{cell}," for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def test_what_hangs_on_such_a_paper_leaves_without_its_content(session, actors):
    with access.acting_as(actors["clerk"]):
        found = [register(session, secrecy=grade) for grade in ("secret", "confidential")]
    with access.system():
        for paper in found:
            entry = CirculationEntry(document_id=paper.id, reader_id=actors["user_a"].own_person_id, opinion="意见")
            entry.document, entry.state = paper, "answered"
            records.store(session, entry)
        session.commit()
    names = [column.name for column in export_columns(CirculationEntry)]
    with access.acting_as(actors["leader"]):
        rows = export_rows(session, CirculationEntry, sa.select(CirculationEntry).order_by(CirculationEntry.id))
        told = [dict(zip(names, row, strict=True)) for row in rows]
    assert [(row["document"], row["opinion"]) for row in told] == [
        (found[0].receipt_no, "意见"), (found[1].receipt_no, None),
    ]  # fmt: skip


def test_what_readers_said_is_found_while_the_paper_is(session, actors):
    """documents.md 6.1: nothing of a confidential paper is indexed, whichever record says it; raised, lowered, upgraded."""
    document = round_paper(session, actors, "electronic")
    entry = entry_of(session, send(session, actors, document, "user_a"), "张小明")
    take_and_keep(session, actors["user_a"], entry, "answer", opinion="独特意见词语")

    def found():
        with access.system():
            return session.scalars(matching(sa.select(CirculationEntry), CirculationEntry, "独特意见词语")).all()

    assert found() == [entry]
    with access.system():
        document.secrecy = "confidential"
        session.commit()
        assert found() == []
        document.secrecy = "internal"
        session.commit()
    assert found() == [entry]
    with access.system():  # as a program left it that asked each record alone
        session.execute(sa.text("UPDATE incoming_document SET secrecy = 'confidential'"))
        session.commit()
        session.expire_all()
        assert found() == [entry]
        assert forgetting.reindex(session) == 2  # the opinion, and what the round is for
    assert found() == []
