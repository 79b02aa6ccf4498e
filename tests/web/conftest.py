"""What the tests of the page and the API have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.turns import files_by_turns

# what is asked of the database here is asked of both elsewhere: by the tests of the inbox, of deliveries and of feeds
BY_TURNS = {
    "test_api", "test_atom", "test_links", "test_metrics", "test_routes", "test_rules_pages", "test_schema",
    "test_settings", "test_sign_in", "test_stats", "test_status",
}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of these files `make test` tries each test on one database, by turns, and `make faults` on the other."""
    files_by_turns(items, Path(__file__).parent, BY_TURNS)
