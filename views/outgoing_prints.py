"""The forms of outgoing papers: slip, proof sheet, distribution register, envelope labels, receipt slip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l

from app.engine import rules
from app.engine.database import session_of
from app.engine.paper import manuscript
from app.engine.paper.description import Box, Form, Line, Row, Table, form
from models import issuing, prints
from models.official_papers import issuer_of, named
from models.outgoing import FROZEN, OutgoingDocument
from models.people import Person
from models.recipients import Recipient
from models.secrecy import ORDINARY
from views.on_paper import NOT_FOR_YOU, ON_PAPER, choice, columns, content_of, day, is_open, short

PAPERS = OutgoingDocument.kind_name

READERS = {"drafter": "拟稿人", "checker": "核稿人", "head": "拟稿部门负责人"}


def _marks(document: OutgoingDocument) -> tuple[tuple[str, str], ...]:
    return (("密　　级", choice(document, "secrecy")), ("紧急程度", choice(document, "urgency")))


def _subject(document: OutgoingDocument) -> dict[str, Any]:
    """What every form of one paper says of it beside its boxes."""
    return {"subject": document.document_no or "", "watermark": prints.watermarked(document.secrecy)}


def _recipients(document: OutgoingDocument) -> list[Recipient]:
    """Who gets the paper, addressees first, as far as whoever prints may know."""
    order = ("main", "copy", "inside")
    return sorted(
        (one for one in document.recipients if one.state != "struck_out"), key=lambda it: order.index(it.part)
    )


def _dated(document: OutgoingDocument, person: Person | None, step: str) -> str:
    """A person's name with the day on which the step that they answer for was last taken."""
    if person is None:
        return ""
    taken = prints.signed(session_of(document), document, step)
    return f"{person.name}　{day(taken.at)}" if taken else person.name


@form("outgoing_slip", PAPERS, _l("Slip of an outgoing document"))
def outgoing_slip(document: OutgoingDocument, asked: Mapping[str, str]) -> Form:
    """发文处理签: from the drafter to the copies that went out, with all who signed for it."""

    def content(name: str) -> str:
        return content_of(document, name, document.secrecy)

    def hands(*steps: str, most: int = 3) -> str:
        found = prints.signatures(session_of(document), document, *steps)[-most:]
        return "；".join(f"{one.name}　{day(one.at)}" for one in found)

    countersigners = [
        line
        for one in document.countersignatures
        if one.answered_at is not None
        for line in (
            Line(f"{one.state_label}　{content_of(one, 'remark', document.secrecy)}".strip("　")),
            Line(f"{one.asked_of} {one.person or ''}　{day(one.answered_at)}", end=True),
        )
    ]
    finance = document.finance_reviewer.name if document.finance_reviewer else ""
    drafter = _dated(document, document.drafter, "hand_in")
    unit = document.department.name if document.department else ""
    signer = document.signer.name if document.signer else ""
    sealer = _dated(document, document.sealed_by, "seal")
    number = document.document_no or ""
    clean = [one for one in document.proofs if one.clean and one.checksum == document.text_checksum]
    proofs = "；".join(f"{one.person or ''}　{day(one.at)}" for one in clean)
    return Form(
        "outgoing_slip",
        issuer_of(document) + "发文处理签",
        (
            Row(11, (Box("发 文 号", number, 7), Box("文　　种", choice(document, "document_type"), 5))),
            Row(11, (Box("拟稿单位", unit, 7), Box("拟 稿 人", drafter, 5))),
            Row(25, (Box("文件标题", content("title")),)),
            Row(20, (Box("主　　送", content("addressees"), 7), Box("抄　　送", content("copy_to"), 5))),
            Row(45, (Box("会签意见：", countersigners or [Line("")], kind="text"),)),
            Row(
                11,
                (
                    Box("核　　稿", hands("pass_text", most=1), 6),
                    Box("经济审核", f"{finance}　{day(document.finance_passed_at)}".strip("　"), 6),
                ),
            ),
            Row(
                30,
                (
                    Box(
                        "签　　发",
                        [Line(document.sign_words or ""), Line(f"{signer}　{day(document.signed_at)}", end=True)],
                    ),
                ),
            ),
            Row(11, (Box("份　　数", str(document.copies or ""), 6), Box("印　　制", document.printer or "", 6))),
            Row(20, (Box("校　　对", proofs),)),
            Row(11, (Box("用　　印", sealer, 6), Box("印发日期", day(document.issued_at), 6))),
            Row(11, (Box("附　　件", content("enclosures"), 6), Box("归 档 号", "", 6))),
        ),
        marks=_marks(document),
        **_subject(document),
    )


@form("proof_sheet", PAPERS, _l("Proof sheet"))
def proof_sheet(document: OutgoingDocument, asked: Mapping[str, str]) -> Form:
    """校对单: the signed text, a paragraph a line, beside room for corrections.

    Raises `StepRefused` for a text that is not the signed one any more.
    """
    document.keep_text()
    signed = document.state in FROZEN
    if not is_open(document):
        rows = [["", ON_PAPER if prints.without_content(document.secrecy) else NOT_FOR_YOU, ""]]
    else:
        rows = [[label, words, ""] for label, words in _words(document)] if signed else []
    who = issuing.next_reader(document)
    person = {"drafter": document.drafter, "checker": document.checker}.get(
        who, document.department.leader if document.department else None
    )
    reader = f"{person.name}（{READERS[who]}）" if person else READERS[who]
    return Form(
        "proof_sheet",
        issuer_of(document) + "文稿校对单",
        (
            Row(11, (Box("发 文 号", document.document_no or "", 7), Box("印　　制", document.printer or "", 5))),
            Row(11, (Box("校　　次", f"第{issuing.rounds_done(document) + 1}次", 7), Box("校 对 人", reader, 5))),
            Table(columns((("项目", 13), ("定稿原文", 90), ("更　正", 62))), rows, least=1),
            Row(11, (Box("差错处数", "", 7), Box("结　　论", "", 5))),
            Row(11, (Box("签　　名", "", 7), Box("校对日期", "", 5))),
        ),
        marks=_marks(document),
        caption=("" if signed else "尚未签发，无定稿", f"定稿校验码：{(document.text_checksum or '')[:16]}"),
        notes=("请将印样与左列定稿逐字核对，差错写入右列；无差错的，在结论栏注明“与定稿一致”。",),
        **_subject(document),
    )


def _words(document: OutgoingDocument) -> Iterator[tuple[str, str]]:
    """All a signature covers, part by part, in the order it is printed."""
    yield "标题", document.title
    yield "主送", document.addressees or ""
    for place, line in enumerate(manuscript.lines_of(manuscript.blocks(document.body))):
        yield "" if place else "正文", line.replace("\t", "　")
    for place, name in enumerate(named(document.enclosures)):
        yield "" if place else "附件", name
    yield from ((label, words) for label, words in (("附注", document.note), ("抄送", document.copy_to)) if words)


_DISTRIBUTION = (
    ("序号", 12), ("受文单位", 40), ("份数", 12), ("份　号", 29), ("发送方式", 21), ("发出时间", 16), ("签收人", 24),
    ("签收时间", 21),
)  # fmt: skip


@form("distribution_register", PAPERS, _l("Distribution register"))
def distribution_register(document: OutgoingDocument, asked: Mapping[str, str]) -> Form:
    """发文分发登记: a line a recipient, to be signed for."""
    rows = [
        [
            str(place), one.name or "", str(one.copies), one.copy_numbers or "", choice(one, "channel"),
            short(one.sent_at), one.signed_by or "", short(one.signed_at),
        ]
        for place, one in enumerate(_recipients(document), 1)
    ]  # fmt: skip
    return Form(
        "distribution_register",
        issuer_of(document) + "发文分发登记表",
        (
            Row(11, (Box("发 文 号", document.document_no or "", 7), Box("印发份数", str(document.copies or ""), 5))),
            Row(18, (Box("文件标题", content_of(document, "title", document.secrecy)),)),
            Table(columns(_DISTRIBUTION), rows, least=12, height=13),
            Row(11, (Box("分 发 人", "", 7), Box("核 对 人", "", 5))),
        ),
        marks=_marks(document),
        **_subject(document),
    )


@form("envelope_labels", PAPERS, _l("Envelope labels"))
def envelope_labels(document: OutgoingDocument, asked: Mapping[str, str]) -> Form:
    """信封标签: whom the envelopes go to, two side by side, to be cut out. The title stands on no envelope."""
    office = issuer_of(document)
    marks = [
        *([] if document.secrecy in ORDINARY else [choice(document, "secrecy")]),
        *([] if document.urgency == "none" else [choice(document, "urgency")]),
    ]

    def label(one: Recipient | None) -> Box:
        if one is None:
            return Box("", "", 6, kind="text")
        lines = [
            Line("　".join(marks)),
            Line(one.correspondent.address or "" if one.correspondent else ""),
            Line(f"{one.name}　收"),
            Line(f"{office}　{document.document_no or ''}".strip("　"), end=True),
        ]
        return Box("", lines, 6, kind="text")

    found: list[Recipient | None] = [*_recipients(document)]
    lefts, rights = found[::2] or [None], found[1::2]
    return Form(
        "envelope_labels",
        office + "信封标签",
        tuple(Row(45, (label(left), label(right))) for left, right in zip_longest(lefts, rights)),
        stamp=False,
        title_size=18,
        **_subject(document),
    )


@form("receipt_slip", Recipient.kind_name, _l("Receipt slip to be sent back"))
def receipt_slip(line: Recipient, asked: Mapping[str, str]) -> Form:
    """公文回执: goes along with the copies; the recipient signs, stamps and sends one half back."""
    document: OutgoingDocument | None = line.document  # hidden from a unit that may see its own line alone
    office = rules.value(session_of(line), prints.OFFICE_NAME, document.profile() if document else None)
    title = content_of(document, "title", document.secrecy) if document else NOT_FOR_YOU
    number = document.document_no or "" if document else ""
    return Form(
        "receipt_slip",
        office + "公文回执",
        (
            Row(12, (Box("发文单位", office, 6), Box("发 文 号", number, 6))),
            Row(25, (Box("文件标题", title),)),
            Row(12, (Box("份　　数", str(line.copies), 6), Box("份　　号", line.copy_numbers or "", 6))),
            Row(12, (Box("收文单位", line.name or "", 6), Box("收到日期", day(line.signed_at), 6))),
            Row(32, (Box("收文单位（盖章）", "", 6, label_width=36), Box("收 件 人", "", 6))),
        ),
        copies=("第一联：请签名盖章后退回发文单位", "第二联：收文单位存"),
        stamp=False,
        title_size=18,
        subject=number,
        watermark=document is not None and prints.watermarked(document.secrecy),
    )
