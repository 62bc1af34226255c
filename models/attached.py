"""What hangs on an incoming paper: a request, an order. Its rules are the paper's, whoever looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.orm import object_session

from app.engine import access

if TYPE_CHECKING:
    from models.documents import IncomingDocument


class Attached:
    """Mixin of a record with a `document`."""

    document_id: Any
    document: Any
    judged_with: ClassVar[str] = "document"

    @property
    def paper(self) -> IncomingDocument:
        """The document, also where somebody may not see it: what was loaded for them stays narrowed to them."""
        from models.documents import IncomingDocument  # it lists what hangs on it

        session = object_session(self)
        if session is None or self.document_id is None:  # just being made
            return self.document
        with access.system(), session.no_autoflush:
            return session.get_one(IncomingDocument, self.document_id)

    def goes_by(self) -> IncomingDocument:
        return self.paper
