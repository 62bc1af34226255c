"""The forms of incoming papers and what stands in their boxes. Their own words are Chinese: it is the office's paper.

A form is made for the person who prints: what they may not know is replaced by words that say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, clocks, numbers, references, rules
from app.engine.database import session_of
from app.engine.disclosure import learn
from app.engine.fields import whole
from app.engine.moments import at_office, local, today
from app.engine.paper.description import Box, Cell, Form, Line, Row, Table, chinese_date, form
from models import prints
from models.documents import IncomingDocument
from models.people import Department
from models.registers import Register
from models.secrecy import NOT_INDEXED, REGISTRY
from reports.serials import in_order, void_numbers, why_void
from views.on_paper import choice, columns, content_of, day, is_open, short, start_of_today

DOCUMENTS = IncomingDocument.kind_name


def _dated(written: date | None, at: datetime) -> str:
    """The day a paper slip bears, else the day the step was taken."""
    return day(at_office(written)) if written else day(at)


def _limit(document: IncomingDocument) -> str:
    """The limit that holds: an extension or a pause has moved the one that was stated."""
    handling = clocks.last(session_of(document), document, "handling")
    return day(handling.due_at if handling is not None else document.limit_at)


def _marks(document: IncomingDocument) -> tuple[tuple[str, str], ...]:
    return (
        ("密　　级", choice(document, "secrecy")),
        ("紧急程度", choice(document, "urgency")),
        ("登 记 簿", document.register.name if document.register else ""),
    )


def _subject(document: IncomingDocument) -> dict[str, Any]:
    """What every form of one document says of it beside its boxes."""
    return {"subject": document.receipt_no, "watermark": prints.watermarked(document.secrecy)}


def _line_rows(document: IncomingDocument) -> tuple[Row, ...]:
    """The register line, as every form of a document begins."""
    return (
        Row(11, (Box("来文单位", document.sender.name, 7), Box("收到日期", day(document.received_at), 5))),
        Row(11, (Box("来 文 号", document.sender_no or "", 7), Box("份　　数", str(document.copies), 5))),
    )


def _proposal(document: IncomingDocument) -> list[Line]:
    words = [Line(content_of(document, "proposal", document.secrecy))]
    by = prints.signed(session_of(document), document, "propose") if document.proposal and is_open(document) else None
    if by is None:
        return words
    return [*words, Line(f"{by.unit or by.name}　{_dated(document.proposal_on, by.at)}", end=True)]


def _instructions(document: IncomingDocument) -> list[Line]:
    if not is_open(document):
        return [Line(content_of(document, "instruction", document.secrecy))]
    lines = []
    for one in prints.instructions_of(session_of(document), document):
        lines.append(Line(f"{one.verb}　{one.words}" if one.verb else one.words))
        by = f"（{one.transcribed_by}代录）" if one.transcribed_by else ""
        lines.append(Line(f"{one.name}{by}　{day(one.at)}", end=True))
    return lines


def _result(document: IncomingDocument) -> list[Line]:
    words = [Line(content_of(document, "result", document.secrecy))]
    by = (
        prints.signed(session_of(document), document, "report_result")
        if document.result and is_open(document)
        else None
    )
    return [*words, Line(f"{by.name}　{_dated(document.result_on, by.at)}", end=True)] if by else words


def _summary(document: IncomingDocument) -> list[Line]:
    title = content_of(document, "title", document.secrecy)
    summary = content_of(document, "summary", document.secrecy) if is_open(document) else ""
    return [Line(title), Line(summary)]


@form("incoming_slip", DOCUMENTS, _l("Processing slip"))
def incoming_slip(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """来文处理笺 on one A4, in the order the paper slip has."""
    sent = "、".join(prints.distributed_to(document))
    readers = [Cell(entry.reader.name, short(entry.read_at)) for entry in prints.readers_of(document)]
    title = rules.value(session_of(document), prints.SLIP_TITLE, document.profile())
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
    learn(session_of(document), entries)
    rows = [
        [
            str(place),
            entry.reader.name,
            entry.reader.department.name if entry.reader.department else "",
            content_of(entry, "opinion", document.secrecy) if entry.opinion else ("已阅" if entry.read_at else ""),
            short(entry.read_at),
        ]
        for place, entry in enumerate(entries, 1)
    ]
    heads = (("序号", 10), ("阅文人", 20), ("部　门", 28), ("意　见", 80), ("日　期", 27))
    return Form(
        "reading_opinions",
        prints.office_of(document) + "阅文意见表",
        (
            *_line_rows(document),
            Row(18, (Box("文件标题", content_of(document, "title", document.secrecy)),)),
            Table(columns(heads), rows, least=12, height=13),
        ),
        marks=_marks(document),
        notes=("请于收到之日起十日内提出意见；阅后请签名并注明日期，交回办公室，勿自行横传。",),
        **_subject(document),
    )


@form("reminder", DOCUMENTS, _l("Reminder slip"))
def reminder(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """催办单, two copies on one sheet: one stays with the office, one goes to the unit in charge."""
    ordered = prints.signed(session_of(document), document, "instruct")
    unit = document.department.name if document.department else ""
    handler = document.handler.name if document.handler else ""
    return Form(
        "reminder",
        prints.office_of(document) + "催办单",
        (
            Row(10, (Box("承办单位", unit, 7), Box("承 办 人", handler, 5))),
            Row(10, (Box("收 文 号", document.receipt_no, 7), Box("交办日期", day(ordered.at) if ordered else "", 5))),
            Row(10, (Box("来 文 号", document.sender_no or "", 7), Box("办理期限", _limit(document), 5))),
            Row(15, (Box("文件标题", content_of(document, "title", document.secrecy)),)),
            Row(20, (Box("办理要求", content_of(document, "instruction", document.secrecy)),)),
            Row(32, (Box("办理情况", ""),)),
            Row(10, (Box("催办日期", chinese_date(start_of_today()), 7), Box("签　　收", "", 5))),
        ),
        copies=("第一联：办公室存", "第二联：送承办单位，请填写办理情况后退回"),
        stamp=False,
        title_size=18,
        **_subject(document),
    )


@form("receipt", DOCUMENTS, _l("Receipt for the sender"))
def receipt(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """回执: what the sender gets back, and what the office keeps of it."""
    return Form(
        "receipt",
        prints.office_of(document) + "收文回执",
        (
            Row(12, (Box("发文单位", document.sender.name),)),
            Row(12, (Box("文　　号", document.sender_no or "", 7), Box("份　　数", str(document.copies), 5))),
            Row(25, (Box("文件标题", content_of(document, "title", document.secrecy)),)),
            Row(12, (Box("收到日期", day(document.received_at), 7), Box("收 文 号", document.receipt_no, 5))),
            Row(32, (Box("收文单位（盖章）", "", 7, label_width=36), Box("收 件 人", "", 5))),
        ),
        copies=("第一联：退发文单位", "第二联：收文单位存"),
        stamp=False,
        title_size=18,
        **_subject(document),
    )


_HAND_OVER = (
    ("序号", 11), ("收文号", 36), ("文　件", 58), ("份数", 11), ("送交", 28), ("签收人", 21), ("签收时间", 23),
)  # fmt: skip


def _hand_over(title: str, rows: list[list[str]], **about: Any) -> Form:
    return Form(
        "hand_over",
        title,
        (
            Table(columns(_HAND_OVER), rows, least=12, height=13),
            Row(11, (Box("送 件 人", "", 6), Box("送出时间", "", 6))),
        ),
        stamp=False,
        **about,
    )


@form("hand_over", DOCUMENTS, _l("Hand-over list"))
def hand_over_document(document: IncomingDocument, asked: Mapping[str, str]) -> Form:
    """送文清单 of one document: everybody who gets a copy signs for it."""
    title = content_of(document, "title", document.secrecy)
    rows = [
        [str(place), document.receipt_no, title, "1", name, "", ""]
        for place, name in enumerate(prints.distributed_to(document), 1)
    ]
    return _hand_over(prints.office_of(document) + "送文清单", rows, **_subject(document))


@form("hand_over", Department.kind_name, _l("Hand-over list"))
def hand_over_unit(unit: Department, asked: Mapping[str, str]) -> Form:
    """送文清单 of one unit: the papers in its hands, for the messenger to have signed."""
    session = session_of(unit)
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
    return _hand_over(title, rows, caption=(f"送交：{unit.name}", chinese_date(start_of_today())), watermark=secret)


def _listed(session: Session, query: Any) -> list[IncomingDocument]:
    """The documents of a list its reader may see, in few queries; a unit or a book is open to people who read none."""
    if not access.current().may("read", DOCUMENTS):
        return []
    named = references.options(IncomingDocument, ("sender", "department", "register"))
    documents = list(session.scalars(query.order_by(IncomingDocument.id).options(*named)))
    learn(session, documents)
    return documents


def _listed_title(document: IncomingDocument) -> str:
    """The title on a list of many papers: above secret a paper goes by its number alone."""
    return "" if document.secrecy in NOT_INDEXED else content_of(document, "title", document.secrecy)


_REGISTER = (
    ("收文号", 42), ("收到日期", 27), ("来文单位", 38), ("来文号", 44), ("文件标题", 68), ("份数", 11), ("密级", 14),
    ("重要程度", 14), ("承办单位", 26), ("状态", 24),
)  # fmt: skip


@form("register_page", Register.kind_name, _l("Register pages"))
def register_page(book: Register, asked: Mapping[str, str]) -> Form:
    """收文登记簿 of one book and year (`year`, else this one) by number, with the lines its reader may see."""
    session = session_of(book)
    year = whole(asked.get("year", "")) or today().year
    year = year if 1900 <= year < 2199 else today().year
    lines, documents = _lines_of(session, book, year)
    return Form(
        "register_page",
        rules.value(session, prints.OFFICE_NAME, book.profile) + "收文登记簿",
        (
            Table(
                columns(_REGISTER),
                [line for line, _void in lines],
                least=1,
                struck=[place for place, (_line, void) in enumerate(lines) if void],
            ),
        ),
        subject=f"{book.name}　{year}年",
        caption=(f"登记簿：{book.name}", f"年度：{year}年", f"共{len(documents)}件"),
        notes=_accounted(session, IncomingDocument.series_of(book)[0], year),
        landscape=True,
        stamp=False,
        watermark=any(prints.watermarked(one.secrecy) for one in documents),
    )


def _lines_of(
    session: Session, book: Register, year: int
) -> tuple[list[tuple[list[str], bool]], list[IncomingDocument]]:
    """The lines of a book in the order of its numbers, each with whether the number is void, and their papers."""
    paper = IncomingDocument
    if not access.current().may("read", DOCUMENTS):
        return [], []
    query = select(paper, why_void(paper.receipt_no, paper.kind_name)).where(paper.register_id == book.id)
    named = references.options(paper, ("sender", "department", "register"))
    query = in_order(query, paper.receipt_no, paper.kind_name, paper.received_at, paper.id, year).options(*named)
    rows = list(session.execute(query))
    documents = [document for document, *_counted in rows]
    learn(session, documents)
    found = [
        ((counted or 0, serial or 0), (_register_line(document, reason), document.state == "voided"))
        for document, reason, counted, serial in rows
    ]
    blank = [""] * (len(_REGISTER) - 2)
    void = void_numbers(session, paper.receipt_no, paper.series_of(book)[0], year)
    for number, counted, serial, reason in void.itertuples(index=False, name=None):
        found.append(((counted, serial), ([number, *blank, _void(reason)], True)))
    return [line for _place, line in sorted(found, key=lambda one: one[0])], documents


def _void(reason: str | None) -> str:
    return f"作废：{reason}" if reason else "作废"


def _accounted(session: Session, series: str, year: int) -> tuple[str, ...]:
    """What became of the numbers of a book, for those who keep or read all registers."""
    # A series that runs on counts in the year nought.
    counted = numbers.audit(session, series, (0, year)) if access.current().has(*REGISTRY) else []
    return tuple(
        f"编号1—{one['drawn']}号：已用{one['used']}个，作废{one['void']}个，预留{one['reserved']}个，"
        f"无说明{one['unexplained']}个。"
        for one in counted
    )


def _register_line(document: IncomingDocument, reason: str | None) -> list[str]:
    if document.secrecy in NOT_INDEXED:
        return [document.receipt_no, "", "", "", "", "", choice(document, "secrecy"), "", "", ""]
    return [
        document.receipt_no,
        local(document.received_at).strftime("%Y-%m-%d"),
        document.sender.name,
        document.sender_no or "",
        _listed_title(document),
        str(document.copies),
        choice(document, "secrecy"),
        choice(document, "importance"),
        document.department.name if document.department else "",
        _void(reason) if document.state == "voided" else document.state_label,
    ]
