"""What comes out of a feed document, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_ENTRIES = 2_000  # of one document; Media Cloud keeps as many


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One item. `title` is text on one line, `summary` and `content` are text; `html` is content as it was written.

    `url` is absolute and http(s), or empty. `guid` is what the feed says, unresolved. Times are UTC with zone, from
    1990 to 2100, and may lie in the future: nobody's clock was asked. `media` are URLs of pictures, sound and video.
    """

    guid: str = ""
    url: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    html: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    language: str = ""
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document: at most MAX_ENTRIES entries, `dropped` counts the others.

    `format` is rss, atom, rdf, json or sitemap. `ttl` is how often the feed says it changes. `salvaged`: the document
    was ill-formed and was mended; something may be missing.
    """

    format: str
    title: str
    language: str
    entries: tuple[ParsedEntry, ...]
    ttl: timedelta | None = None
    salvaged: bool = False
    dropped: int = 0
