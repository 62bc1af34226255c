"""Writers of one process: `python -m tests.safety.writers URL DICE ACKNOWLEDGED FIRST LAST SHARE`.

Each of the writers FIRST to LAST draws numbers, in a thread and a transaction each, until SHARE of them are stored under
its name; what a predecessor has stored counts. Every tenth transaction is rolled back. Numbers go into the file
ACKNOWLEDGED once their commit has returned.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine import access, numbers
from app.engine.database import lost

SERIES, TEMPLATE = "under_fire", "火〔{year}〕{serial}号"


def name_of(writer: int) -> str:
    return f"writer {writer}"


def write(engine: sa.Engine, dice: random.Random, acknowledged: TextIO, writer: int, share: int) -> None:
    """Draw until `share` numbers are stored; who loses to another transaction tries again."""
    mine = sa.select(sa.func.count()).where(numbers.DrawnNumber.actor_name == name_of(writer))
    with access.acting_as(access.Actor(writer, name_of(writer), everything=True)), Session(engine) as session:
        left = share - (session.scalar(mine) or 0)
        session.rollback()
        while left:
            try:
                text = numbers.draw(session, SERIES, TEMPLATE)
                session.flush()
                if dice.random() < 0.1:
                    session.rollback()
                    continue
                session.commit()
            except Exception as error:
                session.rollback()
                if not lost(error):
                    raise
                continue
            acknowledged.write(f"{writer} {text}\n")
            left -= 1


def main(url: str, seed: str, file: str, first: str, last: str, share: str) -> None:
    writers = range(int(first), int(last) + 1)
    engine = sa.create_engine(url, pool_size=len(writers), max_overflow=0)
    with open(file, "a", buffering=1, encoding="utf-8") as acknowledged, ThreadPoolExecutor(len(writers)) as pool:
        for done in [
            pool.submit(write, engine, random.Random(f"{seed} {n}"), acknowledged, n, int(share)) for n in writers
        ]:
            done.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
