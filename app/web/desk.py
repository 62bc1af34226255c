"""The service desk: who calls, found by the number while it is typed, and the board of what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import jsonify, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.engine import access, phones, references, rules
from app.engine.disclosure import WITHHELD, learn, value_of
from app.engine.fields import fields_of
from app.engine.moments import now
from app.extensions import db
from app.web import sheet
from app.web.cells import moment_text
from app.web.kind import VIEWS, allowed
from models import desk_figures
from models.articles import Article
from models.calling import CALLS
from models.calls import CallOwed
from models.dispatch import DispatchOrder
from models.people import Person
from models.referrals import Referral
from models.ticket_words import KINDS
from models.tickets import AT_DESK, ServiceTicket
from models.visitors import Visitor

#: So many of a caller's last matters are shown, and so many rows of a section of the board.
LAST, MOST = 5, 12


DESK_NAME = rules.setting("desk_name", _l("What the desk calls itself on the telephone"), "words", "服务热线")


def beside_the_call() -> dict[str, Any]:
    """What the form of a call shows beside it: what to say, the kinds, and where it asks for callers and answers."""
    own = access.current().own_person_id
    person = db.session.get(Person, own) if own is not None else None
    desk, number = rules.value(db.session, DESK_NAME, "hotline"), person.staff_no if person else None
    greeting = (
        _("Good day, %(desk)s, staff number %(number)s. How may I help you?", desk=desk, number=number)
        if number
        else _("Good day, %(desk)s. How may I help you?", desk=desk)
    )
    reads, refers = (access.current().may("read", kind) for kind in (Article.kind_name, Referral.kind_name))
    return {
        "greeting": greeting,
        "read_back": _("May I repeat what I wrote down: {matter}. Is that right?"),
        "kinds": [(value, str(label)) for value, label in KINDS.items()],
        "callers": url_for("DeskView.callers"),
        "suggestions": url_for("KnowledgeView.suggestions") if reads else None,
        "numbers": [(one.number, one.name) for one in Referral.emergencies(db.session)] if refers else [],
    }


class DeskView(BaseView):
    """`/desk/` and `/desk/callers`."""

    route_base = "/desk"
    subject: ClassVar[str] = "service_tickets"
    label = _l("Live desk")

    @expose("/callers", methods=["POST"])
    @allowed("add")
    def callers(self) -> Any:
        """What is known of a number in full, as JSON; it is posted, for addresses are written into logs."""
        sent = request.get_json(silent=True)
        number = str(sent.get("phone", ""))[:60] if isinstance(sent, dict) else ""
        groups = [self._known(model, number) for model in VIEWS if phones.dialled(model)]
        return jsonify(number=bool(phones.numbers_in(number)), groups=[group for group in groups if group["rows"]])

    def _known(self, model: Any, number: str) -> dict[str, Any]:
        held = phones.bearing(model, number)
        rows: list[Any] = []
        if held is not None and access.current().may("read", model.kind_name):
            query = select(model).where(model.id.in_(held)).order_by(model.id.desc()).limit(LAST)
            rows = list(db.session.scalars(query.options(*references.options(model, VIEWS[model].drawn()))))
            learn(db.session, rows)
        return {"title": str(model.label_plural), "rows": [self._caller(row) for row in rows]}

    def _caller(self, row: Any) -> dict[str, Any]:
        return {
            "text": str(row),
            "meta": getattr(row, "state_label", ""),
            "name": self._name(row),
            "href": url_for(f"{VIEWS[type(row)].__name__}.show", pk=row.id),
        }

    def _name(self, row: Any) -> str:
        """Whom the number belongs to, as far as the desk may know."""
        fields = fields_of(type(row))
        field = next(
            (fields[name] for name in ("contact_name", "contact", "consignee", "name") if name in fields), None
        )
        value = value_of(row, field) if field else None
        return "" if value in (None, WITHHELD) else str(value)

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        """The board; `?part=1` the part of it that changes, which the page fetches again and again."""
        template = "desk_part" if request.args.get("part") else "desk"
        return self.render_template(
            f"wenshu/{template}.html",
            title=str(self.label),
            as_of=_("As of %(at)s", at=moment_text(now())),
            figures=self._figures(),
            sections=self._sections(),
            href_part=url_for("DeskView.index", part=1),
        )

    def _figures(self) -> list[dict[str, Any]]:
        today = desk_figures.today(db.session)
        return [
            {"label": str(one.label), "value": one.percent, "of": one.of, "goal": one.goal_text, "tone": one.tone}
            for one in today
        ]

    def _sections(self) -> list[dict[str, Any]]:
        ticket = ServiceTicket
        parts = [
            self._tickets(_("At the desk"), _("Nothing waits at the desk."), ticket.state.in_(AT_DESK)),
            self._tickets(_("Replies to pass on"), _("No reply waits."), ticket.state == "reply_in"),
            self._calls(),
            self._visitors(),
            self._orders(),
        ]
        return [part for part in parts if part is not None]

    def _calls(self) -> dict[str, Any] | None:
        """Every call somebody waits for, the most pressing first."""
        columns = (_("Kind of call"), _("Ticket"), _("Who calls"), _("Due"))
        return self._waiting(
            CallOwed, ["ticket", "assignee"], _("Calls owed"), _("No call is owed."), columns,
            lambda one: [
                str(CALLS[one.kind]),
                one.ticket.ticket_no if one.ticket else "",
                one.assignee.name if one.assignee else "",
            ],
        )  # fmt: skip

    def _visitors(self) -> dict[str, Any] | None:
        columns = (_("Visitor"), _("Matter"), _("Came at"), _("Due"))
        return self._waiting(
            Visitor, [], _("Visitors waiting"), _("Nobody waits."), columns,
            lambda one: [str(one), one.matter or "", moment_text(one.came_at)],
        )  # fmt: skip

    def _waiting(
        self, model: Any, eager: list[str], title: str, empty: str, columns: tuple[str, ...],
        words: Callable[[Any], list[str]],
    ) -> dict[str, Any] | None:  # fmt: skip
        """A section of what is open of a kind, by its limit; none for somebody who may not read the kind."""
        if not access.current().may("read", model.kind_name):
            return None
        query = select(model).where(model.pending()).order_by(model.due_at.is_(None), model.due_at, model.id)
        found = db.session.scalars(query.limit(MOST).options(*references.options(model, eager)))
        rows = [
            sheet.row(one, [*words(one), moment_text(one.due_at) if one.due_at else ""], late=one.is_late(now()))
            for one in found
        ]
        href = url_for(f"{VIEWS[model].__name__}.listing")
        return {"title": title, "empty": empty, "heads": sheet.heads(columns), "rows": rows, "href": href}

    def _tickets(self, title: str, empty: str, condition: Any) -> dict[str, Any]:
        query = select(ServiceTicket).where(condition).order_by(ServiceTicket.due_at.is_(None), ServiceTicket.due_at)
        rows = list(db.session.scalars(query.limit(MOST).options(*references.options(ServiceTicket, ["taker"]))))
        learn(db.session, rows)
        subject = fields_of(ServiceTicket)["subject"]
        drawn = []
        for one in rows:
            words = value_of(one, subject)
            drawn.append(
                sheet.row(
                    one,
                    [
                        one.ticket_no,
                        _("Not disclosed") if words is WITHHELD else str(words),
                        one.state_label,
                        one.taker.name if one.taker else "",
                        moment_text(one.due_at) if one.due_at else "",
                    ],
                    late=one.is_late(now()),
                )
            )
        columns = (_("Ticket number"), _("Subject"), _("State"), _("First responsible"), _("Due"))
        href = url_for("ServiceTicketView.listing", view="mine")
        return {"title": title, "empty": empty, "heads": sheet.heads(columns, lead=1), "rows": drawn, "href": href}

    def _orders(self) -> dict[str, Any] | None:
        columns = (_("Order number"), _("Unit"), _("State"), _("Due"))
        return self._waiting(
            DispatchOrder, ["department"], _("With the units"), _("No unit has anything open."), columns,
            lambda one: [one.order_no, one.department.name if one.department else "", one.state_label],
        )  # fmt: skip
