"""Functions that return a table each; importing this package registers every report."""

from reports import documents, numbers, orders, outgoing, punctuality, service, tickets  # noqa: F401
