"""Taking a step: who may, the answers to its questions, its effect, the new state, and that it happens once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import inspect
from sqlalchemy.orm import MANYTOONE, Session

from app.engine import access, concurrency, finding, history
from app.engine.constraints import refusing
from app.engine.formkeys import FormKey, content_of, key_seen, remember_key
from app.engine.refusals import Invalid, NotAllowed, Repeated, Stale, StepRefused

if TYPE_CHECKING:
    from app.engine.workflow import Step


def take(
    session: Session,
    record: Any,
    name: str,
    raw: Mapping[str, Any],
    *,
    version: int | None = None,
    form_key: str | None = None,
) -> None:
    """Take a step of the record's flow for the current actor; see `Flow.take`."""
    flow, actor = record.flow, access.current()
    step = flow.steps.get(name)
    if step is None:
        raise StepRefused(_("There is no step “%(name)s” here.", name=name[:40]))
    if not actor.may(name, record.kind_name):
        raise NotAllowed(_("Your role does not allow the step “%(step)s”.", step=step.label))
    concurrency.hold(session, record)  # before the key is looked up: its first use may be under way
    content = f"{name}:{record.id}:{content_of(raw)}"[:64]
    if form_key and _done_before(session, form_key, record, content):
        return
    if record.state not in step.sources:
        raise StepRefused(
            _(
                "“%(step)s” is not possible while the record is in the state “%(state)s”.",
                step=step.label,
                state=flow.states[record.state].label,
            )
        )
    if not (actor.everything or step.who(record, actor)):
        raise StepRefused(_("The step “%(step)s” is up to somebody else.", step=step.label))
    if version is not None and version != record.version:
        raise Stale(_("Somebody else changed this record after you opened it."))
    answers = _answers(session, step, raw)
    _look_afresh(session, record, actor)
    with (
        history.act(name, reason=answers.get("reason") or None, acting_for=_acting_for(record, actor)),
        access.system(),
    ):
        try:
            terms = record.terms()
            with refusing(session):
                outcome = step.effect(record, **answers)
                with session.no_autoflush:  # one flush, one entry in the history
                    record.enter(session, step.target(record, outcome))
                    record.follow_terms(session, terms)
                session.flush()
                history.tell_of_step(session, record)
        except Exception:
            session.rollback()
            raise
    if form_key:
        remember_key(session, form_key, record.kind_name, content, record.id)
        with refusing(session):
            session.flush()


def _done_before(session: Session, form_key: str, record: Any, content: str) -> bool:
    seen: FormKey | None = key_seen(session, form_key)
    if seen is not None and (seen.kind, seen.record_id, seen.content) != (record.kind_name, record.id, content):
        raise Repeated(_("This form was already sent with other content; please open a new one."))
    return seen is not None


def _answers(session: Session, step: Step, raw: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, field in step.asks.items():
        try:
            if field.kind == "references":
                value = [finding.referred(session, field, one) for one in _listed(raw.get(name))] or None
            else:
                value = field.clean(raw.get(name))
                if value is not None and field.kind == "reference":
                    value = finding.referred(session, field, value)
            if field.required and field.kind != "flag" and value is None:
                raise ValueError(_("Please fill in “%(field)s”.", field=field.label))
            if value is not None or field.required:
                answers[name] = bool(value) if field.kind == "flag" else value
        except ValueError as error:
            errors.setdefault(name, []).append(str(error))
    if errors:
        raise Invalid(errors)
    return answers


def _look_afresh(session: Session, record: Any, actor: access.Actor) -> None:
    """Forget what the actor did not see of the record's links: a step's effect goes by all of them."""
    if actor.everything:
        return
    state = inspect(record)
    narrow = []
    for link in state.mapper.relationships:
        if link.key not in state.dict:
            continue
        keys = (state.dict.get(state.mapper.get_property_by_column(column).key) for column in link.local_columns)
        hidden = state.dict[link.key] is None and link.direction is MANYTOONE and any(key is not None for key in keys)
        if link.uselist or hidden:
            narrow.append(link.key)
    if narrow and state.persistent:
        session.flush()
        session.expire(record, narrow)


def _listed(raw: Any) -> list[Any]:
    if raw is None or raw == "":
        return []
    return list(raw) if isinstance(raw, list | tuple) else [raw]


def _acting_for(record: Any, actor: access.Actor) -> str | None:
    """The absent person whose business this is, where a deputy acts."""
    named = getattr(record, "concerns", None)
    person = named() if named else None
    if person is not None and person.id in actor.person_ids and person.id != actor.own_person_id:
        return str(person)
    return None
