"""Tables and the rules that hold on them. Importing this package registers every table."""

from flask_appbuilder.security.sqla.models import User  # noqa: F401  ab_user, which people refer to

from app.engine import clocks, events, grants, history, numbers, record, rules, workflow  # noqa: F401
from models import (  # noqa: F401
    accounts,
    api_keys,
    attempts,
    circulation,
    correspondents,
    customers,
    destruction,
    dispatch,
    documents,
    envelope_contents,
    envelope_defects,
    envelope_lines,
    envelopes,
    fates,
    files,
    identities,
    logins,
    orders,
    outgoing,
    payments,
    people,
    products,
    registers,
    second_factor,
    tickets,
    totals,
)
