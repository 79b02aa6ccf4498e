"""A process that writes without a rest until it is killed: `python -m tests.faults.writer URL`.

Four threads write pairs of rows that belong together, each its own numbers in order, and print a number when it is told
that the pair is kept. While the database is away it tries on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

from sqlmodel import Session

from core.errors import NotAvailable
from storage.engine import Database
from storage.office import JobLock, Meta

WRITERS = 4


def put(number: int) -> Callable[[Session], None]:
    """Two rows, in two tables."""

    def work(session: Session) -> None:
        key = f"{number:06}"
        if session.get(Meta, key) is None:  # it was kept, and the word that said so was lost
            session.add(Meta(key=key, value="x" * 1_500))
            session.flush()
            session.add(JobLock(name=key, owner="y" * 1_500))

    return work


def write(db: Database, number: int) -> None:
    """This writer's numbers, one after the other."""
    while True:
        try:
            db.write_now(put(number))
        except NotAvailable:
            time.sleep(0.05)
            continue
        os.write(1, f"{number}\n".encode())  # whole, whoever else writes
        number += WRITERS


def main() -> None:
    """Write until the end."""
    db = Database(sys.argv[1])
    threads = [threading.Thread(target=write, args=(db, first), daemon=True) for first in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
