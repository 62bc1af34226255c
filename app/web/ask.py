"""`/ask`: a question, complaint or report handed in on the house's own page, by people who have no account."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.engine import access, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.fields import Field, fields_of
from app.engine.moments import now
from app.engine.refusals import Invalid
from app.extensions import db
from app.web import forms
from models import attempts
from models.tickets import ServiceTicket, awaits_acknowledgement

#: What is asked for, in the order of the page.
ASKED = ("kind", "subject", "content", "place", "contact_name", "phone", "email", "confidential", "anonymous")
#: A field nobody sees; what fills it in is no person.
TRAP = "website"
#: In the history the sender is called so, whoever they are.
SENDER = Actor(None, "web form")


class AskView(BaseView):
    """The form, and after it number and code by which the sender finds out how far the matter is."""

    route_base = "/ask"

    @expose("", methods=["GET", "POST"])
    def index(self) -> Any:
        fields = {name: fields_of(ServiceTicket)[name] for name in ASKED}
        if request.method != "POST":
            return self._drawn(forms.form_for(fields, None, {"kind": "consult"}, {}))
        attempts.admit(db.session, attempts.network_of(request.remote_addr), request.remote_addr, door="ask")
        db.session.commit()  # every sending counts, and is counted apart
        try:
            ticket = self._hand_in(fields)
        except Invalid as refusal:
            db.session.rollback()
            form = forms.form_for(fields, request.form, {}, {})
            return self._drawn(form, forms.put_errors(form, refusal.errors)), refusal.status
        return self.render_template("wenshu/asked.html", number=ticket.ticket_no, code=ticket.progress_code)

    def _hand_in(self, fields: dict[str, Field]) -> ServiceTicket:
        raw = forms.sent(fields, request.form)
        raw |= {"channel": "web", "received_at": now(), "anonymity_explained": raw.get("anonymous")}
        if request.form.get(TRAP):
            raise Invalid({"": [_("This was not sent by a person. Please fill in only what you can see.")]})
        with access.acting_as(SENDER), history.act("ask"), access.system():
            names = [*ASKED, "channel", "received_at", "anonymity_explained"]
            ticket = records.add(db.session, ServiceTicket, raw, names)
            if awaits_acknowledgement(ticket):
                ticket.take("acknowledge", db.session)  # number and code stand on the page that follows
            db.session.commit()
        return ticket

    def _drawn(self, form: forms.RecordForm, errors: list[str] | None = None) -> str:
        return self.render_template("wenshu/ask.html", form=form, errors=errors or [], trap=TRAP)
