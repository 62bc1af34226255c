"""Keys: a record that is gone lends its key, and the history under it, to no other."""

from sqlalchemy import select, text

from app.engine import access, history
from app.engine import record as records
from app.engine.keys import MANY
from app.extensions import db
from models.correspondents import Correspondent


def test_the_key_of_a_deleted_last_record_is_not_given_again(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        first = records.add(session, Correspondent, {"name": "甲单位"})
        session.commit()
        key = first.id
        with access.system():
            session.delete(first)
            session.commit()
        second = records.add(session, Correspondent, {"name": "乙单位"})
        session.commit()
    assert second.id > key
    entry = history.HistoryEntry
    with access.system():
        told = session.scalars(select(entry.action).where(entry.kind == "correspondents", entry.record_id == second.id))
        assert list(told) == ["add"]


def test_every_table_of_records_keeps_count_of_its_keys(session):
    """A migration that makes a table anew on SQLite would lose it."""
    made = dict(session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all())
    kinds = [
        mapper.local_table.name for mapper in db.Model.registry.mappers if issubclass(mapper.class_, records.Record)
    ]
    assert len(kinds) > 40
    assert [name for name in kinds if "AUTOINCREMENT" not in made[name].upper()] == []


def test_many_records_stored_at_once_have_keys_in_their_order_and_a_history_each(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        before = records.add(session, Correspondent, {"name": "先前的单位"})
        many = [Correspondent(name=f"单位{n:02}") for n in range(MANY + 5)]
        session.add_all(many)
        session.flush()
        after = records.add(session, Correspondent, {"name": "后来的单位"})
        session.commit()
    keys = [before.id, *(one.id for one in many), after.id]
    assert keys == list(range(before.id, before.id + MANY + 7))
    with access.system():
        named = dict(session.execute(select(Correspondent.id, Correspondent.name)).all())
        assert [named[one.id] for one in many] == [f"单位{n:02}" for n in range(MANY + 5)]
        entry = history.HistoryEntry
        told = session.scalars(select(entry.record_id).where(entry.kind == "correspondents", entry.action == "add"))
        assert set(keys) <= set(told)
        assert history.verify(session, [Correspondent]) >= len(keys)


def test_keys_lent_to_what_was_given_up_are_lent_to_nobody_twice(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        session.add_all(Correspondent(name=f"单位{n}") for n in range(MANY))
        session.flush()
        session.rollback()
        session.add_all(Correspondent(name=f"单位{n}") for n in range(MANY))
        session.flush()
        session.add_all(Correspondent(name=f"别的单位{n}") for n in range(MANY))
        session.commit()
        found = session.scalars(select(Correspondent.id)).all()
    assert len(found) == len(set(found)) and len(found) >= 2 * MANY
