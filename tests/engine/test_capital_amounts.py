"""Amounts in capital figures: the examples of 正确填写票据和结算凭证的基本规定, and every amount read back."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.capital_amounts import in_capitals

D = Decimal


@pytest.mark.parametrize(
    "amount, words",
    [
        # the rules' own examples
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        # 整 stands after 元, not after 角 or 分
        ("0.00", "零元整"),
        ("10.00", "壹拾元整"),
        ("1", "壹元整"),
        ("0.50", "伍角"),
        ("0.05", "伍分"),
        ("0.53", "伍角叁分"),
        ("100.10", "壹佰元零壹角"),
        ("100.01", "壹佰元零壹分"),
        ("15.20", "壹拾伍元贰角"),
        # one 零 for places left out, before 万 and 亿 too
        ("10500", "壹万零伍佰元整"),
        ("100005", "壹拾万零伍元整"),
        ("1000000", "壹佰万元整"),
        ("10020000", "壹仟零贰万元整"),
        ("100000000", "壹亿元整"),
        ("100000001.00", "壹亿零壹元整"),
        ("107000000", "壹亿零柒佰万元整"),
        ("150000000", "壹亿伍仟万元整"),
        ("2000003000", "贰拾亿零叁仟元整"),
        ("1000000000000", "壹万亿元整"),
        ("90000000000000000", "玖亿亿元整"),
        ("9999999999999.99", "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("1234567890.12", "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元零壹角贰分"),
        # money given back
        ("-100", "负壹佰元整"),
        ("-0.30", "负叁角"),
    ],
)
def test_an_amount_stands_in_capital_figures(amount, words):
    assert in_capitals(D(amount)) == words


def test_nought_has_no_sign():
    assert in_capitals(D("-0.00")) == "零元整"


@pytest.mark.parametrize("amount", [D("0.001"), 1.5, True, D("NaN")])
def test_what_is_no_amount_is_not_written_out(amount):
    with pytest.raises(ValueError):
        in_capitals(amount)


PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def whole_of(words):
    """The number read from its words from left to right, as a cashier reads it."""
    total = part = figure = 0
    for letter in words:
        if letter in PLACES:
            part, figure = part + figure * PLACES[letter], 0
        elif letter in "万亿":
            part, figure = part + figure, 0
            total = (total + part) * 10**8 if letter == "亿" else total + part * 10**4
            part = 0
        else:
            figure = "零壹贰叁肆伍陆柒捌玖".index(letter)
    return total + part + figure


def read_back(words):
    minus, yuan, tenths, hundredths = re.fullmatch("(负?)(?:(.+)元)?(?:整|零?(?:(.)角)?(?:(.)分)?)", words).groups()
    amount = whole_of(yuan or "") + D(whole_of(tenths or "")) / 10 + D(whole_of(hundredths or "")) / 100
    return -amount if minus else amount


@given(st.decimals("-9999999999999.99", "9999999999999.99", places=2, allow_nan=False))
def test_the_words_are_read_back_as_the_same_amount(amount):
    words = in_capitals(amount)
    assert read_back(words) == amount
    assert "零零" not in words and not re.search("零(?:元.|万|亿|拾|佰|仟|角|分)", words.replace("零元整", ""))
