"""kept: a column for when a parcel was refused; 0023 fills it"""

import sqlalchemy as sa
from alembic import op

from app.engine.moments import Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shipment", sa.Column("refused_at", Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("shipment", "refused_at")
