"""A house at work over the programs' door, for the scenarios: each person with a key of their own, refusals in English.

Every walk goes through roles, visibility and form checks as people meet them; nothing is done behind the office's back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask

from app.engine import access
from app.engine.moments import now
from app.extensions import db
from models.correspondents import Correspondent
from models.people import Department, Person
from tests.conftest import bearer

FINE = {"to_us": "yes", "count_matches": "yes", "number_matches": "yes", "intact": "yes"}


class House:
    """The demo office; `people` are full names by account."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._keys: dict[str, dict[str, str]] = {}

    def _sent(self, who: str, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        if who not in self._keys:
            self._keys[who] = {**bearer(self.app, who), "Accept-Language": "en"}
        answer = getattr(self.app.test_client(), method)(
            f"/api/v1/{path}", headers=self._keys[who], json=body, query_string=query
        )
        if answer.status_code == 401:  # a key lives for a while only, and scenarios take weeks
            del self._keys[who]
            return self._sent(who, method, path, body, **query)
        return answer

    def add(self, who: str, kind: str, /, **values: Any) -> dict[str, Any]:
        answer = self._sent(who, "post", f"{kind}/", values)
        assert answer.status_code == 201, (who, kind, answer.status_code, answer.text)
        return answer.json

    def not_added(self, who: str, kind: str, /, **values: Any) -> tuple[int, str]:
        """How an addition is refused: the status and the words."""
        answer = self._sent(who, "post", f"{kind}/", values)
        assert answer.status_code >= 400, (who, kind, answer.text)
        return answer.status_code, answer.text

    def take(self, who: str, kind: str, pk: int, step: str, /, **answers: Any) -> dict[str, Any]:
        answer = self._sent(who, "post", f"{kind}/{pk}/{step}", answers)
        assert answer.status_code == 200, (who, step, answer.status_code, answer.text)
        return answer.json

    def refused(self, who: str, kind: str, pk: int, step: str, /, **answers: Any) -> tuple[int, str]:
        """How a step is refused: the status and the words; what it was tried on stays as it was."""
        before = self._sent("auditor", "get", f"{kind}/{pk}").json
        answer = self._sent(who, "post", f"{kind}/{pk}/{step}", answers)
        assert answer.status_code >= 400, (who, step, answer.text)
        assert self._sent("auditor", "get", f"{kind}/{pk}").json == before
        return answer.status_code, answer.text

    def see(self, who: str, kind: str, pk: int) -> dict[str, Any]:
        answer = self._sent(who, "get", f"{kind}/{pk}")
        assert answer.status_code == 200, (who, kind, answer.text)
        return answer.json

    def hidden(self, who: str, kind: str, pk: int) -> bool:
        return self._sent(who, "get", f"{kind}/{pk}").status_code in (403, 404)

    def find(self, who: str, kind: str, /, **wanted: Any) -> list[dict[str, Any]]:
        """The records of a kind, the oldest first."""
        answer = self._sent(who, "get", f"{kind}/", None, page_size=100, **wanted)
        assert answer.status_code == 200, (who, kind, answer.text)
        return list(reversed(answer.json["result"]))

    def correct(self, who: str, kind: str, pk: int, /, **values: Any) -> dict[str, Any]:
        """Change fields as the form does, with what was odd about it read."""
        version = self.see(who, kind, pk)["version"]
        answer = self._sent(who, "put", f"{kind}/{pk}", {**values, "version": version, "confirmed": True})
        assert answer.status_code == 200, (who, kind, answer.text)
        return answer.json

    def not_corrected(self, who: str, kind: str, pk: int, /, **values: Any) -> tuple[int, str]:
        """How a change of fields is refused: the status and the words."""
        version = self.see(who, kind, pk)["version"]
        answer = self._sent(who, "put", f"{kind}/{pk}", {**values, "version": version, "confirmed": True})
        assert answer.status_code >= 400, (who, kind, answer.text)
        return answer.status_code, answer.text

    def hire(self, name: str, department: str, position: str, **more: Any) -> None:
        """Somebody without an account of their own, as many leaders are."""
        with self.app.app_context(), access.system():
            unit = db.session.query(Department).filter_by(name=department).one()
            db.session.add(Person(name=name, department=unit, position=position, **more))
            db.session.commit()

    def alter(self, name: str, **values: Any) -> None:
        """The office's file of a person is changed."""
        with self.app.app_context(), access.system():
            person = db.session.query(Person).filter_by(name=name).one()
            for field, value in values.items():
                setattr(person, field, value)
            db.session.commit()
        self._keys.clear()

    def know(self, *names: str) -> None:
        """Correspondents that are not in the demo's list."""
        with self.app.app_context(), access.system():
            db.session.add_all(Correspondent(name=name) for name in names)
            db.session.commit()

    def entry_of(self, reader: str, document: int) -> dict[str, Any]:
        """The latest circulation entry of a reader."""
        mine = self.find("clerk", "circulation_entries", document=document)
        return [one for one in mine if one["reader"]["text"] == reader][-1]

    def sweep(self) -> None:
        """The clock on the wall does its round."""
        from models.sweeping import sweep

        with self.app.app_context():
            sweep(db.session)
            db.session.remove()


def moment(text: str) -> datetime:
    from app.engine.moments import parse_moment

    return parse_moment(text)


def due(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["due_at"])


def in_days(days: float) -> str:
    from datetime import timedelta

    return (now() + timedelta(days=days)).replace(microsecond=0).isoformat()
