"""What was measured, as a table people read and as figures the next run is held against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import log10
from typing import Any

#: How much worse a ratio may be than in the run it is held against; below, the machine's noise is all there is to see.
MARGIN = 1.3
#: Under so many milliseconds a difference is the clock's.
LEAST = 5.0
SIZES = {"10k": 1e4, "100k": 1e5, "1m": 1e6}


@dataclass
class Results:
    engine: str
    scale: str
    small: str
    machine: str
    #: operation -> runner -> (median milliseconds, bytes)
    screens: dict[str, dict[str, tuple[float, int]]]
    throughput: dict[str, float] = field(default_factory=dict)
    #: task -> account (or `plain`) -> seconds, idle_mb, peak_mb
    tasks: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    #: seconds to the first answer; MB of each process
    start: float = 0.0
    memory: list[float] = field(default_factory=list)

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    def ratios(self) -> dict[str, float]:
        """What is compared between runs: times as ratios inside one run, never milliseconds."""
        first = self.screens["list"]["ours"][0]
        found = {
            f"{name}, by the first list": by["ours"][0] / first for name, by in self.screens.items() if "ours" in by
        }
        found |= {
            f"{name}, growth": by["ours"][0] / by["small"][0] for name, by in self.screens.items() if "small" in by
        }
        found |= {
            f"{name} as {account}, by the plain way": one["seconds"] / by["plain"]["seconds"]
            for name, by in self.tasks.items()
            for account, one in by.items()
            if account != "plain"
        }
        return found


def page(results: Results) -> str:
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    others = [name for name in results.throughput if name != "ours"]
    yield f"{results.engine}, {results.scale} orders; {results.machine}"
    yield ""
    yield "Medians in ms, all in one run; × is our time by theirs (below 1 we are faster)."
    yield ""
    head = ["operation", "ours", f"at {results.small}", "growth", "exponent", "kB", *(f"{name} (×)" for name in others)]
    yield _row(head)
    yield _row("---" for _cell in head)
    decades = log10(SIZES[results.scale] / SIZES[results.small]) or 1
    for operation, by in results.screens.items():
        if "ours" not in by:
            continue
        ours, size = by["ours"]
        growth = ours / by["small"][0]
        held = [f"{by[name][0]:.1f} ({ours / by[name][0]:.2f})" if name in by else "–" for name in others]
        exponent = f"{log10(growth) / decades:.2f}"
        yield _row(
            [operation, f"{ours:.1f}", f"{by['small'][0]:.1f}", f"{growth:.2f}", exponent, f"{size / 1000:.0f}", *held]
        )
    yield ""
    yield "Requests a second, eight clients at once: " + ", ".join(
        f"{n} {r:.0f}" for n, r in results.throughput.items()
    )
    memory = ", ".join(f"{mb:.0f}" for mb in results.memory)
    yield f"First answer after {results.start:.1f} s; {memory} MB a process, shared memory counted once."
    yield ""
    yield _row(["task", "as", "seconds", "by the plain way", "MB above idle"])
    yield _row(["---"] * 5)
    for name, accounts in results.tasks.items():
        for account, one in accounts.items():
            ratio = f"{one['seconds'] / accounts['plain']['seconds']:.2f}"
            yield _row([name, account, f"{one['seconds']:.2f}", ratio, f"{one['peak_mb'] - one['idle_mb']:.0f}"])


def _row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def risen(results: Results, before: dict[str, Any]) -> list[str]:
    """The ratios that rose beyond the margin since an earlier run, in words."""
    earlier = Results(**before).ratios()
    slow = {name for name, by in results.screens.items() if by.get("ours", (0, 0))[0] >= LEAST}
    return [
        f"{name}: {ratio:.2f}, before {earlier[name]:.2f}"
        for name, ratio in results.ratios().items()
        if name in earlier and ratio > MARGIN * earlier[name] and (name.split(",")[0] in slow or " as " in name)
    ]
