"""Which address a feed is asked at: the watch file's, or one that a permanent redirect led to.

    as written ── the same redirect, MOVED_AFTER times ──> learnt
    learnt ── fails for long ──> as written, the learnt one put aside ── well ──> as written
                                     └─ the same redirect ──> learnt       └─ fails ──> learnt
    learnt ── gone ──> as written

So neither a redirect that was a mistake nor a site's bad day is for ever, and nothing that is gone is asked again while
there is another address.
"""

from __future__ import annotations

from typing import Any

from storage.feeds import MOVED_AFTER
from storage.tables import Feed


def after_success(feed: Feed, moved_to: str) -> dict[str, Any]:
    """What an answer changes that was redirected to `moved_to` for good, "" when it was not."""
    if not moved_to or moved_to == feed.fetch_url:
        return {"moved_to": "", "moved_sightings": 0}
    sightings = feed.moved_sightings + 1 if moved_to == feed.moved_to else 1
    if sightings >= MOVED_AFTER:
        return {"fetch_url": moved_to, "moved_to": "", "moved_sightings": 0}
    return {"moved_to": moved_to, "moved_sightings": sightings}


def after_failure(feed: Feed, failures: float, *, gone: bool) -> dict[str, Any]:
    """What a failure changes, so many weighed ones in a row; nothing where there is no other address to ask.

    `moved_sightings` is MOVED_AFTER while a learnt address is put aside; a learnt one whose `moved_to` is the watch
    file's without any sighting is asked because that one is gone.
    """
    if feed.fetch_url == feed.config_url:
        if feed.moved_sightings < MOVED_AFTER:
            return {}
        return {"fetch_url": feed.moved_to, "moved_to": feed.config_url if gone else "", "moved_sightings": 0}
    other_is_gone = feed.moved_to == feed.config_url and not feed.moved_sightings
    if other_is_gone or not (gone or failures >= MOVED_AFTER):
        return {}
    if gone:
        return {"fetch_url": feed.config_url, "moved_to": "", "moved_sightings": 0}
    return {"fetch_url": feed.config_url, "moved_to": feed.fetch_url, "moved_sightings": MOVED_AFTER}
