"""RecordView: list, page, forms, steps and tables of one kind of record, all read off its model.

A domain's view says which columns to show and in which order; everything else is written here once.
"""

from __future__ import annotations

from flask import current_app

from app.web.bulk import BulkPages
from app.web.editing import FormPages
from app.web.exchange import TablePages
from app.web.kind import LOOKUPS, VIEWS
from app.web.page import RecordPage


class RecordView(TablePages, BulkPages, RecordPage, FormPages):
    """Pages of one kind of record at `/<view>/list/`, `/show/<pk>`, `/add`, `/edit/<pk>`, `/step/<pk>/<step>`."""

    default_view = "listing"


def register(view: type[RecordView]) -> None:
    """Make a view known to pickers and related lists; its address is the class's name in lower case."""
    VIEWS[view.model] = view
    LOOKUPS[view.model] = f"{view.__name__}.lookup"
    current_app.appbuilder.add_view_no_menu(view)  # type: ignore[attr-defined]
