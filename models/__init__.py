"""Tables and the rules that hold on them. Importing this package registers every table."""

from flask_appbuilder.security.sqla.models import User  # noqa: F401  ab_user, which people refer to

from app.engine import clocks, events, grants, history, numbers, record, rules, workflow  # noqa: F401
from models import (  # noqa: F401
    accounts,
    api_keys,
    assignments,
    attempts,
    circulation,
    circulation_rules,
    closing,
    copies,
    correspondents,
    customers,
    deciding,
    dispatch,
    documents,
    entries,
    extensions,
    files,
    handling,
    identities,
    instructions,
    logins,
    orders,
    outgoing,
    paper_orders,
    payments,
    people,
    prints,
    products,
    registers,
    second_factor,
    tasks,
    tickets,
    totals,
)
