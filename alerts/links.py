"""Signed, expiring links in messages. Each opens a page that asks; none changes anything by being fetched.

`{public_url}/links/{purpose}/{token}`: mail scanners fetch every link they see, so a change needs a click on that page
(a POST with the same token; for `List-Unsubscribe`, the one-click POST).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from itsdangerous import BadData, URLSafeSerializer

from alerts.message import Links
from core.errors import InputError


class Purpose(StrEnum):
    """What a link is for: a token made for one purpose is refused for any other."""

    STORY = "story"
    NOT_THIS = "not-this"
    SILENCE = "silence"
    UNSUBSCRIBE = "unsubscribe"


MAX_AGE = {
    Purpose.STORY: timedelta(days=30),
    Purpose.NOT_THIS: timedelta(days=30),
    Purpose.SILENCE: timedelta(days=7),
    Purpose.UNSUBSCRIBE: timedelta(days=400),
}


class BadLink(InputError):
    """A link that is not ours, was changed, is for another purpose, or is too old (`expired`)."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("this link has expired" if expired else "this link is not valid")
        self.expired = expired


def sign(secret: str, purpose: Purpose, *subject: str, now: datetime) -> str:
    """A token, safe in a URL, proving that we said `subject` at `now`. Anybody can read it: no secrets in it."""
    return _serializer(secret, purpose).dumps([int(now.timestamp()), *subject])


def read(
    secret: str, purpose: Purpose, token: str, *, now: datetime, max_age: timedelta | None = None
) -> tuple[str, ...]:
    """The subject of a token made by `sign`; raises BadLink. `max_age` is the purpose's own unless given."""
    try:
        signed_at, *subject = _serializer(secret, purpose).loads(token)
    except (BadData, UnicodeEncodeError):
        raise BadLink(expired=False) from None
    age = now.timestamp() - signed_at
    if age > (max_age or MAX_AGE[purpose]).total_seconds():
        raise BadLink(expired=True)
    return tuple(subject)


def story_links(public_url: str, secret: str, *, rule: str, story: str, by: str, now: datetime) -> Links | None:
    """The three links of an alert to `by`, or None without a `public_url`; tokens say (rule, story, by)."""
    if not public_url:
        return None
    story_link, not_this, silence = (
        link(public_url, purpose, sign(secret, purpose, rule, story, by, now=now))
        for purpose in (Purpose.STORY, Purpose.NOT_THIS, Purpose.SILENCE)
    )
    return Links(story=story_link, not_this=not_this, silence=silence)


def unsubscribe_link(public_url: str, secret: str, *, rule: str, target: str, now: datetime) -> str:
    """The link that stops `rule`'s alerts to `target` (subject: both), or "" without a `public_url`."""
    if not public_url:
        return ""
    return link(public_url, Purpose.UNSUBSCRIBE, sign(secret, Purpose.UNSUBSCRIBE, rule, target, now=now))


def link(public_url: str, purpose: Purpose, token: str) -> str:
    """Where a token is opened."""
    return f"{public_url.rstrip('/')}/links/{purpose}/{token}"


@lru_cache(maxsize=16)  # an alert has four links: making these takes longer than signing with them
def _serializer(secret: str, purpose: Purpose) -> URLSafeSerializer:
    if not secret:
        raise ValueError("links cannot be signed with an empty secret")
    return URLSafeSerializer(
        secret,
        salt=f"wirewatch.link.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
