"""Who may do what: roles and their rights as one table.

A right is `read`, `add`, `edit`, `import`, `export`, the name of a workflow step, or `*` for all of them. Which rows a
role reaches is said by each model's `visible_to`; this table says what may be done with them.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

READ = "read"
KEEP = "read add edit"
#: Whoever is named as a reader opens, reads and answers, whatever else their role is for.
_READER = "open mark_read answer"
#: Whoever a caller wanted to speak to gets the message, and calls back.
_MESSAGES = {"calls_owed": "read reveal note_try keep", "call_attempts": READ}
#: Whoever has a copy that its issuer wants back finds it, and gives it to the registry.
_HOLDS = {"return_items": READ}
#: Those who have nothing else to do with papers; they find what goes round to them, and what is open to all.
_READS_ROUNDS = {"incoming_documents": READ, "circulation_entries": f"{READ} {_READER}", **_MESSAGES}
#: What the desk does on the telephone.
_CALLS = "note_try rate keep pass_on do_without"
#: What the registry does with papers that go round.
_ENTRIES = "offer transcribe skip offer_again move withdraw exempt remind classify"
_ROUNDS = "make_copies start choose_mode stop gather finish"
#: What a paper of the house goes through, from its draft to its last recipient.
_DRAFT = "begin hand_in record_discussion end_countersigning add_joint_issuer remove_joint_issuer withdraw"
_APPROVE = "pass_text send_back recheck open_again sign_anew record_joint_signature"
_ISSUE = "number_it print_it proofread print_again waive_proof seal look_over issue deposit account_for_waste file_it"
_COUNTERSIGN = "agree reserve object_to settle carry"
_SEND = "send sign_for take_slip strike_out come_back register_as_incoming"
#: What the hotline does with a dispatch order, and what the unit does.
_HOTLINE = "issue accept rework grant_extension refuse_extension extend cancel"
_UNIT = "attach sign mark_contacted ask_extension feed_back hand_back"
#: What whoever administers orders does with one.
_ORDERS = (
    "place note_call confirm mark_invalid assign ship receive refuse_delivery complete cancel hold resume close_short "
    "record_payment use_credit give_link withdraw_link"
)
#: What customers ask for about their orders, and what it costs.
_ASKED = {"amendments": "read add export", "amendment_lines": READ, "order_returns": "read add export",
          "difference_orders": READ}  # fmt: skip
#: Library and desk: what answers are written, and what is looked up.
_LIBRARY = {"articles": READ, "article_versions": READ, "referrals": READ}
_LOOKS_UP = {**_LIBRARY, "knowledge_gaps": READ, "script_cards": READ, "conduct_items": READ, "conduct_sheets": READ}
_WRITES = "submit revise drop_revision rewrite"
#: What a shipment goes through; the order administrator marks it, the warehouse alone signs for it and gives it back.
_MARK = "start_picking ship deliver refuse take_back lose call_off"
_SHIP = f"{_MARK} hand_over recall"
_COPIES = "hand_out take_back confirm_hand_on report_lost find_again give_back"

#: Whoever takes tables in sees the own imports, and takes them back.
_IMPORTS = {"import_runs": "read undo"}
#: What becomes of a refund once it was asked for.
_REFUNDS = "apply tell_customer approve pay_out refuse"
#: What everybody who works at the desk reads of its days.
_DESK_DAYS = {
    "duty_shifts": READ, "shift_hand_overs": READ, "hand_over_items": READ, "staff_clearances": READ,
    "desk_procedures": READ, "corrections": "read finish", "improvements": "read begin_action carry_out",
    "orders": "read accept_work", "order_lines": READ,
}  # fmt: skip
#: What somebody elsewhere in the house is to put right or to do better.
_PUTS_RIGHT = {"corrections": "read finish", "improvements": "read begin_action carry_out"}

#: What customers have beside them, for those who read it only.
_BESIDE_CUSTOMERS = {"platform_identities": READ, "customer_owners": READ, "regions": READ, "customer_grades": READ}
#: What whoever keeps customers does with that.
_KEEPS_CUSTOMERS = {
    "platform_identities": f"{KEEP} import export delete", "customer_owners": "read export",
    "regions": f"{KEEP} import export delete", "customer_grades": f"{KEEP} import export",
}  # fmt: skip
_RECEIVES = {"customer_handovers": READ, "handover_lines": "read confirm_customer"}

TABLE: dict[str, dict[str, str]] = {
    "administrator": {
        "import_runs": "read export undo",
        "escalation_rungs": f"{KEEP} export", "note_templates": f"{KEEP} export",
        "customers": "read break_glass", "customer_contacts": READ, "products": f"{KEEP} import export",
        "product_prices": f"{KEEP} import export",
        **_BESIDE_CUSTOMERS, "regions": f"{KEEP} import export delete", "customer_grades": f"{KEEP} export",
        "incoming_documents": "break_glass", "outgoing_documents": "break_glass", "service_tickets": "break_glass",
        "orders": "break_glass",
        "departments": f"{KEEP} import export delete", "people": f"{KEEP} import export delete", "clock_rules": f"{KEEP} export", "rules": f"{KEEP} export", "registers": f"{KEEP} export delete", "outgoing_series": f"{KEEP} export delete", "calendar_days": f"{KEEP} import export",
        "accounts": "*", "bin": READ, "emergency": READ, "correspondents": "read delete",
    },
    "office_manager": {
        "import_runs": "read export undo",
        "daily_reviews": "read add export look_again sign", "review_lines": "read export remark_on find_fault",
        "corrections": "read export finish verify send_back",
        "improvements": f"{KEEP} export begin_action carry_out judge_effective judge_ineffective",
        "duty_shifts": f"{KEEP} import export delete", "shift_hand_overs": "read export", "hand_over_items": "read export",
        "staff_clearances": f"{KEEP} import export withdraw", "desk_procedures": f"{KEEP} export",
        "outgoing_series": "*", "number_reservations": "read add export keep_longer void release",
        "follow_ups": "read export name_officer ask answer report decide", "follow_up_notes": READ,
        "escalation_rungs": f"{KEEP} export", "supervisions": "*", "accountability_cases": f"{KEEP} export hear conclude",
        "bin": READ, "customers": "*", "customer_contacts": "*", "products": "*", "orders": "*", "order_lines": "*",
        "amendments": "read add export reveal give_back keep", "amendment_lines": "read export",
        "order_returns": "read add export note_recalled note_gone", "difference_orders": "read export match cancel",
        "payments": "*", "payment_allocations": "read export", "refunds": f"read add export {_REFUNDS}",
        "product_prices": "*", "stock_movements": "read add export", "reservations": "read export release",
        "shipments": f"{KEEP} export {_SHIP}", "shipment_lines": "read export",
        **_KEEPS_CUSTOMERS, "customer_handovers": "*", "handover_lines": "read export give_to",
        "departments": "*", "people": "*", "correspondents": "*", "incoming_documents": "*",
        "assignments": "read export receive note overrule ask_again", "extension_requests": "read add export recommend grant refuse",
        "paper_orders": "*",
        "circulation_entries": f"read import export {_ENTRIES} {_READER}", "clock_rules": f"{KEEP} export",
        "circulations": f"read export add_reader {_ROUNDS}", "paper_copies": f"read export write_off {_COPIES}",
        "copy_movements": "read export", "supplementary_tasks": "read export finish drop",
        "rules": f"{KEEP} export", "registers": "*", "calendar_days": f"{KEEP} import export", "reports": READ,
        "service_tickets": "*", "dispatch_orders": "*", "visitors": "*", "calls_owed": "*", "call_attempts": READ,
        "note_templates": f"{KEEP} export", "unit_links": "read add export revoke",
        "articles": "*", "article_versions": "read export", "knowledge_gaps": "*", "referrals": "*", "script_cards": "*",
        "conduct_items": "*", "conduct_sheets": "*",
        "envelopes": "*", "envelope_lines": "*", "envelope_defects": "*", "holds": "*", "return_campaigns": "*",
        "return_items": "*", "destruction_lists": f"{KEEP} import export hand_in appraise execute certify",
        "destruction_entries": f"{KEEP} import export",
        "outgoing_documents": f"{KEEP} import export {_DRAFT} {_APPROVE} {_ISSUE} number_late void recall annul",
        "countersignatures": f"read export {_COUNTERSIGN}", "recipients": f"{KEEP} export {_SEND}",
    },
    "registry_clerk": {
        **_IMPORTS,
        **_MESSAGES,
        "outgoing_series": f"{KEEP} export", "number_reservations": "read add export keep_longer release",
        "follow_ups": "read export name_officer ask answer report", "follow_up_notes": READ, "escalation_rungs": READ,
        "bin": READ, "departments": READ, "people": READ, "correspondents": f"{KEEP} import export delete",
        "incoming_documents": (
            f"{KEEP} import export screen propose instruct_reading circulate end_by_sender go_on close pass_on "
            "transcribe pass_over tell_leader answer_sender file_it mark_for_return hold"
        ),
        "assignments": "read export", "extension_requests": READ, "paper_orders": "read export carry_out",
        "circulation_entries": f"read import export {_ENTRIES} {_READER}", "reports": READ,
        "circulations": f"read export {_ROUNDS}", "paper_copies": f"read export {_COPIES}",
        "copy_movements": "read export", "supplementary_tasks": "read export finish drop",
        "clock_rules": READ, "rules": READ, "registers": READ, "calendar_days": READ,
        "envelopes": (
            f"{KEEP} import export present await_it sign_for refuse unseal forward_unopened record_receipt report_discrepancy "
            "reconcile return_receipt register_paper"
        ),
        "holds": f"{KEEP} export keep_longer release",
        "return_campaigns": f"{KEEP} export collect hand_back close",
        "return_items": "read export take_in report_missing", "destruction_lists": READ, "destruction_entries": READ,
        "envelope_lines": "read export", "envelope_defects": "read edit export ask_sender note_answer make_good",
        "outgoing_documents": f"{KEEP} import export {_DRAFT} record_joint_signature {_ISSUE}",
        "countersignatures": "read export", "recipients": f"{KEEP} export {_SEND}",
    },
    "leader": {
        "daily_reviews": READ, "review_lines": READ, "corrections": READ,
        "improvements": f"{KEEP} judge_effective judge_ineffective", "shift_hand_overs": READ, "hand_over_items": READ,
        "duty_shifts": READ, "staff_clearances": READ, "desk_procedures": READ,
        **_MESSAGES,
        "outgoing_series": READ,
        "follow_ups": "read answer decide", "follow_up_notes": READ, "supervisions": "read add edit ask_evidence find satisfy reopen escalate",
        "accountability_cases": "read add hear decide conclude file_appeal",
        "customers": READ, "customer_contacts": READ, "products": READ, "orders": READ, "order_lines": READ,
        "product_prices": READ, "stock_movements": READ, "reservations": READ, "shipments": READ, "shipment_lines": READ,
        **_BESIDE_CUSTOMERS, "customer_handovers": "read approve reject", "handover_lines": READ,
        "people": READ, "departments": READ,
        "incoming_documents": (
            "read instruct instruct_reading circulate write_instruction order_relay order_copy state_limit send_back "
            "reopen close return_to_sender"
        ),
        "assignments": "read ask_again overrule", "extension_requests": "read grant refuse",
        "paper_orders": "read cancel", "registers": READ,
        "circulation_entries": f"read withdraw exempt {_READER}", "reports": READ,
        "circulations": "read add_reader stop answer_summary", "paper_copies": "read hand_on",
        "supplementary_tasks": READ,
        "service_tickets": "read close", "dispatch_orders": READ,
        **_LIBRARY, "articles": "read withdraw", "knowledge_gaps": READ, "script_cards": READ,
        "envelopes": "read confirm_receipt register_paper",
        "holds": READ, "return_campaigns": READ, "return_items": READ, "destruction_entries": READ,
        "destruction_lists": "read approve send_back reject",
        "outgoing_documents": "read add edit order pass_review sign withdraw_signature send_back recall annul",
        "countersignatures": f"read {_COUNTERSIGN}", "recipients": READ,
    },
    "department_head": {
        **_PUTS_RIGHT, "desk_procedures": READ,
        **_MESSAGES, **_HOLDS,
        **_LIBRARY, "knowledge_gaps": READ,
        "outgoing_series": READ, "number_reservations": "read add keep_longer release",
        "follow_ups": "read export ask answer report", "follow_up_notes": READ, "supervisions": "read give_evidence",
        "accountability_cases": "read file_appeal",
        "reports": READ, "envelopes": "read confirm_receipt register_paper",
        "people": READ, "departments": READ, "incoming_documents": "read export report_result answer_sender",
        "assignments": "read export receive note give_opinion ask_again overrule",
        "extension_requests": "read add withdraw", "paper_orders": "read carry_out",
        "circulation_entries": f"read export {_READER}",
        "paper_copies": "read hand_on", "supplementary_tasks": "read export finish",
        "service_tickets": READ, "dispatch_orders": f"read export {_UNIT} confirm_reply decline_reply",
        "outgoing_documents": (
            f"{KEEP} export {_DRAFT} proofread print_again waive_proof pass_text send_back sign withdraw_signature deposit"
        ),
        "countersignatures": f"read export {_COUNTERSIGN}", "recipients": "read sign_for register_as_incoming",
    },
    "department_user": {
        **_PUTS_RIGHT, "desk_procedures": READ,
        **_MESSAGES, **_HOLDS,
        **_LIBRARY, "knowledge_gaps": READ,
        "outgoing_series": READ, "number_reservations": "read keep_longer release",
        "follow_ups": "read ask answer report", "follow_up_notes": READ, "supervisions": "read give_evidence",
        "accountability_cases": "read file_appeal",
        "people": READ, "departments": READ, "incoming_documents": "read report_result answer_sender",
        "assignments": "read receive note give_opinion ask_again overrule",
        "extension_requests": "read add withdraw", "paper_orders": "read carry_out",
        "envelopes": "read confirm_receipt register_paper",
        "circulation_entries": f"read {_READER}", "service_tickets": READ,
        "paper_copies": "read hand_on", "supplementary_tasks": "read finish",
        "dispatch_orders": f"read {_UNIT}",
        "outgoing_documents": f"{KEEP} {_DRAFT} proofread print_again waive_proof",
        "countersignatures": "read settle carry", "recipients": "read register_as_incoming",
    },
    "archivist": {
        **_MESSAGES,
        "outgoing_series": READ,
        "incoming_documents": "read export", "outgoing_documents": "read export file_it",
        "circulation_entries": f"read {_READER}", "countersignatures": READ, "recipients": READ,
        "people": READ, "registers": READ, "assignments": READ, "extension_requests": READ, "paper_orders": READ,
        "circulations": READ, "paper_copies": "read export", "copy_movements": READ,
        "holds": f"{KEEP} export keep_longer release", "return_campaigns": READ, "return_items": READ,
        "destruction_lists": f"{KEEP} export hand_in appraise execute certify", "destruction_entries": "read export",
    },
    "report_officer": {
        **_READS_ROUNDS, "people": READ, "departments": READ, "service_tickets": "read close", "sealed_identities": "read reveal",
        "identity_requests": "*",
    },
    "auditor": dict.fromkeys(
        (
            "departments", "people", "correspondents", "incoming_documents", "outgoing_documents",
            "circulation_entries", "service_tickets", "dispatch_orders", "calls_owed", "call_attempts", "note_templates", "unit_links",
            "customers", "customer_contacts", "products", "platform_identities", "customer_owners", "regions",
            "customer_grades", "customer_handovers", "handover_lines",
            "assignments", "extension_requests", "paper_orders",
            "circulations", "paper_copies", "copy_movements", "supplementary_tasks",
            "orders", "order_lines", "payments", "payment_allocations", "refunds", "amendments", "amendment_lines",
            "order_returns", "difference_orders", "product_prices", "stock_movements", "reservations", "shipments",
            "shipment_lines", "clock_rules", "rules", "registers", "calendar_days", "history",
            "outgoing_series", "number_reservations",
            "envelopes", "envelope_lines", "envelope_defects", "holds", "return_campaigns", "return_items",
            "destruction_lists", "destruction_entries",
            "follow_ups", "follow_up_notes", "escalation_rungs", "supervisions", "accountability_cases",
            "countersignatures", "recipients", "visitors",
            "daily_reviews", "review_lines", "corrections", "improvements", "duty_shifts", "shift_hand_overs",
            "hand_over_items", "staff_clearances", "desk_procedures",
            "articles", "article_versions", "knowledge_gaps", "referrals", "script_cards", "conduct_items",
            "conduct_sheets", "import_runs",
        ),
        READ,
    ) | {"circulation_entries": f"{READ} {_READER}", "reports": READ},
    "report_reader": {"reports": READ},
    "call_taker": {
        **_READS_ROUNDS, **_DESK_DAYS, **_LOOKS_UP,
        "articles": f"{KEEP} {_WRITES}", "knowledge_gaps": f"{KEEP} write",
        "products": READ, "product_prices": READ,
        "people": READ, "departments": READ, "clock_rules": READ, "dispatch_orders": KEEP, "note_templates": READ,
        "service_tickets": (
            f"{KEEP} reveal give_answer forward_opinion promise promise_call wait go_on pass_on plan_callback close "
            "reopen register_anew hand_over accept_offer decline_offer withdraw_offer order_service acknowledge note_gap propose_article"
        ),
        "calls_owed": f"{KEEP} reveal {_CALLS}",
        "identity_requests": "read add", "sealed_identities": "reveal", "visitors": f"{KEEP} call_in note_left",
    },
    "shift_leader": {
        **_IMPORTS,
        **_READS_ROUNDS, **_DESK_DAYS, **_LOOKS_UP, "daily_reviews": READ, "review_lines": READ,
        "duty_shifts": f"{KEEP} export delete", "shift_hand_overs": "read add take_shift",
        "articles": f"{KEEP} export {_WRITES}", "article_versions": "read export",
        "knowledge_gaps": f"{KEEP} export write close_with drop", "referrals": f"{KEEP} export",
        "script_cards": f"{KEEP} export", "conduct_sheets": f"{KEEP} export",
        "products": READ, "product_prices": READ,
        "people": READ, "departments": READ, "clock_rules": READ, "reports": READ,
        "service_tickets": (
            f"{KEEP} import export reveal give_answer dispatch send_again acknowledge forward_opinion promise promise_call wait go_on pass_on "
            "reword plan_callback close reopen register_anew hand_over accept_offer decline_offer withdraw_offer "
            "reclassify merge void order_service note_gap propose_article"
        ),
        "calls_owed": f"{KEEP} export reveal {_CALLS}",
        "dispatch_orders": f"{KEEP} export {_HOTLINE}", "note_templates": READ, "unit_links": "read add revoke",
        "identity_requests": "read add", "sealed_identities": "reveal", "visitors": f"{KEEP} export call_in note_left",
    },
    "service_manager": {
        **_IMPORTS,
        **_READS_ROUNDS, "daily_reviews": "read add export look_again sign",
        "review_lines": "read export remark_on find_fault", "corrections": "read export finish verify send_back",
        "improvements": "read export begin_action carry_out", "duty_shifts": f"{KEEP} import export delete",
        "shift_hand_overs": "read add export take_shift", "hand_over_items": READ,
        "staff_clearances": f"{KEEP} export withdraw", "desk_procedures": f"{KEEP} export",
        "articles": "*", "article_versions": "read export", "knowledge_gaps": "*", "referrals": "*", "script_cards": "*",
        "conduct_items": "*", "conduct_sheets": "*",
        "bin": READ, "customers": f"{KEEP} export reveal",
        "customer_contacts": f"{KEEP} export reveal delete", "products": READ, "product_prices": READ,
        "orders": "read export reveal accept_work give_link withdraw_link", "order_lines": READ, **_ASKED,
        "payments": READ, "payment_allocations": READ, "refunds": "read add tell_customer",
        **_BESIDE_CUSTOMERS, "platform_identities": f"{KEEP} delete",
        "identity_requests": "read add", "sealed_identities": "reveal",
        "people": READ, "departments": READ, "clock_rules": READ, "reports": READ, "service_tickets": "*",
        # Whoever heads a department speaks for it, too.
        "dispatch_orders": f"read export {_HOTLINE} {_UNIT} confirm_reply decline_reply",
        "note_templates": f"{KEEP} export", "unit_links": "read add revoke",
        "calls_owed": f"{KEEP} import export reveal {_CALLS}",
        "visitors": "read export call_in note_left",
        # Whoever heads a department is asked about papers of the house.
        "outgoing_documents": "read pass_text send_back", "countersignatures": f"read {_COUNTERSIGN}",
        "recipients": "read sign_for register_as_incoming",
    },
    "salesperson": {
        **_READS_ROUNDS,
        "bin": READ, "reports": READ,
        "people": READ, "customers": f"{KEEP} export reveal", "customer_contacts": f"{KEEP} reveal delete",
        "products": READ, "order_lines": READ,
        "orders": f"{KEEP} export reveal place note_call cancel hold record_payment give_link withdraw_link",
        **_ASKED,
        "payments": KEEP, "payment_allocations": READ, "refunds": "read add tell_customer",
        "product_prices": READ, "shipments": READ, "shipment_lines": READ,
        **_BESIDE_CUSTOMERS, "platform_identities": f"{KEEP} delete", **_RECEIVES,
    },
    "sales_manager": {
        **_READS_ROUNDS, **_KEEPS_CUSTOMERS,
        "bin": READ, "people": READ, "departments": READ, "reports": READ, "rules": READ,
        "customers": f"{KEEP} import export reveal set_terms block unblock merge",
        "customer_contacts": f"{KEEP} import export reveal delete",
        "customer_handovers": f"{KEEP} export gather approve reject",
        "handover_lines": "read export confirm_customer give_to",
        "products": "read export", "order_lines": "read export",
        "orders": f"{KEEP} export reveal place note_call cancel hold resume record_payment give_link withdraw_link",
        "payments": f"{KEEP} export", "payment_allocations": "read export", "refunds": "read add export tell_customer",
        **_ASKED, "product_prices": "read export", "shipments": "read export",
        "shipment_lines": READ,
    },
    "order_administrator": {
        **_IMPORTS, **_READS_ROUNDS, **_BESIDE_CUSTOMERS, "platform_identities": f"{KEEP} import export delete",
        "bin": READ, "people": READ, "reports": READ, "customers": f"{KEEP} import export reveal set_terms",
        "customer_contacts": f"{KEEP} import export reveal delete", "products": f"{KEEP} import export",
        "orders": f"{KEEP} import export reveal {_ORDERS} accept_work complete_service",
        **_ASKED, "difference_orders": "read export match cancel", "order_returns": "read add export note_recalled note_gone",
        "order_lines": "read import export", "payments": f"{KEEP} leave_to_courier collect leave_uncollected",
        "payment_allocations": READ, "refunds": "read add apply tell_customer",
        "product_prices": f"{KEEP} import export",
        "stock_movements": "read export", "reservations": "read export release",
        "shipments": f"{KEEP} export {_MARK}", "shipment_lines": "read export",
    },
    "finance": {
        **_IMPORTS,
        **_READS_ROUNDS,
        "people": READ, "reports": READ, "customers": READ, "products": "read see_cost",
        "orders": "read export record_payment use_credit complete hold resume", "order_lines": "read export",
        **dict.fromkeys(("amendments", "amendment_lines", "order_returns", "difference_orders"), READ),
        "payments": (
            f"{KEEP} import export verify reject reverse release return_to_buyer remit leave_to_courier allocate take_back"
        ),
        "payment_allocations": "read export", "refunds": f"read add export {_REFUNDS}",
        "departments": READ,
        "product_prices": "read export", "stock_movements": "read export", "reservations": READ, "shipments": READ,
        "shipment_lines": READ,
        **_BESIDE_CUSTOMERS,
        "outgoing_documents": "read pass_finance send_back", "countersignatures": READ, "recipients": READ,
    },
    "warehouse": {
        **_READS_ROUNDS,
        "people": READ, "products": f"{KEEP} export", "orders": "read reveal hand_over ship", "order_lines": READ,
        "amendments": "read reveal give_back keep", "amendment_lines": READ, "difference_orders": READ,
        "order_returns": "read note_recalled note_gone",
        "payments": "read collect leave_uncollected",
        "product_prices": READ, "stock_movements": "read add export", "reservations": "read export release",
        "shipments": f"{KEEP} export {_SHIP}", "shipment_lines": "read export",
    },
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
    "report_officer": _l("Report officer"),
    "auditor": _l("Auditor"),
    "report_reader": _l("Manager, reports only"),
    "call_taker": _l("Call taker"),
    "shift_leader": _l("Shift leader"),
    "service_manager": _l("Customer service manager"),
    "salesperson": _l("Salesperson"),
    "sales_manager": _l("Sales manager"),
    "order_administrator": _l("Order administrator"),
    "finance": _l("Finance"),
    "warehouse": _l("Warehouse"),
}


def framework_roles() -> dict[str, list[list[str]]]:
    """The same table as Flask-AppBuilder's built-in roles, for its own checks on API routes.

    Every role may read what the API understands (`/api/v1/_openapi`).
    """
    return {
        role: [["^OpenApi$", "^can_get$"]] +
              [[f"^{'.*' if kind == '*' else kind}$", f"^can_({'.*' if '*' in rights else '|'.join(sorted(rights))})$"]
               for kind, rights in kinds.items()]
        for role, kinds in ROLES.items()
    }  # fmt: skip
