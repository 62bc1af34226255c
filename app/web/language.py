"""The language of the pages: chosen here, else the browser's."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, redirect, request, session
from flask_appbuilder import BaseView, expose
from flask_appbuilder.babel.manager import BabelManager
from flask_babel import Domain, get_babel, get_locale
from markupsafe import Markup

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


class Catalogue(Domain):
    """The translations of a request, found once for each language asked for in it.

    A page asks for two hundred words; the library finds the language and spells its name at each of them.
    """

    def get_translations(self) -> Any:
        about = g._get_current_object().__dict__.get("_flask_babel") if g else None
        if about is None:
            return super().get_translations()
        found = getattr(about, "found", None)
        if found is None or found[0] is not getattr(about, "babel_locale", None):
            translations = super().get_translations()  # also chooses the language
            found = about.found = (about.babel_locale, translations)
        return found[1]

    def markup(self, string: str, **variables: Any) -> Markup:
        """A text of a template in the language of the request, with what stands in it escaped.

        Each is made markup once for every language; for the library each is a new one.
        """
        translations = self.get_translations()
        if variables:
            return Markup(translations.ugettext(string)) % variables
        known = translations.__dict__.setdefault("markup", {})
        found = known.get(string)
        if found is None:
            found = known[string] = Markup(translations.ugettext(string)) % {}  # a sign of per cent is written twice
        return found


def install(app: Flask) -> None:
    """Let the words of this application come from such a catalogue."""
    with app.app_context():
        babel = get_babel().instance
        babel.domain_instance = catalogue = Catalogue(domain=babel.domain)
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"] = catalogue.markup


def locale_code() -> str:
    return str(get_locale() or "zh")
