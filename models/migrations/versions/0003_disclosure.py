"""disclosure: two scales of secrecy, clearances, sealed identities, grants, recycle bin"""

import sqlalchemy as sa
from alembic import op

import app.engine.moments

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BUSINESS = ("open", "internal", "secret", "confidential", "top_secret")
STATE = ("state_secret", "state_confidential", "state_top_secret")
BINNED = ("calendar_day", "correspondent", "customer_contact", "department", "person")
PAPERS = ("incoming_document", "outgoing_document")


def words(name: str, *choices: str) -> sa.Enum:
    return sa.Enum(*choices, name=name, native_enum=False, create_constraint=True, length=30)


def record_columns() -> list[sa.Column]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("until", app.engine.moments.Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("given_at", app.engine.moments.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_access_grant_user_until", "access_grant", ["user_id", "until"])
    op.create_table(
        "identity_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", app.engine.moments.Moment(), nullable=True),
        sa.Column("state", words("state_known", "asked", "granted", "refused"), nullable=False),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        *record_columns(),
        sa.ForeignKeyConstraint(["asker_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("asker_id", "closed_at", "ticket_id"):
        op.create_index(f"ix_identity_request_{column}", "identity_request", [column])
    op.create_index("ix_identity_request_state_due", "identity_request", ["state", "due_at"])
    op.create_table(
        "sealed_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("contact_name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        *record_columns(),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sealed_identity_ticket_id", "sealed_identity", ["ticket_id"])

    for table in BINNED:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("deleted_at", app.engine.moments.Moment(), nullable=True))
    with op.batch_alter_table("person") as batch:
        batch.add_column(
            sa.Column("clearance", words("clearance_known", *BUSINESS), nullable=False, server_default="confidential")
        )
        batch.add_column(sa.Column("state_clearance", words("state_clearance_known", *STATE), nullable=True))
    with op.batch_alter_table("person") as batch:
        batch.alter_column("clearance", server_default=None)
    with op.batch_alter_table("service_ticket") as batch:
        batch.add_column(sa.Column("named", sa.Boolean(), nullable=True))
    for table in PAPERS:
        _secrecy(table, (*BUSINESS, *STATE))


def _secrecy(table: str, choices: tuple[str, ...]) -> None:
    """Let the column take these words and no others."""
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_secrecy_known"), type_="check")
        quoted = ", ".join(f"'{choice}'" for choice in choices)
        batch.create_check_constraint(op.f(f"ck_{table}_secrecy_known"), sa.text(f"secrecy IN ({quoted})"))


def downgrade() -> None:
    for table in PAPERS:
        states = ", ".join(f"'{grade}'" for grade in STATE)
        op.execute(f"UPDATE {table} SET secrecy = 'top_secret' WHERE secrecy IN ({states})")
        _secrecy(table, BUSINESS)
    with op.batch_alter_table("service_ticket") as batch:
        batch.drop_column("named")
    with op.batch_alter_table("person") as batch:
        batch.drop_constraint(op.f("ck_person_clearance_known"), type_="check")
        batch.drop_constraint(op.f("ck_person_state_clearance_known"), type_="check")
        batch.drop_column("clearance")
        batch.drop_column("state_clearance")
    for table in BINNED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("deleted_at")
    for table in ("sealed_identity", "identity_request", "access_grant"):
        op.drop_table(table)
