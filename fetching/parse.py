"""Bytes of a feed to entries. The only importer of feedparser.

    parse ── unpacked (.gz) ── no doubt at all           strict.py
                            └─ decoded ── {…}            feedjson.py
                                       ├─ <urlset>       sitemap.py
                                       ├─ <html>, text   a failure: a login page is no feed without news
                                       └─ else           mended, shortened, strict.py again, feedparser

Runs for seconds on what is made to be slow: call it where it can be killed.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import feedparser  # type: ignore[import-untyped]

from core import urls
from core.errors import ItemFailed
from core.log import pairs
from core.reasons import Reason
from core.text import one_line
from fetching import charset, feedjson, repair, sitemap, strict, strict_entry
from fetching.dates import parse_date
from fetching.decoding import Body, TooBig, Undecodable
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed
from fetching.headers import media_type
from fetching.plain import title_of
from fetching.strict_names import PAGED
from fetching.written import MOST, Written, language_tag

__all__ = ["MAX_ENTRIES", "ParsedEntry", "ParsedFeed", "parse"]

logger = logging.getLogger(__name__)
UNPACKED_BYTES = 10_000_000
_FEED_ROOTS = {"rss": "rss", "feed": "atom", "rdf": "rdf"}
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
# What feedparser holds against a document although it could read all of it.
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType, feedparser.UndeclaredNamespace)


def parse(body: bytes, *, url: str, headers: Mapping[str, str]) -> ParsedFeed:
    """The feed in `body`, fetched from `url` with `headers` (names in lower case); the content decides what it is.

    Raises ItemFailed with EMPTY_BODY, NOT_A_FEED (HTML, JSON or text that is something else), TOO_BIG (unpacked) or
    BAD_FEED; with STUMBLED for what nobody thought of. A feed without entries is a feed.
    """
    try:
        unpacked, said = _unpacked(body, url), media_type(headers)[1]
        clear = _clear(unpacked, said, url)
        return _assembled(clear, url) if clear else leniently(unpacked, said, url, strictly=True)
    except (ItemFailed, MemoryError):
        raise
    except Exception as fault:  # of any layer: one feed in a thousand must not end a run
        logger.exception("%s", pairs(url=url, reason=Reason.STUMBLED))
        raise ItemFailed(url, Reason.STUMBLED, type(fault).__name__) from fault


def at_once(body: bytes, *, url: str, headers: Mapping[str, str]) -> ParsedFeed | None:
    """The same for what leaves no doubt, in a time in proportion to its length; None is for `parse` to say more of."""
    clear = _clear(body, media_type(headers)[1], url)
    try:
        return _assembled(clear, url) if clear else None
    except ItemFailed:
        return None


def _clear(body: bytes, said: str, url: str) -> strict.Read | None:
    """The feed, where it leaves no doubt. What the strict reader stumbles over, the lenient parser may read."""
    try:
        return strict.read(body, said)
    except MemoryError:
        raise
    except Exception:
        logger.exception("%s", pairs(url=url, reason=Reason.STUMBLED))
        return None


def leniently(body: bytes, said: str, url: str, *, strictly: bool = False) -> ParsedFeed:
    """The feed in `body`, whatever it takes; `said` is the character set that the headers name. Raises as `parse`.

    `strictly`: what is mended is tried with the strict reader once more; otherwise feedparser reads it in any case.
    """
    text = charset.decoded(body, said)
    start = text.lstrip("\ufeff\x00 \t\r\n")
    if not start:
        raise ItemFailed(url, Reason.EMPTY_BODY)
    if start[0] in "{[":
        return feedjson.parse(start, url)
    document = repair.opened(text)
    if document.root in sitemap.ROOTS:
        return replace(sitemap.parse(document.text, url), whole=document.whole)
    if document.is_html:
        raise ItemFailed(url, Reason.NOT_A_FEED, "an HTML page")
    if not document.root:
        raise ItemFailed(url, Reason.NOT_A_FEED, one_line(start, 80))
    return replace(_feed(document, url, strictly=strictly), whole=document.whole)


def _unpacked(body: bytes, url: str) -> bytes:
    """A feed stored as .xml.gz comes packed whatever its Content-Encoding says."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    packed = Body("gzip", UNPACKED_BYTES)
    try:
        packed.add(body)
        return packed.whole()
    except TooBig as fault:
        raise ItemFailed(url, Reason.TOO_BIG, str(fault)) from fault
    except Undecodable as fault:
        raise ItemFailed(url, Reason.BAD_FEED, str(fault)) from fault


def _feed(document: repair.Document, url: str, *, strictly: bool) -> ParsedFeed:
    short, cut = repair.shortened(document.text)
    text = repair.mended(short)
    if not text.strip():  # it was a declaration without an end, and no more
        raise ItemFailed(url, Reason.NOT_A_FEED, one_line(document.text, 80))
    clear = _clear(text.encode(), "", url) if strictly else None
    if clear:
        clear.dropped += cut
        return _assembled(clear, url)
    try:
        read = feedparser.parse(
            io.BytesIO(text.encode()),  # never text or bytes: those are opened as files and fetched as URLs
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as fault:  # it has many ways to stumble over what strangers write
        raise ItemFailed(url, Reason.BAD_FEED, f"{type(fault).__name__}: {one_line(str(fault), 100)}") from fault
    broken = bool(read.bozo) and not isinstance(read.bozo_exception, _HARMLESS)
    kind = _FEED_ROOTS.get(document.root) or ("atom" if read.version.startswith("atom") else "rss")
    entries = [_written(dict(one), kind) for one in read.entries[:MAX_ENTRIES]]
    dropped = cut + len(read.entries) - len(entries)
    feed = _assembled(strict.Read(kind, dict(read.feed), entries, dropped), url)
    if broken:
        feed = replace(feed, entries=tuple(filter(_says_something, feed.entries)))
    if not feed.entries:
        _refuse_what_is_no_feed(document, read, url, broken)
    return feed


def _assembled(read: strict.Read, url: str) -> ParsedFeed:
    return ParsedFeed(
        format=read.kind,
        title=title_of(read.feed.get("title", "")),
        language=language_tag(read.feed.get("language") or ""),
        entries=tuple([_entry(one, url, read.kind) for one in read.entries]),
        ttl=_ttl(read.feed),
        dropped=read.dropped,
        more=_before_this(read.feed, url),
    )


def _before_this(feed: dict[str, Any], url: str) -> tuple[str, ...]:
    """The page before this one (RFC 5005): `next` of a paged feed, `prev-archive` of an archived one."""
    links = [one for one in feed.get("links") or () if one.get("rel") in PAGED]
    links.sort(key=lambda one: PAGED.index(one["rel"]))
    return tuple(dict.fromkeys(filter(None, (urls.join(url, one.get("href") or "") for one in links[:4]))))


def _refuse_what_is_no_feed(document: repair.Document, read: Any, url: str, broken: bool) -> None:
    if broken and document.root in _FEED_ROOTS:
        raise ItemFailed(url, Reason.BAD_FEED, one_line(str(read.bozo_exception), 100))
    if document.root not in _FEED_ROOTS:
        raise ItemFailed(url, Reason.NOT_A_FEED, f"its root element is <{document.root[:40]}>")


def _entry(wrote: Written, url: str, kind: str) -> ParsedEntry:
    wrote.base = url
    updated = wrote.updated
    return ParsedEntry.of(
        wrote,
        one_line(wrote.id, 2000),
        urls.join(url, wrote.original_link or wrote.link or ""),
        wrote.published or wrote.created or (None if kind == "atom" else updated),
        updated,
    )


def _says_something(entry: ParsedEntry) -> bool:
    """Whether there is anything to show or to match: a document that was cut off ends with an item that is empty."""
    return bool(entry.guid or entry.url or entry.title or entry.summary or entry.content)


def _ttl(feed: dict[str, Any]) -> timedelta | None:
    """How often the feed says it changes: `ttl` in minutes, or RSS 1.0's period and frequency."""
    minutes = str(feed.get("ttl", "")).strip()
    if minutes.isascii() and minutes.isdigit() and int(minutes[:7]) > 0:
        return timedelta(minutes=int(minutes[:7]))
    period = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    times = str(feed.get("sy_updatefrequency", "")).strip()
    often = int(times[:7]) if times.isascii() and times.isdigit() else 1
    return period / max(often, 1) if period else None


# -- what feedparser gives


def _written(raw: dict[str, Any], kind: str) -> Written:
    wrote = Written()
    wrote.id = raw.get("id", "")
    wrote.original_link = raw.get("feedburner_origlink", "")
    wrote.link = raw.get("link")
    title = raw.get("title_detail") or {}
    wrote.title = raw.get("title", "")
    wrote.title_is_plain = _is_plain(title, kind)
    wrote.language = raw.get("language") or ""
    wrote.title_language = title.get("language") or ""
    if "summary_detail" in raw:
        wrote.summary = raw["summary_detail"].get("value") or ""
        wrote.summary_is_plain = _is_plain(raw["summary_detail"], kind)
    for part in raw.get("content") or ():
        value = part.get("value") or ""
        if len(value) > len(wrote.content):
            wrote.content, wrote.content_is_plain = value, _is_plain(part, kind)
    wrote.published, wrote.created, wrote.updated = (_date(raw, name) for name in ("published", "created", "updated"))
    wrote.authors = _authors(raw)
    enclosed = [one.get("href") for one in raw.get("links") or () if one.get("rel") == "enclosure"]
    wrote.enclosed = tuple(filter(None, enclosed))[:MOST]
    wrote.shown = _addresses(raw.get("media_content"))
    wrote.thumbnails = _addresses(raw.get("media_thumbnail"))
    return wrote


def _is_plain(part: Mapping[str, Any], kind: str) -> bool:
    """Atom says what is plain text, and means it; elsewhere text is HTML until the opposite is known."""
    return kind == "atom" and part.get("type") == "text/plain"


def _addresses(parts: Iterable[Mapping[str, str]] | None) -> tuple[str, ...]:
    return tuple(filter(None, (one.get("url") for one in parts or ())))[:MOST]


def _date(raw: dict[str, Any], name: str) -> datetime | None:
    return parse_date(raw.get(name) or "", raw.get(f"{name}_parsed"))


def _authors(raw: dict[str, Any]) -> tuple[str, ...]:
    authors = raw.get("authors") or []
    if len(authors) == 1 and "@" in raw.get("author", ""):
        return (_whole_name(raw["author"], authors[0]),)
    return tuple(one.get("name") or "" for one in authors[:MOST]) or (raw.get("author") or "",)


def _whole_name(author: str, read: Mapping[str, str]) -> str:
    """The author's name; the lenient parser cuts `.example` after four letters, and takes the rest for the name."""
    email = read.get("email") or ""
    cut = email and author.find(email) >= 0 and author.partition(email)[2][:1].isalpha()
    if cut and len(author) <= strict_entry.LONGEST_PERSON:
        return strict_entry.person_of(author)
    return read.get("name") or ""
