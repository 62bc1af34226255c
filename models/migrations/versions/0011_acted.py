"""acted: what somebody did lately with records of a kind is found without looking through all they ever did"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_history_entry_actor", "history_entry", ["actor_id", "kind", "at"])
    op.drop_index("ix_history_entry_actor_id", "history_entry")


def downgrade() -> None:
    op.create_index("ix_history_entry_actor_id", "history_entry", ["actor_id"])
    op.drop_index("ix_history_entry_actor", "history_entry")
