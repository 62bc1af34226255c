"""Commands about the office as a whole: `python run.py backup`, `restore` and `doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import Flask

from app.backup import back_up
from app.doctor import examine
from app.engine.archives import Manifest
from app.engine.refusals import Refused
from app.restore import restore
from app.web.files import storage


def _told(manifest: Manifest) -> str:
    return f"{manifest.rows} rows of {len(manifest.tables)} tables, {len(manifest.files)} files"


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup_command(file: Path) -> None:
    """Write database, attachments and settings into one archive, and read it again; the server may run meanwhile."""
    if not file.absolute().parent.is_dir():
        raise Refused(f"There is no folder “{file.parent}”.")
    manifest = back_up(storage(), file)
    click.echo(f"Backed up and verified: {_told(manifest)}, schema {manifest.revision}, {manifest.made_at}.")
    if manifest.missing:
        click.echo(f"Files that records name and the storage does not have: {len(manifest.missing)}.", err=True)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace an office that has records.")
@click.pass_obj
def restore_command(app: Flask, file: Path, yes: bool) -> None:
    """Make the office what it was when the archive was made. The server has to be stopped."""
    manifest = restore(app, storage(), file, replace=yes)
    click.echo(f"Restored: {_told(manifest)}, as of {manifest.made_at}. Check the history: python run.py audit verify")
    if manifest.missing:
        click.echo(f"Files that records name and the archive does not have: {len(manifest.missing)}.", err=True)


@click.command("doctor")
@click.pass_obj
def doctor_command(app: Flask) -> None:
    """Look at configuration, schema, storage, calendar, clocks and numbers, a line each; 1 where there is a fault."""
    faults = 0
    for about, fault, words in examine(app, storage()):
        click.echo(f"{'FAULT' if fault else 'ok'} {about}: {words}")
        faults += fault
    if faults:
        sys.exit(1)
