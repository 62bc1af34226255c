"""What runs long, each in a process of its own, so that its memory can be told.

`python -m bench.tasks NAME ACCOUNT` prints `{"seconds": ..., "idle_mb": ..., "peak_mb": ...}` for the office that the
environment names. Beside ours stand the plainest ways to the same end: SQL by hand, bare xlsxwriter, bare csv.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.csv import csv_chunks
from app.engine.extracts import export_columns, export_rows, export_texts
from app.engine.moments import office_zone
from app.engine.report_answers import ask
from app.engine.transfer import import_rows
from app.extensions import db
from app.factory import create_app
from app.memory import settle
from app.web.download import Export, write_table
from models.customers import Customer
from models.orders import Order
from models.people import actor_of

#: Rows of the files, and of what is brought in.
ROWS, IMPORTED = 100_000, 20_000
SHEET = ["customer_no", "name", "region", "address", "contact", "phone"]
COLUMNS = "id, order_no, payment_type, placed_at, region, consignee, net, tax, gross, quantity, state, closed_at"


def turnaround(session: Session) -> int:
    return len(ask(session, "turnaround", {}).rows)


def overdue(session: Session) -> int:
    return len(ask(session, "overdue", {}).rows)


def order_summary(session: Session) -> int:
    return len(ask(session, "order_summary", {"by": "month,status,payment_type"}).rows)


def order_goods(session: Session) -> int:
    return len(ask(session, "order_summary", {"by": "product"}).rows)


def top_products(session: Session) -> int:
    return len(ask(session, "product_sales", {}).rows)


def turnaround_sql(session: Session) -> int:
    """Narrow columns, grouped by pandas: the fastest way without another engine."""
    import pandas as pd

    rows = session.connection().execute(text(
        "SELECT department_id, received_at, closed_at FROM incoming_document WHERE closed_at IS NOT NULL"
    ))  # fmt: skip
    table = pd.DataFrame(rows.all(), columns=["department", "received", "closed"])
    received, closed = pd.to_datetime(table["received"]), pd.to_datetime(table["closed"])
    days = (closed - received).dt.total_seconds() / 86_400
    groups = days.groupby([table["department"], closed.dt.strftime("%Y-%m")])
    return len(groups.median()) + len(groups.quantile(0.9))


def overdue_sql(session: Session) -> int:
    kinds = ("incoming_document", "sales_order", "service_ticket")
    moment = datetime.now(UTC).replace(tzinfo=None)
    query = " UNION ALL ".join(
        f"SELECT '{kind}', department_id, count(*) FROM {kind} "
        "WHERE closed_at IS NULL AND due_at < :now GROUP BY department_id"
        for kind in kinds
    )
    return len(session.connection().execute(text(query), {"now": moment}).all())


def _figures(of: str, each: str = "") -> str:
    """The figures of an order summary, by hand: of orders or of their lines, of which `each` order is counted once."""
    return (
        f"count({each} o.id), count({each} CASE WHEN o.state = 'cancelled' THEN o.id END), "
        f"sum({of}.quantity), sum({of}.net), sum({of}.tax), sum({of}.gross), "
        f"sum(CASE WHEN o.state = 'cancelled' THEN {of}.net END)"
    )


def order_summary_sql(session: Session) -> int:
    month = "substr(o.placed_at, 1, 7)" if db.engine.dialect.name == "sqlite" else "to_char(o.placed_at, 'YYYY-MM')"
    query = f"SELECT {month}, o.state, o.payment_type, {_figures('o')} FROM sales_order o"
    return len(session.connection().execute(text(f"{query} WHERE o.state <> 'draft' GROUP BY 1, 2, 3")).all())


#: The plus keeps SQLite from following the index of products, which fetches the lines at random: ten times as long.
PRODUCT = "+x.product_id"
LINES = "FROM order_line x JOIN sales_order o ON o.id = x.order_id WHERE o.state NOT IN"


def order_goods_sql(session: Session) -> int:
    query = f"SELECT {PRODUCT}, {_figures('x', 'DISTINCT')} {LINES} ('draft') GROUP BY 1"
    return len(session.connection().execute(text(query)).all())


def top_products_sql(session: Session) -> int:
    left_out = "('draft', 'cancelled', 'closed', 'invalid')"
    query = f"SELECT {PRODUCT}, sum(x.quantity), sum(x.net) {LINES} {left_out} GROUP BY 1 ORDER BY 3 DESC"
    return len(session.connection().execute(text(query)).all())


def _exported(session: Session) -> Any:
    return islice(export_rows(session, Order, select(Order).order_by(Order.id)), ROWS)


def workbook(session: Session) -> int:
    with tempfile.TemporaryFile() as file:
        write_table(file, Export("Orders", export_columns(Order), _exported(session), "orders"))
        return file.tell()


def csv_file(session: Session) -> int:
    with tempfile.TemporaryFile() as file:
        texts = export_texts(session, Order, select(Order).order_by(Order.id), office_zone())
        file.writelines(csv_chunks(export_columns(Order), islice(texts, ROWS)))
        return file.tell()


def _bare(session: Session) -> Any:
    names = ", ".join(column.name for column in Order.__table__.columns)
    rows = text(f"SELECT {names} FROM sales_order ORDER BY id LIMIT {ROWS}")
    return session.connection().execute(rows, execution_options={"stream_results": True})


def workbook_bare(session: Session) -> int:
    """The same rows and columns by xlsxwriter in its constant-memory mode, without formats."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bare.xlsx"
        book = xlsxwriter.Workbook(path, {"constant_memory": True})
        page = book.add_worksheet()
        for number, row in enumerate(_bare(session)):
            for place, value in enumerate(row):
                if value is not None:
                    page.write(number, place, str(value) if isinstance(value, datetime) else value)
        book.close()
        return path.stat().st_size


def csv_bare(session: Session) -> int:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_bare(session))
        return file.tell()


def _sheet() -> Iterator[list[str]]:
    """A list of new customers as somebody else's program hands it over."""
    for n in range(IMPORTED):
        yield [f"BENCH{n:06}", f"第{n}贸易有限公司", "江苏省", f"人民路{n}号", f"王{n}", f"139{n:08}"]


def import_sheet(session: Session) -> int:
    """Checked, numbered, found by the search, with history; all of it taken back."""
    done = import_rows(session, Customer, SHEET, _sheet())
    session.rollback()
    return done.imported


def import_bare(session: Session) -> int:
    """The same cells put into the table, and nothing else."""
    names = [*SHEET, "state", "name_key", "search_text", "taken_over", "version", "created_at", "changed_at"]
    rest = {"state": "active", "name_key": "", "search_text": "", "taken_over": True, "version": 1}
    moment = datetime.now(UTC).replace(tzinfo=None)
    rows = [dict(zip(SHEET, row, strict=True)) | rest | dict.fromkeys(names[-2:], moment) for row in _sheet()]
    values = ", ".join(f":{name}" for name in names)
    session.connection().execute(text(f"INSERT INTO customer ({', '.join(names)}) VALUES ({values})"), rows)
    session.rollback()
    return len(rows)


#: Name -> what is done, and the plain way it is held against.
TASKS: dict[str, tuple[Callable[[Session], int], Callable[[Session], int]]] = {
    "turnaround": (turnaround, turnaround_sql),
    "overdue": (overdue, overdue_sql),
    "order_summary": (order_summary, order_summary_sql),
    "top_products": (top_products, top_products_sql),
    "order_goods": (order_goods, order_goods_sql),
    "workbook": (workbook, workbook_bare),
    "csv": (csv_file, csv_bare),
    "import": (import_sheet, import_bare),
}


#: As whom each is done: somebody who sees all, somebody who sees some, and the plain way, which asks nobody.
ACCOUNTS = {
    "turnaround": ("manager", "head_a", "plain"),
    "overdue": ("manager", "head_a", "plain"),
    "order_summary": ("manager", "sales", "plain"),
    "top_products": ("manager", "sales", "plain"),
    "order_goods": ("manager", "sales", "plain"),
    "workbook": ("manager", "plain"),
    "csv": ("manager", "plain"),
    "import": ("order_admin", "plain"),
}


def _memory(figure: str) -> float:
    """MB of this process: `VmRSS` now, `VmHWM` at most since `_forget_peak`."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(figure))
    return int(line.split()[1]) / 1000


def _forget_peak() -> None:
    """Starting takes more memory than standing idle; what a task takes must not hide behind it."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(name: str, account: str) -> dict[str, float]:
    """Seconds and MB of one task as one account; `plain` as account stands for the way it is held against."""
    app = create_app()
    settle()
    ours, plain = TASKS[name]
    with app.test_request_context():
        with access.system():
            user = db.session.scalars(
                select(User).where(User.username == ("manager" if account == "plain" else account))
            ).one()
            actor = actor_of(db.session, user)
        with access.acting_as(actor):
            session = db.session
            session.scalars(select(Order.id).limit(1)).all()  # like a process of the server, which has answered before
            _forget_peak()
            idle, begun = _memory("VmRSS"), time.perf_counter()
            made = (plain if account == "plain" else ours)(session)
        assert made, f"{name} made nothing"
        return {"seconds": time.perf_counter() - begun, "idle_mb": idle, "peak_mb": _memory("VmHWM")}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
