"""The desk's books: its ledger, the daily review of it, and the use of articles equal a plain recount of random rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, time, timedelta

from hypothesis import given
from sqlalchemy import select

from app.engine.office_calendar import CalendarDay
from app.engine.report_answers import ask
from models.article_versions import ArticleVersion
from models.articles import Article
from models.corrections import Correction
from models.daily_reviews import DailyReview, ReviewLine
from models.ticket_words import CHANNELS, KINDS
from models.tickets import GRADES, ServiceTicket
from tests.random_cases import DICE, STOPPED, Staffed, examples, some, stored
from tests.report_cells import opened

QUICK = examples(15)


class Desk(Staffed):
    """Random rows of the desk about a day, with who may have worked on them."""

    def day_of(self, moment):
        return moment.astimezone(self.zone).date()


def inside(day, period):
    return period.get("from", "") <= day.isoformat() <= period.get("to", "9999")


# ---------- articles ----------


def cited(desk):
    """Articles in every state with none or some versions, and what callers were told from them or otherwise."""
    articles = some(
        desk.dice, 6, state=sorted(Article.flow.states), department_id=list(desk.units), edition=(None, 1, 3),
        verified_at=[None, *desk.when], review_on=[None, desk.day], title=("题", "目"),
    )  # fmt: skip
    for number, article in enumerate(articles):
        article |= {"article_no": f"ZS{number}", "body": "文"}
    desk.keep(Article, articles)
    versions = desk.keep(ArticleVersion, [
        {"article_id": article["id"], "number": number, "title": "题", "body": "文", "verified_at": desk.when[0],
         "department_id": article["department_id"]}
        for article in articles for number in range(desk.dice.choice((0, 1, 3)))
    ])  # fmt: skip
    tickets = some(
        desk.dice, 24, answered_at=[None, *desk.when], citation_id=[None, *(one["id"] for one in versions)],
        state=("answered", "closed", "reopened", "voided", "merged"),
    )  # fmt: skip
    for number, ticket in enumerate(tickets):
        ticket |= {"ticket_no": f"T{number}", "subject": "来电", "received_at": desk.when[0]}
        ticket["citation_id"] = ticket["citation_id"] if ticket["answered_at"] else None  # a citation is in an answer
    desk.keep(ServiceTicket, tickets)
    return articles, {one["id"]: one["article_id"] for one in versions}, tickets


@QUICK
@given(dice=DICE)
def test_the_use_of_articles_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    articles, article_of, tickets = cited(desk)
    for period in desk.periods():
        used = Counter(
            article_of[one["citation_id"]] for one in tickets
            if one["citation_id"] and one["state"] not in ("voided", "merged")
            and inside(desk.day_of(one["answered_at"]), period)
        )  # fmt: skip
        names = ("article_no", "title", "state", "edition", "verified_at", "review_on")
        wanted = [
            (*(one[name] for name in names), desk.units[one["department_id"]], used[one["id"]])
            for one in sorted(articles, key=lambda one: (-used[one["id"]], one["article_no"]))
        ]  # fmt: skip
        answer = ask(either_session, "article_use", period)
        assert [tuple(row[name] for name in (*names, "department", "answers")) for row in answer.rows] == wanted
        assert opened(either_session, answer) == sum(count > 0 for count in used.values())
    either_session.rollback()


# ---------- the ledger ----------

#: Numbers as they are written, and what a reader of the ledger may see of them.
SHOWN = {None: None, "12345": "****", "8666001": "****", "86660001": "866****0001", "13812345678": "138****5678"}


@QUICK
@given(dice=DICE)
def test_the_ledger_has_each_ticket_once_and_in_order(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    labels = {"channel": CHANNELS, "kind": KINDS, "grade": GRADES, "state": ServiceTicket.flow.state_labels}
    tickets = some(
        dice, 20, received_at=desk.when, channel=sorted(CHANNELS), kind=sorted(KINDS), phone=list(SHOWN),
        contact_name=(None, "王"), subject=("来电", "问"), content=(None, "漏水"), place=(None, "一楼"),
        taker_id=[None, *desk.people], department_id=[None, *desk.units], state=sorted(labels["state"]),
        answer=(None, "已答"), citation=(None, "手册"), outcome=(None, "修好"), grade=[None, *GRADES],
        answered_at=[None, *desk.when], due_at=[None, *desk.when], closed_at=[None, *desk.when],
        scheme=("hotline", "property_desk"), taken_over=(False, True), anonymous=(False, True),
    )  # fmt: skip
    desk.keep(ServiceTicket, [one | {"ticket_no": f"T{n}"} for n, one in enumerate(tickets)])
    same = ("received_at", "contact_name", "subject", "content", "place", "answer", "citation", "outcome", "answered_at",
            "due_at", "closed_at")  # fmt: skip
    for period in desk.periods():
        mine = [(n, one) for n, one in enumerate(tickets) if inside(desk.day_of(one["received_at"]), period)]
        wanted = [
            {"ticket_no": f"T{n}", "phone": SHOWN[one["phone"]], "taker": desk.people.get(one["taker_id"]),
             "department": desk.units.get(one["department_id"])}
            | {name: one[name] for name in same}
            | {name: one[name] and str(words[one[name]]) for name, words in labels.items()}
            for n, one in sorted(mine, key=lambda pair: (pair[1]["received_at"], pair[0]))
        ]  # fmt: skip
        assert ask(either_session, "ticket_ledger", period).rows == wanted
    either_session.rollback()


# ---------- the daily review ----------


def reviewed(desk):
    """Tickets that begin the ledger of none, one or both desks, sheets of days on them, and what they found wrong."""
    tickets = some(desk.dice, 4, scheme=("hotline", "property_desk"), received_at=desk.when, taken_over=(False, True))
    tickets = desk.keep(
        ServiceTicket, [one | {"ticket_no": f"T{n}", "subject": "来电"} for n, one in enumerate(tickets)]
    )
    today = desk.day_of(STOPPED)
    days = [desk.day + timedelta(days=count) for count in range(-9, 10)]
    days += [today - timedelta(days=count) for count in range(7)]
    sheets = {
        (desk.dice.choice(("hotline", "property_desk")), day)
        for day in desk.dice.sample(days, desk.dice.choice((0, 1, len(days)))) if day <= today
    }  # fmt: skip
    sheets = [{"desk": name, "day": day} for name, day in sorted(sheets)]
    for sheet in sheets:
        ends = datetime.combine(sheet["day"] + timedelta(days=1), time(18), desk.zone)
        due = desk.dice.choice((None, ends, ends, ends + timedelta(days=3), STOPPED, STOPPED - timedelta(seconds=1)))
        late = desk.dice.choice((None, timedelta(0), timedelta(seconds=1), timedelta(hours=-9)))
        signed = (due or ends) + late if late is not None and sheet["day"] < today else None
        sheet |= {"due_at": due, "signed_at": signed, "state": "signed" if signed else "unsigned"}
    desk.keep(DailyReview, sheets)
    lines = [
        {"review_id": sheet["id"], "ticket_id": ticket["id"], "sheet": sheet} for sheet in sheets for ticket in tickets
    ]
    for line, key in zip(lines, stored(desk.session, ReviewLine, [
        {"review_id": line["review_id"], "ticket_id": line["ticket_id"]} for line in lines
    ]), strict=True):  # fmt: skip
        line["id"] = key
    faults = some(
        desk.dice, 9, line=lines, state=("open", "done", "verified"),
        due_at=[None, *[STOPPED, STOPPED - timedelta(seconds=1)] * 12, *desk.when],
    ) if lines else []  # fmt: skip
    stored(desk.session, Correction, [
        {"line_id": one["line"]["id"], "ticket_id": one["line"]["ticket_id"], "finding": "错", "remedy": "改",
         "owner_id": min(desk.people), "due_on": desk.day, "state": one["state"], "due_at": one["due_at"]}
        for one in faults
    ])  # fmt: skip
    return tickets, sheets, [one | {name: one["line"]["sheet"][name] for name in ("desk", "day")} for one in faults]


def how_signed(desk, sheet, day, worked):
    """In which way a day was signed, or not; None for a day off that nobody signed."""
    if sheet and sheet["signed_at"]:
        in_time = sheet["due_at"] is None or sheet["signed_at"] <= sheet["due_at"]
        return "days_off_signed" if not worked(day) else "on_time" if in_time else "signed_late"
    if not worked(day):
        return None
    if sheet:
        due = sheet["due_at"]
    else:  # a manager has until the end of the next working day
        after = day + timedelta(days=1)
        while not worked(after):
            after += timedelta(days=1)
        due = datetime.combine(after, time(18), desk.zone)
    return "unsigned" if due and due < STOPPED else "not_due"


def kept(desk, name, first, sheets, faults, worked, period):
    """The line of one desk."""
    by_day = {one["day"]: one for one in sheets if one["desk"] == name}
    ways = Counter()
    while first < desk.day_of(STOPPED):
        ways[how_signed(desk, by_day.get(first), first, worked) if inside(first, period) else None] += 1
        first += timedelta(days=1)
    over = ways["on_time"] + ways["signed_late"] + ways["unsigned"]
    mine = [one for one in faults if one["desk"] == name and inside(one["day"], period)]
    overdue = [one for one in mine if one["state"] == "open" and one["due_at"] and one["due_at"] < STOPPED]
    return {
        "desk": name, "working_days": over, "on_time": ways["on_time"],
        "on_time_rate": ways["on_time"] / over if over else None, "signed_late": ways["signed_late"],
        "unsigned": ways["unsigned"], "not_due": ways["not_due"], "days_off_signed": ways["days_off_signed"],
        "nonconforming": len(mine), "open": sum(one["state"] != "verified" for one in mine), "overdue": len(overdue),
    }  # fmt: skip


@QUICK
@given(dice=DICE)
def test_the_daily_review_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    desk = Desk(either_session, either_zone, dice)
    tickets, sheets, faults = reviewed(desk)
    days = dict(either_session.execute(select(CalendarDay.day, CalendarDay.worked)).all())
    began = defaultdict(list)
    for one in tickets:
        if not one["taken_over"]:
            began[one["scheme"]].append(desk.day_of(one["received_at"]))
    for period in desk.periods():
        wanted = [
            kept(desk, name, min(began[name]), sheets, faults, lambda day: days.get(day, day.weekday() < 5), period)
            for name in ("hotline", "property_desk") if name in began
        ]  # fmt: skip
        answer = ask(either_session, "daily_reviews", period)
        assert answer.rows == wanted
        opened(either_session, answer)
    either_session.rollback()
