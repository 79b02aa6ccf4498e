"""WARC files: what came over the wire is in them as it was stored, for two readers of other authors."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from typing import Any

from fastwarc.warc import ArchiveIterator as Other
from fastwarc.warc import WarcRecordType
from sqlmodel import Session, select
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from core.clock import FixedClock
from pipeline import warc
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Snapshot, Story
from tests.builders import NOON, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer

BODY = page("Dockers strike", STRIKE)


async def told(world: World, db: Database, clock: FixedClock, *items: Item) -> int:
    """The id of the story that came of these."""
    world.site["/rss"] = rss(*items)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read", "match"])
    return db.read_now(lambda session: session.exec(select(Story.id)).one()) or 0


def file_of(db: Database, story: int) -> bytes:
    """Its evidence."""
    out = BytesIO()
    warc.write(db, story, out, now=NOON, name="x.warc.gz")
    return out.getvalue()


def responses(content: bytes) -> list[tuple[Any, bytes]]:
    """The pages in a file, their digests checked."""
    found = []
    for record in ArchiveIterator(BytesIO(content), check_digests="raise"):
        body = record.content_stream().read()
        if record.rec_type == "response":
            found.append((record, body))
    return found


def described(content: bytes) -> list[dict[str, Any]]:
    """The metadata records."""
    records = ArchiveIterator(BytesIO(content))
    return [json.loads(one.content_stream().read()) for one in records if one.rec_type == "metadata"]


async def test_a_page_that_came_compressed_is_written_as_it_was_read_and_its_headers_are_kept_beside_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    headers = {
        "Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip", "X-Title": "Grève à Marseille",
        "Set-Cookie": "id=7",
    }  # fmt: skip
    world.site["/a"] = Answer(203, headers, gzip.compress(BODY))
    content = file_of(db, await told(world, db, clock, Item("a", world.url("/a"), "Dockers strike")))
    ((record, body),) = responses(content)
    assert body == BODY
    assert record.http_headers.statusline == "203 Non-Authoritative Information"
    names = {name for name, _ in record.http_headers.headers}
    assert not names & {"content-encoding", "transfer-encoding", "set-cookie"}
    assert record.http_headers.get_header("content-length") == str(len(BODY))
    assert record.rec_headers.get_header("WARC-Date") == "2026-03-02T12:00:00Z"
    article, _ = described(content)
    (listed,) = article["pages"]
    assert listed["record"] == record.rec_headers.get_header("WARC-Record-ID")
    kept = dict(listed["headers_as_they_came"])
    assert (kept["content-encoding"], "set-cookie" in kept) == ("gzip", False)


async def test_another_reader_finds_the_same_pages_and_digests(world: World, db: Database, clock: FixedClock) -> None:
    story = await told(world, db, clock, world.publish("a", "Dockers strike", STRIKE))
    content = file_of(db, story)
    records = list(Other(BytesIO(content), record_types=WarcRecordType.response, parse_http=False))
    assert len(records) == 1
    for record in Other(BytesIO(content), record_types=WarcRecordType.response, parse_http=True):
        assert record.reader.read() == BODY
        assert record.headers["WARC-Target-URI"] == world.url("/a")


async def test_each_text_of_a_page_is_there_with_what_its_headline_was(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = world.publish("a", "Dockers strike", STRIKE)
    story = await told(world, db, clock, item)
    world.publish("a", "Dockers strike in the north", STRIKE)
    changed = Item("a", item.link, "Dockers strike in the north")
    clock.move(minutes(120))
    await told(world, db, clock, changed)
    content = file_of(db, story)
    assert [body for _, body in responses(content)] == [BODY, page("Dockers strike in the north", STRIKE)]
    article, _ = described(content)
    assert [(one["old"], one["new"]) for one in article["headlines"]] == [
        ("Dockers strike", "Dockers strike in the north")
    ]
    assert [one["title"] for one in article["earlier_texts"]] == ["Dockers strike"]


async def test_an_article_that_was_never_read_says_why_and_is_there_with_its_feeds_words(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/a"] = Answer(404)
    story = await told(world, db, clock, Item("a", world.url("/a"), "Dockers on strike"))
    article, whole = described(file_of(db, story))
    assert article["missing"] == ["no page of it was ever kept: the host says the page is not there"]
    assert article["article"]["feed"]["title"] == "Dockers on strike"
    assert whole["missing"] == [{"article": world.url("/a"), "why": article["missing"][0]}]


async def test_what_a_server_wrote_into_addresses_and_headers_makes_no_record_of_its_own(
    world: World, db: Database, clock: FixedClock
) -> None:
    story = await told(world, db, clock, world.publish("a", "Dockers strike", STRIKE))

    def worse(session: Session) -> None:
        row = session.exec(select(Snapshot)).one()
        row.url = "https://a.example/é x\r\nWARC-Type: warcinfo\r\n\r\n"
        row.headers = [["x", "1\r\n\r\n<b>"], ["y", "ü\nz"], ["Transfer-Encoding", "chunked"]]
        row.status = 799
        session.add(row)

    db.write_now(worse)
    ((record, body),) = responses(file_of(db, story))
    assert record.rec_headers.get_header("WARC-Target-URI") == (
        "https://a.example/%C3%A9%20x%0D%0AWARC-Type:%20warcinfo%0D%0A%0D%0A"
    )
    assert (body, record.http_headers.statusline) == (BODY, "799")
    assert [name for name, _ in record.http_headers.headers] == ["x", "y", "content-length"]
