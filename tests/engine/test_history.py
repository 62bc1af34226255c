"""The history's digests are taken of what the database keeps, whatever was sent."""

import pytest

from app.engine import history
from models.orders import Order


@pytest.mark.parametrize("reason", [5, 1.50, "客户取消"])
def test_a_reason_that_was_sent_as_a_number_leaves_the_history_whole(order, either_session, take, reason):
    take("order_admin", order, "cancel", reason=reason)
    assert history.entries_of(either_session, order, 1)[0].reason == str(reason)
    assert history.verify(either_session, [Order]) > 0


@pytest.mark.parametrize("reason", [5, True, ["重复"], b"x"])
def test_an_act_has_a_text_for_its_reason_or_none(reason):
    with pytest.raises(TypeError), history.act("cancel", reason=reason):
        pass
