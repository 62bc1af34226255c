"""Reckonings: limits follow what they hang on, whoever changes it and by whatever way.

A limit hangs on the case and the profile of its record, on the moment it counts from and on the limit stated. Changes
and steps compare these terms before and after, so no domain has to remember its clocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, clocks
from app.engine.clock_rules import rule_for
from app.engine.clocks import PAUSED, RUNNING, VOID, ClockRow
from app.engine.fields import fields_of
from app.engine.moments import local, now
from app.engine.record import kinds


class Terms(NamedTuple):
    """What the limit of one stage of a record hangs on, beside the rules of the office."""

    applies: bool
    case: str | None
    profile: str | None
    share: Decimal
    since: datetime | None
    stated: datetime | None


def terms_of(record: Any) -> dict[str, Terms]:
    """The terms of each stage of a record as it stands."""
    flow = record.flow.clocks
    if not flow:
        return {}
    case, profile = record.case(), record.profile()
    return {
        stage: Terms(
            clocks.applies(record, stage),
            case,
            profile,
            record.limit_share(stage),
            getattr(record, about.since) if about.since else None,
            getattr(record, about.limit) if about.limit else None,
        )
        for stage, about in flow.items()
    }


def follow(session: Session, record: Any, before: Mapping[str, Terms]) -> None:
    """Give the open clocks of a record the limits of its present terms where these are not the ones `before`."""
    if record.id is not None and terms_of(record) != before:
        with access.system(), session.no_autoflush:  # what hangs on it follows, seen by the actor or not
            reckon(session, record, before)


def reckon(session: Session, record: Any, before: Mapping[str, Terms]) -> None:
    """Give the open clocks of a record, and of what goes by it, the limits of its present terms.

    They count from where each began, pauses kept; a stage that had no limit before gets its clock now. What has stopped
    stays as it was judged. Of what goes by the record the case alone has changed: it has no terms `before`.
    """
    terms = terms_of(record)
    for clock in clocks.clocks_of(session, record):
        stage, old = clock.stage, before.get(clock.stage)
        if clock.state not in (RUNNING, PAUSED) or stage not in terms or old == terms[stage]:
            continue
        if not _reckon(session, record, clock, old or terms[stage], terms[stage]):
            clocks.end(session, clock, now(), VOID)
    clocks.refresh(session, record)
    for one in (*record.dependants(), *_judged_with(session, record)):
        reckon(session, one, {})


def _reckon(session: Session, record: Any, clock: ClockRow, old: Terms, new: Terms) -> bool:
    """Give a clock the limit of other terms; whether it has one."""
    own, reason = clocks.is_own(clock), "urgency"
    if new.since is not None and new.since != old.since and clock.episode == 1:
        _begin_at(clock, new.since)
        reason = "since"
    if new.stated != old.stated:
        own, reason = new.stated is not None, "limit"
        if new.stated is None:
            clock.extended = False
        elif new.stated != clock.due_at:
            clocks.give_own(session, clock, new.stated, reason)
    if own or not new.applies:
        return new.applies
    rule = rule_for(session, clock.kind, clock.stage, new.case, local(clock.started_at).date(), new.profile)
    if rule is None:
        return False
    if rule.id != clock.rule_id or new.share != old.share:
        clock.rule_id, clock.source = rule.id, rule.source
        clock.amount, clock.unit = f"{clocks.granted(record, clock.stage, rule):f}", rule.unit
        clock.calendar = rule.calendar
    clocks.walk_anew(session, record, clock, reason)
    return True


def _begin_at(clock: ClockRow, since: datetime) -> None:
    """Let a clock count from another moment, at the latest from where it first stood still."""
    first = clock.segments[0]
    clock.started_at = first.begins_at = min(since, first.ends_at or since)


def _judged_with(session: Session, record: Any) -> Iterator[Any]:
    """What is still to be done, of other kinds, by the case and the profile of this record."""
    for model in kinds().values():
        name = getattr(model, "judged_with", "")
        if name and model.flow.clocks and fields_of(model)[name].target is type(record):  # type: ignore[attr-defined]
            known: Any = getattr(model, fields_of(model)[name].column)
            query = select(model).where(known == record.id, model.pending())  # type: ignore[attr-defined]
            yield from session.scalars(query.order_by(model.id))
