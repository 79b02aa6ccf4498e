"""What is asked of a server, and the three kinds of answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.reasons import Reason

FEED_BYTES = 10_000_000
FEED_SECONDS = 29.0  # half a minute in all: what is in a full buffer is still taken apart when the time is over


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET. `max_bytes` counts decoded bytes; `seconds` is wall clock for all hops together, waiting excluded.

    `etag` and `last_modified` are what a server sent earlier, verbatim. They are sent to `validators_for`, the URL
    whose answer held them (`Fetched.url`); when that is empty, to every hop. `headers` leave with the first host.
    `patience`: seconds for which each hop waits while its host has two requests of ours out; None is for ever.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""
    max_bytes: int = FEED_BYTES
    seconds: float = FEED_SECONDS
    validators_for: str = ""
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer with a 2xx status. `url` is the final one; header names are in lower case.

    `sent` are the headers one by one in the order they came; in `headers` those of one name are one.
    `moved_to` is the final URL when every hop on the way was permanent (301, 308), else empty.
    """

    url: str
    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    etag: str
    last_modified: str
    moved_to: str
    content_type: str
    charset: str
    sent: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: what was sent before is still what there is."""

    url: str
    asked: str
    headers: Mapping[str, str]
    moved_to: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer, and why. `url` is the one asked; `host` the one that answered, or did not, where it was asked;
    `retry_after` is in seconds, at most 24 h.
    """

    url: str
    reason: Reason
    detail: str
    status: int = 0
    retry_after: float | None = None
    host: str = ""


Answer = Fetched | NotModified | Failed
