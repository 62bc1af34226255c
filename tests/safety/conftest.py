"""Two houses for the safety tests, made once and copied: one without the papers of side A and one with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.engine import access
from app.extensions import db
from tests.conftest import office
from tests.safety import samples


@pytest.fixture(scope="session")
def houses(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `without.db`, `full.db` and, in `hidden.json`, the keys only `full.db` has; files beside them."""
    folder = tmp_path_factory.mktemp("houses")
    shutil.copy(template, folder / "without.db")
    app = office(f"sqlite:///{folder / 'without.db'}", folder)
    with app.app_context(), access.system():
        side = samples.furnish(db.session)
        db.session.commit()
        db.engine.dispose()
        shutil.copy(folder / "without.db", folder / "kept.db")
        totals = samples.totals(db.session)
        hidden = samples.add_hidden(db.session, side, 6)
        db.session.commit()
        samples.put_totals(db.session, totals)
        db.session.remove()
        db.engine.dispose()
    (folder / "without.db").rename(folder / "full.db")
    (folder / "kept.db").rename(folder / "without.db")
    (folder / "hidden.json").write_text(json.dumps(hidden))
    return folder


def copy_of(houses: Path, name: str, folder: Path) -> Flask:
    """An office over a copy of one of the houses."""
    shutil.copytree(houses / "files", folder / "files", dirs_exist_ok=True)
    shutil.copy(houses / f"{name}.db", folder / f"{name}.db")
    return office(f"sqlite:///{folder / name}.db", folder)


@pytest.fixture(scope="module")
def crowd(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The full house, shared by the tests of a module."""
    found = copy_of(houses, "full", tmp_path_factory.mktemp("crowd"))
    yield found
    with found.app_context():
        db.engine.dispose()
