"""Records: what every table of the office has in common, and the two ways of writing one: `add` and `change`.

Form, API, import and steps all come through here, so a rule about values is written once, on the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Integer, Text, event, inspect
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.interfaces import MANYTOONE

from app.engine import access, changes, checks, finding, forgetting, history, numbers
from app.engine.constraints import flush_or_refuse, refuse_taken, refusing
from app.engine.disclosure import settable_fields
from app.engine.fields import fields_of, whole
from app.engine.finding import NONE_FOUND, Found
from app.engine.formkeys import content_of, key_seen, remember_key
from app.engine.keys import give_keys
from app.engine.moments import Moment, now
from app.engine.refusals import Invalid, NotAllowed, Refused, Repeated, Stale
from app.engine.searching import search_text_of


@dataclass(frozen=True)
class Numbered:
    """How a kind of record gets its number when it is added without one.

    `by`: the fields its series follows from. They stand once the number is drawn, which the series has to explain.
    """

    field: str
    template: str
    yearly: bool = True
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Child rows that are typed on the parent's form and saved with it in one transaction."""

    relation: str
    columns: tuple[str, ...]
    least: int = 0


@dataclass(frozen=True)
class QuickView:
    """A view of the kind's list one click away, beside those every list has."""

    name: str
    label: Any
    #: the SQL condition of its records for an actor
    condition: Callable[[Any, access.Actor], ColumnElement[bool]]


class Beginning(str):
    """A proposed text that somebody has to go on with; a form does not send it as it is."""


class Record(access.RowAccess):
    """Mixin of every table people keep. `kind_name` is its name in addresses, commands and the role table."""

    __table_args__: Any = ({},)

    kind_name: ClassVar[str]
    label: ClassVar[Any]
    label_plural: ClassVar[Any]
    #: the field by which people name a record of this kind: import sheets refer to it, nobody can use it twice
    natural_key: ClassVar[str] = ""
    #: further fields by which a reference may name a record
    also_known_by: ClassVar[tuple[str, ...]] = ()
    #: further columns in which no two records are alike -> the field to mend where two are; `likeness` says how
    distinct: ClassVar[Mapping[str, str]] = {}
    numbered: ClassVar[Numbered | None] = None
    #: the columns on which it hangs whether a record and its parts are found by their content (`indexed`)
    indexed_by: ClassVar[tuple[str, ...]] = ()
    #: there may be a million: lists are sorted by what an index has in order, and by nothing else
    large: ClassVar[bool] = False
    #: what stands over its `outlook`
    outlook_title: ClassVar[Any] = ""
    lines: ClassVar[Lines | None] = None
    #: the references its own label names, brought along wherever the record is named
    named_by: ClassVar[tuple[str, ...]] = ()
    #: views of the list one click away
    quick_views: ClassVar[tuple[QuickView, ...]] = ()

    id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-10)
    version: Mapped[int] = mapped_column(Integer, default=1, sort_order=90)
    created_at: Mapped[datetime] = mapped_column(Moment, sort_order=91)
    changed_at: Mapped[datetime] = mapped_column(Moment, sort_order=92)
    #: brought in from an older ledger: its own past moments and numbers stand
    taken_over: Mapped[bool] = mapped_column(default=False, sort_order=93)
    search_text: Mapped[str] = mapped_column(Text, default="", sort_order=94)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    def prepare(self, session: Session) -> None:
        """Fill in what follows from other values, before a new record is stored."""

    def after_change(self, session: Session) -> None:
        """Let what hangs on the record follow, once its change is stored. Raises a `Refused` where that cannot be."""

    def terms(self) -> Any:
        """What its limits hang on; see `reckonings`."""

    def follow_terms(self, session: Session, before: Any) -> None:
        """Give it other limits where these terms are no longer the ones `before`."""

    def bring_along(self, session: Session) -> None:
        """Change what follows from other values, when a stored record gets others."""

    def check(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the record as it stands: pairs of field name and sentence."""
        yield from ()

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        """What is odd about the record and may yet be right: pairs of field name and sentence, to be confirmed once."""
        yield from ()

    def suggestions(self, session: Session) -> list[str]:
        """What a new record of an import may be already, asked for before anything is stored: a sentence each."""
        return []

    def likeness(self, other: Any) -> str:
        """What is wrong where another record is the same in a `distinct` column: a sentence."""
        raise NotImplementedError

    def marks(self) -> list[str]:
        """What whoever opens the record should notice first: sentences shown in yellow."""
        return []

    def counted(self, session: Session) -> Iterator[tuple[Any, str]]:
        """What is found out about the record as its page is drawn and never stored: pairs of label and words."""
        yield from ()

    def outlook(self, session: Session) -> Iterator[tuple[Any, str, str]]:
        """What may still become of the record, a section of its page: label, words and tone of each line."""
        yield from ()

    @classmethod
    def offered(cls, session: Session, words: str) -> list[Any] | None:
        """What a form offers to choose from for the words typed; None: the records in which they are found."""
        return None

    @classmethod
    def fills(cls, session: Session, found: Sequence[Any]) -> dict[int, dict[str, Any]]:
        """What choosing one of these records in a form proposes for the form's other fields, by key and field."""
        return {}

    @classmethod
    def first_lines(cls, session: Session, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines an empty form begins with, where its address fills fields in already: values by field."""
        return []

    @classmethod
    def meant_by(cls, column: Any, chosen: Any) -> ColumnElement[bool]:
        """The SQL condition of what somebody looks for who asks a reference `column` for one record of this kind."""
        return column == chosen.id

    def successor(self) -> Any:
        """The record that goes on for this one, where it was merged into another; else itself."""
        return self

    def series(self) -> tuple[str, str]:
        """The series its number is drawn from, and how such a number is written."""
        return self.kind_name, self.numbered.template if self.numbered else ""

    def indexed(self) -> bool:
        """Whether the search may find the record by its content; else by its other searched fields alone."""
        whole = forgetting.whole_of(self)
        return whole is None or whole.indexed()

    def stays(self) -> bool:
        """Whether a table that leaves the house has no more than `leaving_fields` of it, whoever takes it out."""
        whole = forgetting.whole_of(self)
        return whole is not None and whole.stays()

    def not_kept(self) -> str | None:
        """Why the house keeps no content of it, neither files nor texts, in a sentence; None where it does."""
        whole = forgetting.whole_of(self)
        return whole.not_kept() if whole is not None else None

    def keeps_content(self) -> bool:
        """Whether files may be attached and read, and texts put down."""
        return self.not_kept() is None

    def __str__(self) -> str:
        return str(getattr(self, self.natural_key)) if self.natural_key else f"{self.label} {self.id}"


@event.listens_for(Record, "after_mapper_constructed", propagate=True)
def _lend_no_key_twice(mapper: Any, cls: Any) -> None:
    """SQLite would give the key of a deleted last row to the next one, and with it the other's history."""
    mapper.local_table.dialect_options["sqlite"]["autoincrement"] = True


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, context: Any, instances: Any) -> None:
    new = [record for record in session.new if isinstance(record, Record)]
    changed = [record for record in session.dirty if isinstance(record, Record) and session.is_modified(record)]
    parts = (part for record in changed for part in _indexed_with(session, record))
    for record in dict.fromkeys((*new, *changed, *parts)):
        forgetting.refuse_unkept(record)
        record.changed_at = now()
        record.created_at = record.created_at or record.changed_at
        record.search_text = search_text_of(record)
    give_keys(session, new)


def _indexed_with(session: Session, record: Record) -> Iterator[Record]:
    """The parts of a record that are found by their content where it is, if that is just changing."""
    if record.indexed_by and changes.changed(record, *record.indexed_by):
        for part in forgetting.parts_of(session, record):
            if part.search_text != search_text_of(part):
                yield part


def kinds() -> dict[str, type[Record]]:
    """All kinds of record by name."""
    return {cls.kind_name: cls for cls in access.guarded(Record)}


def clean(
    session: Session,
    model: type[Record],
    raw: Mapping[str, Any],
    names: Iterable[str],
    *,
    fresh: bool = False,
    found: Found = NONE_FOUND,
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values of the fields `names` found in `raw`, and the sentences about those that will not do, by field.

    A `fresh` record takes its defaults where nothing at all was said. `found`: what it may refer to, found beforehand.
    """
    fields = fields_of(model)
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name in names:
        field = fields[name]
        usual = fresh and name not in raw and field.kind != "flag"
        if usual and inspect(model).columns[field.column].default is not None:
            continue
        try:
            value = field.clean(raw.get(name))
            if value is not None and field.kind == "reference":
                value = finding.referred(session, field, value, found)
            if value is None and field.required and field.kind != "flag":
                raise ValueError(_("Please fill in “%(field)s”.", field=field.label))
            values[name] = (value or False) if field.kind == "flag" else value
        except ValueError as error:
            errors.setdefault(name, []).append(str(error))
    return values, errors


def open_fields(model: type[Record]) -> tuple[str, ...]:
    """The fields the current actor may fill in."""
    return tuple(name for name, field in settable_fields(model).items() if not field.derived)


def add(
    session: Session,
    model: type[Record],
    raw: Mapping[str, Any],
    names: Sequence[str] | None = None,
    *,
    form_key: str | None = None,
    confirmed: bool | str = True,
) -> Any:
    """Store a new record from typed or sent values and return it; the caller commits.

    The same `form_key` with the same content returns the record of the first time. Where somebody can be asked,
    `confirmed` is False, or the token of the warnings they have read. Raises `Invalid` with the sentences by field,
    `Unconfirmed`, `NotAllowed`, or `Repeated`; nothing is stored then.
    """
    actor = access.current()
    if not actor.may("add", model.kind_name):
        raise NotAllowed(_("Your role does not allow you to add %(kind)s.", kind=model.label_plural))
    names = open_fields(model) if names is None else names
    if form_key and (first := _first_time(session, form_key, model, raw)) is not None:
        return first
    values, errors = clean(session, model, raw, names, fresh=True)
    record = model(**{name: value for name, value in values.items() if name not in errors})
    children = _line_rows(session, model, raw, errors)
    if not errors:
        with session.no_autoflush:
            if model.lines:
                getattr(record, model.lines.relation).extend(children)
            record.prepare(session)
            checks.sentences(record, errors)
    doubt = None if errors else checks.doubt(session, record, confirmed)
    if errors or doubt:
        _forget(session, record, children)
        raise doubt or Invalid(errors)
    store(session, record)
    if form_key:
        remember_key(session, form_key, model.kind_name, content_of(raw), record.id)
        flush_or_refuse(session)
    _stay_in_sight(session, record)
    return record


def _forget(session: Session, record: Record, children: list[Any]) -> None:
    with session.no_autoflush:
        for item in (*children, record):
            # What it refers to lists it already, and would go on doing so.
            for relation in inspect(type(item)).relationships:
                if relation.direction is MANYTOONE and relation.back_populates:
                    setattr(item, relation.key, None)
            if item in session:
                session.expunge(item)


def store(session: Session, record: Record) -> None:
    """Number, start and flush a new record. Raises `Invalid` where the database finds a value taken."""
    model = type(record)
    refuse_taken(session, record)
    begin = getattr(record, "begin", None)
    with history.act("add"):
        # Its parent may list the record already, which is not in the session before it is complete.
        with session.no_autoflush:
            if model.numbered and getattr(record, model.numbered.field) is None:
                series, template = record.series()
                number = numbers.draw(session, series, template, yearly=model.numbered.yearly)
                setattr(record, model.numbered.field, number)
            bind = begin(session) if begin else None
        session.add(record)
        flush_or_refuse(session)
        if bind:
            bind()


def change(
    session: Session,
    record: Any,
    raw: Mapping[str, Any],
    names: Sequence[str],
    *,
    version: int | None,
    confirmed: bool | str = True,
) -> None:
    """Change fields of a record that was opened at `version`; the caller commits. `confirmed`: see `add`.

    Raises `Invalid`, `Unconfirmed`, `NotAllowed`, or `Stale` when somebody else was quicker (`Overtaken`: only just).
    """
    model = type(record)
    if not access.current().may("edit", model.kind_name):
        raise NotAllowed(_("Your role does not allow you to change %(kind)s.", kind=model.label_plural))
    if version is None:
        raise Invalid({"version": [_("Say which version of the record you changed.")]})
    if version != record.version:
        raise Stale(_("Somebody else changed this record after you opened it."))
    values, errors = clean(session, model, raw, names)
    terms = record.terms()
    with session.no_autoflush:
        children = _line_rows(session, model, raw, errors, record)
        if not errors:
            for name, value in values.items():
                setattr(record, name, value)
            if model.lines and model.lines.relation in raw:
                setattr(record, model.lines.relation, children)
            record.bring_along(session)
            checks.sentences(record, errors)
            if not errors:
                refuse_taken(session, record, errors)
                if session.new or session.deleted or any(session.is_modified(item) for item in session.dirty):
                    flag_modified(record, "changed_at")  # whoever has the form open must notice changed lines, too
    doubt = None if errors else checks.doubt(session, record, confirmed)
    if errors or doubt:
        session.rollback()
        raise doubt or Invalid(errors)
    with history.act("change"):
        with refusing(session):
            record.follow_terms(session, terms)
        flush_or_refuse(session)
        try:
            record.after_change(session)
        except Refused:
            session.rollback()
            raise
    _stay_in_sight(session, record)


def _line_rows(
    session: Session, model: type[Record], raw: Mapping[str, Any], errors: dict[str, list[str]], parent: Any = None
) -> list[Any]:
    """The child rows of the lines sent with a form; a row that names an `id` changes that child of `parent`."""
    if not model.lines or model.lines.relation not in raw:
        return []
    child = inspect(model).relationships[model.lines.relation].mapper.class_
    present = {line.id: line for line in getattr(parent, model.lines.relation)} if parent is not None else {}
    rows = []
    sent = raw[model.lines.relation]
    if not isinstance(sent, list) or not all(isinstance(item, Mapping) for item in sent):
        errors.setdefault(model.lines.relation, []).append(_("The lines must be a list of objects."))
        return []
    found = finding.together(session, (fields_of(child)[name] for name in model.lines.columns), sent)
    for position, item in enumerate(sent, 1):
        values, wrong = clean(session, child, item, model.lines.columns, found=found)
        for name, sentences in wrong.items():
            label = fields_of(child)[name].label
            errors.setdefault(f"{model.lines.relation}-{position - 1}-{name}", []).extend(sentences)
            errors.setdefault("", []).extend(
                _("Line %(line)s, %(field)s: %(sentence)s", line=position, field=label, sentence=s) for s in sentences
            )
        if not wrong:
            row = present.pop(whole(str(item.get("id"))) or 0, None)  # named twice, it is one line and a new one
            row = row if row is not None else child()
            for name, value in values.items():
                setattr(row, name, value)
            rows.append(row)
    if len(rows) < model.lines.least and not errors:
        errors.setdefault("", []).append(_("Please enter at least one line."))
    return rows


def _stay_in_sight(session: Session, record: Any) -> None:
    """What somebody writes they must be able to see: nobody pushes records into another department's registers."""
    if not access.current().everything and finding.by_key(session, type(record), record.id) is None:
        raise NotAllowed(_("This would put the record where you may not see it."))


def _first_time(session: Session, form_key: str, model: type[Record], raw: Mapping[str, Any]) -> Any:
    seen = key_seen(session, form_key)
    if seen is None:
        return None
    if seen.kind != model.kind_name or seen.content != content_of(raw):
        raise Repeated(_("This form was already sent with other content; please open a new one."))
    return finding.by_key(session, model, seen.record_id)
