"""Charts as a browser draws them: a bar for each figure, as high as the figure, in light, in dark and on a telephone."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from tests.browsing import Desk, serving

NUMBER = re.compile(r"[\d,.]+")
#: The bars of a chart, from the left to the right, and the words along its axes. Decoration has no colour of its own.
DRAWN = """
() => {
  const shapes = [...document.querySelectorAll("[data-chart] svg path")]
    .map((path) => ({ fill: path.getAttribute("fill") || "none", box: path.getBBox() }))
    .filter(({ fill, box }) => fill.startsWith("#") && box.height > 0.5 && box.width > 1);
  const bars = shapes.map(({ fill, box }) => ({ fill, left: box.x, right: box.x + box.width, height: box.height }));
  const words = [...document.querySelectorAll("[data-chart] svg text")].map((text) => text.textContent);
  return { bars: bars.sort((one, other) => one.left - other.left), words };
}
"""


@pytest.fixture(scope="module")
def address(afternoon):
    with serving(afternoon) as found:
        yield found


def look(desk: Desk, report: str) -> tuple[list[Any], list[dict[str, Any]], list[str]]:
    """The figures that a report tells its chart, the bars of the chart, and its words."""
    desk.page.emulate_media(reduced_motion="reduce")  # bars stand at once
    desk.go(f"/reports/{report}?from=2000-01-01&to=2026-12-31")
    desk.page.wait_for_selector("[data-chart] svg path", state="attached")
    told = json.loads(desk.page.get_attribute("[data-chart]", "data-told"))
    [figure] = told["figures"]
    drawn = desk.page.evaluate(DRAWN)
    return [row[figure] for row in told["rows"]], drawn["bars"], drawn["words"]


@pytest.mark.parametrize("width", [1366, 360])
@pytest.mark.parametrize("report", ["order_summary", "turnaround", "incoming_papers", "order_funnel"])
def test_bars_are_as_high_as_their_figures(browser, address, report, width):
    desk = Desk(browser, address, "manager", locale="en-GB", width=width)
    figures, bars, words = look(desk, report)
    shown = [float(figure) for figure in figures if figure]
    assert len(shown) > 1 and len(bars) == len(shown)
    unit = bars[0]["height"] / shown[0]
    assert [bar["height"] for bar in bars] == pytest.approx([figure * unit for figure in shown], abs=1)
    assert all(bar["right"] <= following["left"] for bar, following in pairwise(bars))
    assert max(float(word.replace(",", "")) for word in words if NUMBER.fullmatch(word)) >= max(shown)
    assert desk.errors == [] and desk.foreign == []
    desk.context.close()


def test_a_chart_follows_the_theme(browser, address):
    desk = Desk(browser, address, "manager")
    _figures, light, _words = look(desk, "order_summary")
    desk.page.emulate_media(color_scheme="dark")
    desk.page.wait_for_function(
        "fill => ![...document.querySelectorAll('[data-chart] svg path')].some(p => p.getAttribute('fill') === fill)",
        arg=light[0]["fill"],
    )
    dark = desk.page.evaluate(DRAWN)["bars"]
    assert [bar["height"] for bar in dark] == [bar["height"] for bar in light]
    assert {bar["fill"] for bar in dark}.isdisjoint(bar["fill"] for bar in light)
    desk.context.close()
