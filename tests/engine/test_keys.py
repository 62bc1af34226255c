"""Keys: a record that is gone lends its key, and the history under it, to no other."""

from sqlalchemy import select, text

from app.engine import access, history
from app.engine import record as records
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
