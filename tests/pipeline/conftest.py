"""What the pipeline's tests have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import NOON as NOON
from tests.turns import files_by_turns

# what is decided here is decided in Python, of rows that any database gives
BY_TURNS = {
    "test_alert", "test_catchup", "test_deliver", "test_drafts", "test_follow", "test_further", "test_heartbeat",
    "test_index", "test_lookout", "test_lost_answers", "test_match", "test_pagetext", "test_past", "test_poll",
    "test_preview", "test_read", "test_release", "test_story", "test_why", "test_canonical", "test_standing",
    "test_withdrawn", "test_archive", "test_edited", "test_edited_rules", "test_listed", "test_people",
    "test_revising", "test_snapshots", "test_subscriptions", "test_warc",
}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of these files `make test` tries each test on one database, by turns, and `make faults` on the other."""
    files_by_turns(items, Path(__file__).parent, BY_TURNS)


@pytest.fixture(autouse=True)
def cycles_that_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops look for work sooner than usual, and gather none: some tests run dozens of cycles with little to do."""
    monkeypatch.setattr("pipeline.cycle.LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr("pipeline.cycle.GATHER_S", 0.0)
    monkeypatch.setattr("pipeline.cycle.BUSY_GATHER_S", 0.0)
