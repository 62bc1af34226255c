"""The procedures P1 names: their names and where they are named. Their texts are not in the sources."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.desk_procedures import DeskProcedure

_P1 = "物业服务中心来电来访控制工作程序"
#: name, kind, source
PROCEDURES: list[tuple[str, str | None, str]] = [
    ("首问责任制处理流程图", None, f"{_P1} 4.2: 需参照《首问责任制处理流程图》执行（原文未附）"),
    ("客户投诉处理控制程序", "complaint", f"{_P1} 4.2.3.1: 投诉类，按《客户投诉处理控制程序》执行（原文未附）"),
    ("报修处理控制程序", "repair", f"{_P1} 4.2.3.2: 报修类，按《报修处理控制程序》执行（原文未附）"),
    ("有偿服务流程图", "paid_service", f"{_P1} 4.2.3.3: 有偿服务类，按《有偿服务流程图》执行（原文未附）"),
]


def sow(session: Session) -> None:
    """Put in the procedures where there are none."""
    if session.scalar(select(DeskProcedure.id).limit(1)) is None:
        session.add_all(DeskProcedure(name=name, kind=kind, source=source) for name, kind, source in PROCEDURES)
