"""The full-text search: what its words find, on both databases, and that it follows every record."""

import re
from itertools import groupby, pairwise

import pytest
import sqlalchemy as sa
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cli import migrate, migrations
from app.engine import access, bin, fulltext, searching, transfer
from app.engine import record as records
from app.engine.fulltext import HAN, searchable
from app.extensions import db
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from seed import volume
from tests.conftest import actors_of, sign_in
from tests.factories import incoming
from tests.safety.naughty import strings

INDEXED = [model for model in records.kinds().values() if fulltext.searched(model)]


def keep(session, *names):
    """Senders of these names; their keys."""
    made = [Correspondent(name=name) for name in names]
    session.add_all(made)
    session.flush()
    return [one.id for one in made]


def names(session, words, model=Correspondent):
    return [str(one) for one in session.scalars(searching.matching(sa.select(model), model, words).order_by(model.id))]


def dump(session):
    """All that the indexes hold."""
    found = {}
    for model in INDEXED:
        rows = session.connection().exec_driver_sql(f"SELECT * FROM {fulltext.index_of(model).name} ORDER BY rowid")
        found[model.kind_name] = [tuple(row) for row in rows]
    return found


# --- what words find


def class_of(character):
    if re.match(f"[{HAN}]", character):
        return "chinese"
    return "digits" if character.isdigit() else "letters" if character.isalnum() else ""


def runs(text):
    return [(name, "".join(part)) for name, part in groupby(text, class_of) if name]


def stands(asked, there):
    """Whether a word's runs stand one after another in a text's, said without any index."""
    if len(asked) == 1:
        return any(name == asked[0][0] and _within(asked[0], run) for name, run in there)
    spans = (there[at : at + len(asked)] for at in range(len(there) - len(asked) + 1))
    return any(
        _ends(asked[0], span[0]) and asked[1:-1] == span[1:-1] and span[-1][1].startswith(asked[-1][1])
        for span in spans
        if [name for name, _run in span] == [name for name, _run in asked]
    )


def _within(asked, run):
    return asked[1] in run if asked[0] == "chinese" else run.startswith(asked[1])


def _ends(asked, run):
    return run[1].endswith(asked[1]) if asked[0] == "chinese" else run == asked


SIGNS = "档案局局〇々07Ab Ａß-〔%_'\"*é"
TEXTS = st.lists(st.text(SIGNS, min_size=1, max_size=9), min_size=1, max_size=6, unique=True)
often = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@often
@given(kept=TEXTS, words=st.lists(st.text(SIGNS.replace(" ", ""), min_size=1, max_size=4), min_size=1, max_size=2))
def test_a_word_finds_what_a_second_reading_of_the_rule_finds(either_session, kept, words):
    with access.system():
        keep(either_session, *kept)
        asked = [runs(searchable(word)) for word in words]
        expected = [name for name in kept if all(one and stands(one, runs(searchable(name))) for one in asked)]
        assert [name for name in names(either_session, " ".join(words)) if name in kept] == expected
        either_session.rollback()


@often
@given(kept=TEXTS, word=st.text("档案局〇々", min_size=1, max_size=4))
def test_chinese_is_found_by_any_stretch_of_it(either_session, kept, word):
    with access.system():
        keep(either_session, *kept)
        expected = [name for name in kept if word in searchable(name)]
        assert [name for name in names(either_session, word) if name in kept] == expected
        either_session.rollback()


@pytest.mark.parametrize(
    "words, found",
    [
        ("收文〔2026〕5号", True),
        ("2026 5", True),
        ("文〔2026", True),
        ("〔20", True),
        ("5号", True),
        ("收文〔2026〕6号", False),
        ("026", False),  # not the beginning of the number
        ("dd2026-137", True),
        ("2026-137", True),
        ("2026-13", True),
        ("DD 137", True),
        ("d2026", False),
        ("ＧＤＰ", True),
        ("gd", True),
        ("dp", False),
        ("预算", True),
        ("算", True),
        ("财政预算 GDP", True),
        ("财政预算 GNP", False),
        ("𰀀𰀁", True),  # younger than many a database's table of characters
        ("%", False),
        ("_", False),
        ("' OR 1=1 --", False),
        ('"', False),
        ("预算 ——", False),
    ],
)
def test_what_finds_a_title(either_session, words, found):
    with access.system():
        name = "收文〔2026〕5号 DD2026-137 财政预算与GDP 𰀀𰀁"
        keep(either_session, name)
        assert (name in names(either_session, words)) is found


def test_no_question_breaks_the_database(either_session):
    with access.system():
        keep(either_session, "NEAR(a b) OR 甲:* & !乙")
        for words in dict.fromkeys((*strings(), "NEAR(a b)", "甲:*", "a & !b", "content : x", "^a", "\x00", "文" * 90)):
            names(either_session, words)
        assert names(either_session, "NEAR(a b) 甲:* & !乙"[:12]) == ["NEAR(a b) OR 甲:* & !乙"]


LONG = {
    "chinese": "".join(map(chr, range(0x4E00, 0x4E00 + 20_000))),
    "other": " ".join(f"{chr(0x430 + n % 30)}{'𐍈' * 50}{n}" for n in range(9000)),
    "the same": "文" * 20_000,
}


@pytest.mark.parametrize("kind", LONG)
def test_a_text_without_end_is_kept_and_found_by_its_beginning(either_session, either_actors, kind):
    with access.acting_as(either_actors["clerk"]):
        paper = incoming(either_session, summary=LONG[kind][:20_000])
        assert names(either_session, LONG[kind][:9], IncomingDocument) == [str(paper)]


# --- it follows


def test_a_change_a_deletion_and_the_bin_are_followed(either_session):
    with access.system():
        (key,) = keep(either_session, "县水务局")
        sender = either_session.get(Correspondent, key)
        sender.name = "县林业局"
        either_session.flush()
        assert (names(either_session, "水务"), names(either_session, "林业")) == ([], ["县林业局"])
        bin.delete(either_session, sender, version=sender.version)
        assert names(either_session, "县林业") == []
        sender.deleted_at = None
        either_session.flush()
        assert names(either_session, "县林业") == ["县林业局"]
        either_session.delete(sender)
        either_session.flush()
        assert [row for row in dump(either_session)["correspondents"] if row[0] == key] == []


def test_what_is_rolled_back_is_not_found(either_session):
    with access.system():
        keep(either_session, "县水务局")
        either_session.rollback()
        assert names(either_session, "水务") == []


def test_an_import_and_its_undoing_are_followed(either_session):
    with access.system():
        rows = [["县水务局"], ["县林业局"]]
        run = transfer.import_rows(either_session, Correspondent, ["name"], rows, source="x.csv").run
        assert names(either_session, "县 务") == ["县水务局"]
        run.take("undo", either_session, reason="旧表")
        assert names(either_session, "县 务") == []


def test_an_index_made_anew_is_what_the_writes_made(either_session):
    with access.system():
        keep(either_session, "收文〔2026〕5号", "Ａß", "——")
        before = dump(either_session)
        for model in INDEXED:
            fulltext.rebuild(either_session.connection(), model)
        assert dump(either_session) == before
        assert len(before["correspondents"]) > 3


def test_the_demo_office_is_indexed_as_it_is_written(busy_office):
    with busy_office.app_context():
        before = dump(db.session)
        counts = {
            model.kind_name: fulltext.rebuild(db.session.connection(), model) for model in INDEXED
        }  # fmt: skip
        after = dump(db.session)
        db.session.rollback()
    assert after == before
    assert counts == {kind: len(rows) for kind, rows in before.items()}


def test_copies_made_past_the_session_are_found(busy_office):
    with busy_office.app_context(), access.system():
        volume.load(db.session, 0.001)
        last = db.session.scalars(sa.select(IncomingDocument).order_by(IncomingDocument.id.desc()).limit(1)).one()
        assert last.receipt_no in names(db.session, last.receipt_no, IncomingDocument)[0]
        assert str(last) in names(db.session, last.title, IncomingDocument)
        db.session.rollback()


def test_a_house_that_is_migrated_is_searched_as_before(either):
    with either.app_context():
        with access.system():
            keep(db.session, "收文〔2026〕5号", "Ａß-7", "——", "々〇水务局")
            db.session.commit()
        before = dump(db.session)
        db.session.remove()
        db.engine.dispose()
        command.downgrade(migrations(either), "0008")
        tables = set(sa.inspect(db.engine).get_table_names())
        db.engine.dispose()
        migrate(either)
    with either.app_context(), access.system():
        assert names(db.session, "水务") == ["々〇水务局"]
        assert dump(db.session) == before
    assert [name for name in tables if not fulltext.in_models(name, "table", {})] == []


def test_every_kind_that_is_searched_has_an_index(either):
    with either.app_context():
        tables = sa.inspect(db.engine).get_table_names()
    expected = {fulltext.index_of(model).name for model in INDEXED}
    assert {name for name in tables if name.endswith("_search")} == expected


# --- who finds it


def test_withheld_content_finds_nothing_and_a_number_what_may_be_known(either_session, either_actors):
    with access.acting_as(either_actors["clerk"]):
        paper = incoming(either_session, title="关于干部任免的请示", sender_no="密发 77", secrecy="secret")
        either_session.commit()
    number = paper.receipt_no
    asked = ("干部任免", "任", "密发", "77", f"{number} 任免")
    for who, finds in (("clerk", True), ("auditor", False), ("user_b", False)):
        with access.acting_as(either_actors[who]):
            assert [number in str(names(either_session, words, IncomingDocument)) for words in asked] == [finds] * 5
    with access.acting_as(either_actors["auditor"]):
        assert len(names(either_session, number, IncomingDocument)) == 1
        assert len(names(either_session, number.partition("〕")[2], IncomingDocument)) == 1
    with access.acting_as(either_actors["user_b"]):
        assert names(either_session, number, IncomingDocument) == []


# --- how the database goes about it


def plan(session, query):
    """What the database means to do for a query, line by line."""
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")

    @sa.event.listens_for(connection, "before_cursor_execute", retval=True)
    def explain(connection, cursor, statement, parameters, context, many):
        return ("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + statement, parameters

    lines = [str(row) for row in connection.execute(query)]
    sa.event.remove(connection, "before_cursor_execute", explain)
    return lines


@pytest.mark.parametrize("who", ["clerk", "auditor"])
@pytest.mark.parametrize("words", ["预算", "2026 通知"])
def test_no_search_reads_all_records(either_session, either_actors, who, words):
    with access.acting_as(either_actors[who]):
        query = searching.matching(sa.select(IncomingDocument.id), IncomingDocument, words)
        lines = plan(either_session, query.order_by(IncomingDocument.id.desc()).limit(26))
    assert [one for one in lines if "SCAN incoming_document'" in one or "Seq Scan on incoming_document " in one] == []
    assert [one for one in lines if "_search" in one]


# --- what stands first


def test_the_record_called_so_stands_first_and_then_the_newest(app):
    with app.app_context(), access.system():
        keep(db.session, "县局", *(f"县局 {n:02}" for n in range(30)))
        db.session.commit()
    browser = sign_in(app, "office")
    found = browser.get("/correspondentview/lookup?q=县局").json["results"]
    assert [one["text"] for one in found] == ["县局", *(f"县局 {n}" for n in range(29, 10, -1))]
    for address in ("/correspondentview/list/?q=县局", "/search?q=县局"):
        page = browser.get(address).text.split("<main")[1]
        places = [page.index(f'show/{one["id"]}"') for one in found[:4]]
        assert all(one < other for one, other in pairwise(places)), address
    second = browser.get("/correspondentview/list/?q=县局&page=2").text
    assert [f"县局 {n:02}" in second for n in (6, 5, 4, 0)] == [False, False, True, True]


def test_a_search_that_finds_very_much_is_not_counted_to_its_end(app):
    with app.app_context(), access.acting_as(actors_of(db.session)["office"]):
        keep(db.session, *(f"县局 {n}" for n in range(1001)))
        db.session.commit()
    browser = sign_in(app, "office")
    browser.get("/language/en")
    assert "1,000" in browser.get("/correspondentview/list/?q=县局").text
    assert "1,000" not in browser.get("/correspondentview/list/?q=10").text
