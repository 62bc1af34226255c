"""The doors to printed forms: the record is loaded through row access, and who printed is on record."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import abort, current_app, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from app.engine import access, events, finding
from app.engine import record as records
from app.engine.moments import now
from app.engine.paper.description import FORMS, Form, Print, Printed, Row, forms_of
from app.engine.paper.faces import Chosen, NoFaces, chosen
from app.engine.paper.pdf import code_of, typeset
from app.extensions import db
from app.web import cells
from app.web.address import full_address
from app.web.kind import VIEWS
from app.web.signin import sign_in_first

#: The tongue of the office's paper, whatever the pages are read in.
PAPER = "zh"


def own_fonts() -> Path | None:
    """The folder a site may put its own faces into; none where files lie in a bucket."""
    address = current_app.config["DATA_DIR"]
    return None if address.startswith("s3://") else Path(address) / "fonts"


def may_print(printed: Printed) -> bool:
    """Whether the current actor may read all that stands on a form."""
    return all(access.current().may("read", kind) for kind in (printed.kind, *printed.needs))


def print_links(record: Any) -> list[dict[str, str]]:
    """What a record can be printed on by whoever looks at it, as links of its page."""
    return [
        {
            "label": _("Print: %(form)s", form=one.label),
            "href": url_for("PrintView.page", form=one.name, kind=one.kind, pk=record.id),
        }
        for one in forms_of(record.kind_name)
        if may_print(one)
    ]


class PrintView(BaseView):
    """`/print/<form>/<kind>/<pk>.html` and `.pdf`; `?blank=1` not filled in, `?header=blank` for preprinted paper."""

    route_base = "/print"

    def _asked(self, name: str, kind: str, pk: str) -> tuple[Printed, Any]:
        printed = FORMS.get((name, kind))
        if printed is None or not may_print(printed):
            abort(404)
        return printed, finding.by_key(db.session, records.kinds()[kind], pk) or abort(404)

    def _made(self, printed: Printed, record: Any, how: str) -> tuple[Form, Print]:
        """The form and the facts of this printing; a form with something on it is noted, and counted if it must be."""
        with force_locale(PAPER):
            form = printed.build(record, request.args)
        form = replace(form, headless=request.args.get("header") == "blank")
        if request.args.get("blank"):
            return form.blank(), Print("", "")
        subject = f"{record.kind_name} {record.id} {printed.name}"
        count = events.note_counted(db.session, "printed", subject, f"{how} {request.full_path.rstrip('?')}")
        address = full_address(url_for(f"{VIEWS[type(record)].__name__}.show", pk=record.id))
        by = access.current().name
        return form, Print(by, cells.moment_text(now()), count if form.watermark else None, address)

    @expose("/<form>/<kind>/<pk>.pdf")
    def pdf(self, form: str, kind: str, pk: str) -> Any:
        """The form as a PDF, shown in the browser's own reader."""
        if not current_user.is_authenticated:
            return sign_in_first()
        printed, record = self._asked(form, kind, pk)
        faces = chosen(own_fonts())  # before the printing is noted: without them there is none
        drawn, about = self._made(printed, record, "pdf")
        content = typeset(drawn, about, faces)
        assert isinstance(content, bytes)
        return send_file(BytesIO(content), mimetype="application/pdf", download_name=f"{kind}_{record.id}_{form}.pdf")

    @expose("/<form>/<kind>/<pk>.html")
    def page(self, form: str, kind: str, pk: str) -> Any:
        """The form as a page, to be looked at and printed by a browser whose machine has the faces."""
        if not current_user.is_authenticated:
            return sign_in_first()
        printed, record = self._asked(form, kind, pk)
        drawn, about = self._made(printed, record, "html")
        blank = bool(request.args.get("blank"))

        def href(page: str, **more: Any) -> str:
            given = {name: value for name, value in request.args.items() if name not in ("blank", *request.view_args)}  # type: ignore[misc]
            if blank:
                given["blank"] = "1"
            return url_for(f"PrintView.{page}", form=form, kind=kind, pk=pk, **{**given, **more})

        return self.render_template(
            "wenshu/print.html",
            form=drawn,
            about=about,
            blank=blank,
            parts=[{"row" if isinstance(part, Row) else "table": part} for part in drawn.parts],
            code=Markup(code_of(about.address)) if about.address and drawn.stamp else "",  # drawn by us, not by a user
            watermark=about.watermark if drawn.watermark else "",
            label=str(printed.label),
            href_header=href("page", header=None if drawn.headless else "blank"),
            href_record=url_for(f"{VIEWS[type(record)].__name__}.show", pk=record.id),
            href_pdf=href("pdf"),
            href_other=href("page", blank=None if blank else 1),
            faces=self._faces(),
        )

    def _faces(self) -> list[str]:
        """Which faces stand in for those official papers ask for, in sentences."""
        try:
            faces: Chosen = chosen(own_fonts())
        except NoFaces as error:
            return [str(error)]
        return [_("In the PDF %(used)s stands in for %(wanted)s.", used=used, wanted=wanted)
                for wanted, used in faces.substitutes()]  # fmt: skip
