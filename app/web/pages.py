"""The health of the house, and what the frame of every page asks for."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from app.engine import access
from app.engine.moments import frozen
from app.extensions import db
from app.schema import standing
from app.web import cells
from app.web.kind import VIEWS
from app.web.language import locale_code
from app.web.notices import badge
from app.web.signin import role_label


class HealthView(BaseView):
    """Alive, and ready: for the machine that watches the house."""

    route_base = ""

    @expose("/healthz")
    def healthz(self) -> Any:
        return Response("ok\n", mimetype="text/plain")

    @expose("/readyz")
    def readyz(self) -> Any:
        try:
            found = standing(db.session)
        except SQLAlchemyError:
            return Response("the database does not answer\n", 503, mimetype="text/plain")
        if not found.serves:
            return Response(f"{found}\n", 503, mimetype="text/plain")
        return Response(f"ok, but {found}\n" if found.is_newer else "ok\n", mimetype="text/plain")


def _marked(entry: dict[str, Any], here: str) -> dict[str, Any]:
    """An entry of the menu as it is drawn on the page of a view."""
    items = [{**item, "active": item["view"] == here} for item in entry["items"]]
    return {**entry, "items": items, "active": entry["view"] == here or any(item["active"] for item in items)}


@access.kept(500)
def _menu(actor: access.Actor, locale: str, root: str) -> tuple[dict[str, Any], ...]:
    """The menu of an actor in a language, below an address: it is the same on every page but for what is marked."""
    if actor.id is None:
        return ()
    entries: list[dict[str, Any]] = [
        {"label": _("My work"), "icon": "home", "href": url_for("HomeView.index"), "view": "HomeView", "items": []}
    ]
    for section in current_app.config["SECTIONS"]:
        shown = (view for view in section.views if view.in_menu and actor.may("read", view.model.kind_name))
        items = [
            *_pages(actor, section.first),
            *(_item(view.model.label_plural, view, "listing") for view in shown),
            *_pages(actor, section.pages),
        ]
        if items:
            about = {"label": str(section.label), "icon": section.icon, "href": items[0]["href"], "view": None}
            entries.append({**about, "items": items})
    if actor.may("read", "reports"):
        about = {"label": _("Reports"), "icon": "reports", "href": url_for("ReportView.index"), "view": "ReportView"}
        entries.insert(len(entries) - (entries[-1]["icon"] == "admin"), {**about, "items": []})
    return tuple(entries)


def _item(label: Any, view: Any, page: str) -> dict[str, Any]:
    return {"label": str(label), "href": url_for(f"{view.__name__}.{page}"), "view": view.__name__}


def _pages(actor: access.Actor, pages: Any) -> list[dict[str, Any]]:
    return [_item(page.label, page, "index") for page in pages if actor.may("read", page.subject)]


@access.kept(500)
def _ways_to_add(actor: access.Actor, locale: str, root: str) -> tuple[dict[str, str], ...]:
    """What an actor may add: the names of the kinds, and the ways to their forms."""
    if actor.id is None:
        return ()
    kinds = ((model, view) for model, view in VIEWS.items() if actor.may("add", model.kind_name))
    return tuple(_item(model.label, view, "add") for model, view in kinds)


@access.kept(500)
def _about(actor: access.Actor, locale: str, root: str) -> dict[str, Any] | None:
    """An actor as the head of every page names them: the name is asked for in nine places of it."""
    if actor.id is None:
        return None
    roles = "、".join(str(role_label(role)) for role in sorted(actor.roles))
    href = url_for("AccountView.index")
    return {"name": actor.name, "department": actor.department, "href": href, "roles_text": roles}


class Surroundings:
    """What the frame of every page asks for: the menu, the person, the languages."""

    @property
    def nav(self) -> list[dict[str, Any]]:
        """The menu, put together once a page: the frame asks for it in many places."""
        actor = access.current()
        drawn = g.get("_nav")
        if drawn is None or drawn[0] is not actor:
            here = (request.endpoint or "").split(".")[0]
            drawn = g._nav = (
                actor,
                [_marked(entry, here) for entry in _menu(actor, locale_code(), request.script_root)],
            )
        return drawn[1]

    @property
    def me(self) -> dict[str, Any] | None:
        return _about(access.current(), locale_code(), request.script_root)

    @property
    def notices(self) -> dict[str, Any] | None:
        return badge()

    @property
    def add_links(self) -> tuple[dict[str, str], ...]:
        return _ways_to_add(access.current(), locale_code(), request.script_root)

    @property
    def locale(self) -> str:
        return locale_code()

    @property
    def languages(self) -> list[dict[str, str]]:
        return [{"code": code, "name": about["name"]} for code, about in current_app.config["LANGUAGES"].items()]

    @property
    def search_href(self) -> str | None:
        return url_for("SearchView.search") if access.current().id is not None else None

    @property
    def office(self) -> str:
        return current_app.config["OFFICE"]

    @property
    def frozen(self) -> str | None:
        moment = frozen()
        return _("The clock of this demonstration stands at %(at)s.", at=cells.moment_text(moment)) if moment else None

    @property
    def language_href(self) -> str:
        return url_for("LanguageView.set")

    @property
    def logout_href(self) -> str:
        return url_for("SignInView.logout")
