"""local only, never committed: columns of this branch"""

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0004"
branch_labels = None
depends_on = None


def words(table, column, name, choices):
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        quoted = ", ".join(f"'{choice}'" for choice in choices)
        batch.create_check_constraint(op.f(name), sa.text(f"{column} IN ({quoted})"))


def upgrade():
    from models.documents import IncomingDocument
    from models.envelopes import CHANNELS

    with op.batch_alter_table("incoming_document") as b:
        b.add_column(sa.Column("importance", sa.String(30), nullable=False, server_default="ordinary"))
        for n in ("proposed", "ended_by", "fate"):
            b.add_column(sa.Column(n, sa.String(30)))
        b.add_column(sa.Column("proposed_unit_id", sa.Integer()))
        b.add_column(sa.Column("ended_words", sa.Text()))
        b.add_column(sa.Column("ended_told", sa.Text()))
        b.add_column(sa.Column("ended_on", sa.Date()))
    words("incoming_document", "state", "ck_incoming_document_state_known", IncomingDocument.flow.states)
    with op.batch_alter_table("hold") as b:
        b.add_column(sa.Column("keeper_id", sa.Integer()))
    with op.batch_alter_table("return_campaign") as b:
        b.add_column(sa.Column("rest_filed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("envelope") as b:
        b.add_column(sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false()))
    words("envelope", "channel", "ck_envelope_channel_known", CHANNELS)
