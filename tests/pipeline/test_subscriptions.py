"""Changes to the list of feeds are edits of the watch file, and revisions of it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from sqlmodel import Session

from core.clock import FixedClock
from core.errors import ConfigError, InputError, NotAvailable
from fetching import opml
from fetching.opml import FeedList, Subscription
from pipeline import subscriptions
from pipeline.revising import Conflict
from pipeline.subscriptions import Outcome, edit_watch
from rules.config import load
from storage import configs
from storage.engine import Database
from tests.builders import NOON, Item, World, rss
from tests.web import rows

OTHER = "https://other.test/feed"


def edit(world: World, db: Database, change: subscriptions.Edit, **secrets: str) -> Outcome:
    """Edit as a command does."""
    return edit_watch(db, world.watch_file, change, secrets=secrets, who="me", note="test", now=NOON)


async def test_an_added_feed_is_in_a_new_revision_and_in_the_file_it_came_from(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock):
        outcome = edit(world, db, lambda text: subscriptions.add(text, OTHER, name="Other", tags=["x"]))
    assert outcome.revision == 2
    assert "watch.yaml too" in outcome.summary
    feeds = load(world.watch_file.read_text("utf-8")).feeds
    assert [(feed.name, feed.tags) for feed in feeds] == [("News", ()), ("Other", ("x",))]


async def test_a_file_that_was_changed_meanwhile_is_not_written(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock):
        changed = world.watch_file.read_text("utf-8") + "# a note\n"
        world.watch_file.write_text(changed, "utf-8")
        outcome = edit(world, db, lambda text: subscriptions.add(text, OTHER))
    assert world.watch_file.read_text("utf-8") == changed
    assert "too" not in outcome.summary
    active = db.read_now(configs.active)
    assert active is not None
    assert (OTHER in active.text, active.file_sha256) == (True, "")


def test_without_a_file_and_without_a_revision_the_first_feed_makes_both_begin(world: World, db: Database) -> None:
    assert edit(world, db, lambda text: subscriptions.add(text, OTHER)).revision == 1
    assert not world.watch_file.exists()


async def test_an_edit_that_is_overtaken_changes_neither_the_revision_nor_the_file(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock):
        before = world.watch_file.read_text("utf-8")

        def slow(text: str) -> subscriptions.Edited:
            db.write_now(lambda session: rows.config(session, text + "# theirs\n"))
            return subscriptions.add(text, OTHER)

        with pytest.raises(Conflict):
            edit(world, db, slow)
    active = db.read_now(configs.active)
    assert active is not None
    assert (active.text, world.watch_file.read_text("utf-8")) == (before + "# theirs\n", before)


async def test_a_file_that_cannot_be_written_leaves_no_revision(world: World, db: Database, clock: FixedClock) -> None:
    def frozen(text: str) -> subscriptions.Edited:
        world.watch_file.unlink()
        world.watch_file.mkdir()
        return subscriptions.add(text, OTHER)

    async with world.worker(db, clock):
        with pytest.raises(OSError, match="directory"):
            edit(world, db, frozen)
    assert db.read_now(configs.active_revision) == 1


@pytest.mark.parametrize("fails", ["the file", "the commit"])
async def test_what_fails_half_way_leaves_the_file_as_it_was(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    written, write = [], Path.write_text

    def half(path: Path, text: str, encoding: str) -> int:
        written.append(path)
        if len(written) > 1:
            return write(path, text, encoding)
        write(path, text[:10], encoding)
        raise OSError(errno.ENOSPC, "No space left on device")

    def refused(_session: Session) -> None:
        raise NotAvailable("the database went away")

    async with world.worker(db, clock):
        before = world.watch_file.read_text("utf-8")
        with monkeypatch.context() as patched:
            if fails == "the file":
                patched.setattr(Path, "write_text", half)
            else:
                patched.setattr(Session, "commit", refused)
            with pytest.raises((OSError, NotAvailable), match=r"space left|went away"):
                edit(world, db, lambda text: subscriptions.add(text, OTHER))
    assert world.watch_file.read_text("utf-8") == before
    assert db.read_now(configs.active_revision) == 1


async def test_a_feed_is_removed_by_its_name_or_address(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock):
        edit(world, db, lambda text: subscriptions.add(text, OTHER, name="Other"))
        edit(world, db, lambda text: subscriptions.remove(text, "Other"))
        edit(world, db, lambda text: subscriptions.remove(text, world.url("/rss")))
        with pytest.raises(InputError, match="no feed is called News"):
            edit(world, db, lambda text: subscriptions.remove(text, "News"))
    assert load(world.watch_file.read_text("utf-8")).feeds == ()


async def test_an_imported_list_adds_what_is_not_there_yet(world: World, db: Database, clock: FixedClock) -> None:
    found = FeedList((Subscription(world.url("/rss"), "News"), Subscription(OTHER, "Other")))
    async with world.worker(db, clock):
        outcome = edit(world, db, lambda text: subscriptions.add_all(text, found))
    assert outcome.summary.startswith("1 feeds added, 1 were there already, ")
    assert outcome.left_out == ()


async def test_feeds_of_others_that_ask_for_secrets_or_cannot_be_used_are_left_out_by_their_lines(
    world: World, db: Database, clock: FixedClock
) -> None:
    listed = opml.read(f"http://127.0.0.1/f?k=${{TOKEN}}\nftp://other.test/\n{OTHER}\n", name="friend.txt")
    async with world.worker(db, clock):
        outcome = edit(world, db, lambda text: subscriptions.add_all(text, listed, file="friend.txt"))
    assert outcome.summary.startswith("1 feeds added, 0 were there already, 2 left out, ")
    assert [line.partition(" ")[0] for line in outcome.left_out] == ["friend.txt:1:0:", "friend.txt:2:0:"]
    assert "TOKEN" not in world.watch_file.read_text("utf-8")


async def test_a_list_of_others_that_asks_for_secrets_alone_is_refused_by_its_lines(
    world: World, db: Database, clock: FixedClock
) -> None:
    listed = opml.read("\nhttp://127.0.0.1/f?k=${TOKEN}\nhttps://other.test/$${X}\n", name="friend.txt")
    async with world.worker(db, clock):
        with pytest.raises(ConfigError) as caught:
            edit(world, db, lambda text: subscriptions.add_all(text, listed, file="friend.txt"))
        with pytest.raises(InputError, match="asks for a secret"):
            edit(world, db, lambda text: subscriptions.add(text, "https://other.test/f?k=${TOKEN}"))
    assert [one.line for one in caught.value.problems] == [2, 3]
    assert "friend.txt:2:0: http://127.0.0.1/f?k=${TOKEN}: asks for a secret" in str(caught.value)
    assert "write it into the watch file by hand" in str(caught.value)
    assert db.read_now(configs.active_revision) == 1


async def test_a_feed_with_a_secret_that_the_watch_file_has_may_stand_in_a_list(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds[0]["url"] = world.url("/rss?k=${TOKEN}")
    own = opml.read(opml.write([Subscription(world.feeds[0]["url"], "News"), Subscription(OTHER, "Other")]))
    async with world.worker(db, clock, environ={"TOKEN": "hush"}):
        outcome = edit(world, db, lambda text: subscriptions.add_all(text, own), TOKEN="hush")
    assert outcome.summary.startswith("1 feeds added, 1 were there already")


async def test_a_feed_that_is_there_already_is_refused(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock):
        with pytest.raises(InputError, match="already"):
            edit(world, db, lambda text: subscriptions.add(text, world.url("/rss")))


async def test_a_sites_feeds_are_found_through_its_page(world: World, db: Database, clock: FixedClock) -> None:
    link = b'<link rel="alternate" type="application/rss+xml" href="/rss" title="All news">'
    world.site["/"] = b"<!DOCTYPE html><html><head>" + link + b"</head><body>x</body></html>"
    world.site["/rss"] = rss(Item("a", title="A"))
    async with world.worker(db, clock) as app:
        found = await subscriptions.discover(app.client, world.url("/"))
    assert world.url("/rss") in [one.url for one in found]
