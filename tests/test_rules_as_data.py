"""Rules are rows: every number of documents.md §10 and every settled conflict of §3.8 is found as data, with its text.

The tables below are written off the specification. What belongs to other chapters (number series, meetings, archive, loans)
stands in `ELSEWHERE` with the chapter, and is looked for by that chapter's tests.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import delete, null, select, update

from app.engine import access, rules
from app.engine.clock_rules import UNIT_LABELS, ClockRule, rule_for
from app.engine.clocks import clocks_of
from app.engine.ladder import EscalationRung
from app.engine.moments import today
from app.engine.paper.description import FORMS, Box, Row
from app.engine.record import kinds
from app.engine.rules import SETTINGS, Rule
from models.accountability import FAULTS, LEAST, MOST
from models.documents import IncomingDocument
from models.envelopes import CHECKS
from models.outgoing import CLASSES, LEVELS, OutgoingDocument
from models.registers import Register
from models.secrecy import STATE
from seed.rules import BOOKS, LIMITS, LIMITS_OF_PROFILES, RULES
from tests.factories import incoming, take

SCHOOL, TEXTBOOK, SLIP = "收文处理程序", "oa公文_收文流程", "来文处理笺"
COMPANY, GOVERNMENT, GROUP = "办文办会工作流程", "公文处理办法", "外部来文处理办法"
ISSUING, HOTEL, KINDS = "公司发文标准流程", "发文处理流程", "公文管理流程"

#: What §10 and §3.8 name and other chapters keep, with the chapter.
ELSEWHERE = {
    "number = year + code + serial (S7), patterns of own numbers": "number series",
    "loans need 2 signatures (S9.9)": "archive and loans",
    "top secret reading-room only (S9.9)": "archive and loans",
    "article 8 of S9: filing": "archive and loans",
    "article 9 of S9: loans": "archive and loans",
    "C10 forms of own numbers": "number series",
    "C16 volumes and items": "archive and loans",
}


@pytest.fixture(autouse=True)
def seeing(app):
    with access.system():
        yield


def rows(session, setting, profile=None):
    query = select(Rule).where(Rule.setting == setting)
    query = query.where(Rule.profile.is_(None) if profile is None else Rule.profile == profile)
    return session.scalars(query).all()


# Limits: amount and unit by kind, stage, case and profile

LIMITS_OF_THE_TEXTS = [
    ("24 h proposal", "incoming_documents", "proposal", None, None, 24, "elapsed_hours", f"{GROUP} 第五条"),
    ("one week where nothing is stated", "incoming_documents", "handling", None, None, 7, "calendar_days", f"{GROUP} 第五条"),
    ("one week for each unit", "assignments", "handling", None, None, 7, "calendar_days", f"{GROUP} 第五条"),
    ("ten days for an opinion", "circulation_entries", "reading", None, None, 10, "calendar_days", f"{GROUP} 第六条"),
    ("urgent: on arrival", "incoming_documents", "handling", "urgent", "school", 0, "on_arrival", f"{SCHOOL} 九"),
    ("extra urgent: on arrival", "incoming_documents", "handling", "extra_urgent", "school", 0, "on_arrival", f"{SCHOOL} 九"),
    ("urgent: the unit, too", "assignments", "handling", "urgent", "school", 0, "on_arrival", f"{SCHOOL} 九"),
]  # fmt: skip


@pytest.mark.parametrize(
    "kind, stage, case, profile, amount, unit, source",
    [line[1:] for line in LIMITS_OF_THE_TEXTS],
    ids=[line[0] for line in LIMITS_OF_THE_TEXTS],
)
def test_each_limit_of_the_texts_is_a_row_with_its_source(session, kind, stage, case, profile, amount, unit, source):
    row = rule_for(session, kind, stage, case, today(), profile)
    assert row is not None
    assert (row.amount, row.unit, row.profile, row.ours) == (Decimal(amount), unit, profile, False)
    assert row.source.startswith(source)


# Settings: value by profile, and the text

SETTINGS_OF_THE_TEXTS = [
    ("two readers to a top-secret copy", "readers_per_copy", None, "2", f"{GROUP} 第七条"),
    ("100 yuan at least", "accountability_least", "group", "100", f"{GROUP} 第十条"),
    ("1000 yuan at most", "accountability_most", "group", "1000", f"{GROUP} 第十条"),
    ("first review", "screening", "government", "yes", f"{GOVERNMENT} 一（三）"),
    ("urgent papers: a stated limit", "urgent_limit_compulsory", None, "yes", GOVERNMENT),
    ("urgent or important: somebody named", "follow_up_officer_compulsory", None, "yes", GOVERNMENT),
    ("leaders first", "reading_order", None, "principal, in_charge, department, others", f"{SCHOOL} 八"),
    ("receipt slip back", "receipt_slip_first", None, "yes", f"{SCHOOL} 三"),
    ("the file officer opens", "post_opening", None, "designated", f"{SCHOOL} 二"),
    # the twelve articles of S9, as far as they are not limits; 8 and 9 are elsewhere
    ("article 2: the department", "office_name", "group", "集团总经理办公室", f"{GROUP} 第二条"),
    ("article 2: the approval form", "slip_title", "group", "收文阅批单", f"{GROUP} 第二条"),
    ("article 3: somebody named chases", "follow_up_officer_compulsory", "group", "yes", f"{GROUP} 第三条"),
    ("articles 4 and 5: who proposes", "proposers", "group", "office_manager", f"{GROUP} 第五条"),
    ("article 5: to the leader", "direct_transfer", "group", "no", f"{GROUP} 第五条"),
    ("article 6: the approved scope", "scope_approved", "group", "yes", f"{GROUP} 第六条"),
    ("article 6: one summary", "summary_due", "group", "yes", f"{GROUP} 第六条"),
    ("article 7: top secret, paper", "round_top_secret_paper", "group", "photocopy, paper, shared_copy, reading_room", f"{GROUP} 第七条"),
    ("article 7: top secret, electronic", "round_top_secret_electronic", "group", "download, paper, shared_copy, reading_room", f"{GROUP} 第七条"),
    ("article 7: confidential, paper", "round_confidential_paper", "group", "scan, electronic, parallel, sequential", f"{GROUP} 第七条"),
    ("article 7: confidential, electronic", "round_confidential_electronic", "group", "as_is, electronic, parallel, sequential", f"{GROUP} 第七条"),
    ("article 7: secret, paper", "round_secret_paper", "group", "scan, electronic, parallel, sequential", f"{GROUP} 第七条"),
    ("article 7: secret, electronic", "round_secret_electronic", "group", "as_is, electronic, parallel, sequential", f"{GROUP} 第七条"),
    ("article 10: accountability", "accountability", "group", "yes", f"{GROUP} 第十条"),
    ("article 11: interpretation", "interpreted_by", "group", "集团总经理办公室", f"{GROUP} 第十一条"),
    # outgoing: §10 and C8, C9, C11, C12
    ("three proofs (S4)", "proofreaders", "company", "drafter,checker,head", f"{ISSUING} 二（七）"),
    ("the third preferably by the head (S4)", "last_proof_waivable", "company", "yes", f"{ISSUING} 二（七）"),
    ("one proof by the checker (S7)", "proofreaders", "hotel", "checker", f"{HOTEL} 七"),
    ("seven types (S3)", "outgoing_types", None, "decision,notice,circular,report,request,reply,letter", f"{KINDS} 5.1.3"),
    ("a company's departments: the seven, too (S3)", "outgoing_types_department", "company",
     "decision,notice,circular,report,request,reply,letter", f"{KINDS} 5.1.2"),
    ("department to department: letters (S7)", "outgoing_types_department", None, "letter", f"{HOTEL} 注"),
    ("departments' papers are deposited (S7)", "outgoing_deposit", None, "yes", f"{HOTEL} 注"),
    ("C9: numbered straight after the signature (S4)", "outgoing_recheck", None, "no", f"{ISSUING} 二（五）"),
    ("C9: looked over before the number (S8)", "outgoing_recheck", "government", "yes", f"{GOVERNMENT} 二（一）"),
    ("C11: the general manager signs (S4)", "outgoing_signers", None, "leader", f"{ISSUING} 二（四）"),
    ("the head of the drafting department signs first (S4)", "outgoing_own_head", "company", "yes", f"{ISSUING} 二（二）"),
    ("the head of the drafting department signs first (S7)", "outgoing_own_head", "hotel", "yes", f"{HOTEL} 一"),
    ("the executing department checks the text (S6)", "outgoing_text_checker", "group", "executing", COMPANY),
    ("the administration checks the text (S7)", "outgoing_text_checker", None, "office", f"{HOTEL} 三"),
]  # fmt: skip


@pytest.mark.parametrize(
    "setting, profile, value, source",
    [line[1:] for line in SETTINGS_OF_THE_TEXTS],
    ids=[line[0] for line in SETTINGS_OF_THE_TEXTS],
)
def test_each_setting_of_the_texts_is_a_row_with_its_source(session, setting, profile, value, source):
    (row,) = rows(session, setting, profile)
    assert (row.value, row.ours) == (value, False)
    assert row.source.startswith(source)
    assert rules.value(session, SETTINGS[setting], profile) == value  # and it is the one in force


def test_articles_1_and_12_the_purpose_is_the_rows_source_and_the_start_their_validity(session, actors):
    with access.acting_as(actors["admin"]):
        from app.engine import record as records

        late = {"setting": "screening", "profile": "group", "value": "yes", "source": f"{GROUP} 第十二条: 自发布之日起执行",
                "valid_from": "2099-01-01"}  # fmt: skip
        records.add(session, Rule, late)
    from datetime import date

    on = SETTINGS["screening"]
    assert not rules.flag(session, on, "group") and rules.flag(session, on, "group", date(2099, 1, 1))
    assert rules.source(session, on, "group", date(2099, 1, 1)).startswith(GROUP)


def test_reminders_come_one_to_three_days_before_to_the_clerk_and_the_office_head(session):
    before = [row for row in session.scalars(select(EscalationRung)) if row.basis == "limit" and row.amount < 0]
    assert sorted(row.amount for row in before) == [-2, -1]
    for row in before:
        assert -3 <= row.amount <= -1 and {"clerk", "office_head"} <= set(row.recipients)
        assert row.source.startswith(COMPANY)


# Shapes: numbers that count steps, questions, kinds, boxes


def asked(step):
    return [name for name, field in IncomingDocument.flow.steps[step].asks.items() if field.required]


SHAPES = [
    ("4 envelope questions (S1)", lambda: list(CHECKS), ["to_us", "count_matches", "number_matches", "intact"]),
    ("4 first-review questions (S8)", lambda: asked("screen"), ["ours", "addressed", "formed", "consulted"]),
    ("handle: unit and requirement (S1)", lambda: asked("instruct"), ["department", "requirement"]),
    ("read: scope (S1)", lambda: asked("instruct_reading"), ["readers", "purpose"]),
    ("relay: scope and time (S1)", lambda: asked("order_relay"), ["scope", "by"]),
    ("copy: number and distribution (S1)", lambda: asked("order_copy"), ["number", "distribution"]),
    ("two classes of papers (S3)", lambda: list(CLASSES), ["formal", "special"]),
    ("two levels of papers (S3)", lambda: list(LEVELS), ["company", "department"]),
    ("5 faults (S9.10)", lambda: sorted(FAULTS), sorted(["late_proposal", "late_handling", "late_circulation",
                                                          "wrong_scope", "other"])),
]  # fmt: skip


@pytest.mark.parametrize("found, expected", [line[1:] for line in SHAPES], ids=[line[0] for line in SHAPES])
def test_questions_and_kinds_are_as_many_as_the_texts_have(found, expected):
    assert found() == expected


#: 4 outgoing steps (S8): the procedure and the steps it is taken by.
OUTGOING = {"复核": ("recheck", "open_again", "sign_anew"), "登记": ("number_it",), "印制": ("print_it", "proofread"),
            "核发": ("look_over", "issue")}  # fmt: skip


def test_the_four_outgoing_steps_of_a_government_are_steps_somebody_may_take(app):
    from seed.roles import ROLES

    assert len(OUTGOING) == 4
    for steps in OUTGOING.values():
        for step in steps:
            assert step in OutgoingDocument.flow.steps
            assert any(step in table.get("outgoing_documents", ()) for table in ROLES.values()), step


#: 4 fates (S2), each a state and a step that leads there from a closed paper.
FATES = {"to_file": "file_it", "to_return": "mark_for_return", "held": "hold", "to_destroy": "mark_for_destruction"}


@pytest.mark.parametrize("state, step", FATES.items())
def test_the_four_fates_are_states_a_closed_paper_can_take(state, step):
    taken = IncomingDocument.flow.steps[step]
    assert taken.targets == (state,) and "closed" in taken.sources


#: 4 phases (S2) and 7 incoming steps (S8): the procedure, the kind of record and the step it is taken by.
PROCEDURES = [
    (1, "签收", "envelopes", "sign_for"), (1, "外收文登记", "envelopes", "present"), (1, "启封", "envelopes", "unseal"),
    (1, "内收文登记", "envelopes", "register_paper"), (1, "分办", "incoming_documents", "propose"),
    (2, "拟办", "incoming_documents", "propose"), (2, "批办", "incoming_documents", "write_instruction"),
    (2, "承办", "assignments", "receive"), (2, "注办", "assignments", "note"),
    (3, "组织传阅", "incoming_documents", "circulate"), (3, "催办", "follow_ups", "ask"),
    (3, "查办", "supervisions", "ask_evidence"),
    (4, "立卷归档", "incoming_documents", "file_it"), (4, "清退", "return_campaigns", "hand_back"),
    (4, "暂存", "holds", "keep_longer"), (4, "销毁", "destruction_lists", "execute"),
    (8, "初审", "incoming_documents", "screen"), (8, "答复", "incoming_documents", "answer_sender"),
]  # fmt: skip


@pytest.mark.parametrize("phase, name, kind, step", PROCEDURES)
def test_every_procedure_of_the_phases_is_a_step_somebody_may_take(app, phase, name, kind, step):
    from seed.roles import ROLES

    assert step in kinds()[kind].flow.steps
    assert any(step in table.get(kind, ()) or "*" in table.get(kind, ()) for table in ROLES.values()), name


def test_one_unit_leads_where_two_or_more_handle(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session)
    take(
        session, actors["leader"], paper, "instruct", department="综合科", others=["财务科", "客服部"], requirement="办"
    )
    assert sorted(one.lead for one in paper.assignments) == [False, False, True]
    assert clocks_of(session, paper)


def test_the_slip_has_the_eleven_fields_of_the_paper_form(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, register="ZW")
    form = FORMS["incoming_slip", "incoming_documents"].build(paper, {})
    found = [box.label.replace("　", "").replace(" ", "") for row in form.parts for box in getattr(row, "boxes", ())]
    assert all(isinstance(part, Row) for part in form.parts) and all(
        isinstance(b, Box) for r in form.parts for b in r.boxes
    )
    wanted = ["来文单位", "收到日期", "来文号", "份数", "收文号", "内容摘要", "此件共", "拟办意见：", "领导批示：", "办理结果：",
              "传阅签名"]  # fmt: skip
    assert len(wanted) == 11
    assert [label for label in found if label in wanted] == wanted


# The conflicts of §3.8, settled as rows

PROPOSERS = {"school": {"registry_clerk"}, "government": {"registry_clerk", "office_manager"},
             "company": {"registry_clerk", "office_manager"}, "group": {"office_manager"}}  # fmt: skip


@pytest.mark.parametrize("profile, roles", PROPOSERS.items())
def test_c1_who_proposes_is_the_profiles_row(session, profile, roles):
    (row,) = rows(session, "proposers", profile)
    assert set(rules.listed(session, SETTINGS["proposers"], profile)) == roles and row.source
    (others,) = rows(session, "proposers")  # S2: department head or staff
    assert {"department_head", "department_user"} <= {word.strip() for word in others.value.split(",")}
    assert others.source.startswith(TEXTBOOK)


def test_c2_limits_are_keyed_by_stage_urgency_and_profile_and_a_stated_limit_beats_them(session, actors):
    assert {(row.stage, row.case, row.profile) for row in session.scalars(select(ClockRule))} >= {
        ("proposal", None, None), ("handling", None, None), ("handling", "urgent", None), ("handling", "urgent", "school"),
    }  # fmt: skip
    (school,) = rows(session, "urgent_limit_compulsory", "school")
    assert school.value == "no" and school.source.startswith(SCHOOL)
    assert IncomingDocument.flow.clocks["handling"].limit == "limit_at"


def test_c3_the_first_review_is_on_for_the_government_and_off_for_all_others(session):
    on = {profile for profile in rules.PROFILES if rules.flag(session, SETTINGS["screening"], profile)}
    assert on == {"government"}


def test_c4_who_opens_is_a_row(session):
    found = {profile: rules.value(session, SETTINGS["post_opening"], profile) for profile in ("school", "government")}
    assert found == {"school": "designated", "government": "straight"}
    assert rules.source(session, SETTINGS["post_opening"], "government").startswith(TEXTBOOK)


def test_c5_the_outer_register_is_switched_by_profile(session):
    on = {profile for profile in rules.PROFILES if rules.flag(session, SETTINGS["outer_register"], profile)}
    assert on == {"government"}


@pytest.mark.parametrize(
    "profile, setting, first, source",
    [("government", "round_internal_paper", "sequential", "收文办理"), ("school", "round_internal_paper", "sequential", SCHOOL),
     ("group", "round_secret_paper", "parallel", GROUP)],
)  # fmt: skip
def test_c6_single_copy_each_their_own_or_leaders_first_is_a_row(session, profile, setting, first, source):
    words = rules.listed(session, SETTINGS[setting], profile)
    assert next(word for word in words if word in ("sequential", "parallel", "shared_copy")) == first
    assert rules.source(session, SETTINGS[setting], profile).startswith(source)


@pytest.mark.parametrize("grade", STATE)
@pytest.mark.parametrize("profile", ["government", "school", "company", "group"])
def test_c7_of_state_secrets_every_profile_lets_go_round_numbered_paper_only(session, profile, grade):
    for medium in ("paper", "electronic"):
        words = rules.listed(session, SETTINGS[f"round_{grade}_{medium}"], profile)
        assert "paper" in words and not {"electronic", "scan", "photocopy", "download"} & set(words)


CLOSING = {
    "close_leader_told": ({"company", "group"}, COMPANY, "company"),
    "close_sender_answered": ({"government", "school", "company", "group"}, GOVERNMENT, "government"),
    "close_handling_note": (set(), TEXTBOOK, None),
    "close_papers_back": ({"government", "school", "company", "group"}, COMPANY, "company"),
}


ROUTES = {
    # S6: leaders after the check; S4: departments before it
    "group": (["leader_review", "discussion", "text_check", "countersigning", "signing"], COMPANY),
    "company": (["leader_review", "discussion", "countersigning", "text_check", "signing"], ISSUING),
    "hotel": (["countersigning", "text_check", "finance_review", "signing"], HOTEL),
}


@pytest.mark.parametrize("profile", ROUTES)
def test_c12_whether_countersigning_comes_before_the_text_check_or_after_it_is_the_routes_order(session, profile):
    stages, text = ROUTES[profile]
    (row,) = rows(session, "outgoing_route", profile)
    assert [stage for stage in rules.listed(session, SETTINGS["outgoing_route"], profile) if stage in stages] == stages
    assert row.source.startswith(text)


def test_c8_the_last_look_is_apart_from_the_proofs_and_always_on():
    look = OutgoingDocument.flow.steps["look_over"]
    assert list(look.asks) == ["text", "layout", "quality"]
    assert {step.name for step in OutgoingDocument.flow.steps.values() if "issuing" in step.targets} == {"look_over"}


def test_c9_the_number_is_drawn_when_it_is_numbered_and_by_no_other_step():
    numbered = {step.name for step in OutgoingDocument.flow.steps.values() if "numbered" in step.targets}
    assert numbered == {
        "number_it",
        "number_late",
        "print_again",
    }  # an error in the print sends the numbered paper back to the printer
    assert set(OutgoingDocument.flow.steps["number_it"].sources) == {"signed", "rechecked"}


@pytest.mark.parametrize("setting", CLOSING)
def test_c13_the_four_conditions_of_closing_are_switched_by_profile(session, setting):
    profiles, text, of = CLOSING[setting]
    on = {name for name in ("government", "school", "company", "group") if rules.flag(session, SETTINGS[setting], name)}
    assert on == profiles
    (row,) = rows(session, setting, of)
    assert row.source.startswith(text)


def test_c14_who_is_warned_is_a_column_of_the_rung_and_may_differ_by_profile(session, actors):
    from app.engine import record as records

    rungs = list(session.scalars(select(EscalationRung)))
    assert all(rung.recipients for rung in rungs)
    assert any("officer" in rung.recipients and rung.source.startswith(GOVERNMENT) for rung in rungs if rung.source)
    with access.acting_as(actors["office"]):
        own = records.add(session, EscalationRung, {"name": "政务前1日", "profile": "government", "basis": "limit",
                                                    "amount": "-1", "unit": "working_days", "who": "officer"})  # fmt: skip
    assert own.recipients == ["officer"] and own.profile == "government"


def test_c15_accountability_is_off_for_everybody_but_the_group(session):
    on = {profile for profile in rules.PROFILES if rules.flag(session, SETTINGS["accountability"], profile)}
    assert on == {"group"}
    assert [rules.number(session, about, "group") for about in (LEAST, MOST)] == [100, 1000]


def test_c17_day_and_week_are_read_literally_and_the_unit_is_a_column_of_each_row(session):
    literal = {
        (row.stage, row.unit) for row in session.scalars(select(ClockRule)) if (row.source or "").startswith(GROUP)
    }
    assert literal == {("proposal", "elapsed_hours"), ("handling", "calendar_days"), ("reading", "calendar_days")}
    assert set(UNIT_LABELS) >= {"elapsed_hours", "working_hours", "calendar_days", "working_days", "on_arrival"}


def test_every_book_has_a_profile_and_numbers_of_its_own(session):
    found = {row.code: (row.profile, row.template) for row in session.scalars(select(Register))}
    assert {profile for profile, _ in found.values()} >= {"company", "government", "school", "group"}
    assert len({template for _, template in found.values()}) == len(found) == len(BOOKS)
    assert all("{year}" in template and "{serial}" in template for _, template in found.values())


def test_no_row_is_both_our_own_and_from_a_text_and_each_is_for_a_profile_that_exists(session):
    assert all(
        row.ours is (row.source is None) for model in (Rule, ClockRule) for row in session.scalars(select(model))
    )
    profiles = {line[1] for line in RULES} | {line[0] for line in LIMITS_OF_PROFILES} | {line[2] for line in BOOKS}
    assert profiles - {None} <= set(rules.PROFILES)
    assert len({(kind, stage, case) for kind, stage, case, *_ in LIMITS}) == len(LIMITS)
    assert len({(name, profile) for name, profile, *_ in RULES}) == len(RULES)


def test_what_is_tested_elsewhere_names_its_chapter():
    assert set(ELSEWHERE.values()) == {"number series", "archive and loans"}


def test_a_rule_that_got_past_the_form_is_as_if_it_were_not_there(either_session):
    """Of an older program, or written into the database: no page may break of it, and both ways to ask agree."""
    nonsense = "<script>{0} %s"
    with access.system():
        either_session.execute(delete(Rule).execution_options(unrecorded=True))
        either_session.add_all(rule(name, about.default or "x") for name, about in SETTINGS.items())
        either_session.commit()
        written = update(Rule).values(value=nonsense).execution_options(unrecorded=True)
        either_session.execute(written)
        either_session.commit()
        for about in SETTINGS.values():
            told = rules.value(either_session, about, None)
            free = about.kind in ("words", "list") and about.choices is None
            assert told == (nonsense if free else about.default), about.name
            if about.kind == "flag":
                on = either_session.scalar(select(rules.holds(about, null())))
                assert bool(on) is rules.flag(either_session, about, None) is (about.default == "yes"), about.name


def rule(setting, value):
    return Rule(setting=setting, value=value, source="旧程序", ours=True)
