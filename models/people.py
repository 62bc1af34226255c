"""Departments and the people in them: who leads, who stands in, whose account it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    ForeignKey,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, fields, phones
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.changes import altered
from app.engine.database import by_key
from app.engine.grants import AccessGrant
from app.engine.moments import now, today
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

    def headed_by(self, actor: access.Actor) -> bool:
        """Whether somebody acts in the unit's name: its head, that of a unit above, or who stands in for its head.

        In that of a unit without a head each of its people does; the others wait to be named.
        """
        return self.id in actor.acts_for


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


def told_apart() -> ColumnElement[str]:
    """What a table of figures calls a person: the name; where two have it, with the staff number, else with the key."""
    other = Person.__table__.alias("namesake")
    shared = select(other.c.name).group_by(other.c.name).having(func.count() > 1)
    number = func.coalesce(Person.staff_no, "#" + cast(Person.id, String))
    return case((Person.name.in_(shared), Person.name + " (" + number + ")"), else_=Person.name)


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


def _facts() -> CompoundSelect[Any]:
    """What an account brings along, in one query of every request: rows of what, key and name."""
    user: BindParameter[int] = bindparam("user")
    mine = select(Person.id).where(Person.user_id == user)
    absent = and_(
        Person.deputy_id.in_(mine), Person.absent_from <= bindparam("day"), Person.absent_until >= bindparam("day")
    )
    headed = or_(Department.leader_id.in_(mine), Department.leader_id.in_(select(Person.id).where(absent)))
    below = select(Department.id).where(headed).cte("below", recursive=True)
    below = below.union(select(Department.id).join(below, Department.parent_id == below.c.id))
    return union_all(
        select(literal("role"), literal(0), Role.name).join(Role.user).where(User.id == user),
        select(literal("person"), Person.id, Person.clearance).where(Person.user_id == user),
        select(literal("state"), Person.id, Person.state_clearance).where(Person.user_id == user),
        select(literal("unit"), Department.id, Department.name).join(
            Person, and_(Person.department_id == Department.id, Person.user_id == user)
        ),
        select(literal("absent"), Person.id, literal("")).where(absent),
        select(literal("led"), below.c.id, literal("")),
        select(literal("headless"), Department.id, literal(""))
        .join(Person, and_(Person.department_id == Department.id, Person.user_id == user))
        .where(Department.leader_id.is_(None)),
        select(literal("opened"), AccessGrant.record_id, AccessGrant.kind).where(
            AccessGrant.user_id == user, AccessGrant.until > bindparam("moment")
        ),
    ).execution_options(**by_key)


_FACTS = _facts()


def actor_of(session: Session, user: User) -> Actor:
    """The actor behind a signed-in account: roles, person, departments, and whom they stand in for today."""
    told: dict[str, list[tuple[int, str]]] = {}
    with access.system():
        for what, key, name in session.execute(_FACTS, {"user": user.id, "day": today(), "moment": now()}):
            told.setdefault(what, []).append((key, name))
    name = user.get_full_name().strip() or user.username
    roles = frozenset(role for _key, role in told.get("role", ()))
    opened = frozenset((kind, key) for key, kind in told.get("opened", ()))
    if "person" not in told:
        return Actor(user.id, name, roles, granted=opened)
    [(person_id, clearance)], [(_same, state_clearance)] = told["person"], told["state"]
    department_id, department = told["unit"][0] if "unit" in told else (None, "")
    led = frozenset(key for key, _name in told.get("led", ()))
    return Actor(
        user.id,
        name,
        roles,
        person_ids=frozenset({person_id, *(key for key, _name in told.get("absent", ()))}),
        department_ids=led if department_id is None else led | {department_id},
        own_person_id=person_id,
        department_id=department_id,
        department=department,
        led_ids=led,
        headless_ids=frozenset(key for key, _name in told.get("headless", ())),
        granted=opened,
        cleared=cleared_for(clearance, state_clearance),
    )
