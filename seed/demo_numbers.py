"""Reserved numbers in the demo office: one in every state, and one that has expired."""

from __future__ import annotations

from datetime import timedelta

from app.engine import access, finding
from app.engine import record as records
from models.number_reservations import NumberReservation, use
from models.outgoing import OutgoingDocument
from models.outgoing_series import OutgoingSeries
from seed.demo_desk import Desk, In
from seed.demo_records import Stage
from seed.demo_states import Ways

#: who reserves, series, for whom, what for, days ago, days it is kept, the way
RESERVED: list[tuple[str, str, str, str, int, int, Ways]] = [
    ("clerk", "文枢发", "user_a", "年度工作总结，待领导改定后编号", 2, 12, []),
    ("clerk", "文枢发", "head_b", "预算批复转发件", 9, 4, []),
    ("head_a", "锦城行文", "head_a", "与财务科往来函", 3, 5, [("head_a", "keep_longer", {"until": In(10, plain=True)})]),
    ("clerk", "独府办发", "user_a", "防汛预案", 8, 6, [("office", "void", {"reason": "与上级文件合并，不再印发"})]),
    ("clerk", "独府办发电", "clerk", "值班安排电报", 1, 3, [("clerk", "release", {})]),
]  # fmt: skip


def play(stage: Stage) -> None:
    """Reserve numbers and let become of them what becomes of them."""
    for who, code, holder, purpose, ago, kept, ways in RESERVED:
        desk = Desk(stage, ago)
        desk.walk(_reserve(stage, desk, who, code, holder, purpose, kept), ways)
    _used(stage)


def _reserve(stage: Stage, desk: Desk, who: str, code: str, holder: str, purpose: str, kept: int) -> NumberReservation:
    series = finding.by_name(stage.session, OutgoingSeries, code)
    until = desk.day + timedelta(days=kept)
    return desk.add(who, NumberReservation(series=series, holder=stage.people[holder], purpose=purpose, until=until))


def _used(stage: Stage) -> None:
    """A paper signed and numbered by hand while the office was away, entered afterwards."""
    desk = Desk(stage, 6)
    kept = _reserve(stage, desk, "clerk", "文枢发", "clerk", "外出办公期间手工编号的通知", 5)
    moment = desk.next()
    paper = OutgoingDocument(
        title="关于调整驻外人员值班安排的通知", addressees="各科室", body="请按新表值班。", document_no=kept.number,
        taken_over=True, state="issued", drafted_at=moment, issued_at=moment, closed_at=moment,
        drafter=stage.people["clerk"], department=stage.people["clerk"].department,
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["clerk"]):
        records.store(stage.session, paper)
        use(stage.session, kept, paper)
