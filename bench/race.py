"""The race: every operation asked in turns of ours and of the others, so that a noisy minute is noisy for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from statistics import median

from bench.screens import Screen

TIMES = 20
#: Each is asked so often before, or so many seconds: a server that runs all day has planned its statements.
WARM, WARM_SECONDS = 16, 2.0
#: Clients at once, and how many seconds they ask.
CLIENTS, SECONDS = 8, 5.0


def race(runners: Mapping[str, Mapping[str, Screen]], times: int = TIMES) -> dict[str, dict[str, tuple[float, int]]]:
    """Operation -> runner -> median milliseconds of `times` requests, and the bytes of the answer.

    Raises `AssertionError` where an answer is not the one asked for: a fast error is no result.
    """
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for operation in dict.fromkeys(name for screens in runners.values() for name in screens):
        taken: dict[str, list[float]] = {}
        sizes: dict[str, int] = {}
        asked = {runner: screens[operation] for runner, screens in runners.items() if operation in screens}
        for runner, screen in asked.items():
            _warm(f"{runner}: {operation}", screen)
        for _turn in range(times):
            for runner, screen in asked.items():
                lasted, sizes[runner] = _timed(f"{runner}: {operation}", screen)
                taken.setdefault(runner, []).append(lasted)
        found[operation] = {runner: (median(all_of), sizes[runner]) for runner, all_of in taken.items()}
    return found


def _warm(what: str, screen: Screen) -> None:
    end = time.perf_counter() + WARM_SECONDS
    for _turn in range(WARM):
        _timed(what, screen)
        if time.perf_counter() > end:
            break


def _timed(what: str, screen: Screen) -> tuple[float, int]:
    if screen.before:
        screen.before()
    begun = time.perf_counter()
    status, body = screen.ask()
    lasted = (time.perf_counter() - begun) * 1000
    assert status == screen.answers, f"{what} answered {status}"
    return lasted, len(body)


def throughput(clients: Callable[[], Callable[[], tuple[int, bytes]]]) -> float:
    """Requests a second of `CLIENTS` clients at once, each made by `clients`."""
    asks = [clients() for _n in range(CLIENTS)]
    counts = [0] * CLIENTS
    end = time.perf_counter() + SECONDS

    def work(number: int) -> None:
        while time.perf_counter() < end:
            status, _body = asks[number]()
            assert status == 200
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS
