"""waiting: what waits for a reader or at a unit is counted from an index alone, limits included"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = ["reader_id", "state", "due_at", "document_id"]
    op.create_index("ix_circulation_entry_reader_due", "circulation_entry", waiting)
    op.create_index("ix_dispatch_order_unit_due", "dispatch_order", ["department_id", "state", "due_at"])


def downgrade() -> None:
    op.drop_index("ix_dispatch_order_unit_due", "dispatch_order")
    op.drop_index("ix_circulation_entry_reader_due", "circulation_entry")
