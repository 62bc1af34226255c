"""RecordApi: the REST twin of every record view, under `/api/v1/<kind>/`; it comes with the view."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, jsonify, request
from flask.json.provider import DefaultJSONProvider
from flask_appbuilder.api import BaseApi, expose, protect
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.engine import access, bin, finding, references, searching
from app.engine import record as records
from app.engine.disclosure import WITHHELD, guarded, known_fields, learn, revealed, value_of, withheld, writable
from app.engine.fields import MAX_INTEGER, Field, whole
from app.engine.refusals import Invalid, NotAllowed, Refused
from app.extensions import db
from app.web.kind import BadRequest
from app.web.paging import PAGE


class Json(DefaultJSONProvider):
    """JSON with Chinese as it is. A body nested beyond all reason, or with half a character in it, is none."""

    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            found = super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if ("\\ud" if isinstance(s, str) else b"\\ud") in s.lower():  # type: ignore[operator]
            self.dumps(found).encode()  # raises a ValueError for a half that found no other
        return found


class NotFound(Refused):
    """No such record, or none for this user: the answer is the same."""

    status = 404


class RecordApi(BaseApi):
    """List, read, add, change and step records of one kind. Bearer tokens only, so no cross-site form reaches it."""

    model: Any

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("read")
    def get_list(self) -> Any:
        """Records, newest first.
        ---
        get:
          summary: List records the user may see
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: page, schema: {type: integer, minimum: 1}}
          - {in: query, name: page_size, schema: {type: integer, minimum: 1, maximum: 100}}
          - in: query
            name: before
            description: the key an earlier answer gave as `before`; so the last page comes as quickly as the first
            schema: {type: integer, minimum: 1}
          responses:
            200: {description: "A page of records; `before` asks for the next one, null where there is none"}
            400: {$ref: '#/components/responses/400'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        fields = known_fields(self.model)
        query = select(self.model)
        for name, value in request.args.items():
            if name in ("page", "page_size", "before"):
                continue
            if name == "q":
                query = searching.matching(query, self.model, value)
            elif name in fields and not fields[name].masked:  # an address is written into many logs
                field = fields[name]
                try:
                    condition = _asked_for(self.model, field, value)
                except ValueError as error:
                    raise BadRequest(str(error)) from None
                query = query.where(guarded(self.model, name, condition))
            else:
                raise BadRequest(_("This list cannot be filtered by “%(name)s”.", name=name[:40]))
        size, page = _whole("page_size", PAGE, 100), _whole("page", 1, 10_000)
        if "before" in request.args:
            query = query.where(self.model.id < _whole("before", 1, MAX_INTEGER))
        query = query.order_by(self.model.id.desc()).limit(size + 1).offset((page - 1) * size)
        found = list(db.session.scalars(query.options(*references.options(self.model))))
        learn(db.session, found)
        more = len(found) > size
        result = [as_json(one) for one in found[:size]]
        return jsonify(result=result, page=page, more=more, before=found[size - 1].id if more else None)

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("read")
    def get(self, pk: str) -> Any:
        """One record.
        ---
        get:
          summary: Read one record
          parameters: [{in: path, name: pk, required: true, schema: {type: string}}]
          responses:
            200: {description: The record}
            401: {$ref: '#/components/responses/401'}
            404: {$ref: '#/components/responses/404'}
        """
        return jsonify(as_json(self._find(pk)))

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("add")
    def post(self) -> Any:
        """Add a record; an `Idempotency-Key` header makes a repeated request harmless, `"confirmed": true` says that
        the warnings of a 409 have been read.
        ---
        post:
          summary: Add a record
          requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
          responses:
            201: {description: The new record}
            401: {$ref: '#/components/responses/401'}
            409: {description: Something about it is odd; send it again with `confirmed` to store it all the same}
            422: {$ref: '#/components/responses/422'}
        """
        raw = self._body((*records.open_fields(self.model), "confirmed"))
        confirmed = raw.pop("confirmed", False) is True
        key = request.headers.get("Idempotency-Key")
        record = records.add(db.session, self.model, raw, form_key=key, confirmed=confirmed)
        db.session.commit()
        return jsonify(as_json(record)), 201

    @expose("/<pk>", methods=["PUT"])
    @protect()
    @permission_name("edit")
    def put(self, pk: str) -> Any:
        """Change fields of a record opened at `version`.
        ---
        put:
          summary: Change a record
          parameters: [{in: path, name: pk, required: true, schema: {type: string}}]
          requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
          responses:
            200: {description: The record}
            404: {$ref: '#/components/responses/404'}
            409: {description: Somebody else was quicker}
            422: {$ref: '#/components/responses/422'}
        """
        record = self._find(pk)
        names = tuple(writable(record, records.open_fields(self.model)))
        raw = self._body((*names, "version", "confirmed"))
        version, confirmed = _version(raw, needed=True), raw.pop("confirmed", False) is True
        sent = [n for n in names if n in raw]
        records.change(db.session, record, raw, sent, version=version, confirmed=confirmed)
        db.session.commit()
        return jsonify(as_json(record))

    @expose("/<pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        """Put a record, opened at `?version=`, into the recycle bin.
        ---
        delete:
          summary: Delete a record
          parameters:
          - {in: path, name: pk, required: true, schema: {type: string}}
          - {in: query, name: version, required: true, schema: {type: integer, minimum: 1}}
          responses:
            204: {description: It is in the bin}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            409: {description: Somebody else was quicker}
            422: {$ref: '#/components/responses/422'}
        """
        record = self._find(pk)
        bin.delete(db.session, record, version=_whole("version", 0, 2**31 - 1))
        db.session.commit()
        return "", 204

    @expose("/<pk>/<name>", methods=["POST"])
    @protect()
    @permission_name("read")
    def step(self, pk: str, name: str) -> Any:
        """Take one step of the record's workflow.
        ---
        post:
          summary: Take a step
          parameters:
          - {in: path, name: pk, required: true, schema: {type: string}}
          - {in: path, name: name, required: true, schema: {type: string}}
          requestBody: {required: false, content: {application/json: {schema: {type: object}}}}
          responses:
            200: {description: The record in its new state}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            409: {description: The step is not possible now}
            422: {$ref: '#/components/responses/422'}
        """
        record = self._find(pk)
        flow = getattr(self.model, "flow", None)
        if flow is None or name not in flow.steps:
            raise NotFound(_("There is no step “%(name)s” here.", name=name[:40]))
        if not access.current().may(name, self.model.kind_name):
            raise NotAllowed(_("Your role does not allow the step “%(step)s”.", step=flow.steps[name].label))
        raw = self._body((*flow.steps[name].asks, "version"))
        version, key = _version(raw), request.headers.get("Idempotency-Key")
        flow.take(db.session, record, name, raw, version=version, form_key=key)
        db.session.commit()
        for one in [one for one in db.session if isinstance(one, records.Record)]:
            db.session.expunge(one)  # the house has looked at more than whoever took the step may see
        seen = finding.by_key(db.session, self.model, pk)
        return jsonify(as_json(seen) if seen is not None else {"id": int(pk)})

    @expose("/<pk>/reveal", methods=["POST"])
    @protect()
    @permission_name("read")
    def reveal(self, pk: str) -> Any:
        """One masked field in full; who looked is on record.
        ---
        post:
          summary: Reveal a masked field
          parameters: [{in: path, name: pk, required: true, schema: {type: string}}]
          requestBody:
            required: true
            content: {application/json: {schema: {type: object, properties: {field: {type: string}}}}}
          responses:
            200: {description: The field's value}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        record = self._find(pk)
        if not access.current().may("reveal", self.model.kind_name):
            raise NotAllowed(_("Your role does not allow this."))
        field = known_fields(self.model).get(str(self._body(("field",)).get("field", "")))
        if field is None or not field.masked or field.name in withheld(record):
            raise Invalid({"field": [_("There is nothing to reveal.")]})
        revealed(db.session, record, field)
        db.session.commit()
        return jsonify({field.name: getattr(record, field.name)})

    def response_403(self) -> Any:
        """The framework's refusal, in the words and with the reference number of all others."""
        abort(403)

    def _find(self, pk: str) -> Any:
        record = finding.by_key(db.session, self.model, pk)
        if record is None:
            raise NotFound(_("There is no such record, or it is not for you to see."))
        return record

    def _body(self, known: tuple[str, ...]) -> dict[str, Any]:
        body = request.get_json(silent=True) if request.data else {}
        if not isinstance(body, dict):
            raise BadRequest(_("The body must be a JSON object."))
        lines = self.model.lines.relation if self.model.lines else None
        if wrong := [name for name in body if name not in known and name != lines]:
            raise Invalid({wrong[0][:40]: [_("“%(name)s” cannot be set here.", name=wrong[0][:40])]})
        return body


def _version(raw: dict[str, Any], needed: bool = False) -> Any:
    """The version taken out of a body; None where none was sent and none is needed. Raises `Invalid`."""
    version = raw.pop("version", None)
    if type(version) is not int and (needed or version is not None):
        raise Invalid({"version": [_("Say which version of the record you changed.")]})
    return version


def _whole(name: str, default: int, most: int) -> int:
    number = whole(request.args.get(name, str(default)))
    if number is None or not 1 <= number <= most:
        raise BadRequest(_("“%(name)s” must be a whole number from 1 to %(most)s.", name=name, most=most))
    return number


def _asked_for(model: Any, field: Field, value: str) -> ColumnElement[bool]:
    """The condition that a field is what an address asks for. Raises `ValueError` with a plain sentence."""
    column, wanted = getattr(model, field.column), field.clean(value)
    if field.kind == "reference" and wanted is not None:
        found = finding.referred(db.session, field, wanted)
        return type(found).meant_by(column, found)
    return column == wanted


def as_json(record: Any) -> dict[str, Any]:
    """A record as JSON: exact numbers as text, references as `{id, text}`."""
    found: dict[str, Any] = {"id": record.id, "version": record.version}
    model: Any = type(record)
    for name, field in known_fields(model).items():
        value = value_of(record, field)
        if value is WITHHELD:
            found[name] = None
        elif field.kind == "reference":
            found[name] = None if value is None else {"id": value.id, "text": str(value)}
        elif value is None or isinstance(value, bool | int):
            found[name] = value
        else:
            found[name] = value.isoformat() if isinstance(value, date) else str(value)
    return found


def api_of(model: Any) -> type[RecordApi]:
    """The API class of one kind of record."""
    return type(
        f"{model.__name__}Api",
        (RecordApi,),
        {"model": model, "resource_name": model.kind_name, "class_permission_name": model.kind_name,
         "openapi_spec_tag": model.kind_name},
    )  # fmt: skip
