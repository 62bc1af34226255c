"""paused: why a clock stood still, and what a ticket or a paper waits for"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

#: table -> the column
WORDS = {"clock_segment": "reason", "incoming_document": "suspended_for", "service_ticket": "waiting_for"}


def upgrade() -> None:
    for table, column in WORDS.items():
        op.add_column(table, sa.Column(column, sa.String(length=40), nullable=True))


def downgrade() -> None:
    for table, column in WORDS.items():
        op.drop_column(table, column)
