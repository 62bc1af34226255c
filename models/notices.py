"""Notices 提醒: what somebody is told about a paper, in the reader's language and in words its secrecy allows.

A notice keeps a key and parameters, never a sentence: the title of a paper is looked up when the notice is read or
mailed, by the rights its reader has then. Who was dropped from the scope sees nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    and_,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access
from app.engine.database import among_given, by_key
from app.engine.disclosure import knows
from app.engine.history import HistoryEntry
from app.engine.moments import Moment, local, now, today
from app.engine.record import kinds
from app.engine.workflow import followed
from models.instructions import LeaderInstruction
from models.people import Person
from models.report_runs import ReportRun
from models.secrecy import NOT_INDEXED, ON_PAPER_ONLY, ORDINARY, REGISTRY

TEXTS = {
    "due_soon": _l("%(stage)s is due %(due)s: %(paper)s"),
    "overdue": _l("%(stage)s is overdue since %(due)s: %(paper)s"),
    "asked": _l("You are asked how far %(stage)s has come, due %(due)s: %(paper)s"),
    "answered": _l("%(person)s has answered about %(stage)s, due %(due)s: %(paper)s"),
    "cannot": _l("%(person)s cannot finish %(stage)s by %(due)s; please decide: %(paper)s"),
    "officer": _l("You follow up %(stage)s, due %(due)s: %(paper)s"),
    "absent": _l("%(person)s is away, so %(deputy)s has been told about %(stage)s: %(paper)s"),
    "nobody": _l("%(person)s is away and nobody stands in; nobody looks after %(stage)s: %(paper)s"),
    "awake": _l("The suspended paper goes on today: %(paper)s"),
    "review": _l("A paper kept for now is to be looked at again, due %(due)s: %(paper)s"),
    "verify": _l("An article of the library is to be verified again since %(due)s: %(paper)s"),
    "reminded": _l("You are reminded to read it, due %(due)s: %(paper)s"),
    "withdrawn": _l("Taken back from you, nothing is awaited any more: %(paper)s"),
    "ended": _l("The sender has ended it, nothing is awaited any more: %(paper)s"),
    "recalled": _l("The issuer has recalled it, it goes round no more: %(paper)s"),
    "evidence": _l("Evidence is asked for by a supervision case: %(paper)s"),
    "escalated": _l("A case before you by supervision: %(paper)s"),
    "accountable": _l("A case of accountability concerns you: %(paper)s"),
    "resumed": _l("The wait is over, it goes on: %(paper)s"),
    "difference_expired": _l(
        "The difference of order %(order)s was not paid in time, its goods are as ordered first; please tell the "
        "customer: %(paper)s"
    ),
    "offered": _l("You are asked to take over: %(paper)s"),
    "taken_on": _l("%(person)s has taken over: %(paper)s"),
    "declined": _l("%(person)s does not take over; it stays with you: %(paper)s"),
    "stock_differs": _l("Stock or reservations do not match their movements; please count: %(paper)s"),
    "reopened": _l("Reopened for the second time or more: %(paper)s"),
    "handed_over": _l("Customers are to come to you; please confirm each of them: %(paper)s"),
    "came_late": _l("Customers came after the approval and were handed on unconfirmed; please look: %(paper)s"),
    "report_done": _l("A file you asked for is ready: %(paper)s"),
    "report_shared": _l("A report is ready that somebody has mailed to you: %(paper)s"),
    "report_failed": _l("A file you asked for could not be made: %(paper)s"),
    "burst": _l("%(exports)s exports and %(reveals)s looks at telephone numbers on %(day)s: %(paper)s"),
}
#: What tells people that they are off a paper's way: they learn it from its register line.
PARTING = ("withdrawn", "ended", "recalled")
#: a record by the name of its kind and its key
Key = tuple[str, int]
#: a record of which is asked whether it is seen, or with its content
Asked = tuple[str, bool, int]
#: So many unread notices are counted.
COUNTED = 100
#: Kinds of record notices are about, beside those whose limits are followed up.
ABOUT = (
    "extension_requests", "follow_ups", "supervisions", "accountability_cases", "holds", "service_tickets",
    "dispatch_orders", "articles", "products", "customer_handovers", "difference_orders", "people",
)  # fmt: skip


def about_models() -> list[Any]:
    present = kinds()
    return [*followed().values(), *(present[name] for name in ABOUT), ReportRun]


def model_of(kind: str) -> Any:
    """The table of what a notice is about."""
    return ReportRun if kind == ReportRun.kind_name else kinds()[kind]


class Notice(access.RowAccess, Model):
    """One thing one person is told. Only the person reads it, and only while the paper behind it is open to them.

    Of what comes of a paper, a task or a copy to give back, it is enough that whose turn it is may know what it is.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_person_read", "person_id", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    #: the absent person it was meant for, where a deputy is told
    meant_for_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    paper_kind: Mapped[str] = mapped_column(String(40))
    paper_id: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[str] = mapped_column(Text)
    rung_id: Mapped[int | None] = mapped_column(ForeignKey("escalation_rung.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
    mailed_at: Mapped[datetime | None] = mapped_column(Moment)

    person: Mapped[Person] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: access.Actor) -> ColumnElement[bool]:
        models, left_out = about_models(), not actor.has(*REGISTRY)  # who left a paper's way keeps its line alone
        return and_(
            cls.person_id == (actor.own_person_id or 0),
            access.behind(cls.kind, cls.record_id, actor, models),
            or_(
                access.behind(cls.paper_kind, cls.paper_id, actor, models, content=left_out),
                access.behind(cls.kind, cls.record_id, actor, followed().values(), content=True),
                and_(cls.key.in_(PARTING), access.behind(cls.paper_kind, cls.paper_id, actor, models)),
            ),
        )


def paper_of(record: Any) -> Any:
    """The paper a record is about: its document, or itself."""
    return getattr(record, "document", None) or record


def _paper_key(record: Any) -> Key:
    """Kind and key of the paper a record is about, which its doer may not see."""
    about = type(record).__mapper__.relationships.get("document")
    key = getattr(record, "document_id", None)
    return (record.kind_name, record.id) if about is None or key is None else (about.mapper.class_.kind_name, key)


def _grade(paper: Any) -> str:
    """The secrecy of a paper, or what an envelope says on its cover; what has none is internal."""
    return getattr(paper, "secrecy", None) or getattr(paper, "cover_secrecy", None) or "internal"


def paper_words(paper: Any) -> str:
    """How a paper may be named in a notice, by its secrecy: title, number, or not at all (documents.md 6.1)."""
    grade = _grade(paper)
    number = getattr(paper, type(paper).natural_key) if type(paper).natural_key else paper.id
    if grade in ON_PAPER_ONLY:
        return _("One paper awaits you at the registry.")
    if grade in NOT_INDEXED:
        return str(number)
    if grade not in ORDINARY:
        return _("A paper no. %(number)s awaits you.", number=number)
    title = getattr(paper, "title", None) if knows(paper) else None
    return f"{number} {title}" if title else str(paper) if knows(paper) else str(number)


def words_of(notice: Notice, record: Any, paper: Any) -> str:
    """The sentence of a notice in the reader's language; of a paper above ordinary secrecy only what names it."""
    named = paper_words(paper)
    if _grade(paper) not in ORDINARY:
        return named
    told = json.loads(notice.parameters)
    stage = told.get("stage", "")
    flow = getattr(record, "flow", None)
    label = flow.clocks[stage].label if flow is not None and stage in flow.clocks else told.get("stage_label", stage)
    due = local(datetime.fromisoformat(told["due"])).strftime("%Y-%m-%d %H:%M") if told.get("due") else ""
    return str(TEXTS[notice.key]) % {**told, "stage": str(label), "due": due, "paper": named}


def open_notices(session: Session, *conditions: Any, most: int = 100) -> list[tuple[Notice, Any, Any]]:
    """The actor's notices, the latest first, each with its record and paper as the actor may see them now."""
    query = select(Notice).where(*conditions).order_by(Notice.at.desc(), Notice.id.desc()).limit(most)
    found = list(session.scalars(query))
    papers = {(notice.paper_kind, notice.paper_id) for notice in found}
    seen = _loaded(session, papers | {(notice.kind, notice.record_id) for notice in found})
    told = {(one.paper_kind, one.paper_id) for one in found if (one.kind, one.record_id) in seen}
    with access.system():  # what somebody has to do is told with the number of a paper that is not for them
        seen |= _loaded(session, told - seen.keys())
    return [
        (notice, seen[notice.kind, notice.record_id], seen[notice.paper_kind, notice.paper_id])
        for notice in found
        if (notice.kind, notice.record_id) in seen and (notice.paper_kind, notice.paper_id) in seen
    ]


def _loaded(session: Session, wanted: set[Key]) -> dict[Key, Any]:
    """Records by kind and key, as far as the actor sees them: a query a kind."""
    keys: dict[str, set[int]] = {}
    for kind, key in wanted:
        keys.setdefault(kind, set()).add(key)
    seen: dict[Key, Any] = {}
    for kind, some in keys.items():
        model = model_of(kind)
        seen |= {(kind, row.id): row for row in session.scalars(select(model).where(model.id.in_(some)))}
    return seen


def unread(session: Session) -> int:
    """How many notices the actor has not read, counted no further than `COUNTED`.

    Every page says so. The rule of a notice speaks of all kinds there are; here those alone are asked of which there
    are notices, each by its own rule.
    """
    actor = access.current()
    new = Notice.person_id == (actor.own_person_id or 0), Notice.read_at.is_(None)
    about = (Notice.kind, Notice.record_id), (Notice.paper_kind, Notice.paper_id)
    query = select(*about[0], *about[1], Notice.key).where(*new)
    with access.system():
        told = session.execute(query.order_by(Notice.id.desc()).limit(COUNTED).execution_options(**by_key)).all()
    left_out = not actor.has(*REGISTRY)  # who left a paper's way keeps its line alone
    own = followed()
    found = [
        ((kind, pk), (paper, paper_pk), left_out and key not in PARTING) for kind, pk, paper, paper_pk, key in told
    ]
    asked = {(kind, content, pk) for _record, (kind, pk), content in found}
    asked |= {(kind, False, pk) for (kind, pk), _paper, _content in found}
    asked |= {(kind, True, pk) for (kind, pk), _paper, _content in found if kind in own}
    seen = _seen(session, actor, asked)
    return sum(
        (kind, False, pk) in seen and ((paper, content, paper_pk) in seen or (kind, True, pk) in seen)
        for (kind, pk), (paper, paper_pk), content in found
    )


def _seen(session: Session, actor: access.Actor, asked: set[Asked]) -> set[Asked]:
    """Those of the records that the actor sees, and of those asked for with it, learns the content: one query."""
    keys: dict[tuple[str, bool], list[int]] = {}
    for kind, content, key in asked:
        if actor.may("read", kind):
            keys.setdefault((kind, content), []).append(key)
    if not keys:
        return set()
    statement = _seeing(actor, frozenset(keys))
    found = session.connection().execute(statement, {_keys(*of): of_kind for of, of_kind in keys.items()})
    return {(kind, bool(content), key) for kind, content, key in found}


def _keys(kind: str, content: bool) -> str:
    return f"{kind}_known" if content else kind


@access.kept(100)
def _seeing(actor: access.Actor, asked: frozenset[tuple[str, bool]]) -> Any:
    """The statement that finds, of records of some kinds, those an actor sees: of some only with their content.

    Every page asks it; putting it together takes longer than the answer.
    """
    parts: list[Any] = []
    for kind, content in sorted(asked):
        model = model_of(kind)
        query = select(literal(kind), literal(int(content)), model.id).where(
            among_given(model.id, _keys(kind, content))
        )
        parts.append(query.where(access.content_rule(model, actor)) if content and model.content_fields else query)
    return access.ruled(union_all(*parts).execution_options(**by_key))


def read(session: Session, notices: Iterable[Notice]) -> None:
    """Mark notices the caller has loaded through row access as read; the caller commits."""
    for notice in notices:
        notice.read_at = notice.read_at or now()
    session.flush()


def is_away(person: Person) -> bool:
    return bool(person.absent_from and person.absent_until and person.absent_from <= today() <= person.absent_until)


def stand_in(person: Person) -> Person:
    """Who looks after a person's business today: the person, or the deputy of one who is away."""
    return person.deputy if is_away(person) and person.deputy is not None else person


def holders(session: Session, *roles: str) -> list[Person]:
    """The people whose accounts have one of these roles, in the order they were entered."""
    query = select(Person).join(Person.user).where(User.active.is_(True), User.roles.any(Role.name.in_(roles)))
    return list(session.scalars(query.order_by(Person.id)))


def instructors(session: Session, paper: Any) -> list[Person]:
    """The leaders in charge of a paper: who ordered or signs one of the house, who instructed on one that came in.

    An instruction is its leader's, whoever typed it or handed the paper out; one given at once, without a line, is that
    of the leader who took the step.
    """
    named = [person for name in ("ordered_by", "signer") if (person := getattr(paper, name, None)) is not None]
    signed = select(Person).join(LeaderInstruction, LeaderInstruction.leader_id == Person.id)
    signed = signed.where(LeaderInstruction.document_id == paper.id, LeaderInstruction.standing == "signed")
    took = (
        select(Person)
        .join(HistoryEntry, HistoryEntry.actor_id == Person.user_id)
        .where(HistoryEntry.kind == paper.kind_name, HistoryEntry.record_id == paper.id)
        .where(HistoryEntry.action.startswith("instruct"))
        .where(Person.user.has(User.roles.any(Role.name == "leader")))
    )
    if paper.kind_name == "incoming_documents":
        named += session.scalars(signed.order_by(LeaderInstruction.signed_at, LeaderInstruction.id))
        named += session.scalars(took.order_by(HistoryEntry.id))
    return list(dict.fromkeys(named))


def tell(
    session: Session, people: Sequence[Person], key: str, record: Any, *, rung_id: int | None = None, **parameters: Any
) -> list[Notice]:
    """Put a notice about a record on the list of each of these people, or of who stands in; the caller commits."""
    (paper_kind, paper_id), told, made = _paper_key(record), json.dumps(parameters, ensure_ascii=False), []
    for meant in dict.fromkeys(people):
        person = stand_in(meant)
        notice = Notice(
            person=person, meant_for_id=meant.id if person is not meant else None, kind=record.kind_name,
            record_id=record.id, paper_kind=paper_kind, paper_id=paper_id, key=key, parameters=told,
            rung_id=rung_id, at=now(),
        )  # fmt: skip
        session.add(notice)
        made.append(notice)
    session.flush()
    return made


def was_told(session: Session, key: str, record: Any, word: str) -> bool:
    """Whether anybody was told this of a record already, with `word` among the parameters."""
    known = select(Notice.id).where(
        Notice.key == key, Notice.kind == record.kind_name, Notice.record_id == record.id,
        Notice.parameters.contains(f'"{word}"'),
    )  # fmt: skip
    return session.scalars(known.limit(1)).first() is not None
