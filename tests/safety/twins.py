"""The same stranger at two houses, one without the papers of side A and one with them."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import unquote_plus
from zipfile import ZipFile

from flask import Flask
from openpyxl import load_workbook
from pypdf import PdfReader

from tests.conftest import bearer, sign_in
from tests.safety import probing as doors
from tests.safety.declared import STRANGERS
from tests.safety.samples import MARKS, cookie_free

MISSING = 99_999_999
#: What is different on every page: nonce, token and key of a form, number of the request.
_CHANGES_ALWAYS = re.compile(
    r'(?<=nonce=")[\w-]+|(?<=name="csrf_token" value=")[\w.-]+|(?<=name="form_key" value=")[\w-]+|\b[0-9a-f]{12}\b'
)


class Stranger:
    """Asks both houses the same and keeps what gives the papers away; `unseen`: kind -> keys of the papers."""

    def __init__(self, apps: tuple[Flask, Flask], account: str, unseen: dict[str, list[int]]):
        self.apps, self.account, self.unseen = apps, account, unseen
        self.turn = list(STRANGERS).index(account) % 2
        self.pages = [sign_in(app, account) for app in apps]
        self.programs = [cookie_free(app) for app in apps]
        self.tokens = [bearer(app, account) for app in apps]
        self.probes, self.leaks = 0, list[str]()

    def share(self, questions: list[Any]) -> list[Any]:
        """One stranger's half of the questions: kind by kind, each question is asked by one of two, in turns."""
        return questions[self.turn :: 2]

    def ask(self, house: int, method: str, address: str, **sent: Any) -> tuple[int, str]:
        if address.startswith("/api/"):
            answer = self.programs[house].open(address, method=method, headers=self.tokens[house], **sent)
        else:
            answer = self.pages[house].open(address, method=method, **sent)
        raw = answer.get_data()
        answer.close()
        return answer.status_code, _words(raw)

    def by_id(self, method: str, way: doors.Way, sent: dict[str, Any], files: dict[tuple[str, int], int]) -> None:
        """One door for a hidden record of a kind, another at the next door: the answer is that of a missing one."""
        absent = self.ask(1, method, way.address(MISSING, MISSING), **sent)
        if absent[0] != 404:
            self.leaks.append(f"{method} {way.address(MISSING)} answers {absent[0]} for a record that is not there")
        hidden = self.unseen[way.kind]
        key = hidden[self.probes % len(hidden)]
        address = way.address(key, files.get((way.kind, key), 1))
        self._compare(f"{method} {address}", absent, self.ask(1, method, address, **sent))

    def both(self, method: str, address: str, **sent: Any) -> None:
        """The same request at both houses: the papers make no difference."""
        without, full = self.ask(0, method, address, **sent), self.ask(1, method, address, **sent)
        self._compare(f"{method} {address} {sent or ''}", without, full)

    def _compare(self, probe: str, without: tuple[int, str], full: tuple[int, str]) -> None:
        self.probes += 1
        if full[0] >= 500:
            self.leaks.append(f"{probe}: {full[0]}")
        elif full != without:
            pairs = enumerate(zip(without[1], full[1], strict=False))
            at = next((n for n, (one, other) in pairs if one != other), 0)
            cut = slice(max(at - 40, 0), at + 80)
            self.leaks.append(f"{probe}: {without[0]} and {full[0]}, {without[1][cut]!r} and {full[1][cut]!r}")
        elif probe.startswith("GET") and MARKS["a"] in full[1] and MARKS["a"] not in unquote_plus(probe):
            self.leaks.append(f"{probe}: shows {MARKS['a']}, in both houses")


def _words(raw: bytes) -> str:
    """What a page, a form or a sheet says, without what is different each time."""
    if raw[:2] == b"PK":
        with ZipFile(io.BytesIO(raw)) as parts:
            if "word/document.xml" in parts.namelist():
                return "\n".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
        return _sheet(raw)
    if raw[:5] == b"%PDF-":
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(raw)).pages)
    return _CHANGES_ALWAYS.sub("*", raw.decode())


def _sheet(raw: bytes) -> str:
    book = load_workbook(io.BytesIO(raw))
    return repr([[[cell.value for cell in row] for row in page] for page in book.worksheets])
