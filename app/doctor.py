"""The doctor 体检: is the office well? One line a question; what is not well says what to do about it.

It changes nothing but for a small file that it stores and takes away again. Whether the history holds is a question of
its own, which takes its time: `audit verify`.
"""

from __future__ import annotations

import os
import shutil
import smtplib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.engine import access, clocks, formkeys, numbers, scanner
from app.engine import record as records
from app.engine.clock_rules import ClockRule
from app.engine.clocks import ClockRow
from app.engine.database import plainly, reading
from app.engine.mail import Post
from app.engine.moments import frozen, now, today
from app.engine.office_calendar import working_calendar
from app.engine.refusals import Refused
from app.engine.storage import Storage
from app.extensions import db
from app.schema import standing
from models import report_runs
from models.files import Attachment
from models.report_runs import ReportRun
from seed import demo

#: What is asked, whether there is a fault, and the sentence.
Line = tuple[str, bool, str]

#: Bytes below which a disk counts as full, and so many of the newest files are looked for.
ROOM, NEWEST = 1 << 30, 100
#: How long a file waits at most where a worker is at work, and how late a sweep may be.
WAITING, LATE = timedelta(minutes=15), timedelta(days=2)
#: The month in which the holidays of the next year are known: the State Council tells of them in November.
KNOWN_FROM = 12


class Fault(Exception):
    """Something is not well; the sentence says what to do."""


def examine(app: Flask, storage: Storage) -> Iterator[Line]:
    """One line a question; those about records only where the schema is this program's."""
    yield _asked("configuration", lambda: configuration(app))
    with reading(), access.system():
        first = _asked("schema", lambda: schema(db.session))
        yield first
        if not first[1]:
            for name, question in QUESTIONS.items():
                yield _asked(name, lambda question=question: question(db.session))  # type: ignore[misc]
                db.session.rollback()
            yield _asked("files", lambda: files(db.session, storage))
    yield _asked("storage", lambda: stores(storage))
    yield _asked("room", lambda: room(app))
    if app.config["SQLALCHEMY_BINDS"]:
        yield _asked("replica", replica)
    if app.config["CLAMAV"]:
        yield _asked("scanner", lambda: scans(app.config["CLAMAV"]))
    if app.config["SMTP_URL"]:
        yield _asked("mail", lambda: mail(app))


def _asked(name: str, question: Callable[[], str]) -> Line:
    try:
        return name, False, question()
    except Fault as fault:
        return name, True, str(fault)
    except SQLAlchemyError as error:
        db.session.rollback()
        return name, True, f"the database does not answer this: {plainly(error)}"
    except Exception as error:  # whatever a storage or a server answers, the next question is asked, too
        return name, True, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


# --- the settings, and what stands around


def configuration(app: Flask) -> str:
    settings = app.config
    if settings["DEMO"]:
        stopped = "; the clock stands still" if frozen() else ""
        return f"a demo office; real papers need WENSHU_SECRET_KEY{stopped}"
    if not settings["ADDRESS"]:
        raise Fault("mails name whatever address a request was sent to; set WENSHU_ADDRESS")
    if settings["ADDRESS"].startswith("https:") and not settings["SESSION_COOKIE_SECURE"]:
        raise Fault("the office is reached by https, and its cookie would travel without; set WENSHU_HTTPS=1")
    if settings["SESSION_COOKIE_SECURE"] and not settings["TRUSTED_PROXIES"]:
        raise Fault("https is the proxy's, and none is declared; set WENSHU_TRUSTED_PROXIES")
    return f"secret key of its own, {settings['ADDRESS']}, {settings['WORKERS']} processes"


def stores(storage: Storage) -> str:
    """Store a file nobody else has, read it and take it away."""
    content = f"A trial of the doctor, {os.urandom(16).hex()}.\n".encode()
    digest = storage.put(BytesIO(content), "trial.txt").digest
    try:
        with storage.open(digest) as file:
            if file.read() != content:
                raise Fault("what was stored is not what is read again; look at the disk or the bucket")
    finally:
        storage.delete(digest)
    return "a file can be stored, read and removed"


def room(app: Flask) -> str:
    database = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    folders = [app.config["DATA_DIR"]] if "://" not in app.config["DATA_DIR"] else []
    folders += [str(Path(str(database.database)).parent)] if database.get_backend_name() == "sqlite" else []
    left = {folder: shutil.disk_usage(folder).free for folder in folders}
    if full := [folder for folder, free in left.items() if free < ROOM]:
        raise Fault(f"less than {ROOM >> 30} GB left for {full[0]}; make room on its disk")
    return f"{min(left.values()) >> 30} GB left" if left else "nothing is kept on this machine"


def replica() -> str:
    with db.engines["replica"].connect() as connection:
        if not connection.scalar(select(func.pg_is_in_recovery())):
            raise Fault("WENSHU_REPLICA_URL names no replica; name a server that follows the primary")
    return "answers, and follows a primary"


def scans(address: str) -> str:
    try:
        scanner.scan(BytesIO(b"a trial of the doctor"), "trial.txt", address)
    except Refused:
        raise Fault(f"the virus scanner at {address} does not answer, so no file is taken in; start it") from None
    return "the virus scanner answers"


def mail(app: Flask) -> str:
    try:
        Post(app.config["SMTP_URL"], app.config["MAIL_FROM"]).greet()
    except (OSError, smtplib.SMTPException) as error:
        raise Fault(f"the mail server does not take us ({type(error).__name__}); look at WENSHU_SMTP_URL") from None
    return "the mail server answers"


# --- the database


def schema(session: Session) -> str:
    found = standing(session)
    if found.is_newer:
        raise Fault(f"{found}; upgrade this program")
    if not found.serves:
        raise Fault(f"{found}; run: python run.py upgrade")
    return f"{found.found}, as this program knows it"


def accounts(session: Session) -> str:
    query = select(User.username).join(User.roles).where(Role.name == "administrator", User.active.is_(True))
    found = sorted(set(session.scalars(query)))
    if not found:
        raise Fault("nobody can administer; run: python run.py users create NAME administrator")
    return f"{len(found)} administrators"


def demo_office(session: Session) -> str:
    """Whether a real office has the accounts everybody knows, or a demo real papers."""
    is_demo = demo.strangers(session) is not None
    if is_demo and not current_app.config["DEMO"]:
        raise Fault("a secret key is set, and the accounts of the demo are there; run: python run.py demo remove")
    if not is_demo and current_app.config["DEMO"] and session.scalar(select(User.id).limit(1)) is not None:
        raise Fault("real accounts under the key of a demo; set WENSHU_SECRET_KEY to 32 random characters")
    return "a demo office" if is_demo else "no demo accounts"


def calendar(session: Session) -> str:
    day = today()
    missing = working_calendar(session).assumed_years(day, date(day.year + 1, 12, 31))
    if day.year in missing:
        raise Fault(f"no holidays of {day.year}, so limits count them as worked; enter the days off and made up")
    if missing and day.month >= KNOWN_FROM:
        raise Fault(f"no holidays of {day.year + 1} yet, and limits reach there; enter the days off and made up")
    return f"{day.year} is there, {day.year + 1} " + ("comes in November" if missing else "too")


def clocks_run(session: Session) -> str:
    """Whether every clock that runs belongs to a record that is due, and every stage has a limit."""
    rules = select(ClockRule.record_kind, ClockRule.stage).distinct()
    limited = {(kind, stage) for kind, stage in session.execute(rules)}
    lost, count = [], 0
    for name, model in records.kinds().items():
        flow: Any = getattr(model, "flow", None)
        if flow is None or not flow.clocks:
            continue
        stages = (one.stage for one in flow.clocks.values() if not one.limit)
        lost += [f"{name}.{stage}" for stage in stages if (name, stage) not in limited]
        table: Any = model
        runs = select(func.count(ClockRow.id), func.count(table.due_at)).where(
            ClockRow.kind == name, ClockRow.state == clocks.RUNNING
        )
        running, due = session.execute(
            runs.outerjoin(table, table.id == ClockRow.record_id), execution_options=access.with_deleted
        ).one()
        if running > due:
            raise Fault(f"{running - due} clocks of {name} run for records that are never due; see their history")
        count += running
    if lost:
        raise Fault(f"no limit for {', '.join(lost)}; add one under Limits")
    return f"{count} run, each towards a limit"


def sweeps(session: Session) -> str:
    """A sweep leaves no form keys and no files older than they are kept."""
    moment = now()
    left = ((formkeys.FormKey.at, moment - formkeys.KEPT), (ReportRun.ended_at, moment - report_runs.KEPT))
    for column, kept_since in left:
        oldest = session.scalar(select(func.min(column)))
        if oldest is not None and oldest < kept_since - LATE:
            days = (kept_since - oldest).days
            raise Fault(f"none for {days} days; let a timer run: python run.py sweep")
    return "nothing lies about that one would have taken away"


def jobs(session: Session) -> str:
    moment = now()
    stuck = or_(
        and_(ReportRun.state == "waiting", ReportRun.asked_at < moment - WAITING),
        and_(ReportRun.state == "running", ReportRun.beat_at < moment - report_runs.SILENCE - WAITING),
    )
    count = session.scalar(select(func.count()).select_from(ReportRun).where(stuck))
    if count:
        raise Fault(f"{count} files wait, and no worker makes them; start the server, or: python run.py worker")
    return "no file waits for a worker"


def running_numbers(session: Session) -> str:
    rows = numbers.audit(session)
    wrong = [row for row in rows if row["unexplained"] or row["behind"]]
    if wrong:
        raise Fault(f"{len(wrong)} series do not add up, {wrong[0]['series']} first; run: python run.py audit numbers")
    return f"every number of {len(rows)} series and years is explained"


def files(session: Session, storage: Storage) -> str:
    """Whether the newest files that records name are in the storage."""
    newest = select(Attachment.digest).order_by(Attachment.id.desc()).limit(NEWEST)
    found = list(session.scalars(newest))
    lost = [digest for digest in found if not storage.exists(digest)]
    if lost:
        raise Fault(f"{len(lost)} of the newest {len(found)} are gone, {lost[0][:12]}… first; take them from a backup")
    return f"the newest {len(found)} are there"


QUESTIONS: dict[str, Callable[[Session], str]] = {
    "accounts": accounts,
    "demo": demo_office,
    "calendar": calendar,
    "clocks": clocks_run,
    "sweep": sweeps,
    "jobs": jobs,
    "numbers": running_numbers,
}
