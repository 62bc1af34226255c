"""Who read what, which numbers were drawn, who saw a paper: on random rows each line equals a plain recount."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from statistics import median

import pytest
from flask_babel import gettext as _
from hypothesis import given
from sqlalchemy import delete, inspect, select

from app.engine import access
from app.engine.clocks import ClockRow, ClockSegment
from app.engine.events import SecurityEvent
from app.engine.numbers import DrawnNumber
from app.engine.office_calendar import CalendarDay
from app.engine.report_answers import ask
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.outgoing import OutgoingDocument
from models.outgoing_series import OutgoingSeries
from models.people import Department, Person
from tests.random_cases import DICE, STOPPED, Around, called, examples, some, stored

QUICK = examples(15)


class Desk(Around):
    """Random rows of papers about a day, and the periods they are asked for."""

    def papers(self, count):
        """So many incoming papers, by key."""
        (sender,) = stored(self.session, Correspondent, [{"name": "某局"}])
        numbers = [f"收{n}" for n in range(count)]
        rows = [{"receipt_no": one, "title": one, "sender_id": sender, "received_at": self.when[0]} for one in numbers]
        return dict(zip(stored(self.session, IncomingDocument, rows), numbers, strict=True))

    def readers(self):
        """Two of one name in one department, one in another, and one in none."""
        units = [{"code": code, "name": f"{code}处"} for code in ("RA", "RB")]
        first, second = stored(self.session, Department, units)
        people = [
            {"name": "王伟", "department_id": first}, {"name": "王伟", "department_id": first},
            {"name": "李娜", "department_id": second}, {"name": "张三", "department_id": None},
        ]  # fmt: skip
        named = {first: "RA处", second: "RB处", None: ""}
        kept = dict(zip(stored(self.session, Person, people), people, strict=True))
        return {key: (name, named[kept[key]["department_id"]]) for key, name in called(kept).items()}


# ---------- reading ----------

WINDOWS = ((time(9), time(12)), (time(13, 30), time(18)))


def worked(since, until, days, zone):
    """Hours of work from one moment to another: the house's windows, day by day on the wall."""
    hours, day = 0.0, since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        if days.get(day, day.weekday() < 5):
            for opens, closes in WINDOWS:
                begin, end = (datetime.combine(day, clock, zone).timestamp() for clock in (opens, closes))
                hours += max(min(end, until.timestamp()) - max(begin, since.timestamp()), 0) / 3600
        day += timedelta(days=1)
    return hours


def ninth_tenth(values):
    """Nine tenths of the way along the values in their order, between two of them where it lies there."""
    place = (len(values) - 1) * 0.9
    low, ordered = int(place), sorted(values)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def entries(desk):
    """Entries in every state: offered or not, opened, read soon or a year later, some noted before the offer."""
    long_ago = STOPPED - timedelta(days=10)
    readers, papers = desk.readers(), desk.papers(3)
    rows = some(
        desk.dice, 20, reader_id=list(readers), document_id=list(papers), state=sorted(CirculationEntry.flow.states),
        sent_at=[None, long_ago, long_ago - timedelta(seconds=1), *desk.when], opened_at=[None, *desk.when],
        took=[None, *(timedelta(hours=count) for count in (-1, 0, 0.3, 4, 20, 90, 1000, 9000))],
    )  # fmt: skip
    for number, row in enumerate(rows):
        took = row.pop("took")
        start = row["sent_at"] or desk.when[0]
        row |= {"round": number, "read_at": start + took if took is not None else None}
    keys = stored(desk.session, CirculationEntry, rows)
    for key, row in zip(keys, rows, strict=True):
        row["reader"], row["department"] = readers[row["reader_id"]]
        row["pauses"] = passed_over(desk, key, row["sent_at"] or desk.when[0])
    return rows


def passed_over(desk, entry, sent_at):
    """The times in which the reader of an entry was passed over; the limit ran before, between and after them."""
    about = {"kind": "circulation_entries", "stage": "reading", "record_id": entry, "amount": "5", "unit": "work_days",
             "calendar": "office", "state": "met", "due_at": sent_at, "original_due_at": sent_at}  # fmt: skip
    (clock,) = stored(desk.session, ClockRow, [about | {"started_at": sent_at}])
    first, gap, last = (timedelta(hours=desk.dice.choice((0, 0.5, 7, 60))) for _part in range(3))
    begun = sent_at + desk.dice.choice((timedelta(hours=-3), timedelta(0), timedelta(hours=5)))
    pauses = [(begun, begun + first), (begun + first + gap, begun + first + gap + last)][: desk.dice.choice((0, 1, 2))]
    runs = [(sent_at, begun)] + ([(begun + first, begun + first + gap)] if pauses else [])
    rows = [{"clock_id": clock, "begins_at": since, "ends_at": until, "running": running}
            for running, spans in ((False, pauses), (True, runs)) for since, until in spans]  # fmt: skip
    stored(desk.session, ClockSegment, rows)
    return pauses


def how_read(rows, days, zone):
    """What a group of entries comes to; who read before the offer was noted took no hours."""
    unread = [row["sent_at"] for row in rows if row["read_at"] is None]
    read = [(row["sent_at"], row["read_at"], row["pauses"]) for row in rows if row["read_at"] is not None]
    took = [(since, until, pauses) for since, until, pauses in read if until >= since]
    unread_long = [row["sent_at"] for row in rows if row["read_at"] is None and row["state"] != "skipped"]
    found = {
        "offered": len(rows), "opened": sum(row["opened_at"] is not None for row in rows), "read": len(read),
        "answered": sum(row["state"] == "answered" for row in rows), "unread": len(unread),
        "long_unread": sum(STOPPED - sent > timedelta(days=10) for sent in unread_long),
        "waiting_count": sum(sent <= STOPPED for sent in unread_long), "read_share": len(read) / len(rows), "to_read_count": len(took),
    }  # fmt: skip

    def without(took_of):
        """The hours of each, of which those in which the reader was passed over are none."""
        for since, until, pauses in took:
            inside = [(min(max(one, since), until) for one in pause) for pause in pauses]
            yield took_of(since, until) - sum(took_of(*pause) for pause in inside)

    wall = list(without(lambda since, until: (until - since).total_seconds() / 3600))
    working = list(without(lambda since, until: worked(since, until, days, zone)))
    waiting = [(STOPPED - sent).total_seconds() / 86400 for sent in unread_long if sent <= STOPPED]
    for name, hours in (("to_read", wall), ("to_read_working", working), ("waiting", waiting)):
        found[f"{name}_median"] = median(hours) if hours else None
        found[f"{name}_p90"] = ninth_tenth(hours) if hours else None
    return found


@QUICK
@given(dice=DICE)
def test_reading_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    rows = [one for one in entries(desk) if one["sent_at"] and one["state"] not in ("withdrawn", "exempted")]
    days = dict(either_session.execute(select(CalendarDay.day, CalendarDay.worked)).all())
    for one in rows:
        one["month"] = f"{one['sent_at'].astimezone(either_zone):%Y-%m}"
    for by in (["reader"], ["department"], ["month"], ["month", "department"]):
        period = dice.choice(desk.periods())
        groups = defaultdict(list)
        for one in rows:
            if desk.within(one["sent_at"], period):
                groups[tuple(one[name] for name in by)].append(one)
        found = ask(either_session, "reading", {"by": ",".join(by), **period}).rows
        assert [tuple(row[name] for name in by) for row in found] == sorted(groups)
        for row in found:
            wanted = how_read(groups[tuple(row.pop(name) for name in by)], days, either_zone)
            assert row == pytest.approx(wanted, abs=0.0051), by
    either_session.rollback()


# ---------- numbers ----------


def drawn(desk):
    """Numbers of the series of outgoing papers, and of others whose names are nearly the same."""
    code = {"profile": "company", "level": "company", "issuer": "文枢"}
    stored(desk.session, OutgoingSeries, [{"code": "A", "name": "甲字", "template": "甲〔{year}〕{serial}"} | code])
    first = desk.session.scalar(select(OutgoingSeries.name).where(OutgoingSeries.template.like("文枢发%")))
    desk.session.execute(delete(inspect(DrawnNumber).local_table))
    names = {"outgoing_documents": first, "outgoing_documents:A": "甲字", "outgoing_documents:Z": None}
    strange = ("incoming_documents", "incoming_documents:A", "outgoing_documents2", "outgoingXdocuments:A")
    rows = [
        {"series": series, "year": year, "serial": serial, "text": f"{series}〔{year}〕{serial}",
         "state": desk.dice.choice(("used", "reserved", "void")), "reason": desk.dice.choice((None, "写错", "预留")),
         "at": desk.dice.choice(desk.when), "actor_name": desk.dice.choice(("机要", "王伟")),
         "changed_at": desk.dice.choice([None, *desk.when]), "changed_by": desk.dice.choice((None, "李娜"))}
        for series in (*names, *strange) for year in (0, 2025, 2026)
        for serial in range(1, 1 + desk.dice.choice((0, 0, 1, 11)))
    ]  # fmt: skip
    stored(desk.session, DrawnNumber, desk.dice.sample(rows, len(rows)))
    return [one | {"named": names[one["series"]] or one["series"]} for one in rows if one["series"] in names]


@QUICK
@given(dice=DICE)
def test_the_register_of_outgoing_numbers_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    rows = drawn(desk)
    for period in desk.periods():
        mine = [one for one in rows if desk.within(one["at"], period)]
        mine.sort(key=lambda one: (one["series"], one["year"], one["serial"]))
        names = ("named", "text", "state", "reason", "actor_name", "at", "changed_by", "changed_at")
        wanted = [tuple(one[name] for name in names) for one in mine]
        found = ask(either_session, "number_register", period).rows
        assert [tuple(row.values()) for row in found] == wanted
    either_session.rollback()


# ---------- who saw one paper ----------

KINDS = ("file_read", "revealed", "printed", "exported", "broke_glass")


def seen(desk):
    """A paper of each kind with one key, those of others beside it, and what people did with all of them."""
    incoming = desk.papers(3)
    key = min(incoming)
    outgoing = {"id": key, "document_no": "发1", "title": "发1", "drafted_at": desk.when[0], "state": "issued"}
    stored(desk.session, OutgoingDocument, [outgoing])
    kinds = ("incoming_documents", "outgoing_documents")
    names = [f"{kind} {pk}" for kind in kinds for pk in (*incoming, f"{key}1")]
    names += [f"{kind} {key} transmittal" for kind in kinds] + [f"envelopes {key}"]
    events = some(
        desk.dice, 30, at=desk.when, kind=[*KINDS, "sign_in", "refused"], subject=names,
        actor_name=("王伟", access.SYSTEM.name), detail=("", "附件一"), address=(None, "10.0.0.1"),
    )  # fmt: skip
    chained = {"chain": "recount", "previous": "", "digest": ""}
    stored(desk.session, SecurityEvent, [one | chained | {"position": n} for n, one in enumerate(events, 1)])
    readers = desk.readers()
    read = some(
        desk.dice, 9, document_id=list(incoming), reader_id=list(readers), opened_at=[None, *desk.when],
        read_at=[None, *desk.when], state=("offered", "read", "withdrawn"),
    )  # fmt: skip
    stored(desk.session, CirculationEntry, [one | {"round": n} for n, one in enumerate(read)])
    return key, incoming[key], events, [one | {"reader": readers[one["reader_id"]][0].split(" (")[0]} for one in read]


@QUICK
@given(dice=DICE)
def test_the_access_log_of_a_paper_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    key, receipt_no, events, read = seen(desk)
    for number, kind in ((receipt_no, "incoming_documents"), ("发1", "outgoing_documents")):
        own = (f"{kind} {key}", f"{kind} {key} transmittal")
        deeds = [
            (one["at"], _("The system") if one["actor_name"] == "system" else one["actor_name"], one["kind"],
             one["detail"], one["address"])
            for one in events if one["subject"] in own and one["kind"] in KINDS
        ]  # fmt: skip
        deeds += [
            (one[f"{deed}_at"], one["reader"], deed, None, None)
            for one in read for deed in ("opened", "read")
            if number == receipt_no and one["document_id"] == key and one[f"{deed}_at"]
        ]  # fmt: skip
        for period in desk.periods():
            wanted = [one for one in deeds if desk.within(one[0], period)]
            answer = ask(either_session, "paper_access", {"paper": number, **period})
            found = [tuple(row.values()) for row in answer.rows]
            assert [one[0] for one in found] == sorted(one[0] for one in wanted)
            assert sorted(found, key=str) == sorted(wanted, key=str)
    assert ask(either_session, "paper_access", {}).rows == []
    either_session.rollback()
