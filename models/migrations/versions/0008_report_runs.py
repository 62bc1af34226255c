"""reports people keep, and files made of them in the background"""

import sqlalchemy as sa
from alembic import op

import app.engine.moments

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("form", sa.String(length=4), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("asked_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("beat_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("ended_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_report_run_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("report_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_run_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_run_digest"), ["digest"], unique=False)
        batch_op.create_index("ix_report_run_state_id", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_run_user_id"), ["user_id"], unique=False)

    op.create_table(
        "saved_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("report", sa.String(length=60), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("span", sa.String(length=20), nullable=False),
        sa.Column("rhythm", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("mailed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_saved_report_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_report")),
        sa.UniqueConstraint("user_id", "title", name=op.f("uq_saved_report_user_id_title")),
    )
    with op.batch_alter_table("saved_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_report_rhythm"), ["rhythm"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("saved_report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_saved_report_rhythm"))

    op.drop_table("saved_report")
    with op.batch_alter_table("report_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_run_user_id"))
        batch_op.drop_index("ix_report_run_state_id")
        batch_op.drop_index(batch_op.f("ix_report_run_digest"))
        batch_op.drop_index(batch_op.f("ix_report_run_asked_at"))

    op.drop_table("report_run")
