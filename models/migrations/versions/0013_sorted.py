"""sorted: what lists of a million rows may be sorted by has an index"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

#: table -> the columns
SORTED = {
    "assignment": ["due_at"],
    "circulation": ["due_at", "started_at"],
    "circulation_entry": ["due_at", "sent_at"],
    "dispatch_order": ["due_at", "issued_at"],
    "incoming_document": ["due_at"],
    "recipient": ["due_at", "sent_at"],
    "sales_order": ["due_at", "gross", "promised_at"],
    "service_ticket": ["due_at"],
    "stock_movement": ["moved_at"],
}


def upgrade() -> None:
    for table, columns in SORTED.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, columns in SORTED.items():
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
