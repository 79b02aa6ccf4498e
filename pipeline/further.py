"""What of a feed stands in further documents: the sitemaps of a list, and at a first poll the pages before this one.

Each is asked through the same guard and waits for its host's turn. A page that fails ends the way back without failing
the feed; what came until then counts. Of listed sitemaps it is known what they were, so that one that has not changed
is neither sent nor read again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from core.errors import ItemFailed
from core.reasons import Reason
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed
from fetching.identity import entry_key, written_hash

PAGES = 10  # of one feed, the first included
SITEMAPS = 3  # of one list, at each poll


class Known(NamedTuple):
    """What was known of a document: its server's validators, the address that gave them, a hash of its bytes."""

    etag: str = ""
    last_modified: str = ""
    url: str = ""
    body_hash: str = ""


UNKNOWN = Known()
Get = Callable[[str, Known], Awaitable[tuple[ParsedFeed | None, Known]]]  # None: as it was known; raises ItemFailed


async def sitemaps(
    addresses: Sequence[str], known: Mapping[str, Known], url: str, get: Get
) -> tuple[ParsedFeed | None, dict[str, Known]]:
    """What those sitemaps of the list at `url` hold that have changed, None when none has; and what they are now.

    Raises ItemFailed when none can be read. One that cannot is passed over, and asked again next time. More than are
    asked at once take turns: new ones first, then those that were asked longest ago, which is their order in `known`.
    """
    turns = {address: place for place, address in enumerate(known, 1)}
    in_turn = sorted(addresses, key=lambda one: turns.get(one, 0)) if len(addresses) > SITEMAPS else addresses
    now = {address: known.get(address, UNKNOWN) for address in in_turn[SITEMAPS:]}
    read, well, late = [], False, set[str]()
    fault = ItemFailed(url, Reason.BAD_FEED, "a list of sitemaps that lists none")
    for address in in_turn[:SITEMAPS]:
        now[address] = known.get(address, UNKNOWN)
        first = len(addresses) > SITEMAPS and bool(known) and not now[address].body_hash
        try:
            found, now[address] = await get(address, now[address])
        except ItemFailed as error:
            fault = error
            continue
        well |= found is None or not found.is_index
        if found and not found.is_index:
            read.append(found)
            late |= {entry.url for entry in found.entries if first}
    if not well:
        raise fault
    return (replace(joined(read), late=frozenset(late)) if read else None), now


async def pages(first: ParsedFeed, url: str, since: datetime, get: Get) -> ParsedFeed:
    """`first`, found at `url`, with the pages before it, as far as they lie behind `since`."""
    read, asked = [first], {url}
    while (
        len(read) < PAGES and sum(len(one.entries) for one in read) < MAX_ENTRIES and reaches_further(read[-1], since)
    ):
        address = next((one for one in read[-1].more if one not in asked), "")
        if not address:
            break
        asked.add(address)
        try:
            found, _ = await get(address, UNKNOWN)
        except ItemFailed:
            break
        read += [found] if found else []
    return joined(read)


def reaches_further(page: ParsedFeed, since: datetime) -> bool:
    """Whether the page before this one can hold entries of the window: all dated ones of this page are in it."""
    dates = [at for one in page.entries if (at := one.published or one.updated)]
    return bool(dates) and min(dates) >= since


def joined(read: Iterable[ParsedFeed]) -> ParsedFeed:
    """One feed of several documents, the first one's word on all else. What several list in the same words stands in
    it once; what else is one item under one id, who takes it in decides as of any document.
    """
    documents = list(read)
    once: dict[tuple[str, str, str], ParsedEntry] = {}
    for document in documents:
        for entry in document.entries:
            once.setdefault((entry_key(entry), entry.url, written_hash(entry)), entry)
    return replace(documents[0], entries=tuple(once.values()), dropped=sum(one.dropped for one in documents))
