"""Orders and their lines, on both databases and at every door."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from app.engine import access, finding, history, tables, transfer
from app.engine import record as records
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, Refused, StepRefused
from app.engine.report_answers import ask
from app.extensions import db
from models import reservations
from models.customers import Customer
from models.grades import CustomerGrade
from models.order_lines import OrderLine
from models.orders import Order
from models.payments import Payment
from models.people import Person
from models.products import Product
from tests.factories import AGREED, LINES, house, place


def pay(take, order, amount, reference):
    take("order_admin", order, "record_payment", amount=amount, account="中行", reference=reference)
    take("finance", order.payments[-1], "verify")


def test_amounts_are_rounded_a_line_and_summed(order):
    assert (order.net, order.tax, order.gross) == (Decimal("358.63"), Decimal("53.80"), Decimal("412.43"))
    assert order.quantity == 11
    assert (order.region, order.consignee, order.address) == ("贵州", "王经理", "解放路1号")


def test_the_lines_of_an_order_ask_for_their_products_together(either_session, order, either_actors):
    products = [product.id for product in either_session.scalars(select(Product))]
    lines = [{"product": str(products[n == 3]), "quantity": "2"} for n in range(12)]
    asked = []

    def note(connection, cursor, statement, *rest):
        asked.append(statement)

    with access.acting_as(either_actors["sales"]):
        event.listen(db.engine, "before_cursor_execute", note)
        records.change(either_session, order, {"order_lines": lines}, [], version=order.version)
        event.remove(db.engine, "before_cursor_execute", note)
    assert [line.product_id for line in order.order_lines] == [products[n == 3] for n in range(12)]
    by_key = [statement for statement in asked if re.match(r"SELECT product.id, .*\nFROM product ", statement)]
    assert len(by_key) == 1


def test_an_order_of_a_salesperson_belongs_to_them_and_their_department(order, either_actors):
    assert order.salesperson_id == either_actors["sales"].own_person_id
    assert order.department_id == either_actors["sales"].department_id
    assert order.due_at == parse_moment("2026-03-09 18:00")
    assert order.order_no.startswith("DD")


def test_changed_and_removed_lines_change_the_order(order, either_session, either_actors):
    first = order.order_lines[0]
    kept = [{"id": str(first.id), "product": "A", "quantity": "2", "price": "10", "discount": ""}]
    with access.acting_as(either_actors["order_admin"]):
        records.change(
            either_session,
            order,
            {"order_lines": kept, "promised_at": "2026-03-10"},
            ["promised_at"],
            version=order.version,
        )
        assert (order.net, order.quantity) == (20, 2)
        assert order.due_at == parse_moment("2026-03-10")
        assert either_session.query(OrderLine).count() == 1
    with access.system():
        assert {one.product_no: one.reserved for one in either_session.query(Product)} == {"A": 2, "B": 0}
        assert history.verify(either_session, [Order, OrderLine]) > 0


@pytest.mark.parametrize(
    "line",
    [{"quantity": "0"}, {"quantity": "-1"}, {"discount": "1.5"}, {"price": "-1"}, {"product": "X"}, {"quantity": ""}],
)
def test_a_line_that_cannot_be_is_refused(either_session, either_actors, line):
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]), pytest.raises(Invalid):
        place(either_session, order_lines=[{**LINES[0], **line}])


def test_an_order_needs_a_line(either_session, either_actors):
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        with pytest.raises(Invalid):
            place(either_session, order_lines=[])
        with pytest.raises(Invalid):
            records.add(either_session, Order, {"customer": "C1", "payment_type": "prepaid", "placed_at": "2026-03-02"})


def test_a_prepaid_order_goes_all_the_way_once_it_is_paid(order, either_session, take):
    with pytest.raises(StepRefused):
        take("order_admin", order, "confirm", **AGREED)
    pay(take, order, "100", "R1")
    with pytest.raises(StepRefused):
        take("order_admin", order, "confirm", **{**AGREED, "called": False})
    take("order_admin", order, "confirm", **AGREED)
    with access.system():
        keeper = finding.by_name(either_session, Person, "胡军")
    take("order_admin", order, "assign", person=keeper)
    take("warehouse", order, "hand_over")
    with pytest.raises(StepRefused, match=r"312\.43"):
        take("warehouse", order, "ship", carrier="顺丰", waybill="SF1")
    pay(take, order, "312.43", "R2")
    take("warehouse", order, "ship", carrier="顺丰", waybill="SF1")
    with pytest.raises(StepRefused):
        take("order_admin", order, "complete")
    take("order_admin", order, "receive")  # received and paid: complete by itself
    with access.system():
        stock = [product.stock for product in either_session.query(Product).order_by(Product.product_no)]
        assert history.verify(either_session, [Order, OrderLine, Payment, Product]) > 0
    assert (order.state, order.owed, stock) == ("completed", 0, [90, 4])


def test_what_is_not_in_stock_is_not_confirmed(either_session, either_actors, take):
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        order = place(
            either_session,
            payment_type="on_account",
            order_lines=[{"product": "B", "quantity": "3"}, {"product": "B", "quantity": "3"}],
        )
    either_session.commit()
    with pytest.raises(StepRefused, match="5"):
        take("order_admin", order, "confirm", **AGREED)


def test_a_note_is_taken_also_where_the_goods_are_short_and_other_goods_are_not(either_session, either_actors):
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        order = place(either_session, payment_type="prepaid", order_lines=[{"product": "B", "quantity": "4"}])
    either_session.commit()
    with access.system():  # kept long enough, and sold to others
        reservations.release(either_session, order, "保留期满")
        order.order_lines[0].product.stock = Decimal(2)
        either_session.commit()
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, order, {"note": "周末送"}, ["note"], version=order.version)
        either_session.commit()
        line = order.order_lines[0]
        lines = [{"id": str(line.id), "product": str(line.product_id), "quantity": "5"}]
        with pytest.raises(Refused, match="2"):
            records.change(either_session, order, {"order_lines": lines}, [], version=order.version)
        assert (order.note, order.order_lines[0].quantity) == ("周末送", 4)


def test_an_order_on_hold_goes_on_where_it_stood(order, take):
    take("order_admin", order, "hold", reason="款项未到")
    assert order.state == "on_hold"
    take("order_admin", order, "resume")
    assert (order.state, order.held_in) == ("placed", None)


def test_after_hand_over_the_goods_stay_as_they_are(order, either_session, either_actors, take):
    take("order_admin", order, "cancel", reason="客户取消")
    assert order.closed_at is not None and order.cancelled_at is not None
    with access.acting_as(either_actors["order_admin"]), pytest.raises(Invalid):
        records.change(either_session, order, {"address": "别处"}, ["address"], version=order.version)


@pytest.mark.parametrize(
    "who, count", [("sales", 1), ("order_admin", 1), ("warehouse", 1), ("sales_b", 0), ("clerk", 0)]
)
def test_salespeople_see_their_own_orders_and_the_office_all(order, either_session, either_actors, take, who, count):
    take("order_admin", order, "record_payment", amount="10")
    with access.acting_as(either_actors[who]):
        assert either_session.query(Order).count() == count
        assert either_session.query(OrderLine).count() == 2 * count
        assert either_session.query(Payment).count() == count


# Import


ORDERS = """order_no,customer_no,payment_type,placed_at,confirmed_at,shipped_at,received_at,promised_at,cancelled_at,status,region,salesperson,total
1,C1,prepaid,2026-01-31 23:30,2026-02-01,2026-02-02,2026-02-05,2026-02-10,,,贵州,吴磊,
2,C1,on_account,2026-02-01 00:30,,,,2026-02-10,,,,,500.00
3,C1,cash_on_delivery,2026-02-03,,,,,2026-02-04,,,徐静,80
4,C9,third_party,2026-02-03,2026-02-04,,,2026-02-10,,on_hold,,,70.10
"""
ROWS = """order_no,product_no,quantity,price,discount
1,A,10,,0.05
1,B,1,70,0.05
1,B,-1,10,
4,B,3,,
"""


def bring(session, kind, text, **options):
    headings, rows = tables.read_table("x.csv", text.encode())
    outcome = transfer.import_rows(session, records.kinds()[kind], headings, rows, **options)
    assert outcome.faults == []
    return outcome.imported


@pytest.fixture
def ledger(either_session, either_actors):
    house(either_session, either_actors)
    with access.system():
        assert bring(either_session, "orders", ORDERS, create_missing=True) == 4
        assert bring(either_session, "order_lines", ROWS) == 4
        either_session.commit()
        yield either_session


def test_the_state_of_an_order_taken_over_follows_from_its_moments(ledger):
    orders = ledger.query(Order).order_by(Order.order_no).all()
    assert [order.state for order in orders] == ["completed", "placed", "cancelled", "on_hold"]
    assert [order.closed_at is not None for order in orders] == [True, False, True, False]
    assert orders[1].due_at == parse_moment("2026-02-10")
    assert orders[0].department.name == "业务部"


def test_lines_taken_over_make_the_amounts_and_a_stated_total_stands_where_there_are_none(ledger):
    orders = ledger.query(Order).order_by(Order.order_no).all()
    assert [(order.net, order.gross, order.quantity) for order in orders] == [
        (Decimal("348.63"), Decimal("348.63"), 10), (500, 500, 0), (80, 80, 0), (210, 210, 3),
    ]  # fmt: skip
    assert history.verify(ledger, [Order, OrderLine]) > 0


def test_the_summary_counts_every_order_placed_by_the_office_month(ledger):
    rows = ask(ledger, "order_summary", {"by": "month"}).rows
    assert [(r["month"], r["orders"], r["net"], r["cancelled"], r["cancelled_net"]) for r in rows] == [
        ("2026-01", 1, Decimal("348.63"), 0, 0), ("2026-02", 3, Decimal("790.00"), 1, 80),
    ]  # fmt: skip


def test_by_product_an_order_counts_once_a_product_and_one_without_lines_by_its_total(ledger):
    rows = ask(ledger, "order_summary", {"by": "product"}).rows
    assert [(r["product"], r["orders"], r["quantity"], r["net"]) for r in rows] == [
        ("", 2, 0, 580), ("A", 1, 10, Decimal("292.13")), ("B", 2, 3, Decimal("266.50")),
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["status", "payment_type", "customer", "salesperson", "region", "customer,month"])
def test_every_grouping_adds_up_to_the_same(ledger, by):
    rows = ask(ledger, "order_summary", {"by": by}).rows
    assert (sum(r["orders"] for r in rows), sum(r["net"] for r in rows)) == (4, Decimal("1138.63"))


# Pages


def test_a_salesperson_places_an_order_on_the_page_and_another_finds_every_door_closed(session, actors, client):
    house(session, actors)
    session.commit()
    with access.system():
        customer, product = (
            session.query(Customer.id).scalar(),
            session.query(Product.id).order_by(Product.id).first()[0],
        )
    session.commit()
    browser = client("sales")
    form = {"customer": customer, "payment_type": "on_account", "placed_at": "2026-03-02T09:00", "form_key": "k",
            "order_lines-0-product": product, "order_lines-0-quantity": "2", "order_lines-0-price": ""}  # fmt: skip
    assert browser.get("/orderview/add").status_code == 200
    assert browser.post("/orderview/add", data=form).status_code == 302
    with access.system():
        order, gross = session.query(Order.id, Order.gross).one()
    session.commit()
    assert gross == Decimal("70.73")
    assert "衬衫" in browser.get(f"/orderview/show/{order}").text
    assert browser.get(f"/orderview/edit/{order}").status_code == 200
    stranger = client("sales_b")
    doors = [f"show/{order}", f"edit/{order}", f"step/{order}/cancel"]
    assert [stranger.get(f"/orderview/{door}").status_code for door in doors] == [404, 404, 404]


def test_a_line_that_is_only_changed_on_the_page_stays_the_same(session, actors, client):
    """Goods are reserved and shipped for a line: it must not become another because a note was written."""
    house(session, actors)
    with access.system():
        order = place(session)
        pk, first, second = order.id, *order.order_lines
        sent = {
            "customer": order.customer_id, "payment_type": order.payment_type, "version": order.version,
            "placed_at": "2026-03-02T09:00", "note": "周末送",
        }  # fmt: skip
        lines = [{"id": one.id, "product": one.product_id, "quantity": "2"} for one in (first, second, second)]
        (kept, gone), product = (first.id, second.id), first.product_id
    session.commit()
    session.remove()
    browser = client("order_admin")
    page = browser.get(f"/orderview/edit/{pk}").text
    assert [int(key) for key in re.findall(r'name="order_lines-\d-id" value="(\d+)"', page)] == [kept, gone]

    def posted(*lines, version):
        form = {f"order_lines-{n}-{name}": value for n, line in enumerate(lines) for name, value in line.items()}
        assert browser.post(f"/orderview/edit/{pk}", data=sent | form | {"version": version}).status_code == 302
        with access.system():
            found = session.get_one(Order, pk)
            answer = [(one.id, one.quantity) for one in found.order_lines], found.version
        session.remove()
        return answer

    now_there, version = posted(lines[0], {"id": "", "product": product, "quantity": "7"}, version=sent["version"])
    assert now_there[0] == (kept, 2) and [quantity for _key, quantity in now_there] == [2, 7]
    assert gone not in dict(now_there)
    # Named twice, or another order's: it is a line of its own.
    again, _version = posted(lines[0], lines[0], lines[2], version=version)
    assert again[0] == (kept, 2) and len(again) == len(dict(again)) == 3 and gone not in dict(again)


@pytest.mark.parametrize("view", ["orderview", "orderlineview", "paymentview", "customerview", "customercontactview"])
def test_the_lists_open(client, view):
    assert client("order_admin").get(f"/{view}/list/").status_code == 200


def test_a_discount_agreed_later_leaves_a_confirmed_order_alone(either_session, either_actors, take):
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        order = place(either_session, payment_type="on_account", order_lines=[{"product": "A", "quantity": "1"}])
    either_session.commit()
    take("order_admin", order, "confirm", **AGREED)
    with access.system():
        gross = order.gross
        either_session.add(CustomerGrade(name="金", discount=Decimal("0.1")))
        order.customer.grade = "金"
        either_session.commit()
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, order, {"note": "周末送"}, ["note"], version=order.version)
        either_session.commit()
    with access.system():
        assert (order.gross, order.note, order.order_lines[0].discount) == (gross, "周末送", None)


def test_amounts_that_fit_no_column_are_refused_in_words(order, either_session, either_actors):
    """999,999,999,999 × 30.75 has more digits than are kept; so has the sum of two lines that fit by themselves."""
    line = {"product": "A", "quantity": "999999999999"}
    dear = {"product": "A", "quantity": "1", "price": "9000000000000"}
    with access.acting_as(either_actors["sales"]):
        for lines in ([line], [dear, dear]):
            with pytest.raises(Invalid, match="15"):
                place(either_session, order_lines=lines)
            either_session.rollback()
            with pytest.raises(Invalid, match="15"):
                records.change(either_session, order, {"order_lines": lines}, [], version=order.version)
            either_session.rollback()
        either_session.expire_all()
        assert order.gross == Decimal("412.43")


def test_too_large_a_quantity_keeps_the_form_and_the_service(app, session, actors, client):
    house(session, actors)
    session.commit()
    answer = client("sales").post(
        "/orderview/add",
        data={"customer": "C1", "payment_type": "on_account", "placed_at": "2026-03-02 09:00",
              "order_lines-0-product": "A", "order_lines-0-quantity": "999999999999"},
    )  # fmt: skip
    assert answer.status_code == 422 and "999999999999" in answer.text


@pytest.fixture
def other_customer(order, either_session, either_actors):
    with access.system():
        owner = either_actors["sales"].own_person_id
        other = Customer(
            customer_no="C2", name="绿叶公司", contact="李经理", address="北京路2号", region="北京", owner_id=owner
        )
        either_session.add(other)
        either_session.commit()
    return other


def test_another_customer_brings_along_what_came_from_the_first(order, other_customer, either_session, either_actors):
    with access.acting_as(either_actors["sales"]):
        wish = {"customer": "C2", "address": "南京路3号"}
        records.change(either_session, order, wish, list(wish), version=order.version)
        either_session.commit()
    assert (order.customer, order.consignee, order.region, order.address) == (
        other_customer, "李经理", "北京", "南京路3号",
    )  # fmt: skip


@pytest.mark.parametrize("verified", [False, True])
def test_the_money_of_one_customer_never_pays_the_order_of_another(
    order, other_customer, either_session, either_actors, take, verified
):
    """Totals equal the ledger (7.2): an order stays with whose money is recorded for it, announced or seen."""
    take("order_admin", order, "record_payment", amount="100", account="中行", reference="R1")
    if verified:
        take("finance", order.payments[-1], "verify")
    with access.acting_as(either_actors["sales"]), pytest.raises(Invalid) as refusal:
        records.change(either_session, order, {"customer": "C2"}, ["customer"], version=order.version)
    assert list(refusal.value.errors) == ["customer"]
    either_session.rollback()
    if not verified:
        take("finance", order.payments[-1], "reject", reason="查无此款")
        with access.acting_as(either_actors["sales"]):
            records.change(either_session, order, {"customer": "C2"}, ["customer"], version=order.version)


def test_an_order_is_placed_by_its_step_and_never_made_a_draft_again(order, either_session, either_actors, take):
    with access.acting_as(either_actors["sales"]):
        draft = place(either_session, as_draft=True)
        either_session.commit()
        for one, wish in ((order, True), (draft, False)):
            with pytest.raises(Invalid) as refusal:
                records.change(either_session, one, {"as_draft": wish}, ["as_draft"], version=one.version)
            assert list(refusal.value.errors) == ["as_draft"]
            either_session.rollback()
    take("sales", draft, "place")
    assert (draft.state, draft.as_draft, order.state, order.as_draft) == ("placed", False, "placed", False)
