"""Declarative workflows: states, steps and clocks are written once, on the model.

Buttons, forms, role permissions, history, API routes, deadlines and diagrams are read off the same `Flow`, so none of
them can drift from the rules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, get_args, get_origin

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Enum, Index, and_, false
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, object_session

from app.engine import access, clocks, reckonings, taking
from app.engine.fields import Field
from app.engine.moments import Moment, now
from app.engine.reckonings import Terms
from app.engine.record import QuickView, Record


@dataclass(frozen=True)
class State:
    """A state a record can be in."""

    name: str
    label: Any
    tone: str = "neutral"  # neutral, waiting, active, good, bad
    #: the clocks that run, or stand still, while a record is in this state; all others stop on entry
    clocks: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    #: the clocks that run on where they run, and are not started here
    keeps: tuple[str, ...] = ()
    #: the clocks that end here without what they waited for: missed where they are late already, else not measured
    lets_go: tuple[str, ...] = ()
    #: nothing more is due, though the record may still move
    settled: bool = False
    #: the end of the way
    final: bool = False
    #: a record may begin here, too
    begins: bool = False
    #: left out of figures on punctuality: void, withdrawn, merged
    uncounted: bool = False


@dataclass(frozen=True)
class Clock:
    """A deadline a flow knows: its rule is a row that the office can change (`ClockRule`)."""

    stage: str
    label: Any
    #: the record's moment from which it counts; None: the moment of entering the state
    since: str | None = None
    #: the record's stated limit, which beats every default
    limit: str | None = None
    #: the stage of the same record that it is a leg of: no leg ends after the whole
    within: str | None = None
    #: for which records it runs at all; None: for all
    applies: Callable[[Any], bool] | None = None
    #: it is measured in one episode of a record only
    once: bool = False
    #: whose turn it is: relations of the record to a person or a unit, the first of each that is filled
    turn: tuple[str, ...] = ()
    #: the roles whose turn it is where nobody is named
    duty: tuple[str, ...] = ()

    @property
    def followed(self) -> bool:
        """Whether somebody looks after it when it comes near or has passed: it says whose turn it is."""
        return bool(self.turn or self.duty)


@dataclass(frozen=True)
class Ask:
    """The label of a step's question, and its choices if it has any; goes into `typing.Annotated`."""

    label: Any
    choices: Mapping[str, Any] | None = None
    help: Any = ""
    length: int | None = None
    kind: str | None = None
    least: Decimal | None = None


_KINDS: dict[Any, str] = {
    str: "prose", bool: "flag", int: "integer", Decimal: "money", date: "date", datetime: "moment"
}  # fmt: skip


def never_by_hand(record: Any, actor: access.Actor) -> bool:
    """Who may take a step that only ever follows from another record's: nobody."""
    return False


@dataclass(frozen=True)
class Step:
    """A step from one state to the next, with who may take it and what it asks."""

    name: str
    label: Any
    sources: tuple[str, ...]
    #: where it leads; none: it stays; several: its effect returns the one that it is this time
    targets: tuple[str, ...]
    who: Callable[[Any, access.Actor], bool]
    effect: Callable[..., Any]
    tone: str = "normal"

    def target(self, record: Any, outcome: Any) -> str:
        """The state after the step, whose effect returned `outcome`."""
        if len(self.targets) < 2:
            return self.targets[0] if self.targets else record.state
        if outcome not in self.targets:
            raise ValueError(f"the step {self.name} leads to one of {self.targets}, not to {outcome}")
        return outcome

    @cached_property
    def asks(self) -> dict[str, Field]:
        """The questions put to the user: the parameters of the step's function, as fields.

        A parameter with a default may stay empty; its docstring is the step's.
        """
        fields = {}
        for name, parameter in list(inspect.signature(self.effect, eval_str=True).parameters.items())[1:]:
            annotation, ask = parameter.annotation, Ask(_l(name.replace("_", " ").capitalize()))
            if hasattr(annotation, "__metadata__"):
                ask = annotation.__metadata__[0]
                annotation = get_args(annotation)[0]
            if type(None) in get_args(annotation):
                annotation = next(a for a in get_args(annotation) if a is not type(None))
            many = get_origin(annotation) is list
            plain = get_args(annotation)[0] if many else annotation
            target = plain if isinstance(plain, type) and issubclass(plain, Record) else None
            kind = (
                ("references" if many else "reference")
                if target
                else ("choice" if ask.choices else ask.kind or _KINDS[plain])
            )
            fields[name] = Field(
                label=ask.label,
                kind=kind,
                name=name,
                required=parameter.default is parameter.empty,
                help=ask.help,
                choices=ask.choices,
                target=target,
                length=ask.length or (20_000 if kind == "prose" else 200),
                places={"money": 2, "price": 4, "quantity": 3, "rate": 6}.get(kind, 0),
                least=ask.least,
            )
        return fields

    @property
    def intro(self) -> str:
        return inspect.getdoc(self.effect) or ""


class Flow:
    """The states of one model, its clocks and the steps between them. The first state is the start."""

    def __init__(self, *states: State, clocks: tuple[Clock, ...] = ()):
        self.states = {state.name: state for state in states}
        self.start = states[0].name
        self.clocks = {clock.stage: clock for clock in clocks}
        self.steps: dict[str, Step] = {}
        for state in states:
            if unknown := {*state.clocks, *state.pauses, *state.keeps, *state.lets_go} - self.clocks.keys():
                raise ValueError(f"state {state.name} names unknown clocks: {sorted(unknown)}")

    def step(
        self,
        *sources: str,
        to: str | tuple[str, ...] | None,
        label: Any,
        who: Callable[[Any, access.Actor], bool] | None = None,
        tone: str = "normal",
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a step; the decorated function is its effect on the record. `to=None` stays in the state.

        A step that leads to one of several states returns which. Raises `ValueError` for an unknown state.
        """
        targets = (to,) if isinstance(to, str) else to or ()
        if unknown := {*sources, *targets} - self.states.keys():
            raise ValueError(f"unknown states: {sorted(unknown)}")

        def declare(effect: Callable[..., Any]) -> Callable[..., Any]:
            name = effect.__name__
            self.steps[name] = Step(name, label, sources, targets, who or (lambda record, actor: True), effect, tone)
            return effect

        return declare

    @property
    def open_states(self) -> tuple[str, ...]:
        """The states in which something is still due."""
        return tuple(s.name for s in self.states.values() if not (s.final or s.settled))

    @property
    def uncounted_states(self) -> tuple[str, ...]:
        """The states whose records no figure counts: void, merged, returned."""
        return tuple(s.name for s in self.states.values() if s.uncounted)

    @property
    def state_labels(self) -> dict[str, Any]:
        return {state.name: state.label for state in self.states.values()}

    def allowed(self, record: Any, actor: access.Actor) -> list[Step]:
        """The steps `actor` may take on `record` now, in the order they are declared."""
        return [
            step
            for step in self.steps.values()
            if record.state in step.sources
            and actor.may(step.name, record.kind_name)
            and (actor.everything or step.who(record, actor))
        ]

    def take(
        self,
        session: Session,
        record: Any,
        name: str,
        raw: Mapping[str, Any],
        *,
        version: int | None = None,
        form_key: str | None = None,
    ) -> None:
        """Take one step for the current actor: questions, effect, new state, clocks and history; the caller commits.

        Sent twice with the same `form_key` it happens once. Raises a `Refused` and leaves the record as it was, or
        `Overtaken` where another request changed the record since it was read.
        """
        taking.take(session, record, name, raw, version=version, form_key=form_key)

    def reachable(self) -> set[str]:
        """The states a record can get into from the start."""
        found: set[str] = set()
        todo = [self.start, *(state.name for state in self.states.values() if state.begins)]
        while todo:
            state = todo.pop()
            if state not in found:
                found.add(state)
                todo += [target for s in self.steps.values() if state in s.sources for target in s.targets]
        return found

    def mermaid(self) -> str:
        """The flow as a Mermaid state diagram, labels in the current language."""
        lines = ["stateDiagram-v2"]
        lines += [f"    {state.name}: {state.label}" for state in self.states.values()]
        lines += [f"    [*] --> {name}" for name, state in self.states.items() if state.begins or name == self.start]
        for step in self.steps.values():
            lines += [
                f"    {source} --> {target}: {step.label}"
                for source in step.sources
                for target in step.targets or (source,)
            ]
        lines += [f"    {state.name} --> [*]" for state in self.states.values() if state.final]
        return "\n".join(lines)


def state_indexes(table: str, *, large: bool = False, summed: Sequence[str] = ()) -> Iterator[Index]:
    """The indexes of every flow, for a kind that has others beside them: what is open by its limit.

    Of a large kind, also the records of one state in the order of their list. `summed`: the columns that reports over
    all records sum up, group by and ask for access; they read this index instead of the table, which is ten times it.
    """
    yield Index(f"ix_{table}_state_due", "state", "due_at")
    if large:
        yield Index(f"ix_{table}_state", "state", "id", *summed)


class Workflow(Record):
    """Mixin of a record that goes through a `flow`: its state, when it is due and when it was closed."""

    flow: Flow
    #: where a record waits for people: with what they have to `handle`, or what they have to `read`
    box: ClassVar[str] = "handle"
    #: the field that says why its clocks stand still, where one does
    paused_for: ClassVar[str | None] = None

    @declared_attr
    def state(cls) -> Mapped[str]:
        sql = Enum(*cls.flow.states, native_enum=False, create_constraint=True, length=30, name="state_known")
        field = Field(_l("State"), "choice", choices=cls.flow.state_labels, derived=True, aliases=("status",))
        return mapped_column(sql, default=cls.flow.start, sort_order=80, info={"field": field})

    @declared_attr
    def due_at(cls) -> Mapped[datetime | None]:
        field = Field(_l("Due"), "moment", derived=True)
        return mapped_column(Moment, index=cls.large, sort_order=81, info={"field": field})

    @declared_attr
    def closed_at(cls) -> Mapped[datetime | None]:
        field = Field(_l("Closed"), "moment", derived=True)
        return mapped_column(Moment, index=True, sort_order=82, info={"field": field})

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (*state_indexes(cls.__tablename__, large=cls.large), {})  # type: ignore[attr-defined]

    #: what the words of `case` are called
    cases: ClassVar[Mapping[str, Any]] = {}
    #: the reference to the record by whose case and profile its limits go; they follow when these change
    judged_with: ClassVar[str] = ""

    def goes_by(self) -> Any:
        """The record by whose case and profile its limits go; None where it has its own."""
        return getattr(self, self.judged_with) if self.judged_with else None

    def case(self) -> str | None:
        """What the record's limits depend on besides the stage: its urgency or its kind."""
        whole = self.goes_by()
        return None if whole is None else whole.case()

    def profile(self) -> str | None:
        """The set of rules the record is judged by; None: the rules for all."""
        whole = self.goes_by()
        return None if whole is None else whole.profile()

    def limit_share(self, stage: str) -> Decimal:
        """The share of a stage's ordinary limit it gets."""
        return Decimal(1)

    def followed(self, stage: str) -> bool:
        """Whether a limit of the record is followed up on its own account."""
        return True

    def held(self, stage: str) -> bool:
        """Whether a clock stands still for a reason that lies outside the record's own state."""
        return False

    def bound(self, session: Session, stage: str) -> datetime | None:
        """The limit of another record that this stage is a leg of; None where it is a leg of none."""
        return None

    def dependants(self) -> Iterable[Workflow]:
        """The records whose limits go by this one's state and kind."""
        return ()

    def terms(self) -> dict[str, Terms]:
        return reckonings.terms_of(self)

    def follow_terms(self, session: Session, before: dict[str, Terms]) -> None:
        reckonings.follow(session, self, before)

    def begin(self, session: Session) -> Callable[[], None]:
        """Enter the first state; the clocks it starts are bound by the returned function once the record has a key."""
        self.state = self.state or self.flow.start
        started = clocks.settle(session, self, self.flow.states[self.state])
        return lambda: clocks.bind(session, self, started)

    def enter(self, session: Session, name: str) -> None:
        """Go into a state: stop, pause, resume and start its clocks, and close the record at the end of the way."""
        state = self.flow.states[name]
        self.state = name
        if state.final and self.closed_at is None:
            self.closed_at = now()
        elif not state.final:
            self.closed_at = None
        with session.no_autoflush:  # one flush, one entry in the history
            clocks.refresh(session, self)

    @classmethod
    def pending(cls) -> ColumnElement[bool]:
        """The SQL condition of records with which something is still to be done."""
        return cls.state.in_(cls.flow.open_states)

    @classmethod
    def late(cls, moment: datetime) -> ColumnElement[bool]:
        """The SQL condition of open records whose deadline has passed at `moment`."""
        return and_(cls.pending(), cls.due_at < moment)

    @classmethod
    def waits_for(cls, actor: access.Actor) -> ColumnElement[bool]:
        """The SQL condition of records on which the next step is this actor's."""
        return false()

    def is_late(self, moment: datetime) -> bool:
        return self.state in self.flow.open_states and self.due_at is not None and self.due_at < moment

    @property
    def state_label(self) -> str:
        return str(self.flow.states[self.state].label)

    def take(self, name: str, session: Session | None = None, **answers: Any) -> None:
        """Take a step on this record; for tests, seeds and effects that carry another record along."""
        session = session or object_session(self)
        assert session is not None
        self.flow.take(session, self, name, answers)


def flows() -> Iterator[tuple[str, Flow]]:
    """All flows by the name of their record kind."""
    for cls in access.guarded(Workflow):
        yield cls.kind_name, cls.flow


def followed() -> dict[str, Any]:
    """The models with limits that say whose turn it is, by the name of their kind."""
    models = access.guarded(Workflow)
    return {cls.kind_name: cls for cls in models if any(clock.followed for clock in cls.flow.clocks.values())}


__all__ = ["Ask", "Clock", "Flow", "QuickView", "State", "Step", "Workflow", "flows", "followed"]
