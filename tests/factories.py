"""Valid records for the tests: a call as the desk takes it, an order as a salesperson places it."""

from decimal import Decimal

from app.engine import access
from app.engine import record as records
from models import tickets
from models.articles import Article
from models.customers import Customer
from models.documents import IncomingDocument
from models.orders import Order
from models.products import Product
from models.tickets import ServiceTicket

#: What a telephone call before confirming an order has to yield.
AGREED = dict.fromkeys(("called", "address_valid", "delivery_agreed"), True)

NOTES = {"contact_note": True, "reply_note": True, "follow_note": True}

LINES = [
    {"product": "A", "quantity": "10", "price": "", "discount": "0.05"},
    {"product": "B", "quantity": "1", "price": "", "discount": "0.05"},
]


def register(session, **values):
    """A call as the desk would take it, with `values` changed."""
    raw = {"channel": "phone", "kind": "consult", "contact_name": "钱女士", "phone": "13812345678", "read_back": True,
           "subject": "问办理地点", "content": "在哪里办理？", "received_at": tickets.now().isoformat()}  # fmt: skip
    return records.add(session, ServiceTicket, {**raw, **values})


def incoming(session, **values):
    """A paper as the clerk registers it, with `values` changed."""
    raw = {"sender": "市财政局", "title": "关于报送预算的通知", "received_at": "2026-03-06 17:20", "secrecy": "internal",
           "urgency": "none", "copies": 1}  # fmt: skip
    return records.add(session, IncomingDocument, {**raw, **values})


def house(session, actors):
    """A customer of the salesperson's and two products."""
    with access.system():
        session.add_all(
            [
                Customer(customer_no="C1", name="红星商贸", contact="王经理", address="解放路1号", region="贵州",
                         owner_id=actors["sales"].own_person_id),
                Product(product_no="A", name="衬衫", price=Decimal("30.75"), tax_rate=Decimal("0.15"), stock=Decimal(100)),
                Product(product_no="B", name="鞋", price=Decimal(70), tax_rate=Decimal("0.15"), stock=Decimal(5)),
            ]
        )  # fmt: skip
        session.flush()


def place(session, **values):
    raw = {"customer": "C1", "payment_type": "prepaid", "placed_at": "2026-03-02 09:00", "order_lines": LINES}
    return records.add(session, Order, {**raw, **values})


def take(session, actor, record, step, **answers):
    with access.acting_as(actor):
        record.flow.take(session, record, step, answers)


def kept(session, **values):
    """A paper that stays where a later step is refused."""
    found = incoming(session, **values)
    session.commit()
    return found


def take_and_keep(session, actor, record, step, **answers):
    """One step, kept even where the next one is refused."""
    take(session, actor, record, step, **answers)
    session.commit()


def article(session, actor, **values):
    """A draft of the library as `actor` writes it, with `values` changed."""
    raw = {"title": "居住证办理", "question": "暂住证在哪里办", "body": "带身份证到一楼三号窗口办理。", "department": "综合科",
           "audience": "internal"}  # fmt: skip
    with access.acting_as(actor):
        return records.add(session, Article, {**raw, **values})


def published(session, actors, **values):
    """An article the shift leader wrote and the manager approved."""
    found = article(session, actors["shift"], **values)
    take(session, actors["shift"], found, "submit")
    take(session, actors["cs_manager"], found, "publish")
    return found
