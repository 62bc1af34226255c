"""What took long to find out is shown again for a while, and says of when it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from app.engine.moments import now

#: Seconds below which a thing is found out anew each time.
QUICK = 0.02
#: So many are kept in a process.
MOST = 2_000


@dataclass(frozen=True)
class _Kept:
    value: Any
    at: datetime
    #: by the clock that never goes back
    until: float


def install(app: Flask) -> None:
    app.extensions["aged"] = {}


def aged(key: Hashable, find: Callable[[], Any]) -> tuple[Any, datetime | None]:
    """What `find` says, and of when that is where it was found out before: None for just now.

    `key` names all it depends on, whoever asks included. It is kept for as many times as long as it took as the
    setting FIGURES_KEPT says, so that no process spends more than that part of its time on it. Each has its own: what
    is kept decides nothing.
    """
    memory: dict[Hashable, _Kept] = current_app.extensions["aged"]
    kept = memory.get(key)
    begun = time.monotonic()
    if kept is not None and begun < kept.until:
        return kept.value, kept.at
    value = find()
    ended = time.monotonic()
    if ended - begun >= QUICK:
        _keep(memory, key, value, ended + (ended - begun) * current_app.config["FIGURES_KEPT"])
    return value, None


def lately(key: Hashable, find: Callable[[], Any], seconds: float, steady: Callable[[Any], bool]) -> Any:
    """What `find` says, or said within these seconds where that was `steady`: it will hardly change in them."""
    memory: dict[Hashable, _Kept] = current_app.extensions["aged"]
    kept = memory.get(key)
    if kept is not None and time.monotonic() < kept.until:
        return kept.value
    value = find()
    if steady(value):
        _keep(memory, key, value, time.monotonic() + seconds)
    return value


def _keep(memory: dict[Hashable, _Kept], key: Hashable, value: Any, until: float) -> None:
    if len(memory) >= MOST:
        memory.clear()
    memory[key] = _Kept(value, now(), until)
