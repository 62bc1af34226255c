"""Regions 地区 as a tree: managers at every level see the customers of their region and of all below (A1).

A customer's region stays the text of the ledger; its place in the tree follows from that text (`models/areas.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, String, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, changes, fields
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.database import one_at_a_time
from models.people import Person

#: A way of 30 regions, one below the other, fits into the column.
DEEPEST = 30


class Region(Binned, Model):
    """One node of the tree; `path` holds the marks of all regions above it and its own, each closed by a slash."""

    __tablename__ = "region"
    kind_name = "regions"
    label, label_plural = _l("Sales region"), _l("Sales regions")
    natural_key = "name"
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, unique=True, search=True)
    parent_id: Mapped[int | None] = fields.reference(_l("Part of the region"), "region.id")
    manager_id: Mapped[int | None] = fields.reference(
        _l("Regional manager"), "person.id", help=_l("Sees the customers of this region and of all below it")
    )
    path: Mapped[str] = mapped_column(String(9 * DEEPEST), unique=True, default="")

    parent: Mapped[Region | None] = relationship(remote_side="Region.id", foreign_keys=parent_id)
    manager: Mapped[Person | None] = relationship(foreign_keys=manager_id)

    def check(self) -> Iterator[tuple[str, str]]:
        above = (self.parent.path if self.parent else "") or ""
        if self.path and above.startswith(self.path):
            yield "parent", _("%(parent)s lies inside %(region)s itself.", parent=str(self.parent), region=self.name)
        if above.count("/") + 1 >= DEEPEST:
            yield "parent", _("The tree of regions is at most %(most)s levels deep.", most=DEEPEST)

    @classmethod
    def meant_by(cls, column: Any, chosen: Any) -> ColumnElement[bool]:
        """Who asks for a region means all below it, too."""
        table = cls.__table__.c
        return column.in_(select(table.id).where(table.path.startswith(chosen.path)))

    def __str__(self) -> str:
        return self.name


def managed_by(actor: Actor) -> Select[Any]:
    """The keys of the regions an actor manages, and of all below them."""
    below, mine = Region.__table__.alias("below"), Region.__table__.alias("mine")
    return (
        select(below.c.id)
        .select_from(below.join(mine, below.c.path.startswith(mine.c.path)))
        .where(mine.c.manager_id.in_(actor.person_ids), mine.c.deleted_at.is_(None))
    )


@event.listens_for(Session, "before_flush", insert=True)
def _keep_paths(session: Session, context: object, instances: object) -> None:
    """Give new regions their path, and those that move, with all below them, another one."""
    new = [one for one in session.new if isinstance(one, Region) and not one.path]
    moved = [one for one in session.dirty if isinstance(one, Region) and _moves(one)]
    if not (new or moved):
        return
    one_at_a_time(session, "regions")
    with access.system(), session.no_autoflush:
        for region in sorted(new, key=_depth):
            region.path = f"{_above(session, region)}{secrets.token_hex(4)}/"
        for region in moved:
            before = region.path
            own = before.rstrip("/").rpartition("/")[2]
            region.path = f"{_above(session, region)}{own}/"
            below = select(Region).where(Region.path.startswith(before), Region.id != region.id)
            for one in session.scalars(below.execution_options(**access.with_deleted)):
                one.path = region.path + one.path.removeprefix(before)


def _moves(region: Region) -> bool:
    return bool(changes.changed(region, "parent", "parent_id"))


def _depth(region: Region) -> int:
    """How many new regions lie above a new one, which get their paths first."""
    depth, above = 0, region.parent
    while above is not None and depth < DEEPEST:
        depth, above = depth + 1, above.parent
    return depth


def _above(session: Session, region: Region) -> str:
    """The path of the region above; empty at the top of the tree."""
    parent = region.parent
    if parent is None and region.parent_id and not changes.changed(region, "parent"):
        parent = session.get(Region, region.parent_id)
    return parent.path if parent is not None else ""
