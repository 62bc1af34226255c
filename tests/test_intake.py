"""What comes in without a call: the house's own form, e-mails, visitors who wait."""

import re
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from app.engine import access
from app.engine.clocks import clocks_of
from app.engine.refusals import Refused, StepRefused
from app.extensions import db
from app.web.mail_in import acknowledge, take_in
from models import attempts
from models.files import Attachment
from models.tickets import ServiceTicket
from models.visitors import Visitor
from tests.factories import take
from tests.test_notices import box  # noqa: F401  a real server on loopback

SENT = {
    "kind": "complaint",
    "subject": "路灯不亮",
    "content": "三号路",
    "contact_name": "钱女士",
    "phone": "13812345678",
}


def asked(app, **changed):
    return app.test_client().post("/ask", data={**SENT, **changed})


def tickets(app):
    with app.app_context(), access.system():
        return [
            (one.channel, one.kind, one.subject, one.state, one.named, one.acknowledged_at is not None)
            for one in db.session.scalars(sa.select(ServiceTicket).order_by(ServiceTicket.id))
        ]


def test_whoever_asks_on_the_page_gets_number_and_code_and_finds_the_matter_by_them(app):
    page = asked(app)
    number, code = re.findall(r"<dd><strong>([^<]+)</strong>", page.text)
    assert tickets(app) == [("web", "complaint", "路灯不亮", "open", False, True)]
    found = app.test_client().post("/progress", data={"number": number, "code": code})
    assert (found.status_code, number in found.text, "钱女士" in found.text) == (200, True, False)


def test_a_report_on_the_page_goes_under_seal(app):
    asked(app, kind="report")
    assert tickets(app) == [("web", "report", "路灯不亮", "open", True, True)]


@pytest.mark.parametrize(
    "changed",
    [{"subject": ""}, {"contact_name": "", "phone": ""}, {"kind": "nonsense"}, {"website": "https://example.org"},
     {"phone": "1" * 100}, {"anonymous": "true"}],
)  # fmt: skip
def test_what_will_not_do_is_said_and_what_was_typed_stays(app, changed):
    page = asked(app, **changed)
    assert (page.status_code, "三号路" in page.text, tickets(app)) == (422, True, [])


def test_nobody_hands_in_without_end(app):
    answers = [asked(app).status_code for _time in range(attempts.ACCOUNT_TRIES + 1)]
    assert answers == [200] * attempts.ACCOUNT_TRIES + [429]


def message(**headers):
    found = EmailMessage()
    for name, value in {"From": "钱女士 <qian@example.org>", "Subject": "路灯\n 不亮", "Message-ID": "<1@example.org>",
                        **headers}.items():  # fmt: skip
        found[name.replace("_", "-")] = value.replace("\n", "")
    found.set_content("三号路的路灯不亮。\n")
    found.add_attachment("三号路 17 号灯杆\n", filename="位置.txt")
    found.add_attachment(b"MZ" + b"0" * 64, maintype="application", subtype="octet-stream", filename="灯.exe")
    return found.as_bytes()


def test_an_email_becomes_one_ticket_with_its_files_however_often_it_is_handed_over(app):
    with app.app_context():
        first, again = take_in(message()), take_in(message())
        assert first is again or first.id == again.id
        with access.system():
            assert (first.channel, first.email, first.contact_name) == ("email", "qian@example.org", "钱女士")
            words, about_the_program = first.content.split("\n")
            assert (first.subject, words, "灯.exe" in about_the_program) == ("路灯 不亮", "三号路的路灯不亮。", True)
            assert [file.name for file in db.session.scalars(sa.select(Attachment))] == ["位置.txt"]
            assert {clock.stage for clock in clocks_of(db.session, first)} >= {"parent", "acknowledgement"}
    assert len(tickets(app)) == 1


def test_the_words_of_a_page_come_in_as_plain_words(app):
    found = EmailMessage()
    found["From"], found["Subject"] = "a@example.org", "x"
    found.set_content("<p>一</p><script>alert(1)</script><p>二</p>", subtype="html")
    with app.app_context(), access.system():
        assert take_in(found.as_bytes()).content.split() == ["一", "二"]


@pytest.mark.parametrize("charset", [b"x-nobody", b"rot13", b"idna", b"undefined"])
@pytest.mark.parametrize("written", ["utf-8", "gb18030"])
def test_a_mail_in_a_charset_that_is_none_is_registered(app, charset, written):
    head = (
        b"From: a@example.org\nSubject: x\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain; charset="
        + charset
    )
    with app.app_context(), access.system():
        assert take_in(head + b"\n\n" + "路灯不亮".encode(written)).content == "路灯不亮"


def test_a_mail_in_no_charset_at_all_is_registered(app):
    raw = b"From: \xff <a@example.org>\nSubject: \xfe\nContent-Type: text/plain; charset=x-nobody\n\n\xff\xfe 17"
    with app.app_context(), access.system():
        assert "17" in take_in(raw).content


def test_an_automatic_answer_is_nobodys_matter(app):
    with app.app_context():
        assert take_in(message(Auto_Submitted="auto-replied")) is None
    assert tickets(app) == []


@pytest.mark.parametrize("raw", [b"", b"\x00\xff", b"Subject: x\n\nhello"])
def test_what_names_no_sender_is_refused(app, raw):
    with app.app_context(), pytest.raises(Refused):
        take_in(raw)
    assert tickets(app) == []


def test_the_sender_is_told_number_and_code_once(app, box):  # noqa: F811
    app.config["SMTP_URL"] = box.url
    with app.app_context():
        ticket = take_in(message())
        assert (acknowledge(ticket), acknowledge(ticket)) == (True, False)
        with access.system():
            code = ticket.progress_code
    ((to, words),) = box.mails
    assert (to, code in words) == (["qian@example.org"], True)
    assert tickets(app)[0][-1]


def test_a_visitor_waits_until_somebody_sees_them(session, actors, at):
    at("2026-03-02 09:00")
    with access.acting_as(actors["desk"]):
        from app.engine import record as records

        visitor = records.add(session, Visitor, {"name": "秦女士", "came_at": "2026-03-02 08:50", "matter": "咨询"})
    assert (visitor.state, visitor.is_late(visitor.came_at)) == ("waiting", False)
    take(session, actors["desk"], visitor, "call_in")
    assert (visitor.state, visitor.seen_by.name) == ("called_in", "王芳")
    with pytest.raises(StepRefused):
        take(session, actors["desk"], visitor, "note_left")
