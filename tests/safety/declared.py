"""Who may do what at which door: the table the whole application is measured against.

A door is a route and a method. Endpoints of record pages and of their API twins are declared once for all kinds, as
`<RecordView>.edit`. A route that no line declares makes `test_matrix` red, and so does a line that declares no route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.web.api import RecordApi
from app.web.record import RecordView
from seed.roles import ROLES

#: Kinds whose rows everybody may see whose role may read them; every other kind is row by row somebody's business.
OPEN = frozenset(
    {
        "departments",
        "people",
        "correspondents",
        "products",
        "product_prices",
        "clock_rules",
        "calendar_days",
        "rules",
        "registers",
        "escalation_rungs",
        "note_templates",
        "outgoing_series",
        "desk_procedures",
        "referrals",
        "script_cards",
        "conduct_items",
        "regions",
        "customer_grades",
    }
)

PRIVATE = frozenset(
    {
        "incoming_documents", "outgoing_documents", "circulation_entries", "service_tickets", "dispatch_orders",
        "visitors", "calls_owed",
        "customers", "customer_contacts", "orders", "order_lines", "payments", "payment_allocations", "refunds", "sealed_identities",
        "stock_movements", "amendments", "amendment_lines", "order_returns", "difference_orders", "reservations", "shipments", "shipment_lines",
        "platform_identities", "customer_owners", "customer_handovers", "handover_lines",
        "identity_requests", "assignments", "extension_requests", "paper_orders",
        "circulations", "paper_copies", "copy_movements", "supplementary_tasks",
        "envelopes", "envelope_lines", "envelope_defects",
        "holds", "return_campaigns", "return_items", "destruction_lists", "destruction_entries",
        "follow_ups", "supervisions", "accountability_cases", "countersignatures", "recipients",
        "number_reservations", "unit_links",
        "daily_reviews", "review_lines", "corrections", "improvements", "duty_shifts", "shift_hand_overs",
        "hand_over_items", "staff_clearances",
        "articles", "article_versions", "knowledge_gaps", "conduct_sheets", "import_runs",
    }
)  # fmt: skip

#: Kept from the office manager, whatever the rights, and masked whoever looks: tests/test_disclosure.py has their tests.
SEALED = frozenset({"sealed_identities", "identity_requests"})

#: What whoever works at the desk sees of it, whoever called.
OF_THE_DESK = frozenset(
    {
        "service_tickets", "dispatch_orders", "orders", "order_lines", "payments", "payment_allocations", "refunds",
        "shipments", "shipment_lines", "amendments", "amendment_lines", "order_returns", "difference_orders",
        "daily_reviews", "review_lines", "corrections", "duty_shifts", "shift_hand_overs", "hand_over_items", "staff_clearances", "visitors",
        "calls_owed", "improvements", "articles", "article_versions", "knowledge_gaps",
    }
)  # fmt: skip

#: What whoever packs and sends orders sees of them, whoever sold them.
OF_ORDERS = frozenset(
    {
        "orders", "order_lines", "payments", "payment_allocations", "refunds", "stock_movements", "reservations",
        "shipments", "shipment_lines", "amendments", "amendment_lines", "order_returns", "difference_orders",
    }
)  # fmt: skip

#: Accounts that have nothing to do with side A, and the kinds of which its rows are hidden from them.
STRANGERS = {
    "user_b": PRIVATE,
    "head_b": PRIVATE,
    "sales_b": PRIVATE,
    "desk": PRIVATE - OF_THE_DESK,
    "warehouse": PRIVATE - OF_ORDERS,
}


@dataclass(frozen=True)
class Right:
    """Everybody whose role gives this right on the kind of the page, or one of several words.

    `{step}` stands for the step in the address.
    """

    name: str
    kind: str | None = None


EVERYONE, SIGNED_IN, ANY_ROLE = "everyone", "signed in", "signed in with any role"
SIGN_IN = 302


@dataclass(frozen=True)
class Door:
    """One line: the endpoint, its methods, who may pass, and the answers to those who may, may not, or are nobody."""

    endpoint: str
    methods: str
    who: tuple[str | Right, ...]
    passes: frozenset[int]
    refused: int = 403
    visitor: int = SIGN_IN
    #: what is sent: nothing that could be stored, so that a matrix of thousands of requests leaves all as it is
    sends: dict[str, Any] | None = None


def door(endpoint: str, methods: str, *who: str | Right, passes: set[int], **more: Any) -> Door:
    return Door(endpoint, methods, who, frozenset(passes), **more)


READ, STEP = Right("read"), Right("{step}")
STALE = {"data": {"version": "0"}}
STALE_JSON = {"json": {"version": 0}}

DOORS = (
    # Asking what an address understands shows nothing of it.
    door("*", "OPTIONS", EVERYONE, passes={200}),
    # Record pages
    door("<RecordView>.listing", "GET", READ, passes={200}),
    door("<RecordView>.lookup", "GET", READ, passes={200}),
    door("<RecordView>.show", "GET", READ, passes={200}),
    door("<RecordView>.add", "GET", Right("add"), passes={200}),
    door("<RecordView>.add", "POST", Right("add"), passes={422}),
    door("<RecordView>.edit", "GET", Right("edit"), passes={200}),
    door("<RecordView>.edit", "POST", Right("edit"), passes={409}, sends=STALE),
    # A step that is not possible now sends back to the record.
    door("<RecordView>.step", "GET", READ, STEP, passes={200, 302}),
    door("<RecordView>.step", "POST", READ, STEP, passes={409}, sends=STALE),
    door("<RecordView>.take_in", "GET", Right("import"), passes={200}),
    door("<RecordView>.take_in", "POST", Right("import"), passes={400}),
    door("<RecordView>.refused_rows", "POST", Right("import"), passes={400}),
    door("<RecordView>.empty_sheet", "GET", Right("import"), passes={200}),
    door("<RecordView>.export", "GET", Right("export"), passes={200}),
    # Where nothing is masked there is nothing to reveal, and what nobody sees is not there.
    door("<RecordView>.reveal", "POST", Right("reveal"), passes={400, 404}),
    # The first entry of a history is the adding; it is not taken back.
    door("<RecordView>.revert", "POST", Right("edit"), passes={400}),
    # What has a number or a flow is voided, and has no page to delete it.
    door("<RecordView>.delete", "GET", Right("delete"), passes={200, 404}),
    door("<RecordView>.delete", "POST", Right("delete"), passes={404, 409}, sends=STALE),
    door("<RecordView>.inline", "GET", Right("edit"), passes={200, 404}),
    door("<RecordView>.inline", "POST", Right("edit"), passes={404, 409}, sends=STALE),
    door("<RecordView>.bulk", "GET", Right("edit"), passes={200, 400}),
    door("<RecordView>.bulk", "POST", Right("edit"), passes={400}),
    # Their API twins
    door("<RecordApi>.get_list", "GET", READ, passes={200}, visitor=401),
    door("<RecordApi>.get", "GET", READ, passes={200}, visitor=401),
    door("<RecordApi>.post", "POST", Right("add"), passes={422}, visitor=401, sends={"json": {}}),
    door("<RecordApi>.put", "PUT", Right("edit"), passes={409}, visitor=401, sends=STALE_JSON),
    door("<RecordApi>.step", "POST", READ, STEP, passes={409}, visitor=401, sends=STALE_JSON),
    door("<RecordApi>.reveal", "POST", READ, Right("reveal"), passes={422}, visitor=401, sends={"json": {}}),
    door("<RecordApi>.delete", "DELETE", Right("delete"), passes={400}, visitor=401),
    # Files: whoever may see the record; a door that does not even say whether the record is there
    door("FileView.download", "GET", READ, passes={200}, refused=404, visitor=401),
    # No file is sent along, so whoever may attach one is asked for it.
    door("FileView.upload", "POST", Right("edit attach"), passes={400}, refused=404, visitor=401),
    # Printed forms: who sees the record; who does not is not told that there is one
    door("PrintView.pdf", "GET", READ, passes={200}, refused=404),
    door("PrintView.page", "GET", READ, passes={200}, refused=404),
    # Official papers and their versions: likewise, for who may read the content
    *(door(f"OfficialView.{page}", "GET", Right("read", "outgoing_documents"), passes={200}, refused=404) for page in (
        "pdf", "word", "page", "versions")),
    # The house
    door("HomeView.index", "GET", SIGNED_IN, passes={200}),
    door("HomeView.trend", "GET", SIGNED_IN, passes={200, 404}),
    door("SearchView.search", "GET", SIGNED_IN, passes={200}),
    door("NoticesView.index", "GET", SIGNED_IN, passes={200}),
    door("NoticesView.read", "POST", SIGNED_IN, passes={404}),
    door("NoticesView.read_all", "POST", SIGNED_IN, passes={302}),
    door("KnowledgeView.suggestions", "GET", Right("read", "articles"), passes={200}),
    door("MovedLimitsView.index", "GET", SIGNED_IN, passes={200}),
    door("ReportView.index", "GET", Right("read", "reports"), passes={200}),
    door("ReportView.report", "GET", Right("read", "reports"), passes={200}),
    door("ReportView.rows", "GET", Right("read", "reports"), passes={200}),
    # One's own kept reports and files: nobody finds another's.
    door("ReportView.keep", "POST", Right("read", "reports"), passes={422}),
    door("ReportView.make", "POST", Right("read", "reports"), passes={422}, sends={"data": {"by": "colour"}}),
    *(door(f"ReportView.{page}", "POST", Right("read", "reports"), passes={404}) for page in (
        "drop", "cancel", "again", "recipients", "send", "decline")),
    *(door(f"ReportView.{page}", "GET", Right("read", "reports"), passes={404}) for page in ("run", "file", "kept_one")),
    door("BinView.index", "GET", Right("read", "bin"), passes={200}),
    door("BinView.restore", "POST", Right("read", "bin"), passes={404}),
    door("HoldersView.index", "GET", Right("read", "incoming_documents"), passes={200}),
    door("HoldingsView.index", "GET", Right("read", "paper_copies"), passes={200}),
    door("BoardView.index", "GET", Right("read", "incoming_documents"), passes={200}),
    door("DeskView.index", "GET", Right("read", "service_tickets"), passes={200}),
    door("DeskView.callers", "POST", Right("add", "service_tickets"), passes={200}, sends={"json": {}}),
    door("RoundsView.index", "GET", Right("read", "copy_movements"), passes={200}),
    door("EmergencyView.index", "GET", Right("read", "emergency"), passes={200}),
    door("EmergencyView.index", "POST", Right("read", "emergency"), passes={422}),
    door("TrailView.index", "GET", Right("read", "history"), passes={200}),
    door("TrailView.events", "GET", Right("read", "history"), passes={200}),
    # One's own account: without the password nothing changes.
    *(door(f"AccountView.{page}", "GET", SIGNED_IN, passes={200}) for page in (
        "index", "password", "second_factor", "add_key")),
    *(door(f"AccountView.{page}", "POST", SIGNED_IN, passes={422}) for page in (
        "password", "confirm_factor", "recovery_codes", "second_factor_off", "add_key")),
    door("AccountView.propose_factor", "POST", SIGNED_IN, passes={302}),
    door("AccountView.end_other_sessions", "POST", SIGNED_IN, passes={302}),
    door("AccountView.end_session", "POST", SIGNED_IN, passes={404}),
    door("AccountView.revoke_key", "POST", SIGNED_IN, passes={404}),
    # Everybody's accounts: tried on one that does not exist.
    door("AccountsView.index", "GET", Right("read", "accounts"), passes={200}),
    door("AccountsView.show", "GET", Right("read", "accounts"), passes={404}),
    door("AccountsView.add", "GET", Right("add", "accounts"), passes={200}),
    door("AccountsView.add", "POST", Right("add", "accounts"), passes={422}),
    *(door(f"AccountsView.{deed}", "POST", Right("edit", "accounts"), passes={404}) for deed in (
        "disable", "enable", "reset", "roles", "unlock", "end_sessions", "end_session", "second_factor_off")),
    # One dispatch order for a unit without an account: the address decides, and guesses are counted.
    door("UnitLinkPage.page", "GET", EVERYONE, passes={404, 429}, visitor=404),
    door("UnitLinkPage.page", "POST", EVERYONE, passes={404, 429}, visitor=404),
    # One order for its customer, the same way.
    door("OwnOrderPage.page", "GET", EVERYONE, passes={404, 429}, visitor=404),
    door("OwnOrderPage.page", "POST", EVERYONE, passes={404, 429}, visitor=404),
    # Sign-in, and what the machine room asks
    door("SignInView.login", "GET", EVERYONE, passes={200, 302}),
    door("SignInView.login", "POST", EVERYONE, passes={302, 401, 429}),
    door("SignInView.logout", "POST", EVERYONE, passes={302}),
    door("LanguageView.set", "POST", EVERYONE, passes={302}),
    door("SignInView.code", "GET", EVERYONE, passes={302}),
    door("SignInView.code", "POST", EVERYONE, passes={302}),
    door("OfficeSecurityApi.login", "POST", EVERYONE, passes={400}, sends={"json": {}}),
    # An access token renews nothing.
    door("OfficeSecurityApi.refresh", "POST", EVERYONE, passes={401}),
    door("ProgressView.index", "GET", EVERYONE, passes={200}),
    door("ProgressView.index", "POST", EVERYONE, passes={404, 429}),
    door("AskView.index", "GET", EVERYONE, passes={200}),
    door("AskView.index", "POST", EVERYONE, passes={422, 429}),
    door("HealthView.healthz", "GET", EVERYONE, passes={200}),
    door("HealthView.readyz", "GET", EVERYONE, passes={200}),
    # Every program of the machine itself, as the tests are one: tests/test_metrics.py asks from elsewhere.
    door("MetricsView.metrics", "GET", EVERYONE, passes={200}),
    # The framework's own: its description of the API is not for the public (ASVS 13.4.5), the rest holds no data
    door("OpenApi.get", "GET", ANY_ROLE, passes={200}, visitor=401),
    door("UtilView.back", "GET", EVERYONE, passes={302}),
    door("static", "GET", EVERYONE, passes={200}),
    door("appbuilder.static", "GET", EVERYONE, passes={200}),
)  # fmt: skip


def family(app: Flask, rule: Rule) -> tuple[str, Any]:
    """The endpoint as the table names it, and the kind of record behind it."""
    name, _dot, page = rule.endpoint.rpartition(".")
    view = next((one for one in app.appbuilder.baseviews if one.endpoint == name), None)  # type: ignore[attr-defined]
    if isinstance(view, RecordView | RecordApi):
        base = "<RecordView>" if isinstance(view, RecordView) else "<RecordApi>"
        return f"{base}.{page}", view.model
    return rule.endpoint, None


def declarations(app: Flask, rule: Rule, method: str) -> list[Door]:
    """The lines that speak of a route and method; HEAD is GET without the body."""
    if method == "OPTIONS":
        return [one for one in DOORS if one.methods == "OPTIONS"]
    method = "GET" if method == "HEAD" else method
    name, _model = family(app, rule)
    return [one for one in DOORS if one.endpoint == name and method in one.methods.split()]


def gives(role: str, right: str, kind: str) -> bool:
    """Whether the role table gives `right` on `kind` to an account with that role alone."""
    rights = ROLES.get(role, {}).get(kind, frozenset())
    return right in rights or "*" in rights


def may_pass(one: Door, role: str, kind: str, step: str) -> bool:
    """Whether somebody signed in with that role, or with one the table does not know, may pass."""

    def allows(who: str | Right) -> bool:
        if isinstance(who, Right):
            return any(gives(role, word, who.kind or kind) for word in who.name.format(step=step).split())
        return role in ROLES if who == ANY_ROLE else True

    return all(allows(who) for who in one.who)
