"""Payments, on both databases: who verifies them, and which are refused."""

import pytest

from app.engine.refusals import Invalid, StepRefused


def test_nobody_verifies_a_payment_they_recorded(order, take):
    take("finance", order, "record_payment", amount="10")
    with pytest.raises(StepRefused):
        take("finance", order.payments[0], "verify")
    assert order.paid == 0


def test_a_reference_is_used_once_an_account(order, take):
    take("order_admin", order, "record_payment", amount="10", account="中行", reference="R1")
    with pytest.raises(Invalid):
        take("order_admin", order, "record_payment", amount="10", account="中行", reference="R1")
