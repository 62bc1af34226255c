"""My work: what waits for me, what I have to read, what I have done, what I started; and the one search box.

Both look into every kind of record. They ask the database once for all kinds, and for rows only where there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import abort, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, IndexView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import Integer, and_, bindparam, case, cast, exists, func, literal, null, select, type_coerce, union_all
from sqlalchemy.sql.elements import False_

from app.engine import access, references, searching
from app.engine.database import among_keys, by_key
from app.engine.fulltext import searchable, searched
from app.engine.history import HistoryEntry
from app.engine.moments import Moment, at_office, now, today
from app.engine.row_rules import with_shared_values
from app.extensions import db
from app.web import cells, dashboard
from app.web.kind import VIEWS, show_addresses
from app.web.replica import read_only
from app.web.signin import sign_in_first

#: So many kinds are shown with their rows, the most pressing first; the rest with their number.
OPEN_BOXES = 5
ROWS = 10
#: What I did is looked back on for so long.
BACK = timedelta(days=30)
SEARCHED = 8
#: Later than any limit: where what has none stands.
FAR = datetime.max.replace(tzinfo=UTC)

_NOW = bindparam("this_moment", callable_=now, type_=Moment())

TABS = {
    "handle": _l("To handle"),
    "read": _l("To read"),
    "done": _l("Done by me"),
    "started": _l("Started by me"),
}
#: Those of what waits: each kind has its box in one of them.
BOXES = ("handle", "read")


@dataclass(frozen=True)
class Pile:
    """The records of one kind on one tab."""

    model: Any
    count: int = 0
    late: int = 0
    #: the first of their limits, or when the last of them was touched
    first: datetime | None = None
    #: of its first rows
    keys: tuple[int, ...] = ()


def _flows(actor: access.Actor) -> list[Any]:
    return [model for model in VIEWS if hasattr(model, "flow") and actor.may("read", model.kind_name)]


def _condition(model: Any, tab: str, actor: access.Actor, day: date) -> Any:
    if tab in BOXES:
        return model.waits_for(actor)
    mine = select(HistoryEntry.record_id).where(HistoryEntry.kind == model.kind_name, HistoryEntry.actor_id == actor.id)
    if tab == "started":
        begun = mine.where(HistoryEntry.action == "add")
        return and_(model.id.in_(begun), model.pending())
    acted = mine.where(HistoryEntry.action.in_(model.flow.steps), HistoryEntry.at >= at_office(day - BACK))
    return model.id.in_(acted)


@access.kept(100)
def _looking(actor: access.Actor, tabs: tuple[str, ...], day: date) -> Any:
    """The statement that finds the tabs and kinds of which an actor's piles may hold anything; None: there are none.

    It asks without the rules of who sees what: they are for the few that are left, where the records are counted.
    """
    entry = HistoryEntry.__table__.c
    parts = []
    for model in _flows(actor):
        waiting = _condition(model, model.box, actor, day)
        if not isinstance(waiting, False_):
            parts.append(_if_any(model.box, model, exists().select_from(model).where(waiting)))
        touched = exists().where(entry.actor_id == actor.id, entry.kind == model.kind_name)
        parts += [_if_any(tab, model, touched) for tab in tabs if tab not in BOXES]
    return union_all(*parts) if parts else None


def _if_any(tab: str, model: Any, there: Any) -> Any:
    return select(literal(tab), literal(model.kind_name)).where(there)


@access.kept(100)
def _counting(actor: access.Actor, held: frozenset[tuple[str, str]], day: date) -> tuple[Any, list[tuple[str, Any]]]:
    """The statement that counts the piles of some tabs and kinds, and which they are; the same for an actor all day.

    Putting it together takes longer than the answer. What is in a pile is found once: one line of the answer counts it,
    and one each, without a count, names its first rows.
    """
    parts: list[Any] = []
    about: list[tuple[str, Any]] = []
    shared: dict[Any, Any] = {}
    for tab, model in ((tab, model) for tab in TABS for model in _flows(actor) if (tab, model.kind_name) in held):
        condition, is_late = with_shared_values((_condition(model, tab, actor, day), model.late(_NOW)), shared)
        moment = model.changed_at if tab == "done" else model.due_at
        late = case((is_late, 1), else_=0).label("late")
        within = select(model.id, moment.label("moment"), late).where(condition).cte(f"pile_{len(about)}").c
        first = func.max(within.moment) if tab == "done" else func.min(within.moment)
        order = within.moment.desc() if tab == "done" else within.moment
        rows = (
            select(within.id, within.moment).order_by(within.moment.is_(None), order, within.id).limit(ROWS).subquery()
        )
        parts += [
            select(
                literal(len(about)).label("pile"),
                func.count().label("count"),
                type_coerce(func.sum(within.late), Integer).label("late"),
                type_coerce(first, Moment).label("first"),
                cast(null(), Integer).label("key"),
            ),
            select(literal(len(about)), cast(null(), Integer), cast(null(), Integer), rows.c.moment, rows.c.id),
        ]
        about.append((tab, model))
    return access.ruled(union_all(*parts)), about


def piles(actor: access.Actor, tabs: tuple[str, ...]) -> dict[str, list[Pile]]:
    """The piles of each tab that hold anything, counted in one query, after one that leaves out what cannot."""
    found: dict[str, list[Pile]] = {tab: [] for tab in tabs}
    connection, day = db.session.connection(), today()
    looking = _looking(actor, tabs, day)
    held = frozenset((tab, kind) for tab, kind in connection.execute(looking)) if looking is not None else None
    if held:
        statement, about = _counting(actor, held, day)
        lines = connection.execute(statement).all()
        first: dict[int, list[Any]] = {}
        for line in sorted((line for line in lines if line.key is not None), key=lambda line: line.key):
            first.setdefault(line.pile, []).append(line)
        for whole in (line for line in lines if line.key is None and line.count):
            tab, model = about[whole.pile]
            rows = sorted(first[whole.pile], key=lambda line: line.first or FAR, reverse=tab == "done")
            found[tab].append(Pile(model, whole.count, whole.late, whole.first, tuple(row.key for row in rows)))
    return found


def _in_order(session: Any, model: Any, keys: Sequence[int]) -> list[Any]:
    """The records of a kind with these keys, in the order of the keys."""
    query = select(model).where(among_keys(model.id, keys))
    found = {row.id: row for row in session.scalars(query.execution_options(**by_key))}
    return [found[key] for key in keys if key in found]


class HomeView(IndexView):
    """My work: four tabs with counts, each a box a kind, the most pressing first."""

    route_base = ""

    @expose("/")
    def index(self) -> Any:
        if not current_user.is_authenticated:
            return redirect(url_for("SignInView.login"))
        actor, tab = access.current(), request.args.get("tab", "")
        by_tab = piles(actor, tuple(dict.fromkeys((*BOXES, tab))) if tab in TABS else BOXES)
        if tab not in TABS:  # where something waits
            tab = next((name for name in BOXES if by_tab[name]), "handle")
        late = sum(pile.late for name in BOXES for pile in by_tab[name])
        figures = [self._figure(name, by_tab.get(name), name == tab) for name in TABS]
        overdue = {"label": _("Of these overdue"), "value": late, "tone": "bad" if late else "good"}
        figures.insert(len(BOXES), overdue)
        ordered = sorted(by_tab[tab], key=lambda pile: pile.first or FAR, reverse=tab == "done")
        return self.render_template(
            "wenshu/home.html",
            greeting=_("My work"),
            figures=figures if _flows(actor) else [],
            tiles=dashboard.tiles(),
            trends=dashboard.trends(),
            boxes=self._boxes(ordered[:OPEN_BOXES], tab),
            more=[self._link(pile, tab) for pile in ordered[OPEN_BOXES:]],
            empty=not ordered and _flows(actor),
        )

    @expose("/trends/<name>")
    def trend(self, name: str) -> Any:
        """The months of a chart, as JSON: my work itself does not wait for them."""
        if not current_user.is_authenticated:
            return redirect(url_for("SignInView.login"))
        return jsonify(dashboard.trend(name) or abort(404))

    def _figure(self, tab: str, found: list[Pile] | None, current: bool) -> dict[str, Any]:
        """A tab with its count; what lies behind us is counted where somebody looks back on it."""
        return {
            "label": str(TABS[tab]),
            "value": None if found is None else sum(pile.count for pile in found),
            "note": None
            if tab in BOXES
            else _("in the last %(days)s days", days=BACK.days)
            if tab == "done"
            else _("still open"),
            "href": url_for("HomeView.index", tab=tab),
            "tone": "info" if tab in BOXES and found else "neutral",
            "current": current,
        }

    def _link(self, pile: Pile, tab: str) -> dict[str, Any]:
        view = VIEWS[pile.model]
        return {
            "title": str(pile.model.label_plural),
            "count": pile.count,
            "href": url_for(f"{view.__name__}.listing", view="mine" if tab in BOXES else None),
        }

    def _boxes(self, shown: list[Pile], tab: str) -> list[dict[str, Any]]:
        """The piles that are shown with their first rows; what these name is looked up for all of them together."""
        rows = [_in_order(db.session, pile.model, pile.keys) for pile in shown]
        references.load(db.session, (row for some in rows for row in some))
        return [self._box(pile, some, tab) for pile, some in zip(shown, rows, strict=True)]

    def _box(self, pile: Pile, rows: list[Any], tab: str) -> dict[str, Any]:
        address = show_addresses(VIEWS[pile.model])
        return {
            **self._link(pile, tab),
            "rows": [
                {
                    "href": address(row),
                    "title": str(row),
                    "meta": row.state_label,
                    "due_text": cells.moment_text(row.due_at) if row.due_at and tab != "done" else None,
                    "due_href": f"{address(row)}#clocks",
                    "tone": "bad" if row.is_late(now()) else "neutral",
                }
                for row in rows
            ],
        }


class SearchView(BaseView):
    """One box over everything the user may see."""

    route_base = "/search"

    @expose("/")
    @expose("")
    def search(self) -> Any:
        if not current_user.is_authenticated:
            return sign_in_first()
        q = request.args.get("q", "")[: searching.ASKED]
        words = searchable(q).split()
        with read_only() as session:
            hits = self._hits(session, q) if words else {}
            rows = {model: _in_order(session, model, keys) for model, keys in hits.items()}
            references.load(session, (row for some in rows.values() for row in some))
            groups = [self._group(model, some, q) for model, some in rows.items()]
        empty = _("Nothing you may see matches these words.") if words else _("Type a number, a title or a name.")
        return self.render_template("wenshu/search.html", q=q, groups=groups, empty=empty)

    def _hits(self, session: Any, q: str) -> dict[Any, list[int]]:
        """The records that match, by kind: one whose number or name is just these words, then the newest.

        One query for all kinds.
        """
        actor = access.current()
        models = [model for model in VIEWS if actor.may("read", model.kind_name) and searched(model)]
        parts = []
        for place, model in enumerate(models):
            match = searching.matching(select(model.id), model, q)
            newest = match.order_by(model.id.desc()).limit(SEARCHED).subquery()
            parts.append(select(literal(place).label("place"), newest.c.id, literal(0).label("exact")))
            if (exact := searching.called(model, q)) is not None:
                first = select(model.id).where(exact).limit(1).subquery()
                parts.append(select(literal(place).label("place"), first.c.id, literal(1).label("exact")))
        rows = session.execute(union_all(*parts)).all() if parts else []
        found: dict[Any, list[int]] = {}
        for row in sorted(rows, key=lambda row: (-row.exact, row.place, -row.id)):
            found.setdefault(models[row.place], []).append(row.id)
        return {model: list(dict.fromkeys(keys))[:SEARCHED] for model, keys in found.items()}

    def _group(self, model: Any, rows: list[Any], q: str) -> dict[str, Any]:
        view, address = VIEWS[model], show_addresses(VIEWS[model])
        return {
            "label": str(model.label_plural),
            "href": url_for(f"{view.__name__}.listing", q=q),
            "rows": [
                {"href": address(row), "title": str(row), "meta": getattr(row, "state_label", "")} for row in rows
            ],
        }
