"""What is typed into a field, and what is kept of it: what is no text at all, and what is stored as it was typed."""

from __future__ import annotations

import pytest

from app.engine import access
from app.engine.fields import TEXTS, Field
from app.extensions import db
from models.customers import Customer
from tests.conftest import sign_in

LINE, NUMBER, PROSE = (Field("F", kind, length=40) for kind in ("line", "number", "prose"))


@pytest.mark.parametrize("field, typed, kept", [
    (LINE, " 市财政局　", " 市财政局　"), (LINE, "Ａ座　三层", "Ａ座　三层"), (PROSE, "　　请审阅。\n", "　　请审阅。\n"),
    (NUMBER, " Ｃ１ ", "C1"), (NUMBER, "（２０１１）锦城文第８号", "（2011）锦城文第8号"), (NUMBER, "府办发〔2026〕1号", "府办发〔2026〕1号"),
    (NUMBER, "ａｚ-ＡＺ０９", "az-AZ09"),
])  # fmt: skip
def test_numbers_that_look_alike_are_kept_alike_and_words_as_they_are(field, typed, kept):
    assert field.clean(typed) == kept
    assert field.clean(field.text(kept)) == kept


def test_a_customer_number_is_taken_however_it_is_spaced(app):
    client, names = sign_in(app, "order_admin"), ["蓝天", "白云", "碧海", "青山"]
    for typed, status in (("C1", 302), ("C1 ", 422), (" C1", 422), ("Ｃ１", 422)):
        sent = {"name": f"{names.pop()}贸易有限公司", "source": "other", "customer_no": typed}
        assert client.post("/customerview/add", data=sent).status_code == status, typed
    with app.app_context(), access.system():
        assert db.session.query(Customer).filter_by(customer_no="C1").count() == 1


BLANKS = [" ", "   ", "\t\n", "\u3000", "\u00a0\u2003"]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("raw", BLANKS, ids=ascii)
def test_a_text_of_white_space_alone_is_no_text(kind, raw):
    assert Field("Title", kind).clean(raw) is None


@pytest.mark.parametrize("raw", ["<p>\u3000</p>", "<p><b>\u00a0</b></p>"])
def test_marks_around_nothing_are_no_text(raw):
    assert Field("Text", "rich").clean(raw) is None


@pytest.mark.parametrize("raw", [" 关于 ", "\u3000\u3000首行缩进", "1\u200b2", "\ufeff", "。"])
def test_blanks_around_a_text_stay(raw):
    assert Field("Title", "line").clean(raw) == raw
