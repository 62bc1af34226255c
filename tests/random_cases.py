"""How tests of figures draw their cases at random."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from app.engine.moments import now
from models.people import Department, Person


def examples(most: int) -> settings:
    """So many cases; an office makes each slow, and a failing one is read as it is, not shrunk for minutes."""
    return settings(
        max_examples=most,
        phases=(Phase.explicit, Phase.generate),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


#: Where the clock stands, and days that are looked at: the last of a year, those of both changes of the clock in Berlin,
#: and today.
STOPPED = datetime(2026, 11, 2, 4, tzinfo=UTC)
DAYS = (date(2025, 12, 31), date(2026, 3, 29), date(2026, 10, 25), STOPPED.date())
#: How far a moment lies from a day that is looked at, in days: at its ends, and at those of a week and of some months.
FROM_THE_DAY = (-400, -121, -120, -91, -90, -61, -60, -31, -30, -8, -7, -1, 0, 1, 40)


def moments_about(day: date, zone: ZoneInfo) -> list[datetime]:
    """The first and the last second of days around one, by the office's clock."""
    return [
        datetime.combine(day + timedelta(days=count), clock, zone).astimezone(UTC)
        for count in FROM_THE_DAY
        for clock in (time(0, 0), time(23, 59, 59))
    ]


#: What a case is thrown from. Hypothesis draws near what it drew before; rows that refer to rows need more luck.
DICE = st.integers(0, 2**32).map(Random)


def some(dice: Random, most: int, **values: Any) -> list[dict[str, Any]]:
    """No rows, one, or up to so many: of each value one of those given, or what it returns."""
    count = dice.choice((0, 1, dice.randint(2, most), most))
    return [{name: one() if callable(one) else dice.choice(one) for name, one in values.items()} for _n in range(count)]


def stored(session: Session, model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """Rows as they are, past the steps of the house and into its table; their keys, in the order of the rows."""
    if not rows:
        return []
    table, entered = inspect(model).local_table, {}
    if "created_at" in table.c:
        entered = dict.fromkeys(("created_at", "changed_at"), now())
    return list(session.scalars(
        insert(table).returning(table.c.id, sort_by_parameter_order=True), [entered | row for row in rows]
    ))  # fmt: skip


def called(people: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """What figures call people, given by key: the name, and where two have it the staff number or the key with it."""
    names = [one["name"] for one in people.values()]
    number = {key: one.get("staff_no") or f"#{key}" for key, one in people.items()}
    return {
        key: f"{one['name']} ({number[key]})" if names.count(one["name"]) > 1 else one["name"]
        for key, one in people.items()
    }


class Around:
    """Random rows around a day, and the periods they are asked for."""

    def __init__(self, session: Session, zone: ZoneInfo, dice: Random):
        session.rollback()
        self.session, self.zone, self.dice = session, zone, dice
        self.day = dice.choice(DAYS)
        self.when = moments_about(self.day, zone)

    def keep(self, model: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows, stored, each with its key."""
        for row, key in zip(rows, stored(self.session, model, rows), strict=True):
            row["id"] = key
        return rows

    def periods(self) -> tuple[dict[str, str], ...]:
        """Everything, up to the day and from it on, and the day alone."""
        day = self.day.isoformat()
        return {}, {"to": day}, {"from": day}, {"from": day, "to": day}

    def within(self, moment: datetime, period: dict[str, str]) -> bool:
        return period.get("from", "") <= moment.astimezone(self.zone).date().isoformat() <= period.get("to", "9999")

    def month(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m}"


class Staffed(Around):
    """The same with two people and two units of the house, by key, who may have worked on the rows."""

    def __init__(self, session: Session, zone: ZoneInfo, dice: Random):
        super().__init__(session, zone, dice)
        self.people = dict(session.execute(select(Person.id, Person.name).limit(2)).all())
        self.units = dict(session.execute(select(Department.id, Department.name).limit(2)).all())
