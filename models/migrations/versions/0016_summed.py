"""summed: reports over all orders read an index, which is a tenth of the table"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BY_STATE = ["state", "id"]
SUMMED = [
    "placed_at", "payment_type", "region", "customer_id", "salesperson_id", "assignee_id", "assigned_unit_id",
    "ticket_id", "quantity", "net", "tax", "gross",
]  # fmt: skip


def upgrade() -> None:
    op.drop_index("ix_sales_order_state", "sales_order")
    op.create_index("ix_sales_order_state", "sales_order", [*BY_STATE, *SUMMED])


def downgrade() -> None:
    op.drop_index("ix_sales_order_state", "sales_order")
    op.create_index("ix_sales_order_state", "sales_order", BY_STATE)
