"""Types of official papers 文种: the fifteen of the 2012 regulation, and the seven a company writes."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

GOVERNMENT = {
    "resolution": _l("Resolution"),
    "decision": _l("Decision"),
    "order": _l("Order (decree)"),
    "communique": _l("Communiqué"),
    "announcement": _l("Announcement"),
    "public_notice": _l("Public notice"),
    "opinion": _l("Opinion (paper)"),
    "notice": _l("Notice"),
    "circular": _l("Circular"),
    "report": _l("Report"),
    "request": _l("Request for instructions"),
    "reply": _l("Reply"),
    "bill": _l("Bill"),
    "letter": _l("Official letter"),
    "minutes": _l("Minutes"),
}
#: S7 公文管理流程 5.1.3
COMPANY = {
    name: GOVERNMENT[name] for name in ("decision", "notice", "circular", "report", "request", "reply", "letter")
}
#: What comes in may be no official paper at all.
INCOMING = {**GOVERNMENT, "telegram": _l("Telegram"), "other": _l("Other")}
