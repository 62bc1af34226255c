"""kept: when parcels were refused, as the history tells

Without it a parcel that is back in stock is counted as refused no more.
"""

import sqlalchemy as sa
from alembic import op

from app.engine import history
from app.engine.moments import Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SHIPMENT = sa.table(
    "shipment", sa.column("id"), sa.column("state"), sa.column("refused_reason"), sa.column("refused_at", Moment()),
    sa.column("changed_at", Moment()),
)  # fmt: skip
#: What the house itself wrote on a parcel it called back, in its languages: it went the way of a refused one.
RECALLED = ("Recalled", "已撤回")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE shipment IN SHARE ROW EXCLUSIVE MODE"))
    _fill_refusals(connection)


def downgrade() -> None:
    """The column goes with 0022."""


def _fill_refusals(connection) -> None:
    """Parcels ever refused, as their history tells; one that is refused and has none: since it was last changed."""
    entries = history.HistoryEntry.__table__
    of_parcels = entries.c.kind == "shipments"
    refused = sa.select(entries.c.record_id, sa.func.min(entries.c.at)).where(of_parcels, entries.c.action == "refuse")
    moments = {row[0]: row[1] for row in connection.execute(refused.group_by(entries.c.record_id))}
    query = sa.select(SHIPMENT.c.id, SHIPMENT.c.state, SHIPMENT.c.refused_reason, SHIPMENT.c.changed_at)
    told = []
    for row in connection.execute(query.where(SHIPMENT.c.state.in_(("refused", "returned_to_stock", "lost")))).all():
        moment = moments.get(row.id, row.changed_at if row.state == "refused" else None)
        if moment is not None and row.refused_reason not in RECALLED:
            told.append((row.id, moment))
    with history.act("migrate"):
        for key, moment in told:
            connection.execute(SHIPMENT.update().where(SHIPMENT.c.id == key).values(refused_at=moment))
            _tell(connection, entries, key, {"refused_at": [None, history.plain(moment)]})


def _tell(connection, entries, key, changes) -> None:
    mine = sa.select(entries.c.position, entries.c.digest).where(
        entries.c.kind == "shipments", entries.c.record_id == key
    )
    end = connection.execute(mine.order_by(entries.c.position.desc()).limit(1)).first()
    position, digest = (end.position, end.digest) if end is not None else (0, "")
    connection.execute(
        entries.insert(), [history.entry_row("shipments", key, position + 1, digest, "migrate", changes)]
    )
