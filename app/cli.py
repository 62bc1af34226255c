"""Commands: `python run.py COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from alembic import command as alembic
from alembic.config import Config as AlembicConfig
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, bin, events, formkeys, history, numbers, tables, transfer
from app.engine import record as records
from app.engine.database import Overtaken
from app.engine.disclosure import known_fields
from app.engine.frames import REPORTS, ask
from app.engine.mail import Post
from app.engine.refusals import Refused
from app.engine.template import write_template
from app.engine.workflow import flows
from app.extensions import db
from app.factory import create_app
from app.web.download import write_file
from app.web.files import storage
from app.web.pages import as_json
from models import accounts as rules
from models import digests, sweeping
from models.files import Attachment
from models.people import actor_of
from seed import accounts, demo

HERE = Path(__file__).parent.parent


class Office(click.Group):
    """All commands share one application; a refusal ends with its sentence and exit code 1."""

    def invoke(self, context: click.Context) -> Any:
        context.obj = create_app()
        try:
            with context.obj.app_context():
                return super().invoke(context)
        except (Refused, Overtaken) as refusal:
            click.echo(str(refusal), err=True)
            sys.exit(1)


@click.group(cls=Office, invoke_without_command=True)
@click.pass_context
def office(context: click.Context) -> None:
    """Wenshu: papers, callers and orders of an office."""
    if context.invoked_subcommand is None:
        context.invoke(serve)


def main() -> None:
    office(prog_name="run.py")


def migrations(app: Flask) -> AlembicConfig:
    """Where the migrations lie and which database they run on."""
    found = AlembicConfig()
    found.set_main_option("script_location", str(HERE / "models" / "migrations"))
    found.attributes["url"] = app.config["SQLALCHEMY_DATABASE_URI"]
    return found


def migrate(app: Flask) -> None:
    """Bring the schema to the newest version."""
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    alembic.upgrade(migrations(app), "head")


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
    migrate(app)
    password = fill_empty(app)
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
@click.pass_obj
def upgrade(app: Flask) -> None:
    """Bring the database to the newest schema."""
    migrate(app)


@office.command()
@click.argument("revision")
@click.pass_obj
def downgrade(app: Flask, revision: str) -> None:
    """Take the database back to an older schema."""
    alembic.downgrade(migrations(app), revision)


@office.group("demo")
def demo_group() -> None:
    """The demo office."""


@demo_group.command()
@click.option("--scale", type=click.Choice(["1k", "10k", "100k", "1m"]), default="1k")
@click.option("--seed", type=int, default=1)
@click.pass_obj
def load(app: Flask, scale: str, seed: int) -> None:
    """Fill an empty database with a believable office."""
    migrate(app)
    if db.session.scalar(select(User.id).limit(1)) is not None:
        raise Refused("The database is not empty; the demo office would mix with real records.")
    papers = {"1k": 240, "10k": 2_400, "100k": 24_000, "1m": 240_000}[scale]
    password = demo.load(db.session, app.config["DEMO_PASSWORD"], seed, papers)
    db.session.commit()
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


def _actor(username: str | None) -> access.Actor:
    """Whom a command works for: the system, unless `--as` names an account."""
    if username is None:
        return access.SYSTEM
    return actor_of(db.session, _account(username))


def _model(kind: str) -> Any:
    model = records.kinds().get(kind)
    if model is None:
        raise Refused(f"There are no records “{kind}”. There are: {', '.join(sorted(records.kinds()))}.")
    return model


@office.group("records")
def records_group() -> None:
    """Records as tables."""


@records_group.command()
@click.argument("kind")
@click.argument("file", type=click.Path(dir_okay=False))
def template(kind: str, file: str) -> None:
    """Write an empty import sheet: a workbook with notes, or CSV with the machine names alone."""
    model = _model(kind)
    if file.endswith(".xlsx"):
        with open(file, "wb") as target:
            write_template(target, model)
    else:
        Path(file).write_text(",".join(known_fields(model)) + "\n", "utf-8-sig")


@records_group.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True)
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False))
@click.option("--create-missing", is_flag=True)
@click.option("--as", "username")
@click.option("--errors", "errors_file", type=click.Path(dir_okay=False))
def import_command(
    kind: str,
    file: str,
    dry_run: bool,
    map_file: str | None,
    create_missing: bool,
    username: str | None,
    errors_file: str | None,
) -> None:
    """Bring in a CSV or XLSX file: all rows or none. Exit code 2: rows were refused."""
    model = _model(kind)
    column_map = transfer.ColumnMap.load(map_file) if map_file else None
    with access.acting_as(_actor(username)):
        headings, rows = tables.read_table(file, Path(file).read_bytes())
        outcome = transfer.import_rows(db.session, model, headings, rows, column_map, create_missing=create_missing)
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    for fault in outcome.faults[:50]:
        click.echo(f"row {fault.row}, {fault.column or '-'}: {fault.reason}", err=True)
    if errors_file and outcome.faults:
        lines = [f"{f.row},{f.column},{f.reason}" for f in outcome.faults]
        Path(errors_file).write_text("\n".join(["row,column,reason", *lines]) + "\n", "utf-8")
    click.echo(
        f"imported {outcome.imported}, refused {outcome.refused}" + (" (dry run: nothing written)" if dry_run else "")
    )
    sys.exit(2 if outcome.faults else 0)


@records_group.command("export")
@click.argument("kind")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--where", multiple=True)
@click.option("--as", "username")
def export_command(kind: str, file: str, where: tuple[str, ...], username: str | None) -> None:
    """Write what the account may see to a CSV or XLSX file."""
    model = _model(kind)
    with access.acting_as(_actor(username)) as actor:
        if not actor.may("export", kind):
            raise Refused(f"The role of “{actor.name}” does not allow exporting {kind}.")
        query = select(model)
        fields = known_fields(model)
        for condition in where:
            name, _equals, value = condition.partition("=")
            if name not in fields:
                raise Refused(f"There is no column “{name}”. There are: {', '.join(fields)}.")
            wanted = fields[name].clean(value)
            if fields[name].kind == "reference":
                wanted = records.named(db.session, fields[name].target, value).id  # type: ignore[arg-type]
            query = query.where(getattr(model, fields[name].column) == wanted)
        rows = transfer.export_rows(db.session, model, query.order_by(model.id))
        write_file(file, str(model.label_plural), transfer.export_columns(model), rows)


@office.command("reports")
def reports_command() -> None:
    """Names, titles and parameters of all reports."""
    for about in REPORTS.values():
        options = ["--from", "--to"]
        options += [f"--by {','.join(about.groups)}"] if about.groups else []
        options += [f"--of {'|'.join(about.subjects)}"] if about.subjects else []
        click.echo(f"{about.name}: {about.title} ({' '.join(options)})")


@office.command("report")
@click.argument("name")
@click.option("--from", "first")
@click.option("--to", "last")
@click.option("--by")
@click.option("--of")
@click.option("--as", "username")
@click.option("--out", type=click.Path(dir_okay=False))
def report_command(
    name: str,
    first: str | None,
    last: str | None,
    by: str | None,
    of: str | None,
    username: str | None,
    out: str | None,
) -> None:
    """The same figures as the page."""
    with access.acting_as(_actor(username)) as actor:
        if not actor.may("read", "reports"):
            raise Refused(f"The role of “{actor.name}” does not allow reports.")
        answer = ask(db.session, name, {"from": first, "to": last, "by": by, "of": of})
        if out is None:
            click.echo("\t".join(column.name for column in answer.columns))
            for row in answer.rows:
                click.echo("\t".join("" if value is None else str(value) for value in row.values()))
        elif out.endswith(".json"):
            Path(out).write_text(as_json(answer), "utf-8")
        else:
            write_file(out, str(answer.report.title), answer.columns, answer.spoken, [str(answer.report.basis)])


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
    wrong = [row for row in rows if row["unexplained"]]
    for row in wrong:
        click.echo(f"{row['series']} {row['year'] or ''}: counter {row['drawn']}, unexplained {row['unexplained']}")
    if wrong:
        raise click.ClickException("Compare these with the papers; --catch-up sets a counter that lies behind.")
    click.echo(f"Every number is explained: {len(rows)} series and years.")


@office.command()
@click.pass_obj
def sweep(app: Flask) -> None:
    """Remind of limits, wake suspended papers, send the morning mail, tidy up. Safe at any time, from many machines."""
    done = sweeping.sweep(db.session)
    post = Post(app.config["SMTP_URL"], app.config["MAIL_FROM"]) if app.config["SMTP_URL"] else None
    mails = digests.send_all(db.session, post.send) if post else 0
    purged, forgotten = bin.empty(db.session), formkeys.forget_old(db.session)
    db.session.commit()
    click.echo(
        f"Limits looked at: {done['cases']}, moved: {done['moved']}. Notices: {done['notices']}, mails: {mails}. "
        f"Papers that go on: {done['woken']}."
    )
    click.echo(f"Removed for good from the recycle bin: {purged}. Form keys forgotten: {forgotten}.")


@office.command("workflows")
@click.option("--language", type=click.Choice(["zh", "en"]), default="en")
@click.pass_obj
def workflows_command(app: Flask, language: str) -> None:
    """Mermaid diagrams of all flows."""
    with app.test_request_context(), force_locale(language):
        for name, flow in flows():
            click.echo(f"%% {name}\n{flow.mermaid()}\n")


@office.group("users")
def users_group() -> None:
    """Accounts."""


@users_group.command("list")
def users_list() -> None:
    for user in db.session.scalars(select(User).order_by(User.username)):
        roles = ", ".join(role.name for role in user.roles)
        click.echo(f"{user.username}\t{roles}\t{'active' if user.active else 'disabled'}")


@users_group.command("create")
@click.argument("username")
@click.argument("role")
@click.option("--name", default="")
@click.password_option()
def users_create(username: str, role: str, name: str, password: str) -> None:
    with access.system():
        rules.require_good(password, username, name)
        accounts.make(db.session, username, name or username, role, password)
        events.note(db.session, "account_made", username, role)
        db.session.commit()


@users_group.command("reset")
@click.argument("username")
@click.password_option()
def users_reset(username: str, password: str) -> None:
    """Set a password; all sessions end."""
    with access.system():
        rules.set_password(db.session, _account(username), password)
        db.session.commit()


def _deed(name: str, act: Callable[[Session, User], None], words: str) -> None:
    """A command that does one thing to one account."""

    @users_group.command(name, help=words)
    @click.argument("username")
    def command(username: str) -> None:
        with access.system():
            act(db.session, _account(username))
            db.session.commit()


_deed("disable", rules.disable, "Close an account; its sessions and keys are dead at once.")
_deed("enable", rules.enable, "Open a disabled account again.")
_deed("unlock", rules.unlock, "Let an account sign in after too many wrong tries.")
_deed("end-sessions", rules.end_sessions, "Sign an account out everywhere.")
_deed("second-factor-off", rules.second_factor_off, "Switch the second step off: the telephone is lost.")


def _account(username: str) -> User:
    user = rules.named(db.session, username)
    if user is None:
        raise Refused(f"There is no account “{username}”.")
    return user
