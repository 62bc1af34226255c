"""Numbers, lists and registers of the house: on random rows each line and figure equals a plain recount of them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from sqlalchemy import delete, inspect, select

from app.engine import numbers
from app.engine.clock_rules import STAGE_LABELS
from app.engine.clocks import ClockRow
from app.engine.history import HistoryEntry
from app.engine.ladder import EscalationRung, RungSent
from app.engine.numbers import DrawnNumber, NumberCounter
from app.engine.report_answers import ask
from models.article_versions import ArticleVersion
from models.articles import Article
from models.dispatch import DispatchOrder
from models.gaps import KnowledgeGap
from models.outgoing_series import OutgoingSeries
from models.people import Department
from models.referrals import Referral
from models.tickets import ServiceTicket
from tests.random_cases import DAYS, DICE, STOPPED, examples, moments_about, some, stored
from tests.report_cells import opened

QUICK = examples(15)


def periods(day):
    """Everything, up to a day and from it on, and the day alone."""
    day = day.isoformat()
    return {}, {"to": day}, {"from": day}, {"from": day, "to": day}


def within(moment, period, zone):
    return period.get("from", "") <= moment.astimezone(zone).date().isoformat() <= period.get("to", "9999")


# ---------- numbers ----------


def drawn_numbers(session, dice):
    """Numbers of some series and years with holes among them; a counter may lie behind them, or be gone."""
    table = inspect(NumberCounter).local_table
    session.execute(delete(table))
    session.execute(delete(inspect(DrawnNumber).local_table))
    names = ["orders", "incoming_documents", *(f"outgoing_documents:{code}" for code in ("A", "B"))]
    given, counters = {}, {}
    for key in {(dice.choice(names), dice.choice((0, 2025, 2026))) for _n in range(dice.choice((0, 1, 9)))}:
        serials = [serial for serial in range(1, dice.randint(1, 9)) if dice.random() < 0.8]
        given[key] = {serial: dice.choice(("used", "used", "reserved", "void")) for serial in serials}
        if serials and dice.random() < 0.2:
            continue
        counters[key] = max(max(serials, default=0) + dice.choice((0, 0, 0, 2, -2)), 0)
    session.execute(table.insert(), [
        {"series": series, "year": year, "last": last} for (series, year), last in counters.items()
    ] or [{"series": "orders", "year": 1999, "last": 0}])  # fmt: skip
    rows = [
        {"series": series, "year": year, "serial": serial, "text": f"{series}{year}-{serial}", "state": state,
         "at": STOPPED, "actor_name": "机要"}
        for (series, year), states in given.items() for serial, state in states.items()
    ]  # fmt: skip
    stored(session, DrawnNumber, rows)
    return given, counters or {("orders", 1999): 0}


@QUICK
@given(dice=DICE)
def test_every_number_up_to_the_highest_is_explained_or_said_to_be_unexplained(either_session, either_zone, dice):
    session = either_session
    session.rollback()
    stored(session, OutgoingSeries, [{"code": "A", "name": "甲字", "template": "甲{serial}", "profile": "company",
                                      "level": "company", "issuer": "文枢"}])  # fmt: skip
    given, counters = drawn_numbers(session, dice)
    called = {"outgoing_documents:A": "甲字", "incoming_documents": "收文", "orders": "订单"}
    for period in ({}, {"to": "2025-12-31"}, {"from": "2025-12-31", "to": "2026-01-01"}, {"from": "2026-01-01"}):
        wanted = []
        for series, year in given.keys() | counters.keys():
            states = given.get((series, year), {})
            last = max([counters.get((series, year), 0), *states])
            if year and not period.get("from", "")[:4] <= str(year) <= period.get("to", "9999")[:4]:
                continue
            missing = sum(serial not in states for serial in range(1, last + 1))
            told = [list(states.values()).count(state) for state in ("used", "reserved", "void")]
            wanted.append((called.get(series, series), str(year or ""), last, *told, missing))
        names = ("series", "year", "drawn", "used", "reserved", "void", "unexplained")
        rows = ask(session, "number_audit", period).rows
        assert sorted(tuple(row[name] for name in names) for row in rows) == sorted(wanted)
    late = {
        series for (series, year), states in given.items() if max(states, default=0) > counters.get((series, year), 0)
    }
    assert {row["series"] for row in numbers.audit(session) if row["behind"]} == late
    assert set(numbers.catch_up(session)) == late
    session.expire_all()
    assert [row for row in numbers.audit(session) if row["behind"]] == []
    session.rollback()


# ---------- the library ----------


def library_rows(session, dice, when):
    """Articles with their versions and withdrawals, and tickets answered from them, by referral or from nothing."""
    (unit,) = session.scalars(select(Department.id).limit(1))
    days = [None, *(STOPPED.date() + timedelta(days=count) for count in (-9, -1, 0, 1))]
    articles = some(dice, 6, state=sorted(Article.flow.states), review_on=days)
    for number, article in enumerate(articles):
        article |= {"article_no": f"ZS{number}", "title": "题", "body": "文", "department_id": unit}
    for article, key in zip(articles, stored(session, Article, articles), strict=True):
        article["id"] = key
    versions, withdrawals = [], []
    for article in articles:
        for position, moment in enumerate(sorted(dice.sample(when, dice.choice((0, 1, 4))))):
            if dice.random() < 0.4:
                withdrawals.append({"kind": "articles", "record_id": article["id"], "position": 50 + position,
                                    "at": moment, "actor_name": "经理", "action": "withdraw", "changes": "{}",
                                    "previous": "", "digest": ""})  # fmt: skip
            else:
                versions.append({"article_id": article["id"], "number": position, "title": "题", "body": "文",
                                 "department_id": unit, "verified_at": moment})  # fmt: skip
    for version, key in zip(versions, stored(session, ArticleVersion, versions), strict=True):
        version["id"] = key
    stored(session, HistoryEntry, withdrawals)
    referral = session.scalar(select(Referral.id).limit(1))
    tickets = some(
        dice, 14, answered_at=[None, *when], cited=[None, *versions], referral_id=(None, referral),
        unsupported=(False, True), state=("answered", "closed", "closed", "voided", "merged"),
    )  # fmt: skip
    for number, ticket in enumerate(tickets):
        cited, at = ticket.pop("cited"), ticket["answered_at"]
        ticket["citation_id"] = cited["id"] if cited and at and cited["verified_at"] <= at else None
        ticket |= {"ticket_no": f"T{number}", "subject": "来电", "received_at": when[0]}
    stored(session, ServiceTicket, tickets)
    gaps = some(dice, 6, state=sorted(KnowledgeGap.flow.states), created_at=when)
    stored(session, KnowledgeGap, [one | {"gap_no": f"QK{n}", "question": "问"} for n, one in enumerate(gaps)])
    return articles, versions, withdrawals, tickets, gaps


def taken_out_later(ticket, versions, withdrawals):
    """Whether the version an answer cites was the latest one as its article was taken out of use after the answer."""
    (cited,) = (one for one in versions if one["id"] == ticket["citation_id"])
    mine = [one for one in versions if one["article_id"] == cited["article_id"]]
    for entry in withdrawals:
        if entry["record_id"] == cited["article_id"] and entry["at"] > ticket["answered_at"]:
            known = [one for one in mine if one["verified_at"] <= entry["at"]]
            if max(known, key=lambda one: one["verified_at"]) is cited:
                return True
    return False


@QUICK
@given(dice=DICE)
def test_the_library_in_figures_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    session = either_session
    session.rollback()
    for model in (KnowledgeGap, ServiceTicket, ArticleVersion, Article):  # the house has a few of its own
        assert session.scalars(select(model.id)).all() == []
    day = dice.choice(DAYS)
    articles, versions, withdrawals, tickets, gaps = library_rows(session, dice, moments_about(day, either_zone))
    live = [one for one in articles if one["state"] in ("published", "revising", "resubmitted", "review_due")]
    for period in periods(day):
        answers = [
            one for one in tickets
            if one["answered_at"] and one["state"] not in ("voided", "merged")
            and within(one["answered_at"], period, either_zone)
        ]  # fmt: skip
        cited = [one for one in answers if one["citation_id"]]
        cards = [one["state"] for one in gaps if within(one["created_at"], period, either_zone)]
        wanted = {
            "from_library": (len(cited), len(answers)),
            "referred": (sum(not one["citation_id"] and one["referral_id"] is not None for one in answers), len(answers)),
            "unsupported": (sum(one["unsupported"] for one in answers), len(answers)),
            "withdrawn": (sum(taken_out_later(one, versions, withdrawals) for one in cited), len(cited)),
            "gaps": (cards.count("answered"), len(cards)),
            "past_review": (sum(one["review_on"] is not None and one["review_on"] < STOPPED.astimezone(either_zone).date()
                                for one in live), len(live)),
        }  # fmt: skip
        answer = ask(session, "library", period)
        assert {row["figure"]: (row["count"], row["of"]) for row in answer.rows} == wanted
        shares = {name: count / of if of else None for name, (count, of) in wanted.items()}
        assert {row["figure"]: row["share"] for row in answer.rows} == shares
        opened(session, answer)
    session.rollback()


# ---------- the list for criticism ----------

WHO = ("listed", "leader", "leader, listed", "service_manager")


def listings(session, dice, when):
    """Limits of tickets, orders and papers, and what the ladder sent about them: some twice, once a version."""
    units = dict(session.execute(select(Department.id, Department.name).limit(2)).all())
    ticket_states, order_states = (sorted(model.flow.states) for model in (ServiceTicket, DispatchOrder))
    records = {}
    tickets = [one | {"ticket_no": f"T{n}", "subject": "来电", "received_at": when[0]} for n, one in enumerate(
        some(dice, 5, state=ticket_states, department_id=[None, *units]) or [{"state": "open", "department_id": None}]
    )]  # fmt: skip
    for ticket, key in zip(tickets, stored(session, ServiceTicket, tickets), strict=True):
        records["service_tickets", key] = ticket | {"number": ticket["ticket_no"], "void": ("voided", "merged")}
    orders = some(dice, 5, state=order_states, department_id=list(units))
    orders = [one | {"order_no": f"PG{n}", "ticket_id": key, "requirement": "办"} for n, one in enumerate(orders)]
    for order, pk in zip(orders, stored(session, DispatchOrder, orders), strict=True):
        records["dispatch_orders", pk] = order | {"number": order["order_no"], "void": ("cancelled",)}
    rungs = dict(zip(stored(session, EscalationRung, [{"name": who, "who": who} for who in WHO]), WHO, strict=True))
    limits = []
    for kind, pk in [*records, ("documents", 1)]:
        for stage in ("parent", "front_desk") if kind == "service_tickets" else ("handling",):
            limits.append({"kind": kind, "record_id": pk, "stage": stage, "amount": "1", "unit": "elapsed_hours",
                           "calendar": "office", "state": "missed", "started_at": when[0], "original_due_at": when[1],
                           "due_at": dice.choice(when), "stopped_at": dice.choice([None, *when])})  # fmt: skip
    sent = []
    for limit, key in zip(limits, stored(session, ClockRow, limits), strict=True):
        limit["at"] = []
        for rung, who in rungs.items():
            for version in range(1, dice.choice((1, 1, 2, 3))):
                one = {"clock_id": key, "rung_id": rung, "version": version, "turn": "once", "at": dice.choice(when),
                       "state": dice.choice(("sent", "sent", "skipped", "answered"))}  # fmt: skip
                sent.append(one)
                limit["at"] += [one["at"]] if one["state"] == "sent" and "listed" in who else []
    stored(session, RungSent, sent)
    return [
        (limit, records[limit["kind"], limit["record_id"]], units) for limit in limits if limit["kind"] != "documents"
    ]  # fmt: skip


@QUICK
@given(dice=DICE)
def test_each_limit_listed_for_criticism_stands_once_on_the_list(either_session, either_zone, dice):
    session = either_session
    session.rollback()
    day = dice.choice(DAYS)
    limits = listings(session, dice, moments_about(day, either_zone))
    for period in periods(day):
        wanted = []
        for limit, record, units in limits:
            listed = [at for at in limit["at"] if within(at, period, either_zone)]
            if listed and record["state"] not in record["void"]:
                wanted.append((min(listed), record["number"], str(STAGE_LABELS[limit["stage"]]),
                               units.get(record["department_id"]), limit["due_at"], limit["stopped_at"]))  # fmt: skip
        names = ("listed_at", "number", "stage", "department", "due_at", "stopped_at")
        found = [tuple(row[name] for name in names) for row in ask(session, "dispatch_criticised", period).rows]
        assert [one[:2] for one in found] == sorted(one[:2] for one in wanted)
        assert sorted(found, key=str) == sorted(wanted, key=str)
    session.rollback()
