"""Envelopes of the demo office: announced, at the door, refused, passed on closed, opened, checked, made good."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access, finding
from app.engine import record as records
from models.correspondents import Correspondent
from models.envelope_defects import EnvelopeDefect
from models.envelope_lines import EnvelopeLine
from models.envelopes import CHECKS, Envelope
from seed import demo_papers
from seed.demo_desk import Desk, In
from seed.demo_records import Stage
from seed.demo_states import Way, Ways, meant

GOOD = dict.fromkeys(CHECKS, "yes")
SIGN = ("clerk", "sign_for", {**GOOD, "stamped": True})
OPEN: Way = ("clerk", "unseal", {})
RECONCILE: Way = ("clerk", "reconcile", {})


@dataclass(frozen=True)
class Cover:
    """An envelope so many days ago: its sender, what stands on it, the lines of its dispatch note, its way."""

    days: int
    sender: str
    values: dict[str, Any]
    ways: Ways
    lines: tuple[tuple[str, str, int, int, bool], ...] = ()
    defects: tuple[Ways, ...] = ()
    after: Ways = field(default_factory=list)


ASK = ("clerk", "ask_sender", {"way": "phone", "whom": "发文科 韦丽"})
#: title, sender's number, copies noted, copies found, bound
COVERS = (
    Cover(6, "应急局", {"channel": "issuer", "outer_no": "应急机要0381", "pieces": 1, "deliverer": "区应急局 罗勇",
                      "receipt": "enclosed", "receipt_due": In(5, plain=True)},
          [SIGN, OPEN, ("clerk", "return_receipt", {"signed_by": "何静", "stamped": True, "way": "由送件人带回"}), RECONCILE],
          ((demo_papers.WINTER, "应急函〔{year}〕86号", 3, 3, True),),
          after=[("clerk", "register_paper", {"register": "ZW", "urgency": "urgent", "anyway": True})]),
    Cover(4, "黔南府办", {"channel": "courier", "outer_no": "黔机0912", "pieces": 2, "deliverer": "机要通信局 陆平"},
          [SIGN, OPEN, ("clerk", "report_discrepancy", {}), RECONCILE],
          (("关于印发冬春救助资金分配方案的通知", "黔南府办发〔{year}〕57号", 2, 1, True),
           ("关于核查受灾农户口粮的通知", "黔南府办发〔{year}〕58号", 1, 1, True)),
          ([ASK, ("clerk", "note_answer", {"answer": "漏装一份，即日补寄"}), ("clerk", "make_good", {"answer": "补寄一份已到"})],),
          [("clerk", "register_paper", {"anyway": True}), ("clerk", "register_paper", {"anyway": True})]),
    Cover(2, "住建厅", {"channel": "post", "outer_no": "EMS1087733", "pieces": 1, "receipt": "enclosed", "receipt_due": In(6, plain=True)},
          [SIGN, OPEN, ("clerk", "report_discrepancy", {"what": "other", "note": "发文通知单未加盖公章"})],
          (("关于开展既有建筑安全排查的通知", "建办〔{year}〕41号", 3, 2, False),), ([ASK], [])),
    Cover(1, "财政局", {"channel": "exchange", "outer_no": "交换0377", "pieces": 3}, [SIGN, OPEN],
          (("关于下达专项资金的通知", "财函〔{year}〕112号", 2, 2, True), ("关于报送预算执行情况的函", "财函〔{year}〕113号", 1, 1, True)),
          after=[("clerk", "register_paper", {"anyway": True})]),
    Cover(1, "教育局", {"channel": "courier", "outer_no": "教机0220", "pieces": 1, "cover_secrecy": "secret"}, [
        ("office", "sign_with_reservation", {**GOOD, "intact": "no", "note": "封套一角破损，未见内件外露，已请送件人签字", "stamped": True})]),
    Cover(1, "县作风办", {"channel": "issuer", "outer_no": "作风办0056", "personal": True, "person": "@leader"}, [
        SIGN, ("clerk", "forward_unopened", {"signature": "郑敏代收"})]),
    Cover(3, "档案局", {"channel": "issuer", "outer_no": "档机0019", "personal": True, "person": "@head_a"}, [
        SIGN, ("clerk", "forward_unopened", {"signature": "刘洋"}), ("head_a", "confirm_receipt", {})]),
    Cover(2, "教育局", {"channel": "post", "outer_no": "挂号20481", "pieces": 1}, [
        ("clerk", "refuse", {"reason": "封面收件单位为县第二中学，投递有误，退投递员"})]),
    Cover(0, "独府办", {"channel": "exchange", "outer_no": "交换0391", "pieces": 2}, [SIGN]),
    Cover(0, "财政局", {"channel": "post", "outer_no": "挂号20533", "pieces": 1}, []),
    Cover(0, "黔南府办", {"channel": "courier", "outer_no": "黔机0940", "presented_at": None}, []),
)  # fmt: skip


def play(stage: Stage) -> None:
    """Add the envelopes; one of them holds the paper that shows everything."""
    for cover in COVERS:
        envelope, desk = _handed_in(stage, cover)
        reconciling = [way for way in cover.ways if way[1] == "reconcile"]
        desk.walk(envelope, [way for way in cover.ways if way[1] != "reconcile"])
        found = stage.session.scalars(
            select(EnvelopeDefect).where(EnvelopeDefect.envelope_id == envelope.id).order_by(EnvelopeDefect.id)
        )
        for defect, ways in zip(list(found), cover.defects, strict=False):
            desk.walk(defect, ways)
        stage.session.expire(envelope, ["defects"])
        desk.walk(envelope, reconciling)
        desk.walk(envelope, cover.after)
        stage.session.expire(envelope, ["papers"])
        for paper in envelope.papers:
            if paper.title == demo_papers.WINTER:
                _describe(desk, paper)
                demo_papers.go_on(stage, paper, cover.days - 2)


def _handed_in(stage: Stage, cover: Cover) -> tuple[Envelope, Desk]:
    desk = Desk(stage, cover.days)
    moment = desk.next()
    values = {
        name: value.after(moment) if isinstance(value, In) else meant(stage, value)
        for name, value in cover.values.items()
    }
    lines = [
        EnvelopeLine(
            title=title, sender_no=number.format(year=moment.year), copies_noted=noted, copies_found=here, bound=bound,
            pages_complete=True, formalities=True,
        )
        for title, number, noted, here, bound in cover.lines
    ]  # fmt: skip
    envelope = Envelope(
        **{
            "sender": finding.by_name(stage.session, Correspondent, cover.sender), "presented_at": moment,
            "envelope_lines": lines, **values,
        }
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["clerk"]), stage.session.no_autoflush:
        envelope.prepare(stage.session)
        records.store(stage.session, envelope)
    return envelope, desk


def _describe(desk: Desk, paper: Any) -> None:
    """What the slip does not say and the clerk fills in."""
    said = {
        "paper_type": "notice", "medium": "paper", "pages": 6, "enclosures": "隐患排查台账样表1份", "answer_due": True,
        "written_on": paper.received_at.date() - timedelta(days=1),
        "digest": "要求各单位于月底前完成隐患排查，建立台账，重大隐患挂牌督办，并于五日内书面反馈。",
        "summary": "部署岁末年初安全生产隐患排查整治，明确排查范围、责任分工和报送时限。",
    }  # fmt: skip
    with desk.stage.at(desk.next()), access.acting_as(desk.stage.actors["clerk"]):
        records.change(desk.stage.session, paper, said, list(said), version=paper.version)
