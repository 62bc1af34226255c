"""Papers of the house that stand where the crowd of the demo seldom does: one in each state, with what hangs on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.engine import access
from app.engine import record as records
from models.outgoing import OutgoingDocument
from models.recipients import Recipient
from seed.demo_records import CHECKED, LOOKED_OVER, PAPERS, SEALED, Stage, sign_within
from seed.demo_states import PACE, START, Way, Ways, walk

HAND_IN: Way = ("user_a", "hand_in", {})
CHECK = ("office", "pass_text", {"signer": "@leader", **CHECKED})
SIGNED: Ways = [HAND_IN, CHECK, ("leader", "sign", {"remark": "同意"})]
NUMBERED: Ways = [*SIGNED, ("clerk", "number_it", {"copies": 10})]
PRINTED: Ways = [*NUMBERED, ("clerk", "print_it", {"printer": "文印室"})]
PROOFED: Ways = [*PRINTED, *((who, "proofread", {"clean": True}) for who in ("user_a", "office", "head_a"))]
READY: Ways = [*PROOFED, ("office", "seal", {**SEALED, "impressions": 10})]
GOING_OUT: Ways = [*READY, ("clerk", "look_over", LOOKED_OVER)]
ASK = ("user_a", "hand_in", {"departments": ["#office"], "remark": "初稿"})

RECHECKED = dict.fromkeys(("approvals", "content", "form", "layout"), True)

#: the paper and its way
PAPER = dict[str, Any]
WAYS: list[tuple[PAPER, Ways]] = [
    ({}, []),
    ({"touches_money": "yes"}, [HAND_IN]),
    ({}, [HAND_IN]),
    ({}, [HAND_IN, CHECK]),
    ({}, SIGNED),
    ({}, [*SIGNED, ("office", "open_again", {"reason": "附件有误"})]),
    ({"number_series": "独府办发"}, [*SIGNED, ("office", "recheck", RECHECKED)]),
    ({}, NUMBERED),
    ({}, PRINTED),
    ({}, PROOFED),
    ({}, READY),
    ({}, [*NUMBERED, ("office", "void", {"reason": "内容重复"})]),
    ({}, [HAND_IN, ("user_a", "withdraw", {"reason": "不再需要"})]),
]
#: papers a leader has ordered
ORDER: Way = ("leader", "order", {"drafter": "@user_a", "until": "@LATER"})
ORDERED: list[Ways] = [
    [ORDER],
    [ORDER, ("user_a", "begin", {}), HAND_IN],
    [ORDER, ("user_a", "begin", {}), HAND_IN, ("leader", "pass_review", {"discuss": True})],
]
#: what the department asked says to a draft
ANSWERS: list[Ways] = [
    [],
    [("office", "agree", {"remark": "无意见"})],
    [("office", "reserve", {"remark": "建议明确完成时限"})],
    [("office", "object_to", {"remark": "与现行办法不一致"})],
    [("office", "object_to", {"remark": "与现行办法不一致"}), ("user_a", "settle", {"settlement": "已按意见修改"})],
    [
        ("office", "object_to", {"remark": "与现行办法不一致"}),
        ("user_a", "carry", {"settlement": "事项紧急，请领导定夺"}),
    ],
]
#: what becomes of a recipient's copies
SEND = ("clerk", "send", {"channel": "exchange"})
SIGN_FOR = ("clerk", "sign_for", {"signed_by": "收发室"})
RECIPIENTS: list[Ways] = [[], [SEND], [SEND, SIGN_FOR], [SEND, SIGN_FOR, ("clerk", "take_slip", {})],
                          [("clerk", "strike_out", {"reason": "改发电子件"})]]  # fmt: skip


def play(stage: Stage) -> None:
    """Draft the papers and take their ways, a step every few hours."""
    moment = stage.today - START
    for position, (about, ways) in enumerate(WAYS):
        _walk(stage, _draft(stage, moment, position, **about), moment, ways)
    for position, ways in enumerate(ORDERED):
        _walk(stage, _draft(stage, moment, position, "leader"), moment, ways)
    for position, ways in enumerate(ANSWERS):
        paper = _draft(stage, moment, position)
        walk(stage, paper, moment, [ASK])
        asked = next(one for one in paper.countersignatures if one.department is not paper.department)
        walk(stage, asked, moment + PACE, ways)
    paper = _draft(stage, moment, 1)
    walk(stage, paper, moment, [ASK, ("office", "send_back", {"reason": "标题需修改"})])
    _sent(stage, moment)


def _walk(stage: Stage, paper: OutgoingDocument, moment: datetime, ways: Ways) -> None:
    """Take the steps; where the head of the drafting department has to sign first, that is done after the hand-in."""
    for position, way in enumerate(ways):
        walk(stage, paper, moment + position * PACE, [way])
        if paper.state == "countersigning":
            with stage.at(moment + (position + 1) * PACE):
                sign_within(stage, paper)


def _draft(stage: Stage, moment: datetime, position: int, who: str = "user_a", **about: Any) -> OutgoingDocument:
    form, title = PAPERS[position % len(PAPERS)]
    raw = {
        "title": title, "document_type": form, "addressees": "各科室", "touches_money": "no",
        "body": "现将有关事项通知如下，请认真执行。", **about,
    }  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors[who]):
        return records.add(stage.session, OutgoingDocument, raw)


def _sent(stage: Stage, moment: datetime) -> None:
    """Papers on their way to recipients, issued, filed, recalled and annulled."""
    paper = _going_out(stage, moment, 0)
    for position, ways in enumerate(RECIPIENTS):
        walk(stage, _recipient(stage, moment, paper, f"收文单位{position + 1}"), moment + 9 * PACE, ways)
    inside = _recipient(stage, moment, paper, "", department="财务科", part="inside", slip_due=False)
    walk(stage, inside, moment + 9 * PACE, [SEND, ("head_b", "register_as_incoming", {})])
    ended = [_issued(stage, moment, position) for position in range(1, 6)]
    walk(stage, ended[0], moment + 13 * PACE, [("clerk", "file_it", {})])
    notice = {"notice": ended[1], "reason": "内容有误，另行印发"}
    walk(stage, ended[2], moment + 13 * PACE, [("leader", "recall", notice)])
    walk(stage, ended[3], moment + 13 * PACE, [("leader", "recall", notice)])
    walk(stage, ended[3].recipients[0], moment + 14 * PACE, [("clerk", "come_back", {})])
    walk(stage, ended[4], moment + 13 * PACE, [("leader", "annul", {**notice, "reason": "已由新办法代替"})])


def _going_out(stage: Stage, moment: datetime, position: int) -> OutgoingDocument:
    paper = _draft(stage, moment, position)
    _walk(stage, paper, moment, GOING_OUT)
    return paper


def _recipient(stage: Stage, moment: datetime, paper: OutgoingDocument, name: str, **about: Any) -> Recipient:
    raw = {"document": paper, "name": name, "copies": 1, "slip_due": True, **about}
    with stage.at(moment + 8 * PACE), access.acting_as(stage.actors["clerk"]):
        return records.add(stage.session, Recipient, raw)


def _issued(stage: Stage, moment: datetime, position: int) -> OutgoingDocument:
    paper = _going_out(stage, moment, position)
    line = _recipient(stage, moment, paper, "县档案馆")
    walk(stage, line, moment + 9 * PACE, [SEND, SIGN_FOR, ("clerk", "take_slip", {})])
    walk(stage, paper, moment + 12 * PACE, [("clerk", "issue", {})])
    return paper
