"""`/unit/<token>`: one dispatch order for whoever its unit was given the link, without signing in.

The page shows that order alone. An address that is wrong, expired, revoked or overtaken gets one and the same sentence.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
from collections.abc import Mapping
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.engine import access, clocks, history
from app.engine import fields as engine
from app.engine.fields import whole
from app.engine.mail import Post
from app.engine.moments import now
from app.engine.refusals import Invalid, Refused
from app.extensions import db
from app.web import cells, forms
from app.web.address import full_address
from app.web.files import attach, files_of
from app.web.signed_links import SignedLink
from models.dispatch import DispatchOrder
from models.dispatch_notes import is_relayed
from models.tickets import ServiceTicket
from models.unit_links import UnitLink

log = logging.getLogger("wenshu")

#: What a unit may do through its link, in the order of the buttons.
STEPS = (
    "sign", "mark_contacted", "feed_back", "confirm_reply", "ask_extension", "decline_reply", "hand_back",
)  # fmt: skip
#: The step with which files are handed in.
WITH_FILES = "feed_back"
#: What the page tells of an order, where there is something to tell.
TOLD = (
    "requirement", "contact_words", "reply_words", "follow_words", "signed_at", "contacted_at", "contact_how",
    "extension_until", "extension_reason", "rework_reason", "result", "answer", "fed_back_at", "returned_at",
)  # fmt: skip


LINKS = SignedLink(
    UnitLink, "unit", lambda link: link.secret, lambda link: link.opens(),
    lambda: _("This link is not good, or no longer. Please ask the service desk for another."),
)  # fmt: skip


def address_of(link: UnitLink) -> str:
    """The whole address of a link, to be shown or mailed once."""
    return full_address(url_for("UnitLinkPage.page", token=LINKS.token(link)))


def mailed(link: UnitLink, address: str) -> tuple[str, str]:
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


class UnitLinkPage(BaseView):
    """The page of one order, and one form of it at a time: `?step=feed_back`."""

    route_base = "/unit"

    @expose("/<token>", methods=["GET", "POST"])
    def page(self, token: str) -> Any:
        with access.system():
            link: UnitLink = LINKS.opened(token)
            steps = _steps_of(link.order)
            name = request.values.get("step", "")
            fields = _asked(link.order, name) if name in steps else None
            if request.method != "POST" or fields is None:
                return self._drawn(link, token, steps, name, fields)
            try:
                self._take(link, name, fields)
            except Refused as refusal:
                db.session.rollback()
                return self._drawn(link, token, steps, name, fields, refusal), refusal.status
            flash(_("Done: %(step)s", step=str(link.order.flow.steps[name].label)), "success")
            return redirect(url_for("UnitLinkPage.page", token=token))

    def _take(self, link: UnitLink, name: str, fields: Mapping[str, engine.Field]) -> None:
        """Take a step as the unit, with its files, and note that the link was used; all or nothing."""
        order, key = link.order, request.form.get("form_key")
        # Whoever holds the link is the unit: the history names them, and the house does the writing.
        with access.acting_as(link.doer()), history.act("unit_link"), access.system():
            order.flow.take(
                db.session, order, name, forms.sent(fields, request.form),
                version=whole(request.form.get("version")), form_key=f"unit link {link.id} {key}" if key else None,
            )  # fmt: skip
            if name == WITH_FILES:
                attach(order, request.files.getlist("file"))
            link.note_use()
            db.session.commit()

    def _drawn(
        self, link: UnitLink, token: str, steps: list[str], name: str, fields: Any, refusal: Refused | None = None
    ) -> str:
        order, here = link.order, url_for("UnitLinkPage.page", token=token)
        form, errors = None, []
        if fields is not None:
            form = forms.form_for(fields, request.form if refusal else None, {}, {})
            if refusal is None:
                form.form_key.data, form.version.data = secrets.token_urlsafe(24), str(order.version)
            else:
                form.version.data = str(order.version)
                said = refusal.errors if isinstance(refusal, Invalid) else {"": [str(refusal)]}
                errors = forms.put_errors(form, said)
        step = order.flow.steps.get(name) if fields is not None else None
        return self.render_template(
            "wenshu/unit_link.html",
            title=_("Dispatch order %(number)s", number=order.order_no),
            unit=order.department.name,
            state={"label": order.state_label, "tone": order.flow.states[order.state].tone},
            items=_items(order),
            files=[one["name"] for one in files_of(order)["items"]],
            good_until=cells.moment_text(link.expires_at) if link.expires_at else "",
            steps=[
                {"label": str(order.flow.steps[one].label), "href": f"{here}?step={one}", "first": at == 0}
                for at, one in enumerate(steps)
            ],
            form=form,
            step={"name": name, "label": str(step.label), "intro": _(step.intro)} if step else None,
            takes_files=name == WITH_FILES,
            errors=errors,
            here=here,
        )


def _steps_of(order: DispatchOrder) -> list[str]:
    """What the unit may do now; where the caller is not to be sought, contact is no step."""
    hidden = {"mark_contacted"} if is_relayed(order.ticket) else set()
    return [name for name in STEPS if order.state in order.flow.steps[name].sources and name not in hidden]


def _asked(order: DispatchOrder, name: str) -> dict[str, engine.Field]:
    """The questions of a step that can be answered without looking into the registers of the house."""
    asks = order.flow.steps[name].asks
    return {key: field for key, field in asks.items() if field.kind not in ("reference", "references")}


def _items(order: DispatchOrder) -> list[dict[str, str]]:
    """What the order says, and what the unit may know of its ticket besides."""
    ticket, fields, about = order.ticket, engine.fields_of(DispatchOrder), engine.fields_of(ServiceTicket)
    told = [(fields[name], getattr(order, name)) for name in TOLD]
    told += [(about[name], getattr(ticket, name)) for name in _known_of(ticket)]
    items = [{"label": str(field.label), "text": cells.text_of(field, value)} for field, value in told if value]
    limit = clocks.running(db.session, order, "handling")
    due = [{"label": _("Reply due"), "text": cells.moment_text(limit.due_at)}] if limit is not None else []
    return [*due, *items]


def _known_of(ticket: ServiceTicket) -> tuple[str, ...]:
    """Who called only where the unit is to seek the caller; of a sealed matter not even the caller's own words."""
    if ticket.sealed():
        return ()
    return ("subject", "place", "content", *(() if ticket.anonymous else ("contact_name", "phone")))
