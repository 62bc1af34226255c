"""Doubles of customers: found when one is entered, listed, and merged into one that goes on."""

import pytest

from app.engine import access, finding, history, searching
from app.engine import record as records
from app.engine.refusals import Invalid, StepRefused, Unconfirmed
from app.engine.report_answers import ask
from models.customer_doubles import resembling, suggestions
from models.customer_handovers import CustomerHandover, HandoverLine
from models.customer_owners import CustomerOwner
from models.customers import Customer, CustomerContact, may_order, plain_name
from models.orders import Order
from models.platform_identities import PlatformIdentity
from tests.factories import house, place


@pytest.mark.parametrize(
    "one, other",
    [
        ("红星商贸有限公司", "红星商贸"), ("红星 商贸（集团）有限责任公司", "红星商贸集团"), ("Ernst Handel", "ernst-handel"),
        ("ＡＢＣ贸易公司", "abc贸易"), ("Acme Co., Ltd.", "ACME"),
    ],
)  # fmt: skip
def test_names_are_the_same_without_legal_form_marks_width_and_case(one, other):
    assert plain_name(one) == plain_name(other)


@pytest.mark.parametrize("one, other", [("红星商贸", "红星贸易"), ("公司", ""), ("甲公司", "乙公司")])
def test_other_names_stay_others(one, other):
    assert plain_name(one) != plain_name(other)


@pytest.fixture
def known(either_session, either_actors):
    """A customer of 吴磊 with everything two customers can have in common."""
    with access.acting_as(either_actors["sales"]):
        raw = {"name": "红星商贸有限公司", "phone": "0851-8666 0001", "tax_no": "9152-0100 MA", "customer_no": "C1"}
        found = records.add(either_session, Customer, raw)
        records.add(either_session, CustomerContact, {"customer": found.id, "name": "王", "phone": "+86 138 1234 5678"})
        either_session.commit()
    return found


ALIKE = [
    ({"name": "红星商贸"}, "name"), ({"name": "别名", "phone": "(0851)86660001"}, "phone"),
    ({"name": "别名", "phone": "13812345678"}, "phone"), ({"name": "别名", "tax_no": "91520100ma"}, "tax_no"),
]  # fmt: skip


@pytest.mark.parametrize("raw, common", ALIKE)
def test_a_customer_like_another_is_stored_only_when_confirmed(known, either_session, either_actors, raw, common):
    found = resembling(either_session, raw["name"], raw.get("phone"), raw.get("tax_no"))
    assert [(one.customer.id, one.common) for one in found] == [(known.id, common)]
    with access.acting_as(either_actors["sales"]):
        with pytest.raises(Unconfirmed) as refused:
            records.add(either_session, Customer, raw, confirmed=False)
        assert list(refused.value.errors) == [common]
        assert "C1" in refused.value.errors[common][0]
        records.add(either_session, Customer, raw, confirmed=True)


def test_a_colleagues_customer_is_hinted_at_and_not_named(known, either_session, either_actors):
    with access.acting_as(either_actors["sales_b"]), pytest.raises(Unconfirmed) as found:
        records.add(either_session, Customer, {"name": "红星商贸"}, confirmed=False)
    said = " ".join(found.value.errors["name"])
    assert "C1" not in said and "有限公司" not in said and "吴磊" not in said


def test_a_change_that_touches_none_of_it_asks_nothing(known, either_session, either_actors):
    with access.acting_as(either_actors["order_admin"]):
        other = records.add(either_session, Customer, {"name": "红星商贸"})
        records.change(either_session, other, {"note": "x"}, ["note"], version=other.version, confirmed=False)
        with pytest.raises(Unconfirmed):
            raw = {"phone": "13812345678"}
            records.change(either_session, other, raw, ["phone"], version=other.version, confirmed=False)


def test_the_dry_run_of_an_import_gets_the_sentences_of_an_unstored_customer(known, either_session, either_actors):
    with access.acting_as(either_actors["order_admin"]):
        said = suggestions(either_session, Customer(name="红星商贸", taken_over=True))
        assert len(said) == 1 and "C1" in said[0]
        assert suggestions(either_session, Customer(name="谁也不是", taken_over=True)) == []


def test_the_report_of_doubles_names_each_pair_once_a_reason(known, either_session, either_actors):
    with access.acting_as(either_actors["order_admin"]):
        raw = {"name": "红星商贸", "customer_no": "C2", "phone": "13812345678", "tax_no": "91520100MA"}
        records.add(either_session, Customer, raw)
        other = records.add(either_session, Customer, {"name": "别家", "customer_no": "C3"})
        for customer, platform in ((known, "qq"), (other, "wechat")):
            raw = {"customer": customer.id, "platform": platform, "account": "Star01"}
            records.add(either_session, PlatformIdentity, raw)
    with access.acting_as(either_actors["sales_manager"]):
        rows = ask(either_session, "customer_doubles", {}).rows
        assert [(row["common"], row["customer"], row["other"]) for row in rows] == [
            ("name", "C1", "C2"), ("phone", "C1", "C2"), ("tax_no", "C1", "C2"), ("account", "C1", "C3"),
        ]  # fmt: skip
    with access.acting_as(either_actors["sales_b"]):
        assert ask(either_session, "customer_doubles", {}).rows == []


@pytest.fixture
def merged(either_session, either_actors):
    """C2, with an order, a contact, an account and a line of a hand-over, merged into C1 of the same firm."""
    session, actors = either_session, either_actors
    house(session, actors)
    with access.acting_as(actors["sales"]):
        raw = {"name": "红星商贸公司", "customer_no": "C2", "phone": "13812345678"}
        double = records.add(session, Customer, raw)
        double.grade = "甲级"
        order = place(session, customer="C2")
        records.add(session, CustomerContact, {"customer": double.id, "name": "刘"})
        records.add(session, PlatformIdentity, {"customer": double.id, "account": "红星 旺铺"})
        session.commit()
    with access.acting_as(actors["sales_manager"]):
        stays = finding.by_name(session, Customer, "C1")
        raw = {"leaver": actors["sales"].own_person_id, "receiver": actors["sales_b"].own_person_id,
               "effective_on": "2099-01-01", "reason": "离职"}  # fmt: skip
        records.add(session, CustomerHandover, raw)
        session.commit()
        double.flow.take(session, double, "merge", {"into": stays.id, "reason": "同一家"})
        session.commit()
    with access.system():
        session.expire_all()
        yield double, stays, order


def test_everything_goes_to_the_customer_that_stays(merged, either_session):
    double, stays, order = merged
    assert (double.state, double.merged_into, double.owner) == ("merged", stays, None)
    assert order.customer is stays
    assert {one.name for one in stays.contacts} == {"刘"}  # the number became that of the one that stays
    assert [str(one.account) for one in stays.identities] == ["红星旺铺"]
    assert (stays.phone, stays.grade, stays.name) == ("13812345678", "甲级", "红星商贸")
    assert either_session.query(HandoverLine).filter_by(customer_id=stays.id).count() == 1
    assert history.verify(either_session, [Customer, CustomerContact, Order, CustomerOwner, PlatformIdentity]) > 0


def test_the_number_of_the_merged_one_finds_the_one_that_stays(merged, either_session, either_actors):
    double, stays, _order = merged
    assert finding.by_name(either_session, Customer, "C2") is stays
    with access.acting_as(either_actors["sales"]):
        again = place(either_session, customer="C2")
        assert again.customer is stays
    assert stays.customer_no in may_order(double)
    assert double not in Customer.offered(either_session, "")


def test_the_history_of_both_tells_of_the_merger(merged, either_session):
    double, stays, _order = merged
    assert history.entries_of(either_session, double)[0].action == "merge"
    told = history.entries_of(either_session, stays)[0]
    assert told.action == "merge" and "C2" in told.reason


def test_a_merged_customer_is_changed_no_more_and_no_double_of_anything(merged, either_session):
    double, stays, _order = merged
    with pytest.raises(Invalid):
        records.change(either_session, double, {"note": "x"}, ["note"], version=double.version)
    assert [one.customer for one in resembling(either_session, "红星商贸")] == [stays]


def test_nothing_is_merged_into_itself_or_into_what_is_merged_itself(merged, either_session, either_actors):
    double, stays, _order = merged
    for into in (stays, double):
        with access.acting_as(either_actors["sales_manager"]), pytest.raises(StepRefused):
            stays.flow.take(either_session, stays, "merge", {"into": into.id, "reason": "x"})


def test_an_account_belongs_to_one_customer_and_is_found_by_the_search(known, either_session, either_actors):
    with access.acting_as(either_actors["sales"]):
        records.add(either_session, PlatformIdentity, {"customer": known.id, "account": "红星"})
        either_session.commit()
        found = searching.matching(either_session.query(PlatformIdentity), PlatformIdentity, "红星").all()
        assert [one.customer for one in found] == [known]
        other = records.add(either_session, Customer, {"name": "别家"})
        with pytest.raises(Invalid):
            records.add(either_session, PlatformIdentity, {"customer": other.id, "account": "红 星"})
    with access.acting_as(either_actors["sales_b"]):
        assert either_session.query(PlatformIdentity).count() == 0
