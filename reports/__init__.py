"""Functions that return a table each; importing this package registers every report."""

from reports import documents, punctuality  # noqa: F401
