"""How incoming papers go through the house 收文程序: what the profiles settle differently (documents.md 3.8)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.engine.rules import setting

#: C3: only the government's text has a first review
SCREENING = setting("screening", _l("First review before the proposal"))
#: C1: roles that may write the proposal
PROPOSERS = setting("proposers", _l("Who proposes"), "list", "registry_clerk,office_manager")
#: S8, S2: papers go to a department without a leader's instruction
DIRECT_TRANSFER = setting("direct_transfer", _l("The office may hand a paper out without a leader"), default="yes")
#: 外部来文处理办法 第五条: a proposal goes to a leader; 公文处理办法 一（四）: unless the paper is only read
LEADER_PROPOSED = setting(
    "leader_proposed",
    _l("A proposal names the leaders, or the unit of a direct transfer"),
    "choice",
    "no",
    {"no": _l("Not asked for"), "handled": _l("For papers to be handled"), "always": _l("For every paper")},
)
#: C13: what has to be done before a case is closed
CLOSE_LEADER_TOLD = setting("close_leader_told", _l("Closing: the leader has been told"))
CLOSE_SENDER_ANSWERED = setting("close_sender_answered", _l("Closing: the sender has an answer, if one is due"))
CLOSE_HANDLING_NOTE = setting("close_handling_note", _l("Closing: a handling note is on file"))
CLOSE_OPINIONS_WEIGHED = setting("close_opinions_weighed", _l("Closing: every opinion has been classified"))
CLOSE_PAPERS_BACK = setting("close_papers_back", _l("Closing: every copy is back or accounted for"))
#: documents.md 5.2, who may pause: the total is limited
MOST_SUSPENDED = setting("most_suspended", _l("Longest suspension of a paper in all, in calendar days"), "number", "90")
#: the lead unit's co-handlers answer earlier than the lead
CO_SHARE = setting("co_share", _l("Share of the limit given to co-handling units"), "number", "0.5")
#: documents.md 3.4: the scope of reading is approved by somebody entitled, and widened by nobody else
SCOPE_APPROVED = setting("scope_approved", _l("Readers are named by a leader or the office head"))
#: S1 against S8: on arrival, or by a limit somebody states
URGENT_LIMIT = setting("urgent_limit_compulsory", _l("Urgent papers need a stated limit"), default="yes")
#: S9.6: what readers said is summed up for the leader before a round ends
SUMMARY_DUE = setting("summary_due", _l("Opinions are summed up for the leader before a round ends"))
#: documents.md 6.2, 13: whoever was on the route keeps the register line; the content by this switch alone
ROUTE_KEEPS_CONTENT = setting("route_keeps_content", _l("People once on the route keep the content"))
#: metadata of a text, shown with its rules: whom to ask what is meant (外部来文处理办法 第十一条)
INTERPRETED_BY = setting("interpreted_by", _l("Who interprets the rules of this profile"), "words", "办公室")
#: documents.md 4.1: a paper signed in December and numbered in January
LATE_NUMBERING = setting("late_numbering_until", _l("Numbers of the old year may be drawn until"), "month_day", "01-15")
