"""Notices: words by secrecy, rights looked at when read and when mailed, one mail a person and morning."""

import socket
from datetime import date

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

import config
from app.engine import access
from app.engine.mail import Post
from app.engine.moments import parse_moment
from app.extensions import db
from models import digests, notices
from models.notices import Notice, open_notices, words_of
from models.people import Person
from models.sweeping import sweep
from tests.conftest import actors_of, sign_in
from tests.factories import take
from tests.papers import instructed, person_of

TITLE = "关于秘密事项的通知"


def said(session, actor):
    """The sentences an account reads on its list."""
    with access.acting_as(actor):
        return [words_of(*one) for one in open_notices(session)]


def warned(session, actors, clock, **values):
    """A paper whose handler has just been reminded."""
    clock.moment = parse_moment("2026-03-02 10:00")
    clock.ahead()
    document = instructed(session, actors, title=TITLE, **values)
    clock.moment = parse_moment("2026-03-06 09:01")
    clock.ahead()
    sweep(session)
    return document


def drop_handler(session, document):
    """The paper is no longer its handler's, neither at the house nor at the desk of the unit."""
    with access.system():
        document.handler = None
        for desk in document.assignments:
            desk.handler = None
        session.commit()


def clear(session, actors, clearance="top_secret", state="state_top_secret"):
    with access.system():
        for actor in actors.values():
            person = session.get(Person, actor.own_person_id)
            person.clearance, person.state_clearance = clearance, state
        session.commit()
    return actors_of(session)


@pytest.mark.parametrize(
    "secrecy, words",
    [
        ("open", "Handling is due 2026-03-09 18:00: {number} " + TITLE),
        ("internal", "Handling is due 2026-03-09 18:00: {number} " + TITLE),
        ("secret", "A paper no. {number} awaits you."),
        ("confidential", "{number}"),
        ("top_secret", "One paper awaits you at the registry."),
        ("state_secret", "One paper awaits you at the registry."),
        ("state_top_secret", "One paper awaits you at the registry."),
    ],
)
def test_the_words_depend_on_the_secrecy_of_the_paper(app, session, clock, secrecy, words):
    from flask_babel import force_locale

    actors = clear(session, actors_of(session))
    document = warned(session, actors, clock, secrecy=secrecy)
    with app.test_request_context(), force_locale("en"):
        assert said(session, actors["user_a"]) == [words.format(number=document.receipt_no)]


def test_a_notice_is_read_in_the_readers_language(app, clock):
    with app.app_context():
        warned(db.session, actors_of(db.session), clock)
        db.session.remove()
    browser = sign_in(app, "user_a")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "Handling is due 2026-03-09 18:00" in browser.get("/notices/").text
    browser.post("/language/", data={"language": "zh", "next": "/"})
    page = browser.get("/notices/").text
    assert (TITLE in page and "Handling is due" not in page) or TITLE in page


def test_who_was_dropped_from_the_paper_sees_nothing(either_session, either_actors, clock):
    session, actors = either_session, either_actors
    document = warned(session, actors, clock, secrecy="secret")
    assert len(said(session, actors["user_a"])) == 1
    drop_handler(session, document)
    assert said(session, actors["user_a"]) == []
    with access.acting_as(actors["user_a"]):
        assert notices.unread(session) == 0


def test_who_is_cleared_no_more_sees_nothing(either_session, either_actors, clock):
    session = either_session
    warned(session, either_actors, clock, secrecy="confidential")
    assert len(said(session, either_actors["user_a"])) == 1
    fresh = clear(session, either_actors, "internal", None)
    assert said(session, fresh["user_a"]) == []


def test_the_count_beside_the_name_goes_down_when_they_are_read(app, clock):
    with app.app_context():
        document = warned(db.session, actors_of(db.session), clock)
        number = document.id
        with access.system():
            pk = db.session.scalars(
                select(Notice.id).join(Person, Notice.person_id == Person.id).where(Person.name == "张小明")
            ).one()
        db.session.remove()
    browser, other = sign_in(app, "user_a"), sign_in(app, "user_b")
    for one in (browser, other):
        one.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "1 unread notices" in browser.get("/").text
    assert other.post(f"/notices/{pk}/read").status_code == 404
    answer = browser.post(f"/notices/{pk}/read")
    assert (answer.status_code, answer.location) == (302, f"/incomingdocumentview/show/{number}")
    assert "0 unread notices" in browser.get("/").text
    assert TITLE not in browser.get("/notices/").text
    assert TITLE in browser.get("/notices/?show=all").text
    clerk = sign_in(app, "clerk")
    clerk.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert clerk.post("/notices/read").status_code == 302
    assert "0 unread notices" in clerk.get("/").text


class Box:
    """Takes mail in on loopback."""

    def __init__(self):
        self.mails = []
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        from email import message_from_bytes, policy

        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        self.mails.append((envelope.rcpt_tos, message.get_body().get_content()))
        return "250 OK"


@pytest.fixture
def box():
    found = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    found.url = f"smtp://127.0.0.1:{port}"
    yield found
    server.stop()


def with_addresses(session, actors):
    with access.system():
        for name, actor in actors.items():
            person_of(session, actor).user.email = f"{name}@example.org"
        session.commit()


def test_one_mail_a_person_and_morning_in_the_words_of_the_list(either_session, either_actors, clock, box):
    session, actors = either_session, either_actors
    with_addresses(session, actors)
    document = warned(session, actors, clock)
    instructed(session, actors, title="第二件")
    send = Post(box.url, "wenshu@example.org").send
    assert digests.send_all(session, send) == 3
    assert sorted(to for (to,), _text in box.mails) == ["clerk@example.org", "office@example.org", "user_a@example.org"]
    assert all(document.receipt_no in text and TITLE in text for _to, text in box.mails)
    assert digests.send_all(session, send) == 0
    clock.ahead(days=3)  # Monday: the morning of the limit
    sweep(session)
    assert digests.send_all(session, send) >= 1
    assert len(box.mails) == 3 + len({tuple(to) for to, _text in box.mails[3:]})


def test_a_mail_looks_at_the_rights_of_the_moment_it_is_sent(either_session, either_actors, clock, box):
    session, actors = either_session, either_actors
    with_addresses(session, actors)
    document = warned(session, actors, clock, secrecy="secret")
    drop_handler(session, document)
    digests.send_all(session, Post(box.url, "wenshu@example.org").send)
    assert ["user_a@example.org"] not in [to for to, _text in box.mails]
    assert all(TITLE not in text for _to, text in box.mails) and len(box.mails) == 2


@pytest.mark.parametrize("moment", ["2026-03-06 07:59", "2026-03-06 20:00", "2026-03-07 03:00"])
def test_no_mail_before_the_morning_hour_and_in_the_quiet_hours(session, actors, clock, box, moment):
    with_addresses(session, actors)
    warned(session, actors, clock)
    clock.moment = parse_moment(moment)
    clock.ahead()
    assert digests.send_all(session, Post(box.url, "wenshu@example.org").send) == 0
    assert box.mails == []


def test_a_mail_that_was_not_taken_is_tried_again(session, actors, clock, box):
    with_addresses(session, actors)
    warned(session, actors, clock)

    def refuse(*mail):
        raise ConnectionRefusedError

    assert digests.send_all(session, refuse) == 0
    assert digests.send_all(session, Post(box.url, "w@example.org").send) == 0  # somebody may still be at it
    clock.ahead(minutes=16)
    assert digests.send_all(session, Post(box.url, "w@example.org").send) == 3


def test_an_absent_persons_notice_is_the_deputys(session, actors, clock):
    with access.system():
        handler = person_of(session, actors["user_a"])
        handler.deputy = person_of(session, actors["head_a"])
        handler.absent_from, handler.absent_until = date(2026, 3, 5), date(2026, 3, 20)
        session.commit()
    warned(session, actors, clock)
    assert said(session, actors["user_a"]) == []
    assert len(said(session, actors["head_a"])) == 1
    assert len(said(session, actors["leader"])) == 1


def test_only_an_address_of_a_mail_server_is_taken(monkeypatch):
    monkeypatch.setenv("WENSHU_SMTP_URL", "http://127.0.0.1")
    with pytest.raises(config.ConfigurationError, match="WENSHU_SMTP_URL"):
        config.from_environment()


def test_an_answer_is_told_to_the_officer(session, actors, clock):
    from tests.papers import case_of

    document = warned(session, actors, clock)
    case = case_of(session, document)
    take(session, actors["clerk"], case, "name_officer", officer=person_of(session, actors["clerk"]))
    take(session, actors["clerk"], case, "ask", way="phone")
    take(session, actors["user_a"], case, "answer", outcome="done", words="已办")
    with access.acting_as(actors["clerk"]):
        keys = [notice.key for notice in session.scalars(select(Notice).order_by(Notice.id))]
    assert keys == ["due_soon", "officer", "answered"]
