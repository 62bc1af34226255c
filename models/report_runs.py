"""Reports people keep 常用报表 and files made of them in the background 报表任务.

A kept report is a question with its settings; one with a rhythm is mailed on working days. A run is one file to be
made: a worker takes the oldest that waits, by one conditional UPDATE, so that several workers never make the same. It
is made with the rights its owner has at that moment. A run whose worker fell silent is taken up again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, rules
from app.engine.database import one_at_a_time, reading
from app.engine.moments import Moment, local, now, today
from app.engine.office_calendar import working_calendar

HOUR = rules.setting("reports_hour", _l("Hour from which reports are mailed"), "number", "7")

RunState = Literal["waiting", "running", "done", "failed", "cancelled"]

STATES = {
    "waiting": (_l("Waiting for its turn"), "waiting"),
    "running": (_l("Being made"), "active"),
    "done": (_l("Ready"), "good"),
    "failed": (_l("Failed"), "bad"),
    "cancelled": (_l("Called off"), "neutral"),
}
#: Days that move along with the calendar; what has none keeps the days it was kept with.
SPANS = {
    "": _l("The days as they are now"),
    "yesterday": _l("Yesterday"),
    "last_week": _l("Last week"),
    "this_month": _l("This month until today"),
    "last_month": _l("Last month"),
    "this_year": _l("This year until today"),
    "last_year": _l("Last year"),
}
RHYTHMS = {
    "": _l("Not by mail"),
    "day": _l("Every working day"),
    "week": _l("First working day of the week"),
    "month": _l("First working day of the month"),
}
#: A worker tells of itself while it writes; after so long a silence another takes over, at most so often.
SILENCE, TRIES = timedelta(minutes=10), 3
#: How long a file is kept to be fetched.
KEPT = timedelta(days=14)


def span_days(span: str, day: date) -> tuple[date, date] | None:
    """The first and the last day of a span as seen from `day`; None for the days as they were kept."""
    month, year = day.replace(day=1), day.replace(month=1, day=1)
    monday = day - timedelta(days=day.weekday())
    before = month - timedelta(days=1)
    spans = {
        "yesterday": (day - timedelta(days=1), day - timedelta(days=1)),
        "last_week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "this_month": (month, day),
        "last_month": (before.replace(day=1), before),
        "this_year": (year, day),
        "last_year": (year.replace(year=year.year - 1), year - timedelta(days=1)),
    }
    return spans.get(span)


class SavedReport(access.RowAccess, Model):
    """A report with the settings somebody wants to see again; nobody else's business."""

    __tablename__ = "saved_report"
    __table_args__ = (UniqueConstraint("user_id", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    title: Mapped[str] = mapped_column(String(100))
    report: Mapped[str] = mapped_column(String(60))
    #: what was asked, as JSON: text by the name of the parameter
    parameters: Mapped[str] = mapped_column(Text)
    span: Mapped[str] = mapped_column(String(20))
    rhythm: Mapped[str] = mapped_column(String(10), index=True)
    language: Mapped[str] = mapped_column(String(5))
    #: where the office is reached, for the links in mails and workbooks
    address: Mapped[str] = mapped_column(String(200))
    #: the last day on which it was mailed, or kept
    mailed_on: Mapped[date] = mapped_column(Date)

    @classmethod
    def visible_to(cls, actor: access.Actor) -> ColumnElement[bool]:
        return cls.user_id == (actor.id or 0)

    def asked(self) -> dict[str, str]:
        """The parameters as of today."""
        told: dict[str, str] = json.loads(self.parameters)
        days = span_days(self.span, today())
        return told | {"from": days[0].isoformat(), "to": days[1].isoformat()} if days else told

    def is_due(self, day: date) -> bool:
        """Whether a working day is one to mail it on: the first since its day, week or month began."""
        begins = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
        return self.rhythm in begins and self.mailed_on < begins[self.rhythm]


class ReportRecipient(access.RowAccess, Model):
    """Somebody whom a kept report is mailed to beside its owner: a file of their own, as they may see it themselves."""

    __tablename__ = "report_recipient"

    saved_id: Mapped[int] = mapped_column(ForeignKey("saved_report.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, index=True)

    saved: Mapped[SavedReport] = relationship(foreign_keys=saved_id)

    @classmethod
    def visible_to(cls, actor: access.Actor) -> ColumnElement[bool]:
        """To themselves, and to the owner of the report."""
        own = select(SavedReport.id).where(SavedReport.user_id == (actor.id or 0))
        return or_(cls.user_id == (actor.id or 0), cls.saved_id.in_(own))


def readers(session: Session) -> list[tuple[int, str]]:
    """Whom a report can be mailed to: active accounts whose roles may read reports, and what they are called."""
    with access.system():
        query = select(User.id, User.first_name, User.last_name, User.username, Role.name)
        rows = session.execute(query.join(User.roles).where(User.active.is_(True)).order_by(User.id))
        roles: dict[int, set[str]] = {}
        names: dict[int, str] = {}
        for pk, first, last, username, role in rows:
            roles.setdefault(pk, set()).add(role)
            names[pk] = f"{first or ''} {last or ''}".strip() or username
    may = [pk for pk, of in roles.items() if access.Actor(pk, names[pk], frozenset(of)).may("read", "reports")]
    return sorted(((pk, names[pk]) for pk in may), key=lambda one: one[1])


class ReportRun(access.RowAccess, Model):
    """One file to be made of a report, how far it is, and where it lies. Its owner alone sees it."""

    __tablename__ = "report_run"
    # A notice speaks of a run by its key: none is given twice.
    __table_args__ = (Index("ix_report_run_state_id", "state", "id"), {"sqlite_autoincrement": True})
    #: for the notices about it, read by whoever may read reports; the history knows the export, not how far it is
    kind_name, natural_key, unrecorded = "reports", "", True

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    report: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    parameters: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(String(4))
    language: Mapped[str] = mapped_column(String(5))
    address: Mapped[str] = mapped_column(String(200))
    mail: Mapped[bool]
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    #: rows written, of how many
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    asked_at: Mapped[datetime] = mapped_column(Moment, index=True)
    #: when its worker was last heard of
    beat_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    #: the file's place in the storage
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    file_name: Mapped[str | None] = mapped_column(String(200))
    #: who wished that it be mailed, where that was somebody else
    shared_by: Mapped[str | None] = mapped_column(String(200))
    #: why it failed, in the owner's words
    reason: Mapped[str | None] = mapped_column(String(500))

    user: Mapped[User] = relationship(foreign_keys=user_id)

    @classmethod
    def visible_to(cls, actor: access.Actor) -> ColumnElement[bool]:
        return cls.user_id == (actor.id or 0)

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")


class CalledOff(Exception):
    """The owner called the run off while it was being made."""


def ask_for(
    session: Session,
    *,
    user_id: int,
    report: str,
    name: str,
    parameters: str,
    form: str,
    language: str,
    address: str,
    mail: bool = False,
    shared_by: str | None = None,
) -> ReportRun:
    """Put a file on the list of what the workers make; the caller commits."""
    run = ReportRun(
        user_id=user_id, report=report, name=name[:200], parameters=parameters, form=form, language=language,
        address=address, mail=mail, shared_by=shared_by, state="waiting", asked_at=now(),
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run


def claim(session: Session) -> int | None:
    """Take the oldest run that waits, or whose worker fell silent, and say that it is being made; its key. Commits."""
    silent = and_(ReportRun.state == "running", ReportRun.beat_at < now() - SILENCE)
    query = select(ReportRun.id, ReportRun.state, ReportRun.tries).where(or_(ReportRun.state == "waiting", silent))
    while True:
        with reading():  # who only looks keeps nobody waiting
            found = session.execute(query.order_by(ReportRun.id).limit(1)).first()
            session.rollback()
        if found is None:
            return None
        lost = found.tries >= TRIES
        given_up = {"state": "failed", "ended_at": now(), "reason": _("It was interrupted several times.")}
        begun = {"state": "running", "beat_at": now(), "tries": found.tries + 1, "done": 0}
        same = and_(ReportRun.id == found.id, ReportRun.state == found.state, ReportRun.tries == found.tries)
        taken = _set(session, same, **(given_up if lost else begun))
        session.commit()
        if taken and not lost:
            return int(found.id)


def beat(session: Session, pk: int, done: int, total: int) -> None:
    """Say how far a run is; the caller commits. Raises `CalledOff` where its owner does not want it any more."""
    if not _set(session, _running(pk), done=done, total=total, beat_at=now()):
        raise CalledOff


def end(session: Session, pk: int, state: RunState, **values: Any) -> bool:
    """End a run that is being made; False where it was called off meanwhile. The caller commits."""
    return _set(session, _running(pk), state=state, ended_at=now(), **values)


def call_off(session: Session, run: ReportRun) -> bool:
    """Call a run off that has not ended; False where it has. The caller commits."""
    still = and_(ReportRun.id == run.id, ReportRun.state.in_(("waiting", "running")))
    return _set(session, still, state="cancelled", ended_at=now())


def again(session: Session, run: ReportRun) -> bool:
    """Let a run that failed or was called off wait for its turn again; False for any other. The caller commits."""
    ended = and_(ReportRun.id == run.id, ReportRun.state.in_(("failed", "cancelled")))
    return _set(session, ended, state="waiting", tries=0, done=0, total=0, reason=None, ended_at=None)


def _running(pk: int) -> ColumnElement[bool]:
    return and_(ReportRun.id == pk, ReportRun.state == "running")


def _set(session: Session, condition: ColumnElement[bool], **values: Any) -> bool:
    changed = session.execute(
        update(ReportRun).where(condition).values(**values), execution_options={"synchronize_session": False}
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def plan(session: Session, titles: Mapping[str, Any]) -> int:
    """Ask for the files that are mailed today, each once; how many. `titles`: what each report is called. Commits."""
    moment = local(now())
    with access.system():
        with reading():
            early = moment.hour < int(rules.number(session, HOUR, None))
            idle = early or not working_calendar(session).is_working_day(moment.date())
            query = select(SavedReport).where(SavedReport.rhythm != "").order_by(SavedReport.id)
            keys = [] if idle else [one.id for one in session.scalars(query) if one.is_due(moment.date())]
            session.rollback()
        return sum(_plan_one(session, pk, moment.date(), titles) for pk in keys)


def _plan_one(session: Session, pk: int, day: date, titles: Mapping[str, Any]) -> bool:
    one_at_a_time(session, f"saved_report {pk}")
    saved = session.get(SavedReport, pk, populate_existing=True)
    if saved is None or not saved.is_due(day) or saved.report not in titles:
        session.rollback()
        return False
    saved.mailed_on = day
    known = dict(readers(session))
    chosen = select(ReportRecipient.user_id).where(ReportRecipient.saved_id == pk).order_by(ReportRecipient.user_id)
    mail(session, saved)
    # whoever left the house mails nothing to others, and who may read no reports any more gets none
    for user_id in session.scalars(chosen) if saved.user_id in known else ():
        if user_id in known:
            mail(session, saved, user_id, known[saved.user_id])
    session.commit()
    return True


def mail(session: Session, saved: SavedReport, user_id: int | None = None, shared_by: str | None = None) -> None:
    """Have a kept report made and mailed: to its owner, or to another as that one may see it. The caller commits."""
    ask_for(
        session, user_id=user_id or saved.user_id, report=saved.report, name=saved.title,
        parameters=json.dumps(saved.asked()), form="xlsx", language=saved.language, address=saved.address, mail=True,
        shared_by=shared_by,
    )  # fmt: skip


def old(session: Session) -> Iterator[ReportRun]:
    """The runs whose files need not be kept any longer."""
    yield from session.scalars(select(ReportRun).where(ReportRun.ended_at < now() - KEPT).order_by(ReportRun.id))


def parameters_of(run: ReportRun) -> Mapping[str, str]:
    """What was asked, text by the name of the parameter."""
    return dict(json.loads(run.parameters))
