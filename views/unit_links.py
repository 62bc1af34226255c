"""Pages of the links for units; the address stands over the page that follows the making of one, and nowhere else."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash, redirect
from flask_babel import gettext as _

from app.web.record import RecordView
from app.web.unit_link import address_of, mailed
from models.unit_links import UnitLink


class UnitLinkView(RecordView):
    model = UnitLink
    list_columns: ClassVar = ["order", "department", "recipient", "state", "expires_at", "used_at", "uses"]
    filters: ClassVar = ["state", "order", "department"]
    in_menu = False

    def _added(self, record: Any) -> Any:
        """Show the address this once, and mail it where an address was given."""
        address = address_of(record)
        if record.email:
            flash(*mailed(record, address))
        flash(_("Copy the address now, it is shown this once: %(address)s", address=address), "success")
        return redirect(self._url("show", pk=record.id))
