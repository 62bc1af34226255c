"""E-mails of callers 电子邮件: each becomes a ticket with its files, once; the sender learns its number and code.

The mail server hands a message over as it came (`run.py mail-in`), by a pipe or a delivery rule.
"""

from __future__ import annotations

import logging
import smtplib
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parseaddr
from io import BytesIO

from flask import current_app
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.engine import access, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.fields import fields_of
from app.engine.formkeys import key_seen
from app.engine.mail import Post
from app.engine.moments import now
from app.engine.paper import manuscript
from app.engine.refusals import Refused
from app.extensions import db
from app.web.files import attach
from models.tickets import ServiceTicket

log = logging.getLogger("wenshu")

#: In the history the sender is called so, whoever they are.
SENDER = Actor(None, "e-mail")


def take_in(raw: bytes) -> ServiceTicket | None:
    """The ticket of a message, stored; None for an automatic answer, which nobody waits for.

    The same message handed over twice is one ticket. Raises `Refused` for what is no message with a sender.
    """
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    if str(message.get("Auto-Submitted", "no")).lower() != "no" or message.get("Precedence", "") in ("bulk", "list"):
        return None
    name, address = parseaddr(str(message.get("From", "")))
    if "@" not in address:
        raise Refused(_("The message names no sender; it was not taken in."))
    known = str(message.get("Message-ID", "")).strip() or None
    with access.acting_as(SENDER), history.act("mail_in"), access.system():
        if known and (before := key_seen(db.session, known)) is not None:
            return db.session.get(ServiceTicket, before.record_id)
        values = {
            "channel": "email", "kind": "other", "received_at": now(), "email": address, "contact_name": name,
            "subject": " ".join(str(message.get("Subject", "")).split()) or _("No subject"), "content": _text(message),
        }  # fmt: skip
        told = {key: _cut(key, value) if isinstance(value, str) else value for key, value in values.items()}
        ticket = records.add(db.session, ServiceTicket, told, list(told), form_key=known)
        if refused := _attached(ticket, _files(message)):
            ticket.content = _cut("content", "\n".join(filter(None, [ticket.content, *refused])))
        db.session.commit()
    return ticket


def _attached(ticket: ServiceTicket, files: list[FileStorage]) -> list[str]:
    """Hang the files on the ticket; sentences about those that were not taken, for the mail itself is kept anyhow."""
    sentences = []
    for file in files:
        try:
            attach(ticket, [file])
        except Refused as refusal:
            sentences.append(_("The file %(name)s was not taken: %(why)s", name=file.filename, why=str(refusal)))
    return sentences


def _cut(name: str, text: str) -> str:
    """What fits into a field; a caller's words are not refused for their length."""
    return text.replace("\x00", "")[: fields_of(ServiceTicket)[name].length]


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    text = _decoded(part)
    return manuscript.plain(manuscript.clean(text)) if part.get_content_subtype() == "html" else text.strip()


def _decoded(part: MIMEPart) -> str:
    """The words of a part; where it names a charset that is none, those that are in use here are tried."""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        written = part.get_payload(decode=True)
        assert isinstance(written, bytes)
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("gb18030", "replace")


def _files(message: EmailMessage) -> list[FileStorage]:
    return [
        FileStorage(BytesIO(part.get_payload(decode=True) or b""), part.get_filename())  # type: ignore[arg-type]
        for part in message.iter_attachments()
        if part.get_filename()
    ]


def acknowledge(ticket: ServiceTicket) -> bool:
    """Tell the sender number and code, where the office has a mail server; whether that was done. Commits."""
    url = current_app.config["SMTP_URL"]
    if not url or not ticket.email or ticket.acknowledged_at is not None:
        return False
    words = _(
        "Your message has come in. Its number is %(number)s; with the code %(code)s you can look up how far it is.",
        number=ticket.ticket_no, code=ticket.progress_code,
    )  # fmt: skip
    try:
        Post(url, current_app.config["MAIL_FROM"]).send(ticket.email, str(ticket.ticket_no), words)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("acknowledgement of ticket %s was not taken: %s", ticket.id, type(error).__name__)
        return False
    with access.acting_as(SENDER), access.system():
        ticket.take("acknowledge", db.session)
        db.session.commit()
    return True
