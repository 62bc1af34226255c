"""What tickets are called: whose desk, on which way, of which kind, and how they end (H1, P1, P2)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

#: By whose rules a desk works: those of H1, or those of P1 and P2. Limits and settings are rows per profile.
SCHEMES = {"hotline": _l("Hotline"), "property_desk": _l("Property desk")}
CHANNELS = {
    "phone": _l("Telephone call"),
    "visit": _l("Visit"),
    "letter": _l("Letter"),
    "web": _l("Website"),
    "email": _l("E-mail"),
    "app": _l("App"),
    "social": _l("Social media"),
    "other": _l("Other way"),
}
KINDS = {
    "consult": _l("Enquiry"),
    "help": _l("Request for help"),
    "emergency": _l("Emergency"),
    "complaint": _l("Complaint"),
    "report": _l("Report of wrongdoing"),
    "feedback": _l("Opinion, suggestion, praise"),
    "repair": _l("Repair"),
    "paid_service": _l("Paid service"),
    "other": _l("Other matter"),
}
#: What the limits of a ticket depend on.
CASES = {
    **KINDS, "repair_pressing": _l("Repair, pressing"), "paid_service_pressing": _l("Paid service, pressing"),
}  # fmt: skip
#: What a ticket waits for while its limits stand still.
WAITING_FOR = {
    "papers": _l("Papers of the caller"),
    "details": _l("Details of the caller"),
    "unreachable": _l("The caller cannot be reached"),
    "wish": _l("The caller wishes it later"),
}
#: How a matter ended, as the desk closes it.
CODES = {
    "answered": _l("Answered by us"),
    "referred": _l("Referred to somebody else"),
    "resolved": _l("Done as wished"),
    "not_possible": _l("Not possible"),
    "withdrawn": _l("Withdrawn by the caller"),
    "unanswerable": _l("No answer possible"),
}
#: What an opinion, suggestion or word of praise is (H1; the form 客户投诉/建议/意见处理表).
FEEDBACK = {"opinion": _l("Opinion"), "suggestion": _l("Suggestion"), "praise": _l("Praise")}
