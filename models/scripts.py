"""Script cards 说辞: what one says in which scene, for customer service, for leasing, or for both (R1, R2, P1, P2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields, rules
from app.engine.record import Record
from models.people import Person
from models.prints import OFFICE_NAME

#: Whose words they are: R1 speaks to 客服代表, R2 to 招商代表.
EDITIONS = {"both": _l("Both editions"), "service": _l("Customer service staff"), "leasing": _l("Leasing staff")}
SCENES = {
    "pick_up": _l("Picking up the telephone"),
    "cannot_answer": _l("An answer is not at hand"),
    "absent_colleague": _l("Call for an absent colleague"),
    "phone_and_visitor": _l("Telephone and visitor at once"),
    "ending": _l("Ending a call"),
    "record": _l("Writing the record"),
    "entering": _l("A visitor enters"),
    "superior": _l("A superior or expert enters"),
    "first_visit": _l("First visit"),
    "water": _l("Offering water"),
    "replying": _l("Replying and asking for wishes"),
    "presenting": _l("Presenting"),
    "voice": _l("Voice"),
    "unknown": _l("An unknown question"),
    "service_wanted": _l("A service is wanted"),
    "cannot_satisfy": _l("A wish cannot be met"),
    "sensitive": _l("A sensitive matter"),
    "disturbing": _l("Disturbing, asking for help, taking something over"),
    "second_client": _l("A second client while busy"),
    "read_back": _l("Reading the record back"),
    "leaving": _l("A visitor leaves"),
    "desk": _l("The desk"),
    "appearance": _l("Appearance"),
    "phone_use": _l("Use of the telephone"),
}


class ScriptCard(Record, Model):
    """One card: the rule of a scene and a wording for it, with the text it comes from."""

    __tablename__ = "script_card"
    kind_name = "script_cards"
    label, label_plural = _l("Script card"), _l("Script cards")
    natural_key = "card_no"
    visible_to = classmethod(access.everyone)

    card_no: Mapped[str] = fields.number(_l("Card number"), 20, required=True, unique=True, search=True)
    scene: Mapped[str] = fields.choice(_l("Scene"), SCENES, "scene_known", required=True, index=True)
    edition: Mapped[str] = fields.choice(_l("Edition"), EDITIONS, "edition_known", required=True, default="both")
    rule: Mapped[str] = fields.prose(_l("Rule of the scene"), 2000, required=True, search=True)
    wording: Mapped[str | None] = fields.prose(
        _l("Words to say"),
        2000,
        search=True,
        help=_l("{company}, {name} and {staff_no} stand for the house and whoever speaks."),
    )
    never_say: Mapped[str | None] = fields.line(_l("Never say"), 500)
    source: Mapped[str | None] = fields.prose(_l("Source text"), 2000, search=True)
    in_use: Mapped[bool] = fields.flag(_l("In use"), default=True)

    def counted(self, session: Session) -> Iterator[tuple[Any, str]]:
        if self.wording:
            yield _l("As you say it"), spoken(session, self.wording)

    def __str__(self) -> str:
        return f"{self.card_no} {SCENES.get(self.scene, self.scene)}"


def spoken(session: Session, wording: str) -> str:
    """The words of a card as whoever is signed in says them: house, name and staff number filled in."""
    own = access.current().own_person_id
    person = session.scalars(select(Person).where(Person.id == (own or 0))).first()
    said = {
        "{company}": rules.value(session, OFFICE_NAME, None),
        "{name}": person.name if person else _("(name)"),
        "{staff_no}": (person.staff_no if person else None) or _("(staff number)"),
    }
    for mark, words in said.items():
        wording = wording.replace(mark, words)
    return wording
