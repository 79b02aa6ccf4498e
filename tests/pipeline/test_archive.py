"""Archives replayed: what comes of each record, with which dates, once, and without an alert."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from core.clock import FixedClock
from core.errors import InputError, NotAvailable
from core.reasons import Reason
from pipeline.app import App
from pipeline.archive import batch, judging, plan
from pipeline.archive import replay as replaying
from pipeline.archive.batch import replay_batch
from pipeline.archive.pages import Part, Taken, pages_of
from pipeline.archive.plan import Wishes
from pipeline.archive.records import records
from pipeline.archive.replay import Replayed, replay, replayer_of
from pipeline.archive.sources import Kind, sources_of
from pipeline.run import job_lock, run_cycle
from storage import snapshots
from storage.engine import Database
from storage.office import BackfillBatch
from storage.tables import Alert, Article, Delivery, Feed, Hit, Snapshot, Story
from tests.archives import TAKEN, http, packed, record, warc
from tests.builders import CALM, NOON, STRIKE, World, page

URL = "https://harbour.test/2025/{}.html"


def story(number: int, text: Sequence[str] = STRIKE, **more: Any) -> bytes:
    """A record of a page of its own."""
    body = page(f"Report {number}", [f"{one} This is report {number}." for one in text])
    return record(URL.format(number), http(body), **more)


async def replayed(app: App, *names: object, **wishes: Any) -> list[Replayed]:
    replayer = replayer_of(app)
    found = sources_of([str(name) for name in names])
    return await replay(app, found, Wishes(**wishes), lambda one: replay_batch(replayer, one), at_once=2)


def rows(db: Database, table: type[SQLModel]) -> list[Any]:
    return list(db.read_now(lambda session: session.exec(select(table)).all()))


def counts(one: Replayed) -> dict[str, int]:
    return {f"{outcome} {reason}".strip(): n for (outcome, reason), n in one.counts.items()}


@pytest.fixture
async def app(world: World, db: Database, clock: FixedClock) -> AsyncIterator[App]:
    world.feeds[0]["url"] = "https://harbour.test/rss"
    async with world.worker(db, clock) as made:
        yield made


async def test_a_warc_file_becomes_articles_and_hits_with_their_own_dates_and_nobody_is_alerted(
    app: App, db: Database, tmp_path: Path
) -> None:
    file = warc(tmp_path / "a.warc.gz", [story(1), story(2, CALM), story(3, CALM, at=TAKEN + timedelta(days=9))])
    (one,) = await replayed(app, file)
    assert counts(one) == {"stored": 3, "hits": 1}
    assert not one.failed
    articles = {row.url: row for row in rows(db, Article)}
    first = articles[URL.format(1)]
    assert (first.state, first.from_before, first.first_seen_at) == ("ready", True, TAKEN)
    assert (first.source, first.title, first.match_due) == ("News", "Report 1", False)
    assert STRIKE[0] in first.text
    (hit,), (told,) = rows(db, Hit), rows(db, Story)
    assert (hit.state, hit.past, hit.at, hit.rule_id) == ("from_before", True, TAKEN, "strike")
    assert (told.first_hit_at, told.last_hit_at, told.articles) == (TAKEN, TAKEN, 1)
    await run_cycle(app, steps=["match", "alert", "deliver"], seconds=0.5)
    assert rows(db, Alert) == rows(db, Delivery) == []


async def test_a_page_that_says_when_it_was_published_has_that_date(app: App, db: Database, tmp_path: Path) -> None:
    head = '<meta property="article:published_time" content="2025-10-30T07:00:00Z">'
    await replayed(app, warc(tmp_path / "a.warc", [record(URL.format(1), http(page("Strike", STRIKE, head=head)))]))
    (article,), (hit,) = rows(db, Article), rows(db, Hit)
    assert article.first_seen_at == TAKEN
    assert article.published == hit.at == datetime(2025, 10, 30, 7, tzinfo=UTC)


async def test_stories_hold_what_was_told_within_one_window_of_months_of_news(
    app: App, db: Database, tmp_path: Path
) -> None:
    days = [0, 1, 40, 41, 90]
    told = [story(day, at=TAKEN + timedelta(days=day)) for day in reversed(days)]
    await replayed(app, warc(tmp_path / "a.warc.gz", told))
    found = sorted((row.first_hit_at - TAKEN).days for row in rows(db, Story))
    assert found == [0, 40, 90]
    assert sorted(row.articles for row in rows(db, Story)) == [1, 2, 2]


async def test_old_stories_of_an_archive_stand_in_no_way_of_what_is_news(
    app: App, db: Database, world: World, tmp_path: Path
) -> None:
    await replayed(app, warc(tmp_path / "a.warc.gz", [story(1)]))
    now = app.clock.now()
    candidates = db.read_now(
        lambda session: session.exec(select(Story).where(col(Story.last_hit_at) >= now - timedelta(days=3))).all()
    )
    assert candidates == []


async def test_a_second_start_does_nothing_again(app: App, db: Database, tmp_path: Path) -> None:
    file = warc(tmp_path / "a.warc.gz", [story(1), story(2)])
    (first,) = await replayed(app, file)
    (second,) = await replayed(app, file)
    assert counts(second) == counts(first) == {"stored": 2, "hits": 2}
    (third,) = await replayed(app, file, again=True)
    assert counts(third) == {"known known_already": 2}
    assert len(rows(db, Hit)) == 2


async def test_a_start_goes_on_behind_the_last_batch_that_was_done(
    app: App, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "RECORDS", 2)
    monkeypatch.setattr(replaying, "WAITS_S", (0.0,))
    file = warc(tmp_path / "a.warc.gz", [story(number) for number in range(7)])
    replayer, done = replayer_of(app), list[int]()

    async def broken_off(one: int) -> None:
        if len(done) == 2:
            raise NotAvailable("the power is gone")
        done.append(one)
        await replay_batch(replayer, one)

    (first,) = await replay(app, sources_of([str(file)]), Wishes(), broken_off, at_once=1)
    assert (counts(first)["stored"], first.batches_left, first.failed) == (4, 2, True)
    assert "the power is gone" in first.errors[0]
    (second,) = await replayed(app, file)
    assert counts(second) == {"stored": 7, "hits": 7}
    assert len(rows(db, Article)) == 7


async def test_a_batch_that_is_made_twice_is_written_once(app: App, db: Database, tmp_path: Path) -> None:
    await replayed(app, warc(tmp_path / "a.warc.gz", [story(1)]))
    (made,) = rows(db, BackfillBatch)
    harvest = batch.Harvest(app.active)
    again = db.write_now(lambda session: batch.store(session, made.id, harvest, NOON))
    assert again == {("stored", ""): 1, ("hits", ""): 1}
    assert len(rows(db, Hit)) == 1


async def test_a_known_article_keeps_its_text_and_gets_the_hits_of_rules_that_came_later(
    app: App, db: Database, world: World, tmp_path: Path
) -> None:
    await replayed(app, warc(tmp_path / "a.warc.gz", [story(1)]))
    before = rows(db, Article)[0].text
    world.rules["freighters"] = {"title": "Freighters", "match": "freighter AND shelves"}
    await world.apply(app)
    other = record(URL.format(1), http(page("Another headline", CALM)))
    (one,) = await replayed(app, warc(tmp_path / "b.warc.gz", [other]))
    assert counts(one) == {"known known_already": 1, "hits": 1}
    assert [row.text for row in rows(db, Article)] == [before]
    assert sorted(row.rule_id for row in rows(db, Hit)) == ["freighters", "strike"]


async def test_an_article_that_waits_to_be_told_is_left_to_that(
    app: App, db: Database, world: World, tmp_path: Path
) -> None:
    def pending(session: Any) -> None:
        feed = session.exec(select(Feed)).first()
        session.add(
            Article(
                key="harbour.test/2025/1.html",
                url=URL.format(1),
                feed_id=feed.id,
                first_seen_at=NOON,
                not_before=NOON,
                match_after=NOON,
            )
        )

    db.write_now(pending)
    (one,) = await replayed(app, warc(tmp_path / "a.warc.gz", [story(1)]))
    assert counts(one) == {"known known_already": 1}
    (article,) = rows(db, Article)
    assert (article.state, article.match_due, rows(db, Hit)) == ("pending", True, [])


async def test_another_address_of_an_article_is_one_and_has_no_hits(app: App, db: Database, tmp_path: Path) -> None:
    head = f'<link rel="canonical" href="{URL.format(1)}">'
    body = page("Report 1", [f"{one} This is report 1." for one in STRIKE], head=head)
    both = [story(1), record("https://harbour.test/print/1.html", http(body))]
    (one,) = await replayed(app, warc(tmp_path / "a.warc.gz", both))
    assert counts(one)["stored"] + counts(one)["stored other_address"] == 2
    assert len(rows(db, Hit)) == 1


def broken(member: bytes) -> bytes:
    return member[:30] + bytes(255 - one for one in member[30:40]) + member[40:]


ONE = story(1)
CASES: dict[str, tuple[bytes, str, Reason]] = {
    "a broken gzip member": (broken(gzip.compress(story(5))), "failed", Reason.CORRUPT),
    "a member that was cut": (gzip.compress(story(5))[:-40], "failed", Reason.CORRUPT),
    "no record in a member": (gzip.compress(b"nothing of the kind"), "failed", Reason.CORRUPT),
    "no length": (gzip.compress(story(5, length="many")), "failed", Reason.CORRUPT),
    "a length beyond its end": (gzip.compress(story(5, length=99_999)), "failed", Reason.CORRUPT),
    "no time": (gzip.compress(story(5, at="yesterday")), "failed", Reason.CORRUPT),
    "no answer": (gzip.compress(record(URL.format(5), b"what?")), "failed", Reason.CORRUPT),
    "another encoding than it says": (
        gzip.compress(record(URL.format(5), http(b"\0\1\2", "Content-Type: text/html", "Content-Encoding: gzip"))),
        "failed",
        Reason.CORRUPT,
    ),
    "a bomb": (
        gzip.compress(
            record(
                URL.format(5),
                http(gzip.compress(b"<p>" * 9_000_000), "Content-Type: text/html", "Content-Encoding: gzip"),
            )
        ),
        "failed",
        Reason.TOO_BIG,
    ),
    "a huge record": (gzip.compress(record(URL.format(5), http(b"a" * 6_000_000))), "failed", Reason.TOO_BIG),
    "a page without a text": (gzip.compress(record(URL.format(5), http(b"<p></p>"))), "failed", Reason.NO_BODY),
    "a redirect": (
        gzip.compress(record(URL.format(5), http(b"", "Location: /", status="302 Found"))),
        "skipped",
        Reason.REDIRECT,
    ),
    "an error": (
        gzip.compress(record(URL.format(5), http(b"<p>no</p>", status="404 Not Found"))),
        "skipped",
        Reason.HTTP_STATUS,
    ),
    "a picture": (
        gzip.compress(record(URL.format(5), http(b"\x89PNG", "Content-Type: image/png"))),
        "skipped",
        Reason.WRONG_TYPE,
    ),
    "a revisit": (gzip.compress(record(URL.format(5), http(b""), kind="revisit")), "skipped", Reason.REVISIT),
    "a front page": (
        gzip.compress(record("https://harbour.test/", http(page("Front", CALM)))),
        "skipped",
        Reason.FRONT_PAGE,
    ),
    "no web address": (gzip.compress(record("dns:harbour.test", b"1.2.3.4")), "skipped", Reason.BAD_URL),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_record_that_is_no_page_costs_itself_and_is_named(
    app: App, db: Database, tmp_path: Path, case: str
) -> None:
    middle, outcome, reason = CASES[case]
    members = [*packed([ONE]), middle, *packed([story(2)])]
    file = tmp_path / "a.warc.gz"
    file.write_bytes(b"".join(members))
    (one,) = await replayed(app, file)
    assert counts(one) == {"stored": 2, "hits": 2, f"{outcome} {reason}": 1}
    (trouble,) = one.troubles
    assert trouble.place == f"offset {len(members[0])}"
    assert one.failed is (outcome == "failed")
    assert trouble.place in "\n".join(one.values()["failures" if one.failed else "left_out"])


PLAIN: dict[str, tuple[bytes, int]] = {
    "a length that ends within it": (story(5).replace(b"Content-Length: ", b"Content-Length: 9", 1), 1),
    "a length that is none": (story(5, length="x"), 1),
    "rubbish before it": (b"\0\1\2\n" + story(5), 1),
    "a length that is too short": (story(5, length=30), 1),
}


@pytest.mark.parametrize("case", PLAIN)
def test_what_is_broken_in_a_file_without_compression_costs_one_record_too(tmp_path: Path, case: str) -> None:
    middle, faults = PLAIN[case]
    file = warc(tmp_path / "a.warc", [ONE, middle, story(2)])
    found = list(records(file))
    assert sum(bool(one.fault) for one in found) <= faults
    assert found[0].fault == found[-1].fault == ""
    assert found[-1].content.startswith(b"WARC/1.0")
    assert URL.format(2).encode() in found[-1].content
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]


def test_a_file_that_ends_within_a_record_gives_all_before_it(tmp_path: Path) -> None:
    for name in ("a.warc", "a.warc.gz"):
        file = warc(tmp_path / name, [ONE, story(2), story(3)])
        file.write_bytes(file.read_bytes()[:-50])
        assert [bool(one.fault) for one in records(file)] == [False, False, True]


def test_a_part_begins_at_its_own_offset(tmp_path: Path, db: Database) -> None:
    file = warc(tmp_path / "a.warc.gz", [story(number) for number in range(5)])
    places = [(one.start, one.end) for one in records(file)]
    part = Part(Kind.WARC, str(file), (places[2][0], places[3][1]))
    assert [one.url for one in pages_of(part, db) if isinstance(one, Taken)] == [URL.format(2), URL.format(3)]


async def test_a_file_that_was_compressed_in_one_piece_is_refused_with_what_to_do(app: App, tmp_path: Path) -> None:
    file = tmp_path / "a.warc.gz"
    file.write_bytes(gzip.compress(ONE + story(2)))
    (one,) = await replayed(app, file)
    assert one.failed
    assert "gunzip" in one.errors[0]


async def test_pages_in_a_folder_are_known_by_what_they_call_themselves(app: App, db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "deeper").mkdir(parents=True)
    head = f'<link rel="canonical" href="{URL.format(7)}">'
    (folder / "a b.html").write_bytes(page("Strike", STRIKE, head=head))
    (folder / "deeper" / "ü.htm").write_bytes(page("Calm", CALM))
    (folder / "style.css").write_text("p {}")
    (one,) = await replayed(app, folder)
    assert counts(one) == {"stored": 2, "hits": 1}
    assert {row.url for row in rows(db, Article)} == {URL.format(7), ""}
    assert {row.source for row in rows(db, Article)} == {"News", ""}


async def test_snapshots_of_articles_that_are_stored_find_what_new_rules_ask_for(
    app: App, db: Database, world: World, tmp_path: Path
) -> None:
    await replayed(app, warc(tmp_path / "a.warc.gz", [story(1, CALM), story(2, CALM)]))
    body = page("Report 1", CALM)
    kept = snapshots.packed(body)
    values: dict[str, Any] = {
        "at": TAKEN,
        "url": URL.format(1),
        "sha256": kept.sha256,
        "size": kept.size,
        "body": kept.body,
    }
    db.write_now(lambda session: session.add(Snapshot(article_id=1, **values)))
    db.write_now(lambda session: session.add(Snapshot(article_id=2, **{**values, "sha256": "0" * 64})))
    world.rules["garden"] = {"title": "Garden", "match": "glass AND orchids"}
    await world.apply(app)
    (one,) = await replayed(app, "snapshots")
    assert counts(one) == {"known known_already": 1, "hits": 1, "failed corrupt": 1}
    db.write_now(lambda session: session.add(Snapshot(article_id=2, **values)))
    (one,) = await replayed(app, "snapshots")
    assert counts(one)["known known_already"] == 2


async def test_only_what_was_taken_in_time_and_only_the_rules_that_are_named(
    app: App, db: Database, world: World, tmp_path: Path
) -> None:
    world.rules["freighters"] = {"title": "Freighters", "match": "freighter AND shelves"}
    await world.apply(app)
    file = warc(tmp_path / "a.warc.gz", [story(day, at=TAKEN + timedelta(days=day)) for day in range(4)])
    wishes = {"since": TAKEN + timedelta(days=1), "until": TAKEN + timedelta(days=3), "rules": ("freighters",)}
    (one,) = await replayed(app, file, **wishes)
    assert counts(one) == {"stored": 2, "hits": 2, "skipped out_of_range": 2}
    assert {row.rule_id for row in rows(db, Hit)} == {"freighters"}
    with pytest.raises(InputError, match="no rule 'nobody'"):
        await replayed(app, file, rules=("nobody",))


async def test_one_digest_a_rule_tells_what_an_archive_holds_where_that_is_asked_for(
    app: App, db: Database, world: World, clock: FixedClock, tmp_path: Path
) -> None:
    far = [story(1), story(2, at=TAKEN + timedelta(days=60))]
    for _ in range(2):  # also when it is asked for twice
        await replayed(app, warc(tmp_path / "a.warc.gz", far), tell="digest", again=True)
    assert [row.state for row in rows(db, Alert)] == ["folded", "folded"]
    clock.move(timedelta(minutes=11))
    await run_cycle(app, steps=["alert", "deliver"])
    assert len(world.hook.requests) == 1
    told = world.hook.requests[0].body.decode()
    assert "Report 1" in told
    assert "Report 2" in told


async def test_one_start_of_a_source_works_at_a_time(app: App, db: Database, world: World, tmp_path: Path) -> None:
    file = warc(tmp_path / "a.warc.gz", [ONE])
    (source,) = sources_of([str(file)])
    async with world.worker(db, app.clock) as other:
        key = plan.key_of(source, Wishes(), app.active)
        async with job_lock(other, f"backfill:{key[:32]}"):
            (one,) = await replayed(app, file)
    assert one.skipped == Reason.LOCKED
    assert rows(db, Article) == []


def test_what_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    for name, why in (("nowhere.warc", "no such file"), ("a.txt", "neither a WARC"), (".", "no WARC file and no page")):
        with pytest.raises(InputError, match=why):
            sources_of([str(tmp_path / name)])


async def test_a_page_that_hangs_costs_itself(
    app: App, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.pool import TaskTimeout

    run = app.pool.run

    async def hanging(fn: Any, *args: Any, seconds: float, item: str = "") -> Any:
        if args[1] == URL.format(2):
            raise TaskTimeout(item, seconds)
        return await run(fn, *args, seconds=seconds, item=item)

    monkeypatch.setattr(app.pool, "run", hanging)
    (one,) = await replayed(app, warc(tmp_path / "a.warc.gz", [story(1), story(2), story(3)]))
    assert counts(one) == {"stored": 2, "hits": 2, "failed extractor_hung": 1}


async def test_many_batches_at_once_store_each_article_once(
    app: App, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "RECORDS", 3)
    twice = [story(number % 10) for number in range(20)]
    replayer = replayer_of(app)
    found = sources_of([str(warc(tmp_path / "a.warc.gz", twice))])
    (one,) = await replay(app, found, Wishes(), lambda number: replay_batch(replayer, number), at_once=4)
    assert counts(one) == {"stored": 10, "known known_already": 10, "hits": 10}
    assert db.read_now(lambda session: session.exec(select(func.count(col(Hit.id)))).one()) == 10


@pytest.mark.parametrize("breaks", [False, True], ids=["to its end", "until the readers are gone"])
async def test_the_next_pages_of_a_batch_are_read_while_one_is_matched_and_none_is_left_behind(
    app: App, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    run, under_way, most = app.pool.run, set[str](), 0

    async def counted(fn: Any, page: bytes, url: str, *rest: Any, seconds: float, item: str = "") -> Any:
        nonlocal most
        under_way.add(url)
        most = max(most, len(under_way))
        try:
            if breaks and url == URL.format(3):
                raise NotAvailable("the readers are gone")
            return await run(fn, page, url, *rest, seconds=seconds, item=item)
        finally:
            under_way.discard(url)

    monkeypatch.setattr(app.pool, "run", counted)
    monkeypatch.setattr(replaying, "WAITS_S", ())
    before = asyncio.all_tasks()
    (one,) = await replayed(app, warc(tmp_path / "a.warc.gz", [story(number) for number in range(9)]))
    assert counts(one) == ({} if breaks else {"stored": 9, "hits": 9})
    assert most <= batch.AHEAD + 1
    assert breaks or most > 1
    await asyncio.sleep(0.1)
    assert not under_way
    assert asyncio.all_tasks() == before


async def test_fewer_tellings_are_kept_than_live_as_each_of_several_processes_keeps_its_own(
    app: App, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "TELLINGS_KEPT", 3)
    monkeypatch.setattr(plan, "RECORDS", 2)
    apart = [story(day, at=TAKEN + timedelta(days=30 * day)) for day in range(8)]  # none in another's window
    replayer = replayer_of(app)
    found = sources_of([str(warc(tmp_path / "a.warc.gz", apart))])
    (one,) = await replay(app, found, Wishes(), lambda number: replay_batch(replayer, number), at_once=1)
    assert counts(one)["hits"] == 8
    assert 0 < len(replayer.active.tellings) <= 3 < app.active.tellings_kept
