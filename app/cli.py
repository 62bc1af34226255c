"""Commands: `python run.py COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import click
from alembic import command as alembic
from alembic.util import CommandError
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale
from sqlalchemy import select

from app.cli_office import backup_command, doctor_command, restore_command
from app.cli_records import records_group, report_command, reports_command
from app.cli_users import users_group
from app.engine import access, bin, events, formkeys, fulltext, history, numbers
from app.engine import record as records
from app.engine.database import Overtaken
from app.engine.mail import Post
from app.engine.refusals import Refused
from app.engine.workflow import flows
from app.extensions import db
from app.factory import create_app
from app.memory import settle
from app.schema import alone, bring_up_to_date, migrate, migrations
from app.web.files import clear_dropped, storage
from app.web.mail_in import acknowledge, take_in
from app.web.report_files import forget_old
from app.worker import work_on
from models import digests, sweeping
from models.files import Attachment
from seed import demo, volume


class Office(click.Group):
    """All commands share one application; a refusal ends with its sentence and exit code 1.

    So does a command that was given wrongly: 2, which it would end with elsewhere, says here that rows were refused.
    """

    #: done when the application is there
    made: Callable[[], None] = staticmethod(lambda: None)

    def invoke(self, context: click.Context) -> Any:
        context.obj = create_app()
        self.made()
        try:
            with context.obj.app_context():
                return super().invoke(context)
        except (Refused, Overtaken, click.UsageError) as refusal:
            click.echo(refusal.format_message() if isinstance(refusal, click.UsageError) else str(refusal), err=True)
            sys.exit(1)


@click.group(cls=Office, invoke_without_command=True)
@click.pass_context
def office(context: click.Context) -> None:
    """Wenshu: papers, callers and orders of an office."""
    if context.invoked_subcommand is None:
        context.invoke(serve)


def main() -> None:
    """Carry out a command, in a process of its own."""
    office.made = settle
    office(prog_name="run.py")


def fill_empty(app: Flask) -> str | None:
    """Load the demo office into an empty database; its password if it was."""
    if not app.config["DEMO"] or db.session.scalar(select(User.id).limit(1)) is not None:
        db.session.rollback()
        return None
    password = demo.load(db.session, app.config["DEMO_PASSWORD"])
    db.session.commit()
    return password


@office.command()
@click.pass_obj
def serve(app: Flask) -> None:
    """Serve the office; the first start makes schema and demo office."""
    with alone():
        before = bring_up_to_date(app)
        password = fill_empty(app)
    if before.is_newer:
        click.echo(f"Upgrade this program soon: {before}.")
    address = f"http://{app.config['HOST']}:{app.config['PORT']}"
    click.echo(f"Wenshu: {address}")
    if password:
        names = ", ".join(name for name, _role in demo.ACCOUNTS)
        click.echo(f"Sign in as one of {names}\nwith the password {password}")
    elif app.config["DEMO"]:
        click.echo("Sign in with the accounts and the password of the first start (python run.py users reset NAME).")
    db.session.remove()
    db.engine.dispose()
    from app.server import run

    run(app)


@office.command()
@click.option("--once", is_flag=True, help="Do what waits, and end.")
@click.pass_obj
def worker(app: Flask, once: bool) -> None:
    """Make large report files and mail the kept ones; the server has one of its own. Safe from many machines."""
    count = work_on(app, once=once)
    click.echo(f"Files made: {count}.")


@office.command("mail-in")
@click.argument("file", type=click.File("rb"), default="-")
def mail_in(file: BinaryIO) -> None:
    """Take in one e-mail of a caller, from FILE or standard input, as the mail server hands it over."""
    ticket = take_in(file.read())
    if ticket is None:
        click.echo("An automatic answer; nothing was registered.")
        return
    told = acknowledge(ticket)
    click.echo(f"{ticket.ticket_no}: registered{', the sender has been told' if told else ''}.")


@office.command()
@click.pass_obj
def upgrade(app: Flask) -> None:
    """Bring the database to the newest schema. One made by a newer program is left as it is."""
    before = migrate(app)
    if before.is_newer:
        click.echo(f"Nothing was done: {before}.")


@office.command()
@click.argument("revision")
@click.pass_obj
def downgrade(app: Flask, revision: str) -> None:
    """Take the database back to an older schema."""
    try:
        alembic.downgrade(migrations(app), revision)
    except CommandError as error:
        raise Refused(f"{error}.") from None


@office.group("demo")
def demo_group() -> None:
    """The demo office."""


@demo_group.command()
@click.option("--scale", type=click.Choice(["1k", "10k", "100k", "1m"]), default="1k")
@click.option("--seed", type=int, default=1)
@click.pass_obj
def load(app: Flask, scale: str, seed: int) -> None:
    """Fill an empty database with a believable office; from 10k orders on with copies of it (seed/volume.py)."""
    migrate(app)
    if db.session.scalar(select(User.id).limit(1)) is not None:
        raise Refused("The database is not empty; the demo office would mix with real records.")
    password = demo.load(db.session, app.config["DEMO_PASSWORD"], seed, 240)
    if part := {"10k": 0.01, "100k": 0.1, "1m": 1}.get(scale):
        volume.load(db.session, part, seed, click.echo)
    db.session.commit()
    db.session.remove()
    db.engine.dispose()  # when the last connection is closed, SQLite moves what was written into its file
    click.echo(f"Loaded. All accounts have the password {password}")


@demo_group.command()
@click.option("--yes", is_flag=True, help="Do not ask, even where people have worked in the demo office.")
@click.pass_obj
def remove(app: Flask, yes: bool) -> None:
    """Take the demo office away: an empty database of the newest schema is left."""
    migrate(app)
    strangers, changes = demo.strangers(db.session), demo.worked_on(db.session)
    if strangers is None:
        raise Refused("This is not a demo office; nothing was removed.")
    if (strangers or changes) and not yes:
        raise Refused(
            f"People have worked here: {changes} changes, {len(strangers)} further accounts. "
            "Repeat with --yes to remove all of it."
        )
    with access.system():
        digests = set(db.session.scalars(select(Attachment.digest)))
    db.session.remove()
    db.engine.dispose()
    alembic.downgrade(migrations(app), "base")
    migrate(app)
    for digest in digests:
        storage().delete(digest)
    click.echo("Removed. Make an account with: python run.py users create NAME administrator")


@office.group("audit")
def audit_group() -> None:
    """The history."""


@audit_group.command()
def verify() -> None:
    """Walk the hash chains and compare them with the records; name the first broken entry."""
    with access.system():
        count = history.verify(db.session, records.kinds().values())
        happened = events.verify(db.session)
    click.echo(f"The history holds: {count} entries, {happened} security events.")


@audit_group.command("numbers")
@click.option("--catch-up", is_flag=True, help="Set counters that lie behind their numbers, as after a restore.")
def audit_numbers(catch_up: bool) -> None:
    """Count the numbers of every series; fails where one is missing or a counter lies behind."""
    with access.system():
        raised = numbers.catch_up(db.session) if catch_up else []
        db.session.commit()
        rows = numbers.audit(db.session)
    for name in raised:
        click.echo(f"{name}: the counter was set to the highest number.")
    wrong = [row for row in rows if row["unexplained"] or row["behind"]]
    for row in wrong:
        counter = row["drawn"] - row["behind"]
        click.echo(
            f"{row['series']} {row['year'] or ''}: counter {counter}, highest {row['drawn']}, "
            f"unexplained {row['unexplained']}"
        )
    if wrong:
        raise click.ClickException("Compare these with the papers; --catch-up sets a counter that lies behind.")
    click.echo(f"Every number is explained: {len(rows)} series and years.")


@office.group("search")
def search_group() -> None:
    """The full-text search."""


@search_group.command("rebuild")
def search_rebuild() -> None:
    """Make the indexes of all kinds anew, for rows that were written past the office."""
    model: Any
    for name, model in records.kinds().items():
        if fulltext.searched(model):
            count = fulltext.rebuild(db.session.connection(), model)
            db.session.commit()
            click.echo(f"{name}: {count}")


@office.command()
@click.pass_obj
def sweep(app: Flask) -> None:
    """Remind of limits, wake suspended papers, send the morning mail, tidy up. Safe at any time, from many machines."""
    done = sweeping.sweep(db.session)
    post = Post(app.config["SMTP_URL"], app.config["MAIL_FROM"]) if app.config["SMTP_URL"] else None
    mails = digests.send_all(db.session, post.send) if post else 0
    purged, forgotten = bin.empty(db.session), formkeys.forget_old(db.session)
    files = forget_old(db.session) + clear_dropped(db.session)
    db.session.commit()
    click.echo(
        f"Limits looked at: {done['cases']}, moved: {done['moved']}. Notices: {done['notices']}, mails: {mails}. "
        f"Papers that go on: {done['woken']}."
    )
    click.echo(f"Removed for good from the recycle bin: {purged}. Form keys forgotten: {forgotten}. Files: {files}.")


@office.command("workflows")
@click.option("--language", type=click.Choice(["zh", "en"]), default="en")
@click.pass_obj
def workflows_command(app: Flask, language: str) -> None:
    """Mermaid diagrams of all flows."""
    with app.test_request_context(), force_locale(language):
        for name, flow in flows():
            click.echo(f"%% {name}\n{flow.mermaid()}\n")


for _command in (
    records_group, reports_command, report_command, users_group, backup_command, restore_command, doctor_command,
):  # fmt: skip
    office.add_command(_command)
