"""Printed forms: what stands on them, for whom, on how many sheets; the PDF is opened again by other programs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from app.engine import access
from app.engine import record as records
from app.engine.events import SecurityEvent
from app.engine.moments import parse_moment, today
from app.engine.paper.description import FORMS, Box, Cell, Form, Line, Print, Row
from app.engine.paper.faces import SHIPPED, chosen
from app.engine.paper.pdf import typeset
from app.extensions import db
from models.circulation import CirculationEntry
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.people import Department, Person
from models.prints import Opinion, in_order
from models.registers import Register
from tests.browsing import Desk
from tests.conftest import actors_of, sign_in

ROOT = Path(__file__).parent.parent

#: The four filled slips of the township government, as they stand on paper.
SLIPS = (
    ("独府办", "2011-09-13", "独府办发〔2011〕139号",
     "关于印发独山县进一步加强“地沟油”和餐厨废弃油脂监管整治工作实施方案的通知",
     "拟请乡属各相关部门按照文件要求，认真贯彻执行\n拟转周乡长阅办，呈请韦书记阅示", "2011年9月13日"),
    ("独山县政府办", "2011-09-07", "独府办发〔2011〕138号",
     "关于将县属财政管理国有资产划归县国有资本运营有限责任公司管理的通知",
     "根据上级通知，拟将乡属各有关单位、各村组、村党支部积极配合国有资本运营公司，将乡属、村属财政管理的资产划归独山国有资本运营有限责任公司管理。\n拟呈韦书记阅示。",
     "2011年9月7日"),
    ("县作风建设领导小组办公室", "2011-08-29", None, "关于做好迎接州省、州督查工作准备的通知", "拟呈党政班子领导传阅", "2011年8月29日"),
    ("黔南府办", "2011-09-13", "黔南府办发电〔2011〕202号",
     "关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知",
     "拟请乡属各相关部门认真执行省委文件精神，各村组积极配合。\n拟呈蒙乡长阅示，请办公室领导示", "2011年9月13日"),
)  # fmt: skip


def squeezed(text):
    """Text without the spaces and line ends a page adds."""
    return re.sub(r"\s+", "", text)


def opened(content):
    return PdfReader(io.BytesIO(content))


def text_of(content, page=None):
    pages = opened(content).pages
    return squeezed("".join(one.extract_text() for one in (pages if page is None else [pages[page]])))


def register(session, **values):
    """A document as the clerk registers it."""
    sender = values.pop("sender", "市财政局")
    with access.system():
        if session.query(Correspondent).filter_by(name=sender).first() is None:
            session.add(Correspondent(name=sender))
            session.flush()
    raw = {"sender": sender, "title": "关于报送预算的通知", "received_at": "2026-03-06 09:00", "secrecy": "internal",
           "urgency": "none", "copies": "1"}  # fmt: skip
    return records.add(session, IncomingDocument, {**raw, **values})


def paper(app, **values):
    """The key of a paper the clerk registered and proposed something on, if there is a proposal."""
    proposal = values.pop("proposal", None)
    with app.app_context():
        clerk = actors_of(db.session)["clerk"]
        with access.acting_as(clerk):
            document = register(db.session, **values)
            if proposal:
                document.flow.take(db.session, document, "propose", {"proposal": proposal})
        db.session.commit()
        return document.id


def get(client, pk, form="incoming_slip", ending="pdf", kind="incoming_documents", **args):
    return client.get(f"/print/{form}/{kind}/{pk}.{ending}", query_string=args)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip[0])
def test_the_slip_says_what_the_paper_slip_says_in_its_order_on_one_sheet(app, client, slip):
    sender, received, sender_no, title, proposal, day = slip
    with app.app_context(), access.system():
        government = db.session.query(Register).filter_by(profile="government").one().id
    pk = paper(app, sender=sender, sender_no=sender_no, title=title, received_at=received, proposal=proposal,
               register=str(government))  # fmt: skip
    answer = get(client("clerk"), pk)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert len(opened(answer.data).pages) == 1
    text = text_of(answer.data)
    number = f"政收〔{today().year}〕1号"
    in_their_order = [
        "党政办公室来文处理笺", "来文单位" + sender, "收到日期" + day, "来文号" + (sender_no or ""), "份数1", "收文号" + number,
        "内容摘要" + title, "此件共1份，已分送", "拟办意见：" + squeezed(proposal), "领导批示：", "办理结果：", "传阅签名",
    ]  # fmt: skip
    places = [text.find(squeezed(words)) for words in in_their_order]
    assert -1 not in places and places == sorted(places), dict(zip(in_their_order, places, strict=True))
