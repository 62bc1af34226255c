"""kept: the keys of the bank references known already, and no two alike

Of two older payments alike the first has the key. It follows from account and reference, of which the history tells.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BATCH = 5_000
PAYMENT = sa.table(
    "payment", sa.column("id"), sa.column("account"), sa.column("reference"), sa.column("reference_key")
)  # fmt: skip


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Writers wait from the beginning: one in the middle of its work, and this, would each wait for the other.
        connection.execute(sa.text("LOCK TABLE payment IN SHARE ROW EXCLUSIVE MODE"))
    _fill_keys(connection)
    op.create_index("ix_payment_reference_key", "payment", ["reference_key"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_payment_reference_key", "payment")


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
