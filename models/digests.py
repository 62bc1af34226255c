"""The morning digest: one mail a person and day with what awaits them, in the words of the notices themselves."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, rules
from app.engine.database import one_at_a_time
from app.engine.moments import Moment, local, now
from models.notices import Notice, open_notices, words_of
from models.people import Person, actor_of

log = logging.getLogger("wenshu")

HOUR = rules.setting("digest_hour", _l("Hour of the morning mail"), "number", "8")
QUIET_FROM = rules.setting("quiet_from", _l("No mail from this hour on"), "number", "20")
QUIET_UNTIL = rules.setting("quiet_until", _l("No mail before this hour"), "number", "7")

#: After so long a mail that somebody began to send and did not finish is tried again.
AGAIN = timedelta(minutes=15)


class Digest(Model):
    """That somebody's mail of a day was begun, and whether the server took it."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("person_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date] = mapped_column(Date)
    begun_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)


def send_all(session: Session, send: Callable[[str, str, str], None]) -> int:
    """Mail everybody's unread notices once a day, from the morning hour on, not in the quiet hours; how many mails.

    `send(to, subject, body)` hands a mail over. Commits after each.
    """
    with access.system():
        first, last, hour = (int(rules.number(session, s, None)) for s in (QUIET_UNTIL, QUIET_FROM, HOUR))
        if not max(first, hour) <= local(now()).hour < last:
            return 0
        query = select(Notice.person_id).where(Notice.read_at.is_(None), Notice.mailed_at.is_(None)).distinct()
        people = list(session.scalars(query.order_by(Notice.person_id)))
        session.commit()
    return sum(_send_one(session, person_id, send) for person_id in people)


def _send_one(session: Session, person_id: int, send: Callable[[str, str, str], None]) -> bool:
    digest = _claim(session, person_id)
    if digest is None:
        return False
    with access.system():
        person = session.get(Person, person_id)
        user = person.user if person is not None else None
        if user is None or not user.active or not user.email or user.email.endswith(".invalid"):
            session.rollback()
            return False
        actor, address = actor_of(session, user), user.email
    with access.acting_as(actor):  # by the rights of this moment, not of the one it was queued in
        told = open_notices(session, Notice.read_at.is_(None), Notice.mailed_at.is_(None))
        lines = [words_of(*one) for one in told]
    with access.system():
        session.commit()
        if not lines:
            return False
        try:
            send(address, _("Wenshu: %(count)s notices", count=len(lines)), "\n".join(f"- {line}" for line in lines))
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail to person %s was not taken: %s", person_id, type(error).__name__)
            return False
        digest.sent_at = now()
        for notice, _record, _paper in told:
            notice.mailed_at = digest.sent_at
        session.commit()
    return True


def _claim(session: Session, person_id: int) -> Digest | None:
    """Today's mail of a person, begun; None where it is sent or another process is at it. Commits."""
    with access.system():
        one_at_a_time(session, f"digest {person_id}")
        moment = now()
        day = local(moment).date()
        query = select(Digest).where(Digest.person_id == person_id, Digest.day == day)
        digest = session.scalars(query).one_or_none()
        if digest is not None and (digest.sent_at is not None or digest.begun_at > moment - AGAIN):
            session.rollback()
            return None
        if digest is None:
            digest = Digest(person_id=person_id, day=day)
            session.add(digest)
        digest.begun_at = moment
        session.commit()
    return digest
