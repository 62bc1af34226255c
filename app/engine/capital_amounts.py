"""Amounts in the capital figures of Chinese vouchers 大写金额: 1409.50 is 壹仟肆佰零玖元伍角.

By 正确填写票据和结算凭证的基本规定 (支付结算办法, annex 1). Where it leaves a 零 open, one way is taken: one
after 元 where the last figure of the yuan is nought (壹仟陆佰捌拾元零叁角贰分), none between 万 and 仟 (壹拾万柒仟元).
"""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _

from app.engine.money import PRECISE, exact_decimal

_FIGURES = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def in_capitals(amount: Decimal | int) -> str:
    """An amount in yuan, without the word 人民币 that stands before it on a voucher; 负 before one below nought.

    Raises `ValueError` for floats and for more than two decimals.
    """
    exact = exact_decimal(amount)
    hundredfold = exact.scaleb(2, PRECISE)
    if hundredfold != hundredfold.to_integral_value():
        raise ValueError(_("“%(text)s” has more than %(places)s decimals.", text=str(amount)[:40], places=2))
    yuan, cents = divmod(abs(int(hundredfold)), 100)
    tenths, hundredths = divmod(cents, 10)
    words = "负" if exact < 0 else ""
    if yuan or not cents:
        words += _whole(yuan) + "元"
    if not cents:
        return words + "整"
    if yuan and (not tenths or not yuan % 10):
        words += "零"
    if tenths:
        words += _FIGURES[tenths] + "角"
    if hundredths:
        words += _FIGURES[hundredths] + "分"
    return words


def _whole(number: int) -> str:
    """A whole number: each place by what stands above and below it, with one 零 for the places left out between."""
    for size, unit in _PLACES:
        if number >= size:
            above, below = divmod(number, size)
            gap = "零" if 0 < below < size // 10 else ""
            return _whole(above) + unit + (gap + _whole(below) if below else "")
    return _FIGURES[number]
