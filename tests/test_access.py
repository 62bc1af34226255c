"""A row a user may not see does not exist for that user at any door; the doors are read off the running app."""

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.extensions import db
from app.menu import VIEWS
from models.customers import Customer
from models.documents import IncomingDocument
from models.order_lines import OrderLine
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.people import Person
from models.products import Product
from models.tickets import ServiceTicket
from seed.roles import ROLES
from tests.conftest import actors_of, sign_in

SECRET = "不该看见的字样"
PART = SECRET[:4]  # what is searched for; a page may repeat it, the whole it may not know
STRANGERS = ("user_b", "head_b", "sales_b", "warehouse", "desk")


def hide(session) -> dict[type, int]:
    """One record of every kind with row access that is department A's business or the first salesperson's alone."""
    with access.system():
        person = session.query(Person).filter_by(name="张小明").one()
        seller = session.query(Person).filter_by(name="吴磊").one()
        product = Product(name="柜", price=1)
        customer = Customer(name=SECRET, owner=seller)
        hidden = [
            IncomingDocument(
                title=SECRET, sender_id=1, received_at=access_moment(), department=person.department, copies=1,
                secrecy="internal", urgency="none",
            ),
            OutgoingDocument(title=SECRET, drafter=person, department=person.department, drafted_at=access_moment()),
            ServiceTicket(
                subject=SECRET, kind="consult", channel="phone", received_at=access_moment(), phone="1",
                department=person.department, taker=person,
            ),
            customer,
            Order(
                customer=customer, salesperson=seller, consignee=SECRET, placed_at=access_moment(), payment_type="prepaid",
                order_lines=[OrderLine(product=product, quantity=1, price=1, discount=0)],
            ),
        ]  # fmt: skip
        for record in (product, *hidden):
            records.store(session, record)
        keys = {type(record): record.id for record in hidden}
        session.commit()
    return keys


def access_moment():
    from app.engine.moments import now

    return now()


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_door_shows_a_hidden_row(app, stranger):
    with app.app_context():
        keys = hide(db.session)
        actor = actors_of(db.session)[stranger]
        with access.acting_as(actor):
            unseen = {model: pk for model, pk in keys.items() if finding.by_key(db.session, model, pk) is None}
        db.session.remove()
    browser = sign_in(app, stranger)
    token = browser.post(
        "/api/v1/security/login", json={"username": stranger, "password": "a-demo-password", "provider": "db"}
    ).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    leaks = []

    def probe(door, answer):
        if SECRET in answer.get_data(as_text=True) or answer.status_code >= 500:
            leaks.append((door, answer.status_code))
        answer.close()

    for view in VIEWS:
        if view.model not in unseen:
            continue
        base, pk, kind = f"/{view.__name__.lower()}", unseen[view.model], view.model.kind_name
        for door in (
            "list/",
            f"list/?q={PART}",
            f"show/{pk}",
            f"edit/{pk}",
            "lookup",
            f"lookup?q={PART}",
            "export.csv",
        ):
            probe(f"{base}/{door}", browser.get(f"{base}/{door}"))
        changed = browser.post(f"{base}/edit/{pk}", data={"version": "1", "title": "x", "name": "x"})
        assert changed.status_code in (403, 404)
        for name in getattr(getattr(view.model, "flow", None), "steps", {}):
            answer = browser.post(f"{base}/step/{pk}/{name}", data={"reason": "x", "version": "1"})
            assert answer.status_code in (403, 404), name
            assert browser.post(f"/api/v1/{kind}/{pk}/{name}", json={}, headers=bearer).status_code in (403, 404)
        for door in ("", f"?q={PART}", str(pk)):
            probe(f"/api/v1/{kind}/{door}", browser.get(f"/api/v1/{kind}/{door}", headers=bearer))
        put = browser.put(f"/api/v1/{kind}/{pk}", json={"version": 1}, headers=bearer)
        assert put.status_code in (403, 404)
        assert browser.get(f"/files/{kind}/{pk}/1").status_code == 404
    probe("search", browser.get(f"/search?q={PART}"))
    probe("home", browser.get("/"))
    assert unseen
    assert leaks == []


def test_a_visitor_is_sent_to_sign_in_at_every_door(app):
    visitor = app.test_client()
    doors = [
        f"/{view.__name__.lower()}/{door}"
        for view in VIEWS
        for door in ("list/", "show/1", "add", "edit/1", "lookup", "export.csv", "import")
    ]
    apis = [f"/api/v1/{view.model.kind_name}/" for view in VIEWS]
    answers = {door: visitor.get(door).status_code for door in doors + apis}
    assert answers == dict.fromkeys(doors, 302) | dict.fromkeys(apis, 401)


def test_with_another_table_of_roles_nobody_has_what_the_former_gave(app, request):
    """Menus are kept by who asks; the same people may ask under another table."""
    request.addfinalizer(lambda: access.configure(ROLES))
    everything = {role: {"*": frozenset("*")} for role in ROLES}
    menus = []
    for table in (everything, ROLES):
        access.configure(table)
        menus.append("/accounts/" in sign_in(app, "user_b").get("/").text)
    assert menus == [True, False]
