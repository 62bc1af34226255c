"""A report as a file: the workbook that is mailed on untouched, or CSV; in a request, and in the background."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from urllib.parse import urlencode

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.database import Overtaken, apart, first_to, plainly, reading
from app.engine.disclosure import exported, outward
from app.engine.frames import REPORTS, Report
from app.engine.mail import Post
from app.engine.periods import period_of
from app.engine.refusals import Refused
from app.engine.replicas import as_of
from app.engine.report_answers import Answer, ask
from app.engine.workbook import Chart
from app.web.download import Export, file_name, write_export
from app.web.files import needed, storage
from app.web.replica import read_only
from app.web.report_details import details, rows_of
from models import report_runs
from models.notices import tell
from models.people import Person, actor_of
from models.report_runs import ReportRun

log = logging.getLogger("wenshu")

Told = Callable[[Iterable[Any]], Iterable[Any]]
#: From so many rows on a workbook is made in the background: some seconds of work.
BIG = 10_000
#: Rows between two words of a worker.
STRIDE = 500
#: Bytes a mail may carry; of a larger file it carries the address alone.
MAIL_BYTES = 8 << 20


def in_words(answer: Answer) -> list[tuple[str, str]]:
    """What the report was asked for, as people would say it: label and words."""
    about, asked = answer.report, answer.parameters
    days = f"{asked['from'] or '…'} – {asked['to'] or '…'}" if asked["from"] or asked["to"] else _("All days")
    said = [] if about.timeless else [(_("Period"), days)]
    if of := asked.get("of"):
        said.append((_("Of"), str(about.subjects[of])))
    if by := asked.get("by"):
        labels = {column.name: str(column.label) for column in about.columns}
        said.append((_("By"), "、".join(labels.get(name, name) for name in by)))
    said += [(str(one.label), answer.asked[one.name].words) for one in about.parameters if one.name in answer.asked]
    return said + chosen_words(answer)


def chosen_words(answer: Answer) -> list[tuple[str, str]]:
    """The groups whose rows alone are counted: label and words of each."""
    about = answer.report
    labels = {column.name: str(column.label) for column in about.columns}
    return [
        (labels.get(name, name), str(about.labels.get(name, {}).get(value, value)))
        for name, value in answer.chosen.items()
    ]


def chart_of(answer: Answer) -> Chart | None:
    drawn, told_apart = answer.report.chart, charted_by(answer)
    return Chart(told_apart[0], [drawn], within=told_apart[1:]) if drawn and answer.rows else None


def charted_by(answer: Answer) -> list[str]:
    """The columns at the beginning that tell the rows of a chart apart: those it was asked to be grouped by."""
    by = answer.parameters.get("by") or []
    return [column.name for column in answer.columns if column.name in by] or [answer.columns[0].name]


def export_of(session: Session, answer: Answer, form: str, link: str | None, told: Told = iter) -> Export:
    """A report on its way out as `xlsx` or `csv`; every table's rows pass through `told`."""
    about = answer.report
    more = details(session, answer) if form == "xlsx" else []
    return Export(
        answer.title, answer.columns, told(answer.spoken), about.name, in_words(answer),
        [str(about.basis), *answer.notes], chart_of(answer),
        [replace(sheet, rows=told(sheet.rows)) for sheet in more], link,
        period=period_of(answer.parameters), as_of=as_of(session), sheet=_("Overview") if _sums_up(about) else "",
    )  # fmt: skip


def _sums_up(about: Report) -> bool:
    """Whether a report sums up, and is no list itself."""
    return about.opens_rows or bool(about.chart or about.groups)


def write_report(
    session: Session, target: BinaryIO, answer: Answer, form: str, link: str | None, told: Told = iter
) -> None:
    """The file of a report into `target`; every table's rows pass through `told`."""
    write_export(target, export_of(session, answer, form, link, told), form)


# --- in the background


def work(session: Session) -> bool:
    """Make the next file that waits; whether there was one."""
    with access.system():
        pk = report_runs.claim(session)
        if pk is None:
            return False
        run = session.get_one(ReportRun, pk, populate_existing=True)
        actor = actor_of(session, run.user) if run.user.active else access.NOBODY
    with force_locale(run.language):
        try:
            try:
                _make(session, run, actor)
            except Overtaken:  # by a replica that failed: the primary does it
                session.rollback()
                _make(session, run, actor)
        except report_runs.CalledOff:
            session.rollback()
        except Refused as refusal:
            _fail(session, pk, str(refusal))
        except Exception as error:
            log.exception("report run %s failed", pk)
            _fail(session, pk, _("Something went wrong; it was written down: %(what)s", what=type(error).__name__))
        with access.system():
            _tell(session, pk)
    return True


def _make(session: Session, run: ReportRun, actor: access.Actor) -> None:
    pk, form, report = run.id, run.form, run.report
    called, shared_by = run.name, run.shared_by
    if not actor.may("read", "reports") or report not in REPORTS:
        raise Refused(_("You may not read this report any more."))
    given, written = dict(report_runs.parameters_of(run)), 0
    link = f"{run.address}/reports/{report}?{urlencode(given)}" if run.address else None
    session.rollback()
    with TemporaryFile() as file:
        with access.acting_as(actor), reading(), read_only() as read, outward():
            answer = ask(read, report, given)
            total = rows_of(answer)

            def told(rows: Iterable[Any]) -> Iterator[Any]:
                nonlocal written
                for row in rows:
                    if written % STRIDE == 0:
                        with apart(session) as own:
                            report_runs.beat(own, pk, written, max(total, written))
                    written += 1
                    yield row

            write_report(read, file, answer, form, link, told)
            session.rollback()
            wished = f" ← {shared_by}" if shared_by else ""
            exported(session, answer.title, report, len(answer.rows), f"{form} {link or ''}{wished}")
            name = file_name(called, form, period_of(given))
        file.seek(0)
        stored = storage().put(file, f"report.{form}")
    with access.system():
        report_runs.end(session, pk, "done", digest=stored.digest, file_name=name, done=written, total=written)
        session.commit()


def _fail(session: Session, pk: int, reason: str) -> None:
    session.rollback()
    with access.system():
        report_runs.end(session, pk, "failed", reason=reason[:500])
        session.commit()


def _tell(session: Session, pk: int) -> None:
    """A notice to the owner, and the mail where one was asked for."""
    run = session.get_one(ReportRun, pk, populate_existing=True)
    person = session.scalars(select(Person).where(Person.user_id == run.user_id)).first()
    if run.state in ("done", "failed") and person is not None:
        kind = "report_shared" if run.shared_by else f"report_{run.state}"
        if run.state == "done" or not run.shared_by:  # whoever did not ask is not told that it failed
            tell(session, [person], kind, run)
        session.commit()
    if run.mail and run.state == "done" and run.digest:
        _mail(run, run.digest)


def _mail(run: ReportRun, digest: str) -> None:
    server, address = current_app.config["SMTP_URL"], run.user.email or ""
    if not server or not address or address.endswith(".invalid"):
        return
    link = f"{run.address}/reports/runs/{run.id}"
    lines = [run.name, "", _("In the office: %(link)s", link=link)]
    if run.shared_by:
        lines.append(_("%(who)s has it mailed to you; its figures are those that you may see.", who=run.shared_by))
    body = "\n".join(lines)
    with storage().open(digest) as file:
        content = file.read(MAIL_BYTES + 1)
    attached = (run.file_name or f"report.{run.form}", content) if len(content) <= MAIL_BYTES else None
    try:
        Post(server, current_app.config["MAIL_FROM"]).send(address, run.name, body, attached)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("report run %s was not taken by the mail server: %s", run.id, plainly(error))


def forget_old(session: Session) -> int:
    """Forget runs that nobody fetches any more, and delete their files; how many. The caller commits."""
    count = 0
    if not first_to(session, "forget old files"):
        return count
    with access.system():
        for run in list(report_runs.old(session)):
            digest = run.digest
            session.delete(run)
            session.flush()
            if digest and not needed(session, digest):
                storage().delete(digest)
            count += 1
    return count
