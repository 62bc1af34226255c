"""The ladder of reminders climbs by all limits of papers now: those long overdue are not told of all at once

Limits of copies, recipients, envelopes, tasks and papers of the house were nobody's to follow up. What passed more than
a week ago is taken for told; what passed since, and what comes, is told as anything else.
"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from app.engine.moments import Moment, now

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NEW = (
    "outgoing_documents", "countersignatures", "recipients", "paper_copies", "envelopes", "return_campaigns",
    "supplementary_tasks",
)  # fmt: skip
LONG_AGO = timedelta(days=7)
CLOCK = sa.table(
    "clock", sa.column("id"), sa.column("kind"), sa.column("state"), sa.column("version"),
    sa.column("due_at", Moment()),
)  # fmt: skip
RUNG = sa.table("escalation_rung", sa.column("id"), sa.column("record_kind"))
TOLD = sa.table(
    "rung_sent", sa.column("clock_id"), sa.column("rung_id"), sa.column("version"), sa.column("turn"),
    sa.column("state"), sa.column("at", Moment()),
)  # fmt: skip


def upgrade() -> None:
    moment = now()
    overdue = CLOCK.c.state == "running", CLOCK.c.kind.in_(NEW), CLOCK.c.due_at < moment - LONG_AGO
    fitting = sa.or_(RUNG.c.record_kind.is_(None), RUNG.c.record_kind == CLOCK.c.kind)
    before = sa.exists().where(
        TOLD.c.clock_id == CLOCK.c.id, TOLD.c.rung_id == RUNG.c.id, TOLD.c.version == CLOCK.c.version,
        TOLD.c.turn == "once",
    )  # fmt: skip
    told = sa.select(
        CLOCK.c.id, RUNG.c.id, CLOCK.c.version, sa.literal("once"), sa.literal("skipped"), sa.literal(moment, Moment())
    ).where(*overdue, fitting, ~before)
    op.get_bind().execute(sa.insert(TOLD).from_select(["clock_id", "rung_id", "version", "turn", "state", "at"], told))


def downgrade() -> None:
    """What was told stays told."""
