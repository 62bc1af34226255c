"""Lists of papers and figures on outgoing ones: line by line what a plain walk over the raw rows finds."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.engine import access, history
from app.engine import record as records
from app.engine.behind import Behind
from app.engine.moments import local, parse_moment
from app.engine.office_calendar import working_calendar
from app.engine.report_answers import ask
from models.accountability import AccountabilityCase
from models.copies import CopyMovement, PaperCopy, register_copies
from models.entries import CirculationEntry
from models.outgoing import OutgoingDocument
from models.outgoing_lines import ProofRound, SealUse
from models.people import Department, Person
from models.recipients import Recipient
from tests.factories import incoming, take
from tests.papers import instructed
from tests.random_cases import examples
from tests.report_cells import TOO_FEW, opened, unsaid
from tests.test_envelopes import FINE, come_in
from tests.test_fates import approved, campaign, destroy
from tests.test_outgoing import RAW
from tests.test_paper_reports import MOMENTS, NOW, PERIODS, behind, day, put

QUICK = examples(10)
PLACES = st.sampled_from(MOMENTS)
NEW = (
    "paper_workload", "closing_on_time", "follow_up_effect", "dispatch_book", "copies_out", "circulation_by_paper",
    "destruction_register", "return_register", "outgoing_quality", "outgoing_returns", "accountability_cases",
    "seal_use", "papers_overdue",
)  # fmt: skip


@pytest.fixture
def known(session, at):
    """The office on a Monday in March; the test works for the house itself."""
    at(NOW)
    with access.system():
        yield


def inside(moment, period):
    return period.get("from", "") <= day(moment).isoformat() <= period.get("to", "9999")


def paper_of_ours(session, number, **values):
    return put(session, OutgoingDocument, title=f"文{number}", taken_over=False, level="company", document_class="formal",
               document_type="notice", secrecy="internal", urgency="none", to_discuss=False, **values)  # fmt: skip


# Outgoing papers

OUTGOING = st.lists(
    st.fixed_dictionaries(
        {
            "drafted": PLACES, "issued": st.sampled_from((None, 5, 5000)), "number": st.booleans(),
            "state": st.sampled_from(("drafting", "issued", "filed", "voided", "recalled", "annulled", "withdrawn")),
            "unit": st.sampled_from((0, 1)), "old": st.sampled_from((False, False, False, True)),
            "proofs": st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=3),
            "back": st.lists(
                st.tuples(
                    st.sampled_from(("send_back", "open_again", "print_again", "sign")), PLACES,
                    st.sampled_from((None, "金额有误", "格式")), st.sampled_from(("signing", "text_check")),
                ),
                max_size=4,
            ),
        }
    ),
    max_size=5,
)  # fmt: skip


def drafts(session, at, wishes, unit):
    """Papers of the house as wished, with the steps of their history."""
    made = []
    for number, wish in enumerate(wishes):
        at(min([wish["drafted"], *(step[1] for step in wish["back"])]))
        begun = parse_moment(wish["drafted"])
        paper = paper_of_ours(
            session, number, drafted_at=begun, state="drafting", document_no=f"号{number}" if wish["number"] else None,
            department=unit if wish["unit"] else None,
            issued_at=begun + timedelta(hours=wish["issued"]) if wish["issued"] else None,
        )  # fmt: skip
        for action, moment, reason, left in sorted(wish["back"], key=lambda step: step[1]):
            at(moment)
            paper.state = left
            with history.act("hand_in"):
                session.flush()
            paper.state = "drafting"
            with history.act(action, reason=reason):
                session.flush()
        for errors, waived in wish["proofs"]:
            put(session, ProofRound, document_id=paper.id, number=1, at=begun, errors=errors, clean=not errors,
                waived="急件" if waived else None)  # fmt: skip
        paper.state, paper.taken_over = wish["state"], wish["old"]
        session.flush()
        made.append(wish)
    at(NOW)
    return made


@QUICK
@given(wishes=OUTGOING)
def test_the_quality_of_outgoing_papers_is_what_a_plain_recount_finds(session, known, at, wishes):
    session.rollback()
    unit = session.scalars(select(Department).limit(1)).one()
    made = drafts(session, at, wishes, unit)
    names = (
        "drafted", "returned", "returns", "changed", "proof_rounds", "proof_errors", "issued", "withdrawn", "numbered",
        "voided", "recalled", "annulled", "to_issue_count",
    )  # fmt: skip
    for period in PERIODS:
        groups = defaultdict(list)
        for wish in made:
            begun = parse_moment(wish["drafted"])
            if not wish["old"] and inside(begun, period):
                groups[unit.name if wish["unit"] else "", f"{local(begun):%Y-%m}"].append(wish)
        rows = ask(session, "outgoing_quality", {"by": "department,month", **period}).rows
        assert {(row["department"], row["month"]) for row in rows} == set(groups)
        for row in rows:
            key = {"department": row["department"], "month": row["month"]}
            found = groups[tuple(key.values())]
            steps = [Counter(step[0] for step in wish["back"]) for wish in found]
            back = [counted["send_back"] for counted in steps]
            states = Counter(wish["state"] for wish in found)
            hours = [wish["issued"] for wish in found if wish["issued"]]
            assert [row[name] for name in names] == [
                len(found), sum(times > 0 for times in back), sum(back), sum(one["open_again"] > 0 for one in steps),
                sum(not waived for wish in found for _errors, waived in wish["proofs"]),
                sum(errors for wish in found for errors, _waived in wish["proofs"]), len(hours), states["withdrawn"],
                sum(wish["number"] for wish in found),
                sum(wish["number"] and wish["state"] == "voided" for wish in found), states["recalled"],
                states["annulled"], len(hours),
            ]  # fmt: skip
            assert row["returned_share"] == pytest.approx(round(row["returned"] / len(found), 4))
            assert row["to_issue_median"] == (pytest.approx(median(hours), abs=0.011) if hours else None)
            for name in ("drafted", "returned", "changed", "issued", "voided", "recalled", "to_issue_count"):
                assert behind(session, "outgoing_quality", key, name, period=period) == row[name], name
    session.rollback()


@QUICK
@given(wishes=OUTGOING)
def test_what_was_sent_back_from_where_and_why_is_what_a_plain_recount_finds(session, known, at, wishes):
    session.rollback()
    made = drafts(session, at, wishes, None)
    for period in PERIODS:
        groups = defaultdict(list)
        for number, wish in enumerate(made):
            for action, moment, reason, left in wish["back"]:
                if action != "sign" and inside(parse_moment(moment), period):
                    groups[left, action, reason or ""].append(number)
        rows = ask(session, "outgoing_returns", {"by": "stage,step,reason", **period}).rows
        told = {(row["stage"], row["step"], row["reason"]): (row["returns"], row["papers"]) for row in rows}
        assert told == {key: (len(found), len(set(found))) for key, found in groups.items()}
    session.rollback()


@pytest.mark.parametrize(
    "account, papers, reason", [("office", 1, "金额有误"), ("user_a", 1, "金额有误"), ("user_b", 0, "")]
)
def test_a_reason_is_told_to_those_who_may_read_the_paper(session, actors, account, papers, reason):
    with access.acting_as(actors["user_a"]):
        draft = records.add(session, OutgoingDocument, RAW)
        session.commit()
    take(session, actors["user_a"], draft, "hand_in")
    take(session, actors["office"], draft, "send_back", reason="金额有误")
    session.commit()
    with access.acting_as(actors[account]):
        rows = ask(session, "outgoing_returns", {"by": "reason"}).rows
        assert [(row["reason"], row["papers"]) for row in rows] == [(reason, 1)] * papers
        assert sum(row["returned"] for row in ask(session, "outgoing_quality", {}).rows) == papers


SEALED = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(("公章", "钢印")), st.integers(1, 9), PLACES), max_size=6
)


@QUICK
@given(uses=SEALED)
def test_the_use_of_the_seals_is_what_a_plain_recount_finds(session, known, uses):
    session.rollback()
    keeper, signer = session.scalars(select(Person).limit(2)).all()
    papers = [
        paper_of_ours(session, number, drafted_at=parse_moment(NOW), state="issued", signer_id=signer.id if number else None)
        for number in range(2)
    ]  # fmt: skip
    for place, seal, impressions, moment in uses:
        put(session, SealUse, document_id=papers[place].id, seal=seal, impressions=impressions, keeper_id=keeper.id,
            at=parse_moment(moment), checksum="0")  # fmt: skip
    for period in PERIODS:
        groups = defaultdict(list)
        for place, seal, impressions, moment in uses:
            if inside(parse_moment(moment), period):
                groups[seal, keeper.name, signer.name if place else ""].append((place, impressions))
        rows = ask(session, "seal_use", {"by": "seal,keeper,signer", **period}).rows
        told = {
            (row["seal"], row["keeper"], row["signer"]): (row["uses"], row["impressions"], row["papers"])
            for row in rows
        }
        assert told == {
            key: (len(found), sum(one for _place, one in found), len({place for place, _one in found}))
            for key, found in groups.items()
        }
    session.rollback()


# Lists

MOVES = st.lists(
    st.tuples(PLACES, st.sampled_from((None, *MOMENTS)), st.booleans()).map(
        lambda move: (min(move[0], move[1] or move[0]), move[1] and max(move[0], move[1]), move[2])
    ),
    max_size=6,
)


@QUICK
@given(moves=MOVES)
def test_copies_out_on_a_day_are_what_the_chain_of_holders_says(session, known, moves):
    session.rollback()
    paper, calendar = incoming(session, received_at="2025-12-01 08:00"), working_calendar(session)
    reader = session.scalars(select(Person).limit(1)).one()
    for number, (out, back, signed) in enumerate(moves, 1):
        copy = put(session, PaperCopy, document_id=paper.id, number=f"{number:06}", medium="original",
                   state="out" if back is None else "with_registry", unconfirmed=False)  # fmt: skip
        put(session, CopyMovement, copy_id=copy.id, person_id=reader.id, out_at=parse_moment(out), signed=signed,
            back_at=parse_moment(back) if back else None, unconfirmed=False)  # fmt: skip
    for period in PERIODS:
        end = parse_moment(f"{period['to']} 00:00") + timedelta(days=1) if "to" in period else parse_moment(NOW)
        last = day(end - timedelta(seconds=1))
        expected = [
            (f"{number:06}", paper.receipt_no, reader.name, signed, (last - day(parse_moment(out))).days,
             calendar.working_days_between(day(parse_moment(out)), last))
            for number, (out, back, signed) in sorted(enumerate(moves, 1), key=lambda line: (line[1][0], line[0]))
            if parse_moment(out) < end and (back is None or parse_moment(back) >= end)
            and day(parse_moment(out)).isoformat() >= period.get("from", "")
        ]  # fmt: skip
        rows = ask(session, "copies_out", period).rows
        names = ("copy", "receipt_no", "holder", "signed", "days", "working_days")
        assert [tuple(row[name] for name in names) for row in rows] == expected
    session.rollback()


@pytest.mark.parametrize("account, sees", [("office", 1), ("user_a", 1), ("user_b", 0)])
def test_the_registry_sees_who_has_a_copy_and_everybody_what_they_have_themselves(session, actors, at, account, sees):
    at("2026-03-02 09:00")
    paper = instructed(session, actors)
    with access.system():
        (copy,) = register_copies(session, paper)
        session.commit()
    take(session, actors["clerk"], copy, "hand_out", person="张小明", signed=True)
    session.commit()
    at("2026-03-06 09:00")
    with access.acting_as(actors[account]):
        rows = ask(session, "copies_out", {}).rows
        assert [(row["holder"], row["days"], row["working_days"]) for row in rows] == [("张小明", 4, 4)] * sees


LINES = st.lists(st.tuples(st.sampled_from((None, *MOMENTS)), st.booleans(), st.integers(1, 3)), max_size=6)


@QUICK
@given(lines=LINES)
def test_the_dispatch_book_has_each_recipient_on_the_day_of_sending(session, known, lines):
    session.rollback()
    paper = paper_of_ours(session, 1, drafted_at=parse_moment(NOW), state="issued", document_no="府发1号")
    for number, (sent, signed, copies) in enumerate(lines):
        put(session, Recipient, document_id=paper.id, name=f"单位{number}", part="main", copies=copies,
            state="sent" if sent else "to_send", channel="post" if sent else None,
            sent_at=parse_moment(sent) if sent else None, signed_by="赵" if signed and sent else None)  # fmt: skip
    for period in PERIODS:
        expected = [
            (day(parse_moment(sent)), "府发1号", f"单位{number}", "post", copies, "赵" if signed else None)
            for number, (sent, signed, copies) in sorted(enumerate(lines), key=lambda line: (line[1][0] or "", line[0]))
            if sent and inside(parse_moment(sent), period)
        ]  # fmt: skip
        rows = ask(session, "dispatch_book", period).rows
        names = ("day", "number", "recipient", "way", "copies", "signed_by")
        assert [tuple(row[name] for name in names) for row in rows] == expected
    session.rollback()


@pytest.mark.parametrize("account, sees", [("office", 1), ("user_a", 1), ("user_b", 0)])
def test_an_envelope_passed_on_unopened_stands_in_the_dispatch_book_of_those_it_concerns(
    session, actors, account, sees
):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, personal=True, person="张小明", envelope_lines=[])
        cover.take("sign_for", **FINE)
        cover.take("forward_unopened", signature="张小明")
        session.commit()
    with access.acting_as(actors[account]):
        rows = ask(session, "dispatch_book", {}).rows
        assert [(row["number"], row["recipient"], row["way"], row["signed_by"]) for row in rows] == [
            (cover.envelope_no, "张小明", "hand", "张小明")
        ] * sees


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from((None, *MOMENTS)), st.booleans(),
        st.sampled_from(("offered", "read", "answered", "withdrawn", "exempted")),
    ),
    max_size=6,
)  # fmt: skip


@QUICK
@given(entries=ENTRIES, held=st.lists(st.tuples(st.integers(0, 1), PLACES), max_size=3))
def test_the_circulation_of_each_paper_is_what_a_plain_recount_finds(session, known, entries, held):
    session.rollback()
    papers = [incoming(session, title=f"传{number}", received_at="2025-12-01 08:00") for number in range(2)]
    reader = session.scalars(select(Person).limit(1)).one()
    for number, (place, sent, read, state) in enumerate(entries):
        put(session, CirculationEntry, document_id=papers[place].id, reader_id=reader.id, position=1, round=number,
            state=state, sent_at=parse_moment(sent) if sent else None, reminders=0,
            read_at=parse_moment(NOW) if read else None)  # fmt: skip
    for number, (place, since) in enumerate(held):
        put(session, PaperCopy, document_id=papers[place].id, number=f"{number:06}", medium="original", state="out",
            holder_id=reader.id, held_since=parse_moment(since), unconfirmed=False)  # fmt: skip
    for period in PERIODS:
        expected = []
        for place, paper in enumerate(papers):
            found = [
                (read, state) for of, sent, read, state in entries
                if of == place and sent and state not in ("withdrawn", "exempted") and inside(parse_moment(sent), period)
            ]  # fmt: skip
            since = [parse_moment(moment) for of, moment in held if of == place]
            if found:
                read = sum(one for one, _state in found)
                answered = sum(state == "answered" for _read, state in found)
                share = pytest.approx(round(read / len(found), 4))
                oldest = min(since, default=None)
                expected.append((paper.receipt_no, len(found), read, answered, share, len(since), oldest))
        rows = ask(session, "circulation_by_paper", period).rows
        names = ("receipt_no", "offered", "read", "answered", "read_share", "copies_out", "held_since")
        assert [tuple(row[name] for name in names) for row in rows] == expected
        assert all((row["holders"] or "").count(reader.name) == row["copies_out"] for row in rows)
    session.rollback()


@pytest.mark.parametrize("account, sees", [("archivist", True), ("office", True), ("user_a", False)])
def test_destroyed_and_returned_papers_stand_in_their_registers_with_witnesses(session, actors, account, sees):
    gone, back = closed(session, actors, "已销毁"), closed(session, actors, "已清退")
    found = approved(session, actors, gone)
    destroy(session, actors, found)
    called = campaign(session, actors, back)
    with access.acting_as(actors["clerk"]):
        called.take("collect")
        called.items[0].take("take_in")
        called.take("hand_back", signature="财政局 钱")
    session.commit()
    with access.acting_as(actors[account]):
        destroyed, returned = ask(session, "destruction_register", {}).rows, ask(session, "return_register", {}).rows
        assert [(row["receipt_no"], row["witness"], row["second_witness"], row["approver"]) for row in destroyed] == [
            (gone.receipt_no, "何静", "郑敏", "周海")
        ] * sees
        assert [(row["receipt_no"], row["issuer"], row["signature"]) for row in returned] == [
            (back.receipt_no, "市财政局", "财政局 钱")
        ] * sees
        for name, column in (("destruction_register", "destroyed_on"), ("return_register", "handed_back_on")):
            rows = ask(session, name, {}).rows
            for row in rows:
                on, before = row[column].isoformat(), (row[column] - timedelta(days=1)).isoformat()
                assert ask(session, name, {"from": on, "to": on}).rows == rows
                assert ask(session, name, {"to": before}).rows == []


def closed(session, actors, title):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, title=title)
        session.flush()
        paper.enter(session, "closed")
        session.commit()
    return paper


# Accountability

CASES = st.lists(
    st.tuples(
        st.sampled_from(("late_proposal", "late_handling")), st.sampled_from((None, "warning", "amount")),
        st.sampled_from(("noted", "final")), PLACES, st.booleans(),
    ),
    max_size=16,
)  # fmt: skip


@QUICK
@given(cases=CASES)
def test_cases_of_accountability_are_counted_where_they_are_five_or_more(session, known, cases):
    session.rollback()
    paper, person = incoming(session), session.scalars(select(Person).limit(1)).one()
    for fault, decision, state, moment, appealed in cases:
        put(session, AccountabilityCase, document_id=paper.id, person_id=person.id, fault=fault, facts="逾期",
            decision=decision, state=state, noted_at=parse_moment(moment), appeal="不服" if appealed else None)  # fmt: skip
    for period in PERIODS:
        groups = defaultdict(list)
        for one in cases:
            if inside(parse_moment(one[3]), period):
                groups[one[0]].append(one)
        answer = ask(session, "accountability_cases", {"by": "fault", **period})
        opened(session, answer)
        told = [
            line.worth.get("cases", 0) for _model, _figures, lines in Behind(session, answer).kinds() for line in lines
        ]
        assert sum(told) == sum(row["cases"] for row in answer.rows if row["cases"] != TOO_FEW)
        rows = {row.pop("fault"): row for row in answer.rows}
        assert rows.keys() == groups.keys()
        for fault, found in groups.items():
            decided = Counter(one[1] for one in found)
            figures = {
                "cases": len(found), "open": sum(one[2] != "final" for one in found), "no_action": 0,
                "warning": decided["warning"], "amount": decided["amount"], "appealed": sum(one[4] for one in found),
            }  # fmt: skip
            assert rows[fault] == (figures if len(found) >= 5 else unsaid(figures, "cases"))
    session.rollback()


@pytest.mark.parametrize("account, sees", [("office", 6), ("leader", 6), ("user_b", None)])
def test_only_those_who_read_the_cases_count_them(session, actors, account, sees):
    with access.system():
        paper, person = incoming(session), session.get(Person, actors["user_a"].own_person_id)
        for _number in range(6):
            put(session, AccountabilityCase, document_id=paper.id, person_id=person.id, fault="other", facts="错发",
                state="noted", noted_at=parse_moment(NOW))  # fmt: skip
        session.commit()
    with access.acting_as(actors[account]):
        rows = ask(session, "accountability_cases", {"from": date(2026, 3, 1).isoformat()}).rows
        assert [row["cases"] for row in rows] == ([sees] if sees else [])


def test_figures_on_papers_open_their_rows_and_download_with_them(client, session, actors):
    instructed(session, actors, limit="2036-03-05 09:00")
    with access.acting_as(actors["user_a"]):
        records.add(session, OutgoingDocument, RAW)
        session.commit()
    browser = client("office")
    for name, figure in (("closing_on_time", "not_due"), ("outgoing_quality", "drafted")):
        page = browser.get(f"/reports/{name}?by=department").text
        assert f"figure={figure}" in page
        assert browser.get(f"/reports/{name}/rows?figure={figure}").text.count("data-href=") == 1
    for name in NEW:
        assert browser.get(f"/reports/{name}").status_code == 200, name
        with browser.get(f"/reports/{name}.xlsx") as answer:
            assert answer.status_code == 200, name
