"""The eight paper records of a ticket: the same numbers on all, no identity of a report, masked numbers (P1, P2, A10)."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.moments import today
from app.engine.paper.description import forms_of
from app.extensions import db
from models.daily_reviews import DailyReview
from models.dispatch import DispatchOrder
from tests.conftest import actors_of, sign_in
from tests.factories import NOTES, register
from tests.test_prints import opened, text_of

PAPERS = {
    "front_desk_ledger": "前台客服台账", "phone_log": "电话接待记录本", "dispatch_order": "派工单",
    "rectification": "工程整改申报表", "work_order": "工作任务单", "owner_complaint": "业主投诉记录表",
    "customer_matter": "客户投诉/建议/意见处理表", "visit_log": "接待记录本",
}  # fmt: skip
DISPATCHED = ("dispatch_order", "rectification", "work_order")
SECRETS = ("钱女士", "13812345678", "138****5678", "五号楼三单元", "车间主任收钱", "我是仓库老钱")


@pytest.fixture
def ticket(app):
    """`ticket(kind="help")`: the keys of a ticket the desk took and dispatched, and of its order."""

    def made(**values):
        with app.app_context():
            actors = actors_of(db.session)
            with access.acting_as(actors["desk"]):
                found = register(db.session, place="五号楼三单元", **values)
            with access.acting_as(actors["shift"]):
                asked = {"department": "综合科", "requirement": "请派人检修", **NOTES}
                found.flow.take(db.session, found, "dispatch", asked)
            with access.system():
                order = db.session.query(DispatchOrder).filter_by(ticket_id=found.id).one()
                keys = {"id": found.id, "no": found.ticket_no, "order": order.id, "order_no": order.order_no}
            db.session.commit()
            return keys

    return made


def paper(client, form, pk, kind="service_tickets"):
    answer = client.get(f"/print/{form}/{kind}/{pk}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    return answer.data


def test_a_ticket_has_the_eight_papers(app):
    assert {one.name for one in forms_of("service_tickets")} == set(PAPERS)


def test_every_paper_bears_its_title_and_the_same_numbers(app, ticket):
    keys, browser = ticket(kind="help"), sign_in(app, "desk")
    for form, title in PAPERS.items():
        text = text_of(paper(browser, form, keys["id"]))
        assert (form, title in text, keys["no"] in text) == (form, True, True)
        assert (form, keys["order_no"] in text) == (form, form in DISPATCHED)


def test_the_telephone_number_is_masked_on_every_paper_whoever_prints(app, ticket):
    keys = ticket(kind="help")
    for account in ("desk", "cs_manager", "user_a"):
        browser = sign_in(app, account)
        for form in PAPERS:
            text = text_of(paper(browser, form, keys["id"]))
            assert (account, form, "13812345678" in text, "138****5678" in text) == (account, form, False, True)


@pytest.mark.parametrize(
    "values, also",
    [({"kind": "report"}, ["officer"]), ({"kind": "complaint", "confidential": True}, [])],
    ids=["report", "confidence"],
)
def test_no_paper_of_a_report_or_a_confidence_tells_who_called_or_what_they_said(app, ticket, values, also):
    keys = ticket(subject="车间主任收钱", content="我是仓库老钱", **values)
    for account in ("desk", "cs_manager", "office", *also):
        browser = sign_in(app, account)
        for form in PAPERS:
            for page in (
                paper(browser, form, keys["id"]),
                browser.get(f"/print/{form}/service_tickets/{keys['id']}.html").data,
            ):
                text = text_of(page) if page[:4] == b"%PDF" else page.decode()
                assert (account, form, [one for one in SECRETS if one in text]) == (account, form, [])
                assert keys["no"] in text


def test_the_unit_prints_its_order_about_wrongdoing_without_the_ticket(app, ticket):
    keys, browser = ticket(kind="report", subject="车间主任收钱", content="我是仓库老钱"), sign_in(app, "user_a")
    assert browser.get(f"/print/dispatch_order/service_tickets/{keys['id']}.pdf").status_code == 404
    for form in DISPATCHED:
        text = text_of(paper(browser, form, keys["order"], "dispatch_orders"))
        assert keys["order_no"] in text and "请派人检修" in text
        assert [one for one in (*SECRETS, keys["no"]) if one in text] == []
    assert "请勿寻找来电人" in text_of(paper(browser, "dispatch_order", keys["order"], "dispatch_orders"))


def test_the_dispatch_sheet_of_a_request_for_help_bears_the_three_notes(app, ticket):
    text = text_of(paper(sign_in(app, "shift"), "dispatch_order", ticket(kind="help")["id"]))
    for note in ("■请及时与来电人联系", "■请在时限内反馈处理意见", "■请信息点负责人跟进处理结果"):
        assert note in text


def test_an_anonymous_callers_paper_says_so(app, ticket):
    keys = ticket(kind="help", anonymous=True, anonymity_explained=True, phone="", contact_name="")
    text = text_of(paper(sign_in(app, "desk"), "phone_log", keys["id"]))
    assert "匿名" in text


@pytest.mark.parametrize(
    "values, ticked",
    [
        ({"kind": "complaint"}, "■投诉□建议□意见"),
        ({"kind": "feedback", "sub_kind": "suggestion"}, "□投诉■建议□意见"),
        ({"kind": "feedback", "sub_kind": "opinion"}, "□投诉□建议■意见"),
    ],
)
def test_the_sheet_of_a_customers_matter_ticks_its_kind(app, ticket, values, ticked):
    assert ticked in text_of(paper(sign_in(app, "desk"), "customer_matter", ticket(**values)["id"]))


def test_the_ledger_of_a_day_stands_on_a4_across_with_every_ticket_of_the_desk(app, ticket):
    keys = [ticket(kind="help"), ticket(kind="report", subject="车间主任收钱")]
    with app.app_context(), access.acting_as(actors_of(db.session)["cs_manager"]):
        review = records.add(db.session, DailyReview, {"desk": "hotline", "day": str(today())})
        db.session.commit()
        pk = review.id
    content = paper(sign_in(app, "cs_manager"), "front_desk_ledger", pk, "daily_reviews")
    text, box = text_of(content), opened(content).pages[0].mediabox
    assert all(one["no"] in text for one in keys) and "共2件" in text
    assert "钱女士" in text and "车间主任收钱" not in text
    assert (round(float(box.width)), round(float(box.height))) == (842, 595)


def test_a_stranger_prints_nothing(app, ticket):
    keys, browser = ticket(kind="help"), sign_in(app, "user_b")
    answers = {browser.get(f"/print/{form}/service_tickets/{keys['id']}.pdf").status_code for form in PAPERS}
    answers |= {browser.get(f"/print/{form}/dispatch_orders/{keys['order']}.pdf").status_code for form in DISPATCHED}
    assert answers == {404}
