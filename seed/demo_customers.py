"""Customers of the demo office: regions, grades, accounts, a double that was merged, and hand-overs in every state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from app.engine.moments import local
from models.customer_handovers import CustomerHandover
from models.customers import Customer, CustomerContact
from models.grades import CustomerGrade
from models.people import Person
from models.platform_identities import PlatformIdentity
from models.regions import Region
from seed.demo_desk import Desk
from seed.demo_records import Stage

#: region -> the one above, and the account of its manager; what customers name is there already
REGIONS = (
    ("全国", None, "sales_manager"), ("华东", "全国", None), ("华北", "全国", None), ("华南", "全国", None), ("华中", "全国", None),
    ("西北", "全国", None), ("西南", "全国", "sales"), ("贵州", "西南", None), ("云南", "西南", None),
)  # fmt: skip
#: grade, discount, days to pay, credit limit
GRADES = (("甲级", "0.08", 60, "500000"), ("乙级", "0.05", 30, "200000"), ("丙级", "0", 15, "50000"))
ACCOUNTS = (
    ("锦城百货", "wangwang", "锦城百货采购部"), ("锦城百货", "qq", "60711203"), ("云岭特产店", "wechat", "yunling_tc"),
    ("江城超市", "shangqiao", "jiangcheng-cs"), ("滨海服饰", "shop", "binhai2010"),
)  # fmt: skip
CONTACTS = (
    ("华兴商贸有限公司", "邓经理", "采购经理", "13985012201"), ("锦城百货", "苏主任", "商品部主任", "13985012202"),
    ("北方文具行", "郝老板", None, "13985012203"),
)  # fmt: skip

REASON = "离职，客户须交接。"
Way = tuple[str, str, dict[str, Any]]
CONFIRM: Way = ("receiver", "confirm_customer", {"remark": "已与客户联系人通话，未了事项清楚。"})
APPROVE: Way = ("leader", "approve", {})
#: who leaves, their customer, days until the hand-over takes effect, how far it goes
LEAVERS: tuple[tuple[str, str, int, list[Way]], ...] = (
    ("石磊", "东湖办公用品店", 14, []),
    ("韩雪", "新世纪文印社", 10, [CONFIRM]),
    ("秦勇", "长青物业有限公司", 20, [CONFIRM, APPROVE]),
    ("田芳", "金桥贸易有限公司", -6, [CONFIRM, APPROVE]),
    ("罗斌", "恒通五金商行", 7, [("leader", "reject", {"reason": "本人决定留任。"})]),
)  # fmt: skip


def play(stage: Stage) -> None:
    """Put order into what the ledger brought, and let people leave."""
    with access.system():
        _regions(stage)
        for name, discount, days, limit in GRADES:
            grade = CustomerGrade(name=name, discount=Decimal(discount), payment_days=days, credit_limit=Decimal(limit))
            records.store(stage.session, grade)
        for position, customer in enumerate(stage.customers):
            customer.grade = GRADES[position % len(GRADES)][0]
        for name, platform, account in ACCOUNTS:
            identity = PlatformIdentity(customer=_customer(stage, name), platform=platform, account=account)
            records.store(stage.session, identity)
        for name, contact, post, phone in CONTACTS:
            person = CustomerContact(customer=_customer(stage, name), name=contact, position=post, phone=phone)
            records.store(stage.session, person)
    desk = Desk(stage, 12)
    double = desk.add("sales_b", Customer(name="华兴商贸公司", region="华东", phone="13985012201", contact="邓经理"))
    into = {"into": _customer(stage, "华兴商贸有限公司"), "reason": "同一家公司，重复建档。"}
    desk.walk(double, [("sales_manager", "merge", into)])
    bad = desk.add("sales_b", Customer(name="速达贸易商行", region="华南", phone="13985012209"))
    desk.walk(bad, [("sales_manager", "block", {"reason": "货款拖欠两年，催收未果。"})])
    for leaver, theirs, until, ways in LEAVERS:
        _leave(stage, leaver, theirs, until, ways)


def _regions(stage: Stage) -> None:
    session, made = stage.session, {one.name: one for one in stage.session.scalars(select(Region))}
    for name, parent, manager in REGIONS:
        if name not in made:
            made[name] = Region(name=name)
            records.store(session, made[name])
        made[name].parent = made.get(parent or "")
        made[name].manager = stage.people[manager] if manager else None
        session.flush()


def _customer(stage: Stage, name: str) -> Customer:
    return stage.session.scalars(select(Customer).where(Customer.name == name)).one()


def _leave(stage: Stage, name: str, customer: str, days: int, ways: list[Way]) -> None:
    """Somebody without an account any more, whose one customer goes to 徐静."""
    session, people = stage.session, stage.people
    with access.system():
        leaver = Person(name=name, department=people["sales"].department, position="业务员")
        records.store(session, leaver)
        records.store(session, Customer(name=customer, region="贵州", owner=leaver))
    desk = Desk(stage, 6)
    effective = local(stage.today).date() + timedelta(days=days)
    handover = desk.add("sales_manager", CustomerHandover(
        leaver=leaver, receiver=people["sales_b"], effective_on=effective, reason=REASON))  # fmt: skip
    for who, step, answers in ways:
        if who == "receiver":
            desk.walk(handover.handover_lines[0], [("sales_b", step, answers)])
        else:
            desk.walk(handover, [(who, step, answers)])
