"""Deadlines as pages show them: the sum behind each limit, and the list of limits that moved at `/moved-limits/`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from app.engine import clock_rules, clocks, references, versions
from app.engine import record as records
from app.engine.calendar import WorkingCalendar
from app.engine.fields import fields_of
from app.engine.limits import Reckoning
from app.engine.moments import local, now
from app.engine.office_calendar import working_calendar
from app.extensions import db
from app.web import sheet
from app.web.cells import moment_text
from app.web.signin import sign_in_first

#: So many days are named; of more only how many there are.
NAMED_DAYS = 12

COLUMNS = {
    "record": _l("Record"), "stage": _l("Stage"), "before": _l("Was due"), "due_at": _l("Is due"),
    "reason": _l("Why it moved"), "at": _l("When"), "actor": _l("Who"),
}  # fmt: skip


def drawn(record: Any) -> list[dict[str, Any]]:
    """The clocks of a record that the caller has loaded through row access, each with its sum and what to beware of."""
    rows = clocks.clocks_of(db.session, record)
    calendars = {name: working_calendar(db.session, name) for name in {clock.calendar for clock in rows}}
    moves: list[versions.ClockVersion] = []
    if any(clock.version > 1 for clock in rows):
        moves = versions.versions_of(db.session, record.kind_name, record.id)
    return [
        _clock(record, clock, calendars[clock.calendar], [move for move in moves if move.clock_id == clock.id])
        for clock in rows
    ]


def _clock(
    record: Any, clock: clocks.ClockRow, calendar: WorkingCalendar, moves: Sequence[versions.ClockVersion]
) -> dict[str, Any]:
    late = clock.state == clocks.RUNNING and clock.due_at < now()
    about = clocks.reckoning(calendar, clock)
    still_open = clock.state in (clocks.RUNNING, clocks.PAUSED)
    return {
        "label": str(_stage_label(record, clock.stage)),
        "due_text": _("Due %(at)s", at=moment_text(clock.due_at)),
        "remaining_text": _("Overdue") if late else None,
        "state": "missed" if late else clock.state,
        "tone": "bad" if late else None,
        "sum": [*_sum(record, clock, about), *_moves(clock, moves)],
        "source": clock.source,
        "warnings": _warnings(clock, calendar, about) if still_open else [],
    }


def _stage_label(record: Any, stage: str) -> Any:
    """What a stage is called; an old clock may be of one that the flow no longer has."""
    return (
        record.flow.clocks[stage].label if stage in record.flow.clocks else clock_rules.STAGE_LABELS.get(stage, stage)
    )


def _sum(record: Any, clock: clocks.ClockRow, about: Reckoning) -> list[str]:
    """Start, unit, pauses, days that did not count or did, and the result."""
    lines = [_("Starts %(at)s", at=moment_text(clock.started_at))]
    if clock.unit == "stated":
        lines.append(_("Limit stated in the instruction"))
    else:
        unit = str(clock_rules.UNIT_LABELS.get(clock.unit, clock.unit))
        amount = clock.amount.rstrip("0").rstrip(".") if "." in clock.amount else clock.amount
        lines.append(_("Limit: %(amount)s %(unit)s", amount=amount, unit=unit))
    if about.counted_from != about.start:
        lines.append(_("Counted from %(at)s, the first working moment", at=moment_text(about.counted_from)))
    lines += [_pause(record, segment) for segment in clock.segments if not segment.running]
    if about.moved_from is not None:
        lines.append(_("The count ends %(at)s, when nobody works", at=moment_text(about.moved_from)))
    if about.skipped:
        lines.append(_("Days off skipped: %(days)s", days=_days(about.skipped)))
    if about.made_up:
        lines.append(_("Make-up days worked: %(days)s", days=_days(about.made_up)))
    if clock.own_due_at is not None:
        at = moment_text(clock.own_due_at)
        lines.append(_("Would end %(at)s by itself; the limit of the whole comes first", at=at))
    return [*lines, _("Ends %(at)s", at=moment_text(clock.due_at))]


def _pause(record: Any, segment: clocks.ClockSegment) -> str:
    """From when to when a clock stood still, and why."""
    since = moment_text(segment.begins_at)
    if segment.ends_at:
        words = _("Stood still from %(since)s to %(until)s", since=since, until=moment_text(segment.ends_at))
    else:
        words = _("Stands still since %(since)s", since=since)
    if segment.reason is None or record.paused_for is None:
        return words
    why = fields_of(type(record))[record.paused_for].choice_label(segment.reason)
    return _("%(pause)s: %(reason)s", pause=words, reason=why)


def _days(days: Sequence[date]) -> str:
    named = ", ".join(day.isoformat() for day in days[:NAMED_DAYS])
    return named if len(days) <= NAMED_DAYS else _("%(days)s and so on, %(count)s in all", days=named, count=len(days))


def _moves(clock: clocks.ClockRow, moves: Sequence[versions.ClockVersion]) -> list[str]:
    lines = [_("Original limit: %(at)s", at=moment_text(clock.original_due_at))] if moves else []
    for move in moves:
        words = str(versions.REASONS.get(move.reason, move.reason))
        lines.append(
            _("Version %(number)s, %(at)s: %(reason)s, due %(due)s", number=move.number, at=moment_text(move.at),
              reason=words, due=moment_text(move.due_at))
        )  # fmt: skip
    return lines


def _warnings(clock: clocks.ClockRow, calendar: WorkingCalendar, about: Reckoning) -> list[str]:
    found = []
    if about.outside_hours:
        day = local(clock.due_at).date()
        off = not calendar.is_working_day(day)
        found.append(_("This limit lies on a day off.") if off else _("This limit lies outside working hours."))
    if about.assumed_years:
        years = ", ".join(str(year) for year in about.assumed_years)
        found.append(_("No plan of days off is imported for %(years)s: weekends only assumed.", years=years))
    return found


class MovedLimitsView(BaseView):
    """Which limits moved, from when to when and why; each line only for those who see its record."""

    route_base = "/moved-limits"
    subject, label = "clock_rules", _l("Moved limits")

    @expose("/")
    def index(self) -> Any:
        if not current_user.is_authenticated:
            return sign_in_first()
        reason = request.args.get("reason")
        moves = versions.moved(db.session, reason if reason in versions.REASONS else None)
        return self.render_template(
            "wenshu/moved.html",
            title=str(self.label),
            reasons=[
                {"value": key, "label": str(words), "active": key == reason} for key, words in versions.REASONS.items()
            ],
            columns=sheet.heads(COLUMNS.values()),
            rows=[_row(move, found) for move, found in _with_records(moves)],
        )


def _with_records(moves: Sequence[versions.ClockVersion]) -> list[tuple[versions.ClockVersion, Any]]:
    """The moves beside their records, as the reader may see them: one query a kind.

    The limit of a lead unit is its paper's own and moves with it; it is told of there, once.
    """
    found: dict[tuple[str, int], Any] = {}
    for kind in {move.kind for move in moves}:
        model: Any = records.kinds()[kind]
        keys = {move.record_id for move in moves if move.kind == kind}
        query = select(model).where(model.id.in_(keys)).options(*references.options(model))
        found |= {(kind, one.id): one for one in db.session.scalars(query)}
    seen = [(move, found[move.kind, move.record_id]) for move in moves if (move.kind, move.record_id) in found]
    return [(move, record) for move, record in seen if record.followed(move.stage)]


def _row(move: versions.ClockVersion, record: Any) -> dict[str, Any]:
    stage = record.flow.clocks.get(move.stage)
    told = {
        "record": str(record),
        "stage": str(stage.label) if stage else move.stage,
        "before": moment_text(move.before),
        "due_at": moment_text(move.due_at),
        "reason": str(versions.REASONS.get(move.reason, move.reason)),
        "at": moment_text(move.at),
        "actor": move.actor_name,
    }
    return sheet.row(record, [told[name] for name in COLUMNS])
