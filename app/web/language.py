"""The language of the pages: chosen here, else the browser's."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, request, session
from flask_appbuilder import BaseView, expose
from flask_appbuilder.babel.manager import BabelManager
from flask_babel import get_locale

from app.web.addresses import own_path


class LanguageView(BaseView):
    """Switch the language of the pages."""

    route_base = "/language"

    @expose("/", methods=["POST"])
    def set(self) -> Any:
        if request.form.get("language") in current_app.config["LANGUAGES"]:
            session["locale"] = request.form["language"]
        return redirect(own_path(request.form.get("next", "")))


def _locale(self: BabelManager) -> str:
    """The language chosen here, else the first of the browser's that we have."""
    languages = list(current_app.config["LANGUAGES"])
    wanted = session.get("locale") if request else None
    if wanted in languages:
        return str(wanted)
    return (request.accept_languages.best_match(languages) if request else None) or self.babel_default_locale


# The framework's own switch changes the session by GET; ours is a POST (LanguageView).
BabelManager.register_views = lambda self: None
BabelManager.get_locale = _locale  # the framework builds its manager by name and ignores Accept-Language


def locale_code() -> str:
    return str(get_locale() or "zh")
