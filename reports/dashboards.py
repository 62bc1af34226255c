"""What each role sees first of the house 工作台数字: declared figures of this month, each opens the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.engine.columns import Column
from app.engine.figures import Tally
from app.engine.frames import REPORTS


@dataclass(frozen=True)
class Shown:
    """One figure of one report, as my work shows it."""

    report: str
    figure: str
    #: what it is called here, where the column's heading says too little by itself
    label: Any = ""

    @property
    def tally(self) -> Tally:
        found = REPORTS[self.report].tally()
        assert found is not None
        return found

    @property
    def column(self) -> Column:
        return next(one for one in self.tally.columns() if one.name == self.figure)

    @property
    def called(self) -> str:
        return str(self.label or self.column.label)


@dataclass(frozen=True)
class Tile(Shown):
    """A figure by itself; a `stock` is what there is now, anything else what came in this month."""

    stock: bool = False
    #: whether there should be none
    bad: bool = False


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

_RECEIVED = Shown("incoming_papers", "received")
_ORDERED = Shown("order_funnel", "gross", _l("Order value"))

#: role -> what it sees of the last twelve months, below what waits for it
TRENDS: dict[str, Sequence[Shown]] = {
    "report_reader": (_RECEIVED, _ORDERED),
    "office_manager": (_RECEIVED,),
    "sales_manager": (_ORDERED,),
    "finance": (_ORDERED,),
}
