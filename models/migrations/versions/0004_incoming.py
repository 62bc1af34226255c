"""incoming documents: register books, rules, envelopes, instructions, assignments, circulation, copies, follow-up"""

import sqlalchemy as sa
from alembic import op

import app.engine.moments
import app.engine.money

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "register",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=False),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("kept_elsewhere", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", app.engine.moments.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register")),
        sa.UniqueConstraint("code", name=op.f("uq_register_code")),
        sa.UniqueConstraint("name", name=op.f("uq_register_name")),
        sa.UniqueConstraint("template", name=op.f("uq_register_template")),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("setting", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=True),
        sa.Column("value", sa.String(length=300), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.create_index("ix_rule_setting_profile", ["setting", "profile"], unique=False)

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("register_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_incoming_document_register_id"), ["register_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_incoming_document_register_id"), "register", ["register_id"], ["id"])


def downgrade() -> None:

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_incoming_document_register_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_incoming_document_register_id"))
        batch_op.drop_column("register_id")

    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.drop_index("ix_rule_setting_profile")

    op.drop_table("rule")
    op.drop_table("register")
