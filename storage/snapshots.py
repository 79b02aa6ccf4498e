"""Snapshots: the bytes of pages as they came, compressed. Evidence, and what an archive is replayed from.

The bytes are those of the body after its transfer and content encodings were undone: what the extractor was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from backports import zstd
from sqlalchemy import Insert, Select, bindparam, delete, insert
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from core.errors import ItemFailed
from core.reasons import Reason
from storage.statements import run
from storage.tables import Article, Snapshot

LEVEL = 3  # of zstd: .3 ms for a page of 165 KB; level 6 saves a tenth of the room and takes three times as long
KEPT = 10  # of one article: the first, and the latest
LARGEST = 50_000_000  # bytes; a row that promises more is not unpacked: pages of more than 5 MB are never read


@dataclass(frozen=True, slots=True)
class Stored:
    """One snapshot. `key` and `article_url` are its article's, `url` is where the page was found in the end.

    `headers` are (name, value) in the order they came, names in lower case, without cookies. `masked`: the page
    repeated a secret that was sent for it, and *** stands in its place. `packed` is compressed; `size` and `sha256` are
    of what `body` gives.
    """

    id: int
    article_id: int
    key: str
    article_url: str
    url: str
    at: datetime
    status: int
    headers: tuple[tuple[str, str], ...]
    masked: bool
    sha256: str
    size: int
    packed: bytes

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"snapshot {self.id} ({self.url})"

    def body(self) -> bytes:
        """The page's bytes. Raises ItemFailed when they are not those that were stored."""
        return unpacked(self.packed, size=self.size, sha256=self.sha256, item=self.name)


@dataclass(frozen=True, slots=True)
class Packed:
    """A body, ready to be stored: compressed, with its size and SHA-256 before."""

    body: bytes
    size: int
    sha256: str


def packed(body: bytes) -> Packed:
    """Compress a body; well under a millisecond for a page, without holding up other threads."""
    return Packed(zstd.compress(body, LEVEL), len(body), hashlib.sha256(body).hexdigest())


def unpacked(body: bytes, *, size: int, sha256: str, item: str) -> bytes:
    """The bytes that were stored: no more memory than they promise, and their hash is checked.

    Raises ItemFailed, CORRUPT, naming `item`, when they are damaged.
    """
    if not 0 <= size <= LARGEST:
        raise ItemFailed(item, Reason.CORRUPT, f"{size} bytes, the limit is {LARGEST}")
    reader = zstd.ZstdDecompressor()
    try:
        plain = reader.decompress(body, max_length=size + 1)
        whole = reader.eof or (not plain and not body)
    except zstd.ZstdError as error:
        raise ItemFailed(item, Reason.CORRUPT, str(error)) from None
    if not whole or len(plain) != size:
        raise ItemFailed(item, Reason.CORRUPT, f"{len(plain)} bytes where {size} were stored")
    if hashlib.sha256(plain).hexdigest() != sha256:
        raise ItemFailed(item, Reason.CORRUPT, "the bytes are not those whose SHA-256 was stored")
    return plain


def page(session: Session, *, after: int = 0, limit: int, until: int | None = None) -> list[Stored]:
    """The next snapshots behind the id `after`, in the order they were stored; none with an id above `until`."""
    query = _stored().where(col(Snapshot.id) > after).limit(limit)
    if until is not None:
        query = query.where(col(Snapshot.id) <= until)
    return [_of(*row) for row in session.execute(query)]


def of_articles(session: Session, article_ids: Collection[int]) -> dict[int, list[Stored]]:
    """Article id → its snapshots, oldest first."""
    found: dict[int, list[Stored]] = {}
    for row in session.execute(_stored().where(col(Snapshot.article_id).in_(list(article_ids)))):
        one = _of(*row)
        found.setdefault(one.article_id, []).append(one)
    return found


def listing(session: Session, article_id: int) -> list[dict[str, Any]]:
    """An article's snapshots without their bytes, oldest first."""
    columns = (Snapshot.id, Snapshot.at, Snapshot.url, Snapshot.status, Snapshot.size, Snapshot.sha256, Snapshot.masked)
    query: Any = sa_select(*map(col, columns)).where(col(Snapshot.article_id) == article_id)
    return [row._asdict() for row in session.execute(query.order_by(col(Snapshot.id)))]


def _stored() -> Select[tuple[Snapshot, str, str]]:
    columns = sa_select(Snapshot, col(Article.key), col(Article.url))
    return columns.join(Article, col(Article.id) == col(Snapshot.article_id)).order_by(col(Snapshot.id))


def _of(row: Snapshot, key: str, article_url: str) -> Stored:
    return Stored(
        id=row.id or 0,
        article_id=row.article_id,
        key=key,
        article_url=article_url,
        url=row.url,
        at=row.at,
        status=row.status,
        headers=tuple((str(name), str(value)) for name, value in row.headers),
        masked=row.masked,
        sha256=row.sha256,
        size=row.size,
        packed=row.body,
    )


def keep(session: Session, snapshot: Snapshot) -> bool:
    """Store a page, unless its bytes are those of the article's latest snapshot; whether it was.

    The first of an article and its latest stay; of those between the oldest goes when they would be more than KEPT.
    """
    connection = session.connection()
    before = connection.execute(_of_article(), {"article": snapshot.article_id}).all()
    if before and before[-1].sha256 == snapshot.sha256:
        return False
    connection.execute(_storing(), {name: getattr(snapshot, name) for name in _COLUMNS})
    surplus = [row.id for row in before[1 : len(before) - KEPT + 2]] if len(before) >= KEPT else []
    if surplus:
        run(session, delete(Snapshot).where(col(Snapshot.id).in_(surplus)))
    return True


_COLUMNS = tuple(name for name in Snapshot.model_fields if name != "id")


@cache
def _storing() -> Insert:
    return insert(Snapshot)


@cache
def _of_article() -> Select[tuple[int | None, str]]:
    mine = sa_select(col(Snapshot.id), col(Snapshot.sha256)).where(col(Snapshot.article_id) == bindparam("article"))
    return mine.order_by(col(Snapshot.id))
