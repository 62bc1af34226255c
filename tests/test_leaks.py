"""What other systems let out (documents.md 6.2), tried at every door of incoming papers, circulation and follow-up.

Pattern 10 (drafts after an electronic hand-over) is in test_own_papers; pattern 14 waits for the archive. Patterns 5 and
11 and the built-in routes of the framework (3) are tried on all kinds of record by `safety/test_bulk`, `test_sessions`
and `safety/test_matrix`; here they are tried on the new kinds.
"""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from app.engine import access, clocks
from app.engine import record as records
from app.engine.events import SecurityEvent
from app.engine.fields import fields_of
from app.engine.forgetting import texts_of
from app.engine.moments import now, today
from app.engine.refusals import Invalid, Refused
from app.extensions import db
from app.menu import VIEWS
from models import digests, notices
from models.accountability import AccountabilityCase
from models.assignments import Assignment, HandlingNote
from models.circulation import Circulation
from models.copies import CopyMovement, PaperCopy
from models.correspondents import Correspondent
from models.destruction import DestructionEntry, DestructionList
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.envelope_defects import EnvelopeDefect
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope
from models.extensions import ExtensionRequest
from models.fates import Hold, ReturnCampaign, ReturnItem
from models.follow_ups import FollowUp, FollowUpNote
from models.instructions import LeaderInstruction
from models.notices import open_notices
from models.paper_orders import PaperOrder
from models.people import Department, Person
from models.registers import Register
from models.supervision import Supervision
from models.tasks import SupplementaryTask
from tests.conftest import actors_of, bearer, office, sign_in
from tests.factories import take
from tests.safety.makers import make

#: Stands in every text that is the content of a paper of unit A, with its grade; `LINE` in its other texts.
CONTENT, LINE = "绝不外传的内容", "只在登记行上的字"
#: The kinds whose doors are tried.
KINDS = (
    IncomingDocument, LeaderInstruction, Assignment, HandlingNote, ExtensionRequest, PaperOrder, Circulation,
    CirculationEntry, SupplementaryTask, PaperCopy, CopyMovement, Envelope, EnvelopeLine, EnvelopeDefect, FollowUp,
    FollowUpNote, Supervision, AccountabilityCase, Hold, ReturnCampaign, ReturnItem, DestructionList, DestructionEntry,
)  # fmt: skip
NUMBERS = {IncomingDocument: "receipt_no", Envelope: "envelope_no"}
FORMS = ("incoming_slip", "reading_opinions", "reminder", "receipt", "hand_over")


def person_of(session, actor):
    with access.system():
        return session.get(Person, actor.own_person_id)


def unit(session, name="综合科"):
    with access.system():
        return session.scalars(select(Department).where(Department.name == name)).one()


def book(session):
    """The book of the group company, the one whose rules know accountability."""
    with access.system():
        return session.scalars(select(Register).where(Register.profile == "group")).first()


def content_of(grade):
    return f"{CONTENT}·{grade}·"


def marked(model, grade):
    """Every text of a model that nobody else fills in, with the mark of what it tells."""
    secret = model.content_fields
    return {
        name: content_of(grade) if name in secret else f"{LINE}·"
        for name, field in fields_of(model).items()
        if field.kind in ("line", "prose", "rich") and not field.choices
    }


def furnish(session, actors, grade):
    """A paper of unit A with one record of each kind that hangs on it; the records by model."""
    hand, a = person_of(session, actors["user_a"]), unit(session)

    def add(model, **values):
        given = {n: v for n, v in marked(model, grade).items() if n not in values}
        if grade in ("top_secret", "state_secret") and model is not AccountabilityCase:
            given |= {field.name: "See paper" for field in texts_of(model)}
        made[model] = make(session, model, **given, **values)
        return made[model]

    made = {}
    envelope = add(Envelope, cover_secrecy=grade, unit=a, personal=True, envelope_lines=[])
    paper = add(
        IncomingDocument, secrecy=grade, department=a, handler=hand, state="in_handling", envelope=envelope,
        received_at=now() - timedelta(hours=1), register=book(session),
    )  # fmt: skip
    add(EnvelopeLine, envelope=envelope, document=paper)
    add(EnvelopeDefect, envelope=envelope)
    add(LeaderInstruction, document=paper, leader=person_of(session, actors["leader"]), position=1)
    desk = add(Assignment, document=paper, department=a, lead=True, handler=hand)
    add(HandlingNote, assignment=desk)
    add(ExtensionRequest, document=paper, asker=hand, until=now() + timedelta(days=30))
    add(PaperOrder, document=paper, charged=hand, by=now() + timedelta(days=3), number=2)
    round_ = add(Circulation, document=paper, state="running", started_by=person_of(session, actors["clerk"]))
    entry = add(CirculationEntry, document=paper, circulation=round_, reader=hand, sent_at=now(), state="offered")
    add(SupplementaryTask, document=paper, entry=entry, person=hand)
    copy = add(PaperCopy, document=paper, state="out", holder=hand, held_since=now(), unconfirmed=False)
    add(CopyMovement, copy=copy, person=hand, out_at=now(), signed=True, unconfirmed=False)
    case = add(FollowUp, document=paper, responsible=hand, department=a, kind="incoming_documents", record_id=paper.id,
               stage="handling")  # fmt: skip
    add(FollowUpNote, follow_up=case, deed="asked", at=now())
    add(Supervision, document=paper, asked=hand)
    add(AccountabilityCase, document=paper, person=hand)
    with access.system():  # kept for now before it was reopened
        made[Hold] = Hold(document=paper, **marked(Hold, grade))
        records.store(session, made[Hold])
    campaign = add(ReturnCampaign, items=[])
    add(ReturnItem, campaign=campaign, document=paper, holder=hand)
    doomed = add(DestructionList, entries=[])
    add(DestructionEntry, destruction=doomed, document=paper)
    with access.system():
        clocks.extend(session, paper, "handling", now() + timedelta(days=20))
        notices.tell(session, [person_of(session, actors[one]) for one in ("user_b", "user_a")], "due_soon", paper)
    session.commit()
    return made


@pytest.fixture(scope="module")
def house(template, tmp_path_factory):
    """One office for the tests that only look: a paper of unit A of each grade, with all that hangs on it."""
    folder = tmp_path_factory.mktemp("leaks")
    shutil.copy(template, folder / "office.db")
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    with app.app_context():
        actors = actors_of(db.session)
        with access.system():
            for one in db.session.scalars(select(Person)):
                one.clearance = {"林波": "internal", "李强": "top_secret"}.get(one.name, one.clearance)
            db.session.commit()
        app.kept, app.numbers = {}, {}
        for grade in ("internal", "secret", "confidential", "top_secret"):
            made = furnish(db.session, actors, grade)
            app.kept[grade] = {model: one.id for model, one in made.items()}
            app.numbers[grade] = [getattr(made[model], name) for model, name in NUMBERS.items()]
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


def pages(made):
    """The addresses at which something could be told of the records `made`, by kind and by house."""
    views = {view.model: view.__name__.lower() for view in VIEWS}
    for model, pk in made.items():
        view, kind = views.get(model), model.kind_name
        if view:
            yield from (
                f"/{view}/list/", f"/{view}/list/?q={CONTENT}", f"/{view}/list/?view=open", f"/{view}/show/{pk}",
                f"/{view}/lookup?q={CONTENT}", f"/{view}/lookup?q=", f"/{view}/export.csv", f"/{view}/edit/{pk}",
            )  # fmt: skip
            yield from (f"/{view}/step/{pk}/{n}" for n in [*getattr(getattr(model, "flow", None), "steps", ())][:1])
        yield from (f"/api/v1/{kind}/", f"/api/v1/{kind}/?q={CONTENT}", f"/api/v1/{kind}/{pk}")
    paper = made[IncomingDocument]
    yield from (f"/print/{form}/incoming_documents/{paper}.html" for form in FORMS)
    yield from (f"/print/{form}/incoming_documents/{paper}.html?blank=1" for form in FORMS)
    yield from (
        "/", f"/search?q={CONTENT}", f"/search?q={LINE}", "/notices/?show=all", "/moved-limits/", "/papers/holders/",
        f"/papers/holders/?q={CONTENT}", "/papers/rounds/", "/history/", f"/files/incoming_documents/{paper}",
        "/print/hand_over/departments/2.html", "/print/register_page/registers/1.html", "/reports/incoming_register.json",
        "/api/v1/correspondents/", "/correspondentview/lookup?q=",
    )  # fmt: skip


def told(app, account, addresses, *marks):
    """The addresses where that account meets one of the marks, with the mark."""
    browser, token = sign_in(app, account), bearer(app, account)
    found = []
    for address in dict.fromkeys(addresses):
        answer = browser.get(address, headers=token if address.startswith("/api/") else {})
        assert answer.status_code < 500, (address, answer.status_code)
        found += [(address, mark) for mark in marks if mark in answer.text]
    return found


@pytest.mark.parametrize("who", ["user_b", "desk", "officer", "admin"])
def test_a_stranger_finds_no_trace_at_any_door(house, who):
    """Patterns 1, 2, 3, 7, 8, 12: neither words nor numbers of papers of another unit, cleared for them or not."""
    marks = [f"{CONTENT}·", f"{LINE}·", *house.numbers["internal"], *house.numbers["secret"]]
    addresses = [*pages(house.kept["internal"]), *pages(house.kept["secret"])]
    assert told(house, who, addresses, *marks) == []


@pytest.mark.parametrize("who", ["auditor", "archivist"])
@pytest.mark.parametrize("grade", ["secret", "top_secret"])
def test_who_knows_the_line_alone_reads_no_content_at_any_door(house, who, grade):
    """The auditor reads lines; the archivist keeps papers but is cleared for ordinary ones only."""
    kept = house.kept[grade]
    assert told(house, who, pages(kept), content_of(grade)) == []
    assert sign_in(house, who).get(f"/incomingdocumentview/show/{kept[IncomingDocument]}").status_code == 200


def test_whoever_works_on_the_paper_reads_all_of_it(house):
    """Or the two tests above would prove nothing."""
    shown = [page for page in pages(house.kept["internal"]) if "/show/" in page]
    assert {page.split("/")[1] for page, _mark in told(house, "user_a", shown, content_of("internal"))} >= {
        "incomingdocumentview", "assignmentview", "circulationentryview", "supplementarytaskview", "paperorderview",
        "extensionrequestview", "followupview", "supervisionview",
    }  # fmt: skip


# What one role could see through a door that asks for another kind's right


def paper_of(session, actors, who="clerk", **values):
    """A paper of the finance unit's colleagues next door, as the clerk registers it."""
    raw = {"sender": "市财政局", "title": f"{CONTENT}标题", "received_at": now().isoformat(), "copies": "1",
           "urgency": "none", "secrecy": "internal", **values}  # fmt: skip
    with access.acting_as(actors[who]):
        return records.add(session, IncomingDocument, raw)


def in_hand(session, actors, **values):
    """A paper that user_a of unit A handles."""
    paper = paper_of(session, actors, **values)
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", handler="张小明")
    session.commit()
    return paper


def sees(session, actor, model, **named):
    with access.acting_as(actor):
        return session.scalars(select(model).filter_by(**named)).first() is not None


def test_a_list_on_paper_names_no_paper_to_a_role_that_reads_none(app):
    """Pattern 8: everybody may look at a unit and the administrator at a book; neither is a way to its papers."""
    with app.app_context():
        actors = actors_of(db.session)
        book_id = book(db.session).id
        paper = paper_of(db.session, actors, secrecy="open", register=book_id)
        answers = {"department": "办公室", "requirement": "办理", "handler": "何静"}
        take(db.session, actors["leader"], paper, "instruct", **answers)
        db.session.commit()
        number, unit_id = paper.receipt_no, unit(db.session, "办公室").id
    addresses = [f"/print/hand_over/departments/{unit_id}.html", f"/print/register_page/registers/{book_id}.html"]
    assert told(app, "admin", addresses, number, CONTENT) == []
    assert len(told(app, "clerk", addresses, number)) == 2


def test_a_blank_form_bears_nothing_of_the_paper_it_was_asked_for(app):
    """Pattern 12."""
    with app.app_context():
        paper = in_hand(db.session, actors_of(db.session), sender_no="财函〔2026〕77号")
        pk, words = paper.id, (paper.receipt_no, paper.title, "财函〔2026〕77号", "市财政局", "张小明")
    clerk = sign_in(app, "clerk")
    for form in FORMS:
        filled, blank = (clerk.get(f"/print/{form}/incoming_documents/{pk}.html{q}").text for q in ("", "?blank=1"))
        assert paper_number(filled, words) and not [word for word in words if word in blank], form
    with app.app_context(), access.system():
        printed = db.session.scalars(select(SecurityEvent.subject).where(SecurityEvent.kind == "printed")).all()
    assert sorted(printed) == sorted(f"incoming_documents {pk} {form}" for form in FORMS)  # the blank ones tell nothing


def paper_number(page, words):
    return words[0] in page


def test_a_pdf_needs_the_paper_in_sight_and_names_who_printed_it(app):
    """Patterns 3, 7: the address of the file is no way round the page."""
    with app.app_context():
        actors = actors_of(db.session)
        pk = in_hand(db.session, actors, secrecy="secret").id
    assert sign_in(app, "user_b").get(f"/print/incoming_slip/incoming_documents/{pk}.pdf").status_code == 404
    assert sign_in(app, "desk").get(f"/print/incoming_slip/incoming_documents/{pk}.pdf").status_code == 404
    page = sign_in(app, "user_a").get(f"/print/incoming_slip/incoming_documents/{pk}.html").text
    assert "张小明" in page and "第1次打印" in page
    assert "第1次打印" not in sign_in(app, "user_a").get(f"/print/incoming_slip/incoming_documents/{pk}.html").text


# Links, numbers, proposals


def test_a_paper_out_of_sight_is_neither_named_nor_counted_among_what_hangs_on_it(app):
    """Pattern 4: whoever is charged with an order about a paper learns the order, not the paper."""
    with app.app_context():
        actors = actors_of(db.session)
        paper = in_hand(db.session, actors)
        charged = person_of(db.session, actors["user_b"])
        answers = {"number": "2", "distribution": "各科室", "charged": charged.id}
        take(db.session, actors["leader"], paper, "order_copy", **answers)
        db.session.commit()
        with access.system():
            pk = db.session.scalars(select(PaperOrder.id)).one()
        number = paper.receipt_no
    head = bearer(app, "user_b")
    addresses = [f"/paperorderview/show/{pk}", "/paperorderview/list/", "/", "/search?q=各科室",
                 f"/api/v1/paper_orders/{pk}", "/api/v1/paper_orders/"]  # fmt: skip
    assert told(app, "user_b", addresses, number, CONTENT) == []
    assert sign_in(app, "user_b").get(f"/api/v1/paper_orders/{pk}", headers=head).json["scope"] == "各科室"
    done = app.test_client().post(f"/api/v1/paper_orders/{pk}/carry_out", json={"report": "已发两份"}, headers=head)
    assert (done.status_code, done.json["state"], done.json["document"]) == (200, "done", None)


def test_the_warning_about_a_number_names_no_paper_its_reader_may_not_see(app):
    """Pattern 1: an addressee who registers the papers of a closed envelope is no registry."""
    with app.app_context():
        actors = actors_of(db.session)
        hidden = paper_of(db.session, actors, sender_no="财函〔2026〕5号").receipt_no
        with access.system():
            sender = db.session.scalars(select(Correspondent).where(Correspondent.name == "市财政局")).one()
            envelope = make(
                db.session, Envelope, state="handed_over", personal=True, sender=sender, received_at=now(),
                person=person_of(db.session, actors["user_b"]), handed_to=person_of(db.session, actors["user_b"]),
                envelope_lines=[],
            )  # fmt: skip
        db.session.commit()
        given = {"title": "再次来函", "sender_no": "财函〔2026〕5号"}
        with pytest.raises(Refused) as known:
            take(db.session, actors["clerk"], envelope, "register_paper", **given)
        assert hidden in str(known.value)
        db.session.rollback()
        try:
            take(db.session, actors["user_b"], envelope, "register_paper", **given)
        except Refused as refused:
            assert hidden not in str(refused)


def test_what_is_proposed_for_a_sender_is_learned_from_papers_in_sight_alone(app):
    """Pattern 3, pickers."""
    with app.app_context():
        actors = actors_of(db.session)
        for _n in range(3):
            paper_of(db.session, actors, secrecy="confidential", department="综合科")
        db.session.commit()
        with access.system():
            sender = db.session.scalars(select(Correspondent).where(Correspondent.name == "市财政局")).one()
        with access.acting_as(actors["clerk"]):
            assert Correspondent.fills(db.session, [sender])[sender.id]["secrecy"] == "confidential"
        with access.acting_as(actors["user_b"]):
            assert "secrecy" not in Correspondent.fills(db.session, [sender]).get(sender.id, {})


# Secrecy that rises, rights that end


def raise_to(session, actors, paper, grade):
    with access.acting_as(actors["clerk"]):
        records.change(session, paper, {"secrecy": grade}, ["secrecy"], version=paper.version)
    session.commit()


def cleared(session, actor, grade):
    with access.system():
        person_of(session, actor).clearance = grade
        session.commit()


def test_raised_secrecy_takes_effect_at_once_for_all_that_is_under_way(either_session, either_actors):
    """6.1: rounds, entries, orders, requests, tasks and notices of a reader who is not cleared that high are gone."""
    session, actors = either_session, either_actors
    cleared(session, actors["user_b"], "internal")
    actors = actors_of(session)
    paper, b = in_hand(session, actors), person_of(session, actors["user_b"])
    take(session, actors["clerk"], paper, "circulate", readers=[b.id], purpose="请阅")
    take(session, actors["leader"], paper, "order_relay", scope="全科", by=(now() + timedelta(days=2)).isoformat(),
         charged=b.id)  # fmt: skip
    with access.system():
        entry = session.scalars(select(CirculationEntry)).one()
        make(session, SupplementaryTask, document=paper, entry=entry, person=b)
        make(session, ExtensionRequest, document=paper, asker=b, until=now() + timedelta(days=40))
        make(session, Circulation, document=paper, summary_to=b)
        for one in (paper, entry):
            notices.tell(session, [b], "due_soon", one)
        session.commit()
    mine = (IncomingDocument, CirculationEntry, PaperOrder, SupplementaryTask, ExtensionRequest, Circulation)
    assert [sees(session, actors["user_b"], model) for model in mine] == [True] * len(mine)
    assert unread_of(session, actors["user_b"]) == 2
    raise_to(session, actors, paper, "secret")
    assert [sees(session, actors["user_b"], model) for model in mine] == [False] * len(mine)
    assert unread_of(session, actors["user_b"]) == 0
    with pytest.raises(Refused):
        take(session, actors["user_b"], entry, "mark_read")
    session.rollback()
    assert sees(session, actors["user_a"], IncomingDocument)  # cleared, and named on its way


def unread_of(session, actor):
    with access.acting_as(actor):
        assert len(open_notices(session)) == notices.unread(session)
        return notices.unread(session)


def test_the_line_of_a_dispatch_note_tells_no_more_than_the_paper_it_became(either_session, either_actors):
    """A paper graded above its cover: its title is as secret on the list of the envelope as in the register."""
    session, actors = either_session, either_actors
    paper = paper_of(session, actors)
    with access.system():
        envelope = make(session, Envelope, state="opened", envelope_lines=[])
        line = make(session, EnvelopeLine, envelope=envelope, title=f"{CONTENT}标题", document=paper)
        session.commit()
    cleared(session, actors["archivist"], "internal")
    actors = actors_of(session)
    knows_title = lambda who: sees_content(session, actors[who], line)  # noqa: E731
    assert (knows_title("auditor"), knows_title("clerk")) == (True, True)
    raise_to(session, actors, paper, "secret")
    assert (knows_title("auditor"), knows_title("clerk")) == (False, True)
    with access.acting_as(actors["auditor"]):
        session.expire_all()
        assert CONTENT not in str(session.get(EnvelopeLine, line.id))
    assert not sees(session, actors["archivist"], EnvelopeLine)


def sees_content(session, actor, record):
    model = type(record)
    with access.acting_as(actor):
        return session.scalar(select(model.id).where(model.id == record.id, model.content_to(actor))) is not None


def test_a_deputys_eyes_are_shut_when_the_absence_ends(either_session, either_actors):
    """Pattern 13."""
    session, actors = either_session, either_actors
    paper, b = in_hand(session, actors, secrecy="secret"), person_of(session, actors["user_b"])
    with access.system():
        handler = person_of(session, actors["user_a"])
        handler.deputy, handler.absent_from, handler.absent_until = b, today(), today()
        session.commit()
    standing_in = actors_of(session)["user_b"]
    kinds = (IncomingDocument, Assignment)
    assert [sees(session, standing_in, model) for model in kinds] == [True, True]
    with access.system():
        case = make(session, AccountabilityCase, document=grouped(session, paper), person=handler, facts="办理逾期")
        notices.tell(session, [handler], "due_soon", paper)
        session.commit()
    assert unread_of(session, standing_in) == 1
    assert not sees(session, standing_in, AccountabilityCase, id=case.id)  # what concerns a person is nobody else's
    with access.system():
        handler.absent_from = handler.absent_until = today() - timedelta(days=1)
        session.commit()
    after = actors_of(session)["user_b"]
    assert [sees(session, after, model) for model in kinds] == [False, False]
    assert unread_of(session, after) == 0


def grouped(session, paper):
    paper.register = book(session)
    session.flush()
    return paper


def test_who_is_transferred_leaves_the_old_units_papers_behind(either_session, either_actors):
    """Pattern 13: what came by the unit goes with the unit; one's own line of the way stays."""
    session, actors = either_session, either_actors
    paper = paper_of(session, actors)
    answers = {"department": "综合科", "requirement": "办理"}
    take(session, actors["leader"], paper, "instruct", **answers)
    session.commit()
    kinds = (IncomingDocument, Assignment, LeaderInstruction)
    assert sees(session, actors["user_a"], IncomingDocument) and sees(session, actors["user_a"], Assignment)
    with access.system():
        person_of(session, actors["user_a"]).department = unit(session, "财务科")
        session.commit()
    assert [sees(session, actors_of(session)["user_a"], model) for model in kinds] == [False] * 3


# Who has read it, who is told, in which words


def test_who_has_read_a_paper_is_not_for_its_readers(app):
    """Pattern 9."""
    with app.app_context():
        actors = actors_of(db.session)
        paper = paper_of(db.session, actors, secrecy="open")
        readers = [person_of(db.session, actors[one]).id for one in ("user_b", "head_b", "head_a")]
        take(db.session, actors["leader"], paper, "instruct_reading", readers=readers, purpose="请阅")
        with access.system():
            entries = {entry.reader.name: entry for entry in paper.circulation}
        take(db.session, actors["head_b"], entries["孙丽"], "answer", opinion=f"{CONTENT}意见")
        db.session.commit()
        pk, mine, other = paper.id, entries["李强"].id, entries["孙丽"].id
    browser, head = sign_in(app, "user_b"), bearer(app, "user_b")
    assert browser.get(f"/incomingdocumentview/show/{pk}").status_code == 200
    addresses = [f"/incomingdocumentview/show/{pk}", f"/circulationentryview/show/{mine}", "/circulationentryview/list/",
                 f"/print/reading_opinions/incoming_documents/{pk}.html", f"/print/incoming_slip/incoming_documents/{pk}.html",
                 "/api/v1/circulation_entries/", "/papers/holders/", "/"]  # fmt: skip
    assert told(app, "user_b", addresses, f"{CONTENT}意见", "孙丽", "刘洋") == []
    assert browser.get(f"/api/v1/circulation_entries/{other}", headers=head).status_code == 404
    assert sign_in(app, "user_b").get("/circulationview/list/").status_code == 403
    assert len(told(app, "clerk", addresses[:1], f"{CONTENT}意见")) == 1


WORDS = {
    "open": "{number} {title}", "internal": "{number} {title}", "secret": "A paper no. {number} awaits you.",
    "confidential": "{number}", "top_secret": "One paper awaits you at the registry.",
    "state_secret": "One paper awaits you at the registry.",
}  # fmt: skip


@pytest.mark.parametrize("grade", WORDS)
def test_a_mail_says_what_the_secrecy_allows_when_it_is_sent(app, clock, grade):
    """Pattern 6 and the words of 6.1: the paper was internal when the notice was queued."""
    from flask_babel import force_locale

    clock.ahead(hours=2)
    with app.test_request_context(), force_locale("en"):
        session, actors = db.session, actors_of(db.session)
        with access.system():
            for name, actor in actors.items():
                one = person_of(session, actor)
                one.clearance, one.state_clearance = "top_secret", "state_top_secret"
                one.user.email = f"{name}@example.org"
            session.commit()
        actors = actors_of(session)
        paper = in_hand(session, actors, secrecy="open" if grade == "open" else "internal")
        entry_reader = person_of(session, actors["user_b"])
        take(session, actors["clerk"], paper, "circulate", readers=[entry_reader.id], purpose=f"{CONTENT}目的")
        with access.system():
            entry = session.scalars(select(CirculationEntry)).one()
            notices.tell(session, [entry_reader], "asked", entry, stage="reading", person=f"{CONTENT}人")
            session.commit()
        if grade not in ("open", "internal"):
            raise_to(session, actors, paper, grade)
        mails = []
        digests.send_all(session, lambda *mail: mails.append(mail))
        ((_to, subject, body),) = [mail for mail in mails if mail[0] == "user_b@example.org"]
        wanted = WORDS[grade].format(number=paper.receipt_no, title=paper.title)
        assert body.endswith(wanted), body
        if grade not in ("open", "internal"):
            assert body == f"- {wanted}" and CONTENT not in body + subject


def test_a_mail_is_not_sent_to_whoever_lost_the_paper_meanwhile(app, clock):
    """Pattern 6: dropped from the round, cleared no more, or without an account."""
    clock.ahead(hours=2)
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        with access.system():
            for name, actor in actors.items():
                person_of(session, actor).user.email = f"{name}@example.org"
            session.commit()
        paper = in_hand(session, actors, secrecy="secret")
        people = [person_of(session, actors[one]) for one in ("user_b", "head_b", "sales")]
        take(session, actors["clerk"], paper, "circulate", readers=[one.id for one in people], purpose="请阅")
        with access.system():
            entries = {entry.reader.name: entry for entry in session.scalars(select(CirculationEntry))}
            for one in people:
                notices.tell(session, [one], "asked", entries[one.name], stage="reading")
                notices.tell(session, [one], "due_soon", paper)
            session.commit()
        take(session, actors["clerk"], entries["李强"], "withdraw", reason="误发")
        cleared(session, actors["head_b"], "internal")
        with access.system():
            person_of(session, actors["sales"]).user.active = False
            session.commit()
        mails = []
        digests.send_all(session, lambda *mail: mails.append(mail))
        lost = {f"{name}@example.org" for name in ("user_b", "head_b", "sales")}
        told_of = {to: body for to, _subject, body in mails if to in lost}
        assert set(told_of) <= {"user_b@example.org"}, told_of
        assert all(paper.title not in body for body in told_of.values())


# Steps that are somebody's business, not everybody's who may look


def test_only_those_who_handle_a_paper_answer_its_sender(session, actors):
    """An open paper is read by everybody; its sender is answered by the unit it is with, or by the registry."""
    paper = in_hand(session, actors, secrecy="open")
    for who in ("user_b", "head_b"):
        assert sees(session, actors[who], IncomingDocument, id=paper.id)
        with pytest.raises(Refused):
            take(session, actors[who], paper, "answer_sender", words="不办")
        session.rollback()
    for who in ("user_a", "head_a", "clerk"):
        take(session, actors[who], paper, "answer_sender", words="已办")
        session.commit()
    assert paper.sender_answer == "已办"


def test_only_those_who_handle_a_paper_ask_for_more_time(session, actors):
    paper = in_hand(session, actors, secrecy="open")
    raw = {"document": paper.id, "wish": "extension", "reason": "人手不足",
           "until": (paper.due_at + timedelta(days=5)).isoformat()}  # fmt: skip
    with access.acting_as(actors["user_b"]):
        with pytest.raises(Invalid) as refused:
            records.add(session, ExtensionRequest, raw)
        assert set(refused.value.errors) == {"document"}
    session.rollback()
    with access.acting_as(actors["user_a"]):
        assert records.add(session, ExtensionRequest, raw).asker.name == "张小明"
    with access.acting_as(actors["office"]):  # made by telephone, and noted there
        assert records.add(session, ExtensionRequest, {**raw, "wish": "extension"}).asker.name == "郑敏"


def test_an_older_request_does_not_take_back_time_that_was_granted(session, actors):
    paper = in_hand(session, actors)
    wanted = []
    for days in (3, 9):
        with access.acting_as(actors["user_a"]):
            wanted.append(records.add(session, ExtensionRequest, {
                "document": paper.id, "reason": "等材料", "until": (paper.due_at + timedelta(days=days)).isoformat(),
            }))  # fmt: skip
    session.commit()
    take(session, actors["leader"], wanted[1], "grant")
    session.commit()
    due = paper.due_at
    with pytest.raises(Refused):
        take(session, actors["leader"], wanted[0], "grant")
    session.rollback()
    assert paper.due_at == due


def test_nothing_is_ordered_about_a_paper_that_is_done_with(session, actors):
    paper = in_hand(session, actors)
    take(session, actors["clerk"], paper, "end_by_sender", notice="call", reason="来文单位撤回")
    session.commit()
    raw = {"document": paper.id, "what": "relay", "scope": "全科", "by": (now() + timedelta(days=1)).isoformat()}
    with access.acting_as(actors["office"]), pytest.raises(Invalid) as refused:
        records.add(session, PaperOrder, raw)
    assert set(refused.value.errors) == {"document"}


@pytest.mark.parametrize("step", ["void", "end_by_sender", "return_to_sender"])
def test_the_end_of_a_paper_is_the_end_of_all_that_was_awaited(either_session, either_actors, step):
    session, actors = either_session, either_actors
    paper = paper_of(session, actors)
    leader, b = person_of(session, actors["leader"]), person_of(session, actors["user_b"])
    take(session, actors["clerk"], paper, "propose", proposal="拟办", leaders=[leader.id])
    by = (now() + timedelta(days=2)).isoformat()
    take(session, actors["leader"], paper, "order_relay", scope="全科", by=by)
    if step != "return_to_sender":
        take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", handler="张小明")
        take(session, actors["clerk"], paper, "circulate", readers=[b.id], purpose="请阅")
        with access.acting_as(actors["user_a"]):
            records.add(session, ExtensionRequest, {
                "document": paper.id, "reason": "等", "until": (paper.due_at + timedelta(days=5)).isoformat(),
            })  # fmt: skip
    session.commit()
    more = {"void": {"second": b.id}, "end_by_sender": {"notice": "call"}}.get(step, {})
    take(session, actors["office"], paper, step, reason="误登", **more)
    session.commit()
    with access.system():
        session.expire_all()
        states = {
            "assignments": {one.state for one in paper.assignments},
            "orders": {one.state for one in paper.orders},
            "lines": {one.standing for one in paper.instructions} & {"waiting", "queued"},
            "entries": {one.state for one in paper.circulation},
            "rounds": {one.state for one in paper.circulations},
            "requests": {one.state for one in paper.extensions},
        }
    full = step != "return_to_sender"
    assert states == {
        "assignments": {"called_off"} if full else set(), "orders": {"cancelled"}, "lines": set(),
        "entries": {"withdrawn"} if full else set(), "rounds": {"stopped"} if full else set(),
        "requests": {"withdrawn"} if full else set(),
    }  # fmt: skip


def test_a_slip_of_the_keyboard_numbers_no_millions_of_copies(session, actors):
    paper = in_hand(session, actors)
    take(session, actors["leader"], paper, "order_copy", number="2000000000", distribution="各科室")
    session.commit()
    with access.system():
        order = session.scalars(select(PaperOrder)).one()
    with pytest.raises(Refused):
        take(session, actors["clerk"], order, "carry_out", report="已翻印")
    session.rollback()
    with access.system():
        assert session.scalars(select(PaperCopy)).all() == []


# Work that grows with what one sees, not with what there is


def statements(app, browser, address):
    """How many queries a page takes."""
    seen = []
    with app.app_context():
        engine = db.engine

    def note(*about):
        seen.append(about[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert browser.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.parametrize("address", ["/notices/?show=all", "/moved-limits/", "/papers/holders/", "/papers/rounds/"])
def test_a_page_of_many_papers_takes_no_query_for_each(app, address):

    def more(times):
        with app.app_context():
            actors = actors_of(db.session)
            for _n in range(times):
                made = furnish(db.session, actors, "internal")
            with access.system():
                clerk = person_of(db.session, actors["clerk"])
                notices.tell(db.session, [clerk], "asked", made[Assignment], stage="handling")
                db.session.commit()
            db.session.remove()

    more(1)
    browser = sign_in(app, "clerk")
    browser.get(address)
    few = statements(app, browser, address)
    more(4)
    assert statements(app, browser, address) <= few + 4
