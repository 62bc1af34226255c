"""handled: what waits for who handles a paper at a unit is found at once"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_assignment_handler_state", "assignment", ["handler_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_assignment_handler_state", "assignment")
