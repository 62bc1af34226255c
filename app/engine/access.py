"""Row access: a model says in one expression who sees which rows; the session applies it to every query.

Three kinds of caller exist. An `Actor` is a signed-in person with roles; `NOBODY` sees no row and is what code gets
that never said who it works for; `SYSTEM` sees everything and has to be asked for by name (`with system(): ...`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, ClassVar, TypeVar

from sqlalchemy import ColumnElement, CursorResult, Select, and_, event, false, or_, select, true
from sqlalchemy.orm import ORMExecuteState, Session

from app.engine.database import row_by_row
from app.engine.row_rules import RowRules, with_shared_values

T = TypeVar("T")
#: role -> kind -> the rights the role gives on records of that kind; `*` stands for every kind or every right.
RoleTable = Mapping[str, Mapping[str, frozenset[str]]]

_roles: RoleTable = {}
#: what `kept` keeps
_kept: list[Any] = []


def kept(most: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """`lru_cache` for what follows from an actor and the table of roles: with another table it is found out anew."""

    def keep(function: Callable[..., T]) -> Callable[..., T]:
        cached = lru_cache(most)(function)
        _kept.append(cached)
        return cached

    return keep


def configure(roles: RoleTable) -> None:
    """Install the office's role table; it is the only source of rights."""
    global _roles
    if roles is not _roles:
        for cached in _kept:
            cached.cache_clear()
    _roles = roles


@dataclass(frozen=True)
class Scope:
    """What a key for machines leaves of its owner's rights: reading or writing too, some kinds or (none named) all."""

    writes: bool = False
    kinds: frozenset[str] = frozenset()

    def covers(self, right: str, kind: str) -> bool:
        return (self.writes or right in ("read", "export")) and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True)
class Actor:
    """Who is asking: one signed-in user with all that decides what they may see and do."""

    id: int | None
    name: str
    roles: frozenset[str] = frozenset()
    #: the person behind the account, and the absent people this person stands in for
    person_ids: frozenset[int] = frozenset()
    #: the departments whose records are this person's business: the own one, and all below those they lead
    department_ids: frozenset[int] = frozenset()
    own_person_id: int | None = None
    department_id: int | None = None
    department: str = ""
    #: the departments this person leads, and all below them
    led_ids: frozenset[int] = frozenset()
    #: the own department where nobody leads it: each of its people acts in its name
    headless_ids: frozenset[int] = frozenset()
    #: the grades of secrecy this person is cleared for
    cleared: frozenset[str] = frozenset()
    #: single records opened to this person for a time: (kind, id)
    granted: frozenset[tuple[str, int]] = frozenset()
    #: set where the actor comes with a key that does not reach as far as the roles
    scope: Scope | None = None
    everything: bool = field(default=False, repr=False)
    #: what is found out about this actor again and again, for as long as it acts
    known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def acts_for(self) -> frozenset[int]:
        """The departments in whose name this person acts."""
        return self.led_ids | self.headless_ids

    def may(self, right: str, kind: str) -> bool:
        """Whether a role of this actor gives `right` on records of `kind`, and the scope leaves it."""
        if self.everything:
            return True
        if self.scope is not None and not self.scope.covers(right, kind):
            return False
        for role in self.roles:
            table = _roles.get(role, {})
            for name in (kind, "*"):
                rights = table.get(name, frozenset())
                if right in rights or "*" in rights:
                    return True
        return right == "read" and any(of == kind for of, _ in self.granted)

    def counts_alone(self) -> bool:
        """Whether the roles give reports and nothing else.

        No door shows such an actor a record; so the rule of its rows alone says which are counted, for what hangs on
        others as for these.
        """
        return bool(self.roles) and all(set(_roles.get(role, {})) == {"reports"} for role in self.roles)

    def granted_ids(self, kind: str) -> list[int]:
        """The records of a kind that are open to this person beyond the rules."""
        return sorted(pk for of, pk in self.granted if of == kind)

    def has(self, *roles: str) -> bool:
        """Whether the actor holds one of these roles."""
        return self.everything or not self.roles.isdisjoint(roles)


NOBODY = Actor(None, "")
SYSTEM = Actor(None, "system", everything=True)

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_provider: Callable[[], Actor] = lambda: NOBODY  # noqa: E731


def provide(provider: Callable[[], Actor]) -> None:
    """Install how the actor of a web request is found; used where no `acting_as` block is open."""
    global _provider
    _provider = provider


def current() -> Actor:
    """The actor all queries are answered for."""
    return _actor.get() or _provider()


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Answer all queries inside the block for `actor`."""
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def system() -> AbstractContextManager[Actor]:
    """Answer all queries inside the block without looking at row access: sweeps, numbering, effects of a step."""
    return acting_as(SYSTEM)


class RowAccess:
    """Mixin for a model whose rows are not for everyone. A model that does not say who may see it stops the start."""

    #: fields that are the content of a record, which not everybody learns who may know that it exists
    content_fields: ClassVar[tuple[str, ...]] = ()
    #: the reference to the record whose content it belongs to: who knows the one knows the other
    content_with: ClassVar[str] = ""
    #: the reference to the record whose content its own is a part of: the house keeps both or neither
    part_of: ClassVar[str] = ""
    #: those of the `content_fields` that are the line which stays of a record whose content is not kept
    line_fields: ClassVar[tuple[str, ...]] = ()
    #: of a record that `stays`, what a table that leaves the house still tells; empty: all but its content
    leaving_fields: ClassVar[tuple[str, ...]] = ()
    #: whether a record's files are content, too
    content_files: ClassVar[bool] = True
    #: fields of a record under seal: nobody learns them here, nor what stood in them before
    sealed_fields: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL condition on this table that holds for the rows `actor` may see.

        It refers to other tables by `Other.__table__`, so that their own rules are not applied inside this one.
        """
        raise NotImplementedError

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL condition for the rows whose `content_fields` the actor may know, among those visible to them."""
        return true()

    @classmethod
    def leaves(cls) -> ColumnElement[bool] | None:
        """The SQL condition for the rows a table may take out of the house whole; None: each it finds."""
        return None

    def sealed(self) -> bool:
        """Whether this record is under seal."""
        return False

    @classmethod
    def unsealed(cls) -> ColumnElement[bool]:
        """The SQL condition for the rows that are not `sealed`."""
        return true()


def opened(cls: Any, actor: Actor, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """`condition`, or one of the records that were opened to the actor one by one."""
    ids = actor.granted_ids(getattr(cls, "kind_name", ""))
    return or_(condition, cls.id.in_(ids)) if ids else condition


def everyone(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """The rule of a table that every signed-in person may see; set as `visible_to = classmethod(everyone)`."""
    return true() if actor.id is not None else false()


def guarded(base: Any = RowAccess) -> Iterator[Any]:
    """All mapped classes with row access."""
    for cls in base.__subclasses__():
        if "__mapper__" in cls.__dict__:
            yield cls
        yield from guarded(cls)


def require_rules() -> None:
    """Raise `TypeError` naming the models that do not say who may see them."""
    silent = [
        cls.__name__
        for cls in guarded()
        if getattr(cls.visible_to, "__func__", None) is RowAccess.__dict__["visible_to"].__func__
    ]
    if silent:
        raise TypeError(f"no access rule: {', '.join(sorted(silent))}")


@cache
def _living() -> RowRules:
    """What hides the recycle bin."""
    return RowRules(lambda: ((cls, cls.deleted_at.is_(None)) for cls in guarded() if hasattr(cls, "deleted_at")))


@kept(500)
def _rules_for(actor: Actor) -> RowRules:
    """The rules of one actor. They are kept: building them costs more than most queries."""
    return RowRules(lambda: ((cls, rule(cls, actor)) for cls in guarded()))


@kept(500)
def rule(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """The condition for the rows of a class that an actor sees."""
    return false() if actor.id is None else opened(cls, actor, cls.visible_to(actor))


@kept(200)
def content_rule(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """The condition for the rows of a class whose content an actor may know."""
    return with_shared_values([opened(cls, actor, cls.content_to(actor))])[0]


def visible_ids(model: Any, actor: Actor, content: bool = False) -> Select[Any]:
    """The keys of the records of a kind that an actor sees, as a subquery for the rule of what hangs on them.

    With `content` only those whose content the actor may know.
    """
    key = model.__table__.c.id
    if not actor.may("read", model.kind_name) and not actor.counts_alone():
        return select(key).where(false())
    known = [content_rule(model, actor)] if content and model.content_fields else []
    return select(key).where(rule(model, actor), *known)


def among(key: Any, keys: Select[Any]) -> ColumnElement[bool]:
    """Whether a key is among those of a query, asked row by row.

    A page of twenty-five rows needs no more; `key IN (...)` would put all the keys together at every query.
    """
    column = keys.selected_columns[0]
    # Not correlated: a query that also names the other table must not narrow this one.
    there = keys.where(column == key).correlate_except(column.table)
    ending: Any = row_by_row()
    return there.suffix_with(ending, dialect="postgresql").exists()


def open_to(model: Any, key: Any, actor: Actor, content: bool = False) -> ColumnElement[bool]:
    """The rule of a row that hangs on the record of a kind with this key: who sees the one sees the other."""
    return among(key, visible_ids(model, actor, content))


def sees(session: Session, record: Any, actor: Actor) -> bool:
    """Whether an actor may know that a stored record exists, whoever is acting now."""
    if actor.everything:
        return True
    key = type(record).__table__.c.id
    with session.no_autoflush:
        return (
            session.scalar(select(key).where(key == record.id, key.in_(visible_ids(type(record), actor)))) is not None
        )


def behind(
    kind: Any, record_id: Any, actor: Actor, models: Iterable[Any], content: bool = False
) -> ColumnElement[bool]:
    """The rule of a row that speaks of another record by `kind` and `record_id`: who sees the one sees the other."""
    return or_(
        false(),
        *(and_(kind == model.kind_name, open_to(model, record_id, actor, content)) for model in models),
    )


NO_OPTIONS: Mapping[str, Any] = {}
#: Execution options of a query that is to find what lies in the recycle bin, too.
with_deleted = {"with_deleted": True}


@event.listens_for(Session, "do_orm_execute")
def _hide_rows(execution: ORMExecuteState) -> None:
    # A column load completes a row that the session was already allowed to read; new rows with values of their own read
    # nothing at all.
    if execution.is_column_load or (execution.is_insert and execution.statement.select is None):  # type: ignore[attr-defined]
        return
    execution.statement = ruled(execution.statement, execution.execution_options)


def ruled(statement: Any, options: Mapping[str, Any] = NO_OPTIONS) -> Any:
    """A statement with what keeps rows from the current actor, to be executed past the session."""
    actor = current()
    if not actor.everything:
        statement = statement.options(_rules_for(actor))
    return statement if options.get("with_deleted") else statement.options(_living())


def values(session: Session, query: Select[Any], **options: Any) -> CursorResult[*tuple[Any, ...]]:
    """The rows of a query for columns, as the current actor may see them; `options` of its execution.

    The session's own way looks through every row for records, which takes as long as fetching it.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(ruled(query, options), execution_options=options)
