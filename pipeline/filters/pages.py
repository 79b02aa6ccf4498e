"""Pages in, a line with title, text and dates out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from core.errors import ItemFailed
from core.jsontext import utc
from core.pool import WorkerPool
from core.reasons import Reason
from extractors.base import Extraction
from extractors.choose import extract
from extractors.page import MAX_BYTES
from pipeline.filters.stream import in_order
from pipeline.filters.values import BadLine, Given, Line, Source, content_of, object_of, text_in
from pipeline.pooled import READER_BYTES


@dataclass(frozen=True, slots=True)
class Page:
    """A page to extract: its id, address and bytes, or a path that holds them, or why there is neither."""

    id: object
    url: str
    body: bytes = b""
    path: str = ""
    content_type: str = ""
    charset: str = ""
    reason: Reason = Reason.BAD_URL
    error: str = ""


def pages_of_sources(chunks: Iterable[list[Source]]) -> Iterator[Page]:
    """Pages of files and addresses."""
    for one in chain.from_iterable(chunks):
        kind = one.headers.get("content-type", "")
        yield Page(one.name, one.url, one.body, path=one.path, content_type=kind, reason=one.reason, error=one.error)


def pages_of_lines(lines: Iterable[Given]) -> Iterator[Page]:
    """Pages of JSON lines {"id", "url", "html"} or {"id", "url", "path"}."""
    for given in lines:
        try:
            values = object_of(given)
            needed = "path" if "path" in values and "html" not in values else "html"
            values = object_of(given, needed)
        except BadLine as error:
            yield Page(error.id, "", reason=Reason.BAD_LINE, error=str(error))
            continue
        page_id, url = values.get("id", given.number), text_in(values, "url")
        if needed == "html":
            yield Page(page_id, url, values["html"].encode("utf-8", "replace"), charset="utf-8")
        else:
            yield Page(page_id, url, path=values["path"])


def extract_all(pages: Iterator[Page], *, jobs: int, seconds: float) -> Generator[Line, None, None]:
    """A line a page, in input order, from worker processes that are killed when one takes too long."""
    work = (partial(_extracted, page=page, seconds=seconds) for page in pages)
    yield from in_order(work, jobs, preload=["extractors.warm", __name__], memory_bytes=READER_BYTES)


async def _extracted(pool: WorkerPool, page: Page, seconds: float) -> Line:
    if page.error:
        return _failed(page, page.reason, page.error)
    try:
        return _line(page, await pool.run(extract_one, page, seconds=seconds, item=str(page.id)))
    except ItemFailed as error:
        return _failed(page, error.reason, f"{page.id}: {error.reason.sentence} ({error.detail})")
    except OSError as error:
        return _failed(page, Reason.NO_FILE, f"{page.path}: {error.strerror}")


def extract_one(page: Page) -> Extraction:
    """The work of a worker process."""
    body = page.body
    if page.path:
        body = content_of(page.path, MAX_BYTES + 1)  # of what is longer, the extractor says that it is
    return extract(body, url=page.url, content_type=page.content_type, charset=page.charset)


def _line(page: Page, found: Extraction) -> Line:
    values = {
        "id": page.id,
        "url": found.url,
        "title": found.title,
        "text": found.text,
        "author": found.author,
        "published": found.published and utc(found.published),
        "language": found.language,
        "section": found.section,
        "extractor": found.extractor,
        "confidence": found.confidence,
        "state": found.state.value,
        "reason": str(found.reason or ""),
        "ms": round(found.ms, 1),
    }
    failed = found.state.value == "failed"
    return Line.of(values, f"{page.id}: {(found.reason or Reason.NO_BODY).sentence}" if failed else "")


def _failed(page: Page, reason: Reason, why: str) -> Line:
    nothing = dict.fromkeys(("title", "text", "author", "section"), "") | {
        "published": None,
        "language": "",
        "extractor": "",
        "confidence": 0.0,
    }
    values = {"id": page.id, "url": page.url, **nothing, "state": "failed", "reason": str(reason), "ms": 0.0}
    return Line.of({**values, "error": why}, why)
