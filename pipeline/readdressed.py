"""Items that come under another id and another address at each fetch, since the site writes a session or a token into
both. Taken for new ones, all of them would be stored and their pages read anew at each poll, which would come ever
sooner, since nothing of the feed was ever seen before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from pipeline.items import Item, batches
from storage import entries as rows
from storage.tables import Entry, Feed

_BEHIND_THE_PATH = re.compile(r"[?;].*", re.DOTALL)  # `?sid=…` and `;jsessionid=…`
DATED, UNDATED = 2, 5  # wordings, at least, of what is taken for a document whose addresses all changed


def known_again(session: Session, feed: Feed, fresh: Sequence[Item], met: Collection[int | None]) -> dict[Item, Entry]:
    """Of items known by neither id nor address, the entries that they are: same words and date, at an address that
    differs behind its path only, of none that the document lists itself (`met`).

    Without a date, or with one to the day or hour, two items may be meant (a bulletin that has the same headline each
    day): then most of the document has to be so, in several wordings, and nothing of it known.
    """
    if feed.first_polled_at is None:
        return {}
    linked = [item for item in fresh if item.url_key]
    found: dict[Item, Entry] = {}
    for batch in batches(linked):
        by_text = rows.known(session, feed.id or 0, [], [], [item.text_key for item in batch]).by_text
        found |= {item: row for item in batch if (row := by_text.get(item.text_key)) and _is_same(row, item, met)}
    wordings = len({item.text_key for item in found})
    if not met and len(found) * 2 > len(fresh) and wordings >= (DATED if _all_dated(found) else UNDATED):
        return found
    return {item: row for item, row in found.items() if _to_the_second(item.entry.published)}


def _is_same(row: Entry, item: Item, met: Collection[int | None]) -> bool:
    here, there = (_BEHIND_THE_PATH.sub("", key) for key in (item.url_key, row.url_key))
    return here == there and row.published == item.entry.published and row.id not in met


def _all_dated(found: Collection[Item]) -> bool:
    return all(item.entry.published for item in found)


def _to_the_second(moment: datetime | None) -> bool:
    return moment is not None and (moment.minute, moment.second) != (0, 0)
