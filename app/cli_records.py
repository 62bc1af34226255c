"""Commands that read and write tables: `python run.py records COMMAND`, `reports` and `report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select

from app.cli_users import account_named
from app.engine import access, error_sheets, extracts, finding, tables, transfer
from app.engine import record as records
from app.engine.columns import Column
from app.engine.csv import write_csv
from app.engine.disclosure import exported, known_fields, outward
from app.engine.frames import REPORTS
from app.engine.import_runs import ImportRun
from app.engine.moments import office_zone
from app.engine.move_in import Plan, move_in
from app.engine.refusals import Refused
from app.engine.report_answers import ask
from app.engine.template import write_template
from app.extensions import db
from app.web.download import Export, form_of, write_export
from app.web.report_files import write_report
from app.web.reporting import as_json
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


class NewFile(click.Path):
    """A file to be written, in the form that the ending of its name says; known before anything is done."""

    def __init__(self, *forms: str):
        super().__init__(dir_okay=False, writable=True, path_type=Path)
        self.forms = forms

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if form_of(path) not in self.forms:
            self.fail(f"The name “{path}” has to end in {' or '.join(f'.{form}' for form in self.forms)}.", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"There is no folder “{path.parent}”.", param, ctx)
        return path


@click.group("records")
def records_group() -> None:
    """Records as tables."""


@records_group.command()
@click.argument("kind")
@click.argument("file", type=NewFile("xlsx", "csv"))
def template(kind: str, file: Path) -> None:
    """Write an empty import sheet: a workbook with notes, or CSV with the machine names alone."""
    model = _model(kind)
    if form_of(file) == "xlsx":
        with file.open("wb") as target:
            write_template(target, model)
    else:
        file.write_text(",".join(known_fields(model)) + "\n", "utf-8-sig")


@records_group.command("tables")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def tables_command(file: str) -> None:
    """The tables of an Access file or the sheets of a workbook, and their columns."""
    for name, headings in tables.open_book(file, Path(file).read_bytes()).tables.items():
        click.echo(f"{name}: {', '.join(headings)}")


@records_group.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True)
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False))
@click.option("--table", help="The table of an Access file, or the sheet of a workbook.")
@click.option("--create-missing", is_flag=True)
@click.option("--skip-refused", is_flag=True, help="Take in the rows that are in order; write the others to --errors.")
@click.option("--as", "username")
@click.option("--errors", "errors_file", type=NewFile("xlsx", "csv"))
def import_command(
    kind: str,
    file: str,
    dry_run: bool,
    map_file: str | None,
    table: str | None,
    create_missing: bool,
    skip_refused: bool,
    username: str | None,
    errors_file: Path | None,
) -> None:
    """Bring in a CSV, XLSX or Access file: all rows or none. Exit code 2: rows were refused."""
    model = _model(kind)
    column_map = transfer.ColumnMap.load(map_file) if map_file else transfer.ColumnMap()
    with access.acting_as(_actor(username)):
        book = tables.open_book(file, Path(file).read_bytes())
        headings, rows = book.read(table, lambda found: column_map.fits(found, known_fields(model)))
        outcome = transfer.import_rows(
            db.session, model, headings, rows, column_map,
            create_missing=create_missing, source=file, suggest=dry_run, leave_out=skip_refused,
        )  # fmt: skip
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    _tell(outcome, errors_file)
    click.echo(
        f"imported {outcome.imported}, refused {outcome.refused}" + (" (dry run: nothing written)" if dry_run else "")
    )
    sys.exit(2 if outcome.faults else 0)


#: What is said of a refused cell in a file; the headings are for programs.
_FAULT = [Column("row", "row", "integer"), Column("column", "column", "text"), Column("reason", "reason", "text")]


def _tell(outcome: transfer.Outcome, errors_file: Path | None) -> None:
    """Name refused rows and likely doubles, and write the refused rows where a file was named."""
    where = f"{outcome.table}, " if outcome.table else ""
    for fault in outcome.faults[:50]:
        click.echo(f"{where}row {fault.row}, {fault.column or '-'}: {fault.reason}", err=True)
    for row, sentence in outcome.suggestions[:50]:
        click.echo(f"{where}row {row}: {sentence}", err=True)
    if errors_file and outcome.faults:
        with errors_file.open("wb") as target:
            if form_of(errors_file) == "xlsx":
                error_sheets.write_refused(target, outcome.headings, outcome.rows, outcome.told)
            else:
                write_csv(target, _FAULT, outcome.told, zone=office_zone())


@records_group.command("move-in")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False), required=True)
@click.option("--dry-run", is_flag=True)
@click.option("--as", "username")
@click.option("--errors", "errors_file", type=NewFile("xlsx", "csv"))
def move_in_command(file: str, map_file: str, dry_run: bool, username: str | None, errors_file: Path | None) -> None:
    """Bring in several tables of an Access file or workbook by a plan: all of them or nothing."""
    plan = Plan.load(map_file)
    with access.acting_as(_actor(username)):
        book = tables.open_book(file, Path(file).read_bytes())
        moved = move_in(db.session, book, plan, source=file, suggest=dry_run)
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    for part, outcome in moved.outcomes:
        _tell(outcome, errors_file)
        click.echo(f"{part.kind} from {part.table or file}: {outcome.imported}")
    refused = moved.refused.refused if moved.refused else 0
    click.echo(f"imported {moved.imported}, refused {refused}" + (" (dry run: nothing written)" if dry_run else ""))
    sys.exit(2 if refused else 0)


@records_group.command("runs")
@click.option("--as", "username")
def runs_command(username: str | None) -> None:
    """The latest imports, by number: what `records undo` takes back."""
    with access.acting_as(_actor(username)):
        for run in db.session.scalars(select(ImportRun).order_by(ImportRun.id.desc()).limit(50)):
            click.echo(f"{run.id}: {run}, {run.kinds}: {run.taken_in}, {run.imported_by}, {run.state}")


@records_group.command("undo")
@click.argument("run", type=int)
@click.option("--reason", required=True)
@click.option("--as", "username")
def undo_command(run: int, reason: str, username: str | None) -> None:
    """Delete everything an import brought in, unless something of it was changed or is referred to."""
    with access.acting_as(_actor(username)):
        found = finding.by_key(db.session, ImportRun, run)
        if found is None:
            raise Refused(f"There is no import {run}.")
        count = found.taken_in
        found.take("undo", db.session, reason=reason)
        db.session.commit()
    click.echo(f"undone: {count} records")


@records_group.command("export")
@click.argument("kind")
@click.argument("file", type=NewFile("xlsx", "csv"))
@click.option("--where", multiple=True)
@click.option("--as", "username")
def export_command(kind: str, file: Path, where: tuple[str, ...], username: str | None) -> None:
    """Write what the account may see to a CSV or XLSX file; that goes on record."""
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
                wanted = finding.by_name(db.session, fields[name].target, value).id  # type: ignore[arg-type]
            query = query.where(getattr(model, fields[name].column) == wanted)
        title, keys = str(model.label_plural), query.with_only_columns(model.id).subquery()
        count = db.session.scalar(select(func.count()).select_from(keys))
        exported(db.session, title, kind, count, f"{form_of(file)} {file.name}")
        db.session.commit()
        rows = extracts.export_rows(db.session, model, query.order_by(model.id))
        with file.open("wb") as target:
            write_export(target, Export(title, extracts.export_columns(model), rows, kind), form_of(file))


@click.command("reports")
def reports_command() -> None:
    """Names, titles and parameters of all reports."""
    for about in REPORTS.values():
        options = ["--from", "--to"]
        options += [f"--by {','.join(about.groups)}"] if about.groups else []
        options += [f"--of {'|'.join(about.subjects)}"] if about.subjects else []
        options += [f"--choose {one.name}=…" for one in about.parameters]
        click.echo(f"{about.name}: {about.title} ({' '.join(options)})")


@click.command("report")
@click.argument("name")
@click.option("--from", "first")
@click.option("--to", "last")
@click.option("--by")
@click.option("--of")
@click.option("--choose", "chosen", multiple=True, metavar="NAME=VALUE", help="A group or a parameter of the report.")
@click.option("--as", "username")
@click.option("--out", type=NewFile("xlsx", "csv", "json"))
def report_command(
    name: str,
    first: str | None,
    last: str | None,
    by: str | None,
    of: str | None,
    chosen: tuple[str, ...],
    username: str | None,
    out: Path | None,
) -> None:
    """The same figures as the page; taken out as a file, that goes on record."""
    with access.acting_as(_actor(username)) as actor:
        if not actor.may("read", "reports"):
            raise Refused(f"The role of “{actor.name}” does not allow reports.")
        own = {key: value for key, _is, value in (one.partition("=") for one in chosen)}
        with outward():
            answer = ask(db.session, name, {**own, "from": first, "to": last, "by": by, "of": of})
        if out is None:
            click.echo("\t".join(column.name for column in answer.columns))
            for row in answer.rows:
                click.echo("\t".join("" if value is None else str(value) for value in row.values()))
            return
        form = form_of(out)
        exported(db.session, answer.title, name, len(answer.rows), f"{form} {out.name}")
        db.session.commit()
        if form == "json":
            out.write_text(as_json(answer), "utf-8")
        else:
            with out.open("wb") as file, outward():
                write_report(db.session, file, answer, form, None)
