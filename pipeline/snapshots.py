"""What of a page's answer is kept as evidence: its bytes, status and headers, without the secrets sent for it.

Cookies that a site sets are the reader's own and left out. What was sent is not kept at all; where a page repeats it,
which some do, *** stands in its place, and the snapshot says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from core.urls import origin_of
from fetching.answers import Fetched
from storage import snapshots
from storage.tables import Snapshot

MASK = "***"
_SET_HERE = frozenset({"set-cookie", "set-cookie2"})
_SIGNS_IN = re.compile("auth|cookie|key|pass|secret|session|token", re.IGNORECASE)  # names of headers
_NAMED = re.compile(r"\$\{(\w+)\}")
_PARTS = re.compile(r"[;,\s]+")
_LOOKS = re.compile("[^A-Za-z_-]")  # a part that may be a secret: not `Bearer`, nor what `theme=lightmode` says
_LEAST = 6  # letters of a secret: what is shorter stands everywhere


@dataclass(frozen=True, slots=True)
class Taken:
    """A page's answer, ready to be stored."""

    url: str
    status: int
    headers: Sequence[tuple[str, str]]
    masked: bool
    body: snapshots.Packed

    def row(self, article_id: int, at: datetime) -> Snapshot:
        """The row of this article's page, read at this time."""
        return Snapshot(
            article_id=article_id,
            at=at,
            url=self.url,
            status=self.status,
            headers=[list(one) for one in self.headers],
            masked=self.masked,
            sha256=self.body.sha256,
            size=self.body.size,
            body=self.body.body,
        )


def take(answer: Fetched, secrets: Iterable[str]) -> Taken:
    """What is stored of an answer. Takes about a millisecond of CPU time: not for the event loop."""
    hidden = _Hidden(secrets)
    headers = answer.sent or tuple(answer.headers.items())
    url = hidden.address(answer.url)
    kept = tuple((name, hidden.text(value)) for name, value in headers if name not in _SET_HERE)
    body = hidden.body(answer.body)
    return Taken(url, answer.status, kept, hidden.found, snapshots.packed(body))


class _Hidden:
    """Puts *** in the place of secrets; `found` says whether there were any."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        ways = {way for one in self._secrets for way in (one, quote(one, safe=""), quote_plus(one), escape(one))}
        self._spelled = sorted(ways, key=len, reverse=True)
        self.found = False

    def address(self, url: str) -> str:
        """In an address each letter may be spelled in two ways."""
        plain = f"{unquote(url)} {unquote_plus(url)}"
        if not any(one in plain for one in self._secrets):
            return url
        self.found = True
        return f"{origin_of(url)}/{MASK}"

    def text(self, text: str) -> str:
        for one in self._spelled:
            if one in text:
                text, self.found = text.replace(one, MASK), True
        return text

    def body(self, body: bytes) -> bytes:
        for one in self._spelled:
            if one.encode() in body:
                body, self.found = body.replace(one.encode(), MASK.encode()), True
        return body


def secrets_of(written: Mapping[str, str], secrets: Mapping[str, str]) -> frozenset[str]:
    """What is secret in a site's headers, as the watch file writes them: each `${NAME}`, and of headers that sign in
    the whole value and its parts, such as the value of one cookie.
    """
    found = set()
    for name, value in written.items():
        found |= {secrets.get(one, "") for one in _NAMED.findall(value)}
        if _SIGNS_IN.search(name):
            whole = _NAMED.sub(lambda one: secrets.get(one[1], ""), value)
            parts = _PARTS.split(whole)
            found |= {
                whole,
                *(one for one in (*parts, *(part.partition("=")[2] for part in parts)) if _LOOKS.search(one)),
            }
    return frozenset(one for one in found if len(one) >= _LEAST)
