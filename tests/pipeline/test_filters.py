"""The parts of the filters that decide: lines out of a stream, and what is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pool import WorkerDied, WorkerPool
from pipeline.filters import feeds
from pipeline.filters.stream import AHEAD, CHUNK, Job, batches, in_order, shared
from pipeline.filters.values import BadLine, Given, Line, Source, object_of


class Pieces:
    """Input that gives these pieces, one a read."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = iter([piece for piece in pieces if piece])

    def read(self, size: int, /) -> bytes:
        return next(self.pieces, b"")


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc\nd", b" \n"]), max_size=30))
def test_lines_are_the_same_however_they_arrive(pieces: list[bytes]) -> None:
    found = [one for batch in batches(Pieces(pieces)) for one in batch]
    lines = b"".join(pieces).split(b"\n")
    assert found == [Given(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def test_no_batch_waits_for_the_next_line_or_is_too_large() -> None:
    arriving = batches(Pieces([b"a\n", b"b\n" * (CHUNK + 1)]))
    assert [len(batch) for batch in arriving] == [1, CHUNK, 1]


@pytest.mark.parametrize("content", [b"[1]", b"{", b'{"text": null}', b'{"text": 1}', b"{}", b"\xff"])
def test_a_line_without_what_is_needed_is_named(content: bytes) -> None:
    with pytest.raises(BadLine, match=r"^line 7: "):
        object_of(Given(7, content), "text")


def test_results_come_in_order_and_not_all_input_is_read_ahead() -> None:
    taken = 0

    async def job(_: WorkerPool, number: int) -> int:
        return number

    def jobs() -> Iterator[Job[int]]:
        nonlocal taken
        for number in range(10 * AHEAD):
            taken += 1
            yield partial(job, number=number)

    results = in_order(jobs(), 1)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    results.close()
    assert taken <= AHEAD + 5 + 2


def test_what_the_input_raises_is_raised_after_what_came_before() -> None:
    async def job(_: WorkerPool) -> str:
        return "done"

    def jobs() -> Iterator[Job[str]]:
        yield job
        raise OSError("the disk is gone")

    results = in_order(jobs(), 1)
    assert next(results) == "done"
    with pytest.raises(OSError, match="gone"):
        next(results)


class DyingPool:
    """A pool whose worker dies over feeds of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[int] = []

    async def run(self, fn: Callable[[list[Source]], list[Line]], chunk: list[Source], **_: object) -> list[Line]:
        self.asked.append(len(chunk))
        if any(source.name == self.name for source in chunk):
            raise WorkerDied(chunk[0].name, "signal SIGSEGV")
        return fn(chunk)


async def test_a_feed_over_which_a_worker_dies_takes_none_of_its_chunk_with_it() -> None:
    feed = b"<rss><channel><item><link>https://example.org/a</link></item></channel></rss>"
    chunk = [Source(name, "https://example.org/feed", body=feed) for name in ("a", "b", "c")]
    pool = DyingPool("b")
    lines = await feeds._parsed(cast(WorkerPool, pool), chunk)
    assert [(json.loads(one.written)["source"], bool(one.trouble)) for one in lines] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    assert pool.asked == [3, 1, 1, 1]


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_a_chunk_is_shared_by_all_workers_in_its_order(chunk: list[int], workers: int) -> None:
    parts = list(shared(chunk, workers))
    assert [one for part in parts for one in part] == chunk
    assert len(parts) <= workers
    assert all(parts)
    assert max(map(len, parts), default=0) <= len(chunk) // workers + 1
