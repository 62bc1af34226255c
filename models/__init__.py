"""Tables and the rules that hold on them. Importing this package registers every table."""

from flask_appbuilder.security.sqla.models import User  # noqa: F401  ab_user, which people refer to

from app.engine import clocks, events, grants, history, ladder, numbers, record, rules, workflow  # noqa: F401
from models import (  # noqa: F401
    accountability,
    accounts,
    api_keys,
    attempts,
    circulation,
    correspondents,
    customers,
    digests,
    dispatch,
    documents,
    files,
    follow_ups,
    identities,
    logins,
    notices,
    orders,
    outgoing,
    payments,
    people,
    products,
    registers,
    second_factor,
    supervision,
    sweeping,
    tickets,
    totals,
)
