"""Register books 登记簿: the streams papers are kept in, each with its numbers and the profile of rules it works by."""

from __future__ import annotations

from collections.abc import Iterator

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, object_session

from app.engine import access, changes, fields, numbers, rules
from app.engine.bin import Binned
from app.engine.remembered import remembered

rules.PROFILES.update(
    government=_l("Government office"),
    school=_l("School"),
    company=_l("Company"),
    group=_l("Group company"),
    hotel=_l("Hotel"),
    hotline=_l("Hotline"),
    property_desk=_l("Property desk"),
    mall=_l("Mall"),
    manufacturer=_l("Manufacturer"),
)


#: The first book, and papers in none, go on with the numbers the office had before there was more than one.
FIRST, FIRST_TEMPLATE = "incoming_documents", "收文〔{year}〕{serial}号"


class Register(Binned, Model):
    """One book of incoming papers: party papers, administrative papers, telephone notices."""

    __tablename__ = "register"
    kind_name = "registers"
    label, label_plural = _l("Register book"), _l("Register books")
    natural_key = "name"
    also_known_by = ("code",)
    visible_to = classmethod(access.everyone)

    code: Mapped[str] = fields.number(_l("Code"), 30, required=True, unique=True, search=True)
    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, unique=True, search=True)
    profile: Mapped[str] = fields.word(
        _l("Profile"), rules.PROFILES, required=True, help=_l("The set of rules its papers are handled by")
    )
    template: Mapped[str] = fields.line(
        _l("Form of its numbers"), 60, required=True, unique=True, help=_l("As in 收文〔{year}〕{serial}号")
    )
    kept_elsewhere: Mapped[str | None] = fields.line(
        _l("Passed on to"), 200, help=_l("Papers of this stream are handed to another registry against signature.")
    )

    def check(self) -> Iterator[tuple[str, str]]:
        if not numbers.well_formed(self.template):
            yield "template", _("The form needs {serial}, may use {year}, and nothing else in braces.")
        for name in changes.altered(self, "code", "template"):
            if self._has_counted():
                yield name, _("Numbers of this book have been drawn; open a new book instead.")

    def _has_counted(self) -> bool:
        """Whether the book, as it was before this change, has given a number."""
        session = object_session(self)
        assert session is not None
        return numbers.has_counted(session, _key(*(changes.before(self, name) for name in ("code", "template"))))


def _key(code: str, template: str) -> str:
    return FIRST if template == FIRST_TEMPLATE else f"{FIRST}:{code}"


def key(book: Register) -> str:
    """The name by which `numbers` counts the papers of a book."""
    return _key(book.code, book.template)


def first_book(session: Session) -> Register | None:
    """The book a paper is kept in when nobody says otherwise: the office's first."""
    with access.system():
        query = select(Register).order_by(Register.id).limit(1)
        return remembered(session, Register, lambda: session.scalars(query).first())
