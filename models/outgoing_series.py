"""Number series 发文代字: the streams outgoing papers are counted in, each with form, issuer and red head."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields, numbers, rules
from app.engine.bin import Binned
from app.engine.moments import today
from models.people import Department
from models.procedure import LATE_NUMBERING

#: The papers of the house count as they did before there was more than one series.
FIRST, FIRST_TEMPLATE = "outgoing_documents", "文枢发〔{year}〕{serial}号"

LEVELS = {"company": _l("Company paper"), "department": _l("Department paper")}


class OutgoingSeries(Binned, Model):
    """One series of outgoing numbers: an organ has several, told apart by their code; a department has its own."""

    __tablename__ = "outgoing_series"
    kind_name = "outgoing_series"
    label, label_plural = _l("Number series"), _l("Number series")
    natural_key = "name"
    also_known_by = ("code",)
    visible_to = classmethod(access.everyone)

    code: Mapped[str] = fields.number(_l("Issuer code"), 30, required=True, unique=True, search=True)
    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, unique=True, search=True)
    profile: Mapped[str] = fields.word(
        _l("Profile"), rules.PROFILES, required=True, help=_l("The set of rules papers of this series are made by")
    )
    level: Mapped[str] = fields.choice(
        _l("Level of its papers"), LEVELS, "level_known", required=True, default="company"
    )
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    template: Mapped[str] = fields.line(
        _l("Form of its numbers"), 60, required=True, unique=True,
        help=_l("As in 文枢发〔{year}〕{serial}号; without {year} the numbers run on, as those of sessions do."),
    )  # fmt: skip
    issuer: Mapped[str] = fields.line(
        _l("Issuing body"), 200, required=True, search=True, help=_l("The full name, as it stands under a paper")
    )
    head: Mapped[str | None] = fields.line(
        _l("Words of the red head"), 200, help=_l("Empty: the issuing body and 文件")
    )
    source: Mapped[str | None] = fields.prose(_l("Source text"))

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)

    def check(self) -> Iterator[tuple[str, str]]:
        if not numbers.well_formed(self.template):
            yield "template", _("The form needs {serial}, may use {year}, and nothing else in braces.")
        own = self.department is not None or self.department_id is not None
        if self.level == "department" and not own:
            yield "department", _("Say whose series it is; a department's papers are counted by department.")
        if self.level == "company" and own:
            yield "department", _("A series of the company belongs to no department.")
        for name in changes.altered(self, "code", "template"):
            if self._has_counted():
                yield name, _("Numbers of this series have been drawn; open a new series instead.")

    def _has_counted(self) -> bool:
        """Whether the series, as it was before this change, has given a number."""
        session = object_session(self)
        assert session is not None
        return numbers.has_counted(session, _key(*(changes.before(self, name) for name in ("code", "template"))))

    def red_head(self) -> str:
        """What is printed in red above a paper."""
        return self.head or f"{self.issuer}文件"


def _key(code: str, template: str) -> str:
    return FIRST if template == FIRST_TEMPLATE else f"{FIRST}:{code}"


def key(series: OutgoingSeries) -> str:
    """The name by which `numbers` counts a series."""
    return _key(series.code, series.template)


def yearly(series: OutgoingSeries) -> bool:
    """Whether it begins again at 1 each year; series of sessions run on."""
    return "{year}" in series.template


def first_series(
    session: Session, level: str = "company", department: Department | None = None
) -> OutgoingSeries | None:
    """The series a paper is counted in when nobody says otherwise: the house's first, or the department's own."""
    query = select(OutgoingSeries).where(OutgoingSeries.level == level).order_by(OutgoingSeries.id).limit(1)
    if level == "department":
        query = query.where(OutgoingSeries.department_id == (department.id if department else None))
    with access.system():
        return session.scalars(query).first()


def may_number_late(session: Session, profile: str | None, day: date) -> bool:
    """Whether the register of last year is still open on a day, for a paper signed in it."""
    return (day.month, day.day) <= rules.month_day(session, LATE_NUMBERING, profile, day)


def still_open(session: Session, series: OutgoingSeries, year: int) -> bool:
    """Whether papers may be given numbers of a year today: this one, last year's for some days; 0 never ends."""
    day = today()
    return year in (0, day.year) or (year == day.year - 1 and may_number_late(session, series.profile, day))
