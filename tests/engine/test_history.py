"""The history's digests are taken of what the database keeps, whatever was sent."""

from datetime import datetime

import pytest

from app.engine import access, history, moments
from app.engine import record as records
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.orders import Order
from tests.factories import incoming


@pytest.mark.parametrize("reason", [5, 1.50, "客户取消"])
def test_a_reason_that_was_sent_as_a_number_leaves_the_history_whole(order, either_session, take, reason):
    take("order_admin", order, "cancel", reason=reason)
    assert history.entries_of(either_session, order, 1)[0].reason == str(reason)
    assert history.verify(either_session, [Order]) > 0


@pytest.mark.parametrize("reason", [5, True, ["重复"], b"x"])
def test_an_act_has_a_text_for_its_reason_or_none(reason):
    with pytest.raises(TypeError), history.act("cancel", reason=reason):
        pass


def test_a_clock_stopped_at_an_offset_leaves_the_history_whole(either_session):
    moments.configure("Asia/Shanghai", datetime.fromisoformat("2026-03-02T09:00:00+08:00"))
    with access.system():
        records.add(either_session, Correspondent, {"name": "新单位"})
        either_session.commit()
        moments.configure("Asia/Shanghai", None)
        either_session.expire_all()
        assert history.verify(either_session, [Correspondent]) > 0


def test_a_moment_at_an_offset_leaves_the_history_whole(either_session):
    with access.system():
        document = incoming(either_session, received_at=datetime.fromisoformat("2026-03-02T09:00:00+08:00"))
        either_session.commit()
        assert history.entries_of(either_session, document)[-1].fields["received_at"][1] == "2026-03-02T01:00:00+00:00"
        assert history.verify(either_session, [IncomingDocument]) > 0
