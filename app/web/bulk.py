"""Many records changed at once: choose rows, say what they get, look at what would change, confirm. All or none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.engine import constraints, history
from app.engine import record as records
from app.engine.disclosure import learn, value_of, writable
from app.engine.fields import Field, whole
from app.engine.refusals import Invalid, Refused
from app.extensions import db
from app.web import cells, forms
from app.web.kind import LOOKUPS, BadRequest, allowed
from app.web.listing import TOGETHER, ListPages


class BulkPages(ListPages):
    """`/<view>/bulk`: `?id=…` for ticked rows, or the list's filters for all that match."""

    @expose("/bulk", methods=["GET", "POST"])
    @allowed("edit")
    def bulk(self) -> Any:
        fields = self._bulk_fields()
        if request.method != "POST":
            rows = self._ticked()
            return self._bulk_page(rows, forms.form_for(fields, None, {}, LOOKUPS), self._versions(rows))
        rows, versions = self._sent_rows()
        raw = {
            name: value for name, value in forms.sent(fields, request.form).items() if value not in ("", None, False)
        }
        try:
            if not raw:
                raise Invalid({"": [_("Please fill in what is to be changed.")]})
            drawn = self._tried(rows, versions, raw)
            if request.form.get("action") == "apply":
                self._apply(rows, versions, raw)
                flash(_("%(count)s records were changed.", count=len(drawn)), "success")
                return redirect(self._url("listing"))
        except Refused as refusal:
            db.session.rollback()
            form = forms.form_for(fields, request.form, {}, LOOKUPS)
            errors = refusal.errors if isinstance(refusal, Invalid) else {"": [str(refusal)]}
            sentences = forms.put_errors(form, errors)
            return self._bulk_page(self._sent_rows()[0], form, versions, errors=sentences), refusal.status
        return self._bulk_page(
            rows, forms.form_for(fields, request.form, {}, LOOKUPS), versions, preview=drawn, raw=raw
        )

    def _bulk_fields(self) -> dict[str, Field]:
        """What may be given to many at once: nothing that tells records apart, nothing masked, no box to tick."""
        names = self.edit_columns or records.open_fields(self.model)
        return {
            name: _optional(self.fields[name])
            for name in names
            if name in self.fields
            and name != self.model.natural_key
            and not self.fields[name].masked
            and self.fields[name].kind != "flag"
            and not constraints.is_unique(self.model, self.fields[name].column)
        }

    def _ticked(self) -> list[Any]:
        """The chosen rows the actor may see: the ticked ones, or all under the filters of the address."""
        ids = [pk for one in request.args.getlist("id") if (pk := whole(one)) is not None and pk < 2**31]
        if "id" in request.args:
            query = select(self.model).where(self.model.id.in_(ids[: TOGETHER + 1]))
        else:
            query, _drawn = self._chosen()
        rows = list(db.session.scalars(query.order_by(self.model.id).limit(TOGETHER + 1)))
        if len(rows) > TOGETHER:
            raise BadRequest(_("More than %(most)s records at once are too many; narrow the list down.", most=TOGETHER))
        if not rows:
            raise BadRequest(_("Please tick the records first."))
        return rows

    def _versions(self, rows: list[Any]) -> str:
        return ",".join(f"{row.id}:{row.version}" for row in rows)

    def _sent_rows(self) -> tuple[list[Any], dict[int, int]]:
        """The rows of a posted page, and the versions they were opened at."""
        pairs = [pair.split(":") for pair in request.form.get("rows", "")[:20_000].split(",")]
        numbers = [[whole(text) for text in pair] for pair in pairs]
        if any(len(pair) != 2 or None in pair or (pair[0] or 0) >= 2**31 for pair in numbers):
            raise BadRequest(_("Please tick the records first."))
        versions = {int(pk or 0): int(version or 0) for pk, version in numbers[:TOGETHER]}
        rows = list(db.session.scalars(select(self.model).where(self.model.id.in_(versions)).order_by(self.model.id)))
        if len(rows) != len(versions):
            raise BadRequest(_("Some of these records are no longer there; please choose again."))
        return rows, versions

    def _tried(self, rows: list[Any], versions: dict[int, int], raw: dict[str, Any]) -> list[dict[str, Any]]:
        """What would change, row by row, found out by doing it and taking it back. Raises what would be raised."""
        learn(db.session, rows)
        before = {row.id: {name: cells.words(self.fields[name], value_of(row, self.fields[name])) for name in raw}
                  for row in rows}  # fmt: skip
        names = {row.id: str(row) for row in rows}
        self._change_all(rows, versions, raw)
        drawn = [
            {
                "title": names[row.id],
                "changes": [
                    {"label": str(self.fields[name].label), "before": before[row.id][name],
                     "after": cells.words(self.fields[name], value_of(row, self.fields[name]))}
                    for name in raw
                ],
            }
            for row in rows
        ]  # fmt: skip
        db.session.rollback()
        return drawn

    def _apply(self, rows: list[Any], versions: dict[int, int], raw: dict[str, Any]) -> None:
        self._change_all(rows, versions, raw)
        db.session.commit()

    def _change_all(self, rows: list[Any], versions: dict[int, int], raw: dict[str, Any]) -> None:
        with history.act("change", reason=_("Changed together with others: %(count)s", count=len(rows))):
            for row in rows:
                label = str(row)
                try:
                    names = writable(row, raw)
                    if len(names) < len(raw):
                        raise Invalid({"": [_("Its content is not for you to change.")]})
                    records.change(db.session, row, raw, names, version=versions[row.id])
                except Invalid as refusal:
                    said = "; ".join(s for sentences in refusal.errors.values() for s in sentences)
                    raise Invalid({"": [f"{label}: {said}"]}) from None
                except Refused as refusal:
                    raise type(refusal)(f"{label}: {refusal}") from None

    def _bulk_page(self, rows: list[Any], form: forms.RecordForm, versions: Any, **context: Any) -> str:
        sent = versions if isinstance(versions, str) else ",".join(f"{pk}:{v}" for pk, v in versions.items())
        del form.form_key, form.version
        return self._page(
            "bulk",
            form=form,
            title=_("Change together: %(kind)s", kind=str(self.model.label_plural)),
            chosen=[str(row) for row in rows],
            rows=sent,
            errors=context.get("errors", []),
            preview=context.get("preview"),
            values=_hidden(request.form, context.get("raw") or {}),
            cancel_href=self._url("listing"),
        )


def _optional(field: Field) -> Field:
    return replace(field, required=False, help="")


def _hidden(data: MultiDict[str, str], raw: dict[str, Any]) -> list[tuple[str, str]]:
    """The values of the preview, to be sent once more."""
    return [(key, data[key]) for name in raw for key in (name, f"{name}__text") if key in data]
