"""Functions that return a table each; importing this package registers every report."""

from reports import (  # noqa: F401
    articles,
    callbacks,
    customers,
    daily_reviews,
    dispatch,
    documents,
    money,
    numbers,
    order_ways,
    orders,
    outgoing,
    paper_ways,
    punctuality,
    service,
    tickets,
)
