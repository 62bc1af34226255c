"""Functions that return a table each; importing this package registers every report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import lazy_gettext as _l

from app.engine.frames import REPORTS, Report
from reports import (
    accountability,
    articles,
    callbacks,
    customers,
    daily_reviews,
    dispatch,
    dispatch_ways,
    documents,
    goods,
    money,
    numbers,
    order_ways,
    orders,
    outgoing,
    outgoing_ways,
    paper_access,
    paper_limits,
    paper_lists,
    paper_stages,
    paper_ways,
    paper_work,
    pauses,
    punctuality,
    service,
    ticket_ways,
    ticket_weeks,
    tickets,
)

#: What stands together on the page of all reports; each module belongs to one.
SECTIONS = (
    (_l("All of the house"), (punctuality, pauses)),
    (
        _l("Documents"),
        (
            documents, outgoing, numbers, paper_stages, paper_ways, paper_work, paper_limits, paper_lists,
            outgoing_ways, accountability, paper_access,
        ),
    ),
    (
        _l("Service"),
        (tickets, ticket_ways, ticket_weeks, service, callbacks, dispatch_ways, dispatch, daily_reviews, articles),
    ),
    (_l("Customers & orders"), (orders, order_ways, goods, customers, money)),
)  # fmt: skip


def sections() -> Iterator[tuple[Any, list[Report]]]:
    """The reports by section, in the order in which they were declared."""
    for label, modules in SECTIONS:
        homes = {module.__name__ for module in modules}
        yield label, [one for one in REPORTS.values() if (one.described_by or one.frame).__module__ in homes]
