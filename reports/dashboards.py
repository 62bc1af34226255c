"""What each role sees first of the house 工作台数字: declared figures of this month, each opens the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.engine.figures import Tally
from app.engine.frames import REPORTS


def tally_of(report: str) -> Tally:
    """What a report that declares its figures is counted by."""
    found = REPORTS[report].tally()
    assert found is not None
    return found


@dataclass(frozen=True)
class Tile:
    """One figure of one report; a `stock` is what there is now, anything else what came in this month."""

    report: str
    figure: str
    #: what it is called here, where the column's heading says too little by itself
    label: Any = ""
    stock: bool = False
    #: whether there should be none
    bad: bool = False

    @property
    def tally(self) -> Tally:
        return tally_of(self.report)


@dataclass(frozen=True)
class Trend:
    """One figure of one report, month by month."""

    report: str
    figure: str
    #: what it is called here, where the column's heading says too little by itself
    label: Any = ""


PAPERS = (
    Tile("incoming_papers", "received"),
    Tile("incoming_papers", "open", stock=True),
    Tile("incoming_papers", "overdue", _l("Papers overdue"), stock=True, bad=True),
)
ORDERS = (
    Tile("order_funnel", "placed"),
    Tile("order_funnel", "gross", _l("Order value")),
    Tile("order_funnel", "given_up"),
)
RETURNED = Tile("returns", "asked")
UNREAD = Tile("reading", "long_unread", stock=True, bad=True)

#: role -> its tiles, in their order; somebody with several roles sees those of the first
DASHBOARDS: dict[str, Sequence[Tile]] = {
    "report_reader": (*PAPERS, *ORDERS[:2], UNREAD),
    "office_manager": (*PAPERS, UNREAD),
    "registry_clerk": PAPERS,
    "leader": (*PAPERS, UNREAD),
    "department_head": PAPERS,
    "sales_manager": (*ORDERS, RETURNED),
    "order_administrator": (*ORDERS, RETURNED),
    "salesperson": ORDERS,
    "finance": ORDERS,
}

_RECEIVED = Trend("incoming_papers", "received")
_ORDERED = Trend("order_funnel", "gross", _l("Order value"))

#: role -> what it sees of the last twelve months, below what waits for it
TRENDS: dict[str, Sequence[Trend]] = {
    "report_reader": (_RECEIVED, _ORDERED),
    "office_manager": (_RECEIVED,),
    "sales_manager": (_ORDERED,),
    "finance": (_ORDERED,),
}
