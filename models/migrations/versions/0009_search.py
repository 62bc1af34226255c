"""search: an index of the database beside every kind that is searched, filled from its rows"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: The tables that are searched, and by which column people name their rows.
SEARCHED = {
    "amendment": "amendment_no",
    "article": "article_no",
    "article_version": "",
    "calendar_day": "",
    "circulation": "",
    "circulation_entry": "",
    "clock_rule": "",
    "conduct_item": "name",
    "correspondent": "name",
    "customer": "customer_no",
    "customer_contact": "",
    "customer_grade": "name",
    "customer_handover": "handover_no",
    "department": "name",
    "desk_procedure": "name",
    "destruction_list": "list_no",
    "difference_order": "difference_no",
    "dispatch_order": "order_no",
    "envelope": "envelope_no",
    "envelope_line": "",
    "import_run": "",
    "improvement": "",
    "incoming_document": "receipt_no",
    "knowledge_gap": "gap_no",
    "number_reservation": "",
    "order_return": "return_no",
    "outgoing_document": "document_no",
    "outgoing_series": "name",
    "paper_copy": "",
    "payment": "",
    "person": "name",
    "platform_identity": "",
    "product": "product_no",
    "recipient": "",
    "referral": "name",
    "refund": "",
    "region": "name",
    "register": "name",
    "return_campaign": "campaign_no",
    "rule": "",
    "sales_order": "order_no",
    "script_card": "card_no",
    "service_ticket": "ticket_no",
    "shift_hand_over": "",
    "shipment": "shipment_no",
    "supplementary_task": "",
    "unit_link": "",
    "visitor": "",
}
HAN = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUNS = re.compile(rf"([{HAN}]+)|\d+|[^\W\d_{HAN}]+")
BATCH = 10_000


def upgrade() -> None:
    connection = op.get_bind()
    postgres = connection.dialect.name == "postgresql"
    for name, key in SEARCHED.items():
        index = f"{name}_search"
        if postgres:
            op.execute(
                f"CREATE TABLE {index} (rowid integer PRIMARY KEY, content tsvector NOT NULL, number tsvector NOT NULL)"
            )
        else:
            op.execute(f"CREATE VIRTUAL TABLE {index} USING fts5(content, number, tokenize = 'ascii', columnsize = 0)")
        _fill(connection, name, key, index, _on_postgresql if postgres else " ".join)
        if postgres:
            op.execute(f"ALTER TABLE {index} ADD FOREIGN KEY (rowid) REFERENCES {name} (id) ON DELETE CASCADE")
            op.execute(f"CREATE INDEX ix_{index}_content ON {index} USING gin (content)")
            op.execute(f"CREATE INDEX ix_{index}_number ON {index} USING gin (number)")


def downgrade() -> None:
    for name in SEARCHED:
        op.execute(f"DROP TABLE {name}_search")


def _fill(connection, name, key, index, written) -> None:
    columns = [sa.column("id"), sa.column("search_text"), sa.column(key) if key else sa.literal("")]
    rows = sa.select(*columns).select_from(sa.table(name)).order_by(sa.column("id"))
    cast = "CAST(:{} AS tsvector)" if connection.dialect.name == "postgresql" else ":{}"
    insert = sa.text(
        f"INSERT INTO {index} (rowid, content, number) VALUES (:id, {cast.format('content')}, {cast.format('number')})"
    )
    for page in connection.execute(rows, execution_options={"yield_per": BATCH}).partitions():
        connection.execute(
            insert,
            [
                {"id": id_, "content": written(_tokens(words)), "number": written(_tokens(_searchable(number or "")))}
                for id_, words, number in page
            ],
        )


def _searchable(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _tokens(words: str) -> list[str]:
    """Every two neighbouring Chinese characters and the last one of a run; runs of letters, runs of digits."""
    found: list[str] = []
    for run in RUNS.finditer(words[:100_000]):
        word = run.group()
        found += [word[n : n + 2] for n in range(len(word))] if run[1] else [word[:40]]
    return found[:16_000]


def _on_postgresql(tokens: list[str]) -> str:
    return " ".join(f"'{token}':{place}" for place, token in enumerate(tokens, 1))
