"""Departments and the people in them: who leads, who stands in, whose account it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Integer, Select, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, fields, phones
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.grants import granted_to
from app.engine.moments import today
from app.engine.record import altered
from models.secrecy import BUSINESS, STATE, cleared_for


class Department(Binned, Model):
    """A unit of the office; its leader's business reaches to all units below."""

    __tablename__ = "department"
    kind_name = "departments"
    label, label_plural = _l("Department"), _l("Departments")
    natural_key = "name"
    also_known_by = ("code",)
    visible_to = classmethod(access.everyone)

    code: Mapped[str | None] = fields.number(_l("Code"), 30, unique=True, search=True)
    name: Mapped[str] = fields.line(_l("Name"), 200, required=True, unique=True, search=True)
    floor: Mapped[str | None] = fields.line(_l("Floor"), 30, help=_l("Where the messenger finds it"))
    parent_id: Mapped[int | None] = fields.reference(_l("Belongs to"), "department.id")
    leader_id: Mapped[int | None] = fields.reference(_l("Leader"), "person.id", late="fk_department_leader_id_person")
    parent: Mapped[Department | None] = relationship(remote_side="Department.id", foreign_keys=parent_id)
    leader: Mapped[Person | None] = relationship(foreign_keys=leader_id, post_update=True)


class Person(Binned, Model):
    """Somebody papers and orders are given to, with or without an account."""

    __tablename__ = "person"
    kind_name = "people"
    label, label_plural = _l("Person"), _l("People")
    natural_key = "name"
    also_known_by = ("staff_no",)
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, search=True, index=True)
    staff_no: Mapped[str | None] = fields.number(_l("Staff number"), 40, unique=True, search=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    position: Mapped[str | None] = fields.line(_l("Position"), 100, search=True)
    rank: Mapped[int | None] = fields.integer(
        _l("Order of reading"),
        least=1,
        help=_l("1 principal leader, 2 leader in charge, 3 supervising department, 4 others; empty: by position"),
    )
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 40, dialled=True)
    clearance: Mapped[str] = fields.choice(
        _l("Cleared for"), BUSINESS, "clearance_known", required=True, default="confidential", right="clear"
    )
    state_clearance: Mapped[str | None] = fields.choice(
        _l("Cleared for state secrets"), STATE, "state_clearance_known", right="clear"
    )
    deputy_id: Mapped[int | None] = fields.reference(_l("Deputy"), "person.id")
    opens_post: Mapped[bool] = fields.flag(_l("Opens the post"), help=_l("Designated to open envelopes"))
    absent_from: Mapped[date | None] = fields.day(_l("Absent from"))
    absent_until: Mapped[date | None] = fields.day(_l("Absent until"))
    user_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id"), unique=True)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    deputy: Mapped[Person | None] = relationship(remote_side="Person.id", foreign_keys=deputy_id)
    user: Mapped[User | None] = relationship(User, foreign_keys=user_id)

    def check(self):
        if self.absent_from and self.absent_until and self.absent_until < self.absent_from:
            yield "absent_until", _("The absence ends before it begins.")
        own = access.current().own_person_id
        if own is not None and self.id == own:
            for name in altered(self, "clearance", "state_clearance"):
                yield name, _("Nobody clears themselves; somebody else has to.")
        if own is not None and self.deputy is not None and self.deputy.id == own and altered(self, "deputy"):
            yield "deputy", _("Nobody makes themselves somebody's deputy; the person or somebody else has to.")


def is_of_staff(session: Session, number: str) -> bool:
    """Whether somebody of the house has this telephone number, however the two are written."""
    held = phones.bearing(Person, number)
    if held is None:
        return False
    with access.system(), session.no_autoflush:
        return session.scalars(select(Person.id).where(Person.id.in_(held)).limit(1)).first() is not None


def sees(session: Session, person: Person, record: Any) -> bool:
    """Whether a person, signed in with an account of their own, would find a stored record."""
    return (
        person.user is not None and person.user.active and access.sees(session, record, actor_of(session, person.user))
    )


def _units_led() -> Select[Any]:
    below = select(Department.id).where(Department.leader_id == bindparam("person")).cte("below", recursive=True)
    below = below.union(select(Department.id).join(below, Department.parent_id == below.c.id))
    return select(below.c.id)


# Asked at every request, so they are made once.
_PERSON_OF = (
    select(Person.id, Person.department_id, Department.name, Person.clearance, Person.state_clearance)
    .join(Department, Person.department_id == Department.id, isouter=True)
    .where(Person.user_id == bindparam("user"))
)
_STANDS_IN_FOR = select(Person.id).where(
    Person.deputy_id == bindparam("person"),
    Person.absent_from <= bindparam("day"),
    Person.absent_until >= bindparam("day"),
)
_LEADS = _units_led()


def actor_of(session: Session, user: User) -> Actor:
    """The actor behind a signed-in account: roles, person, departments, and whom they stand in for today."""
    with access.system():
        row = session.execute(_PERSON_OF, {"user": user.id}).first()
        roles = frozenset(role.name for role in user.roles)
        name = user.get_full_name().strip() or user.username
        if row is None:
            return Actor(user.id, name, roles, granted=granted_to(session, user.id))
        absent = session.scalars(_STANDS_IN_FOR, {"person": row.id, "day": today()})
        led = frozenset(session.scalars(_LEADS, {"person": row.id}))
        own = frozenset({row.department_id} if row.department_id else ())
        return Actor(
            user.id,
            name,
            roles,
            person_ids=frozenset({row.id, *absent}),
            department_ids=own | led,
            own_person_id=row.id,
            department_id=row.department_id,
            department=row.name or "",
            led_ids=led,
            granted=granted_to(session, user.id),
            cleared=cleared_for(row.clearance, row.state_clearance),
        )
