"""The demo office: departments, people, accounts and a few hundred papers in every state, dated relative to today."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine import access, finding, moments
from app.engine import record as records
from app.engine.history import HistoryEntry
from models.clearances import StaffClearance
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.people import Department, Person, actor_of
from models.registers import first_book
from seed import (
    accounts,
    demo_calls,
    demo_checks,
    demo_customers,
    demo_desk_days,
    demo_dispatch,
    demo_envelopes,
    demo_fates,
    demo_imports,
    demo_library,
    demo_money,
    demo_numbers,
    demo_orders,
    demo_outgoing,
    demo_papers,
    demo_records,
    demo_states,
    demo_stock,
    rules,
)
from seed.demo_desk import type_of

#: account, role
ACCOUNTS = (
    ("admin", "administrator"), ("office", "office_manager"), ("clerk", "registry_clerk"), ("leader", "leader"),
    ("head_a", "department_head"), ("user_a", "department_user"), ("head_b", "department_head"),
    ("user_b", "department_user"), ("desk", "call_taker"), ("shift", "shift_leader"),
    ("cs_manager", "service_manager"), ("sales", "salesperson"), ("sales_b", "salesperson"),
    ("order_admin", "order_administrator"), ("finance", "finance"), ("warehouse", "warehouse"),
    ("archivist", "archivist"), ("auditor", "auditor"), ("manager", "report_reader"), ("officer", "report_officer"),
    ("sales_manager", "sales_manager"),
)  # fmt: skip

DEPARTMENTS = {"office": "办公室", "a": "综合科", "b": "财务科", "service": "客服部", "sales": "业务部"}

#: account -> full name, department, position
PEOPLE = {
    "admin": ("管理员", "office", "系统管理员"), "office": ("郑敏", "office", "办公室主任"),
    "clerk": ("何静", "office", "收发文员"), "leader": ("周海", "office", "分管领导"),
    "head_a": ("刘洋", "a", "科长"), "user_a": ("张小明", "a", "科员"), "head_b": ("孙丽", "b", "科长"),
    "user_b": ("李强", "b", "科员"), "desk": ("王芳", "service", "接待员"), "shift": ("陈刚", "service", "值班长"),
    "cs_manager": ("赵蕾", "service", "客服部经理"), "sales": ("吴磊", "sales", "业务员"),
    "sales_b": ("徐静", "sales", "业务员"), "order_admin": ("马超", "sales", "订单管理员"),
    "finance": ("朱琳", "b", "会计"), "warehouse": ("胡军", "sales", "库管员"), "archivist": ("林波", "office", "档案员"),
    "auditor": ("郭伟", "office", "审计员"), "manager": ("高峰", "office", "经理"),
    "officer": ("冯洁", "office", "举报专员"), "sales_manager": ("何琳", "sales", "销售经理"),
}  # fmt: skip

#: account -> who trained them to take calls
CLEARED = {"desk": "shift", "shift": "cs_manager", "cs_manager": "office", "office": "cs_manager"}

SENDERS = (
    ("独山县人民政府办公室", "独府办", "独府办发"), ("县作风建设领导小组办公室", "县作风办", None),
    ("黔南州人民政府办公室", "黔南府办", "黔南府办发电"), ("市财政局", "财政局", "财函"), ("市档案局", "档案局", "档发"),
    ("省住房和城乡建设厅", "住建厅", "建办"), ("市教育局", "教育局", "教发"), ("区应急管理局", "应急局", "应急函"),
)  # fmt: skip

#: The four filled slips of S12: sender, sender's number, title, month and day received.
SLIPS = (
    ("独山县人民政府办公室", "独府办发〔2011〕139号", "关于印发独山县进一步加强“地沟油”和餐厨废弃油脂监管整治工作实施方案的通知", 9, 13),
    ("独山县人民政府办公室", "独府办发〔2011〕138号", "关于将县属财政管理国有资产划归县国有资本运营有限责任公司管理的通知", 9, 7),
    ("县作风建设领导小组办公室", None, "关于做好迎接州省、州督查工作准备的通知", 8, 29),
    ("黔南州人民政府办公室", "黔南府办发电〔2011〕202号", "关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知", 9, 13),
)  # fmt: skip

SUBJECTS = (
    "关于做好年度档案检查工作的通知", "关于召开安全生产工作会议的通知", "关于报送半年工作总结的函",
    "关于加强预算执行管理的意见", "关于印发公文处理规范的通知", "关于开展办公用房清查的通知",
    "关于征求文件修改意见的函", "关于做好防汛值守工作的紧急通知", "关于转发信息公开要求的通知", "关于同意设立工作专班的批复",
)  # fmt: skip

DONE_BY_DAYS = 60


def load(session: Session, password: str | None, seed: int = 1, papers: int = 160) -> str:
    """Fill an empty database with the demo office; the password of all its accounts. The caller commits."""
    password = password or secrets.token_urlsafe(9)
    with access.system():
        rules.sow(session)
        play(session, house(session, password), seed, papers)
    return password


def play(session: Session, people: dict[str, Person], seed: int, papers: int) -> None:
    """Let the people of the house work: the same seed gives the same papers, calls and orders."""
    dice = random.Random(seed)
    stage = demo_records.Stage(session, people, {}, dice, _at)
    demo_papers.furnish(stage)
    stage.actors.update(_actors(session, people))
    demo_library.furnish(stage)
    _slips(session, people)
    _papers(session, people, dice, papers)
    demo_records.play(stage, papers // 3)
    for chapter in (
        demo_states, demo_dispatch, demo_outgoing, demo_fates, demo_checks, demo_papers, demo_envelopes,
        demo_numbers, demo_desk_days, demo_calls, demo_library, demo_imports, demo_customers, demo_stock, demo_money,
        demo_orders,
    ):  # fmt: skip
        chapter.play(stage)


def people_of(session: Session) -> dict[str, Person]:
    """The people of a house that stands, by account."""
    return {person.user.username: person for person in session.scalars(select(Person)) if person.user}


def strangers(session: Session) -> list[str] | None:
    """The accounts that are not the demo's own; None where this is no demo office at all."""
    names = set(session.scalars(select(User.username)))
    ours = {name for name, _role in ACCOUNTS}
    return sorted(names - ours) if ours <= names else None


def worked_on(session: Session) -> int:
    """How many changes people have made through pages and API; loading the demo is none."""
    return session.scalar(select(func.count()).where(HistoryEntry.request_id.is_not(None))) or 0


def house(session: Session, password: str) -> dict[str, Person]:
    """Departments, people with their accounts, correspondents; the people by account."""
    departments = {key: Department(code=key, name=name) for key, name in DEPARTMENTS.items()}
    session.add_all(departments.values())
    session.flush()
    people = {}
    for position, (username, role) in enumerate(ACCOUNTS, 1):
        name, department, post = PEOPLE[username]
        user = accounts.make(session, username, name, role, password)
        people[username] = Person(
            name=name, staff_no=f"{position:03d}", department=departments[department], position=post, user=user
        )
        session.add(people[username])
    session.flush()
    for key, leader in (("office", "office"), ("a", "head_a"), ("b", "head_b"), ("service", "cs_manager")):
        departments[key].leader = people[leader]
    people["leader"].deputy = people["office"]
    people["clerk"].opens_post = True
    clear(session, people)
    session.add_all(Correspondent(name=n, short_name=s, number_code=c) for n, s, c in SENDERS)
    rules.sow_series(session, "department", departments["a"])
    return people


def clear(session: Session, people: dict[str, Person]) -> None:
    """Whoever takes calls in this house was trained and cleared for it long ago."""
    for account, trainer in CLEARED.items():
        clearance = StaffClearance(person=people[account], cleared_from=date(2011, 1, 1), trainer=people[trainer])
        records.store(session, clearance)


def _slips(session: Session, people: dict[str, Person]) -> None:
    for sender, sender_no, title, month, day in SLIPS:
        received = moments.at_office(datetime(2011, month, day).date())
        document = IncomingDocument(
            sender=finding.by_name(session, Correspondent, sender), sender_no=sender_no, title=title, copies=1,
            register=first_book(session), paper_type="notice", medium="paper", received_at=received, taken_over=True,
            state="closed", closed_at=received + timedelta(days=3),
            department=people["user_a"].department, secrecy="internal", urgency="none",
        )  # fmt: skip
        with _at(received):  # the book of that year counted it
            records.store(session, document)


@contextmanager
def _at(moment: datetime) -> Iterator[None]:
    """Let the clock show an earlier moment, as it did when the demo's things happened."""
    before = moments.frozen()
    moments.configure(str(moments.office_zone()), moment)
    try:
        yield
    finally:
        moments.configure(str(moments.office_zone()), before)


def _read(
    session: Session, entry: CirculationEntry, moment: datetime, clerk: access.Actor, reader: access.Actor
) -> None:
    """The reader gives an opinion; a paper copy comes and goes through the clerk's hand."""
    if entry.state == "queued":
        if entry.circulation is None or entry not in entry.circulation.next_up():
            return
        with _at(moment), access.acting_as(clerk):
            entry.flow.take(session, entry, "offer", {"signed": True})
    with _at(moment), access.acting_as(reader):
        entry.flow.take(session, entry, "answer", {"opinion": "已阅，无意见。"})
    with _at(moment), access.acting_as(clerk):
        if entry.copy is not None:
            entry.copy.flow.take(session, entry.copy, "take_back", {"complete": True})
        entry.flow.take(session, entry, "classify", {"kind": "none"})
        round_ = entry.circulation
        if round_ is not None and round_.state == "running" and not round_.missing():
            round_.flow.take(session, round_, "finish", {})


def _actors(session: Session, people: dict[str, Person]) -> dict[str, access.Actor]:
    return {name: actor_of(session, person.user) for name, person in people.items() if person.user}


def _papers(session: Session, people: dict[str, Person], dice: random.Random, count: int) -> None:
    today = moments.now().replace(minute=0, second=0, microsecond=0)
    senders = list(session.scalars(select(Correspondent).order_by(Correspondent.id)))
    actors = _actors(session, people)
    ages = sorted((dice.uniform(0.1, DONE_BY_DAYS) for _ in range(count)), reverse=True)
    for position, age in enumerate(ages):
        moment = today - timedelta(days=age)
        sender, unit = dice.choice(senders), dice.choice(("a", "b"))
        year = moments.local(moment).year
        document = IncomingDocument(
            sender=sender, sender_no=f"{sender.number_code}〔{year}〕{position + 1}号" if sender.number_code else None,
            title=(title := dice.choice(SUBJECTS)), received_at=moment, copies=dice.choice((1, 1, 2, 3)),
            paper_type=type_of(title), written_on=moments.local(moment).date() - timedelta(days=1 + position % 4),
            pages=2 + position % 7, medium="electronic" if position % 5 else "paper",
            secrecy=dice.choice(("internal", "internal", "open", "secret")), urgency="none",
            department=people[f"user_{unit}"].department,
        )  # fmt: skip
        with _at(moment), access.acting_as(actors["clerk"]), session.no_autoflush:
            document.prepare(session)
            records.store(session, document)
        _move_on(session, document, people, actors, unit, dice, moment, age)


def _move_on(
    session: Session,
    document: IncomingDocument,
    people: dict[str, Person],
    actors: dict[str, access.Actor],
    unit: str,
    dice: random.Random,
    moment: datetime,
    age: float,
) -> None:
    """Carry a paper as far as its age lets one expect, now and then not at all."""
    reach = dice.choice((1, 2, 3, 4, 5, 5, 5, 5)) if age < 20 else dice.choice((4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5))
    user, head = f"user_{unit}", f"head_{unit}"
    order = {"department": document.department, "requirement": "请按文件要求办理。", "handler": people[user]}
    ways: list[tuple[float, str, str, dict[str, Any]]] = [
        (
            0.5,
            "clerk",
            "propose",
            {"proposal": "拟请相关科室阅办。", "kind": "handle", "transfer": document.department},
        ),
        (1.2, "leader", "instruct", order),
        (1.5, "clerk", "circulate", {"readers": [people[user], people[head]], "purpose": "请阅"}),
        (dice.uniform(3, 9), user, "report_result", {"result": "已按要求办理完毕。"}),
    ]
    for after, who, step, answers in ways[:reach]:
        if after >= age:
            return
        with _at(moment + timedelta(days=after)), access.acting_as(actors[who]):
            document.flow.take(session, document, step, answers)
    if reach >= 3:
        for entry, who in zip(list(document.circulation), (user, head), strict=False):
            after = dice.uniform(2, 9)
            if after < age and (age > 12 or dice.random() < 0.7):
                _read(session, entry, moment + timedelta(days=after), actors["clerk"], actors[who])
    if reach == 5 and age > 10 and all(entry.closed_at for entry in document.circulation):
        with _at(moment + timedelta(days=dice.uniform(9, 10))), access.acting_as(actors["office"]):
            document.flow.take(session, document, "tell_leader", {"way": "spoken"})
            document.flow.take(session, document, "close", {})
