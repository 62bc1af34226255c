"""How templates look things up, and what is drawn for them once and for all."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask
from flask.templating import Environment

_METHODS = frozenset(dir(dict))


class DictsFirst(Environment):
    """Jinja, save that `cell.text` looks into a dict before it looks for an attribute.

    Pages are drawn from dicts, seven thousand look-ups a list; an attribute that is not there costs five times as much
    as a key that is.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        if obj.__class__ is dict and attribute not in _METHODS:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


def install(app: Flask) -> None:
    """Give templates `icon(name, label=None)`; a list has seventy, of a dozen drawings."""
    environment = app.jinja_env

    @lru_cache(500)
    def icon(name: str, label: str | None = None) -> str:
        return environment.get_template("wenshu/_icons.html").module.icon(name, label)  # type: ignore[attr-defined]

    environment.globals["icon"] = icon
