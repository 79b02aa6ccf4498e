"""Which of two databases a test is tried on in `make test`, where one is enough; `make faults` tries the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

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


def files_by_turns(items: Iterable[pytest.Item], folder: Path, names: Collection[str]) -> None:
    """The same for all tests of these files of a folder, each file for itself."""
    by_file: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == folder and item.path.stem in names:
            by_file.setdefault(item.path, []).append(item)
    for some in by_file.values():
        by_turns(some)
