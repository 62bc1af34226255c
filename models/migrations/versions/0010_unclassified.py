"""unclassified: the answers of readers that nobody has sorted yet, found among a million that are"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME = "ix_circulation_entry_unclassified"
UNCLASSIFIED = sa.text("classification IS NULL")


def upgrade() -> None:
    op.create_index(NAME, "circulation_entry", ["state"], sqlite_where=UNCLASSIFIED, postgresql_where=UNCLASSIFIED)


def downgrade() -> None:
    op.drop_index(NAME, "circulation_entry")
