"""`/metrics`: what a watch over the machines asks, in the text form of Prometheus.

All of it is read from the database at the moment it is asked, so it is the same whichever process answers. Only the
machine itself may ask, or whoever knows the token; to others there is no such address.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from flask import Response, abort, current_app, request
from flask_appbuilder import BaseView, expose
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.engine.clocks import RUNNING, ClockRow
from app.engine.import_runs import ImportRun
from app.engine.moments import now
from app.extensions import db
from app.schema import standing
from config import VERSION
from models import logins
from models.digests import Digest
from models.notices import Notice
from models.report_runs import ReportRun

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
#: Of so many notices the latest are looked through for those that nobody has read or been mailed.
LOOKED_THROUGH = 10_000
_BYTES = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}
#: What this machine calls itself.
_LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?", re.ASCII)
#: Headers by which a proxy says that a request is somebody else's.
_PASSED_ON = ("x-forwarded", "x-real-ip", "forwarded", "via")


class MetricsView(BaseView):
    """For the machine that watches the house."""

    route_base = ""

    @expose("/metrics")
    def metrics(self) -> Any:
        if not (knows_token() or is_local()):
            abort(404)
        return Response("".join(one.exposed() for one in measured(db.session)), content_type=MEDIA)


def knows_token() -> bool:
    token, sent = current_app.config["METRICS_TOKEN"], request.authorization
    if not token or sent is None or sent.type != "bearer":
        return False
    return hmac.compare_digest((sent.token or "").encode(), token.encode())


def is_local() -> bool:
    """Whether a program on this machine asks for itself, by an address of this machine.

    A proxy on it asks for the whole world: it says so in a header, or by the name that the world has typed.
    """
    if any(name.lower().startswith(_PASSED_ON) for name, _value in request.headers):
        return False
    return _is_loopback(request.remote_addr) and _LOCAL.fullmatch(request.host) is not None


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


@dataclass(frozen=True)
class Metric:
    """One measure with its values: labels -> number."""

    name: str
    help: str
    values: dict[tuple[tuple[str, str], ...], float]

    def exposed(self) -> str:
        lines = [f"# HELP wenshu_{self.name} {self.help}", f"# TYPE wenshu_{self.name} gauge"]
        for labels, value in self.values.items():
            told = ",".join(f'{name}="{_escaped(word)}"' for name, word in labels)
            lines.append(f"wenshu_{self.name}{f'{{{told}}}' if told else ''} {value}")
        return "\n".join([*lines, ""])


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _one(name: str, help: str, value: float, **labels: str) -> Metric:
    return Metric(name, help, {tuple(labels.items()): value})


def _by_state(name: str, help: str, counts: dict[str, int]) -> Metric:
    return Metric(name, help, {(("state", state),): count for state, count in counts.items()})


def measured(session: Session) -> Iterator[Metric]:
    """Every measure; those of the office where the database answers and its schema serves this program."""
    engine = session.get_bind().dialect.name
    yield _one("build_info", "The program and the kind of its database.", 1, version=VERSION, engine=engine)
    try:
        found = standing(session)
        inside = list(_of_the_office(session, engine)) if found.serves else []
    except SQLAlchemyError:
        session.rollback()
        yield _one("database_up", "Whether the database answers.", 0)
        return
    yield _one("database_up", "Whether the database answers.", 1)
    yield _one("schema_info", "The revision of the schema.", 1, revision=found.found or "")
    yield _one("schema_serves", "Whether this program can work with the schema.", int(found.serves))
    yield from inside


def _of_the_office(session: Session, engine: str) -> Iterator[Metric]:
    """What is counted by an index or in small tables: nothing that a million records make slow."""
    runs, imports, clocks, notices, digests = (
        inspect(model).local_table.c for model in (ReportRun, ImportRun, ClockRow, Notice, Digest)
    )
    moment = now()

    def count(*conditions: Any) -> int:
        return session.scalar(select(func.count()).where(*conditions)) or 0

    yield _one("database_bytes", "The size of the database.", session.scalar(_BYTES[engine]) or 0)
    states = ("waiting", "running", "failed")
    told = select(runs.state, func.count()).where(runs.state.in_(states)).group_by(runs.state)
    yield _by_state(
        "report_runs", "Files made in the background.", {**dict.fromkeys(states, 0), **_pairs(session, told)}
    )
    oldest = session.scalar(select(func.min(runs.asked_at)).where(runs.state == "waiting"))
    waits = (moment - oldest).total_seconds() if oldest else 0
    yield _one("report_run_wait_seconds", "For how long the oldest file has waited.", round(waits, 3))
    told = select(imports.state, func.count()).group_by(imports.state)
    yield _by_state(
        "import_runs", "Imports that were taken in, or undone.", {"done": 0, "undone": 0, **_pairs(session, told)}
    )
    yield _one(
        "clocks_overdue", "Limits that run and have passed.", count(clocks.state == RUNNING, clocks.due_at < moment)
    )
    latest = (session.scalar(select(func.max(notices.id))) or 0) - LOOKED_THROUGH
    unsent = count(notices.id > latest, notices.read_at.is_(None), notices.mailed_at.is_(None))
    yield _one("notices_unsent", f"Of the latest {LOOKED_THROUGH} notices, neither read nor mailed.", unsent)
    unsent = count(digests.sent_at.is_(None), digests.begun_at > moment - timedelta(days=1))
    yield _one("mails_unsent", "Morning mails begun within a day that the mail server has not taken.", unsent)
    yield _one("sessions", "People and programs signed in.", logins.count_open(session))


def _pairs(session: Session, query: Any) -> dict[str, int]:
    return dict(session.execute(query).all())
