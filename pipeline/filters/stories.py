"""Hits in, a line with the story each belongs to out."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from core.errors import ItemFailed
from core.pool import WorkerPool
from core.text import clean
from pipeline.filters.stream import SECONDS, in_order
from pipeline.filters.values import BadLine, Given, Line, object_of, text_in
from stories.group import Board
from stories.telling import Telling, tell

FORGET_EVERY = 256  # hits
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """A hit, ready to be grouped, or why it cannot be."""

    id: object
    rule: str
    telling: Telling | None
    trouble: str = ""


def group_all(chunks: Iterable[list[Given]], *, window: timedelta, jobs: int) -> Generator[Line, None, None]:
    """A line a hit: {"id", "story", "origin", "why"}, grouped within its rule.

    The texts are read in several processes; what belongs together is decided here, since it hangs on what came before.
    """
    boards: dict[str, Board] = {}
    work = (partial(_told, chunk=chunk) for chunk in chunks)
    count = 0
    for told in in_order(work, jobs, preload=[__name__]):
        for one in told:
            count += 1
            yield _placed(one, boards.setdefault(one.rule, Board(window)))
            if count % FORGET_EVERY == 0 and one.telling is not None:
                boards[one.rule].forget(one.telling.at - 2 * window)


async def _told(pool: WorkerPool, chunk: list[Given]) -> list[Told]:
    try:
        return await pool.run(tell_chunk, chunk, seconds=SECONDS)
    except ItemFailed as error:  # the worker hung or died
        places = [f"line {given.number}" for given in chunk]
        return [Told(place, "", None, f"{place}: {error.detail}") for place in places]


def tell_chunk(chunk: list[Given]) -> list[Told]:
    """The work of a worker process: some lines, read."""
    return [tell_line(given) for given in chunk]


def tell_line(given: Given) -> Told:
    """One hit, read."""
    try:
        values = object_of(given, "text")
        return Told(values.get("id", given.number), text_in(values, "rule"), _telling(values, given))
    except BadLine as error:
        return Told(error.id, "", None, str(error))


def _telling(values: dict[str, Any], given: Given) -> Telling:
    published = text_in(values, "published")
    try:
        at = datetime.fromisoformat(published) if published else LONG_AGO
    except ValueError:
        raise BadLine(given, f"`published` is no ISO 8601 time: {published[:40]}", values) from None
    sentences = values.get("sentences")
    return tell(
        text_in(values, "id") or str(given.number),
        clean(text_in(values, "title")),
        clean(values["text"]),
        at if at.tzinfo else at.replace(tzinfo=UTC),
        sentences=[str(one) for one in sentences] if isinstance(sentences, list) else (),
        author=text_in(values, "author"),
        owner=text_in(values, "owner"),
        source=text_in(values, "source"),
        language=text_in(values, "language"),
    )


def _placed(told: Told, board: Board) -> Line:
    if told.telling is None:
        return Line.of({"id": told.id, "story": None, "origin": None, "why": told.trouble}, told.trouble)
    placed = board.place(told.telling)
    story = placed.story or told.telling.article
    board.add(told.telling, story, placed.origin)
    return Line.of({"id": told.id, "story": story, "origin": placed.origin, "why": placed.why})
