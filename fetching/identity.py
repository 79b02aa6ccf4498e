"""Which entry is which: the keys under which the same item is known again.

A feed's own id comes first, within its feed; where there is none (16 % of real entries), its address; else its words.
Ids that change at each fetch are why an entry has several keys.
"""

from __future__ import annotations

import hashlib

from core import urls
from core.reasons import Reason
from fetching.entries import ParsedEntry

LONGEST_KEY = 500  # characters; longer ids are hashed, indexes have limits


def entry_key(entry: ParsedEntry) -> str:
    """What names the entry within its feed: its guid, else its canonical URL, else a hash of its title and text."""
    key = entry.guid or urls.canonical(entry.url) or words_key(entry)
    return key if len(key) <= LONGEST_KEY else f"sha256:{_hash(key)}"


def words_key(entry: ParsedEntry) -> str:
    """What names an entry that has neither an id nor an address of its own."""
    return f"text:{text_key(entry)}"


def entry_link(entry: ParsedEntry, feed_url: str) -> tuple[str, Reason | None]:
    """The address to fetch and to show, absolute and unwrapped, and what is wrong with it.

    Empty when there is no usable one. A redirector that keeps its target to itself is given as it is: REDIRECTOR.
    """
    if not entry.url:
        return "", None
    link = urls.join(feed_url, entry.url)
    if not link:
        return "", Reason.BAD_URL
    inner = urls.unwrap(link)
    return (link, Reason.REDIRECTOR) if inner is None else (inner, None)


def text_key(entry: ParsedEntry) -> str:
    """A hash of the words of title and text; case and blanks do not count."""
    words = f"{entry.title}\n{entry.content or entry.summary}".casefold().split()
    return _hash(" ".join(words))[:32]


def content_hash(entry: ParsedEntry) -> str:
    """A hash of what people read; it changes when the entry was edited, not when its dates or links were."""
    return _hash("\x1f".join((entry.title, entry.summary, entry.content)))[:32]


def fingerprint(entry: ParsedEntry) -> str:
    """A hash of what the feed wrote, then `content_hash`: 64 characters to know an edit by."""
    return written_hash(entry) + content_hash(entry)


def refreshed(kept: str, entry: ParsedEntry) -> tuple[str, bool]:
    """The fingerprint of an entry whose last one was `kept`, and whether people read something else now.

    Texts are made only where the feed wrote something else: another tracking picture in the same words is no edit.
    """
    if kept[:32] == written_hash(entry):
        return kept, False
    fresh = fingerprint(entry)
    return fresh, kept[32:] != fresh[32:]


def written_hash(entry: ParsedEntry) -> str:
    """A hash of what the feed wrote for title, summary and content; no text is made for it."""
    return _hash(entry.written())[:32]


def body_hash(body: bytes, read_by: str = "") -> str:
    """A hash of a whole document: unchanged means that there is nothing to parse. Behind a colon `read_by` of the
    selector, where one reads it.
    """
    return hashlib.sha256(body).hexdigest() + (f":{read_by}" if read_by else "")


def read_by(selector: str) -> str:
    """A short hash of a selector; empty for none."""
    return _hash(selector)[:8] if selector else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
