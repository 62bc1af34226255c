"""The link for a unit without an account: one order, until a day, revocable, and nothing about a caller under seal."""

import io
import re

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine.history import HistoryEntry
from models.attempts import ACCOUNT_TRIES, NETWORK_TRIES, SignInAttempt, admit
from models.dispatch import DispatchOrder
from models.files import Attachment
from models.unit_links import UnitLink
from tests.conftest import sign_in
from tests.factories import NOTES, take

CLOSED = "This link is not good, or no longer. Please ask the service desk for another."
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def dispatched(session, actors, call):
    """`dispatched(kind="help")`: the dispatch order of a ticket that went to department A."""

    def made(**values):
        ticket = call(**{"kind": "help", "content": "三楼楼道漏水", **values})
        notes = NOTES if ticket.kind == "help" else {}
        take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **notes)
        session.commit()
        with access.system():
            return ticket.orders[0]

    return made


@pytest.fixture
def link(app, session, actors):
    """`link(order)`: the address as the shift leader is shown it."""

    def made(order, **values):
        sent = {"order": order.id, "recipient": "水务公司 李工", "form_key": "a", **values}
        session.rollback()  # who reads here would keep the house from writing
        answer = sign_in(app, "shift").post("/unitlinkview/add", data=sent, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return re.search(r"http://localhost(/unit/[^<\s]+)<", answer.text)[1]

    return made


@pytest.fixture
def visitor(app, session):
    """Somebody without an account, who reads English."""
    browser = app.test_client()

    def ask(address, **data):
        session.rollback()
        if data:
            return browser.post(address, data={"form_key": data["step"], **data}, headers=ENGLISH)
        return browser.get(address, headers=ENGLISH)

    return ask


def only(session, model=DispatchOrder):
    session.expire_all()
    with access.system():
        return session.scalars(select(model)).one()


def test_a_unit_answers_its_order_by_link_and_the_history_says_so(session, dispatched, link, visitor):
    address = link(dispatched())
    page = visitor(address).text
    assert "请修理" in page and "钱女士" in page and "13812345678" in page and "22小时内反馈" in page
    visitor(address, step="sign")
    visitor(address, step="mark_contacted", how="电话联系，约明日上午")
    visitor(address, step="feed_back", result="已更换水管", answer="已修好。", file=(io.BytesIO(b"photo"), "a.txt"))
    assert only(session).state == "confirming"
    visitor(address, step="confirm_reply")
    order = only(session)
    assert (order.state, order.answer, order.contact_how) == ("fed_back", "已修好。", "电话联系，约明日上午")
    with access.system():
        taken = session.execute(
            select(HistoryEntry.action, HistoryEntry.actor_name).where(
                HistoryEntry.kind == "dispatch_orders", HistoryEntry.actor_id.is_(None)
            )
        ).all()
        (file,) = session.scalars(select(Attachment))
    assert [action for action, _name in taken] == ["sign", "mark_contacted", "feed_back", "confirm_reply"]
    assert {name for _action, name in taken} == {"unit link 水务公司 李工"}
    assert (file.record_kind, file.record_id, file.name) == ("dispatch_orders", order.id, "a.txt")
    assert only(session, UnitLink).uses == 4


def test_the_unit_returns_by_link_with_a_ground(session, dispatched, link, visitor):
    address = link(dispatched())
    assert visitor(address, step="hand_back", ground="", reason="不是我们的").status_code == 422
    visitor(address, step="hand_back", ground="not_ours", reason="不是我们的")
    assert (only(session).state, only(session).return_ground) == ("returned", "not_ours")


def test_the_same_form_sent_twice_is_done_once(session, dispatched, link, visitor):
    address = link(dispatched())
    assert [visitor(address, step="sign").status_code for _ in range(2)] == [302, 200]
    assert only(session, UnitLink).uses == 1


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "report"},
        {"kind": "complaint", "confidential": True},
        {"kind": "complaint", "anonymous": True, "anonymity_explained": True, "phone": "", "contact_name": ""},
    ],
    ids=["report", "confidential", "anonymous"],
)
def test_nobody_is_named_who_is_not_to_be_sought(dispatched, link, visitor, values):
    address = link(dispatched(**values))
    page = visitor(address).text
    assert "请修理" in page and "请勿查找、联系来电人" in page
    assert "钱女士" not in page and "13812345678" not in page
    assert ("三楼楼道漏水" in page) == bool(values.get("anonymous"))
    visitor(address, step="sign")
    assert "mark_contacted" not in visitor(address).text


def _revoked(session, actors, made):
    take(session, actors["shift"], made, "revoke", reason="发错")


def _cancelled(session, actors, made):
    take(session, actors["shift"], made.order, "cancel", reason="来电人撤回")


def _elsewhere(session, actors, made):
    take(session, actors["user_a"], made.order, "hand_back", ground="not_ours", reason="不归我们")
    take(session, actors["shift"], made.order, "issue", department="财务科")


@pytest.mark.parametrize("end", [_revoked, _cancelled, _elsewhere])
def test_a_link_that_is_over_says_the_same_as_a_wrong_one(session, actors, dispatched, link, visitor, end):
    address = link(dispatched())
    with access.system():
        made = session.scalars(select(UnitLink)).one()
        assert made.order.ticket.state == "dispatched"
    end(session, actors, made)
    session.commit()
    for wrong in (address, address[:-2], "/unit/nonsense"):
        answer = visitor(wrong)
        assert answer.status_code == 404 and CLOSED in answer.text
    assert visitor(address, step="sign").status_code == 404


def test_a_link_ends_with_its_days(app, dispatched, link, visitor, clock):
    address = link(dispatched())
    clock.ahead(days=6, hours=23)
    assert visitor(address).status_code == 200
    clock.ahead(hours=1)
    assert visitor(address).status_code == 404


def test_who_tries_addresses_is_locked_out_and_a_good_link_still_opens(dispatched, link, visitor):
    address = link(dispatched())
    assert {visitor(f"/unit/guess{n}").status_code for n in range(ACCOUNT_TRIES)} == {404}
    assert visitor("/unit/guess").status_code == 429
    assert visitor(address).status_code == 200


def test_who_tries_addresses_keeps_nobody_of_the_same_network_from_signing_in(session, dispatched, link, visitor):
    link(dispatched())
    for n in range(ACCOUNT_TRIES):
        visitor(f"/unit/guess{n}")
    session.rollback()
    tried = session.scalars(select(SignInAttempt.network)).all()
    assert len(tried) == ACCOUNT_TRIES
    for n in range(NETWORK_TRIES):
        admit(session, f"account {n}", "127.0.0.1")


@pytest.mark.parametrize("account, status", [("desk", 403), ("user_a", 403), ("office", 302)])
def test_links_are_made_by_those_who_send_orders_out(app, session, dispatched, account, status):
    sent = {"order": dispatched().id, "recipient": "李工", "form_key": "a"}
    session.rollback()
    assert sign_in(app, account).post("/unitlinkview/add", data=sent).status_code == status
