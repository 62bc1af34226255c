"""The public page: number and code tell how far a matter is, nothing personal, and nobody gets to guess for long."""

import pytest

from app.engine.codes import LENGTH, LETTERS
from models import attempts
from tests.conftest import sign_in
from tests.factories import take

ASKED = "/progress"


@pytest.fixture
def ask(app, session):
    """`ask(number, code)`: the answer a visitor gets."""

    def look(number, code, language="en"):
        session.commit()
        return app.test_client().post(
            ASKED, data={"number": number, "code": code}, headers={"Accept-Language": language}
        )

    return look


def test_a_code_has_six_characters_none_of_which_is_taken_for_another(call):
    code = call().progress_code
    assert len(code) == LENGTH == 6
    assert set(code) <= set(LETTERS) and not set(LETTERS) & set("0O1IL2Z5S8BUV")


def test_the_page_opens_without_an_account_in_both_languages(app):
    visitor = app.test_client()
    pages = [visitor.get(ASKED, headers={"Accept-Language": language}).text for language in ("zh", "en")]
    assert 'lang="zh' in pages[0] and 'lang="en' in pages[1]


def test_number_and_code_tell_how_far_it_is_and_nothing_personal(call, ask):
    ticket = call(place="三号楼")
    page = ask(ticket.ticket_no.lower(), f" {ticket.progress_code.lower()} ")
    assert (page.status_code, "We have registered it" in page.text) == (200, True)
    for told in ("钱女士", "13812345678", "5678", "问办理地点", "三号楼", "王芳"):
        assert told not in page.text


def test_the_moment_an_answer_is_expected_is_the_limit_of_the_answer(call, ask, at):
    at("2026-02-27 16:00")
    ticket = call()
    assert "2026-03-01 16:00" in ask(ticket.ticket_no, ticket.progress_code).text


def test_a_wrong_number_and_a_wrong_code_get_the_same_answer(call, ask):
    ticket = call()
    wrong = [ask(ticket.ticket_no, "AAAAAA"), ask("GD2026-9999", ticket.progress_code), ask("", "")]
    assert {answer.status_code for answer in wrong} == {404}
    assert len({"do not belong together" in answer.text for answer in wrong}) == 1
    assert all(ticket.ticket_no not in answer.text.replace(f'value="{ticket.ticket_no}"', "") for answer in wrong)


def test_of_a_report_only_that_it_is_looked_into(session, actors, call, ask):
    ticket = call(kind="report")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请核查")
    page = ask(ticket.ticket_no, ticket.progress_code)
    assert "The matter is being looked into." in page.text
    assert "2026-" not in page.text.replace(ticket.ticket_no, "")


def test_a_merged_ticket_tells_how_far_the_other_one_is(session, actors, call, ask):
    target, ticket = call(), call()
    take(session, actors["shift"], ticket, "merge", target=target.id, because="caller", reason="重复来电")
    take(session, actors["desk"], target, "give_answer", answer="在一楼", referral="电话号码查询")
    page = ask(ticket.ticket_no, ticket.progress_code)
    assert "It has been answered." in page.text and target.ticket_no not in page.text


def test_ten_wrong_codes_lock_the_number_and_no_sign_in(app, call, ask):
    ticket = call()
    for _try in range(attempts.ACCOUNT_TRIES):
        assert ask(ticket.ticket_no, "AAAAAA").status_code == 404
    assert ask(ticket.ticket_no, ticket.progress_code).status_code == 429
    assert sign_in(app, "desk").get("/serviceticketview/list/").status_code == 200
