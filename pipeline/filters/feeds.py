"""Feed bytes in, a line of entries out."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from typing import Any

from core.errors import ItemFailed
from core.jsontext import utc
from core.pool import WorkerPool
from core.reasons import Reason
from fetching.identity import entry_key
from fetching.parse import ParsedEntry, parse
from pipeline.filters.stream import SECONDS, in_order, shared, workers_of
from pipeline.filters.values import BadLine, Given, Line, Source, content_of, object_of, text_in

MAX_BYTES = 10_000_000  # as the client takes at most
CHUNK_SECONDS = 30.0  # of several feeds; after that each of them alone has all its time


def feeds_of_lines(chunks: Iterable[list[Given]]) -> Iterator[list[Source]]:
    """Feeds of JSON lines {"id", "url", "feed"} with the document as text, or {"id", "url", "path"}."""
    return ([_feed(given) for given in chunk] for chunk in chunks)


def _feed(given: Given) -> Source:
    try:
        values = object_of(given)
        needed = "path" if "path" in values and "feed" not in values else "feed"
        values = object_of(given, needed)
    except BadLine as error:
        return Source(str(error.id), "", error=str(error), reason=Reason.BAD_LINE)
    name, url = str(values.get("id", given.number)), text_in(values, "url")
    if needed == "path":
        return Source(name, url, path=values["path"])
    body = values["feed"].encode("utf-8", "replace")
    return Source(name, url, body=body, headers={"content-type": "application/xml; charset=utf-8"})


def parse_all(chunks: Iterable[list[Source]], *, jobs: int) -> Generator[Line, None, None]:
    """A line a feed: {"source", "format", "title", "entries", "error"}. What came together is shared by the workers."""
    workers = workers_of(jobs)
    parts = (part for chunk in chunks for part in shared(chunk, workers))
    work = (partial(_parsed, chunk=part) for part in parts)
    for lines in in_order(work, workers, ahead=4 * workers, preload=[__name__]):
        yield from lines


async def _parsed(pool: WorkerPool, chunk: list[Source]) -> list[Line]:
    seconds = SECONDS if len(chunk) == 1 else CHUNK_SECONDS
    try:
        return await pool.run(parse_chunk, chunk, seconds=seconds, item=chunk[0].name)
    except ItemFailed as error:  # the worker hung or died
        if len(chunk) > 1:  # over which of them, each alone will show
            return [line for lines in await asyncio.gather(*(_parsed(pool, [one]) for one in chunk)) for line in lines]
        return [_failed(chunk[0], f"{chunk[0].name}: {error.reason.sentence}")]


def parse_chunk(chunk: list[Source]) -> list[Line]:
    """The work of a worker process: some feeds, parsed."""
    return [parse_source(source) for source in chunk]


def parse_source(source: Source) -> Line:
    """One feed, parsed; a failure is a line with `error`."""
    if source.error:
        return _failed(source, source.error)
    try:
        parsed = parse(_body(source), url=source.url, headers=source.headers)
    except ItemFailed as error:
        detail = f" ({error.detail})" if error.detail else ""
        return _failed(source, f"{source.name}: {error.reason.sentence}{detail}")
    except OSError as error:
        return _failed(source, f"{source.name}: {error.strerror}")
    entries = [_entry(entry) for entry in parsed.entries]
    return Line.of(_values(source) | {"format": parsed.format, "title": parsed.title, "entries": entries})


def _body(source: Source) -> bytes:
    if not source.path:
        return source.body
    body = content_of(source.path, MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise OSError(0, f"larger than {MAX_BYTES // 1_000_000} MB")
    return body


def _values(source: Source) -> dict[str, Any]:
    return {"source": source.name, "format": "", "title": "", "entries": [], "error": ""}


def _failed(source: Source, why: str) -> Line:
    return Line.of(_values(source) | {"error": why}, why)


def _entry(entry: ParsedEntry) -> dict[str, Any]:
    return {
        "key": entry_key(entry),
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "published": entry.published and utc(entry.published),
        "updated": entry.updated and utc(entry.updated),
        "authors": list(entry.authors),
    }
