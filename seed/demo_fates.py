"""What becomes of finished papers in the demo office: kept for now, called back, put on a destruction list."""

from __future__ import annotations

from datetime import timedelta

from app.engine import finding, moments
from app.engine import record as records
from models.correspondents import Correspondent
from models.destruction import DestructionEntry, DestructionList
from models.documents import IncomingDocument
from models.fates import Hold, ReturnCampaign, ReturnItem
from models.registers import Register
from seed.demo_desk import Desk, In
from seed.demo_records import Stage
from seed.demo_states import Way, Ways

#: Titles of old papers, years ago; taken over from the ledger kept on paper: kept, called back, on destruction lists.
OLD = (
    ("关于春节期间值班安排的通知", "关于订阅报刊的通知"),
    ("关于征求档案管理办法意见的通知", "关于印发领导讲话稿的通知", "关于印发会议材料的通知", "关于第三季度情况的内部通报", "关于工作进展的内部通报"),
    ("关于办公楼停水的通知", "关于征集书画作品的函", "关于临时调整作息时间的通知", "关于举办业务培训班的通知", "关于组织义务植树的通知",
     "关于报送节日活动安排的通知", "关于更换办公桌椅的通知"),
)  # fmt: skip

KEPT: list[tuple[str, Ways]] = [
    ("案件未结，材料备查", []),
    ("上级正在修订办法", [("archivist", "release", {"outcome": "新办法已下发，可转归档"})]),
]

COLLECT: Way = ("clerk", "collect", {})
BACK = ("clerk", "hand_back", {"signature": "独府办 秦芳"})
#: notice of the issuer, days until due, the way, what becomes of the three copies
CALLED_BACK: list[tuple[str, int, Ways, Ways]] = [
    ("请清退第三季度内部文件，名单在编。", 20, [], []),
    ("请于限期内清退征求意见稿。", 9, [COLLECT], [("clerk", "take_in", {}), ("clerk", "report_missing", {"note": "已翻查科室文件柜"})]),
    ("请清退会议材料。", 5, [COLLECT, BACK], [("clerk", "take_in", {})] * 3),
    ("请清退领导讲话稿。", -3, [COLLECT, BACK, ("clerk", "close", {})], [("clerk", "take_in", {})] * 3),
    ("请清退内部通报。", -6, [COLLECT, BACK, ("office", "close_with_incident", {"incident": "一份未找到，已书面说明并报分管领导"})],
     [("clerk", "take_in", {}), ("clerk", "take_in", {}), ("clerk", "report_missing", {"note": "查找三天未果"})]),
]  # fmt: skip

HAND_IN: Way = ("archivist", "hand_in", {})
APPRAISE = ("archivist", "appraise", {"first": "@office", "second": "@clerk"})
APPROVE: Way = ("leader", "approve", {})
BURN = (
    "archivist",
    "execute",
    {"place": "县保密局销毁中心", "way": "粉碎后化浆", "witness": "@office", "second": "@clerk"},
)
DOOMED: list[Ways] = [
    [], [HAND_IN], [HAND_IN, APPRAISE], [HAND_IN, APPRAISE, APPROVE], [HAND_IN, APPRAISE, APPROVE, BURN],
    [HAND_IN, APPRAISE, APPROVE, BURN, ("archivist", "certify", {"certificate": "监销人郑敏、何静签字，销毁证明第12号"})],
    [HAND_IN, APPRAISE, ("leader", "reject", {"reason": "其中有件仍需查考，请重新鉴定"})],
]  # fmt: skip


def play(stage: Stage) -> None:
    """Add old papers and what becomes of them."""
    issuer = finding.by_name(stage.session, Correspondent, "独府办")
    position = iter(range(sum(map(len, OLD))))
    kept, wanted, doomed = ([_old(stage, issuer, title, next(position)) for title in titles] for titles in OLD)
    for paper, (reason, ways) in zip(kept, KEPT, strict=True):
        desk = Desk(stage, 8)
        desk.walk(desk.add("archivist", Hold(document=paper, reason=reason)), ways)
    for paper, (notice, days, ways, copies) in zip(wanted, CALLED_BACK, strict=True):
        _called_back(stage, issuer, paper, notice, days, ways, copies)
    for number, (paper, ways) in enumerate(zip(doomed, DOOMED, strict=True)):
        _doomed(stage, paper, number, ways)


def _old(stage: Stage, issuer: Correspondent, title: str, position: int) -> IncomingDocument:
    received = stage.today - timedelta(days=3 * 365 + 9 * (20 - position))
    paper = IncomingDocument(
        register=finding.by_name(stage.session, Register, "SW"), sender=issuer, title=title, received_at=received, copies=3,
        sender_no=f"独府办发〔{moments.local(received).year}〕{20 + position}号", taken_over=True, state="closed",
        closed_at=received + timedelta(days=4), department=stage.people["user_a"].department, medium="paper",
    )  # fmt: skip
    with stage.at(received):  # the book of that year counted it
        records.store(stage.session, paper)
    return paper


def _called_back(
    stage: Stage, issuer: Correspondent, paper: IncomingDocument, notice: str, days: int, ways: Ways, copies: Ways
) -> None:
    desk = Desk(stage, 12)
    holders = [stage.people[name] for name in ("head_a", "head_b", "office")]
    items = [
        ReturnItem(document=paper, copy_no=f"{number:06d}", holder=holder) for number, holder in enumerate(holders, 1)
    ]
    due = In(days, plain=True).after(stage.today)
    campaign = desk.add("clerk", ReturnCampaign(issuer=issuer, notice=notice, due_on=due, items=items))
    desk.walk(campaign, ways[:1])
    for item, way in zip(items, copies, strict=False):
        desk.walk(item, [way])
    desk.walk(campaign, ways[1:])


def _doomed(stage: Stage, paper: IncomingDocument, position: int, ways: Ways) -> None:
    desk = Desk(stage, 15 - position)
    made = DestructionList(
        subject=f"{moments.local(paper.received_at).year}年到期文件（第{position + 1}批）",
        entries=[DestructionEntry(document=paper, reason="保管期满，无查考价值", decision="destroy")],
    )
    desk.walk(desk.add("archivist", made), ways)
