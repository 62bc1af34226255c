"""whom kept reports are mailed to beside their owners"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_recipient",
        sa.Column("saved_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_id"], ["saved_report.id"], name=op.f("fk_report_recipient_saved_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_report_recipient_user_id")),
        sa.PrimaryKeyConstraint("saved_id", "user_id", name=op.f("pk_report_recipient")),
    )
    with op.batch_alter_table("report_recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_recipient_user_id"), ["user_id"], unique=False)
    op.add_column("report_run", sa.Column("shared_by", sa.String(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("report_run", schema=None) as batch_op:
        batch_op.drop_column("shared_by")
    with op.batch_alter_table("report_recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_recipient_user_id"))
    op.drop_table("report_recipient")
