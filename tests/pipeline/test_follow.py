"""The watch file: applied when it changes, refused when it is broken or when the page changed the rules meanwhile."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import select

from core.clock import FixedClock
from core.errors import ConfigError, InputError
from pipeline import follow
from pipeline.configure import Applied, activate, apply_text, diff, read_watch, refresh, revision, rule_digest
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from rules.config import load
from storage import configs, notices
from storage.engine import Database
from storage.tables import Alert, Delivery, Feed, RuleState
from tests.builders import NOON, Item, World, rss
from tests.sinks.http import Answer


def apply(db: Database, text: str, *, from_file: bool = False, force: bool = False) -> Applied:
    """Make this text the active revision, as the page does unless it is said to come from the file."""
    watch = read_watch(text, file="watch.yaml", secrets={})
    return db.write_now(
        lambda s: apply_text(s, text, watch, from_file=from_file, who="me", now=NOON, force=force, note="")
    )


async def test_a_file_is_applied_once_and_again_when_it_changes(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        first = app.active.revision
        assert not (await follow_file(app, "me")).changed
        world.rules["strike"]["title"] = "A strike"
        followed = await world.apply(app)
    assert (followed.revision, followed.changed) == (first + 1, True)
    assert app.active.rule("strike").title == "A strike"
    assert [row.who for row in db.read_now(configs.listing)] == ["test", "test"]


async def test_a_broken_file_keeps_the_last_good_revision_and_is_told_once(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"operators": ["hook"]}
    async with world.worker(db, clock) as app:
        good = world.watch_file.read_text("utf-8")
        world.watch_file.write_text(good + "nonsense: [1\n", "utf-8")
        followed = await follow_file(app, "me")
        assert "nonsense" in followed.message or "watch.yaml" in followed.message
        assert (await follow_file(app, "me")).message == ""
        assert (app.active.revision, followed.changed) == (1, False)
        await run_cycle(app)
        world.watch_file.write_text(good, "utf-8")
        await follow_file(app, "me")
        await run_cycle(app)
    assert [b"goes on" in one.body for one in world.hook.requests] == [True, False]
    assert b"in force again" in world.hook.requests[1].body
    assert db.read_now(notices.open_notices) == []


async def test_a_machine_that_is_short_of_descriptors_says_so_and_blames_no_file(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(path: Path, *_: object) -> str:
        raise OSError(errno.EMFILE, "Too many open files", str(path))

    async with world.worker(db, clock) as app:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "read_text", short)
            followed = await follow_file(app, "me")
        assert (followed.revision, followed.changed) == (1, False)
        assert followed.message.startswith("this machine is short of something: Too many open files")
        assert "wirewatch init" not in followed.message
        assert not (await follow_file(app, "me")).message


async def test_a_file_that_is_being_written_is_applied_when_it_is_whole(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SETTLED_S", 3.0)  # a busy machine lets the writer wait
    async with world.worker(db, clock) as app:
        await follow_file(app, "me")
        world.rules["zeppelin"] = {"match": "zeppelin"}
        lines = world.watch_text().splitlines(keepends=True)

        begun = threading.Event()

        def write() -> None:
            with world.watch_file.open("w", encoding="utf-8", buffering=1) as file:
                for line in lines:
                    file.write(line)
                    begun.set()
                    time.sleep(0.02)

        writing = asyncio.create_task(asyncio.to_thread(write))
        await asyncio.to_thread(begun.wait)
        followed = await follow_file(app, "me")
        assert writing.done()
        assert (followed.revision, followed.message) == (2, "")
        assert [rule.id for rule in app.active.watch.rules] == ["strike", "zeppelin"]


async def test_a_file_that_is_written_all_the_time_is_refused(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "WRITTEN_S", 0.0)
    monkeypatch.setattr(follow, "SETTLED_S", 60.0)
    async with world.worker(db, clock) as app:
        os.utime(world.watch_file)
        assert "it has been written to for" in (await follow_file(app, "me")).message
        assert app.active.revision == 1


async def test_a_file_whose_examples_fail_is_broken(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        world.rules["strike"]["examples"] = {"match": ["The sun shines."]}
        followed = await world.apply(app)
    assert "example" in followed.message
    assert app.active.revision == 1


async def test_a_missing_secret_in_the_file_keeps_the_last_good_revision(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        world.channels["hook"]["url"] = "${NOT_SET}"
        assert "NOT_SET" in (await world.apply(app)).message
        assert app.active.revision == 1


async def test_without_an_active_revision_a_broken_or_missing_file_is_an_error(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock, follow=False) as app:
        with pytest.raises(InputError, match="No such file"):
            await follow_file(app, "me")
        world.watch_file.write_text("version: 1\nrulse: {}\n", "utf-8")
        with pytest.raises(ConfigError):
            await follow_file(app, "me")
        world.watch_file.write_bytes(b"\xff\xfe")
        with pytest.raises(InputError, match="not UTF-8"):
            await follow_file(app, "me")


async def test_a_file_that_is_gone_leaves_the_active_revision_in_force_without_a_word(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        world.watch_file.unlink()
        followed = await follow_file(app, "me")
    assert (followed.revision, followed.message) == (1, "")


async def test_a_changed_file_is_refused_when_the_page_changed_the_rules_since(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        text = world.watch_text().replace("title: Strike", "title: From the page")
        apply(db, text)
        assert not (await follow_file(app, "me")).changed  # the file itself did not change
        world.rules["strike"]["title"] = "From the file"
        refused = await world.apply(app)
        assert "+    title: From the file" in refused.message
        assert "--force" in refused.message
        assert (await refresh(app)).rule("strike").title == "From the page"
        world.site["/rss"] = rss(Item("e", "", "Dockers begin strike"))
        report = await run_cycle(app)  # a conflict refuses the apply, never the run
        assert report.total("deliver", "sent") == 1
        forced = apply(db, world.watch_text(), from_file=True, force=True)
    assert (forced.revision, forced.changed) == (3, True)


def test_any_revision_can_be_made_active_again(world: World, db: Database) -> None:
    world.watch_file.parent.mkdir(exist_ok=True)
    first = world.watch_text()
    apply(db, first, from_file=True)
    apply(db, first.replace("title: Strike", "title: Other"))
    old = db.read_now(lambda session: revision(session, 1))
    assert apply(db, old.text).revision == 3
    assert apply(db, old.text) == Applied(3, changed=False)
    with pytest.raises(InputError, match="no revision 9"):
        db.read_now(lambda session: revision(session, 9))


@pytest.mark.parametrize("waiting", ["pending", "retry"])
async def test_a_deleted_or_disabled_rule_takes_what_waits_with_it_and_the_rest_goes_out(
    world: World, db: Database, clock: FixedClock, waiting: str
) -> None:
    world.rules["calm"] = {"title": "Calm", "match": "docker", "alert": {"to": ["hook"]}}
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike"))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        await db.write(lambda session: session.execute(update(Delivery).values(state=waiting)))
        world.rules["strike"]["enabled"] = False
        await world.apply(app)
        await run_cycle(app)
    found = db.read_now(
        lambda s: s.exec(
            select(Alert.rule_id, Delivery.state, Delivery.reason).where(Alert.id == Delivery.alert_id)
        ).all()
    )
    assert sorted(found) == [("calm", "sent", "accepted"), ("strike", "suppressed", "rule_gone")]


async def test_queued_alerts_of_a_changed_rule_go_out_as_they_were_made(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike"))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        world.rules["strike"] |= {"match": "volcano", "title": "Volcano"}
        await world.apply(app)
        await run_cycle(app)
    assert [request.json["rule_title"] for request in world.hook.requests] == ["Strike"]


async def test_feeds_follow_the_file_and_keep_what_was_learnt(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = Answer(200, {"ETag": '"v1"', "Content-Type": "application/rss+xml"}, rss(Item("a", title="A")))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        feeds, world.feeds = world.feeds, [{"url": world.url("/other"), "name": "Other"}]
        await world.apply(app)
        rows = {one.name: one for one in db.read_now(lambda s: s.exec(select(Feed)).all())}
        assert (rows["News"].active, rows["Other"].active) == (False, True)
        clock.move(timedelta(days=1))
        world.feeds = [{**feeds[0], "name": "Renamed", "every": "10m"}]
        await world.apply(app)
    rows = {one.name: one for one in db.read_now(lambda s: s.exec(select(Feed)).all())}
    assert (rows["Renamed"].etag, rows["Renamed"].every_s, rows["Renamed"].active) == ('"v1"', 600.0, True)
    assert rows["Renamed"].next_poll_at == clock.now()


def test_a_rules_digest_changes_with_what_decides_its_matches_and_with_nothing_else() -> None:
    def digest(**changes: object) -> str:
        rule = {"title": "T", "match": "strike", **changes}
        text = f"version: 1\nentities: {{Port: {{any: [harbour]}}}}\nrules: {{r: {rule!r}}}\n"
        return rule_digest(load(text).rules[0])

    assert digest() == digest(title="Another", enabled=True)
    assert len({digest(), digest(match="strikes"), digest(languages=["en"]), digest(match="strike AND @Port")}) == 4


async def test_a_changed_entity_makes_its_rules_changed_rules(world: World, db: Database, clock: FixedClock) -> None:
    world.more["entities"] = {"Port": {"any": ["harbour"]}}
    world.rules["strike"]["match"] = "strike AND @Port"
    async with world.worker(db, clock) as app:
        before = db.read_now(lambda s: s.get_one(RuleState, "strike").digest)
        world.more["entities"] = {"Port": {"any": ["harbour", "quay"]}}
        await world.apply(app)
    assert db.read_now(lambda s: s.get_one(RuleState, "strike").digest) != before


def test_a_channel_that_cannot_be_made_is_named_and_the_others_work(world: World, clock: FixedClock) -> None:
    world.channels["bad"] = {"url": "${NOT_SET}"}
    watch = load(world.watch_text(), env=None)
    active = activate(1, watch, secrets={}, clock=clock, pool=None, trust_env=False)  # type: ignore[arg-type]
    assert set(active.broken) == {"bad"}
    assert active.recipients("bad") == (("bad/*", "*"),)
    assert active.recipients("mail") == (("mail:desk@x.test", "desk@x.test"),)


def test_the_difference_of_two_files_is_shown_as_lines() -> None:
    assert diff("a\nb\n", "a\nc\n", ("old", "new")).splitlines() == [
        "--- old",
        "+++ new",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
