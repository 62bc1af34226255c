"""unread: the few circulation entries that nobody has read yet have an index"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UNREAD = sa.text("read_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_circulation_entry_unread",
        "circulation_entry",
        ["sent_at"],
        sqlite_where=UNREAD,
        postgresql_where=UNREAD,
    )


def downgrade() -> None:
    op.drop_index("ix_circulation_entry_unread", "circulation_entry")
