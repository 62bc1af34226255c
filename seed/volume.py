"""Volume data: the demo office's own papers, orders and calls again and again, over three years.

Every copy has its own number, days and words; what is older than two months is a copy of something closed. Rows are
handed to the database in bulk, past the records: they have no history of their own and no payments, shipments or
reservations, and the sums of an order are those of the order it was copied from.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Date, Table, UniqueConstraint, func, select, text
from sqlalchemy.orm import Session

from app.engine import moments
from app.engine.clocks import ClockRow, ClockSegment
from app.engine.fulltext import rebuild, searchable, searched
from app.engine.moments import Moment
from models.circulation import Circulation
from models.customers import Customer
from models.dispatch import DispatchOrder
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.tickets import ServiceTicket

#: How far back the copies reach, and up to what age there are open ones among them.
WEEKS, OPEN_WEEKS = 156, 8
BATCH = 20_000
#: How many sets of a child a copy has at most.
MOST_SETS = 3
#: What all copies lead to, as their patterns do; they lead to nothing else that is not copied along.
SHARED = {"person", "department", "region", "register", "correspondent", "article_version", "clock_rule"}
LAST_DIGITS = re.compile(r"\d+(?=\D*$)")
CLOCK, SEGMENT = ClockRow.__table__, ClockSegment.__table__

CITIES = [
    "昆明",
    "大理",
    "曲靖",
    "玉溪",
    "保山",
    "丽江",
    "普洱",
    "临沧",
    "昭通",
    "楚雄",
    "红河",
    "文山",
    "贵阳",
    "遵义",
    "六盘水",
    "安顺",
    "毕节",
    "铜仁",
    "成都",
    "绵阳",
    "德阳",
    "宜宾",
    "泸州",
    "乐山",
    "南充",
    "重庆",
    "柳州",
    "桂林",
    "南宁",
    "梧州",
    "长沙",
    "岳阳",
    "衡阳",
    "武汉",
    "宜昌",
    "荆州",
    "西安",
    "宝鸡",
    "兰州",
    "天水",
]
BRANDS = [
    "兴隆",
    "恒达",
    "永昌",
    "瑞丰",
    "金桥",
    "鸿运",
    "天成",
    "宏远",
    "信诚",
    "嘉禾",
    "长青",
    "华盛",
    "明德",
    "泰和",
    "顺发",
    "祥云",
    "宝源",
    "丰年",
    "和顺",
    "乐天",
    "安泰",
    "广源",
    "裕民",
    "盛世",
    "锦绣",
    "春晖",
    "远航",
    "新锐",
    "康宁",
    "百川",
    "鼎立",
    "凯旋",
    "聚源",
    "腾飞",
    "旭日",
    "同心",
    "大唐",
    "万象",
    "开元",
    "致远",
]
TRADES = [
    "商贸",
    "五金",
    "文具",
    "建材",
    "食品",
    "服饰",
    "电子",
    "家具",
    "农资",
    "百货",
    "物流",
    "印务",
    "医药",
    "茶叶",
    "汽配",
    "广告",
    "酒店",
    "园艺",
    "纺织",
    "化工",
]
FORMS = ("有限公司", "商行", "经营部", "超市", "工作室")
TASKS = ["做好", "加强", "开展", "推进", "规范", "报送", "落实", "完善", "督促", "调整"]
MATTERS = [
    "防汛值守",
    "安全生产",
    "档案移交",
    "预算执行",
    "食品监管",
    "环境整治",
    "信息公开",
    "干部培训",
    "消防检查",
    "城市绿化",
    "道路养护",
    "义务教育",
    "医疗保障",
    "住房租赁",
    "粮食储备",
    "森林防火",
    "老旧小区改造",
    "政务服务",
    "招商引资",
    "公共交通",
    "供水供电",
    "垃圾分类",
    "统计调查",
    "扶贫帮困",
    "文物保护",
    "社区养老",
    "知识产权",
    "电子政务",
    "节能减排",
    "劳动用工",
]
ENDINGS = ["工作的通知", "情况的函", "方案的意见", "事项的批复", "专题会议的通知"]
PLACES = [
    "东街",
    "西街",
    "南门",
    "北门",
    "河滨路",
    "人民路",
    "新华路",
    "解放路",
    "文化路",
    "建设路",
    "中山路",
    "学府路",
    "工业园",
    "开发区",
    "火车站",
    "客运站",
    "菜市场",
    "体育馆",
    "图书馆",
    "中心小学",
]
CALLS = [
    "路灯不亮",
    "供水中断",
    "噪音扰民",
    "垃圾未清",
    "道路破损",
    "办证咨询",
    "公交晚点",
    "停车收费",
    "井盖缺失",
    "网络故障",
    "物业纠纷",
    "退款未到",
    "发票申请",
    "配送延误",
    "质量问题",
    "树枝遮挡",
    "用电故障",
    "排水堵塞",
    "社保查询",
    "学位咨询",
]


def _company(dice: random.Random) -> str:
    return dice.choice(CITIES) + dice.choice(BRANDS) + dice.choice(TRADES) + dice.choice(FORMS)


def _title(dice: random.Random) -> str:
    return f"关于{dice.choice(TASKS)}{dice.choice(CITIES)}{dice.choice(MATTERS)}{dice.choice(ENDINGS)}"


def _subject(dice: random.Random) -> str:
    return f"{dice.choice(CITIES)}{dice.choice(PLACES)}{dice.choice(CALLS)}"


@dataclass(frozen=True)
class Family:
    """A kind of record and what goes along with each of its records."""

    root: Any
    #: how many there are at the full scale
    rows: int
    #: column -> words of its own
    words: dict[str, Callable[[random.Random], str]] = field(default_factory=dict)
    #: the kinds attached to it (child, column that leads to the root or to another child), parents first
    children: tuple[tuple[Any, str], ...] = ()
    #: column of any of them -> a family, one of whose records each copy gets by lot
    drawn: dict[str, Any] = field(default_factory=dict)
    #: a child of which each copy gets as many sets as `sets` says, told apart by the named column
    sets: tuple[Any, str, Callable[[random.Random], int]] | None = None
    #: a child of which a pattern has at least so many
    least: tuple[Any, int] | None = None


FAMILIES = (
    Family(Customer, 100_000, words={"name": _company}),
    Family(Product, 5_000),
    Family(
        IncomingDocument, 300_000, words={"title": _title},
        children=((Circulation, "document_id"), (CirculationEntry, "document_id")),
        sets=(CirculationEntry, "round", lambda dice: dice.choice((2, 3))), least=(CirculationEntry, 2),
    ),
    Family(
        Order, 1_000_000, children=((OrderLine, "order_id"),), least=(OrderLine, 3),
        drawn={"customer_id": Customer, "product_id": Product},
    ),
    Family(ServiceTicket, 500_000, words={"subject": _subject}, children=((DispatchOrder, "ticket_id"),)),
)  # fmt: skip


def load(session: Session, part: float, seed: int = 1, say: Callable[[str], None] = lambda words: None) -> None:
    """Multiply a demo office to `part` of a million orders and what goes with them. The caller commits."""
    connection = session.connection()
    dice = random.Random(seed)
    kinds = [kind for family in FAMILIES for kind in (family.root, *(child for child, _column in family.children))]
    sink = _Sink(connection, [*(kind.__table__ for kind in kinds), CLOCK, SEGMENT])
    with sink:
        for family in FAMILIES:
            count = int(family.rows * part)
            say(f"{family.root.kind_name}: {count:,}")
            _Copies(connection, family, dice, sink).make(count)
    for kind in filter(searched, kinds):
        say(f"{kind.kind_name}: searched")
        rebuild(connection, kind)


class _Sink:
    """Takes rows in bulk: indexes are made when all are there."""

    def __init__(self, connection: Connection, tables: Sequence[Table]):
        self.connection, self.tables = connection, tables
        self.rows: dict[Table, list[Any]] = {}
        self.postgres = connection.dialect.name == "postgresql"
        #: kind of record -> the keys of its copies
        self.copied: dict[Any, list[int]] = {}

    def __enter__(self) -> None:
        for table in self.tables:
            for index in table.indexes:
                index.drop(self.connection)
        if self.postgres:  # what is copied refers to what there is; to look it up ten million times takes minutes
            self.connection.execute(text("SET LOCAL session_replication_role = replica"))

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            return
        self._write()
        for table in self.tables:
            for index in table.indexes:
                index.create(self.connection)
        if self.postgres:
            self.connection.execute(text("SET LOCAL session_replication_role = origin"))
            for table in self.tables:
                sequence = func.pg_get_serial_sequence(table.name, "id")
                last = select(func.max(table.c.id)).scalar_subquery()
                self.connection.execute(select(func.setval(sequence, last)))
        self.connection.execute(text("ANALYZE"))

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        rows = self.rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= BATCH:
            self._write()

    def _write(self) -> None:
        """Write what has come together, parents first."""
        for table in self.tables:
            rows = self.rows.pop(table, [])
            names = ", ".join(f'"{name}"' for name in _columns(table))
            if self.postgres:
                cursor: Any = self.connection.connection.cursor()
                with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            elif rows:
                places = ", ".join("?" * len(table.columns))
                self.connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)


@dataclass(frozen=True)
class _Row:
    """A row of the demo to copy, and what its copies do not share with it: places in the row, and how to fill them."""

    table: Table
    values: list[Any]
    moments: list[tuple[int, datetime]]
    days: list[tuple[int, date]]
    #: keys of what is copied along, and how far apart two copies of it are
    keys: list[tuple[int, int]]
    #: keys that are drawn by lot, and the kind they lead to
    lots: list[tuple[int, Any]]
    numbers: list[int]
    words: list[tuple[int, Callable[[random.Random], str]]]
    #: where the set of a child stands of which a copy has several
    in_sets: int | None = None


class _Copies:
    """The copies of one family."""

    def __init__(self, connection: Connection, family: Family, dice: random.Random, sink: _Sink):
        self.connection, self.family, self.dice, self.sink = connection, family, dice, sink
        self.as_text = connection.dialect.name == "sqlite"
        self.today = moments.now().replace(tzinfo=None)
        self.kinds = [family.root, *(child for child, _column in family.children)]
        self.tables = {kind.__table__: kind for kind in self.kinds}
        self.apart = {table: self._highest(table) + 1 for table in (*self.tables, CLOCK, SEGMENT)}
        if family.sets:
            self.apart[family.sets[0].__table__] *= MOST_SETS
        self.patterns = list(self._patterns())

    def make(self, count: int) -> None:
        """Copy until there are `count` records."""
        root = self.family.root.__table__
        wanted = max(count - (self.connection.scalar(select(func.count()).select_from(root)) or 0), 0)
        keys = self.sink.copied.setdefault(self.family.root, [])
        closed = [rows for rows in self.patterns if self._is_closed(rows[0])] or self.patterns
        for number in range(1, wanted + 1):
            weeks = WEEKS - number * WEEKS // wanted
            rows = self.dice.choice(self.patterns if weeks <= OPEN_WEEKS else closed)
            self._copy(rows, number, timedelta(weeks=weeks))
            keys.append(rows[0].values[0] + number * self.apart[root])

    def _copy(self, rows: list[_Row], number: int, back: timedelta) -> None:
        sets = self.family.sets[2](self.dice) if self.family.sets else 1
        for row in rows:
            for one in range(sets if row.in_sets is not None else 1):
                self._add(row, number, back, one)

    def _add(self, row: _Row, number: int, back: timedelta, one: int) -> None:
        values = list(row.values)
        for place, stride in row.keys:
            values[place] += number * stride
        for place, moment in row.moments:
            values[place] = self._stored(moment - back)
        for place, day in row.days:
            values[place] = self._stored(day - back)
        for place, kind in row.lots:
            values[place] = self.dice.choice(self.sink.copied[kind] or [values[place]])
        if row.in_sets is not None and one:
            values[0] += one * (self.apart[row.table] // MOST_SETS)
            values[row.in_sets] += one * 10
        for place in row.numbers:
            values[place] = self._numbered(row.values[place], values[0], back)
        for place, words in row.words:
            values[place] = words(self.dice)
        if row.numbers or row.words:  # what a copy is found by stands last
            for place in (*row.numbers, *(place for place, _words in row.words)):
                values[-1] = values[-1].replace(searchable(row.values[place]), searchable(values[place]))
        self.sink.add(row.table, tuple(values))

    def _stored(self, value: date) -> Any:
        if not self.as_text:
            return value
        return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value.isoformat()

    def _numbered(self, number: str, key: int, back: timedelta) -> str:
        said = number.replace(str(self.today.year), str((self.today - back).year))
        return LAST_DIGITS.sub(str(key), said) if LAST_DIGITS.search(said) else f"{said}-{key}"

    def _highest(self, table: Table) -> int:
        return self.connection.scalar(select(func.max(table.c.id))) or 0

    def _is_closed(self, row: _Row) -> bool:
        return "closed_at" not in row.table.c or row.values[list(row.table.c.keys()).index("closed_at")] is not None

    def _patterns(self) -> Iterator[list[_Row]]:
        """Each record of the demo with all that is copied along, ready to be copied."""
        below: dict[Any, dict[int, list[_Row]]] = {}
        for kind, column in self.family.children:
            found = below.setdefault(kind, {})
            for row in self._rows(kind.__table__):
                found.setdefault(row.values[_place(kind.__table__, column)], []).append(row)
        clocks = self._clocks()
        for root in self._rows(self.family.root.__table__):
            key = root.values[0]
            if self.family.least and len(below[self.family.least[0]].get(key, ())) < self.family.least[1]:
                continue
            rows = [root, *(row for kind in self.kinds[1:] for row in below[kind].get(key, ()))]
            yield rows + [clock for row in rows for clock in clocks.get((row.table, row.values[0]), ())]

    def _clocks(self) -> dict[tuple[Table, int], list[_Row]]:
        """The clocks of a record and what they measured."""
        segments: dict[int, list[_Row]] = {}
        for row in self._rows(SEGMENT):
            segments.setdefault(row.values[_place(SEGMENT, "clock_id")], []).append(row)
        tables = {kind.kind_name: table for table, kind in self.tables.items()}
        found: dict[tuple[Table, int], list[_Row]] = {}
        for row in self._rows(CLOCK):
            table = tables.get(row.values[_place(CLOCK, "kind")])
            if table is not None:
                row.keys.append((_place(CLOCK, "record_id"), self.apart[table]))
                about = (table, row.values[_place(CLOCK, "record_id")])
                found.setdefault(about, []).extend((row, *segments.get(row.values[0], ())))
        return found

    def _rows(self, table: Table) -> list[_Row]:
        names = ", ".join(f'"{name}"' for name in _columns(table))
        rows = self.connection.exec_driver_sql(f"SELECT {names} FROM {table.name} ORDER BY id")
        return [self._row(table, list(values)) for values in rows]

    def _row(self, table: Table, values: list[Any]) -> _Row:
        row = _Row(table, values, [], [], [(0, self.apart[table])], [], [], [])
        root = self.family.root.__table__
        alone = {
            c.columns[0].name for c in table.constraints if isinstance(c, UniqueConstraint) and len(c.columns) == 1
        }
        for place, name in enumerate(_columns(table)):
            column, value = table.c[name], values[place]
            leads = next((key.column.table for key in column.foreign_keys), None)
            if value is None:
                continue
            if isinstance(column.type, Moment):
                row.moments.append((place, datetime.fromisoformat(value) if self.as_text else value))
            elif isinstance(column.type, Date):
                row.days.append((place, date.fromisoformat(value) if self.as_text else value))
            elif name in self.family.drawn:
                row.lots.append((place, self.family.drawn[name]))
            elif leads in self.apart and (table is not root or leads is not root):
                row.keys.append((place, self.apart[leads]))
            elif leads is not None and leads.name not in SHARED and column.nullable:
                values[place] = None
            elif name in alone:
                row.numbers.append(place)
            elif table is root and name in self.family.words:
                row.words.append((place, self.family.words[name]))
        sets = self.family.sets
        return replace(row, in_sets=_place(table, sets[1])) if sets and table is sets[0].__table__ else row


def _columns(table: Table) -> list[str]:
    """The columns of a row: as in the table, what it is found by last."""
    return sorted(table.c.keys(), key=lambda name: name == "search_text")


def _place(table: Table, name: str) -> int:
    return _columns(table).index(name)
