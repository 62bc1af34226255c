"""kept: the tax rate that a change of an order took away"""

import sqlalchemy as sa
from alembic import op

from app.engine.money import Rate

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("amendment_line", sa.Column("old_tax_rate", Rate(), nullable=True))


def downgrade() -> None:
    op.drop_column("amendment_line", "old_tax_rate")
