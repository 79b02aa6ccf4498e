"""/healthz: for whoever watches the watcher."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import NotAvailable
from core.settings import Settings
from storage import locks
from storage.engine import Database
from tests.web.asgi import Visitor
from web.app import bare_app

SETTINGS = Settings(_env_file=None, every_seconds=60.0, cycle_seconds=50.0)


def ended(ago: timedelta, job: str = "ingest") -> Callable[[Session], None]:
    def work(session: Session) -> None:
        at = SystemClock().now() - ago
        locks.take(session, job, "w1", seconds=1, now=at)
        locks.release(session, job, "w1", at)

    return work


async def test_before_the_first_cycle_all_is_well(db: Database) -> None:
    answer = await Visitor(bare_app(SETTINGS, db, "k")).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "last_cycle_seconds_ago": None})


# the last: by a clock that was a year ahead
@pytest.mark.parametrize(
    ("ago", "status"), [(timedelta(seconds=150), 200), (timedelta(seconds=190), 503), (timedelta(days=-365), 503)]
)
async def test_three_missed_cycles_are_a_failure(db: Database, ago: timedelta, status: int) -> None:
    db.write_now(ended(ago))
    if ago == timedelta(seconds=150):
        db.write_now(ended(timedelta(days=-365), job="ingest-2"))  # and of a shard that is none any more
    answer = await Visitor(bare_app(SETTINGS, db, "k")).get("/healthz")
    assert answer.status_code == status
    assert answer.json()["ok"] is (status == 200)


async def test_without_a_database_it_says_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_: object) -> None:
        raise NotAvailable("gone")

    visitor = Visitor(bare_app(SETTINGS, db, "k"))
    monkeypatch.setattr(db, "read", gone)
    answer = await visitor.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)
