"""What pages and commands ask of the rows: searches, prefixes, counts."""

from __future__ import annotations

from functools import partial

import pytest

from core.clock import FixedClock
from core.errors import InputError
from pipeline.resend import resend
from pipeline.run import run_cycle
from pipeline.stories import close, silence
from storage import alerts, articles, deliveries, feeds, hits, ledger, locks, stories
from storage.engine import Database
from tests.builders import CALM, NOON, STRIKE, World, minutes, rss


async def test_everything_that_came_of_a_cycle_can_be_asked_for(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour 100% still", STRIKE), world.publish("b", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    (alert,) = db.read_now(lambda s: alerts.recent(s, rule="strike", limit=5))
    assert db.read_now(lambda s: alerts.by_prefix(s, alert.id[:12])) == alert
    assert db.read_now(lambda s: alerts.by_prefix(s, "strike")) is None
    assert [one.stage for one in db.read_now(lambda s: alerts.decisions(s, alert_id=alert.id, rule="strike"))] == [
        "send"
    ]
    assert len(db.read_now(lambda s: alerts.of_story_decisions(s, alert.story_id or 0))) == 2
    assert len(db.read_now(lambda s: articles.recent(s, limit=5, state="ready"))) == 2
    assert db.read_now(articles.counts) == {"ready": 2}
    found = [db.read_now(partial(articles.find, what=what)) for what in ("1", world.url("/a"))]
    assert [one.id for one in found if one] == [1, 1]
    assert db.read_now(feeds.read_in_full) == {1: (2, 2)}
    assert len(db.read_now(lambda s: feeds.polls_since(s, NOON - minutes(1)))) == 1
    ((hit, _),) = db.read_now(lambda s: hits.recent(s, rule="strike", limit=5))
    assert db.read_now(lambda s: hits.with_article(s, hit.id or 0)) is not None
    assert db.read_now(deliveries.counts) == {"sent": 1}
    ((row, _),) = db.read_now(lambda s: ledger.page(s, ledger.Filter(channel="hook"), None, 5, states=["sent"]))
    assert db.read_now(lambda s: deliveries.with_alert(s, row.key)) is not None
    assert db.read_now(lambda s: deliveries.with_alert(s, "99")) is None
    assert db.read_now(lambda s: locks.last_finished(s, "ingest")) is None


async def test_a_story_can_be_silenced_and_closed(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour still", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    db.write_now(lambda s: silence(s, 1, until=NOON + minutes(60), who="me", now=NOON))
    (story,) = db.read_now(lambda s: stories.listing(s, NOON, rule="strike", state="silenced", limit=5))
    assert story.silenced_until == NOON + minutes(60)
    assert [stories.state_of(story, at) for at in (NOON, NOON + minutes(60))] == ["silenced", "open"]
    for state, found in (("silenced", 0), ("open", 1), ("", 1)):
        later = NOON + minutes(60)
        rows = db.read_now(lambda s: stories.listing(s, later, state=state, limit=5))  # noqa: B023
        assert len(rows) == found
    db.write_now(lambda s: close(s, 1, who="me", now=NOON))
    ((_, state),) = db.read_now(lambda s: stories.candidates(s, "strike", NOON - minutes(60)))
    assert state == "closed"  # what joins it is not told


async def test_only_what_failed_or_was_held_back_is_sent_again(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour still", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    with pytest.raises(InputError, match="delivery 1 is sent"):
        db.write_now(lambda session: resend(session, "1", who="me", now=NOON))
    with pytest.raises(InputError, match="no delivery 99"):
        db.write_now(lambda session: resend(session, "99", who="me", now=NOON))


async def test_a_feed_can_be_paused_resumed_and_asked_at_once(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock):
        pass
    feed = db.read_now(lambda s: feeds.by_name(s, "News"))
    assert feed is not None
    db.write_now(lambda s: feeds.pause(s, s.merge(feed), "me"))
    assert not db.read_now(lambda s: feeds.any_due(s, NOON))
    db.write_now(lambda s: feeds.resume(s, s.merge(feed), NOON))
    assert db.read_now(lambda s: feeds.any_due(s, NOON))
    assert db.write_now(lambda s: feeds.poll_now(s, ["News"], NOON)) == 1
    assert db.write_now(lambda s: feeds.poll_now(s, [], NOON)) == 1
