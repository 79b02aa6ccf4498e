"""Snapshots: bytes come back as they went in, or are said to be damaged; few of an article are kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from core.errors import ItemFailed
from core.reasons import Reason
from storage import snapshots
from storage.engine import Database
from storage.tables import Article, Feed, Snapshot

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BODY = b"<p>Dockers strike</p>" * 100


def row(article: int, body: bytes, minute: int = 0) -> Snapshot:
    """A snapshot of an article."""
    made = snapshots.packed(body)
    return Snapshot(
        article_id=article, at=NOON + timedelta(minutes=minute), url=f"https://a.example/{article}?final", status=203,
        headers=[["content-type", "text/html"], ["etag", "1"]], sha256=made.sha256, size=made.size, body=made.body,
    )  # fmt: skip


def keep(db: Database, one: Snapshot) -> bool:
    """Whether it was stored."""
    return db.write_now(lambda session: snapshots.keep(session, one))


def stored(db: Database, *articles: int) -> None:
    """These articles, in the database."""

    def work(session: Session) -> None:
        session.add(Feed(id=1, config_url="x", fetch_url="x", name="x", next_poll_at=NOON))
        session.flush()
        for number in articles:
            url = f"https://a.example/{number}"
            session.add(
                Article(id=number, key=url, url=url, feed_id=1, first_seen_at=NOON, not_before=NOON, match_after=NOON)
            )

    db.write_now(work)


def test_snapshots_are_read_page_by_page_with_their_article_and_their_bytes(db: Database) -> None:
    stored(db, 1, 2, 3)
    for number in (3, 1, 2):
        keep(db, row(number, BODY + str(number).encode()))
    first = db.read_now(lambda session: snapshots.page(session, limit=2))
    rest = db.read_now(lambda session: snapshots.page(session, after=first[-1].id, limit=2))
    assert [one.key for one in [*first, *rest]] == [f"https://a.example/{n}" for n in (3, 1, 2)]
    one = first[0]
    assert (one.article_id, one.article_url, one.url) == (3, "https://a.example/3", "https://a.example/3?final")
    assert (one.at, one.status, one.headers) == (NOON, 203, (("content-type", "text/html"), ("etag", "1")))
    assert (one.body(), one.size) == (BODY + b"3", len(BODY) + 1)
    assert one.sha256 == hashlib.sha256(BODY + b"3").hexdigest()
    assert db.read_now(lambda session: snapshots.page(session, after=rest[-1].id, limit=2)) == []
    assert db.read_now(lambda session: snapshots.page(session, limit=9, until=first[0].id)) == first[:1]


def test_the_same_bytes_are_not_stored_twice_in_a_row(db: Database) -> None:
    stored(db, 1, 2)
    kept = [keep(db, row(article, body)) for article, body in [(1, b"a"), (1, b"a"), (2, b"a"), (1, b"b"), (1, b"a")]]
    assert kept == [True, False, True, True, True]


def test_of_many_snapshots_the_first_and_the_latest_stay(db: Database) -> None:
    stored(db, 1)
    for number in range(13):
        keep(db, row(1, str(number).encode(), number))
    left = db.read_now(lambda session: snapshots.of_articles(session, [1]))[1]
    assert [int(one.body()) for one in left] == [0, *range(4, 13)]
    assert len(left) == snapshots.KEPT


@given(st.binary(max_size=5_000))
def test_any_bytes_come_back_unchanged(body: bytes) -> None:
    made = snapshots.packed(body)
    assert snapshots.unpacked(made.body, size=made.size, sha256=made.sha256, item="x") == body


@pytest.mark.parametrize(
    ("damaged", "size", "says"),
    [
        (b"", len(BODY), "0 bytes where 2100 were stored"),
        (b"no zstd at all", len(BODY), "decompress"),
        (zstd.compress(BODY)[:-5], len(BODY), "bytes where 2100 were stored"),
        (zstd.compress(BODY + b"more"), len(BODY), "2101 bytes where 2100 were stored"),
        (zstd.compress(BODY[:-1]), len(BODY), "2099 bytes where 2100 were stored"),
        (zstd.compress(BODY.swapcase()), len(BODY), "SHA-256"),
        (zstd.compress(bytes(60_000_000)), 60_000_000, "the limit is 50000000"),
        (zstd.compress(BODY), -1, "the limit is 50000000"),
    ],
)
def test_damaged_bytes_are_told_and_never_given_out(damaged: bytes, size: int, says: str) -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    with pytest.raises(ItemFailed) as told:
        snapshots.unpacked(damaged, size=size, sha256=digest, item="snapshot 7 (https://a.example/7)")
    assert (told.value.item, told.value.reason) == ("snapshot 7 (https://a.example/7)", Reason.CORRUPT)
    assert says.lower() in told.value.detail.lower()
