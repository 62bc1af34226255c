"""Whole procedures of selling: 客户订单管理系统 (A1), 订单处理流程 (M1) and 商服部订单处理流程 (M2), sentence by sentence.

Texts: A1 "系统概述" and 1.2, M1 1 to 2.3, M2 1.1 and 1.2. The clock stands at 2026-03-02 09:00:10.
"""

import csv
import io
import re
from decimal import Decimal

import pytest

from app.engine import access
from app.extensions import db
from app.web.own_order import address_of
from models.customers import Customer
from models.orders import Order
from models.people import Person
from models.products import Product
from tests.factories import AGREED
from tests.scenarios import House, moment

ORDERS, PAYMENTS, REFUNDS, SHIPMENTS = "orders", "payments", "refunds", "shipments"
AMENDMENTS, RETURNS, DIFFERENCES = "amendments", "order_returns", "difference_orders"
ENGLISH = {"Accept-Language": "en"}
#: A door that is closed to a role, or a step that is not its own or not possible now.
GONE = (403, 404, 409)
GOODS = (
    ("A", "衬衫", "CS-1", "白", "M", "30.75", "0.15", "100"), ("B", "鞋", "XZ-7", "黑", "42", "70", "0.15", "5"),
    ("A2", "衬衫", "CS-1", "蓝", "M", "30.75", "0.15", "100"), ("A3", "衬衫", "CS-1", "白", "XL", "30.75", "0.15", "0"),
)  # fmt: skip
#: 10 × 30.75 and 1 × 70 less 5 % with 15 % tax each: 358.63 net, 53.80 tax
LINES = [{"product": "A", "quantity": "10", "discount": "0.05"}, {"product": "B", "quantity": "1", "discount": "0.05"}]
GROSS = "412.43"


@pytest.fixture
def house(app, clock):
    """Two salespeople, each with a customer, and what is sold."""
    with app.app_context(), access.system():
        people = {one.name: one for one in db.session.query(Person)}
        for number, name, model, colour, size, price, tax, stock in GOODS:
            product = Product(product_no=number, name=name, model=model, colour=colour, size=size)
            product.price, product.tax_rate, product.stock = Decimal(price), Decimal(tax), Decimal(stock)
            db.session.add(product)
        red = Customer(customer_no="C1", name="红星商贸", contact="王经理", address="解放路1号", phone="13812345678")
        sea = Customer(customer_no="C2", name="东海贸易", contact="林女士", address="海滨路9号")
        red.region, red.owner, sea.region, sea.owner = "贵州", people["吴磊"], "浙江", people["徐静"]
        db.session.add_all([red, sea])
        db.session.commit()
        db.session.remove()
    return House(app)


def placed(house, who="sales", **values):
    """What a customer ordered, as its salesperson enters it; the number."""
    raw = {"customer": "C1", "payment_type": "prepaid", "placed_at": "2026-03-02 09:00", "qq": "10001",
           "buyer_account": "红星旺旺", "order_lines": LINES, "confirmed": True}  # fmt: skip
    return house.add(who, ORDERS, **{**raw, **values})["id"]


def paid(house, order, amount=GROSS, reference="R1", **values):
    """The money is announced by sales and seen by finance; the payment."""
    house.take("sales", ORDERS, order, "record_payment", amount=amount, account="中行", reference=reference, **values)
    payment = house.find("finance", PAYMENTS, order=order)[-1]["id"]
    house.take("finance", PAYMENTS, payment, "verify")
    return payment


def keeper(house):
    return next(one["id"] for one in house.find("order_admin", "people") if one["name"] == "胡军")


def assigned(house, order):
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    return house.take("order_admin", ORDERS, order, "assign", person=keeper(house))


def with_keeper(house, order):
    assigned(house, order)
    return house.take("warehouse", ORDERS, order, "hand_over")


def sent(house, order):
    with_keeper(house, order)
    return house.take("warehouse", ORDERS, order, "ship", carrier="顺丰", waybill="SF1")


def asked(house, kind, order, **values):
    """What a customer asks for about an order, known by the consignee and the QQ number."""
    told = {"order": order, "channel": "wangwang", "told_consignee": "王经理", "told_qq": "10001"}
    return house.add("order_admin", kind, **{**told, **values})


def goods(house):
    """product -> what is there and what of it is reserved"""
    return {
        one["product_no"]: (int(float(one["stock"])), int(float(one["reserved"])))
        for one in house.find("warehouse", "products")
    }


def axes(house, order):
    """State, payment and fulfilment of an order."""
    found = house.see("auditor", ORDERS, order)
    return found["state"], found["payment_state"], found["fulfilment"]


def rows_of(browser, report, **asked):
    sent = browser.get(f"/reports/{report}.csv", headers=ENGLISH, query_string=asked)
    return list(csv.DictReader(io.StringIO(sent.text.removeprefix("\ufeff"))))


# A1 客户订单管理系统


@pytest.mark.parametrize("who", ["order_admin", "office"])
def test_a1_every_customer_order_and_product_is_looked_up_and_corrected_at_any_time(house, who):
    """使他们能够随时查询每一个客户,每一笔订单,每一件商品的详细情况,并且对这些信息做出及时准确的修改与维护"""
    mine, other = placed(house), placed(house, "sales_b", customer="C2")
    assert {one["id"] for one in house.find(who, ORDERS)} == {mine, other}
    assert {one["name"] for one in house.find(who, "customers")} == {"红星商贸", "东海贸易"}
    assert len(house.find(who, "products")) == len(GOODS)
    (customer,) = house.find(who, "customers", q="红星")
    assert house.correct(who, "customers", customer["id"], address="解放路2号")["address"] == "解放路2号"
    (product,) = house.find(who, "products", q="XZ-7")
    assert house.correct(who, "products", product["id"], price="71")["price"].startswith("71")
    assert house.correct(who, ORDERS, other, address="海滨路10号")["address"] == "海滨路10号"
    assert house.see(who, ORDERS, mine)["gross"] == GROSS  # the product's new price is none of a placed order's


def test_a1_customer_and_product_make_the_order_and_its_amounts(house):
    """能够将客户于商品的关系明显的联系起来,并且生成订单信息 … 简化了数据的录入,计算,修改的工作量"""
    order = house.see("sales", ORDERS, placed(house))
    assert (order["consignee"], order["address"], order["region"]) == ("王经理", "解放路1号", "贵州")
    assert (order["net"], order["tax"], order["gross"]) == ("358.63", "53.80", GROSS)
    assert order["salesperson"]["text"] == "吴磊" and order["order_no"].startswith("DD2026-")


@pytest.mark.parametrize("who", ["sales_manager", "leader", "office", "manager"])
def test_a1_managers_of_every_level_see_the_customers_of_the_whole_country(house, client, who):
    """各级管理者可随时掌握全国客户的情况"""
    placed(house), placed(house, "sales_b", customer="C2")
    if who != "manager":  # who reads reports alone
        assert {one["region"] for one in house.find(who, "customers")} == {"贵州", "浙江"}
    assert {row["Region"] for row in rows_of(client(who), "order_summary", by="region")} == {"贵州", "浙江"}
    assert [one["region"] for one in house.find("sales", "customers")] == ["贵州"]


def test_a1_dealing_in_the_back_room_is_seen(house, client):
    """避免业务人员的"暗箱操作" """
    order = placed(house, order_lines=LINES[:1])
    (line,) = house.find("sales", "order_lines", order=order)
    lines = [{"id": line["id"], "product": "A", "quantity": "10", "price": "28", "discount": "0.3"}]
    house.correct("sales", ORDERS, order, order_lines=lines)
    seen = [
        (row["Who"], row["Value before"], row["Value after"])
        for row in rows_of(client("sales_manager"), "dealing_changes")
    ]
    assert {("吴磊", "30.7500", "28.0000"), ("吴磊", "0.050000", "0.300000")} <= set(seen)
    assert client("sales_b").get("/reports/dealing_changes.csv").text.count("吴磊") == 0
    (customer,) = house.find("sales", "customers")
    assert house.hidden("sales_b", "customers", customer["id"]) and house.hidden("sales_b", ORDERS, order)
    for _time in range(6):  # more than five a day
        with client("sales").get("/customerview/export.csv") as answer:
            assert answer.status_code == 200
    bursts = rows_of(client("sales_manager"), "export_bursts")
    assert ("吴磊", "6", "Yes") in [(row["Person"], row["Number of exports"], row["Unusually many"]) for row in bursts]


def test_a1_a_salesperson_leaves_and_no_customer_is_lost(house, clock):
    """避免…由于业务人员的流失造成公司客户流失现象的发生"""
    people = {one["name"]: one["id"] for one in house.find("sales_manager", "people")}
    open_one, done = placed(house), placed(house, payment_type="on_account", qq="10002")
    sent(house, done)
    house.take("order_admin", ORDERS, done, "receive")
    house.take("order_admin", ORDERS, done, "complete")
    (customer,) = house.find("sales", "customers")
    raw = {"leaver": people["吴磊"], "receiver": people["徐静"], "effective_on": "2026-03-10", "reason": "离职"}
    assert house.not_added("sales", "customer_handovers", **raw)[0] == 403
    handover = house.add("sales_manager", "customer_handovers", **raw)["id"]
    (line,) = house.find("sales_manager", "handover_lines", handover=handover)
    assert (line["open_orders"], line["owed"]) == (1, str(2 * Decimal(GROSS)))
    assert house.refused("sales_manager", "customer_handovers", handover, "approve")[0] in GONE  # nobody confirmed yet
    assert house.refused("sales_manager", "handover_lines", line["id"], "confirm_customer")[0] in GONE
    house.take("sales_b", "handover_lines", line["id"], "confirm_customer", remark="已通话")
    house.take("sales_manager", "customer_handovers", handover, "approve")
    assert house.hidden("sales_b", ORDERS, open_one)  # not before its day
    clock.ahead(days=8)
    house.sweep()
    assert house.see("sales_b", "customers", customer["id"])["owner"]["text"] == "徐静"
    assert house.see("sales_b", ORDERS, open_one)["salesperson"]["text"] == "徐静"
    assert house.see("auditor", ORDERS, done)["salesperson"]["text"] == "吴磊"  # who earned it
    assert house.hidden("sales", "customers", customer["id"]) and house.hidden("sales", ORDERS, open_one)
    owners = house.find("sales_manager", "customer_owners", customer=customer["id"])
    assert [one["owner"]["text"] for one in owners] == ["吴磊", "徐静"]


def test_a1_information_is_browsed_queried_and_put_out(house, client):
    """对信息系统中的信息进行浏览、查询和输出"""
    placed(house)
    browser = client("order_admin")
    for view in ("orderview", "customerview", "productview"):
        assert browser.get(f"/{view}/list/").status_code == 200
        for suffix in ("csv", "xlsx"):
            with browser.get(f"/{view}/export.{suffix}") as answer:
                assert answer.status_code == 200 and answer.data


# M1 1 订单处理类型


def test_m1_1_through_a_platform_the_money_comes_once_the_buyer_has_the_goods(house):
    """客户把钱打进第三方平台的账户,第三方平台通知卖家,卖家确认订单信息并发货,客户确认收货,第三方平台把货款打入卖家账户。"""
    order = placed(house, payment_type="third_party", platform_no="TB-77")
    assert goods(house)["A"] == (100, 0)  # reserved when the platform has the money
    assert house.refused("order_admin", ORDERS, order, "confirm", **AGREED)[0] == 409
    house.take("sales", ORDERS, order, "record_payment", amount=GROSS, reference="TB-77-1")
    (payment,) = house.find("finance", PAYMENTS, order=order)
    assert (payment["kind"], payment["state"]) == ("escrow", "recorded")
    assert house.refused("order_admin", PAYMENTS, payment["id"], "verify")[0] in GONE
    house.take("finance", PAYMENTS, payment["id"], "verify")
    assert axes(house, order) == ("placed", "escrowed", "reserved")
    assert house.refused("finance", PAYMENTS, payment["id"], "verify")[0] in GONE  # once
    sent(house, order)
    assert axes(house, order) == ("shipped", "escrowed", "shipped")
    assert house.take("order_admin", ORDERS, order, "receive")["state"] == "shipped"  # not ours yet
    assert house.refused("order_admin", ORDERS, order, "complete")[0] == 409
    assert house.refused("order_admin", PAYMENTS, payment["id"], "release")[0] in GONE
    house.take("finance", PAYMENTS, payment["id"], "release", payout_no="P1")
    assert axes(house, order) == ("completed", "paid", "received")


@pytest.mark.parametrize("method", ["remittance", "transfer", "online"])
def test_m1_1_paid_in_advance_is_delivered_only_after_the_payment_is_seen(house, method):
    """款到发货订单:商城需要确认收到用户的付款,才进行送货,例如采取邮局汇款、银行电汇、更多的是网银在线支付。"""
    order = placed(house)
    assert axes(house, order) == ("placed", "unpaid", "reserved")
    assert house.see("sales", ORDERS, order)["pay_until"] is not None
    payment = house.add("sales", PAYMENTS, order=order, amount=GROSS, method=method, paid_at="2026-03-02 09:00",
                        account="中行", reference="R1")["id"]  # fmt: skip
    assert axes(house, order)[1] == "unpaid"  # announced is not seen
    assert house.refused("order_admin", ORDERS, order, "confirm", **AGREED)[0] == 409
    house.take("finance", PAYMENTS, payment, "verify")
    assert axes(house, order)[1] == "paid"
    sent(house, order)
    assert house.take("order_admin", ORDERS, order, "receive")["state"] == "completed"
    assert goods(house) == {"A": (90, 0), "B": (4, 0), "A2": (100, 0), "A3": (0, 0)}


def test_m1_1_cash_on_delivery_is_collected_at_the_door_and_remitted(house):
    """货到付款订单:客户要求与商城进行一手交钱一手交货 … 由平台线下送货上门之后收款;"""
    order = placed(house, payment_type="cash_on_delivery")
    assert goods(house)["A"] == (100, 0)  # reserved when it is confirmed
    assigned(house, order)  # by the order administrator alone: no money comes first
    assert goods(house)["A"] == (100, 10)
    house.take("warehouse", ORDERS, order, "hand_over")
    house.take("warehouse", ORDERS, order, "ship", carrier="顺丰", waybill="SF1")
    (cash,) = house.find("finance", PAYMENTS, order=order)
    assert (cash["state"], cash["amount"], cash["kind"]) == ("expected", GROSS, "courier")
    assert house.take("order_admin", ORDERS, order, "receive")["state"] == "shipped"
    house.take("order_admin", PAYMENTS, cash["id"], "collect")
    assert axes(house, order)[:2] == ("shipped", "unpaid")  # collected is not remitted
    assert house.refused("order_admin", PAYMENTS, cash["id"], "remit", payout_no="P1")[0] in GONE
    house.take("finance", PAYMENTS, cash["id"], "remit", payout_no="P1")
    assert axes(house, order) == ("completed", "paid", "received")


def test_m1_1_who_refuses_the_parcel_at_the_door_pays_nothing_and_the_goods_come_back(house):
    order = placed(house, payment_type="cash_on_delivery")
    sent(house, order)
    house.take("order_admin", ORDERS, order, "refuse_delivery", reason="客户拒收")
    assert axes(house, order) == ("closed", "unpaid", "refused")
    assert [one["state"] for one in house.find("finance", PAYMENTS, order=order)] == ["not_collected"]
    assert goods(house)["A"] == (90, 0)
    (parcel,) = house.find("warehouse", SHIPMENTS, order=order)
    house.take("warehouse", SHIPMENTS, parcel["id"], "take_back")
    assert axes(house, order)[2] == "returned"
    assert goods(house)["A"] == (100, 0) and goods(house)["B"] == (5, 0)


def test_m1_1_on_account_is_completed_on_receipt_and_paid_later(house):
    order = placed(house, payment_type="on_account")
    sent(house, order)
    assert house.see("finance", ORDERS, order)["pay_by"] is not None
    house.take("order_admin", ORDERS, order, "receive")
    if axes(house, order)[0] == "shipped":
        house.take("order_admin", ORDERS, order, "complete")
    assert axes(house, order) == ("completed", "unpaid", "received")
    paid(house, order)
    assert axes(house, order) == ("completed", "paid", "received")


# M1 2 订单处理核心环节


def own_page(house, order):
    """The address of the customer's page, as the order administrator gives it out."""
    house.take("order_admin", ORDERS, order, "give_link")
    with house.app.test_request_context(), access.system():
        return address_of(db.session.get(Order, order)).removeprefix("http://localhost")


def on_page(house, path, **values):
    """The customer sends the form as it is shown, with `values` changed."""
    visitor = house.app.test_client()
    page = visitor.get(path, headers=ENGLISH).text
    shown = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in attributes:
            shown[attributes["name"]] = attributes.get("value", "")
    return visitor.post(path, data={**shown, "do": "change", **values}, headers=ENGLISH)


def test_m1_2_1_the_customer_changes_and_cancels_the_order_until_it_is_confirmed(house):
    """在会员订单提交至后台管理员还未对订单进行确认操作这段时间内,允许会员自行修改、取消自己的订单"""
    order, other = placed(house), placed(house, qq="10002", order_lines=LINES[:1])
    path, other_path = own_page(house, order), own_page(house, other)
    assert on_page(house, path, address="新路2号").status_code == 302
    assert house.see("sales", ORDERS, order)["address"] == "新路2号"
    assert on_page(house, other_path, do="cancel", reason="买错了").status_code == 302
    assert axes(house, other) == ("cancelled", "unpaid", "none")
    assert goods(house)["A"] == (100, 10)
    assert on_page(house, other_path, address="新路3号").status_code in (409, 422)


def test_m1_2_2_a_confirmed_order_is_changed_by_its_customer_no_more(house):
    """会员订单如果已经进行确认,将不能再进行修改"""
    order = placed(house)
    path = own_page(house, order)
    paid(house, order)
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    before = house.see("auditor", ORDERS, order)
    for values in ({"address": "新路2号", "consignee": "王经理"}, {"do": "cancel", "reason": "不要了"}):
        assert on_page(house, path, version=str(before["version"]), **values).status_code in (409, 422)
    assert house.see("auditor", ORDERS, order) == before
    for values in ({"address": "新路2号"}, {"consignee": "李四"}, {"order_lines": LINES[:1]}):  # nor by the form
        assert house.not_corrected("order_admin", ORDERS, order, **values)[0] in (409, 422)


def test_m1_2_2_the_administrator_confirms_by_telephone(house):
    """确认的方式通过电话联系会员进行。确认的内容主要包括会员填写的收获地址是否真实有效、商品配送相关情况"""
    order = placed(house)
    paid(house, order)
    for missing in AGREED:
        code, _words = house.refused("order_admin", ORDERS, order, "confirm", **{**AGREED, missing: False})
        assert code in (409, 422), missing
    for who in ("sales", "sales_manager", "finance", "warehouse"):
        assert house.refused(who, ORDERS, order, "confirm", **AGREED)[0] in GONE, who
    house.take("order_admin", ORDERS, order, "note_call", result="no_answer")
    done = house.take("order_admin", ORDERS, order, "confirm", **AGREED, delivery="周三上午送到")
    assert (done["state"], done["call_result"], done["confirmed_by"]["text"]) == ("confirmed", "agreed", "马超")
    assert (done["delivery_wish"], moment(done["called_at"])) == ("周三上午送到", moment("2026-03-02 09:00:10"))


@pytest.mark.parametrize("payment_type", ["third_party", "prepaid"])
def test_m1_2_2_for_the_first_two_ways_of_paying_finance_has_to_have_seen_the_money(house, payment_type):
    """另外如果付款方式为第一种或第二种,财务人员要在系统后台或银行账户确定货款信息,以便判定是否有效"""
    order = placed(house, payment_type=payment_type)
    code, words = house.refused("order_admin", ORDERS, order, "confirm", **AGREED)
    assert code == 409 and "Finance" in words
    house.take("finance", ORDERS, order, "record_payment", amount=GROSS, reference="R1")
    payment = house.find("finance", PAYMENTS, order=order)[-1]["id"]
    assert house.refused("finance", PAYMENTS, payment, "verify")[0] in GONE  # whoever recorded it does not
    house.take("finance", PAYMENTS, payment, "reject", reason="没有到账")
    assert house.refused("order_admin", ORDERS, order, "confirm", **AGREED)[0] == 409
    paid(house, order, reference="R2")
    assert house.take("order_admin", ORDERS, order, "confirm", **AGREED)["state"] == "confirmed"


def test_m1_2_2_an_order_that_is_not_valid_is_cancelled_directly(house):
    """系统提供管理员对订单进行确认有效与无效的操作处理,无效的订单管理员可以直接取消"""
    order = placed(house)
    paid(house, order, "100.00")
    assert house.refused("order_admin", ORDERS, order, "mark_invalid")[0] in (409, 422)  # a reason from the list
    for who in ("sales", "finance", "warehouse"):
        assert house.refused(who, ORDERS, order, "mark_invalid", because="address")[0] in GONE
    found = house.take("order_admin", ORDERS, order, "mark_invalid", because="address")
    assert (found["state"], found["payment_state"], found["invalid_because"]) == ("invalid", "refund_due", "address")
    (refund,) = house.find("finance", REFUNDS, order=order)
    assert (refund["amount"], refund["state"]) == ("100.00", "waiting")
    assert goods(house)["A"] == (100, 0)
    assert house.refused("order_admin", ORDERS, order, "confirm", **AGREED)[0] in GONE


def test_m1_2_3_a_valid_order_is_assigned_to_whoever_picks_and_dispatches(house):
    """订单进行确认有效后,商城管理员将分配订单到物流配送部门或人员进行备货、出货的处理"""
    order = placed(house)
    paid(house, order)
    assert house.refused("order_admin", ORDERS, order, "assign", person=keeper(house))[0] in GONE  # not confirmed
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    for who in ("sales", "finance", "warehouse"):
        assert house.refused(who, ORDERS, order, "assign", person=keeper(house))[0] in GONE
    found = house.take("order_admin", ORDERS, order, "assign", person=keeper(house))
    assert (found["state"], found["assignee"]["text"]) == ("assigned", "胡军")
    (parcel,) = house.find("warehouse", SHIPMENTS, order=order)
    assert (parcel["state"], parcel["assignee"]["text"]) == ("planned", "胡军")


def test_m1_2_3_the_administrator_marks_how_far_the_delivery_is(house):
    """订单的配送是通过线下进行的。商城管理员根据线下的配送情况修改商城网上订单的配送状态进行标识"""
    order = placed(house)
    paid(house, order)
    assigned(house, order)
    (parcel,) = house.find("order_admin", SHIPMENTS, order=order)
    house.take("order_admin", SHIPMENTS, parcel["id"], "start_picking")
    assert axes(house, order) == ("assigned", "paid", "picking")
    house.take("warehouse", SHIPMENTS, parcel["id"], "hand_over")
    assert axes(house, order) == ("handed_over", "paid", "handed_over")
    for who in ("sales", "finance"):
        assert house.refused(who, ORDERS, order, "ship", carrier="顺丰", waybill="SF1")[0] in GONE
    house.take("order_admin", SHIPMENTS, parcel["id"], "ship", carrier="顺丰", waybill="SF1")
    found = house.see("sales", ORDERS, order)
    assert (found["state"], found["carrier"], found["waybill"]) == ("shipped", "顺丰", "SF1")
    house.take("order_admin", SHIPMENTS, parcel["id"], "deliver")
    assert axes(house, order) == ("completed", "paid", "received")


def test_m1_5_of_an_order_in_two_parcels_each_goes_its_way_and_the_second_completes_it(house):
    order = placed(house)
    paid(house, order)
    assigned(house, order)
    (first,) = house.find("warehouse", SHIPMENTS, order=order)
    line = next(
        one for one in house.find("warehouse", "order_lines", order=order) if one["product"]["text"].startswith("A")
    )
    shirts = {"order_line": line["id"], "quantity": "4"}
    house.correct("warehouse", SHIPMENTS, first["id"], shipment_lines=[shirts])
    house.take("warehouse", SHIPMENTS, first["id"], "hand_over")
    house.take("warehouse", SHIPMENTS, first["id"], "ship", carrier="顺丰", waybill="SF1")
    assert axes(house, order) == ("confirmed", "paid", "part_shipped")  # the rest waits to be assigned
    assert goods(house)["A"] == (96, 6)
    house.take("order_admin", ORDERS, order, "assign", person=keeper(house))
    second = house.find("warehouse", SHIPMENTS, order=order)[-1]["id"]
    held = {
        one["order_line"]["id"]: one["quantity"] for one in house.find("warehouse", "shipment_lines", shipment=second)
    }
    assert sorted(held.values()) == ["1.000", "6.000"]
    too_many = house.not_corrected("warehouse", SHIPMENTS, second, shipment_lines=[{**shirts, "quantity": "7"}])
    assert too_many[0] in (409, 422)
    house.take("warehouse", ORDERS, order, "hand_over")
    house.take("warehouse", ORDERS, order, "ship", carrier="圆通", waybill="YT2")
    assert axes(house, order) == ("shipped", "paid", "shipped")
    house.take("order_admin", SHIPMENTS, first["id"], "deliver")
    assert axes(house, order)[0] == "shipped"
    house.take("order_admin", SHIPMENTS, second, "deliver")
    assert axes(house, order) == ("completed", "paid", "received")
    assert goods(house) == {"A": (90, 0), "B": (4, 0), "A2": (100, 0), "A3": (0, 0)}


def test_m1_5_a_deposit_confirms_the_order_and_the_rest_lets_it_leave(house):
    order = placed(house, deposit="200")
    paid(house, order, "150")
    assert axes(house, order)[1] == "part_paid"
    code, words = house.refused("order_admin", ORDERS, order, "confirm", **AGREED)
    assert code == 409 and "150" in words
    paid(house, order, "50", "R2")
    with_keeper(house, order)
    code, words = house.refused("warehouse", ORDERS, order, "ship", carrier="顺丰", waybill="SF1")
    assert code == 409 and "212.43" in words
    paid(house, order, "212.43", "R3")
    assert axes(house, order)[1] == "paid"
    assert house.take("warehouse", ORDERS, order, "ship", carrier="顺丰", waybill="SF1")["state"] == "shipped"


# M2 1.1 修改订单信息


@pytest.mark.parametrize(
    "group",
    [
        {"consignee": "李四", "phone": "13900000000", "address": "新路2号"},
        {"delivery_method": "express", "delivery_wish": "周三上午"},
        {"amendment_lines": [{"instead_of": "A", "product": "A2", "quantity": "10"}]},
    ],
    ids=["recipient", "delivery", "goods"],
)
def test_m2_1_1_1_recipient_way_of_delivery_and_goods_are_changed(house, group):
    """修改订单信息类型: 1、收货信息 2、送货方式 3、购买的商品信息"""
    order = placed(house)
    number = house.see("sales", ORDERS, order)["order_no"]
    paid(house, order)
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    found = asked(house, AMENDMENTS, order, **group)
    assert (found["state"], found["revision"], bool(found["before"])) == ("applied", 1, True)
    changed = house.see("sales", ORDERS, order)
    assert (changed["order_no"], changed["revision"]) == (number, 1)
    for name in set(group) - {"amendment_lines", "phone"}:
        assert changed[name] == group[name]
    if "amendment_lines" in group:
        assert goods(house)["A"] == (100, 0) and goods(house)["A2"] == (100, 10)
        assert found["difference"] == "0.00" and not house.find("finance", DIFFERENCES)


@pytest.mark.parametrize("channel", ["hotline", "wangwang", "qq", "shangqiao"])
def test_m2_1_1_2_1_the_customer_asks_by_hotline_wangwang_qq_or_shangqiao(house, channel):
    """客户致电客服热线及通过旺旺、QQ、商桥要求修改订单信息"""
    order = placed(house)
    found = asked(house, AMENDMENTS, order, channel=channel, address="新路2号")
    assert (found["channel"], found["state"], found["taken_by"]["text"]) == (channel, "applied", "马超")


def test_m2_1_1_2_2_the_order_is_found_by_its_number_wangwang_qq_and_consignee(house):
    """请客户提供订单号、旺旺ID、QQ及收货人姓名 … 进行检索找到该订单"""
    order = placed(house, platform_no="TB-77")
    placed(house, "sales_b", customer="C2", qq="20002", buyer_account="东海旺旺")
    number = house.see("sales", ORDERS, order)["order_no"]
    for words in (number, "TB-77", "红星旺旺", "10001", "王经理"):
        assert [one["id"] for one in house.find("order_admin", ORDERS, q=words)] == [order], words
    told = {"told_number": number, "told_account": "红星旺旺", "told_qq": "10001", "told_consignee": "王经理"}
    none = dict.fromkeys(told, "")
    for name in told:  # one alone is not enough
        known = {**none, name: told[name]}
        assert house.not_added("order_admin", AMENDMENTS, order=order, address="新路2号", **known)[0] == 422, name
    wrong = {**none, "told_qq": "10001", "told_consignee": "王总"}
    assert house.not_added("order_admin", AMENDMENTS, order=order, address="新路2号", **wrong)[0] == 422
    assert house.see("sales", ORDERS, order)["address"] == "解放路1号"
    pairs = [(one, other) for one in told for other in told if one < other]
    for position, pair in enumerate(pairs):
        known = {**none, **{name: told[name] for name in pair}}
        found = house.add("order_admin", AMENDMENTS, order=order, address=f"新路{position}号", **known)
        assert (found["state"], found["proved"]) == ("applied", 2), pair


@pytest.mark.parametrize("payment_type", ["prepaid", "cash_on_delivery"])
@pytest.mark.parametrize(
    "wanted",
    [{"address": "新路2号"}, {"delivery_wish": "周三"}, {"amendment_lines": [{"instead_of": "A", "quantity": "9"}]}],
)
def test_m2_1_1_2_2_1_a_shipped_order_is_not_changed(house, payment_type, wanted):
    """查看订单状态,如果订单状态显示发货状态拒绝为客户操作修改"""
    order = placed(house, payment_type=payment_type)
    if payment_type == "prepaid":
        paid(house, order)
    sent(house, order)
    before = house.see("auditor", ORDERS, order)
    found = asked(house, AMENDMENTS, order, **wanted)
    assert found["state"] == "refused" and "shipped" in found["refused_because"]
    assert house.see("auditor", ORDERS, order) == before


@pytest.mark.parametrize("reach", [assigned, with_keeper])
def test_m2_1_1_2_2_2_an_order_that_is_not_shipped_is_changed(house, reach):
    """查看订单如果未发货,可修改订单后状态"""
    order = placed(house, payment_type="cash_on_delivery")
    reach(house, order)
    assert asked(house, AMENDMENTS, order, address="新路2号")["state"] == "applied"
    assert house.see("sales", ORDERS, order)["address"] == "新路2号"


@pytest.mark.parametrize(
    "wanted",
    [{"address": "新路2号"}, {"phone": "13900000000"}, {"amendment_lines": [{"instead_of": "A", "product": "A2", "quantity": "10"}]}],
    ids=["address", "telephone", "goods"],
)  # fmt: skip
def test_m2_1_1_2_3_a_paid_order_is_changed_only_until_it_is_with_the_keeper(house, wanted):
    """客户已付款的订单 … 在未发给库管时,可修改相关信息(… 改码数、换款、改地址、电话等,但必须是发给库管前的订单状态)"""
    order = placed(house)
    paid(house, order)
    assigned(house, order)
    assert asked(house, AMENDMENTS, order, **wanted)["state"] == "applied"
    other = placed(house, qq="10001")
    paid(house, other, reference="R2")
    with_keeper(house, other)
    before = house.see("auditor", ORDERS, other)
    found = asked(house, AMENDMENTS, other, **wanted)
    assert found["state"] == "needs_recall"
    assert house.see("auditor", ORDERS, other) == before
    for who in ("sales", "order_admin", "finance"):
        assert house.refused(who, AMENDMENTS, found["id"], "give_back")[0] in GONE
    assert house.refused("warehouse", ORDERS, other, "ship", carrier="顺丰", waybill="SF1")[0] == 409
    assert house.take("warehouse", AMENDMENTS, found["id"], "keep", reason="已装车")["state"] == "refused"
    after = house.see("auditor", ORDERS, other)
    assert (after["address"], after["revision"], after["gross"]) == (before["address"], 0, GROSS)


def test_m2_1_1_3_1_a_house_may_allow_changes_before_stock_preparation_only(house):
    """订单备货前可对订单信息做修改"""
    for group in ("recipient", "delivery", "goods"):
        (rule,) = [one for one in house.find("office", "rules") if one["setting"] == f"cutoff_staff_paid_{group}"] or [
            None
        ]
        raw = {"setting": f"cutoff_staff_paid_{group}", "value": "picking", "source": "订单备货前可对订单信息做修改"}
        if rule is None:
            house.add("office", "rules", **raw)
        else:
            house.correct("office", "rules", rule["id"], value="picking")
    order = placed(house)
    paid(house, order)
    assigned(house, order)
    assert asked(house, AMENDMENTS, order, address="新路2号")["state"] == "applied"
    (parcel,) = house.find("warehouse", SHIPMENTS, order=order)
    house.take("warehouse", SHIPMENTS, parcel["id"], "start_picking")
    assert asked(house, AMENDMENTS, order, address="新路3号")["state"] == "needs_recall"
    assert house.see("sales", ORDERS, order)["address"] == "新路2号"


def test_m2_1_1_3_3_a_price_difference_order_names_the_goods_wanted_and_the_order_it_tops_up(house):
    """客户换购商品需要补差价时,请具体写客户要换的商品款号、尺码、颜色等相关信息,并在补差价订单里注明客户是补哪个订单的差价"""
    order = placed(house, order_lines=[{"product": "A", "quantity": "2"}])  # 61.50 and 9.23 tax
    paid(house, order, "70.73")
    assigned(house, order)
    found = asked(
        house,
        AMENDMENTS,
        order,
        purpose="exchange",
        amendment_lines=[{"instead_of": "A", "product": "B", "quantity": "2"}],
    )
    assert (found["state"], found["difference"]) == ("applied", "90.27")  # 140 and 21 less 70.73
    (difference,) = house.find("finance", DIFFERENCES)
    number = house.see("sales", ORDERS, order)["order_no"]
    assert difference["order"]["id"] == order and difference["order"]["text"] == number
    assert (difference["model"], difference["size"], difference["colour"]) == ("XZ-7", "42", "黑")
    assert "衬衫" in difference["replaced"] and "鞋" in difference["wanted"] and difference["difference"] == "90.27"
    assert goods(house)["A"] == (100, 0) and goods(house)["B"] == (5, 2)
    assert house.refused("warehouse", ORDERS, order, "hand_over")[0] == 409  # until it is matched
    paid(house, order, "90.27", "R2")
    assert house.refused("warehouse", ORDERS, order, "hand_over")[0] == 409
    pk = difference["id"]
    assert house.see("finance", DIFFERENCES, pk)["state"] == "paid"
    assert house.refused("sales", DIFFERENCES, pk, "match")[0] in GONE
    house.take("order_admin", DIFFERENCES, pk, "match")
    assert house.take("warehouse", ORDERS, order, "hand_over")["state"] == "handed_over"
    assert len(house.find("auditor", ORDERS)) == 1  # counted as no order of its own


# M2 1.2 订单发货前退货


def test_m2_1_2_2_1_what_is_shipped_and_cannot_be_got_back_is_not_given_back(house):
    """如果订单已经发货,货物不能追回拒绝此操作"""
    order = placed(house)
    paid(house, order)
    sent(house, order)
    found = asked(house, RETURNS, order)
    assert found["state"] == "recalling"
    assert house.refused("sales", RETURNS, found["id"], "note_gone", reason="已派送")[0] in GONE
    gone = house.take("warehouse", RETURNS, found["id"], "note_gone", reason="已在派送途中")
    assert (gone["state"], gone["refused_because"]) == ("refused", "已在派送途中")
    assert axes(house, order) == ("shipped", "paid", "shipped") and not house.find("finance", REFUNDS)


def test_m2_1_2_2_1_what_is_shipped_and_comes_back_is_given_back(house):
    order = placed(house)
    paid(house, order)
    sent(house, order)
    found = asked(house, RETURNS, order)
    assert house.take("warehouse", RETURNS, found["id"], "note_recalled")["state"] == "refund_due"
    assert axes(house, order) == ("cancelled", "refund_due", "returned")
    assert goods(house)["A"] == (100, 0) and goods(house)["B"] == (5, 0)


def test_m2_1_2_3_the_customer_is_told_to_apply_for_the_refund_24_hours_after_paying(house, clock, client):
    """订单客户已付款,未安排发货 … 退货-告知客户付款24小时后申请退款"""
    order = placed(house)
    paid(house, order, paid_at="2026-03-02 08:20")
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    found = asked(house, RETURNS, order)
    assert found["state"] == "refund_due" and axes(house, order) == ("cancelled", "refund_due", "none")
    assert goods(house)["A"] == (100, 0)  # free at once
    (refund,) = house.find("finance", REFUNDS, order=order)
    assert (refund["state"], refund["amount"]) == ("waiting", GROSS)
    assert moment(refund["earliest_at"]) == moment("2026-03-03 08:20")
    assert "2026-03-03 08:20" in client("order_admin").get(f"/orderreturnview/show/{found['id']}").text
    clock.ahead(hours=23, minutes=19, seconds=49)  # 08:19:59
    code, words = house.refused("order_admin", REFUNDS, refund["id"], "apply")
    assert code == 409 and "08:20" in words
    assert house.refused("finance", REFUNDS, refund["id"], "approve")[0] in GONE
    clock.ahead(seconds=1)
    house.take("order_admin", REFUNDS, refund["id"], "apply")
    assert house.refused("order_admin", REFUNDS, refund["id"], "approve")[0] in GONE
    house.take("finance", REFUNDS, refund["id"], "approve")
    house.take("finance", REFUNDS, refund["id"], "pay_out", account="中行", reference="T1")
    assert house.see("auditor", RETURNS, found["id"])["state"] == "refunded"
    assert axes(house, order)[:2] == ("cancelled", "refunded")


def test_m2_1_2_3_an_exchange_for_less_gives_the_difference_back_and_is_noted_with_the_order(house):
    """换货-确认客户换购商品信息及退补差价,在订单中备注相关联信息"""
    order = placed(house, order_lines=[{"product": "B", "quantity": "2"}])  # 140 and 21 tax
    paid(house, order, "161.00")
    house.take("order_admin", ORDERS, order, "confirm", **AGREED)
    lines = [{"instead_of": "B", "product": "A", "quantity": "2"}]
    found = asked(house, AMENDMENTS, order, purpose="exchange", amendment_lines=lines)
    assert (found["state"], found["difference"]) == ("applied", "-90.27")
    assert "鞋" in found["before"] and "衬衫" in found["before"]
    (refund,) = house.find("finance", REFUNDS, order=order)
    assert (refund["amount"], refund["kind"]) == ("90.27", "difference")
    assert found["amendment_no"] in refund["reason"]
    assert goods(house)["A"] == (100, 2) and goods(house)["B"] == (5, 0)


def test_m2_1_2_3_an_exchange_for_goods_that_are_not_there_changes_nothing(house):
    order = placed(house)
    paid(house, order)
    before = house.see("auditor", ORDERS, order)
    told = {"order": order, "channel": "qq", "told_consignee": "王经理", "told_qq": "10001", "purpose": "exchange"}
    lines = [{"instead_of": "A", "product": "A3", "quantity": "10"}]
    code, words = house.not_added("order_admin", AMENDMENTS, **told, amendment_lines=lines)
    assert code in (409, 422) and "A3" in words
    assert house.see("auditor", ORDERS, order) == before
    assert goods(house)["A"] == (100, 10) and goods(house)["A3"] == (0, 0)


def test_m2_1_2_4_an_unpaid_deal_is_closed_once_the_customer_is_known(house):
    """如果订单未付款,客户要求关闭交易,确认身份后可请直接在系统后台操作关闭交易"""
    order = placed(house)
    stranger = {"order": order, "channel": "hotline", "told_consignee": "王经理", "told_qq": "99"}
    assert house.not_added("order_admin", RETURNS, **stranger)[0] == 422
    assert axes(house, order) == ("placed", "unpaid", "reserved")
    assert asked(house, RETURNS, order)["state"] == "closed"
    assert axes(house, order) == ("closed", "unpaid", "none")
    assert goods(house)["A"] == (100, 0)
