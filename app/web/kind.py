"""What all pages of one kind of record share: the model they show, the rights they ask for, the addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar

from flask import abort, url_for
from flask_appbuilder import BaseView
from flask_login import current_user

from app.engine import access, finding
from app.engine.disclosure import known_fields
from app.engine.fields import Field
from app.engine.refusals import Refused
from app.extensions import db
from app.web import cells
from app.web.signin import sign_in_first, sign_in_first_keeping

#: record class -> endpoint of the lookup that answers its pickers
LOOKUPS: dict[Any, str] = {}
#: record class -> its view
VIEWS: dict[Any, Any] = {}


@dataclass(frozen=True)
class Children:
    """A related list on a record's page: `relation` of the parent, seen from the child as `back`."""

    relation: str
    back: str
    columns: list[str]
    most: int = 20
    #: over the list; None: what its records are called
    title: Any = None


class BadRequest(Refused):
    """An address nobody could have clicked on."""

    status = 400


def allowed(right: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those pass whose role gives `right` on the view's records; visitors are sent to sign in."""

    def guard(page: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(page)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return sign_in_first_keeping() if getattr(page, "resumable", False) else sign_in_first()
            if not access.current().may(right, self.subject):
                abort(403)
            return page(self, *args, **kwargs)

        return guarded

    return guard


def show_addresses(view: Any) -> Callable[[Any], str]:
    """A function from a record to the address of its page, which ends with its key.

    To put an address together takes as long as all cells of its row.
    """
    place = url_for(f"{view.__name__}.show", pk=0).removesuffix("0")
    return lambda record: f"{place}{record.id}"


class KindPages(BaseView):
    """Base of the pages of one kind of record; a domain's view says what is particular about its own."""

    model: ClassVar[Any]
    list_columns: ClassVar[list[str]]
    filters: ClassVar[list[str]] = []
    #: fields on the page, in order; None: all
    show_columns: ClassVar[list[str] | None] = None
    edit_columns: ClassVar[list[str] | None] = None
    #: titled groups of the form's fields; what they do not name stands below them
    form_sections: ClassVar[list[tuple[Any, list[str]]]] = []
    #: the page a form is drawn on, for a kind that shows more beside it
    form_template: ClassVar[str] = "form"
    children: ClassVar[list[Children]] = []
    #: relations loaded with a list beside those in its columns and in its records' labels
    eager: ClassVar[list[str]] = []
    base_order: ClassVar[str] = "-id"
    #: False for rows one reaches through the record they belong to: they have pages, but no entry in the menu
    in_menu: ClassVar[bool] = True

    @property
    def subject(self) -> str:
        return self.model.kind_name

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that exist for whoever asks."""
        return known_fields(self.model)

    @property
    def columns(self) -> list[str]:
        """The columns of the list that exist for whoever asks."""
        known = self.fields
        return [name for name in self.list_columns if name in known]

    @classmethod
    def drawn(cls, *columns: str) -> dict[str, None]:
        """What to load with a list: what its columns, its records' labels and `eager` name, each once."""
        return dict.fromkeys((*columns, *cls.model.named_by, *cls.eager))

    def _may(self, right: str) -> bool:
        return access.current().may(right, self.subject)

    def _url(self, page: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{page}", **values)

    def _find(self, pk: Any) -> Any:
        return finding.by_key(db.session, self.model, pk) or abort(404)

    def _page(self, template: str, **context: Any) -> str:
        return self.render_template(f"wenshu/{template}.html", **context)

    def _rows(self, found: Sequence[Any], names: list[str]) -> list[dict[str, Any]]:
        """Records of one kind as a table draws them."""
        if not found:
            return []
        model: Any = type(found[0])
        fields, view = known_fields(model), VIEWS.get(model)
        columns = [cells.drawer(model, fields[name]) for name in names if name in fields]
        address = show_addresses(view) if view else lambda _row: None
        return [
            {
                "id": row.id,
                "href": address(row),
                "cells": [draw(row) for draw in columns],
            }
            for row in found
        ]
