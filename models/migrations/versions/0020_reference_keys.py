"""kept: a column for one key of one bank reference, however it is typed; 0021 fills it"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("reference_key", sa.String(length=500), nullable=True))


def downgrade() -> None:
    op.drop_column("payment", "reference_key")
