"""What comes out of a feed document, whatever its format. Texts are made when they are asked for.

Of the entries that a poll lists nearly all were there before: their ids, addresses and what was written say so, and
nobody reads their texts. Making text of HTML costs more than all the rest of parsing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Self, TypeVar, cast, overload

from core.errors import ItemFailed
from core.log import pairs
from core.reasons import Reason
from fetching import written
from fetching.written import Written

logger = logging.getLogger(__name__)
T = TypeVar("T")

MAX_ENTRIES = 2_000  # of one document; Media Cloud keeps as many


class Made(Generic[T]):
    """A field that is given as a value, or made of what the feed wrote: once, when it is first asked for, which raises
    ItemFailed with STUMBLED where nobody thought of what was written.
    """

    def __init__(self, make: Callable[[Written], T], default: T) -> None:
        self._make, self._default = make, default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, entry: None, owner: type) -> T: ...
    @overload
    def __get__(self, entry: object, owner: type) -> T: ...
    def __get__(self, entry: object | None, owner: type) -> T:
        if entry is None:
            return self._default
        kept = entry.__dict__
        if self._name not in kept:
            kept[self._name] = self._made(kept)
        return cast(T, kept[self._name])

    def _made(self, kept: dict[str, Any]) -> T:
        try:
            return self._make(kept[_WROTE])
        except MemoryError:
            raise
        except Exception as fault:  # one odd text in a thousand feeds must not end a run
            logger.exception("%s", pairs(url=kept["url"], field=self._name, reason=Reason.STUMBLED))
            raise ItemFailed(kept["url"], Reason.STUMBLED, f"{type(fault).__name__}, {self._name}") from fault

    def __set__(self, entry: object, value: T) -> None:
        entry.__dict__[self._name] = value


_WROTE = "wrote"


@dataclass(frozen=True)
class ParsedEntry:
    """One item. `title` is text on one line, `summary` and `content` are text; `html` is content as it was written.

    `url` is absolute and http(s), or empty. `guid` is what the feed says, unresolved. Times are UTC with zone, from
    1990 to 2100, and may lie in the future: nobody's clock was asked. `media` are URLs of pictures, sound and video.
    """

    guid: str = ""
    url: str = ""
    title: Made[str] = Made(written.title, "")
    summary: Made[str] = Made(written.summary, "")
    content: Made[str] = Made(written.content, "")
    html: Made[str] = Made(written.html, "")
    published: datetime | None = None
    updated: datetime | None = None
    authors: Made[tuple[str, ...]] = Made(written.authors, ())
    language: Made[str] = Made(written.language, "")
    media: Made[tuple[str, ...]] = Made(written.media, ())

    @classmethod
    def of(cls, wrote: Written, guid: str, url: str, published: datetime | None, updated: datetime | None) -> Self:
        """An entry whose other fields are made of what the feed wrote; in a fraction of the time that `cls()` takes."""
        entry = object.__new__(cls)
        kept = entry.__dict__
        kept[_WROTE] = wrote
        kept["guid"] = guid
        kept["url"] = url
        kept["published"] = published
        kept["updated"] = updated
        return entry

    def written(self) -> str:
        """What the feed wrote for title, summary and content: the same while nobody changes it. Makes no text."""
        wrote: Written | Self = self.__dict__.get(_WROTE, self)
        return "\x1f".join((wrote.title, wrote.summary or "", wrote.content))

    def made(self) -> Self:
        """The same entry, its texts made by now."""
        for name in _MADE:
            getattr(self, name)
        return self


_MADE = tuple(name for name, field in vars(ParsedEntry).items() if isinstance(field, Made))


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document: at most MAX_ENTRIES entries, `dropped` counts the others.

    `format` is rss, atom, rdf, json, sitemap or page. `ttl` is how often the feed says it changes. `more` are other
    documents with entries of this feed, best first: the page before this one (RFC 5005, JSON Feed), or where
    `is_index`, the sitemaps a list names; `in_turns`: nothing says which of those are best. `late`: addresses of
    entries in documents that were there before, maybe, and are read for the first time. `whole`: it was not cut off,
    as far as can be told.
    """

    format: str
    title: str
    language: str
    entries: tuple[ParsedEntry, ...]
    ttl: timedelta | None = None
    dropped: int = 0
    more: tuple[str, ...] = ()
    is_index: bool = False
    in_turns: bool = False
    late: frozenset[str] = frozenset()
    whole: bool = True

    def made(self) -> Self:
        """The same feed, all texts of its entries made by now."""
        for entry in self.entries:
            entry.made()
        return self
