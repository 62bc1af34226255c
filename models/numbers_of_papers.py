"""Numbers of papers 发文字号 as senders write them, in every bracket style, brought into the form of the standard."""

from __future__ import annotations

import re

_OPENING = "〔[(（［【〈﹝<＜《｛{〖「"
_CLOSING = "〕])）］】〉﹞>＞》｝}〗」"
_BRACKETS = re.escape(_OPENING + _CLOSING)
_WIDE = {ord("０") + n: ord("0") + n for n in range(10)}

_HEAD = rf"(?P<code>[^0-9{_BRACKETS}]+)[{re.escape(_OPENING)}]\s*(?P<year>[0-9]{{4}})\s*[{re.escape(_CLOSING)}]"
_WHOLE = re.compile(rf"{_HEAD}\s*第?\s*(?P<serial>[0-9]{{1,6}})\s*[号號]?")
_HALF = re.compile(rf"{_HEAD}\s*第?\s*[号號]?")


def tidied(text: str) -> str:
    """A sender's number as `代字〔年〕序号号`; one of an unknown shape is trimmed, its digits made narrow, no more.

    No leading noughts: the standard numbers from 1 (不编虚位).
    """
    plain = text.strip().translate(_WIDE)
    found = _WHOLE.fullmatch(plain)
    code = "".join(found["code"].split()) if found else ""
    return f"{code}〔{found['year']}〕{int(found['serial'])}号" if found and code else plain


def unfinished(text: str | None) -> bool:
    """Whether the number has its code and year and still lacks the serial: a proposed one nobody went on with."""
    return bool(text and _HALF.fullmatch(text.strip()))


def year_of(text: str | None) -> int | None:
    """The year a number names between its brackets."""
    found = _WHOLE.fullmatch((text or "").strip().translate(_WIDE))
    return int(found["year"]) if found else None
