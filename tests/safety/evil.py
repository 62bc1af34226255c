"""What no form would send: values that break out of a number, a text, a date, a file or a page of JSON."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from werkzeug.routing import Rule

from app.engine.fields import Field, fields_of

#: Words of the inside of the house; none of the values below holds one.
INSIDE = re.compile(
    r"Traceback|sqlalchemy|sqlite3|psycopg|werkzeug\.|\[SQL|site-packages|SELECT .+ FROM|INSERT INTO .+ VALUES|UPDATE .+ SET"
)

EVIL = (
    "", " ", "0", "-1", "-0", "1.5", "1e400", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "١٢", "²", "Ⅷ", "１２", "〇",
    "2147483648", "9223372036854775808", "99999999999999999999", "9" * 5000, "-" + "9" * 400, "1e-400", "1" * 40 + ".5",
    "\x00", "a\x00b", "\ud800", "a\udfffb", "\ufeff", "\u202e", "\u200b", "\r\nX-Evil: 1", "\x1b[31m", "\x7f\x85\u2028",
    "%", "_", "\\", "%%s%n", "%(name)s", "{0}", "{{7*7}}", "${7*7}", "<script>", "'", '"', "';--", "' OR '1'='1", "1;", "`",
    "true", "false", "null", "None", "[]", "{}", "../../etc/passwd", "..\\..", "C:\\", "/", "//evil.example", "?", "#", "&=",
    "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-13-01", "2026-03-02T25:00", "2026-03-02T09:00+99:00",
    "1900-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00", "2026-W10-1", "20260302", "2026-03-02 09:00:00.123456789",
    "文" * 300, "𝕏" * 120, "e\u0301" * 50, "a" * 30_000, "=1+1", "+1", "@x", "-a", "\t=1", "id", "version", "state", "search_text",
    "-id", "--id", "-", "password", "user", "__class__", "mine", "open", "late", "xlsx", "csv", "month", "orders", "documents",
)  # fmt: skip
JSON_EVIL = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1.5, 1e308, -0.0, [], {}, [[]], [None], {"a": 1}, [1, "a", {}], [[[[]]]],
    {"id": 1}, {"id": "1", "text": "x"}, [{"product": 1}], [{"product": None, "quantity": []}], [{}] * 30,
)  # fmt: skip
RAW = (
    b"", b"{", b"[]", b"null", b'"x"', b"1", b"NaN", b'{"a":NaN}', b'{"a":1e999}', b"\xff\xfe", b"\x00", b'{"a":"\\ud800"}',
    b'{"version":1,"version":2}', b"[" * 2000, b'{"a":' * 1000, b"1" * 5000, "{\"名\": 1}".encode("gb18030"), b"a=b&c=d",
)  # fmt: skip
FILES = (
    b"", b"\x00", b"a,b\n1,2\n", b"PK\x03\x04broken", b"\xff\xfe", b"\x1f\x8b\x08\x00broken", b"name\n" + b"x" * 70_000, b'name\n"unclosed',
    b"name;title\n1;2", b"\xef\xbb\xbfname\n\xd6\xd0\n", b"id,version\n1,1\n", b"name,name\na,b\n", b",,,\n,,,\n", b"name\r\ra\r\n",
)  # fmt: skip

PLAIN = {
    "integer": "3", "quantity": "2.5", "price": "7.7", "money": "77.70", "rate": "0.07", "date": "2026-03-02",
    "moment": "2026-03-02T09:00", "flag": "1", "reference": "1", "references": "1",
}  # fmt: skip


LINE = {"order_lines-0-product": "1", "order_lines-0-quantity": "1", "order_lines-0-price": "1"}


def plausible(fields: dict[str, Field]) -> dict[str, Any]:
    """A form as it might be filled in, so that one evil answer among good ones gets as far as the table."""
    filled = {name: next(iter(f.choices)) if f.choices else PLAIN.get(f.kind, "文枢") for name, f in fields.items()}
    return {**filled, "version": "1", **LINE} | ({"anonymous": ""} if "anonymous" in fields else {})


def asked(rule: Rule, model: Any, name: str) -> dict[str, Field]:
    """The fields a request to this route may name."""
    flow = getattr(model, "flow", None)
    if "name" in rule.arguments and flow and name in flow.steps:
        return flow.steps[name].asks
    return fields_of(model) if model else {}


def sendable(text: str) -> str:
    """Half a character cannot be sent in a form; what arrives in its place is sent instead."""
    return text.encode("utf-8", "replace").decode()


def quoted(text: str) -> str:
    """`text` as one part of a path."""
    return quote(sendable(text), safe="") or "1"


def upload(name: str, raw: bytes) -> dict[str, Any]:
    """What a form with one file sends, whatever the file's name and content."""
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{sendable(name)}"\r\n\r\n'
    return {"content_type": "multipart/form-data; boundary=x", "data": head.encode() + raw + b"\r\n--x--\r\n"}
