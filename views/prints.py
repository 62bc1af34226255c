"""The office's forms on paper and what stands in their boxes. Their own words are Chinese: it is the office's paper.

A form is made for the person who prints: what they may not know is replaced by words that say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.engine import access, rules
from app.engine.disclosure import WITHHELD, knows, learn, value_of
from app.engine.fields import fields_of, whole
from app.engine.moments import at_office, local, today
from app.engine.paper.description import Box, Cell, Column, Form, Line, Row, Table, chinese_date, form
from app.engine.record import references
from models import prints
from models.documents import IncomingDocument
from models.outgoing import OutgoingDocument
from models.people import Department
from models.registers import Register
from models.secrecy import NOT_INDEXED

DOCUMENTS = IncomingDocument.kind_name

#: Stand where the reader may not know the words, and where the house keeps none.
NOT_FOR_YOU = "（内容按权限不予显示）"
ON_PAPER = "（原件另行保管，此处不录内容）"


def _session(record: Any) -> Session:
    session = object_session(record)
    assert session is not None
    return session


def _columns(heads: tuple[tuple[str, float], ...]) -> tuple[Column, ...]:
    return tuple(Column(head, width) for head, width in heads)


def _choice(record: Any, name: str) -> str:
    return fields_of(type(record))[name].choice_label(getattr(record, name))


def _day(moment: datetime | None) -> str:
    return chinese_date(local(moment)) if moment else ""


def _dated(written: date | None, at: datetime) -> str:
    """The day a paper slip bears, else the day the step was taken."""
    return _day(at_office(written)) if written else _day(at)


def _short(moment: datetime | None) -> str:
    return local(moment).strftime("%m-%d %H:%M") if moment else ""


def _content(record: Any, name: str, secrecy: str) -> str:
    """A field that is content, as far as it may stand on paper."""
    if prints.without_content(secrecy):
        return ON_PAPER
    value = value_of(record, fields_of(type(record))[name])
    return NOT_FOR_YOU if value is WITHHELD else value or ""


def _open(document: IncomingDocument) -> bool:
    """Whether the content of a document may stand on paper for whoever prints."""
    return knows(document) and not prints.without_content(document.secrecy)


def _limit(document: IncomingDocument) -> str:
    handled = document.state in ("in_handling", "suspended")
    return _day(document.limit_at or (document.due_at if handled else None))


def _marks(document: IncomingDocument) -> tuple[tuple[str, str], ...]:
    return (
        ("密　　级", _choice(document, "secrecy")),
        ("紧急程度", _choice(document, "urgency")),
        ("登 记 簿", document.register.name if document.register else ""),
    )


def _subject(document: IncomingDocument) -> dict[str, Any]:
    """What every form of one document says of it beside its boxes."""
    return {"subject": document.receipt_no, "watermark": prints.watermarked(document.secrecy)}


def _line_rows(document: IncomingDocument) -> tuple[Row, ...]:
    """The register line, as every form of a document begins."""
    return (
        Row(11, (Box("来文单位", document.sender.name, 7), Box("收到日期", _day(document.received_at), 5))),
        Row(11, (Box("来 文 号", document.sender_no or "", 7), Box("份　　数", str(document.copies), 5))),
    )


def _proposal(document: IncomingDocument) -> list[Line]:
    words = [Line(_content(document, "proposal", document.secrecy))]
    by = prints.signed(_session(document), document, "propose") if document.proposal and _open(document) else None
    if by is None:
        return words
    return [*words, Line(f"{by.unit or by.name}　{_dated(document.proposal_on, by.at)}", end=True)]


def _instructions(document: IncomingDocument) -> list[Line]:
    if not _open(document):
        return [Line(_content(document, "instruction", document.secrecy))]
    lines = []
    for one in prints.instructions_of(_session(document), document):
        lines.append(Line(f"{one.verb}　{one.words}" if one.verb else one.words))
        by = f"（{one.transcribed_by}代录）" if one.transcribed_by else ""
        lines.append(Line(f"{one.name}{by}　{_day(one.at)}", end=True))
    return lines


def _result(document: IncomingDocument) -> list[Line]:
    words = [Line(_content(document, "result", document.secrecy))]
    by = prints.signed(_session(document), document, "report_result") if document.result and _open(document) else None
    return [*words, Line(f"{by.name}　{_dated(document.result_on, by.at)}", end=True)] if by else words


def _summary(document: IncomingDocument) -> list[Line]:
    title = _content(document, "title", document.secrecy)
    summary = _content(document, "summary", document.secrecy) if _open(document) else ""
    return [Line(title), Line(summary)]


@form("incoming_slip", DOCUMENTS, _l("Processing slip"))
def incoming_slip(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """来文处理笺 on one A4, in the order the paper slip has."""
    sent = "、".join(prints.distributed_to(document))
    readers = [Cell(entry.reader.name, _short(entry.read_at)) for entry in prints.readers_of(document)]
    title = rules.value(_session(document), prints.SLIP_TITLE, document.profile())
    return Form(
        "incoming_slip",
        prints.office_of(document) + title,
        (
            *_line_rows(document),
            Row(11, (Box("收 文 号", document.receipt_no, 7), Box("办理期限", _limit(document), 5))),
            Row(25, (Box("内容摘要", _summary(document)),)),
            Row(11, (Box("此 件 共", f"{document.copies}份，已分送：{sent}", blank="　　份，已分送："),)),
            Row(45, (Box("拟办意见：", _proposal(document), kind="text"),)),
            Row(60, (Box("领导批示：", _instructions(document), kind="text"),)),
            Row(30, (Box("办理结果：", _result(document), kind="text"),)),
            Row(24, (Box("传阅签名", readers, kind="cells"),)),
        ),
        marks=_marks(document),
        **_subject(document),
    )


@form("reading_opinions", DOCUMENTS, _l("Reading-opinion sheet"))
def reading_opinions(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """阅文意见表: everybody who reads, with what they said."""
    entries = prints.readers_of(document)
    learn(_session(document), entries)
    rows = [
        [
            str(place),
            entry.reader.name,
            entry.reader.department.name if entry.reader.department else "",
            _content(entry, "opinion", document.secrecy) if entry.opinion else ("已阅" if entry.read_at else ""),
            _short(entry.read_at),
        ]
        for place, entry in enumerate(entries, 1)
    ]
    heads = (("序号", 10), ("阅文人", 20), ("部　门", 28), ("意　见", 80), ("日　期", 27))
    return Form(
        "reading_opinions",
        prints.office_of(document) + "阅文意见表",
        (
            *_line_rows(document),
            Row(18, (Box("文件标题", _content(document, "title", document.secrecy)),)),
            Table(_columns(heads), rows, least=12, height=13),
        ),
        marks=_marks(document),
        notes=("请于收到之日起十日内提出意见；阅后请签名并注明日期，交回办公室，勿自行横传。",),
        **_subject(document),
    )


@form("reminder", DOCUMENTS, _l("Reminder slip"))
def reminder(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """催办单, two copies on one sheet: one stays with the office, one goes to the unit in charge."""
    ordered = prints.signed(_session(document), document, "instruct")
    unit = document.department.name if document.department else ""
    handler = document.handler.name if document.handler else ""
    return Form(
        "reminder",
        prints.office_of(document) + "催办单",
        (
            Row(10, (Box("承办单位", unit, 7), Box("承 办 人", handler, 5))),
            Row(10, (Box("收 文 号", document.receipt_no, 7), Box("交办日期", _day(ordered.at) if ordered else "", 5))),
            Row(10, (Box("来 文 号", document.sender_no or "", 7), Box("办理期限", _limit(document), 5))),
            Row(15, (Box("文件标题", _content(document, "title", document.secrecy)),)),
            Row(20, (Box("办理要求", _content(document, "instruction", document.secrecy)),)),
            Row(32, (Box("办理情况", ""),)),
            Row(10, (Box("催办日期", chinese_date(_start_of_today()), 7), Box("签　　收", "", 5))),
        ),
        copies=("第一联：办公室存", "第二联：送承办单位，请填写办理情况后退回"),
        stamp=False,
        title_size=18,
        **_subject(document),
    )


def _start_of_today() -> datetime:
    return local(at_office(today()))


@form("receipt", DOCUMENTS, _l("Receipt for the sender"))
def receipt(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """回执: what the sender gets back, and what the office keeps of it."""
    return Form(
        "receipt",
        prints.office_of(document) + "收文回执",
        (
            Row(12, (Box("发文单位", document.sender.name),)),
            Row(12, (Box("文　　号", document.sender_no or "", 7), Box("份　　数", str(document.copies), 5))),
            Row(25, (Box("文件标题", _content(document, "title", document.secrecy)),)),
            Row(12, (Box("收到日期", _day(document.received_at), 7), Box("收 文 号", document.receipt_no, 5))),
            Row(32, (Box("收文单位（盖章）", "", 7, label_width=36), Box("收 件 人", "", 5))),
        ),
        copies=("第一联：退发文单位", "第二联：收文单位存"),
        stamp=False,
        title_size=18,
        **_subject(document),
    )


@form("outgoing_slip", OutgoingDocument.kind_name, _l("Slip of an outgoing document"))
def outgoing_slip(document: OutgoingDocument, asked: Mapping[str, str]) -> Form:
    """发文处理签: from the drafter to the copies that went out, with all who signed for it."""

    def content(name: str) -> str:
        return _content(document, name, document.secrecy)

    def hands(*steps: str, most: int = 3) -> str:
        found = prints.signatures(_session(document), document, *steps)[-most:]
        return "；".join(f"{one.name}　{_day(one.at)}" for one in found)

    countersigners = [
        line
        for one in document.countersignatures
        if one.answered_at is not None
        for line in (
            Line(f"{one.state_label}　{_content(one, 'remark', document.secrecy)}".strip("　")),
            Line(f"{one.asked_of} {one.person or ''}　{_day(one.answered_at)}", end=True),
        )
    ]
    finance = document.finance_reviewer.name if document.finance_reviewer else ""
    drafter = document.drafter.name if document.drafter else ""
    unit = document.department.name if document.department else ""
    signer = document.signer.name if document.signer else ""
    sealer = document.sealed_by.name if document.sealed_by else ""
    number = document.document_no or ""
    return Form(
        "outgoing_slip",
        rules.value(_session(document), prints.OFFICE_NAME, None) + "发文处理签",
        (
            Row(11, (Box("发 文 号", number, 7), Box("文　　种", _choice(document, "document_type"), 5))),
            Row(11, (Box("拟稿单位", unit, 7), Box("拟 稿 人", drafter, 5))),
            Row(25, (Box("文件标题", content("title")),)),
            Row(20, (Box("主　　送", content("addressees"), 7), Box("抄　　送", content("copy_to"), 5))),
            Row(45, (Box("会签意见：", countersigners or [Line("")], kind="text"),)),
            Row(
                11,
                (
                    Box("核　　稿", hands("pass_text", most=1), 6),
                    Box("经济审核", f"{finance}　{_day(document.finance_passed_at)}".strip("　"), 6),
                ),
            ),
            Row(
                30,
                (
                    Box(
                        "签　　发",
                        [Line(document.sign_words or ""), Line(f"{signer}　{_day(document.signed_at)}", end=True)],
                    ),
                ),
            ),
            Row(11, (Box("份　　数", str(document.copies or ""), 6), Box("印　　制", document.printer or "", 6))),
            Row(20, (Box("校　　对", hands("proofread")),)),
            Row(11, (Box("用　　印", sealer, 6), Box("印发日期", _day(document.issued_at), 6))),
            Row(11, (Box("附　　件", content("enclosures"), 6), Box("归 档 号", "", 6))),
        ),
        subject=number,
        marks=(("密　　级", _choice(document, "secrecy")), ("紧急程度", _choice(document, "urgency"))),
        watermark=prints.watermarked(document.secrecy),
    )


_HAND_OVER = (
    ("序号", 11), ("收文号", 36), ("文　件", 58), ("份数", 11), ("送交", 28), ("签收人", 21), ("签收时间", 23),
)  # fmt: skip


def _hand_over(title: str, rows: list[list[str]], **about: Any) -> Form:
    return Form(
        "hand_over",
        title,
        (
            Table(_columns(_HAND_OVER), rows, least=12, height=13),
            Row(11, (Box("送 件 人", "", 6), Box("送出时间", "", 6))),
        ),
        stamp=False,
        **about,
    )


@form("hand_over", DOCUMENTS, _l("Hand-over list"))
def hand_over_document(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """送文清单 of one document: everybody who gets a copy signs for it."""
    title = _content(document, "title", document.secrecy)
    rows = [
        [str(place), document.receipt_no, title, "1", name, "", ""]
        for place, name in enumerate(prints.distributed_to(document), 1)
    ]
    return _hand_over(prints.office_of(document) + "送文清单", rows, **_subject(document))


@form("hand_over", Department.kind_name, _l("Hand-over list"))
def hand_over_unit(unit: Department, asked: Mapping[str, str]) -> Form:
    """送文清单 of one unit: the papers in its hands, for the messenger to have signed."""
    session = _session(unit)
    query = select(IncomingDocument).where(
        IncomingDocument.department_id == unit.id, IncomingDocument.state == "in_handling"
    )
    documents = _listed(session, query)
    rows = [
        [str(place), one.receipt_no, _listed_title(one), str(one.copies), unit.name, "", ""]
        for place, one in enumerate(documents, 1)
    ]
    title = rules.value(session, prints.OFFICE_NAME, None) + "送文清单"
    secret = any(prints.watermarked(one.secrecy) for one in documents)
    return _hand_over(title, rows, caption=(f"送交：{unit.name}", chinese_date(_start_of_today())), watermark=secret)


def _listed(session: Session, query: Any) -> list[IncomingDocument]:
    """The documents of a list its reader may see, in few queries; a unit or a book is open to people who read none."""
    if not access.current().may("read", DOCUMENTS):
        return []
    named = references(IncomingDocument, ("sender", "department", "register"))
    documents = list(session.scalars(query.order_by(IncomingDocument.id).options(*named)))
    learn(session, documents)
    return documents


def _listed_title(document: IncomingDocument) -> str:
    """The title on a list of many papers: above secret a paper goes by its number alone."""
    return "" if document.secrecy in NOT_INDEXED else _content(document, "title", document.secrecy)


_REGISTER = (
    ("收文号", 42), ("收到日期", 27), ("来文单位", 38), ("来文号", 44), ("文件标题", 68), ("份数", 11), ("密级", 14),
    ("重要程度", 14), ("承办单位", 26), ("状态", 24),
)  # fmt: skip


@form("register_page", Register.kind_name, _l("Register pages"))
def register_page(book: Register, asked: Mapping[str, str]) -> Form:
    """收文登记簿 of one book and year (`year`, else this one), with the lines its reader may see."""
    session = _session(book)
    year = whole(asked.get("year", "")) or today().year
    year = year if 1900 <= year < 2199 else today().year
    start, end = (at_office(today().replace(year=one, month=1, day=1)) for one in (year, year + 1))
    query = select(IncomingDocument).where(
        IncomingDocument.register_id == book.id,
        IncomingDocument.received_at >= start,
        IncomingDocument.received_at < end,
    )
    documents = _listed(session, query)
    return Form(
        "register_page",
        rules.value(session, prints.OFFICE_NAME, book.profile) + "收文登记簿",
        (
            Table(
                _columns(_REGISTER),
                [_register_line(one) for one in documents],
                least=1,
            ),
        ),
        subject=f"{book.name}　{year}年",
        caption=(f"登记簿：{book.name}", f"年度：{year}年", f"共{len(documents)}件"),
        landscape=True,
        stamp=False,
        watermark=any(prints.watermarked(one.secrecy) for one in documents),
    )


def _register_line(document: IncomingDocument) -> list[str]:
    if document.secrecy in NOT_INDEXED:
        return [document.receipt_no, "", "", "", "", "", _choice(document, "secrecy"), "", "", ""]
    return [
        document.receipt_no,
        local(document.received_at).strftime("%Y-%m-%d"),
        document.sender.name,
        document.sender_no or "",
        _listed_title(document),
        str(document.copies),
        _choice(document, "secrecy"),
        _choice(document, "importance"),
        document.department.name if document.department else "",
        document.state_label,
    ]
