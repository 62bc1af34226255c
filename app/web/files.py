"""The one door to attachments: it loads the record through row access first."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import abort, current_app, flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.engine import access, events, finding, history
from app.engine import record as records
from app.engine.database import by_key, first_to, one_at_a_time, plainly
from app.engine.disclosure import may_open_files
from app.engine.history import HistoryEntry
from app.engine.moments import now
from app.engine.photos import without_notes
from app.engine.scanner import scan
from app.engine.storage import Storage, storage_from
from app.extensions import db
from app.web.kind import VIEWS, BadRequest
from models.files import Attachment
from models.report_runs import ReportRun
from models.sealing import neutral_name

log = logging.getLogger(__name__)

#: Who may hang files on a record: whoever changes it, and whoever only shows by them what was done.
ATTACHING = ("edit", "attach")


def storage() -> Storage:
    """Where this office keeps its files."""
    address = current_app.config["DATA_DIR"]
    return storage_from(address if address.startswith("s3://") else f"{address}/files")


def needed(session: Session, digest: str) -> bool:
    """Whether a record or the file of a report has the same content: equal content is stored once."""
    kept = select(Attachment.id).where(Attachment.digest == digest).execution_options(**access.with_deleted)
    runs = select(ReportRun.id).where(ReportRun.digest == digest)
    return session.scalars(kept.limit(1)).first() is not None or session.scalars(runs.limit(1)).first() is not None


def clear(session: Session, digests: Iterable[str]) -> int:
    """Delete the contents among these that nobody needs any more; how many."""
    count = 0
    with access.system():
        for digest in sorted(digests):
            one_at_a_time(session, _lock(digest))
            if storage().exists(digest) and not needed(session, digest):
                storage().delete(digest)
                count += 1
            session.commit()  # whoever waits to attach it goes on
    return count


def _lock(digest: str) -> str:
    """The name under which nobody attaches a content while it is looked at whether anybody needs it."""
    return f"content {digest}"


#: The contents whose files were taken from records in the transaction under way.
_DROPPED = "dropped files"
#: So long the sweep looks after what could not be deleted at once.
_AFTERWARDS = timedelta(days=7)


@event.listens_for(db.session, "after_flush")
def _note_dropped(session: Session, context: Any) -> None:
    if gone := {one.digest for one in session.deleted if isinstance(one, Attachment)}:
        session.info.setdefault(_DROPPED, set()).update(gone)


@event.listens_for(db.session, "after_commit")
def _clear_dropped(session: Session) -> None:
    if session.in_nested_transaction() or not (digests := session.info.pop(_DROPPED, None)):
        return
    try:
        with Session(session.get_bind()) as afterwards:
            clear(afterwards, digests)
    except Exception as error:  # what is stored is stored; the sweep tries again
        log.warning("files were not deleted: %s", plainly(error))


@event.listens_for(db.session, "after_rollback")
def _keep_dropped(session: Session) -> None:
    session.info.pop(_DROPPED, None)


def clear_dropped(session: Session) -> int:
    """Delete contents whose files were taken from records lately and that are still there; how many."""
    if not first_to(session, "delete dropped files"):
        return 0
    said = select(HistoryEntry.changes).where(
        # A kind that no index knows: of the few days there are fewer entries than of all files there ever were.
        HistoryEntry.kind.concat("") == Attachment.kind_name, HistoryEntry.at > now() - _AFTERWARDS,
        HistoryEntry.changes.like('%"digest":["%",null]%'),
    )  # fmt: skip
    return clear(session, {json.loads(changes)["digest"][0] for changes in session.scalars(said)})


def files_of(record: Any) -> dict[str, Any]:
    """The files of a record that the caller has loaded through row access, as the page draws them."""
    with access.system():
        rows = list(
            db.session.scalars(
                select(Attachment)
                .where(Attachment.record_kind == record.kind_name, Attachment.record_id == record.id)
                .order_by(Attachment.id)
                .execution_options(**by_key)
            )
        )
    where = {"kind": record.kind_name, "pk": record.id}
    if not (record.keeps_content() and may_open_files(record)):
        return {"items": [], "upload_href": None, "accept": None}
    may = any(access.current().may(right, record.kind_name) for right in ATTACHING)
    return {
        "items": [
            {
                "name": row.name,
                "size_text": _size(row.size),
                "href": url_for("FileView.download", attachment=row.id, **where),
                "by_text": None,
            }
            for row in rows
        ],
        "upload_href": url_for("FileView.upload", **where) if may else None,
        "accept": None,
    }


#: Characters that turn the direction of a line, so that `exe.txt` reads as `txt.exe`.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain(name: str) -> str:
    """A file's name as it may be shown and stored: without folders, controls and what turns a line around."""
    _folders, _slash, name = name.replace("\\", "/").rpartition("/")
    kept = "".join(c for c in name if c not in _TURNS and unicodedata.category(c) not in ("Cc", "Cs"))
    return kept[-255:] or _("file")


def _size(count: int) -> str:
    return f"{count / 1024:,.0f} kB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MB"


def attach(record: Any, files: Iterable[FileStorage]) -> None:
    """Store files that were sent and hang them on a record; the caller has asked for the right, and commits."""
    for file in files:
        if not file.filename:
            continue
        if scanner := current_app.config["CLAMAV"]:
            scan(file.stream, file.filename, scanner)  # type: ignore[arg-type]
        sealed = record.sealed()
        stream = BytesIO(without_notes(file.stream.read())) if sealed else file.stream
        stored = storage().put(stream, file.filename)  # type: ignore[arg-type]
        one_at_a_time(db.session, _lock(stored.digest))
        if not storage().exists(stored.digest):  # the last record that had it gave it up just now
            stream.seek(0)
            storage().put(stream, file.filename)  # type: ignore[arg-type]
        name = neutral_name(stored.digest, file.filename) if sealed else _plain(file.filename)
        db.session.add(
            Attachment(
                record_kind=record.kind_name, record_id=record.id, name=name, size=stored.size,
                media_type=stored.media_type, digest=stored.digest,
            )
        )  # fmt: skip


class FileView(BaseView):
    """`/files/<kind>/<pk>/<attachment>`; posting to `/files/<kind>/<pk>` attaches."""

    route_base = "/files"

    def _record(self, kind: str, pk: str, *rights: str) -> Any:
        if not current_user.is_authenticated:
            abort(401)
        model = records.kinds().get(kind)
        if model is None or model not in VIEWS or not any(access.current().may(right, kind) for right in rights):
            abort(404)
        return finding.by_key(db.session, model, pk) or abort(404)

    @expose("/<kind>/<pk>/<attachment>")
    def download(self, kind: str, pk: str, attachment: str) -> Any:
        record = self._record(kind, pk, "read")
        if not (record.keeps_content() and may_open_files(record)):
            abort(404)
        with access.system():
            row = finding.by_key(db.session, Attachment, attachment)
        if row is None or (row.record_kind, row.record_id) != (kind, record.id):
            abort(404)
        events.note(db.session, "file_read", f"{kind} {record.id}", row.name)
        return send_file(
            storage().open(row.digest), mimetype=row.media_type, as_attachment=True, download_name=row.name
        )

    @expose("/<kind>/<pk>", methods=["POST"])
    def upload(self, kind: str, pk: str) -> Any:
        record = self._record(kind, pk, *ATTACHING)
        if not record.keeps_content():
            raise BadRequest(_("Of this record no file is kept here; it stays on paper."))
        if not may_open_files(record):
            abort(404)
        files = request.files.getlist("file")
        if not any(file.filename for file in files):
            raise BadRequest(_("Please choose a file."))
        with history.act("attach"), access.system():
            attach(record, files)
        db.session.commit()
        flash(_("The files are attached."), "success")
        return redirect(url_for(f"{VIEWS[type(record)].__name__}.show", pk=record.id))
