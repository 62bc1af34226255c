"""Imports in the demo office: correspondents out of an old list, and a list that was taken back."""

from __future__ import annotations

from app.engine import access
from app.engine.transfer import import_rows
from models.correspondents import Correspondent
from seed.demo_desk import Desk
from seed.demo_records import Stage

#: days ago, file, names, why it was undone
TABLES: list[tuple[int, str, list[str], str | None]] = [
    (12, "往来单位（旧表）.xlsx", ["锦城区档案馆", "锦城区统计局", "东湖街道办事处"], None),
    (11, "往来单位2019.csv", ["锦城区工商局", "锦城区质监局"], "机构改革前的旧名称，不再使用"),
]


def play(stage: Stage) -> None:
    """Take the tables in, and take back what turned out to be old."""
    for ago, name, rows, why in TABLES:
        with stage.at(Desk(stage, ago).next()), access.acting_as(stage.actors["clerk"]):
            outcome = import_rows(stage.session, Correspondent, ["name"], [[row] for row in rows], source=name)
            if why and outcome.run is not None:
                outcome.run.take("undo", stage.session, reason=why)
