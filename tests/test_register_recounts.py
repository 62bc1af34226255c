"""The registers on random papers and numbers: each line, its place and its year are what a plain recount finds."""

from __future__ import annotations

from hypothesis import given
from sqlalchemy import select

from app.engine.numbers import DrawnNumber
from app.engine.report_answers import ask
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope
from models.outgoing import OutgoingDocument
from models.outgoing_series import FIRST, FIRST_TEMPLATE, OutgoingSeries
from models.people import Department, Person
from models.recipients import Recipient
from models.registers import Register
from tests.random_cases import DAYS, DICE, examples, moments_about, some, stored

QUICK = examples(12)
#: A reply that is void or was called back answers nothing.
ENDED = ("voided", "recalled", "annulled")
#: Forms of numbers: of the first series, of another one that begins anew each year, and of one that runs on.
YEARLY, RUNNING = "乙〔{year}〕{serial}号", "丙第{serial}号"


class Book:
    """One register: its series, the numbers drawn in them, and the papers that bear one, as plain rows."""

    def __init__(self, session, zone, dice, model, first):
        session.rollback()
        self.session, self.zone, self.dice = session, zone, dice
        self.day = DAYS[0] if dice.random() < 0.7 else dice.choice(DAYS)
        self.when = moments_about(self.day, zone)
        common = {"profile": "company"} | ({"issuer": "文枢", "level": "company"} if model is OutgoingSeries else {})
        added = [
            {"code": code, "name": code, "template": form} | common for code, form in (("B", YEARLY), ("C", RUNNING))
        ]
        own = session.scalar(select(model.id).where(model.template == first[1]))
        self.codes = dict(zip([own, *stored(session, model, added)], (first[0], "B", "C"), strict=True))
        self.code_of_first = session.scalar(select(model.code).where(model.id == own))
        years = (2025, 2026)
        self.numbers = [
            {"series": first[0] + (f":{code}" if code in ("B", "C") else ""), "year": year, "serial": serial,
             "text": form.format(year=year, serial=serial), "at": dice.choice(self.when), "code": code,
             "state": dice.choice(("used", "used", "used", "void", "void", "reserved")),
             "reason": dice.choice((None, "误登", "试号"))}
            for code, form, counted in ((first[0], first[1], years), ("B", YEARLY, years), ("C", RUNNING, (0,)))
            for year in counted for serial in range(1, 1 + dice.choice((0, 1, 4)))
        ]  # fmt: skip
        dice.shuffle(self.numbers)
        stored(session, DrawnNumber, [
            {name: value for name, value in one.items() if name != "code"} | {"actor_name": "机要"} for one in self.numbers
        ])  # fmt: skip

    def papers(self, moment):
        """A paper for each number used and for some void ones, and some with numbers of an older register or none."""
        kept = {code: key for key, code in self.codes.items()}
        borne = [one for one in self.numbers if one["state"] == "used" or (one["state"] == "void" and self.chance())]
        rows = [(one, kept[one["code"]]) for one in borne]
        rows += [(None, self.dice.choice([None, *self.codes])) for _n in range(self.dice.choice((0, 2)))]
        self.dice.shuffle(rows)
        return [
            {"number": number["text"] if number else f"旧{n}", "drawn": number, "book": key,
             moment: self.dice.choice(self.when)}
            for n, (number, key) in enumerate(rows)
        ]  # fmt: skip

    def chance(self):
        return self.dice.random() < 0.5

    def year_of(self, moment):
        return moment.astimezone(self.zone).year

    def inside(self, moment, period):
        return period.get("from", "") <= moment.astimezone(self.zone).date().isoformat() <= period.get("to", "9999")

    def questions(self, name, moments):
        """What the register is asked for: all, a period, a book, a year, a book and a year, a book and a period."""
        day = self.day.isoformat()
        years = sorted({self.year_of(one) for one in moments}) if moments else []
        offered = range(years[0], years[-1] + 1) if years else ()
        books = [self.code_of_first, "B", "C"]
        yield from ({}, {"to": day}, {"from": day}, {"from": day, "to": day}, {name: "B", "to": day})
        yield from ({name: code} for code in books)
        yield from ({"year": str(year)} for year in offered if 2024 < year < 2027)
        yield from ({name: code, "year": str(year)} for year in offered if 2024 < year < 2027 for code in books)

    def wanted(self, rows, asked, name, moment):
        """The numbers that the answer to a question has, in their order; what no paper bears with nothing beside it."""
        code, year = asked.get(name), int(asked.get("year", 0))
        code = next(iter(self.codes.values())) if code == self.code_of_first else code
        found = []
        for row in rows:
            drawn, by_moment = row["drawn"], self.year_of(row[moment])
            mine = code is None or self.codes.get(row["book"], next(iter(self.codes.values()))) == code
            counted = drawn["year"] if drawn and drawn["year"] else by_moment
            if mine and self.inside(row[moment], asked) and year in (0, counted):
                place = (drawn["year"], drawn["serial"]) if drawn else (0, 0)
                found.append(((*place, row[moment], row["id"]), row["number"]))
        if code and not {"from", "to"} & set(asked):
            borne = {row["number"] for row in rows}
            for one in self.numbers:
                counted = one["year"] or self.year_of(one["at"])
                if one["code"] == code and one["state"] == "void" and one["text"] not in borne and year in (0, counted):
                    found.append(((one["year"], one["serial"], one["at"], 0), one["text"]))
        if code is None and not year:
            found = [((*place[2:],), number) for place, number in found]
        return [number for _place, number in sorted(found)]

    def check(self, report, name, rows, moment, column, lines):
        """The report's answers to all questions: the numbers in their order, and the line of each paper."""
        reasons = {one["text"]: one["reason"] for one in self.numbers if one["state"] == "void"}
        for asked in self.questions(name, [row[moment] for row in rows]):
            answer = ask(self.session, report, asked).rows
            assert [row[column] for row in answer] == self.wanted(rows, asked, name, moment), asked
            for row in answer:
                assert row["void_reason"] == reasons.get(row[column])
                line = lines.get(row[column], {"void": True})
                if "void" in line:
                    told = {key for key, value in row.items() if value is not None}
                    assert told - {"void_reason"} == {column, "state"}
                else:
                    assert {key: row[key] for key in line} == line
        self.session.rollback()


def people_and_units(session):
    return (
        dict(session.execute(select(Person.id, Person.name).limit(3)).all()),
        dict(session.execute(select(Department.id, Department.name).limit(2)).all()),
    )  # fmt: skip


@QUICK
@given(dice=DICE)
def test_the_incoming_register_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    session = either_session
    numbered = IncomingDocument.kind_name, IncomingDocument.numbered.template
    book = Book(session, either_zone, dice, Register, numbered)
    people, units = people_and_units(session)
    (sender,) = stored(session, Correspondent, [{"name": "某局"}])
    rows = book.papers("received_at")
    envelopes = [
        {"envelope_no": number, "received_at": book.when[0], "channel": "post", "silent": number == "随1"}
        for number in ("X0", "X1", "随1")
    ]
    covers = dict(zip(stored(session, Envelope, envelopes), ("X0", "X1", "随1"), strict=True))
    outer = [key for key, number in covers.items() if number != "随1"]
    kept = [
        {"receipt_no": row["number"], "envelope_id": dice.choice((None, *covers)), "register_id": row["book"], "received_at": row["received_at"], "title": row["number"],
         "sender_id": sender, "state": dice.choice(("registered", "closed", "voided")), "copies": dice.randint(1, 9)}
        for row in rows
    ]  # fmt: skip
    for row, key in zip(rows, stored(session, IncomingDocument, kept), strict=True):
        row["id"] = key
    lines = {row["number"]: paper | {"sender": "某局"} for row, paper in zip(rows, kept, strict=True)}
    keys = [row["id"] for row in rows]
    desks = some(
        dice, 12, document_id=keys, lead=(True, True, False), state=("sent", "done", "called_off"),
        department_id=list(units), received_by_id=[None, *people], received_at=[None, *book.when],
        done_at=[None, *book.when],
    ) if keys else []  # fmt: skip
    stored(session, Assignment, desks)
    replies = some(dice, 4, reply_to_id=keys, document_no=(None, "a9", "a10")) if keys else []
    replies = [
        one | {"document_no": one["document_no"] and f"{one['document_no']}{n}"} for n, one in enumerate(replies)
    ]
    replies = [one | {"state": dice.choice(("issued", "filed", *ENDED))} for one in replies]
    stored(session, OutgoingDocument, [one | {"title": "复函", "drafted_at": book.when[0]} for one in replies])
    inside = some(dice, 6, envelope_id=outer, document_id=keys, title=("件",)) if keys else []
    stored(session, EnvelopeLine, inside)
    for row in rows:
        line = lines[row["number"]]
        for name in ("register_id", "sender_id", "state"):
            del line[name]
        own = [one for one in desks if one["document_id"] == row["id"] and one["lead"] and one["state"] != "called_off"]
        last = own[-1] if own else {}
        line |= {"taken_by": people.get(last.get("received_by_id")), "taken_at": last.get("received_at"),
                 "done_at": last.get("done_at")}  # fmt: skip
        answers = [one["document_no"] for one in replies if one["reply_to_id"] == row["id"] and one["document_no"]
                   and one["state"] not in ENDED]  # fmt: skip
        found = [covers[one["envelope_id"]] for one in inside if one["document_id"] == row["id"]]
        own = covers.get(line.pop("envelope_id"))
        line |= {"reply_no": answers[-1] if answers else None,
                 "envelope_no": max(found, default=None) if own in (None, "随1") else own}  # fmt: skip
    book.check("incoming_register", "book", rows, "received_at", "receipt_no", lines)


def papers_sent(book):
    """Papers with numbers, drafts without one, and the recipients of all."""
    rows = book.papers("signed")
    kept = []
    for row in rows + [{"number": None, "book": None, "signed": book.when[0]} for _n in range(2)]:
        # Whose day of signing is not known counts by the day of issue, else by that of the draft.
        known = book.dice.choice(("signed_at", "signed_at", "issued_at", "drafted_at"))
        paper = {"signed_at": None, "issued_at": None, "drafted_at": book.when[0]} | {known: row["signed"]}
        kept.append(paper | {"document_no": row["number"], "number_series_id": row["book"], "title": f"{row['number']}",
                             "state": book.dice.choice(("issued", "voided", "recalled")),
                             "copies": book.dice.choice((None, 30))})  # fmt: skip
    keys = stored(book.session, OutgoingDocument, kept)
    for row, key in zip(rows, keys, strict=False):
        row["id"] = key
    recipients = some(
        book.dice, 16, document_id=keys, name=("甲局", "乙局", "丙局"), part=("main", "copy"), copies=(1, 2, 5),
        state=("to_send", "sent", "received", "returned", "struck_out"), sent_at=[None, *book.when],
        signed_at=[None, *book.when],
    )  # fmt: skip
    for one, key in zip(recipients, stored(book.session, Recipient, recipients), strict=True):
        one["id"] = key
    return rows, kept, recipients


@QUICK
@given(dice=DICE)
def test_the_outgoing_register_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    book = Book(either_session, either_zone, dice, OutgoingSeries, (FIRST, FIRST_TEMPLATE))
    rows, kept, recipients = papers_sent(book)
    lines = {}
    for row, paper in zip(rows, kept, strict=False):
        mine = [one for one in recipients if one["document_id"] == row["id"] and one["state"] != "struck_out"]
        out = sum(one["copies"] for one in mine if one["sent_at"])
        lines[row["number"]] = {
            name: paper[name] for name in ("title", "copies", "drafted_at", "signed_at", "issued_at")
        }
        lines[row["number"]] |= {
            "copies_out": out, "copies_left": paper["copies"] and paper["copies"] - out,
            "signed_for": sum(one["signed_at"] is not None for one in mine),
        }  # fmt: skip
    book.check("outgoing_register", "series", rows, "signed", "document_no", lines)


@QUICK
@given(dice=DICE)
def test_the_register_by_recipient_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    book = Book(either_session, either_zone, dice, OutgoingSeries, (FIRST, FIRST_TEMPLATE))
    rows, _kept, recipients = papers_sent(book)
    names = ("part", "copies", "sent_at", "signed_at", "state")
    for asked in book.questions("series", [row["signed"] for row in rows]):
        # Of what became void without a paper there is nobody who got it.
        numbers = [
            one for one in book.wanted(rows, asked, "series", "signed") if one in {row["number"] for row in rows}
        ]
        keys = {row["number"]: row["id"] for row in rows}
        wanted = [
            (number, one["name"], *(one[name] for name in names))
            for number in numbers for one in recipients if one["document_id"] == keys[number]
        ]  # fmt: skip
        answer = ask(either_session, "outgoing_recipients", asked).rows
        assert [(row["document_no"], row["recipient"], *(row[name] for name in names)) for row in answer] == wanted
    either_session.rollback()
