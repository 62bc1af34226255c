"""Full text: the words of a search, answered by an index of the database that follows every record it stores.

One rule cuts text into tokens: every two neighbouring Chinese characters and the last one of a run alone, runs of
letters, runs of digits. A word somebody looks for is a phrase of such tokens. So Chinese is found by any stretch of it,
other writing by the beginning of a word or number, on SQLite (FTS5) as on PostgreSQL (tsvector), without an extension.
The index of a kind is a table beside its own; its key is that of the record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    TableClause,
    Text,
    bindparam,
    column,
    delete,
    event,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from app.engine import changes
from app.engine.access import RowAccess
from app.engine.database import Condition
from app.engine.fields import fields_of

HAN = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"([{HAN}]+)|\d+|[^\W\d_{HAN}]+")
#: So many characters of a letter or digit run count; and so many characters and tokens of a text. PostgreSQL keeps no
#: place beyond 16,383 and no more than a megabyte; both databases are to give the same answer.
LONGEST, READ, MOST = 40, 100_000, 16_000
BATCH = 10_000
#: The tables of the indexes, and those SQLite keeps behind them. No model knows them.
_TABLES = re.compile(r"_search(_(data|idx|content|docsize|config))?$")

#: The tokens of one word somebody looks for, and whether the last of them is only the beginning of one.
Phrase = tuple[tuple[str, ...], bool]


def searchable(text: str) -> str:
    """Text as the search box compares it: width, case and spaces do not matter, nor what no text can hold."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\x00", " ")).casefold().split())


def tokens(words: str) -> list[str]:
    """The tokens of a `searchable` text in their order: `收文〔2026〕5号` has 收文, 文, 2026, 5 and 号."""
    found: list[str] = []
    for run in _RUNS.finditer(words[:READ]):
        word = run.group()
        found += [word[n : n + 2] for n in range(len(word))] if run[1] else [word[:LONGEST]]
    return found[:MOST]


def phrases(words: str) -> tuple[Phrase, ...] | None:
    """What the words of a `searchable` question ask for, one phrase a word; None: one says nothing, and finds nothing.

    The end of a word may lie inside a run of the text: of Chinese the last character alone does not count, of other
    writing the last run is a beginning.
    """
    asked = []
    for word in words.split():
        runs = list(_RUNS.finditer(word))
        if not runs:
            return None
        whole = len(runs[-1][1] or "") > 1
        asked.append((tuple(tokens(word)[: -1 if whole else None]), not whole))
    return tuple(asked)


class _Tokens(TypeDecorator[Iterable[str]]):
    """The tokens of a text as the database indexes them."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(postgresql.TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Any) -> str:
        if dialect.name == "postgresql":
            return " ".join(f"'{token}':{place}" for place, token in enumerate(value, 1))
        return " ".join(value)


class _Question(TypeDecorator[tuple[Phrase, ...]]):
    """Phrases in the language of the database. They are letters and digits alone, whatever was typed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str:
        if dialect.name == "postgresql":
            said = (" <-> ".join(f"'{one}'" for one in words) + (":*" if open_ else "") for words, open_ in value)
            return " & ".join(f"({phrase})" for phrase in said)
        return " AND ".join(f'"{" ".join(words)}"{"*" if open_ else ""}' for words, open_ in value)


class _found(Condition):
    """Whether a column of an index holds all the phrases of a question."""

    inherit_cache = True


@compiles(_found, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    return " MATCH ".join(compiler.process(part, **how) for part in element.clauses)


@compiles(_found, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    where, question = (compiler.process(part, **how) for part in element.clauses)
    return f"{where} @@ CAST({question} AS tsquery)"


@cache
def searched(model: Any) -> bool:
    """Whether a kind has a field by which the search box finds its records, and so an index."""
    return issubclass(model, RowAccess) and any(field.search for field in fields_of(model).values())


@cache
def index_of(model: Any) -> TableClause:
    """The index of a kind: what its records are found by, and their number or name alone."""
    name = f"{model.__table__.name}_search"
    return table(name, column("rowid", Integer), column("content", _Tokens), column("number", _Tokens))


def found(model: Any, asked: tuple[Phrase, ...], within: str = "content") -> Select[Any]:
    """The keys of the records of a kind in which these phrases stand, as a subquery; `within` their `number` alone.

    PostgreSQL takes next to none for what several tokens find, and would ask of all ten thousand whether the reader may
    see them; handed each once and the newest first, it has a page of the newest full after a few.
    """
    index = index_of(model).c
    there = select(index.rowid).where(_found(index[within], bindparam(None, asked, _Question)))
    if sum(len(words) for words, _open in asked) > 1:
        there = there.prefix_with("DISTINCT", dialect="postgresql").suffix_with("ORDER BY 1 DESC", dialect="postgresql")
    return there


def named_by(model: Any) -> str:
    """The natural key of a kind, where people look for its records by it; else nothing."""
    key = model.natural_key
    return key if key and fields_of(model)[key].search else ""


def _row(key: int, search_text: str, number: Any) -> dict[str, Any]:
    return {"rowid": key, "content": tokens(search_text), "number": tokens(searchable(number or ""))}


@event.listens_for(Session, "after_flush")
def _keep_up(session: Session, context: Any) -> None:
    """Let the indexes follow what was just written, a statement a kind."""
    stale: dict[Any, list[int]] = {}
    fresh: dict[Any, list[dict[str, Any]]] = {}
    for record in _of_interest(session.deleted):
        stale.setdefault(type(record), []).append(record.id)
    for record in _of_interest(session.dirty):
        if changes.changed(record, "search_text"):
            stale.setdefault(type(record), []).append(record.id)
            fresh.setdefault(type(record), []).append(_row_of(record))
    for record in _of_interest(session.new):
        fresh.setdefault(type(record), []).append(_row_of(record))
    if not stale and not fresh:
        return
    connection = session.connection()
    for model, keys in stale.items():
        index = index_of(model)
        gone = delete(index).where(index.c.rowid == bindparam("gone"))
        connection.execute(gone, [{"gone": key} for key in keys])
    for model, rows in fresh.items():
        connection.execute(insert(index_of(model)), rows)


def _of_interest(records: Iterable[Any]) -> Iterator[Any]:
    for one in records:
        model: Any = type(one)
        if searched(model):
            yield one


def _row_of(record: Any) -> dict[str, Any]:
    key = named_by(type(record))
    return _row(record.id, record.search_text, getattr(record, key) if key else "")


def rebuild(connection: Connection, model: Any) -> int:
    """Make the index of a kind anew from its rows, whatever stood there; how many. The caller commits.

    For rows that were written past the session, and after the rule of the tokens has changed.
    """
    kept, index = model.__table__, index_of(model)
    postgres = connection.dialect.name == "postgresql"
    before, after = _POSTGRESQL if postgres else _SQLITE
    for statement in before:
        connection.execute(text(statement.format(kept=kept.name, index=index.name)))
    key = named_by(model)
    rows = select(kept.c.id, kept.c.search_text, *([kept.c[key]] if key else [])).order_by(kept.c.id)
    count = 0
    for page in connection.execute(rows, execution_options={"yield_per": BATCH}).partitions():
        connection.execute(insert(index), [_row(one[0], one[1], one[2] if key else "") for one in page])
        count += len(page)
    for statement in after:
        connection.execute(text(statement.format(kept=kept.name, index=index.name)))
    return count


def bring_up_to_date(session: Session, models: Iterable[Any]) -> list[str]:
    """Make the indexes that are missing, as that of a kind somebody has just declared; their tables. Commits."""
    connection = session.connection()
    there = set(inspect(connection).get_table_names())
    made = []
    for model in models:
        if searched(model) and model.__table__.name in there and index_of(model).name not in there:
            rebuild(connection, model)
            made.append(model.__table__.name)
    session.commit()
    return made


#: What makes the index of a kind before its rows are there, and after. The tokens are cut already: for `ascii` all that
#: is no ASCII belongs to a token, where `unicode61` would look each character up in a table older than some of them.
_SQLITE = (
    (
        "DROP TABLE IF EXISTS {index}",
        "CREATE VIRTUAL TABLE {index} USING fts5(content, number, tokenize = 'ascii', columnsize = 0)",
    ),
    (),
)
_POSTGRESQL = (
    (
        "DROP TABLE IF EXISTS {index}",
        "CREATE TABLE {index} (rowid integer PRIMARY KEY, content tsvector NOT NULL, number tsvector NOT NULL)",
    ),
    (
        "ALTER TABLE {index} ADD FOREIGN KEY (rowid) REFERENCES {kept} (id) ON DELETE CASCADE",
        "CREATE INDEX ix_{index}_content ON {index} USING gin (content)",
        "CREATE INDEX ix_{index}_number ON {index} USING gin (number)",
    ),
)


def in_models(name: str | None, kind: str, parents: Any) -> bool:
    """Whether a comparison of the database with the models looks at this: Alembic's `include_name`."""
    return not (kind == "table" and name and _TABLES.search(name))
