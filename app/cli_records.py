"""Commands that read and write tables: `python run.py records COMMAND`, `reports` and `report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from app.cli_users import account_named
from app.engine import access, tables, transfer
from app.engine import record as records
from app.engine.disclosure import known_fields
from app.engine.frames import REPORTS, ask
from app.engine.refusals import Refused
from app.engine.template import write_template
from app.extensions import db
from app.web.download import write_file
from app.web.pages import as_json
from models.people import actor_of


def _actor(username: str | None) -> access.Actor:
    """Whom a command works for: the system, unless `--as` names an account."""
    if username is None:
        return access.SYSTEM
    return actor_of(db.session, account_named(username))


def _model(kind: str) -> Any:
    model = records.kinds().get(kind)
    if model is None:
        raise Refused(f"There are no records “{kind}”. There are: {', '.join(sorted(records.kinds()))}.")
    return model


@click.group("records")
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


@click.command("reports")
def reports_command() -> None:
    """Names, titles and parameters of all reports."""
    for about in REPORTS.values():
        options = ["--from", "--to"]
        options += [f"--by {','.join(about.groups)}"] if about.groups else []
        options += [f"--of {'|'.join(about.subjects)}"] if about.subjects else []
        click.echo(f"{about.name}: {about.title} ({' '.join(options)})")


@click.command("report")
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
