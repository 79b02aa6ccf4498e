"""The stages as filters over files and JSON lines: the same code as live, without a database."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from core.errors import ItemFailed, WirewatchError
from core.pool import TaskTimeout, WorkerDied, WorkerPool
from core.reasons import Reason
from core.settings import Settings
from core.text import clean
from extractors.base import Extraction
from extractors.choose import extract
from fetching.parse import ParsedEntry, parse
from pipeline.asking import fetched_alone
from pipeline.story import span_values
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher
from stories.group import Board
from stories.telling import Telling, tell

AHEAD = 64  # tasks given out before the first is waited for
CHUNK = 20  # lines a task
FORGET_EVERY = 256  # hits


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, and what went wrong with its item, if anything."""

    values: Mapping[str, Any]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's or an address's bytes, or why there are none."""

    name: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    error: str = ""


def read_source(name: str) -> Source:
    """A file."""
    try:
        return Source(name, Path(name).resolve().as_uri(), Path(name).read_bytes(), {})
    except OSError as error:
        return Source(name, name, error=f"{name}: {error.strerror}")


async def fetch_source(url: str, settings: Settings) -> Source:
    """An address, through the guarded client."""
    try:
        answer = await fetched_alone(settings, url)
    except WirewatchError as error:
        return Source(url, url, error=error.message)
    return Source(url, answer.url, answer.body, answer.headers)


def parse_all(sources: Iterator[Source], *, jobs: int) -> Iterator[Line]:
    """A line a feed: {"source", "format", "title", "entries", "error"}."""
    yield from _in_order((_Task(parse_source, (source,)) for source in sources), jobs)


def parse_source(source: Source) -> Line:
    """One feed, parsed; a failure is a line with `error`."""
    values: dict[str, Any] = {"source": source.name, "format": "", "title": "", "entries": [], "error": source.error}
    if source.error:
        return Line(values, source.error)
    try:
        parsed = parse(source.body, url=source.url, headers=source.headers or {})
    except ItemFailed as error:
        detail = f" ({error.detail})" if error.detail else ""
        why = f"{source.name}: {error.reason.sentence}{detail}"
        return Line({**values, "error": why}, why)
    entries = [_entry(entry) for entry in parsed.entries]
    return Line({**values, "format": parsed.format, "title": parsed.title, "entries": entries})


def _entry(entry: ParsedEntry) -> dict[str, Any]:
    from fetching.identity import entry_key

    return {
        "key": entry_key(entry),
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "published": entry.published,
        "updated": entry.updated,
        "authors": list(entry.authors),
    }


@dataclass(frozen=True, slots=True)
class Page:
    """A page to extract: its id, address and bytes, or a path that holds them, or why there is neither."""

    id: str
    url: str
    body: bytes = b""
    path: str = ""
    content_type: str = ""
    charset: str = ""
    error: str = ""


def pages_of_sources(sources: Iterator[Source]) -> Iterator[Page]:
    """Pages of files and addresses."""
    for source in sources:
        kind = (source.headers or {}).get("content-type", "")
        yield Page(source.name, source.url, source.body, content_type=kind, error=source.error)


def pages_of(lines: Iterator[str]) -> Iterator[Page]:
    """Pages of JSON lines {"id", "url", "html"} or {"id", "url", "path"}."""
    for number, line in enumerate(lines, 1):
        values = _object(line)
        if values is None or not ("html" in values or "path" in values):
            yield Page(f"line {number}", "", error=f"line {number}: not a JSON object with html or path")
            continue
        page_id, url = str(values.get("id", number)), str(values.get("url", ""))
        if "html" in values:
            yield Page(page_id, url, str(values["html"]).encode("utf-8", "replace"), charset="utf-8")
        else:
            yield Page(page_id, url, path=str(values["path"]))


def _object(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def extract_all(pages: Iterator[Page], *, jobs: int, seconds: float) -> Iterator[Line]:
    """A line a page, in input order, from worker processes that are killed when one takes too long."""
    import asyncio

    runner = asyncio.Runner()
    pool = WorkerPool(jobs or os.cpu_count() or 1)
    waiting: deque[tuple[Page, asyncio.Task[Line]]] = deque()

    async def begin(page: Page) -> asyncio.Task[Line]:
        return asyncio.create_task(_extract(pool, page, seconds))

    async def end(task: asyncio.Task[Line]) -> Line:
        return await task

    try:
        for page in pages:
            waiting.append((page, runner.run(begin(page))))
            if len(waiting) >= AHEAD:
                yield runner.run(end(waiting.popleft()[1]))
        while waiting:
            yield runner.run(end(waiting.popleft()[1]))
    finally:
        pool.close()
        runner.close()


async def _extract(pool: WorkerPool, page: Page, seconds: float) -> Line:
    if page.error:
        return _failed_page(page, Reason.BAD_URL, page.error)
    try:
        extraction = await pool.run(extract_one, page, seconds=seconds)
    except TaskTimeout:
        return _failed_page(page, Reason.EXTRACTOR_HUNG, f"stopped after {seconds:g} s")
    except WorkerDied as error:
        return _failed_page(page, Reason.EXTRACTOR_DIED, str(error))
    except OSError as error:
        return _failed_page(page, Reason.BAD_URL, f"{page.path}: {error.strerror}")
    values = {
        "id": page.id,
        "url": extraction.url,
        "title": extraction.title,
        "text": extraction.text,
        "author": extraction.author,
        "published": _iso(extraction.published),
        "language": extraction.language,
        "extractor": extraction.extractor,
        "state": extraction.state.value,
        "reason": str(extraction.reason or ""),
        "ms": round(extraction.ms, 1),
    }
    failed = extraction.state.value == "failed"
    return Line(values, f"{page.id}: {(extraction.reason or Reason.NO_BODY).sentence}" if failed else "")


def extract_one(page: Page) -> Extraction:
    """The work of a worker process."""
    body = Path(page.path).read_bytes() if page.path else page.body
    return extract(body, url=page.url, content_type=page.content_type, charset=page.charset)


def _failed_page(page: Page, reason: Reason, detail: str) -> Line:
    values = {
        "id": page.id, "url": page.url, "title": "", "text": "", "author": "", "published": None, "language": "",
        "extractor": "", "state": "failed", "reason": str(reason), "ms": 0.0,
    }  # fmt: skip
    return Line(values, f"{page.id}: {detail}")


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def match_all(rules: str, file: str, lines: Iterator[str], *, jobs: int) -> Iterator[Line]:
    """A line an article: {"id", "matches": [{"rule", "score", "spans"}]}. Raises ConfigError for rules that are not
    good.
    """
    load(rules, file=file)
    numbered = enumerate(lines, 1)
    chunks = iter(lambda: [line for _, line in zip(range(CHUNK), numbered, strict=False)], [])
    for found in _in_order((_Task(match_chunk, (rules, file, chunk)) for chunk in chunks), jobs):
        yield from found


_matchers: dict[str, Matcher] = {}  # of this process, by the rules' text


def match_chunk(rules: str, file: str, chunk: list[tuple[int, str]]) -> list[Line]:
    """The work of a worker process: some lines, matched."""
    if rules not in _matchers:
        _matchers.clear()
        _matchers[rules] = Matcher(load(rules, file=file).rules)
    return [match_line(_matchers[rules], number, line) for number, line in chunk]


def match_line(matcher: Matcher, number: int, line: str) -> Line:
    """One article, matched."""
    values = _object(line)
    if values is None or "text" not in values:
        return Line({"id": f"line {number}", "matches": []}, f"line {number}: not a JSON object with id and text")
    known = ("title", "text", "url", "language", "source", "author", "section")
    article = ArticleText(
        id=str(values.get("id", number)), **{key: clean(str(values.get(key) or "")) for key in ("title", "text")},
        **{key: str(values.get(key) or "") for key in known if key not in ("title", "text")},
    )  # fmt: skip
    verdict = matcher.match(analyse(article))
    matches = [
        {"rule": one.rule, "score": one.score, "spans": [span_values(span) for span in one.spans]}
        for one in verdict.matches
    ]
    troubles = "; ".join(f"{one.rule}: {one.reason.sentence}" for one in verdict.troubles)
    return Line({"id": values.get("id", number), "matches": matches}, f"{article.id}: {troubles}" if troubles else "")


def group_all(lines: Iterator[str], *, window: timedelta) -> Iterator[Line]:
    """A line a hit, in the order of time: {"id", "story", "origin", "why"}, grouped within its rule."""
    boards: dict[str, Board] = {}
    for number, line in enumerate(lines, 1):
        values = _object(line)
        told = _telling(values, number) if values else None
        if values is None or told is None:
            trouble = f"line {number}: not a JSON object with id, rule, title, text and published"
            yield Line({"id": f"line {number}", "story": None, "origin": None, "why": trouble}, trouble)
            continue
        board = boards.setdefault(str(values.get("rule", "")), Board(window))
        placed = board.place(told)
        story = placed.story or told.article
        board.add(told, story, placed.origin)
        if number % FORGET_EVERY == 0:
            board.forget(told.at - 2 * window)
        yield Line({"id": values.get("id", number), "story": story, "origin": placed.origin, "why": placed.why})


def _telling(values: Mapping[str, Any], number: int) -> Telling | None:
    """None for an object without a text or with a date that cannot be read."""
    try:
        at = datetime.fromisoformat(str(values.get("published") or "1970-01-01T00:00:00+00:00"))
    except ValueError:
        return None
    if "text" not in values:
        return None
    return tell(
        str(values.get("id", number)),
        clean(str(values.get("title") or "")),
        clean(str(values["text"])),
        at if at.tzinfo else at.replace(tzinfo=UTC),
        sentences=[str(one) for one in values.get("sentences", ())],
        author=str(values.get("author") or ""),
        owner=str(values.get("owner") or ""),
        source=str(values.get("source") or ""),
        language=str(values.get("language") or ""),
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """A call for a worker process."""

    run: Callable[..., Any]
    arguments: tuple[Any, ...]


def _in_order(tasks: Iterator[_Task], jobs: int) -> Iterator[Any]:
    """Results in the order of the tasks, from `jobs` processes (0 = the cores), a bounded number ahead."""
    workers = jobs or os.cpu_count() or 1
    if workers == 1:
        yield from (task.run(*task.arguments) for task in tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        waiting: deque[Future[Any]] = deque()
        for task in tasks:
            waiting.append(pool.submit(task.run, *task.arguments))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
