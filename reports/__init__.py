"""Functions that return a table each; importing this package registers every report."""

from reports import dispatch, documents, numbers, orders, outgoing, punctuality, tickets  # noqa: F401
