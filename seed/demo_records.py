"""What else happens in the demo office: callers and their tickets, customers and their orders, papers that go out.

Everything is done by the steps the people would take, at the moments they would have taken them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, moments
from app.engine import record as records
from models.articles import Article
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.payments import Payment
from models.people import Person
from models.products import Product
from models.recipients import Recipient
from models.tickets import ServiceTicket

At = Callable[[datetime], AbstractContextManager[None]]
Way = tuple[float, str, str, dict[str, Any]]

CALLS = (
    ("consult", "咨询居住证办理所需材料"), ("help", "小区二单元停水，请求帮助"), ("complaint", "投诉夜间施工噪声"),
    ("repair", "大厅门禁损坏报修"), ("feedback", "建议增设自助打印机"), ("consult", "咨询年度审计资料提交时间"),
    ("help", "电梯停运，老人出行不便"), ("other", "询问办公楼开放时间"),
)  # fmt: skip

#: the article of the library that answers a call
ABOUT = {
    "咨询居住证办理所需材料": "居住证办理所需材料", "投诉夜间施工噪声": "夜间施工噪声的投诉",
    "大厅门禁损坏报修": "门禁、照明等公共设施报修", "建议增设自助打印机": "意见建议如何反映",
    "咨询年度审计资料提交时间": "年度审计资料的提交时间", "询问办公楼开放时间": "办公楼开放时间",
}  # fmt: skip

CUSTOMERS = (
    ("华兴商贸有限公司", "华东"), ("锦城百货", "西南"), ("北方文具行", "华北"), ("南海贸易有限公司", "华南"),
    ("江城超市", "华中"), ("云岭特产店", "西南"), ("滨海服饰", "华东"), ("长风五金", "西北"),
)  # fmt: skip

PRODUCTS = (
    ("文件柜", "WJ-01", "灰", "四门", "件", "680"), ("文件柜", "WJ-01", "白", "四门", "件", "690"),
    ("办公椅", "YZ-12", "黑", None, "把", "325.5"), ("打印纸", "A4-70", None, "A4", "箱", "128"),
    ("档案盒", "DH-5", "牛皮", "5cm", "个", "6.35"), ("订书机", "DS-3", "蓝", None, "个", "18.9"),
)  # fmt: skip

PAPERS = (
    ("notice", "关于印发办公用品管理办法的通知"), ("notice", "关于召开年度总结会议的通知"),
    ("report", "关于报送安全检查情况的报告"), ("request", "关于申请设备更新经费的请示"),
    ("letter", "关于商请协助调取档案的函"), ("circular", "关于表彰先进科室的通报"),
)  # fmt: skip


#: What the office ticks on a paper's way.
CHECKED = dict.fromkeys(("need", "way", "form", "layout", "wording", "figures", "attached"), True)
SEALED = {"seal_name": "办公室印章", "impressions": 20, "equal": True, "placed": True}
LOOKED_OVER = dict.fromkeys(("text", "layout", "quality"), True)


class Stage:
    """The people, the dice and the clock with which the demo is played."""

    def __init__(
        self, session: Session, people: dict[str, Person], actors: dict[str, access.Actor], dice: random.Random, at: At
    ):
        self.session, self.people, self.actors, self.dice, self.at = session, people, actors, dice, at
        self.today = moments.now().replace(minute=0, second=0, microsecond=0)
        self.papers = 0
        self.customers: list[Customer] = []
        self.products: list[Product] = []

    def ages(self, count: int, most: float) -> list[float]:
        """Ages in days, the oldest first, so that numbers rise with time."""
        return sorted((self.dice.uniform(0.05, most) for _ in range(count)), reverse=True)

    def walk(self, record: Any, moment: datetime, age: float, ways: list[Way]) -> None:
        """Take the steps whose time has come: days after the start, who, step, answers."""
        for after, who, step, answers in ways:
            if after >= age:
                return
            with self.at(moment + timedelta(days=after)), access.acting_as(self.actors[who]):
                record.flow.take(self.session, record, step, answers)


def play(stage: Stage, count: int) -> None:
    """Fill the desk, the order book and the register of outgoing papers; `count` tickets and orders each."""
    _calls(stage, count)
    _orders(stage, count)
    _outgoing(stage, count // 2)


def a_call(stage: Stage, moment: datetime, kind: str, subject: str, phone: str | None) -> ServiceTicket:
    dice = stage.dice
    ticket = ServiceTicket(
        kind=kind, subject=subject, channel=dice.choice(("phone", "phone", "visit", "letter")), received_at=moment,
        contact_name=f"{dice.choice('赵钱孙李周吴郑王')}先生", phone=phone, read_back=True, content=subject + "。",
        anonymity_explained=phone is None,
        taker=stage.people["desk"],
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["desk"]), stage.session.no_autoflush:
        ticket.prepare(stage.session)
        records.store(stage.session, ticket)
    return ticket


def _calls(stage: Stage, count: int) -> None:
    dice, people = stage.dice, stage.people
    for position, age in enumerate(stage.ages(count, 30)):
        moment = stage.today - timedelta(days=age)
        ticket = a_call(stage, moment, *CALLS[position % len(CALLS)], phone=f"0851-55{position:04d}")
        if ticket.kind == "help":
            order = {
                "department": people["user_a"].department, "requirement": "请尽快处理并反馈。", "contact_note": True,
                "reply_note": True, "follow_note": True,
            }  # fmt: skip
            stage.walk(ticket, moment, age, [(0.02, "shift", "dispatch", order)])
        elif dice.random() < 0.85:
            answer = {"article": article_on(stage, ABOUT[ticket.subject])}
            close = (1.2, "cs_manager", "close", {"code": "answered", "outcome": "已答复"})
            stage.walk(ticket, moment, age, [(dice.uniform(0.02, 0.9), "desk", "give_answer", answer), close])


def article_on(stage: Stage, title: str) -> Article:
    """The article of the library with this title."""
    return stage.session.scalars(select(Article).where(Article.title == title)).one()


def _orders(stage: Stage, count: int) -> None:
    dice, session = stage.dice, stage.session
    sellers = (stage.people["sales"], stage.people["sales_b"])
    with access.system():
        customers = [Customer(name=n, region=r, owner=sellers[i % 2]) for i, (n, r) in enumerate(CUSTOMERS)]
        products = [
            Product(name=n, model=m, colour=c, size=s, unit=u, price=Decimal(p), stock=Decimal(100_000))
            for n, m, c, s, u, p in PRODUCTS
        ]
        for record in (*customers, *products):
            records.store(session, record)
    stage.customers, stage.products = customers, products
    for age in stage.ages(count, 60):
        moment = stage.today - timedelta(days=age)
        order = an_order(stage, moment, dice.choice(("prepaid", "cash_on_delivery", "on_account")))
        _fulfil(stage, order, moment, age)


def an_order(stage: Stage, moment: datetime, payment_type: str, **more: Any) -> Order:
    dice = stage.dice
    customer = dice.choice(stage.customers)
    lines = [
        OrderLine(product=product, quantity=Decimal(dice.randint(1, 12)), price=product.price, discount=Decimal(0))
        for product in dice.sample(stage.products, dice.randint(1, 3))
    ]
    order = Order(
        customer=customer, salesperson=customer.owner, placed_at=moment, region=customer.region,
        payment_type=payment_type, order_lines=lines, promised_at=moment + timedelta(days=12),
        consignee=f"{customer.name}收货处", address="见客户档案", **more,
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["sales"]), stage.session.no_autoflush:
        order.prepare(stage.session)
        records.store(stage.session, order)
    return order


def _fulfil(stage: Stage, order: Order, moment: datetime, age: float) -> None:
    dice = stage.dice
    if dice.random() < 0.06:
        return stage.walk(order, moment, age, [(0.4, "order_admin", "cancel", {"reason": "客户取消"})])
    if order.payment_type == "prepaid" and age > 0.3:
        with stage.at(moment + timedelta(days=0.2)), access.acting_as(stage.actors["order_admin"]):
            order.flow.take(stage.session, order, "record_payment", {"amount": str(order.gross)})
        with stage.at(moment + timedelta(days=0.3)), access.acting_as(stage.actors["finance"]):
            stage.session.flush()
            for payment in stage.session.query(Payment).filter_by(order_id=order.id):
                payment.flow.take(stage.session, payment, "verify", {})
    reach = dice.choice((1, 2, 3, 4, 5, 6, 6, 6, 6, 6)) if age < 15 else 6
    shipping = {"carrier": "顺达物流", "waybill": f"SD{order.id:08d}"}
    ways: list[Way] = [
        (0.5, "order_admin", "confirm", {"called": True, "address_valid": True, "delivery_agreed": True}),
        (1.0, "order_admin", "assign", {"person": stage.people["warehouse"]}),
        (2.0, "warehouse", "hand_over", {}),
        (dice.uniform(3, 9), "order_admin", "ship", shipping),
        (dice.uniform(10, 13), "order_admin", "receive", {}),
    ]
    stage.walk(order, moment, age, ways[:reach])


def a_draft(stage: Stage, moment: datetime, drafter: str, form: str, title: str) -> OutgoingDocument:
    person = stage.people[drafter]
    paper = OutgoingDocument(
        title=title, document_type=form, addressees="各科室", body="现将有关事项通知如下，请认真执行。",
        drafter=person, department=person.department, touches_money="no",
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors[drafter]), stage.session.no_autoflush:
        paper.prepare(stage.session)
        records.store(stage.session, paper)
    return paper


def _outgoing(stage: Stage, count: int) -> None:
    dice, people = stage.dice, stage.people
    for position, age in enumerate(stage.ages(count, 60)):
        moment = stage.today - timedelta(days=age)
        unit = dice.choice(("a", "b"))
        user = f"user_{unit}"
        paper = a_draft(stage, moment, user, *PAPERS[position % len(PAPERS)])
        ways: list[Way] = [
            (1, user, "hand_in", {}),
            (3, "office", "pass_text", {"signer": people["leader"], **CHECKED}),
            (4, "leader", "sign", {}),
            (4.5, "clerk", "number_it", {"copies": 20}),
            (5, "clerk", "print_it", {"printer": "文印室"}),
            *((5.5, who, "proofread", {"clean": True}) for who in (user, "office", f"head_{unit}")),
            (5.7, "office", "seal", SEALED),
            (5.8, "clerk", "look_over", LOOKED_OVER),
        ]
        reach = dice.choice((1, 2, 3, 4, 6, 9, 11)) if age < 15 else 11
        stage.walk(paper, moment, age, ways[:1])
        if age > 2:
            with stage.at(moment + timedelta(days=2)):
                sign_within(stage, paper)
            stage.walk(paper, moment, age, ways[1:reach])
        if paper.state == "issuing":
            _give_out(stage, paper, moment, age, reach)


def sign_within(stage: Stage, paper: OutgoingDocument) -> None:
    """The head of the drafting department signs the draft, where the profile has the head sign first."""
    heads = {stage.people[name].department: name for name in ("head_a", "head_b")}
    for line in [one for one in paper.countersignatures if one.state == "asked" and one.department is paper.department]:
        for who, record, step in ((heads[line.department], line, "agree"), ("office", paper, "end_countersigning")):
            with access.acting_as(stage.actors[who]):
                record.flow.take(stage.session, record, step, {})


def _give_out(stage: Stage, paper: OutgoingDocument, moment: datetime, age: float, reach: int) -> None:
    """Two recipients, one of which has not signed yet when the paper is young."""
    session, people = stage.session, stage.people
    for position, head in enumerate((people["head_a"], people["head_b"])):
        with stage.at(moment + timedelta(days=5.9)), access.acting_as(stage.actors["clerk"]):
            line = records.add(session, Recipient, {"document": paper, "department": head.department, "part": "inside"})
        ways: list[Way] = [(6, "clerk", "send", {"channel": "hand"})]
        if position == 0 or age >= 15:
            ways.append((7, "clerk", "sign_for", {"signed_by": head.name}))
        stage.walk(line, moment, age, ways if reach > 10 else [])
    if reach > 10:
        stage.walk(paper, moment, age, [(6.5, "clerk", "issue", {})])
        if age >= 15:
            stage.walk(paper, moment, age, [(9, "clerk", "file_it", {})])
