"""Pages of the links for units; the address stands over the page that follows the making of one, and nowhere else."""

from __future__ import annotations

import logging
import smtplib
from typing import Any, ClassVar

from flask import current_app, flash, redirect
from flask_babel import gettext as _

from app.engine import access
from app.engine.mail import Post
from app.engine.moments import now
from app.extensions import db
from app.web.record import RecordView
from app.web.unit_link import address_of
from models.unit_links import UnitLink

log = logging.getLogger("wenshu")


class UnitLinkView(RecordView):
    model = UnitLink
    list_columns: ClassVar = ["order", "department", "recipient", "state", "expires_at", "used_at", "uses"]
    filters: ClassVar = ["state", "order", "department"]
    in_menu = False

    def _added(self, record: Any) -> Any:
        """Show the address this once, and mail it where an address was given."""
        address = address_of(record)
        if record.email:
            flash(*_mailed(record, address))
        flash(_("Copy the address now, it is shown this once: %(address)s", address=address), "success")
        return redirect(self._url("show", pk=record.id))


def _mailed(link: UnitLink, address: str) -> tuple[str, str]:
    """Hand the address over to the mail server; what to say about it, and in which tone."""
    if not current_app.config["SMTP_URL"]:
        return _("There is no mail server here; pass the address on yourself."), "warning"
    words = _("Please answer this dispatch order by %(until)s here:", until=f"{link.expires_at:%Y-%m-%d}")
    subject = _("Dispatch order %(number)s", number=link.order.order_no)
    try:
        post = Post(current_app.config["SMTP_URL"], current_app.config["MAIL_FROM"])
        post.send(link.email or "", subject, f"{words}\n{address}")
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail of link %s was not taken: %s", link.id, type(error).__name__)
        return _("The mail server did not take the mail; pass the address on yourself."), "warning"
    with access.system():
        link.mailed_at = now()
        db.session.commit()
    return _("Mailed to %(address)s.", address=link.email), "success"
