"""A part of a source → its pages, one at a time, or why a record gives none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from core.errors import ItemFailed
from core.reasons import Reason
from core.urls import article_key, is_usable
from extractors.page import HTML_TYPES, MAX_BYTES, VAGUE_TYPES
from pipeline.archive.records import HEAD, Record, records
from pipeline.archive.sources import Kind, path_of
from storage import snapshots
from storage.backfills import Trouble
from storage.engine import Database

READ_TYPES = (HTML_TYPES | VAGUE_TYPES | {"application/pdf"}) - {"text/plain"}  # plain: robots.txt and the like
ABOUT_PAGES = WarcRecordType.warcinfo | WarcRecordType.request | WarcRecordType.metadata
KEPT = MAX_BYTES + 2 * HEAD  # bytes of a record: more would be too big a page
SNAPSHOTS = 20  # read together
FAILED, SKIPPED = "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Taken:
    """A page as an archive has it, taken `at`. `place` is where in its source; `url` is "" where nobody knows it."""

    place: str
    url: str
    at: datetime
    body: bytes
    content_type: str = ""
    charset: str = ""
    key: str = ""  # of the article it is known to be

    @property
    def article_key(self) -> str:
        """What its article is known by; of a page without an address a hash of its bytes."""
        return self.key or (article_key(self.url) if self.url else f"urn:sha256:{sha256(self.body).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a source: of a WARC file from one offset to another, of pages their names, of snapshots their ids."""

    kind: Kind
    source: str
    span: tuple[Any, ...]
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether what was taken then is asked for."""
        return not ((self.since and at < self.since) or (self.until and at >= self.until))


def pages_of(part: Part, db: Database) -> Iterator[Taken | Trouble]:
    """The pages of a part, and each record that is none. Records about pages (requests, metadata) are passed over.

    Raises OSError when the source cannot be read at all.
    """
    match part.kind:
        case Kind.WARC:
            found = _of_warc(part)
        case Kind.PAGES:
            found = _of_files(part)
        case Kind.SNAPSHOTS:
            found = _of_snapshots(part, db)
    for one in found:
        if isinstance(one, Taken) and not part.holds(one.at):
            yield Trouble(one.place, SKIPPED, Reason.OUT_OF_RANGE)
        else:
            yield one


# -- WARC


def _of_warc(part: Part) -> Iterator[Taken | Trouble]:
    start, end = part.span
    for record in records(Path(part.source), start, end, keep=KEPT):
        found = page_of(record)
        if found is not None:
            yield found


def counts(record: Record) -> bool:
    """Whether a record's head says that it holds a page, or should; a broken one should."""
    head = None if record.fault else _opened(record, parse_http=False)
    return head is None or not head.record_type & ABOUT_PAGES


def page_of(record: Record) -> Taken | Trouble | None:
    """The page of a record, why it has none, or None for one that is about other records."""
    place = f"offset {record.start}"
    if record.fault:
        return Trouble(place, FAILED, Reason.CORRUPT, record.fault)
    head = _opened(record, parse_http=False)
    if head is None:
        return Trouble(place, FAILED, Reason.CORRUPT, "its head cannot be read")
    if head.record_type & ABOUT_PAGES:
        return None
    url, at = _named(head), head.record_date
    if at is None:
        return Trouble(place, FAILED, Reason.CORRUPT, "no WARC-Date, or one that is no time")
    if head.record_type == WarcRecordType.revisit:
        return Trouble(place, SKIPPED, Reason.REVISIT, url)
    if head.record_type not in (WarcRecordType.response, WarcRecordType.resource):
        return Trouble(place, SKIPPED, Reason.WRONG_TYPE, f"a record of type {head.record_type}")
    if not is_usable(url):
        return Trouble(place, SKIPPED, Reason.BAD_URL, url)
    if record.size > KEPT:
        return Trouble(place, FAILED, Reason.TOO_BIG, f"{record.size} bytes: {url}")
    if head.record_type == WarcRecordType.response:
        return _answered(record, place, url, at)
    return _typed(head.headers.get("Content-Type") or "", "", place, url, at, head.reader.read())


Decode = Literal["all", "none"]


def _opened(record: Record, *, parse_http: bool, auto_decode: Decode = "none") -> WarcRecord | None:
    """One record, read by fastwarc; None when it cannot be."""
    try:
        return next(ArchiveIterator(BytesIO(record.content), parse_http=parse_http, auto_decode=auto_decode), None)
    except OSError:
        return None


def _named(head: WarcRecord) -> str:
    return (head.headers.get("WARC-Target-URI") or "").strip().removeprefix("<").removesuffix(">")


def _answered(record: Record, place: str, url: str, at: datetime) -> Taken | Trouble:
    """What a site answered."""
    found = _body(record)
    if isinstance(found, str):
        return Trouble(place, FAILED, Reason.CORRUPT, f"{found}: {url}")
    answer, body = found
    status = answer.http_headers.status_code if answer.http_headers else None
    if status is None:
        return Trouble(place, FAILED, Reason.CORRUPT, f"no HTTP answer in it: {url}")
    if 300 <= status < 400:
        return Trouble(place, SKIPPED, Reason.REDIRECT, f"{status}: {url}")
    if status != 200:
        return Trouble(place, SKIPPED, Reason.HTTP_STATUS, f"{status}: {url}")
    return _typed(answer.http_content_type or "", answer.http_charset or "", place, url, at, body)


def _body(record: Record) -> tuple[WarcRecord, bytes] | str:
    """The answer and its body, decoded as its headers say; as it stands where they lie: some crawlers store the
    decoded page below the headers that it came with.
    """
    ways: tuple[Decode, ...] = ("all", "none")
    for auto_decode in ways:
        answer = _opened(record, parse_http=True, auto_decode=auto_decode)
        if answer is None:
            continue
        try:
            body = answer.reader.read(MAX_BYTES + 1)
        except OSError:
            continue
        if auto_decode == "all" or body.lstrip().startswith(b"<"):
            return answer, body
    return "the body is not encoded as its headers say"


def _typed(content_type: str, charset: str, place: str, url: str, at: datetime, body: bytes) -> Taken | Trouble:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in READ_TYPES:
        return Trouble(place, SKIPPED, Reason.WRONG_TYPE, f"{media_type}: {url}")
    if len(body) > MAX_BYTES:
        return Trouble(place, FAILED, Reason.TOO_BIG, f"more than {MAX_BYTES} bytes: {url}")
    if "/" not in article_key(url).rstrip("/"):
        return Trouble(place, SKIPPED, Reason.FRONT_PAGE, url)
    return Taken(place, url, at, body, content_type, charset)


# -- pages as files, and snapshots


def _of_files(part: Part) -> Iterator[Taken | Trouble]:
    for name in part.span:
        path = path_of(part.source, name)
        place = name or path.name
        try:
            with path.open("rb") as file:
                body = file.read(MAX_BYTES + 1)
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            yield Trouble(place, FAILED, Reason.NO_FILE, error.strerror or "")
            continue
        if len(body) > MAX_BYTES:
            yield Trouble(place, FAILED, Reason.TOO_BIG, f"more than {MAX_BYTES} bytes")
        else:
            yield Taken(place, "", at, body)


def _of_snapshots(part: Part, db: Database) -> Iterator[Taken | Trouble]:
    after, until = part.span
    while rows := db.read_now(partial(snapshots.page, after=after, limit=SNAPSHOTS, until=until)):
        for row in rows:
            after = row.id
            try:
                body = row.body()
            except ItemFailed as error:
                yield Trouble(f"snapshot {row.id}", FAILED, error.reason, error.detail)
                continue
            content_type = dict(row.headers).get("content-type", "")
            yield Taken(f"snapshot {row.id}", row.url, row.at, body, content_type, key=row.key)
