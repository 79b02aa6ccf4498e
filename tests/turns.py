"""Which of two databases a test is tried on in `make test`, where one is enough; `make faults` tries the other."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.databases import KINDS


def by_turns(items: Iterable[pytest.Item]) -> None:
    """Mark of each test that is there for both databases the one that is left to `make faults`, by turns."""
    tests: dict[str, dict[str, pytest.Item]] = {}
    for item in items:
        for kind in KINDS:
            if kind in item.name:
                tests.setdefault(item.nodeid.replace(kind, "*"), {})[kind] = item
    for turn, (_, pair) in enumerate(sorted(tests.items())):
        if len(pair) == len(KINDS):
            pair[KINDS[turn % 2]].add_marker(pytest.mark.other_database)
