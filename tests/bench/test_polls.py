"""The measurement of polls: each round is what its name says, and one that is not raises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import polls


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The sites' port."""
    with polls.sites() as served:
        yield served


async def test_every_round_polls_every_feed_as_its_name_says(tmp_path: Path, port: int) -> None:
    found = await polls.rounds(tmp_path, port, 5)
    assert list(found) == list(polls.ROUNDS)
    assert all(speed > 0 and cpu > 0 for speed, cpu in found.values())


async def test_a_round_in_which_something_else_happened_gives_no_figure(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "ROUNDS", {"first poll": "changed", "unchanged bodies": "not_modified"})
    with pytest.raises(RuntimeError, match="unchanged"):
        await polls.rounds(tmp_path, port, 2)
