"""filtered: what lists of a million rows may be filtered by has an index, and so has what waits for somebody"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

#: table -> the columns
FILTERED = {
    "assignment": ["lead"],
    "circulation": ["form", "mode"],
    "circulation_entry": ["classification"],
    "incoming_document": ["importance", "secrecy", "urgency"],
    "recipient": ["channel"],
    "sales_order": ["fulfilment", "payment_state", "payment_type"],
    "service_ticket": ["channel", "kind", "scheme"],
}
#: tables whose lists of one state are in the order of their keys
BY_STATE = (
    "assignment", "circulation", "circulation_entry", "dispatch_order", "incoming_document", "recipient", "sales_order",
    "service_ticket",
)  # fmt: skip
#: table -> who has to do something there
WAITING = {"circulation_entry": "reader", "incoming_document": "handler", "service_ticket": "taker"}
UNREAD = sa.text("read_at IS NULL")
OFFERED = sa.text("offered_to_id IS NOT NULL")


def upgrade() -> None:
    for table, columns in FILTERED.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    for table in BY_STATE:
        op.create_index(f"ix_{table}_state", table, ["state", "id"])
    op.create_index("ix_stock_movement_kind", "stock_movement", ["kind", "moved_at"])
    for table, who in WAITING.items():
        op.create_index(f"ix_{table}_{who}_state", table, [f"{who}_id", "state"])
    op.create_index(
        "ix_service_ticket_offered",
        "service_ticket",
        ["offered_to_id"],
        sqlite_where=OFFERED,
        postgresql_where=OFFERED,
    )
    op.create_index(
        "ix_circulation_entry_unread",
        "circulation_entry",
        ["sent_at"],
        sqlite_where=UNREAD,
        postgresql_where=UNREAD,
    )


def downgrade() -> None:
    op.drop_index("ix_circulation_entry_unread", "circulation_entry")
    op.drop_index("ix_service_ticket_offered", "service_ticket")
    for table, who in WAITING.items():
        op.drop_index(f"ix_{table}_{who}_state", table)
    op.drop_index("ix_stock_movement_kind", "stock_movement")
    for table in BY_STATE:
        op.drop_index(f"ix_{table}_state", table)
    for table, columns in FILTERED.items():
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
