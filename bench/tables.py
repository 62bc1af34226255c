"""What was measured, as a table people read and as figures the next run is held against."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from math import log10
from statistics import linear_regression
from typing import Any

#: How much worse a ratio may be than in the run it is held against; below, the machine's noise is all there is to see.
MARGIN = 1.3
#: Under so many milliseconds a difference is the clock's.
LEAST = 5.0
SIZES = {"10k": 1e4, "100k": 1e5, "1m": 1e6}


@dataclass
class Results:
    engine: str
    #: the largest is measured, those before it show how the times grow
    scales: list[str]
    machine: str
    #: operation -> runner -> (median milliseconds, bytes)
    screens: dict[str, dict[str, tuple[float, int]]]
    throughput: dict[str, float] = field(default_factory=dict)
    #: task -> account (or `plain`) -> seconds, idle_mb, peak_mb
    tasks: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    #: seconds to the first answer; MB of each process
    start: float = 0.0
    memory: list[float] = field(default_factory=list)

    @property
    def scale(self) -> str:
        return self.scales[-1]

    def growth(self, by: Mapping[str, tuple[float, int]]) -> float:
        """How often the time in the smallest office goes into that in the largest one."""
        return by["ours"][0] / by[self.scales[0]][0] if self.scales[0] in by else 1.0

    def exponent(self, by: Mapping[str, tuple[float, int]]) -> float:
        """The power of the number of rows with which the time grows: the slope over all scales, both logarithmic."""
        times = {scale: by["ours" if scale == self.scale else scale][0] for scale in self.scales}
        if len(times) == 1:
            return 0.0
        sizes = [log10(SIZES[scale]) for scale in times]
        return linear_regression(sizes, [log10(time) for time in times.values()]).slope

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    def ratios(self) -> dict[str, float]:
        """What is compared between runs: times as ratios inside one run, never milliseconds."""
        first = self.screens["list"]["ours"][0]
        found = {
            f"{name}, by the first list": by["ours"][0] / first for name, by in self.screens.items() if "ours" in by
        }
        found |= {f"{name}, growth": self.growth(by) for name, by in self.screens.items() if self.scales[0] in by}
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
    smaller = results.scales[-2::-1]
    head = ["operation", "ours", *(f"at {scale}" for scale in smaller), "growth", "exponent", "kB"]
    head += [f"{name} (×)" for name in others]
    yield _row(head)
    yield _row("---" for _cell in head)
    for operation, by in results.screens.items():
        if "ours" not in by:
            continue
        ours, size = by["ours"]
        held = [f"{by[name][0]:.1f} ({ours / by[name][0]:.2f})" if name in by else "–" for name in others]
        grown = [f"{results.growth(by):.2f}", f"{results.exponent(by):.2f}"]
        beside = [f"{by[scale][0]:.1f}" for scale in smaller]
        yield _row([operation, f"{ours:.1f}", *beside, *grown, f"{size / 1000:.0f}", *held])
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
