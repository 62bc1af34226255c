"""Numbers as they are typed, rounded and stored, from tickets-orders.md §5; the columns on both databases."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.engine.money import Money, Quantity, Rate, Rounding, UnitPrice, parse, rounded

D = Decimal


# Rounding


@pytest.mark.parametrize(
    "rounding, cents",
    [
        (Rounding.HALF_UP, ["0.01", "0.02", "0.03", "-0.01", "-0.02"]),
        (Rounding.HALF_EVEN, ["0.00", "0.02", "0.02", "0.00", "-0.02"]),
    ],
    ids=["half up", "half even"],
)
def test_half_a_cent_is_rounded_as_the_house_wants(rounding, cents):
    halves = [D("0.005"), D("0.015"), D("0.025"), D("-0.005"), D("-0.015")]
    assert [str(rounded(half, 2, rounding)) for half in halves] == cents


def test_nothing_is_not_negative():
    assert str(rounded(D("-0.004"))) == "0.00"


# Typed numbers


@pytest.mark.parametrize(
    "text, number",
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("12,345,678", "12345678"),
        (" ￥1，234．50 ", "1234.50"),
        ("１２３４．５", "1234.5"),
        ("¥ 12", "12"),
        ("-¥12", "-12"),
        ("¥-12", "-12"),
        ("－１２", "-12"),
        ("−12", "-12"),
        ("+12", "12"),
        ("12元", "12"),
        ("人民币 12.30 元", "12.30"),
        ("RMB 12", "12"),
        ("cny12", "12"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("-0.00", "0.00"),
        ("999999999999999", "999999999999999"),
        ("\u3000 12\xa0", "12"),
    ],
)
def test_a_typed_number_is_read(text, number):
    assert str(parse(text)) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "abc", "1,23", "1,2345", "1,234,5", ",123", "1.2.3", "1 234", "--1", "-¥-1", "1-", "(1)", "1e5", "1E+5",
        "0x10", "1_000", "NaN", "Infinity", "-inf", "½", "10²", "①", "٣", "三", "3.5万", "$5", "5%", "12\n13", "=1+1", "1/2",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_plain_words(text):
    with pytest.raises(ValueError, match=r"is not a number; write it like 1,234\.50|Please enter a number"):
        parse(text)


@pytest.mark.parametrize("text, places, number", [("12", 2, "12.00"), ("1.5000", 2, "1.50"), ("1.2345", 4, "1.2345")])
def test_a_typed_number_is_padded_to_its_places(text, places, number):
    assert str(parse(text, places)) == number


def test_a_typed_cent_too_small_is_refused_and_not_rounded_away():
    with pytest.raises(ValueError, match=r"“1\.005” has more than 2 decimals"):
        parse("1.005", 2)


@pytest.mark.parametrize(
    "text, places",
    [("1000000000000000", None), ("1.234567890123456", None), ("10,000,000,000,000", 2), ("9" * 60, None)],
)
def test_a_typed_number_beyond_15_digits_is_refused(text, places):
    with pytest.raises(ValueError, match="at most 15 digits fit"):
        parse(text, places)


def test_a_very_long_text_is_refused_at_once():
    with pytest.raises(ValueError, match="is not a number"):
        parse("1," * 1_000_000)


# Columns


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "money_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    net: Mapped[Decimal | None] = mapped_column(Money)
    paid: Mapped[Decimal | None] = mapped_column(Money)
    price: Mapped[Decimal | None] = mapped_column(UnitPrice)
    quantity: Mapped[Decimal | None] = mapped_column(Quantity)
    rate: Mapped[Decimal | None] = mapped_column(Rate)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request):
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def session(engine):
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def items(session):
    """Three items: 100.10 of which 100.00 is paid, 9.20 of which nothing is, and one without amounts."""
    session.add_all([
        Item(id=1, net=D("100.10"), paid=D("100.00"), price=D("10.0100"), quantity=D("10"), rate=D("0.13")),
        Item(id=2, net=D("9.20"), paid=D("0.00"), price=D("4.6000"), quantity=D("2"), rate=D("0.06")),
        Item(id=3),
    ])  # fmt: skip
    session.flush()
    session.expire_all()
    return session


def test_amounts_come_back_as_they_went_in(items):
    row = items.execute(sa.select(Item.net, Item.paid, Item.price, Item.quantity, Item.rate).where(Item.id == 1)).one()
    assert [str(value) for value in row] == ["100.10", "100.00", "10.0100", "10.000", "0.130000"]


def test_no_amount_comes_back_as_none(items):
    assert items.get(Item, 3).net is None


@pytest.mark.parametrize(
    "expression, value",
    [
        pytest.param(sa.func.sum(Item.net), "109.30", id="sum"),
        pytest.param(sa.func.sum(Item.net - Item.paid), "9.30", id="sum of differences"),
        pytest.param(sa.func.sum(-Item.net), "-109.30", id="sum of the negative"),
        pytest.param(sa.func.coalesce(sa.func.sum(Item.net), 0), "109.30", id="sum or nothing"),
        pytest.param(sa.func.sum(sa.case((Item.net > 50, Item.net), else_=0)), "100.10", id="sum of some"),
        pytest.param(sa.func.sum(Item.net).filter(Item.net < 50), "9.20", id="sum with a filter"),
        pytest.param(sa.func.min(Item.net), "9.20", id="least"),
        pytest.param(sa.func.max(Item.price), "10.0100", id="most"),
        pytest.param(sa.func.avg(Item.net, type_=Money()), "54.65", id="mean"),
        pytest.param(sa.func.sum(Item.quantity), "12.000", id="sum of quantities"),
        pytest.param(sa.select(sa.func.sum(Item.net)).scalar_subquery(), "109.30", id="sum in a subquery"),
    ],
)
def test_sql_reckons_exactly(items, expression, value):
    found = items.scalar(sa.select(expression))
    assert (type(found), str(found)) == (Decimal, value)


def test_a_sum_over_no_rows_is_nothing_or_nought(session):
    none, nought = session.execute(
        sa.select(sa.func.sum(Item.net), sa.func.coalesce(sa.func.sum(Item.net), 0)).where(Item.id < 0)
    ).one()
    assert (none, str(nought)) == (None, "0.00")


def test_ten_cents_a_thousand_times_are_a_hundred(session):
    session.execute(sa.insert(Item), [{"net": D("0.10")} for _ in range(1000)])
    assert session.scalar(sa.select(sa.func.sum(Item.net))) == D("100.00")


def test_a_sum_may_outgrow_the_digits_of_its_parts(session):
    session.execute(sa.insert(Item), [{"net": D("9999999999999.99")} for _ in range(900)])
    assert session.scalar(sa.select(sa.func.sum(Item.net))) == D("8999999999999991.00")


@pytest.mark.parametrize(
    "condition, found",
    [
        pytest.param(Item.net > D("9.20"), [1], id="more than"),
        pytest.param(Item.net >= D("9.2"), [1, 2], id="at least"),
        pytest.param(Item.net == 9 + D("0.2"), [2], id="equal"),
        pytest.param(Item.net != D("9.20"), [1], id="unequal"),
        pytest.param(Item.net < 10, [2], id="less than a whole number"),
        pytest.param(Item.net > "9.20", [1], id="more than a typed number"),
        pytest.param(Item.net.in_([D("9.20"), D("1")]), [2], id="one of"),
        pytest.param(Item.net.between(9, D("100.1")), [1, 2], id="between"),
        pytest.param(Item.net.is_(None), [3], id="empty"),
        pytest.param(Item.paid < Item.net, [1, 2], id="less than another column"),
        pytest.param(Item.net - Item.paid > 5, [2], id="a difference"),
        pytest.param(Item.net + D("0.80") == 10, [2], id="a sum with a number"),
        pytest.param(Item.net > sa.select(sa.func.avg(Item.net, type_=Money())).scalar_subquery(), [1], id="the mean"),
        pytest.param(Item.net == sa.bindparam("some", D("9.20"), Money()), [2], id="a parameter"),
    ],
)
def test_sql_compares_amounts(items, condition, found):
    assert items.scalars(sa.select(Item.id).where(condition).order_by(Item.id)).all() == found


def test_amounts_are_sorted_as_numbers(items):
    query = sa.select(Item.net).where(Item.net.is_not(None))
    assert items.scalars(query.order_by(Item.net)).all() == [D("9.20"), D("100.10")]
    assert items.scalars(query.order_by(Item.net.desc())).all() == [D("100.10"), D("9.20")]


def test_groups_are_kept_by_their_sum(items):
    query = sa.select(Item.id).group_by(Item.id).having(sa.func.sum(Item.net) > D("10.50"))
    assert items.scalars(query).all() == [1]


def test_an_amount_is_raised_in_sql_and_only_while_enough_is_left(items):
    raise_paid = sa.update(Item).values(paid=Item.paid + 5).where(Item.net - Item.paid >= 5)
    assert items.execute(raise_paid).rowcount == 1
    assert items.get(Item, 2).paid == D("5.00")


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: Item.quantity * Item.price, id="quantity times price"),
        pytest.param(lambda: Item.net * 2, id="times a number"),
        pytest.param(lambda: 2 * Item.net, id="a number times"),
        pytest.param(lambda: Item.net / 2, id="divided"),
        pytest.param(lambda: 1 / Item.net, id="a number divided"),
        pytest.param(lambda: Item.net % 2, id="remainder"),
        pytest.param(lambda: Item.net > Item.price, id="cents against hundredths of cents"),
        pytest.param(lambda: Item.net + Item.quantity, id="yuan and pieces"),
        pytest.param(lambda: Item.net == Item.id, id="yuan and a plain number"),
        pytest.param(lambda: Item.net > sa.literal(5), id="yuan and a literal without a unit"),
    ],
)
def test_what_sql_would_reckon_wrongly_is_refused_when_the_query_is_written(build):
    with pytest.raises(TypeError):
        build()


WRONG = [
    pytest.param(1.5, "is not an exact number", id="a float"),
    pytest.param(True, "is not an exact number", id="a flag"),
    pytest.param(b"1", "is not an exact number", id="bytes"),
    pytest.param(D("NaN"), "is not an amount", id="NaN"),
    pytest.param(D("sNaN"), "is not an amount", id="signalling NaN"),
    pytest.param(D("-Infinity"), "is not an amount", id="Infinity"),
    pytest.param(D("10000000000000"), "at most 15 digits fit", id="16 digits"),
    pytest.param(D("9999999999999.995"), "at most 15 digits fit", id="16 digits once rounded"),
    pytest.param(D("1E+999999"), "at most 15 digits fit", id="a million digits"),
    pytest.param("a lot", "is not a number", id="a word"),
]


@pytest.mark.parametrize("value, words", WRONG)
def test_a_value_that_is_no_amount_is_refused_on_assignment(value, words):
    item = Item()
    with pytest.raises(ValueError, match=words):
        item.net = value


@pytest.mark.parametrize("value, words", WRONG)
def test_a_value_that_is_no_amount_is_refused_in_a_statement(session, value, words):
    with pytest.raises(StatementError, match=words):
        session.execute(sa.insert(Item).values(net=value))


def test_an_assigned_amount_is_rounded_before_it_is_stored():
    item = Item(net=D("292.125"), price=D("1.00005"), quantity=3, rate=D("0.13"), paid="￥1,234.5")
    assert [str(v) for v in (item.net, item.price, item.quantity, item.rate, item.paid)] == [
        "292.13", "1.0001", "3.000", "0.130000", "1234.50",
    ]  # fmt: skip


def test_the_largest_amounts_are_kept_to_the_cent(session):
    session.add(Item(id=1, net=D("-9999999999999.99"), rate=D("999999999.999999")))
    session.flush()
    session.expire_all()
    item = session.get(Item, 1)
    assert (item.net, item.rate) == (D("-9999999999999.99"), D("999999999.999999"))


def test_sqlite_holds_cents_and_postgresql_decimals(engine, items):
    kept = {"sqlite": "10010", "postgresql": "100.10"}[engine.dialect.name]
    assert str(items.scalar(sa.text("SELECT net FROM money_item WHERE id = 1"))) == kept


@pytest.mark.parametrize("kind", [Money, UnitPrice, Quantity, Rate])
def test_a_migration_writes_the_column_as_it_is_declared(kind):
    assert repr(eval(repr(kind()))) == f"{kind.__name__}()"


def test_a_condition_can_be_written_out_for_a_check(engine):
    condition = (Item.net >= D("1.5")).compile(engine, compile_kwargs={"literal_binds": True})
    assert str(condition) in ("money_item.net >= 150", "money_item.net >= 1.50")


# Properties

cents = st.decimals(D("-99999999.99"), D("99999999.99"), places=2)
plenty = settings(deadline=None, max_examples=150)


@plenty
@given(cents)
def test_what_is_printed_can_be_typed(amount):
    assert parse(f"¥{amount:,.2f}", 2) == amount


def read(text):
    """The number in a text, or the refusal."""
    try:
        return parse(text)
    except ValueError as refused:
        return refused


@plenty
@given(st.text() | st.text("0123456789.,-+¥￥１２．，元 eE"))
def test_any_text_is_a_number_or_refused_in_words(text):
    found = read(text)
    assert isinstance(found, Decimal | ValueError)
    assert str(found)
