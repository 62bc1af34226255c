"""Nobody writes a column they were not asked for: ids, numbers, states, moments, owners and roles stay as they are.

Every kind gets every column of its table, and more, by form, by program, by step and by sheet, from somebody who has
every right on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import DateTime, Numeric, func, inspect, select

from app.engine import access
from app.engine.fields import fields_of
from app.engine.rules import Rule
from app.extensions import db
from app.menu import VIEWS
from models.documents import IncomingDocument
from models.order_lines import OrderLine
from models.orders import Order
from models.registers import Register
from seed.roles import ROLES
from tests.conftest import bearer, sign_in
from tests.safety import probing as doors
from tests.safety.declared import SEALED
from tests.safety.evil import LINE, plausible, upload
from tests.safety.samples import cookie_free

#: Nobody's columns, yet what people try.
TRICKS = {"roles": "administrator", "owner": "1", "created_by": "1", "user": "1", "is_admin": "1", "number": "越权1",
          "_sa_instance_state": "1", "__class__": "1", "flow": "1", "kind_name": "people"}  # fmt: skip
#: kind -> what its own rules ask for beside values of the right kind; a paper of the group's book is in handling
#: What follows from the rest, and may be what a trick says.
WORKED_OUT = {("orders", "fulfilment")}
#: By what the fourth order is known.
KNOWN = {"told_number": "乙藏不可见3order_no", "told_consignee": "乙藏不可见3consignee"}
MEANT: dict[str, dict[str, Any]] = {
    "registers": {"template": "样{unique}〔{{year}}〕{{serial}}号"},
    "outgoing_series": {"template": "发{unique}〔{{year}}〕{{serial}}号", "level": "department"},
    "number_reservations": {"until": "2099-01-01"},
    "articles": {"valid_until": "2099-01-01"},
    "rules": {"setting": "office_name", "valid_from": "", "valid_to": ""},
    "escalation_rungs": {"who": "clerk"},
    "extension_requests": {"document": "4", "until": "2099-01-01T09:00"},
    "accountability_cases": {"document": "4"},
    "recipients": {"copy_numbers": ""},
    "paper_orders": {"by": "2099-01-01T09:00"},
    "holds": {"document": "5"},
    "service_tickets": {
        "channel": "visit",
        "sub_kind": "",
        "subject_unit": "",
    },  # nobody has cleared the first person to take calls
    "staff_clearances": {"trainer": "2"},
    "duty_shifts": {"person": "9", "ends_at": "2026-03-02T17:00"},
    "review_lines": {"ticket": "2"},
    "corrections": {"due_on": "2099-01-01"},
    "improvements": {"due_on": "2099-01-01"},
    "note_templates": {"ticket_kind": ""},
    "unit_links": {"order": "2", "email": "", "expires_at": "2099-01-01T09:00"},
    "calls_owed": {"kind": "promise", "call_by": "2099-01-01T09:00"},
    "stock_movements": {"kind": "received"},
    "reservations": {"order": "2"},
    "payments": {"currency": "CNY", "kind": "bank"},
    "payment_allocations": {"amount": "-1"},
    "refunds": {"order": "5", "customer": "", "kind": "return", "amount": "1"},  # paid, and nothing refunded
    "customer_handovers": {"leaver": "13", "receiver": "12"},
    "handover_lines": {"customer": "2"},
    "customer_owners": {"until": "2099-01-01T09:00"},
    "orders": {"as_draft": ""},
    # Of an order that is with the warehouse, which is asked to give it back.
    "amendments": {"order": "4", "amendment_lines": [], "address": "别处", **KNOWN},
    "amendment_lines": {"instead_of": "", "quantity": "1"},
    "order_returns": {"order": "4", **KNOWN},
    "difference_orders": {"order": "1", "amendment": "1", "difference": "1", "pay_until": "2099-01-01T09:00"},
}
#: kinds that take a paper once
ONCE = {
    "return_items": {"document": "2"}, "destruction_entries": {"document": "2"}, "holds": {"document": "6"},
    "review_lines": {"ticket": "3"}, "duty_shifts": {"person": "10"},
    "article_versions": {"number": "4"}, "reservations": {"order": "3"},
    "shipments": {"shipment_lines-0-order_line": "1", "shipment_lines-0-quantity": "1"},
    "handover_lines": {"customer": "3"}, "customer_owners": {"customer": "2"},
    "customer_handovers": {"leaver": "12", "receiver": "13"},
}  # fmt: skip
VIEW = pytest.mark.parametrize(
    "view", [v for v in VIEWS if v.model.kind_name not in SEALED], ids=lambda view: view.__name__
)


@pytest.fixture(scope="module")
def wide(crowd: Flask) -> Iterator[Flask]:
    """The full house, every right given to every role."""
    access.configure({role: {"*": frozenset("*")} for role in ROLES})
    with crowd.app_context(), access.system():
        db.session.add(Rule(setting="conduct_checklist", value="yes"))
        db.session.add(Rule(setting="over_delivery_percent", value="1000"))  # all that was ordered is in shipments
        book = db.session.query(Register).filter_by(code="GS").one()
        order = db.session.get(Order, 4)
        assert order is not None and order.state == "handed_over"
        order.received_at = None
        paper = db.session.get(IncomingDocument, 4)
        assert paper is not None and paper.state == "in_handling"
        paper.register, paper.due_at = book, None
        for key in (5, 6):  # what is kept for now is finished
            finished = db.session.get(IncomingDocument, key)
            assert finished is not None
            finished.state, finished.due_at = "closed", None
        db.session.commit()
        db.session.remove()
    crowd.config["FAB_ROLES"].update({role: [[".*", ".*"]] for role in ROLES})
    yield crowd
    access.configure(ROLES)


@pytest.fixture
def program(wide: Flask) -> Any:
    """`program("PUT", address, body)` as the office manager's own script."""
    client, token = cookie_free(wide), bearer(wide, "office")
    return lambda method, address, body: client.open(address, method=method, json=body, headers=token)


def row(app: Flask, model: Any, key: int) -> dict[str, Any]:
    table = inspect(model).local_table
    with app.app_context(), db.engine.connect() as connection:
        return dict(connection.execute(select(table).where(table.c.id == key)).mappings().one())


def count(app: Flask, model: Any) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(inspect(model).local_table)).scalar_one()


def oldest(app: Flask, model: Any) -> int:
    """The first record of a kind; lines may have gone with a change of the record they belong to."""
    table = inspect(model).local_table
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(func.min(table.c.id))).scalar_one()


def newest(app: Flask, model: Any) -> int:
    table = inspect(model).local_table
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(func.max(table.c.id))).scalar_one()


def open_columns(model: Any) -> set[str]:
    """The columns people are asked for: those of the fields that are not the house's own."""
    return {field.column for field in fields_of(model).values() if not field.derived}


def foreign(model: Any, present: dict[str, Any]) -> dict[str, Any]:
    """Every other column, and the key behind every reference, each with a value that it does not have now."""
    found: dict[str, Any] = dict(TRICKS)
    asked = {name for name, field in fields_of(model).items() if not field.derived}
    for column in inspect(model).local_table.columns:
        if column.name not in asked:
            found[column.name] = _other(column, present.get(column.name))
    for name, field in fields_of(model).items():
        if field.derived:
            found[name] = found.get(field.column, "1")
    return {name: value for name, value in found.items() if name not in asked and name != "version"}


def _other(column: Any, value: Any) -> Any:
    if isinstance(column.type, Numeric):
        return "987654"
    if column.type.python_type is bool:
        return not value
    if column.type.python_type is datetime or isinstance(column.type, DateTime):
        return "2001-02-03T04:05:06"
    if column.type.python_type is int:
        return 3 if value == 2 else 2
    choices = getattr(column.type, "enums", None)
    return next(word for word in choices if word != value) if choices else "越权"


def taken(model: Any, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The columns that changed though nobody was asked for them; some follow from any change."""
    follow = {"version", "changed_at", "search_text"}
    return [name for name in before if name not in open_columns(model) | follow and before[name] != after[name]]


@VIEW
def test_a_program_changes_no_column_it_was_not_asked_for(wide, program, view, record_property):
    model, address = view.model, f"/api/v1/{view.model.kind_name}/{oldest(wide, view.model)}"
    before = row(wide, model, oldest(wide, model))
    sent = foreign(model, before)
    wrong = [
        (name, answer.status_code)
        for name, value in sent.items()
        if (answer := program("PUT", address, {"version": before["version"], name: value})).status_code != 422
    ]
    record_property("columns tried", len(sent))
    assert wrong == []
    assert row(wide, model, oldest(wide, model)) == before


@VIEW
def test_no_version_but_the_present_one_opens_a_record(wide, program, view):
    model, address = view.model, f"/api/v1/{view.model.kind_name}/{oldest(wide, view.model)}"
    before = row(wide, model, oldest(wide, model))
    now = before["version"]
    tricks = (None, str(now), float(now), True, now - 1, now + 1, -1, 2**70, [now], {"": now}, "*", "null")
    answers = {repr(trick): program("PUT", address, {"version": trick}).status_code for trick in tricks}
    answers["no version"] = program("PUT", address, {}).status_code
    assert set(answers.values()) <= {409, 422}, answers
    assert row(wide, model, oldest(wide, model)) == before


@VIEW
def test_a_program_adds_no_column_it_was_not_asked_for(wide, program, view, record_property):
    model, address = view.model, f"/api/v1/{view.model.kind_name}/"
    good = valid(model)
    before, sent = count(wide, model), foreign(model, {}) | {"version": 7}
    wrong = [name for name, value in sent.items() if program("POST", address, {**good, name: value}).status_code != 422]
    record_property("columns tried", len(sent))
    assert wrong == []
    assert count(wide, model) == before
    added = program("POST", address, good)
    assert added.status_code == 201, added.text  # it was the one column that was refused


def valid(model: Any) -> dict[str, Any]:
    """What a program sends to add a record."""
    asked = {name: field for name, field in fields_of(model).items() if not field.derived}
    good = {name: value for name, value in plausible(asked).items() if name in asked}
    unique = {
        name: f"{value}{model.kind_name}"
        for name, value in good.items()
        if asked[name].kind in ("line", "number", "prose", "rich")
    }
    return {
        **good,
        **{name: value[: asked[name].length] for name, value in unique.items()},
        **lines(model),
        **meant(model),
    }


def meant(model: Any, unique: str = "程序") -> dict[str, Any]:
    values = MEANT.get(model.kind_name, {})
    return {name: value.format(unique=unique) if "{unique}" in value else value for name, value in values.items()}


def lines(model: Any) -> dict[str, Any]:
    if not model.lines:
        return {}
    about = fields_of(inspect(model).relationships[model.lines.relation].mapper.class_)
    names = [name for name in model.lines.columns if about[name].required or name == "price"]
    return {model.lines.relation: [{name: value for name, value in plausible(about).items() if name in names}]}


@VIEW
def test_a_form_takes_no_field_it_did_not_show(wide, view, record_property):
    model, browser, key = view.model, sign_in(wide, "office"), oldest(wide, view.model)
    before = row(wide, model, key)
    sent = foreign(model, before)
    answer = browser.post(f"/{view.__name__.lower()}/edit/{key}", data={"version": before["version"], **sent})
    assert answer.status_code in (302, 422)  # some records are past changing
    assert taken(model, before, row(wide, model, key)) == []
    start = getattr(getattr(model, "flow", None), "start", None)
    last, extra = newest(wide, model), foreign(model, usual(model) | {"state": start})
    data = {**valid(model), **LINE, **extra}
    data = {name: str(value) for name, value in data.items() if not isinstance(value, list)} | different(model)
    added = browser.post(f"/{view.__name__.lower()}/add", data=data)
    assert added.status_code == 302, re.sub(r"<[^>]+>|\s+", " ", added.text.partition("<main")[2])[:600]
    made = row(wide, model, newest(wide, model))
    shown = {name: str(value) for name, value in made.items() if name not in open_columns(model)}
    record_property("columns tried", len(sent) + len(extra))
    assert made["id"] > last
    assert {
        name
        for name, value in shown.items()
        if extra.get(name) == value and not isinstance(extra[name], bool) and (model.kind_name, name) not in WORKED_OUT
    } == set()
    assert (made["version"], made["taken_over"]) == (1, False)
    assert made.get("state") == start


def usual(model: Any) -> dict[str, Any]:
    """What the columns hold where nobody says anything: no trick would be seen that says the same."""
    defaults = {column.name: column.default for column in inspect(model).local_table.columns}
    return {name: default.arg for name, default in defaults.items() if default is not None and default.is_scalar}


def different(model: Any) -> dict[str, str]:
    """Other values where a kind takes none twice."""
    fields = {name: field for name, field in fields_of(model).items() if not field.derived}
    words = {
        name: f"表单{name}"[: field.length]
        for name, field in fields.items()
        if field.kind in ("line", "number", "prose", "rich")
    }
    days = {name: "2026-03-03" for name, field in fields.items() if field.kind == "date"}
    return {
        **words,
        **days,
        **({"reader": "2"} if "reader" in fields else {}),
        **meant(model, "表单"),
        **ONCE.get(model.kind_name, {}),
    }


@VIEW
def test_a_step_takes_no_answer_it_did_not_ask_for(wide, program, view, record_property):
    model, flow, tried, key = view.model, getattr(view.model, "flow", None), 0, oldest(wide, view.model)
    before, wrong = row(wide, model, key), []
    for name, step in flow.steps.items() if flow else ():
        for column, value in foreign(model, before).items():
            if column not in step.asks:
                tried += 1
                answer = program(
                    "POST", f"/api/v1/{model.kind_name}/{key}/{name}", {"version": before["version"], column: value}
                )
                if answer.status_code != 422:
                    wrong.append((name, column, answer.status_code))
    record_property("columns tried", tried)
    assert wrong == []
    assert row(wide, model, key) == before


@VIEW
def test_a_sheet_has_no_column_for_what_is_the_houses_own(wide, view, record_property):
    """Past moments, states and numbers of an older ledger come in; keys, versions and accounts do not."""
    model, browser, before = view.model, sign_in(wide, "office"), count(wide, view.model)
    names = {*inspect(model).local_table.columns.keys(), *TRICKS} - fields_of(model).keys()
    names -= {alias for field in fields_of(model).values() for alias in field.aliases}
    sheets = {name: f"{name}\n1\n".encode() for name in sorted(names)}
    wrong = [
        name
        for name, raw in sheets.items()
        if browser.post(f"/{view.__name__.lower()}/import", **upload("x.csv", raw)).status_code != 422
    ]
    record_property("columns tried", len(names))
    assert wrong == []
    assert count(wide, model) == before


def test_a_line_of_another_order_is_not_taken_over(wide, program):
    """Nor does a line take amounts that follow from the others."""
    with wide.app_context(), access.system():
        other = db.session.scalars(select(OrderLine.id).where(OrderLine.order_id != 1)).first()
        db.session.remove()
    version = row(wide, doors.KINDS["orders"], 1)["version"]
    before = row(wide, OrderLine, other)
    line = {
        "id": other,
        "order": 1,
        "order_id": 1,
        "product": 1,
        "quantity": "3",
        "price": "2",
        "net": "999",
        "gross": "999",
    }
    answer = program("PUT", "/api/v1/orders/1", {"version": version, "order_lines": [line]})
    assert answer.status_code in (200, 422)
    assert row(wide, OrderLine, other) == before
    made = row(wide, OrderLine, newest(wide, OrderLine))
    assert Decimal(made["net"]) != 999
