"""The papers of an order and the statement of account: what stands on them, for whom, and on how many sheets."""

import re
from datetime import date
from decimal import Decimal

import pytest
from flask_babel import force_locale

from app.engine import access
from app.engine.events import SecurityEvent
from app.engine.moments import local
from app.engine.moments import parse_moment as moment
from app.engine.paper.description import Box, Column, Form, Print, Row, Table, forms_of
from app.engine.paper.faces import chosen
from app.engine.paper.pdf import typeset
from app.engine.rules import Rule
from app.extensions import db
from models.customers import Customer
from models.orders import DELIVERY_METHODS, Order
from models.payments import Payment
from models.products import Product
from models.statements import statement_of
from tests.conftest import actors_of, sign_in
from tests.factories import AGREED, house, place
from tests.test_prints import ROOT, missing, opened, squeezed, text_of

D = Decimal
PAPERS = ("order_confirmation", "pick_list", "delivery_note")
PHONE, MASKED = "13812345678", "138****5678"


def shirts(session):
    """Three variants of a shirt with model, colour and size."""
    for no, colour, size in (("S110", "蓝", "110"), ("S38", "蓝", "38"), ("S39", "白", "39")):
        session.add(Product(product_no=no, name="衬衫", model="K7", colour=colour, size=size, unit="件",
                            price=D("10"), tax_rate=D("0.13"), stock=D("7.5")))  # fmt: skip
    session.flush()


def make(app, change=None, **values):
    """The key and number of an order of two lines; `change(session, order, actors)` takes it further."""
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        with access.system():
            if not session.query(Product).count():
                house(session, actors)
                shirts(session)
        with access.acting_as(actors["sales"]):
            order = place(session, **{"phone": PHONE, "freight": "12.57", "promised_at": "2026-03-09 18:00", **values})
        session.commit()
        if change is not None:
            with access.system():
                change(session, order, actors)
                session.commit()
        with access.system():
            return order.id, order.order_no


def paper(client, form, pk, kind="orders", **args):
    answer = client.get(f"/print/{form}/{kind}/{pk}.pdf", query_string=args)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
    return answer.data


def express(app):
    """What the office calls it."""
    with app.test_request_context(), force_locale("zh"):
        return squeezed(str(DELIVERY_METHODS["express"]))


def test_an_order_has_three_papers_and_a_customer_one():
    assert [one.name for one in forms_of("orders")] == [*PAPERS]
    assert [one.name for one in forms_of("customers")] == ["statement_of_account"]


def test_the_confirmation_says_what_was_ordered_at_what_price(app):
    pk, number = make(app, payment_type="on_account", delivery_method="express", delivery_wish="周末送", deposit="100")
    text = text_of(paper(sign_in(app, "order_admin"), "order_confirmation", pk))
    # 10 x 30.75 and 1 x 70.00, both less 5 %, with 15 % tax each, and 12.57 of freight
    in_their_order = [
        "订单确认单", "订单号" + number, "下单日期2026年3月2日", "客户红星商贸", "付款方式挂账", "收货人王经理", "联系电话" + MASKED,
        "收货地址解放路1号", "送货方式" + express(app), "送货约定周末送", "承诺日期2026年3月9日",
        "序号货号名称款号颜色尺码单位数量单价折扣率不含税金额税额价税合计",
        "1A衬衫1030.755%292.1343.82335.95", "2B鞋170.005%66.509.9876.48", "合计11358.6353.80412.43",
        "运费12.57", "应付总额425.00", "约定定金100.00",
        "金额大写人民币肆佰贰拾伍元整", "已付0.00尚欠425.00", "客户签章供方签章", "日期",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    assert "次修改" not in text and PHONE not in text


def test_a_changed_order_says_the_how_manieth_revision_it_is(app):
    pk, _number = make(app, lambda session, order, actors: setattr(order, "revision", 2))
    for form in PAPERS:
        assert "第2次修改" in text_of(paper(sign_in(app, "order_admin"), form, pk))


def test_the_papers_say_that_an_order_was_called_off(app):
    def cancel(session, order, actors):
        with access.acting_as(actors["order_admin"]):
            order.flow.take(session, order, "cancel", {"reason": "客户改主意"})

    pk, _number = make(app, cancel)
    for form in PAPERS:
        assert "状态：已取消" in text_of(paper(sign_in(app, "order_admin"), form, pk))


def paid(session, order, amount, at="2026-03-03 10:00", reference="R1"):
    session.add(
        Payment(order=order, customer=order.customer, amount=D(amount), paid_at=moment(at), reference=reference,
                account="中行", state="verified", taken_over=True)
    )  # fmt: skip


def test_what_was_paid_is_taken_off_what_is_owed(app):
    pk, _number = make(app, lambda session, order, actors: paid(session, order, "25"))
    assert "已付25.00尚欠400.00" in text_of(paper(sign_in(app, "order_admin"), "order_confirmation", pk))


LINES = [{"product": no, "quantity": quantity} for no, quantity in (("S110", "2"), ("S39", "1"), ("S38", "3"))]


def test_the_pick_list_stands_in_the_order_of_the_shelves_without_price_or_telephone(app):
    pk, number = make(app, order_lines=LINES)
    text = text_of(paper(sign_in(app, "warehouse"), "pick_list", pk))
    in_their_order = [
        "备货单", "订单号" + number, "序号货号名称款号颜色尺码单位应拣数量库存已拣",
        "1S39衬衫K7白39件17.5□", "2S38衬衫K7蓝38件37.5□", "3S110衬衫K7蓝110件27.5□",
        "拣货签名", "复核签名", "库管签收", "交库时间", "库管签收后",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    assert [words for words in ("10.00", "73.45", "12.57", PHONE, MASKED, "红星商贸") if words in text] == []


def test_services_are_not_picked(app):
    def serve(session, order, actors):
        session.query(Product).filter_by(product_no="S38").one().service = True

    pk, _number = make(app, serve, order_lines=LINES)
    text = text_of(paper(sign_in(app, "warehouse"), "pick_list", pk))
    assert "S39" in text and "S38" not in text


def test_the_pick_list_bears_the_keeper_and_the_time_once_the_goods_are_handed_over(app):
    def hand_over(session, order, actors):
        steps = (("order_admin", "confirm", AGREED),
                 ("order_admin", "assign", {"person": actors["warehouse"].own_person_id}), ("warehouse", "hand_over", {}))  # fmt: skip
        for who, step, asked in steps:
            with access.acting_as(actors[who]):
                order.flow.take(session, order, step, asked)

    pk, _number = make(app, hand_over, payment_type="on_account")
    with app.app_context(), access.system():
        at, name = local(db.session.get(Order, pk).handed_over_at), actors_of(db.session)["warehouse"].name
    text = text_of(paper(sign_in(app, "warehouse"), "pick_list", pk))
    assert f"拣货人{name}" in text
    assert squeezed(f"库管签收{name}交库时间{at.year}年{at.month}月{at.day}日 {at:%H:%M}") in text


def shipped(session, order, actors):
    order.state, order.carrier, order.waybill = "shipped", "顺丰", "SF1234567890123"
    order.shipped_at = moment("2026-03-05 16:00")


def test_the_delivery_note_goes_with_the_goods_and_states_no_price(app):
    pk, number = make(app, shipped, payment_type="on_account", delivery_method="express", order_lines=LINES)
    text = text_of(paper(sign_in(app, "order_admin"), "delivery_note", pk))
    in_their_order = [
        "送货单", "订单号" + number, "发货日期2026年3月5日", "收货人王经理", "联系电话" + PHONE, "收货地址解放路1号", "送货方式" + express(app),
        "承运人顺丰", "运单号SF1234567890123", "序号货号名称款号颜色尺码单位数量", "1S110衬衫K7蓝110件2", "2S39衬衫K7白39件1",
        "3S38衬衫K7蓝38件3", "货物数量6", "包裹件数", "备注", "收货签名", "签收日期",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    assert [words for words in ("单价", "10.00", "73.45", "代收", "人民币") if words in text] == []


def test_a_house_that_wants_prices_on_its_delivery_notes_has_them(app):
    def wants(session, order, actors):
        session.query(Rule).filter_by(setting="delivery_note_prices").one().value = "yes"

    pk, _number = make(app, wants, order_lines=LINES)
    text = text_of(paper(sign_in(app, "order_admin"), "delivery_note", pk))
    # 2 x 10.00 and 13 % tax
    assert "数量单价价税合计" in text and "1S110衬衫K7蓝110件210.0022.60" in text


def test_the_courier_collects_what_is_still_owed_in_figures_and_capitals(app):
    pk, _number = make(app, lambda session, order, actors: paid(session, order, "25"), payment_type="cash_on_delivery")
    text = text_of(paper(sign_in(app, "order_admin"), "delivery_note", pk))
    assert "代收货款400.00金额大写人民币肆佰元整" in text


def test_nothing_is_collected_twice(app):
    pk, _number = make(app, lambda session, order, actors: paid(session, order, "425"), payment_type="cash_on_delivery")
    assert "代收货款0.00金额大写人民币零元整" in text_of(paper(sign_in(app, "order_admin"), "delivery_note", pk))


def revealed(app):
    with app.app_context():
        query = db.session.query(SecurityEvent).filter_by(kind="revealed")
        return [(event.subject, event.actor_name, event.detail) for event in query]


@pytest.mark.parametrize(
    "account, full",
    [("order_admin", True), ("sales", True), ("warehouse", True), ("finance", False), ("auditor", False), ("leader", False)],
)  # fmt: skip
def test_the_delivery_note_alone_has_the_number_in_full_for_those_who_may_look_at_it(app, account, full):
    pk, _number = make(app)
    browser = sign_in(app, account)
    for form in ("order_confirmation", "pick_list"):
        assert PHONE not in text_of(paper(browser, form, pk))
    assert revealed(app) == []
    text = text_of(paper(browser, "delivery_note", pk))
    assert ("联系电话" + (PHONE if full else MASKED)) in text and (PHONE in text) == full
    with app.app_context():
        name = actors_of(db.session)[account].name
    assert revealed(app) == ([(f"orders {pk}", name, "phone")] if full else [])


def test_a_blank_paper_tells_nothing_and_reveals_nothing(app):
    pk, number = make(app)
    for form in PAPERS:
        answer = sign_in(app, "order_admin").get(f"/print/{form}/orders/{pk}.html?blank=1").text
        assert [words for words in (number, PHONE, MASKED, "王经理", "衬衫") if words in answer] == []
    assert revealed(app) == []


@pytest.mark.parametrize("account", ["sales_b", "user_b", "desk", "admin"])
def test_a_stranger_prints_no_paper_of_an_order_or_customer(app, account):
    pk, _number = make(app)
    browser = sign_in(app, account)
    doors = [f"/print/{form}/orders/{pk}" for form in PAPERS] + ["/print/statement_of_account/customers/1"]
    answers = {
        browser.get(door + ending).status_code for door in doors for ending in (".pdf", ".html", ".html?blank=1")
    }
    assert answers == {404}


def test_who_reads_customers_but_no_payments_has_no_statement(app):
    make(app)
    browser = sign_in(app, "leader")
    assert "/print/statement_of_account" not in browser.get("/customerview/show/1").text
    assert browser.get("/print/statement_of_account/customers/1.pdf").status_code == 404
    assert "/print/statement_of_account/customers/1.html" in sign_in(app, "finance").get("/customerview/show/1").text


MANY = 120


@pytest.mark.parametrize("form, least", [("order_confirmation", 5), ("pick_list", 4), ("delivery_note", 4)])
def test_a_hundred_and_twenty_lines_flow_onto_more_sheets_under_the_same_head(app, form, least):
    make(app)  # the house
    with app.app_context(), access.system():
        db.session.add_all(
            Product(product_no=f"V{n:03}-A", name=f"第{n}款", price=D(1), tax_rate=D(0)) for n in range(MANY)
        )
        db.session.commit()
    lines = [{"product": f"V{n:03}-A", "quantity": str(n + 1)} for n in range(MANY)]
    pk, number = make(app, order_lines=lines)
    content = paper(sign_in(app, "order_admin"), form, pk)
    count = len(opened(content).pages)
    texts = [text_of(content, page) for page in range(count)]
    assert least <= count <= least + 3
    with_lines = [text for text in texts if "款" in text.replace("款号", "").replace("货款", "")]
    assert all("序号货号名称" in text for text in with_lines) and len(with_lines) >= least - 1
    for page, text in enumerate(texts, 1):
        assert f"第{page}页共{count}页" in text and number in text
    whole = "".join(texts)
    assert missing(whole, [f"{n + 1}V{n:03}-A第{n}款" for n in range(MANY)]) == []
    assert whole.count("-A第") == MANY
    if form == "order_confirmation":
        assert "合计7,260" in whole and "应付总额7,272.57" in whole  # 1 + 2 + … + 120


@pytest.mark.parametrize("form", [*PAPERS, "statement_of_account"])
def test_the_page_of_a_paper_says_what_the_pdf_says(app, form):
    pk, _number = make(app, shipped, payment_type="on_account")
    kind, pk = ("customers", 1) if form == "statement_of_account" else ("orders", pk)
    page = sign_in(app, "order_admin").get(f"/print/{form}/{kind}/{pk}.html?from=2026-01-01&to=2026-12-31").text
    sheet = (ROOT / "app/static/paper.css").read_text("utf-8")
    used = set(re.findall(r"\b(?:mm|of)-\d+\b", page))
    assert used and {name for name in used if f".{name} " not in sheet} == set()
    assert 'class="is-end"' in page and ("412.43" in page or form != "order_confirmation")


def test_the_house_s_name_stands_over_its_papers(app):
    def named(session, order, actors):
        session.add(Rule(setting="seller_name", value="独山商贸"))

    pk, _number = make(app, named)
    assert "独山商贸订单确认单" in text_of(paper(sign_in(app, "order_admin"), "order_confirmation", pk))


def test_a_number_longer_than_its_column_breaks_instead_of_standing_over_the_next(app):
    long = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2
    form = Form("any", "备货单", (Table((Column("货号", 20), Column("库存", 20, end=True)), [[long, "7"]]),
                                Row(11, (Box("运单号", long, 6), Box("日期", "今", 6)))), stamp=False)  # fmt: skip
    strings = []
    content = typeset(form, Print("", ""), chosen(None))
    opened(content).pages[0].extract_text(visitor_text=lambda words, *_about: strings.append(words))
    assert max(len(words) for words in strings) < len(long) / 2
    assert text_of(content).replace("\u200b", "").startswith("备货单货号库存" + long + "7")


# Statements of account


def account(session, actors):
    """Red Star: two shipped orders, one under way, payments and a refund; Blue Star has one order of its own."""
    with access.system():
        house(session, actors)
        session.add(Customer(customer_no="C2", name="蓝星商贸", owner_id=actors["sales"].own_person_id))
        session.flush()

        def order(customer, at, amount, state="shipped", freight=None, pay_by=None, **more):
            found = Order(customer=session.query(Customer).filter_by(customer_no=customer).one(), payment_type="on_account",
                          placed_at=moment("2025-11-01"), shipped_at=at and moment(at), state=state, total=D(amount),
                          freight=freight and D(freight), pay_by=pay_by, taken_over=True, order_no=f"DD-{amount}", **more)  # fmt: skip
            session.add(found)
            session.flush()
            return found

        first = order("C1", "2025-12-20 10:00", "1000.00", freight="10.50", pay_by=date(2026, 1, 19))
        second = order("C1", "2026-02-28 23:59", "200.25", state="completed", pay_by=date(2026, 3, 10))
        third = order("C1", "2026-03-01 00:00", "3000.00", pay_by=date(2026, 4, 1))
        order("C1", None, "77.00", state="confirmed")
        order("C1", "2026-02-01 10:00", "55.00", state="cancelled")
        order("C1", "2026-02-02 10:00", "66.00", fulfilment="returned")
        other = order("C2", "2026-02-10 10:00", "9999.00")
        for of, amount, at, reference, state in (
            (first, "300.10", "2025-12-31 23:59", "R0", "verified"),
            (first, "700.40", "2026-01-01 00:00", "R1", "verified"),
            (second, "250.25", "2026-02-28 23:59", "R2", "verified"),
            (second, "-50.00", "2026-03-02 09:00", "R3", "verified"),
            (third, "1.01", "2026-03-15 09:00", "R4", "recorded"),
            (third, "2.02", "2026-03-15 09:00", "R5", "rejected"),
            (other, "8888.00", "2026-02-11 09:00", "R6", "verified"),
        ):
            session.add(Payment(order=of, customer=of.customer, amount=D(amount), paid_at=moment(at), reference=reference, account="中行",
                                state=state, taken_over=True))  # fmt: skip
        session.commit()
        return session.query(Customer).filter_by(customer_no="C1").one()


def test_a_statement_takes_up_each_shipment_and_payment_on_its_day(either_session, either_actors):
    customer = account(either_session, either_actors)
    with access.acting_as(either_actors["finance"]):
        found = statement_of(either_session, customer, date(2026, 1, 1), date(2026, 2, 28))
    # before 1 January: 1000.00 + 10.50 - 300.10
    assert found.opening == D("710.40")
    assert [(entry.on, entry.of.order_no, entry.of.amount, entry.balance) for entry in found.entries] == [
        (date(2026, 1, 1), "DD-1000.00", D("700.40"), D("10.00")),
        (date(2026, 2, 28), "DD-200.25", D("200.25"), D("210.25")),
        (date(2026, 2, 28), "DD-200.25", D("250.25"), D("-40.00")),
    ]
    assert (found.charged, found.paid, found.closing) == (D("200.25"), D("950.65"), D("-40.00"))
    assert [(one.order_no, one.open, one.days) for one in found.overdue] == [("DD-1000.00", D("10.00"), 40)]


def test_the_balance_a_statement_closes_with_is_what_the_next_opens_with(either_session, either_actors):
    customer = account(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        before = statement_of(either_session, customer, date(2026, 1, 1), date(2026, 2, 28))
        after = statement_of(either_session, customer, date(2026, 3, 1), date(2026, 4, 1))
        whole = statement_of(either_session, customer, date(2025, 1, 1), date(2026, 4, 1))
    assert after.opening == before.closing == D("-40.00")
    # 3000.00 shipped on 1 March, 50.00 given back on 2 March; nobody has verified the rest
    assert after.closing == whole.closing == D("3010.00")
    assert whole.opening == 0
    # what is due on the last day itself is not overdue
    assert [(one.order_no, one.open) for one in whole.overdue] == [("DD-1000.00", D("10.00"))]


def test_a_statement_holds_nothing_its_reader_may_not_see(either_session, either_actors):
    customer = account(either_session, either_actors)
    with access.acting_as(either_actors["sales_b"]):
        found = statement_of(either_session, customer, date(2025, 1, 1), date(2026, 4, 1))
    assert (found.opening, found.entries, found.overdue) == (0, (), ())


def with_account(app):
    with app.app_context():
        return account(db.session, actors_of(db.session)).id


def test_the_statement_on_paper_bears_both_balances_capitals_and_what_is_overdue(app):
    pk = with_account(app)
    period = {"from": "2026-01-01", "to": "2026-02-28"}
    text = text_of(paper(sign_in(app, "finance"), "statement_of_account", pk, "customers", **period))
    in_their_order = [
        "对账单", "客户红星商贸", "客户编号C1", "对账期间2026-01-01至2026-02-28", "日期摘要单据号收款凭证号发货金额收款金额余额",
        "2026-01-01期初余额710.40", "2026-01-01收款DD-1000.00R1700.4010.00", "2026-02-28发货DD-200.25200.25210.25",
        "2026-02-28收款DD-200.25R2250.25-40.00", "2026-02-28期末余额200.25950.65-40.00", "期末余额-40.00",
        "人民币负肆拾元整", "逾期订单应付日期逾期天数未付金额", "DD-1000.002026-01-194010.00", "逾期合计10.00", "客户确认□核对无误□不符",
        "客户签章", "供方签章",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    assert "9,999" not in text and "DD-55" not in text and "DD-66" not in text and "DD-77" not in text


def test_whoever_prints_a_statement_chooses_its_days_on_its_page(app):
    pk = with_account(app)
    page = sign_in(app, "finance").get(f"/print/statement_of_account/customers/{pk}.html?from=2026-01-01&to=2026-02-28")
    assert 'name="from" value="2026-01-01"' in page.text and 'name="to" value="2026-02-28"' in page.text
    assert f"/print/statement_of_account/customers/{pk}.pdf?from=2026-01-01&amp;to=2026-02-28" in page.text


def test_a_refund_stands_as_such(app):
    pk = with_account(app)
    period = {"from": "2026-03-01", "to": "2026-03-31"}
    text = text_of(paper(sign_in(app, "finance"), "statement_of_account", pk, "customers", **period))
    assert "2026-03-02退款DD-200.25R3-50.003,010.00" in text and "逾期合计10.00" in text
    assert "人民币叁仟零壹拾元整" in text


def test_a_statement_without_a_period_is_of_this_year_up_to_today(app, at):
    pk = with_account(app)
    at("2026-03-20 12:00")
    text = text_of(paper(sign_in(app, "finance"), "statement_of_account", pk, "customers"))
    assert "对账期间2026-01-01至2026-03-20" in text
    text = text_of(paper(sign_in(app, "finance"), "statement_of_account", pk, "customers", to="2025-12-31"))
    assert "对账期间2025-01-01至2025-12-31" in text and "逾期未付无" in text


@pytest.mark.parametrize(
    "period", [{"from": "neulich"}, {"to": "2026-02-30"}, {"from": "2026-03-01", "to": "2026-02-01"}]
)
def test_what_is_no_period_is_refused(app, period):
    pk = with_account(app)
    answer = sign_in(app, "finance").get(f"/print/statement_of_account/customers/{pk}.pdf", query_string=period)
    assert answer.status_code == 422


def test_each_day_s_movements_flow_onto_more_sheets_and_none_is_lost(app):
    pk = with_account(app)
    with app.app_context(), access.system():
        order = db.session.query(Order).filter_by(order_no="DD-3000.00").one()
        for n in range(MANY):
            db.session.add(Payment(order=order, customer=order.customer, amount=D(n + 1), paid_at=moment("2026-05-01 10:00"), state="verified",
                                   reference=f"Z{n:03}", account="工行", taken_over=True))  # fmt: skip
        db.session.commit()
    period = {"from": "2026-05-01", "to": "2026-05-31"}
    content = paper(sign_in(app, "finance"), "statement_of_account", pk, "customers", **period)
    whole = text_of(content)
    balances = [D(3010) - D((n + 1) * (n + 2)) / 2 for n in range(MANY)]
    assert missing(whole, [f"Z{n:03}{n + 1:,.2f}{balance:,.2f}" for n, balance in enumerate(balances)]) == []
    pages = len(opened(content).pages)
    assert 4 <= pages <= 7 and whole.count("日期摘要单据号") >= pages - 1
