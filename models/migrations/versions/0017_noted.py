"""noted: what stands in the last column of a register book"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incoming_document", sa.Column("note", sa.String(length=300), nullable=True))


def downgrade() -> None:
    op.drop_column("incoming_document", "note")
