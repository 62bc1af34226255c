"""An order by keyboard in a real browser: two lines, confirmed, amended with a difference in price, shipped."""

from __future__ import annotations

from typing import Any

from app.engine import access
from app.extensions import db
from models.difference_orders import DifferenceOrder
from models.orders import Order
from models.payments import Payment
from tests.browsing import Desk
from tests.conftest import actors_of
from tests.factories import house, place, take


def stored(app: Any) -> dict[str, Any]:
    with app.app_context(), access.system():
        order = db.session.query(Order).one()
        found = {"state": order.state, "money": order.payment_state, "goods": order.fulfilment, "no": order.order_no,
                 "gross": str(order.gross), "revision": order.revision, "pk": order.id, "waybill": order.waybill}  # fmt: skip
        db.session.remove()
    return found


def pick(desk: Desk, name: str, words: str) -> None:
    """Choose from a picker by typing."""
    box = desk.page.locator(f"[name='{name}__text']")
    box.focus()
    desk.page.keyboard.type(words)
    desk.page.wait_for_selector(".picker-list:not([hidden]) >> li")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    assert desk.page.input_value(f"[name='{name}']")


def write(desk: Desk, name: str, words: str) -> None:
    desk.page.focus(f"[name='{name}']")
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.type(words)


def send(desk: Desk) -> None:
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+s")


def step(desk: Desk, pk: int, name: str) -> None:
    """Open the form of a step from the order's page."""
    desk.go(f"/orderview/show/{pk}")
    desk.page.focus(f"a[href$='/step/{pk}/{name}']")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")


def pay(app: Any, amount: str) -> None:
    with app.app_context():
        actors = actors_of(db.session)
        with access.system():
            order = db.session.query(Order).one()
        take(db.session, actors["order_admin"], order, "record_payment", amount=amount, account="中行",
             reference=f"R{amount}")  # fmt: skip
        with access.system():
            payment = db.session.query(Payment).order_by(Payment.id.desc()).first()
        take(db.session, actors["finance"], payment, "verify")
        db.session.commit()
        db.session.remove()


def test_an_order_is_placed_confirmed_amended_and_shipped_by_keyboard(app, browser, served):
    with app.app_context():
        house(db.session, actors_of(db.session))
        db.session.commit()
    sales = Desk(browser, served, "sales")
    sales.go("/orderview/add")
    pick(sales, "customer", "红星")
    write(sales, "qq", "10001")
    pick(sales, "order_lines-0-product", "衬衫")
    write(sales, "order_lines-0-quantity", "10")
    pick(sales, "order_lines-1-product", "鞋")
    write(sales, "order_lines-1-quantity", "1")
    sales.picture("order-form")
    send(sales)
    order = stored(app)
    # 10 × 30.75 = 307.50 and 46.13 tax, 70.00 and 10.50
    assert (order["state"], order["money"], order["goods"], order["gross"]) == (
        "placed",
        "unpaid",
        "reserved",
        "434.13",
    )
    pay(app, "434.13")

    admin, pk = Desk(browser, served, "order_admin"), order["pk"]
    step(admin, pk, "confirm")
    for name in ("called", "address_valid", "delivery_agreed"):
        admin.page.focus(f"[name={name}]")
        admin.page.keyboard.press("Space")
    send(admin)
    assert stored(app)["state"] == "confirmed"

    admin.go(f"/amendmentview/add?order={pk}")  # the lines of the order stand there, to be written over
    write(admin, "told_number", order["no"])
    write(admin, "told_qq", "10001")
    pick(admin, "amendment_lines-1-product", "衬衫")
    write(admin, "amendment_lines-1-quantity", "3")
    admin.picture("amendment-form")
    send(admin)
    admin.picture("amendment")
    with app.app_context(), access.system():
        (difference,) = db.session.query(DifferenceOrder)
        # three shirts more are 92.25 and 13.84 tax, the shoes were 80.50
        assert str(difference.difference) == "25.59"
        owed, number = difference.id, difference.difference_no
        db.session.remove()
    pay(app, "25.59")
    admin.go(f"/differenceorderview/show/{owed}")
    admin.picture("difference")
    admin.page.focus(f"a[href$='/step/{owed}/match']")
    with admin.page.expect_navigation():
        admin.page.keyboard.press("Enter")
    send(admin)

    step(admin, pk, "assign")
    pick(admin, "person", "胡军")
    send(admin)
    keeper = Desk(browser, served, "warehouse")
    step(keeper, pk, "hand_over")
    send(keeper)
    step(keeper, pk, "ship")
    write(keeper, "carrier", "顺丰")
    write(keeper, "waybill", "SF1")
    send(keeper)
    keeper.picture("order-shipped")
    found = stored(app)
    assert (found["state"], found["money"], found["goods"]) == ("shipped", "paid", "shipped")
    assert (found["gross"], found["revision"], found["waybill"]) == ("459.72", 1, "SF1")
    assert number.startswith("BC")
    assert [one.errors for one in (sales, admin, keeper)] == [[], [], []]
    assert [one.foreign for one in (sales, admin, keeper)] == [[], [], []]


def test_one_box_finds_an_order_by_whatever_its_customer_names(app, browser, served):
    with app.app_context():
        actors = actors_of(db.session)
        house(db.session, actors)
        with access.acting_as(actors["sales"]):
            place(db.session, payment_type="on_account", platform_no="TB20260302001", buyer_account="小红帽88",
                  qq="10001", consignee="钱女士", phone="13812345678")  # fmt: skip
        db.session.commit()
        with access.system():
            number = db.session.query(Order).one().order_no
        db.session.remove()
    desk = Desk(browser, served, "order_admin")
    for words in (number, "TB20260302001", "小红帽88", "10001", "钱女士", "138 1234 5678"):
        desk.go(f"/search?q={words}")
        assert number in desk.page.inner_text("main"), words
    desk.go("/search?q=1381234")
    assert number not in desk.page.inner_text("main")
