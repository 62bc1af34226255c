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


class Surroundings:
    """What the frame of every page asks for: the menu, the person, the languages."""

    @property
    def nav(self) -> list[dict[str, Any]]:
        """The menu, put together once a page: the frame asks for it in many places."""
        actor = access.current()
        drawn = g.get("_nav")
        if drawn is None or drawn[0] is not actor:
            drawn = g._nav = (actor, self._menu(actor))
        return drawn[1]

    def _menu(self, actor: access.Actor) -> list[dict[str, Any]]:
        if actor.id is None:
            return []
        here = (request.endpoint or "").split(".")[0]
        entries = [{"label": _("My work"), "icon": "home", "href": "/", "active": here == "HomeView", "items": []}]
        for section in current_app.config["SECTIONS"]:
            items = [
                *self._pages(section.first, here),
                *(
                    {
                        "label": str(view.model.label_plural),
                        "href": url_for(f"{view.__name__}.listing"),
                        "active": here == view.__name__,
                    }
                    for view in section.views
                    if view.in_menu and actor.may("read", view.model.kind_name)
                ),
                *self._pages(section.pages, here),
            ]
            if items:
                entries.append(
                    {
                        "label": str(section.label),
                        "icon": section.icon,
                        "href": items[0]["href"],
                        "active": any(item["active"] for item in items),
                        "items": items,
                    }
                )
        if actor.may("read", "reports"):
            at = -1 if entries[-1]["icon"] == "admin" else len(entries)
            entries.insert(
                at if at >= 0 else len(entries) - 1,
                {
                    "label": _("Reports"),
                    "icon": "reports",
                    "href": url_for("ReportView.index"),
                    "active": here == "ReportView",
                    "items": [],
                },
            )
        return entries

    def _pages(self, pages: Any, here: str) -> list[dict[str, Any]]:
        return [
            {"label": str(page.label), "href": url_for(f"{page.__name__}.index"), "active": here == page.__name__}
            for page in pages
            if access.current().may("read", page.subject)
        ]

    @property
    def me(self) -> dict[str, Any] | None:
        actor = access.current()
        if actor.id is None:
            return None
        roles = "、".join(str(role_label(role)) for role in sorted(actor.roles)) if actor.roles else ""
        return {
            "name": actor.name,
            "department": actor.department,
            "href": url_for("AccountView.index"),
            "roles_text": roles,
        }

    @property
    def notices(self) -> dict[str, Any] | None:
        return badge()

    @property
    def add_links(self) -> list[dict[str, str]]:
        actor = access.current()
        return [
            {"label": str(model.label), "href": url_for(f"{view.__name__}.add")}
            for model, view in VIEWS.items()
            if actor.id is not None and actor.may("add", model.kind_name)
        ]

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
