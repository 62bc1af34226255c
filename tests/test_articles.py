"""The library: two people stand for every text, answers rest on versions, what is not valid is not quoted."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from app.engine import access, terms
from app.engine import record as records
from app.engine.moments import today
from app.engine.periods import Period
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.article_versions import ArticleVersion
from models.articles import Article
from models.conduct import ConductItem, ConductSheet
from models.dispatch import DispatchOrder
from models.gaps import KnowledgeGap
from models.quoting import answers_from, suggestions
from models.referrals import Referral
from models.scripts import ScriptCard, spoken
from models.sweeping import sweep
from reports.articles import article_use, library
from tests.conftest import sign_in
from tests.factories import NOTES, article, published, take
from tests.report_cells import opened


def titles(session, actor, words):
    with access.acting_as(actor):
        return [version.title for version in suggestions(session, words)]


def set_rule(session, name, value, profile=None):
    with access.system():
        for row in session.query(Rule).filter_by(setting=name, profile=profile):
            session.delete(row)
        session.flush()
        session.add(Rule(setting=name, value=value, profile=profile))
        session.flush()


def versions(session, found):
    with access.system():
        return session.query(ArticleVersion).filter_by(article_id=found.id).order_by(ArticleVersion.number).all()


# ---------- two people ----------


@pytest.mark.parametrize("publisher", ["desk", "shift"])
def test_who_does_not_approve_does_not_publish(session, actors, publisher):
    found = article(session, actors["shift"])
    take(session, actors["shift"], found, "submit")
    with pytest.raises(NotAllowed):
        take(session, actors[publisher], found, "publish")


def test_the_author_never_publishes(session, actors):
    found = article(session, actors["cs_manager"])
    take(session, actors["cs_manager"], found, "submit")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], found, "publish")
    take(session, actors["office"], found, "publish")
    (version,) = versions(session, found)
    people = [actors[name].own_person_id for name in ("cs_manager", "office")]
    assert (found.state, [version.writer_id, version.publisher_id]) == ("published", people)


def test_whoever_wrote_last_does_not_publish_either(session, actors):
    found = article(session, actors["shift"])
    session.commit()
    with access.acting_as(actors["cs_manager"]):
        records.change(session, found, {"body": "改了"}, ["body"], version=found.version)
    session.commit()
    take(session, actors["shift"], found, "submit")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], found, "publish")


def test_a_rule_says_who_approves(session, actors):
    set_rule(session, "article_approvers", "office_manager")
    found = article(session, actors["shift"])
    take(session, actors["shift"], found, "submit")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], found, "publish")
    take(session, actors["office"], found, "publish")


def test_a_rule_says_who_writes(session, actors):
    set_rule(session, "article_editors", "service_manager")
    session.commit()
    with pytest.raises(NotAllowed):
        article(session, actors["desk"])


def test_an_article_has_an_owner_unit(session, actors):
    with pytest.raises(Invalid) as refusal:
        article(session, actors["shift"], department="")
    assert list(refusal.value.errors) == ["department"]


# ---------- versions ----------


def test_a_revision_is_approved_while_the_published_version_is_quoted(session, actors, call):
    found = published(session, actors)
    take(session, actors["desk"], found, "revise", reason="窗口搬了")
    session.commit()
    with access.acting_as(actors["desk"]):
        records.change(session, found, {"body": "到二楼办理。"}, ["body"], version=found.version)
    take(session, actors["desk"], found, "submit")
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", article=found.id)
    assert (found.state, ticket.answer) == ("resubmitted", "带身份证到一楼三号窗口办理。")
    take(session, actors["cs_manager"], found, "publish")
    assert [(v.number, v.body) for v in versions(session, found)] == [
        (1, "带身份证到一楼三号窗口办理。"), (2, "到二楼办理。"),
    ]  # fmt: skip
    first, _second = versions(session, found)
    assert (ticket.citation_id, ticket.citation) == (first.id, "居住证办理 V1")


def test_a_revision_given_up_leaves_the_text_as_it_is_in_force(session, actors):
    found = published(session, actors)
    take(session, actors["desk"], found, "revise", reason="窗口搬了")
    session.commit()
    with access.acting_as(actors["desk"]):
        records.change(session, found, {"body": "到二楼办理。"}, ["body"], version=found.version)
    take(session, actors["desk"], found, "drop_revision", reason="没搬")
    author = actors["shift"].own_person_id
    assert (found.state, found.body, found.author_id) == ("published", "带身份证到一楼三号窗口办理。", author)


def test_a_published_text_is_not_changed_by_editing(session, actors):
    found = published(session, actors)
    session.commit()
    with access.acting_as(actors["cs_manager"]), pytest.raises(Invalid) as refusal:
        records.change(session, found, {"body": "别的"}, ["body"], version=found.version)
    assert list(refusal.value.errors) == ["body"]


def test_nobody_has_the_right_to_change_a_version(session, actors):
    found = published(session, actors)
    (version,) = versions(session, found)
    with access.acting_as(actors["office"]), pytest.raises(NotAllowed):
        records.change(session, version, {"body": "别的"}, ["body"], version=version.version)


# ---------- validity ----------


def test_an_article_falls_due_by_its_verification_and_is_quoted_for_the_days_of_grace(session, actors, call, clock):
    found = published(session, actors)  # verified on 2026-03-02, for twelve months
    session.commit()
    assert str(found.review_on) == "2027-03-02"
    clock.ahead(days=366)  # 2027-03-03
    with access.system():
        assert sweep(session)["verifications"] == 1
        assert sweep(session)["verifications"] == 0
    session.refresh(found)
    assert found.state == "review_due"
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", article=found.id)
    session.commit()
    clock.ahead(days=30)  # 2027-04-02, a day after the grace
    later = call()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], later, "give_answer", article=found.id)
    assert titles(session, actors["desk"], "居住证") == []


def test_an_article_past_its_grace_is_refused_though_no_sweep_has_run(session, actors, call, clock):
    found = published(session, actors)
    session.commit()
    clock.ahead(days=365 + 31)
    ticket = call()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "give_answer", article=found.id)
    assert found.state == "published"


def test_reading_and_quoting_verify_nothing(app, session, actors, call, clock):
    found = published(session, actors)
    before = found.review_on, found.verified_at
    session.commit()
    clock.ahead(days=100)
    sign_in(app, "desk").get(f"/articleview/show/{found.id}")
    take(session, actors["desk"], call(), "give_answer", article=found.id)
    session.refresh(found)
    assert (found.review_on, found.verified_at) == before


def test_the_end_of_its_validity_comes_before_the_months(session, actors, clock):
    found = published(session, actors, valid_until="2026-06-30")
    assert str(found.review_on) == "2026-06-30"


def test_verifying_again_makes_a_version_and_starts_the_months_anew(session, actors, clock):
    found = published(session, actors)
    session.commit()
    clock.ahead(days=370)
    with access.system():
        sweep(session)
    session.refresh(found)
    take(session, actors["cs_manager"], found, "verify", remark="与新办事指南核对")
    assert (found.state, found.edition, str(found.review_on)) == ("published", 2, "2028-03-07")
    assert [v.remark for v in versions(session, found)] == [None, "与新办事指南核对"]


def test_what_was_valid_until_a_day_is_verified_only_with_a_new_day(session, actors, clock):
    found = published(session, actors, valid_until="2026-06-30")
    session.commit()
    clock.ahead(days=130)
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], found, "verify", remark="核对")
    take(session, actors["cs_manager"], found, "verify", remark="核对", valid_until="2026-12-31")
    assert (str(found.valid_until), str(found.review_on)) == ("2026-12-31", "2026-12-31")


# ---------- answers ----------


@pytest.mark.parametrize("steps", [[], ["submit"], ["submit", "publish", "withdraw"], ["submit", "publish", "retire"]])
def test_nobody_answers_from_what_is_not_in_force(session, actors, call, steps):
    found = article(session, actors["shift"])
    for step in steps:
        who = "shift" if step == "submit" else "cs_manager"
        take(session, actors[who], found, step, **({"reason": "有误"} if step in ("withdraw", "retire") else {}))
    ticket = call()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "give_answer", article=found.id)
    assert ticket.state == "open"


def test_the_leader_takes_a_harmful_answer_out_of_use_at_once(session, actors):
    found = published(session, actors)
    assert titles(session, actors["desk"], "居住证") == ["居住证办理"]
    take(session, actors["leader"], found, "withdraw", reason="已被撤销")
    assert titles(session, actors["desk"], "居住证") == []
    take(session, actors["shift"], found, "rewrite")
    take(session, actors["shift"], found, "submit")
    take(session, actors["cs_manager"], found, "publish")
    assert (found.edition, titles(session, actors["desk"], "居住证")) == (2, ["居住证办理"])


def test_no_ticket_of_the_hotline_is_answered_from_personal_understanding(session, actors, call):
    ticket = call()
    session.commit()
    for who in ("desk", "shift", "cs_manager"):
        with pytest.raises(StepRefused):
            take(session, actors[who], ticket, "give_answer", answer="我觉得在一楼")
    assert ticket.state == "open"


def test_a_referral_answers_what_is_not_the_houses_matter(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", referral="电话号码查询")
    assert (ticket.state, ticket.citation) == ("answered", "114 电话号码查询")
    assert ticket.answer == "电话号码查询：114"


def test_the_property_desk_answers_without_an_article_and_the_ticket_is_marked(session, actors, call):
    ticket = call(scheme="property_desk")
    take(session, actors["desk"], ticket, "give_answer", answer="八点开门")
    assert (ticket.unsupported, ticket.citation) == (True, None)


def test_where_it_takes_a_leader_the_shift_leader_answers_without_an_article(session, actors, call):
    set_rule(session, "answer_without_article", "leader", "hotline")
    ticket = call()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "give_answer", answer="八点开门")
    take(session, actors["shift"], ticket, "give_answer", answer="八点开门")
    assert ticket.unsupported


def test_a_reply_passed_on_rests_on_its_dispatch_order(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", referral="电话号码查询")
    take(session, actors["shift"], ticket, "reopen", reason="又来电")
    order = replied(session, actors, ticket)
    take(session, actors["desk"], ticket, "pass_on")
    assert (ticket.citation, ticket.referral_id) == (order.order_no, None)


def test_answers_given_are_counted_and_readings_are_not(app, session, actors, call):
    found = published(session, actors)
    take(session, actors["desk"], call(), "give_answer", article=found.id)
    take(session, actors["desk"], call(), "give_answer", article=found.id, answer="到一楼。")
    session.commit()
    page = sign_in(app, "desk").get(f"/articleview/show/{found.id}")
    assert page.status_code == 200
    assert answers_from(session, [found.id]) == {found.id: 2}
    wrong = call()
    take(session, actors["desk"], wrong, "give_answer", article=found.id)
    wrong.state = "voided"
    session.commit()
    assert answers_from(session, [found.id]) == {found.id: 2}  # as the report of it says


def test_an_answer_is_one_entry_in_the_history_of_its_ticket(session, actors, call):
    from app.engine.history import entries_of

    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", article=published(session, actors).id)
    assert [entry.action for entry in entries_of(session, ticket)] == ["give_answer", "add"]


def test_each_step_is_one_entry_in_the_history_of_the_article(session, actors):
    from app.engine.history import entries_of

    found = published(session, actors)
    take(session, actors["cs_manager"], found, "verify", remark="核对")
    take(session, actors["cs_manager"], found, "withdraw", reason="有误")
    actions = [entry.action for entry in entries_of(session, found)]
    assert actions == ["withdraw", "verify", "publish", "submit", "add"]


# ---------- gaps and proposals ----------


def replied(session, actors, ticket):
    """The dispatch order of a ticket, its reply accepted."""
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请答复", **NOTES)
    with access.system():
        order = session.query(DispatchOrder).filter_by(ticket_id=ticket.id).one()
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", result="查明", answer="每年三月交材料。")
    take(session, actors["shift"], order, "accept")
    return order


def test_a_gap_is_filled_by_the_article_written_for_it(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "note_gap", question="审计资料何时交", department="财务科")
    with access.system():
        gap = session.query(KnowledgeGap).one()
    assert (gap.state, gap.ticket_id, gap.raised_by_id) == ("open", ticket.id, actors["desk"].own_person_id)
    take(session, actors["shift"], gap, "write", body="每年三月交。")
    with access.system():
        written = gap.article
        assert (gap.state, written.state, written.department.name) == ("writing", "draft", "财务科")
    take(session, actors["shift"], written, "submit")
    take(session, actors["cs_manager"], written, "publish")
    assert gap.state == "answered"


def test_a_gap_is_closed_only_with_an_article_in_force(session, actors, call):
    draft = article(session, actors["shift"])
    take(session, actors["desk"], call(), "note_gap", question="居住证怎么办")
    with access.system():
        gap = session.query(KnowledgeGap).one()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], gap, "close_with", article=draft.id)
    take(session, actors["shift"], draft, "submit")
    take(session, actors["cs_manager"], draft, "publish")
    take(session, actors["shift"], gap, "close_with", article=draft.id)
    assert gap.state == "answered"


def test_the_reply_of_a_unit_becomes_a_draft_of_its_own(session, actors, call):
    ticket = call()
    order = replied(session, actors, ticket)
    take(session, actors["desk"], ticket, "propose_article", title="审计资料何时交")
    with access.system():
        found = session.query(Article).one()
        assert (found.state, found.body, found.department.name) == ("draft", "每年三月交材料。", "综合科")
    assert order.order_no in found.basis
    assert found.author_id == actors["desk"].own_person_id


@pytest.mark.parametrize("values", [{"kind": "report"}, {"confidential": True}])
@pytest.mark.parametrize("step", ["note_gap", "propose_article"])
def test_nothing_of_a_sealed_matter_is_carried_over(session, actors, call, values, step):
    ticket = call(**values)
    replied(session, actors, ticket)
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, step, question="问", title="题")
    with access.system():
        assert session.query(KnowledgeGap).count() == session.query(Article).count() == 0


# ---------- who sees what ----------


def test_the_owner_unit_sees_its_drafts_and_others_the_text_that_is_for_everybody(session, actors):
    draft = article(session, actors["shift"])
    published(session, actors, title="开放时间", audience="public", department="办公室")
    published(session, actors, title="内部口径", department="办公室")
    with access.acting_as(actors["user_a"]):
        assert list(session.scalars(session.query(Article.id).statement)) == [draft.id]
    with access.acting_as(actors["user_b"]):
        assert session.query(Article).count() == 0
        assert {v.title for v in session.query(ArticleVersion)} == {"开放时间"}


def test_an_earlier_text_is_not_for_everybody(session, actors):
    found = published(session, actors, title="内部口径", department="办公室")
    take(session, actors["shift"], found, "revise", reason="公开")
    session.commit()
    with access.acting_as(actors["shift"]):
        values = {"title": "对外答复", "audience": "public"}
        records.change(session, found, values, list(values), version=found.version)
    take(session, actors["shift"], found, "submit")
    take(session, actors["cs_manager"], found, "publish")
    with access.acting_as(actors["user_b"]):
        assert [v.title for v in session.query(ArticleVersion)] == ["对外答复"]


def test_other_units_are_offered_what_is_for_everybody(session, actors):
    published(session, actors, title="居住证", audience="public", department="办公室")
    published(session, actors, title="居住证内部口径", department="办公室")
    assert titles(session, actors["user_b"], "居住证") == ["居住证"]


# ---------- finding ----------


@pytest.mark.parametrize("words", ["医保", "医疗保险 医保", "App", "我想问一下医保卡怎么补办"])
def test_two_characters_find_an_article_on_both_databases(either_session, either_actors, words):
    session, actors = either_session, either_actors
    published(session, actors, title="医保卡补办", question="社保 APP 挂失", body="到窗口补办。")
    published(session, actors, title="食堂时间", question="", body="十一点半开饭，可问医务室。")
    assert titles(session, actors["desk"], words)[0] == "医保卡补办"


def test_the_title_weighs_more_than_the_text(session, actors):
    published(session, actors, title="停车", question="", body="居住证也可登记车位。")
    published(session, actors, title="居住证", question="", body="到窗口。")
    assert titles(session, actors["desk"], "居住证")[0] == "居住证"


def test_a_new_version_is_found_in_place_of_the_old_one(session, actors):
    found = published(session, actors)
    take(session, actors["shift"], found, "revise", reason="改名")
    session.commit()
    with access.acting_as(actors["shift"]):
        values = {"title": "流动人口登记", "question": "", "body": "到派出所。"}
        records.change(session, found, values, list(values), version=found.version)
    take(session, actors["shift"], found, "submit")
    take(session, actors["cs_manager"], found, "publish")
    assert titles(session, actors["desk"], "居住证") == []
    assert titles(session, actors["desk"], "派出所") == ["流动人口登记"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("医保卡", ["医保", "保卡"]),
        ("办", ["办"]),
        ("APP 挂失", ["app", "挂失"]),
        ("Ａ４纸2张", ["a4", "纸", "2", "张"]),
        ("，。 ", []),
    ],
)
def test_terms_are_pairs_of_characters_and_whole_words(text, expected):
    assert terms.terms_of(text) == expected


def test_suggestions_come_as_json_for_whoever_reads_articles(app, session, actors):
    key = published(session, actors).id
    published(session, actors, title="食堂时间", question="", body="十一点半开饭。")
    session.commit()
    answer = sign_in(app, "desk").get("/knowledge/suggestions?q=居住证")
    assert answer.json == [
        {
            "id": key, "title": "居住证办理", "version": 1, "excerpt": "带身份证到一楼三号窗口办理。",
            "verified_on": today().isoformat(), "href": "/articleversionview/show/1",
        }
    ]  # fmt: skip
    assert sign_in(app, "desk").get("/knowledge/suggestions").json == []
    assert sign_in(app, "sales").get("/knowledge/suggestions?q=居住证").status_code == 403


def test_an_article_chosen_proposes_its_text_as_the_answer(app, session, actors):
    published(session, actors)
    article(session, actors["shift"], title="居住证草稿")
    session.commit()
    (found,) = sign_in(app, "desk").get("/articleview/lookup?q=居住证").json["results"]
    assert found["fills"]["answer"]["value"] == "带身份证到一楼三号窗口办理。"


# ---------- referrals, scripts, conduct ----------


def test_emergency_numbers_stand_first(app, session):
    page = sign_in(app, "desk").get("/referralview/list/").text
    places = [page.index(f">{number}<") for number in ("110", "119", "120", "122", "114")]
    assert places == sorted(places)


def test_only_114_has_a_source_text(session):
    with access.system():
        assert {one.number for one in session.query(Referral) if one.source} == {"114"}


#: The appendix of tickets-orders.md: its 24 scenes; what R1 and R2 say differently has a card each.
def test_the_cards_of_the_appendix_are_there_with_their_sources(session):
    from models.scripts import SCENES

    with access.system():
        cards = session.query(ScriptCard).all()
    assert {card.scene for card in cards} == set(SCENES)
    assert len(SCENES) == 24
    assert all(card.source for card in cards)
    both = {card.scene for card in cards if card.edition == "service"}
    assert (
        both == {card.scene for card in cards if card.edition == "leasing"} == {"superior", "first_visit", "presenting"}
    )


def test_rules_for_one_sex_alone_are_switched_off(session):
    with access.system():
        off = [card.rule for card in session.query(ScriptCard).filter_by(in_use=False)]
        items = session.query(ConductItem).filter(ConductItem.concerns != "all").all()
    assert len(off) == 2 and all("员工" in rule for rule in off)
    assert len(items) == 5 and not any(item.in_use for item in items)


def test_a_card_is_said_with_name_and_staff_number(session, actors):
    with access.acting_as(actors["desk"]):
        card = session.query(ScriptCard).filter_by(card_no="01").one()
        assert "工号009" in spoken(session, card.wording)


def sheet(session, actor, **values):
    raw = {"day": today().isoformat(), "person": "王芳",
           "entries": [{"item": "指甲长度", "value": "0.5", "in_order": True}]}  # fmt: skip
    with access.acting_as(actor):
        return records.add(session, ConductSheet, {**raw, **values})


def test_the_check_of_conduct_is_off_until_a_rule_switches_it_on(session, actors):
    with force_locale("en"), pytest.raises(Invalid) as refusal:
        sheet(session, actors["shift"])
    assert "Conduct of the desk is checked" in str(refusal.value)
    set_rule(session, "conduct_checklist", "yes")
    found = sheet(session, actors["shift"])
    assert found.checker_id == actors["shift"].own_person_id
    with access.acting_as(actors["desk"]):
        assert session.query(ConductSheet).count() == 1
    with access.acting_as(actors["user_a"]):
        assert session.query(ConductSheet).count() == 0


def test_what_is_over_its_limit_is_not_as_it_should_be(session, actors):
    set_rule(session, "conduct_checklist", "yes")
    session.commit()
    with pytest.raises(Invalid):
        sheet(session, actors["shift"], entries=[{"item": "指甲长度", "value": "1.5", "in_order": True}])
    sheet(session, actors["shift"], entries=[{"item": "指甲长度", "value": "1.5", "in_order": False}])


def test_a_person_has_one_sheet_a_day(session, actors):
    set_rule(session, "conduct_checklist", "yes")
    sheet(session, actors["shift"])
    session.commit()
    with pytest.raises(Invalid):
        sheet(session, actors["shift"])
    session.rollback()
    sheet(session, actors["shift"], day=(today() - timedelta(days=1)).isoformat())


# ---------- figures ----------


def test_the_library_in_figures_equals_a_count_by_hand(session, actors, call, clock):
    good = published(session, actors)
    bad = published(session, actors, title="会议室收费", question="", body="三百元。", valid_until="2026-03-20")
    for found in (good, good, bad):
        take(session, actors["desk"], call(), "give_answer", article=found.id)
    take(session, actors["desk"], call(), "give_answer", referral="电话号码查询")
    take(session, actors["desk"], call(scheme="property_desk"), "give_answer", answer="八点开门")
    call()  # not answered
    take(session, actors["desk"], call(), "note_gap", question="临时摆摊")
    clock.ahead(days=1)
    take(session, actors["cs_manager"], bad, "withdraw", reason="收费已取消")
    take(session, actors["shift"], bad, "rewrite")
    take(session, actors["shift"], bad, "submit")
    take(session, actors["cs_manager"], bad, "publish")
    clock.ahead(days=1)
    take(session, actors["desk"], call(), "give_answer", article=bad.id)  # from the new version
    clock.ahead(days=30)
    with access.acting_as(actors["manager"]):
        table = library(session, Period()).table
        answer = ask(session, "library", {})
        assert opened(session, answer) == 5 + 6 + 5  # of six lines one counts nothing
        for row in answer.rows:
            model, lines = answer.look_behind(session, answer.key_of(row), "count")
            assert len(lines) == row["count"]
            assert len(answer.look_behind(session, answer.key_of(row), "of")[1]) == row["of"]
            assert not row["count"] or model.kind_name in ("service_tickets", "articles")
        figures = {name: (n, of) for name, n, of in table[["figure", "count", "of"]].itertuples(index=False)}
        use = {row.title: row.answers for row in article_use(session, Period()).table.itertuples(index=False)}
    assert figures == {
        "from_library": (4, 6), "referred": (1, 6), "unsupported": (1, 6), "withdrawn": (1, 4), "gaps": (0, 1),
        "past_review": (1, 2),
    }  # fmt: skip
    assert use == {"居住证办理": 2, "会议室收费": 2}
