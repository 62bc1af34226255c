"""Tables and the rules that hold on them. Importing this package registers every table."""

from flask_appbuilder.security.sqla.models import User  # noqa: F401  ab_user, which people refer to

from app.engine import clocks, events, grants, history, numbers, record, workflow  # noqa: F401
from models import (  # noqa: F401
    circulation,
    correspondents,
    customers,
    dispatch,
    documents,
    files,
    identities,
    orders,
    outgoing,
    payments,
    people,
    products,
    tickets,
    totals,
)
