"""Entries: which items of a feed were seen before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zlib import crc32

from sqlmodel import Session, col, select

from storage.engine import lock_names
from storage.tables import Article, Entry

TURNS = 64  # a lock for each host of a long list would take all the room that PostgreSQL has for locks


@dataclass(frozen=True, slots=True)
class Known:
    """A feed's entries that may be the ones just seen, by each of their keys."""

    by_key: dict[str, Entry]
    by_url: dict[str, Entry]
    by_text: dict[str, Entry]


def await_turn(session: Session, url_keys: Collection[str]) -> None:
    """Wait until nobody else writes about articles of these addresses' hosts; the others wait until this is committed.

    Feeds that list the same new articles, each in an order of its own, would wait for each other in a circle.
    """
    hosts = {key.partition("/")[0] for key in url_keys if key}
    lock_names(session, list({f"articles:{crc32(host.encode()) % TURNS}" for host in hosts}))


def known(
    session: Session, feed_id: int, keys: Sequence[str], url_keys: Sequence[str], text_keys: Sequence[str]
) -> Known:
    """Entries of this feed that bear any of these keys."""
    match = col(Entry.key).in_(keys) | col(Entry.url_key).in_([key for key in url_keys if key])
    match = match | col(Entry.text_key).in_([key for key in text_keys if key])
    rows = session.exec(select(Entry).where((col(Entry.feed_id) == feed_id) & match)).all()
    return Known(
        {row.key: row for row in rows},
        {row.url_key: row for row in rows if row.url_key},
        {row.text_key: row for row in rows if row.text_key},
    )


def under_reused(session: Session, row: Entry, limit: int) -> Sequence[Entry]:
    """Entries without an address that bear the id of `row` with words of their own, the latest seen first."""
    bears = col(Entry.key).startswith(f"{row.key}#", autoescape=True) & (col(Entry.url_key) == "")
    query = select(Entry).where((col(Entry.feed_id) == row.feed_id) & bears)
    return session.exec(query.order_by(col(Entry.last_seen_at).desc(), col(Entry.id).desc()).limit(limit)).all()


def article_by_key(session: Session, keys: Sequence[str]) -> dict[str, Article]:
    """Articles that exist already under these keys."""
    rows = session.exec(select(Article).where(col(Article.key).in_(keys))).all()
    return {row.key: row for row in rows}
