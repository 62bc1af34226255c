"""Who may do what: roles and their rights as one table.

A right is `read`, `add`, `edit`, `import`, `export`, the name of a workflow step, or `*` for all of them. Which rows a
role reaches is said by each model's `visible_to`; this table says what may be done with them.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

READ = "read"
KEEP = "read add edit"

TABLE: dict[str, dict[str, str]] = {
    "administrator": {
        "departments": "*", "people": "*", "clock_rules": f"{KEEP} export", "calendar_days": f"{KEEP} import export",
        "accounts": "*",
    },
    "office_manager": {
        "departments": "*", "people": "*", "correspondents": "*", "incoming_documents": "*",
        "circulation_entries": "read import export skip offer_again withdraw", "clock_rules": f"{KEEP} export",
        "calendar_days": f"{KEEP} import export", "reports": READ,
    },
    "registry_clerk": {
        "departments": READ, "people": READ, "correspondents": f"{KEEP} import export",
        "incoming_documents": (
            f"{KEEP} import export propose instruct_reading circulate end_by_sender suspend go_on close"
        ),
        "circulation_entries": "read import export skip offer_again withdraw", "reports": READ,
        "clock_rules": READ, "calendar_days": READ,
    },
    "leader": {
        "people": READ, "departments": READ,
        "incoming_documents": "read instruct instruct_reading circulate send_back close return_to_sender",
        "circulation_entries": "read mark_read answer", "reports": READ,
    },
    "department_head": {
        "people": READ, "departments": READ, "incoming_documents": "read export report_result",
        "circulation_entries": "read export mark_read answer",
    },
    "department_user": {
        "people": READ, "departments": READ, "incoming_documents": "read report_result",
        "circulation_entries": "read mark_read answer",
    },
    "archivist": {"incoming_documents": "read export", "circulation_entries": READ, "people": READ},
    "auditor": dict.fromkeys(("departments", "people", "correspondents", "incoming_documents", "circulation_entries", "history"), READ),
    "report_reader": {"reports": READ},
    "call_taker": {"people": READ},
    "shift_leader": {"people": READ},
    "service_manager": {"people": READ, "reports": READ},
    "salesperson": {"people": READ},
    "order_administrator": {"people": READ},
    "finance": {"people": READ, "reports": READ},
    "warehouse": {"people": READ},
}  # fmt: skip

ROLES = {role: {kind: frozenset(rights.split()) for kind, rights in kinds.items()} for role, kinds in TABLE.items()}

#: What the roles are called in the house.
LABELS = {
    "administrator": _l("Administrator"),
    "office_manager": _l("Office manager"),
    "registry_clerk": _l("Registry clerk"),
    "leader": _l("Leader"),
    "department_head": _l("Head of department"),
    "department_user": _l("Department user"),
    "archivist": _l("Archivist"),
    "auditor": _l("Auditor"),
    "report_reader": _l("Manager, reports only"),
    "call_taker": _l("Call taker"),
    "shift_leader": _l("Shift leader"),
    "service_manager": _l("Customer service manager"),
    "salesperson": _l("Salesperson"),
    "order_administrator": _l("Order administrator"),
    "finance": _l("Finance"),
    "warehouse": _l("Warehouse"),
}


def framework_roles() -> dict[str, list[list[str]]]:
    """The same table as Flask-AppBuilder's built-in roles, for its own checks on API routes."""
    return {
        role: [[f"^{'.*' if kind == '*' else kind}$", f"^can_({'.*' if '*' in rights else '|'.join(sorted(rights))})$"]
               for kind, rights in kinds.items()]
        for role, kinds in ROLES.items()
    }  # fmt: skip
