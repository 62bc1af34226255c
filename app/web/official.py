"""The doors to official papers: the PDF, the Word file, a look before printing, and two versions side by side."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from io import BytesIO
from typing import Any

from flask import abort, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from app.engine import access, events, finding
from app.engine.disclosure import knows
from app.engine.fields import whole
from app.engine.moments import now
from app.engine.paper import comparison
from app.engine.paper.description import Print
from app.engine.paper.faces import ON_PAPERS, Chosen, chosen
from app.engine.paper.official import OfficialPaper
from app.engine.paper.official_pdf import pitch_of, typeset
from app.engine.paper.word import written
from app.extensions import db
from app.web import cells
from app.web.kind import VIEWS, BadRequest
from app.web.prints import PAPER, own_fonts
from app.web.signin import sign_in_first
from models import prints
from models.official_papers import official_paper
from models.outgoing import OutgoingDocument
from models.outgoing_lines import DraftVersion

KIND = OutgoingDocument.kind_name
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: So many pages are shown to look at; the PDF has them all.
MOST_PAGES = 20


def official_links(document: OutgoingDocument) -> list[dict[str, str]]:
    """Where the page of a paper leads to, for who may read its content."""
    if not knows(document):
        return []
    versions = {"label": _("Compare versions"), "href": url_for("OfficialView.versions", pk=document.id)}
    if prints.without_content(document.secrecy):
        return [versions]
    pages = (
        ("page", _("Official paper: preview")),
        ("pdf", _("Official paper: PDF")),
        ("word", _("Official paper: Word")),
    )
    return [
        *({"label": label, "href": url_for(f"OfficialView.{page}", pk=document.id)} for page, label in pages),
        versions,
    ]


def content_of_paper(page: Callable[..., Any]) -> Callable[..., Any]:
    """Let only those pass who may read the content of the paper; for all others there is none."""

    @wraps(page)
    def guarded(self: Any, pk: str) -> Any:
        if not current_user.is_authenticated:
            return sign_in_first()
        if not access.current().may("read", KIND):
            abort(404)
        document = finding.by_key(db.session, OutgoingDocument, pk)
        if document is None or not knows(document):
            abort(404)
        return page(self, document)

    return guarded


class OfficialView(BaseView):
    """`/official/outgoing_documents/<pk>.pdf`, `.docx`, `.html`; `?preprinted=1` for paper with a red head on it,
    `?seal=1` draws the seal's place, `?copy=3` puts the copy number on it."""

    route_base = f"/official/{KIND}"

    @expose("/<pk>.pdf")
    @content_of_paper
    def pdf(self, document: OutgoingDocument) -> Any:
        """The paper as a PDF, shown in the browser's own reader."""
        faces = chosen(own_fonts())  # before the printing is noted: without them there is none
        content = typeset(self._printed(document, "pdf"), faces)
        assert isinstance(content, bytes)
        return self._file(document, content, "pdf", "application/pdf")

    @expose("/<pk>.docx")
    @content_of_paper
    def word(self, document: OutgoingDocument) -> Any:
        """The paper as a Word file, to go on with where the house's layout does not do."""
        faces = chosen(own_fonts())  # the lines a page are those of the PDF
        paper = self._printed(document, "docx")
        return self._file(document, written(paper, pitch_of(paper, faces)[0]), "docx", WORD, as_attachment=True)

    @expose("/<pk>.html")
    @content_of_paper
    def page(self, document: OutgoingDocument) -> Any:
        """The pages of the PDF as pictures, and which face stood in for which."""
        faces = chosen(own_fonts())
        paper = self._printed(document, "html")
        drawn = typeset(paper, faces, "png")
        pages = drawn if isinstance(drawn, list) else [drawn]
        given = {name: value for name, value in request.args.items() if name in ("preprinted", "seal", "copy")}

        def href(page: str, **more: Any) -> str:
            return url_for(f"OfficialView.{page}", **{"pk": document.id, **given, **more})

        return self.render_template(
            "wenshu/official.html",
            title=paper.title,
            number=paper.number,
            draft=paper.draft,
            pages=[f"data:image/png;base64,{b64encode(one).decode()}" for one in pages[:MOST_PAGES]],
            count=len(pages),
            faces=_stand_ins(faces),
            preprinted=paper.preprinted,
            sealed=paper.seal_preview,
            href_pdf=href("pdf"),
            href_word=href("word"),
            href_preprinted=href("page", preprinted=None if paper.preprinted else 1),
            href_seal=href("page", seal=None if paper.seal_preview else 1),
            href_record=_address(document),
        )

    def _printed(self, document: OutgoingDocument, how: str) -> OfficialPaper:
        """The paper as asked for. The printing is noted; above "internal" it is counted, and the paper says so."""
        if prints.without_content(document.secrecy):
            raise BadRequest(_("The house keeps no text of a paper of this secrecy, so there is none to print."))
        with force_locale(PAPER):
            paper = official_paper(
                document,
                copy_number=_copy_number(document),
                preprinted=bool(request.args.get("preprinted")),
                seal=bool(request.args.get("seal")),
            )
        subject = f"{KIND} {document.id} official_paper"
        count = events.note_counted(db.session, "printed", subject, f"{how} {request.full_path.rstrip('?')}")
        if not prints.watermarked(document.secrecy):
            return paper
        return replace(paper, watermark=Print(access.current().name, cells.moment_text(now()), count).watermark)

    def _file(self, document: OutgoingDocument, content: bytes, ending: str, mimetype: str, **more: Any) -> Any:
        return send_file(BytesIO(content), mimetype=mimetype, download_name=f"{KIND}_{document.id}.{ending}", **more)

    @expose("/<pk>/versions")
    @content_of_paper
    def versions(self, document: OutgoingDocument) -> Any:
        """Two versions of the draft, the last two where nobody asks for others."""
        kept = {one.number: one for one in document.versions}
        numbers = list(kept)
        old, new = (_asked(name, numbers, place) for name, place in (("from", -2), ("to", -1)))
        before, after = kept.get(old or 0), kept.get(new or 0)
        return self.render_template(
            "wenshu/versions.html",
            title=document.title,
            number=document.document_no or "",
            versions=[{"number": one.number, "words": _said(one)} for one in kept.values()],
            old=old,
            new=new,
            parts=_compared(before, after) if before and after else [],
            href_record=_address(document),
        )


def _address(document: OutgoingDocument) -> str:
    return url_for(f"{VIEWS[OutgoingDocument].__name__}.show", pk=document.id)


def _copy_number(document: OutgoingDocument) -> str:
    """The copy number asked for. Raises `BadRequest` for one the paper has not."""
    asked = request.args.get("copy", "")
    if asked and not 1 <= (whole(asked) or 0) <= min(document.copies or 999_999, 999_999):
        raise BadRequest(_("The paper has no copy of this number."))
    return str(whole(asked)) if asked else ""


def _asked(name: str, numbers: list[int], place: int) -> int | None:
    """The number of a version in the address, else that at a place from the end. Raises `BadRequest` for another."""
    if words := request.args.get(name):
        if (found := whole(words)) not in numbers:
            raise BadRequest(_("The draft has no version of this number."))
        return found
    return numbers[max(place, -len(numbers))] if numbers else None


def _said(version: DraftVersion) -> str:
    who = version.person.name if version.person else ""
    return " · ".join(part for part in (cells.moment_text(version.at), who, version.remark) if part)


def _compared(before: DraftVersion, after: DraftVersion) -> list[dict[str, Any]]:
    labels = (_("Title"), _("Addressees"), _("Text"))
    found = []
    for label, old, new in zip(labels, before.words(), after.words(), strict=True):
        changes = comparison.compare(old, new)
        found.append({"label": label, "changes": changes, "altered": comparison.altered(changes)})
    return found


def _stand_ins(faces: Chosen) -> list[str]:
    return [_("In the PDF %(used)s stands in for %(wanted)s.", used=used, wanted=wanted)
            for wanted, used in faces.substitutes(ON_PAPERS)]  # fmt: skip
