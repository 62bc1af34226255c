"""kept: one key for one bank reference however it is typed, the tax rate a change took away, when a parcel was refused

Of two older payments alike the first has the key. The history tells of the refusals found in it; the key follows from
account and reference, of which it tells already.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from app.engine import history
from app.engine.moments import Moment
from app.engine.money import Rate

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BATCH = 5_000
PAYMENT = sa.table(
    "payment", sa.column("id"), sa.column("account"), sa.column("reference"), sa.column("reference_key")
)  # fmt: skip
SHIPMENT = sa.table(
    "shipment", sa.column("id"), sa.column("state"), sa.column("refused_reason"), sa.column("refused_at", Moment()),
    sa.column("changed_at", Moment()),
)  # fmt: skip
#: What the house itself wrote on a parcel it called back, in its languages: it went the way of a refused one.
RECALLED = ("Recalled", "已撤回")


def upgrade() -> None:
    op.add_column("payment", sa.Column("reference_key", sa.String(length=500), nullable=True))
    op.add_column("amendment_line", sa.Column("old_tax_rate", Rate(), nullable=True))
    op.add_column("shipment", sa.Column("refused_at", Moment(), nullable=True))
    connection = op.get_bind()
    _fill_keys(connection)
    _fill_refusals(connection)
    op.create_index("ix_payment_reference_key", "payment", ["reference_key"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_payment_reference_key", "payment")
    op.drop_column("shipment", "refused_at")
    op.drop_column("amendment_line", "old_tax_rate")
    op.drop_column("payment", "reference_key")


def _fill_keys(connection) -> None:
    known, last = set(), 0
    change = PAYMENT.update().where(PAYMENT.c.id == sa.bindparam("pk")).values(reference_key=sa.bindparam("key"))
    query = sa.select(PAYMENT.c.id, PAYMENT.c.account, PAYMENT.c.reference).where(PAYMENT.c.reference.is_not(None))
    while rows := connection.execute(query.where(PAYMENT.c.id > last).order_by(PAYMENT.c.id).limit(BATCH)).all():
        last, found = rows[-1].id, []
        for row in rows:
            key = _key(row.account, row.reference)
            if key is not None and key not in known:
                known.add(key)
                found.append({"pk": row.id, "key": key})
        if found:
            connection.execute(change, found)


def _key(account, reference) -> str | None:
    plain = ["".join(unicodedata.normalize("NFKC", text or "").casefold().split()) for text in (account, reference)]
    return "\n".join(plain)[:500] if plain[1] else None


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
