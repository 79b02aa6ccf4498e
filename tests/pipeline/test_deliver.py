"""Delivering, over real HTTP and SMTP on loopback: what is tried again, what pauses, what is never sent twice."""

from __future__ import annotations

import asyncio
import resource
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from alerts import keys
from core.clock import FixedClock
from pipeline import deliver as step
from pipeline.app import App
from pipeline.resend import resend
from pipeline.run import anything_due, run_cycle
from pipeline.sentlog import SentLog
from storage import deliveries
from storage.engine import Database
from storage.notices import open_notices
from storage.tables import Alert, Delivery, Target
from tests.builders import Item, World, rss
from tests.sinks.http import Answer


@pytest.fixture
def told(world: World) -> World:
    """One event without a page, owed to the webhook."""
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike at the harbour"))
    return world


def rows(db: Database) -> list[Delivery]:
    """The ledger."""
    return list(db.read_now(lambda session: session.exec(select(Delivery).order_by(col(Delivery.id))).all()))


def states(db: Database) -> list[tuple[str, str]]:
    """Target and state of each delivery."""
    return [(one.target_id, one.state) for one in rows(db)]


async def test_what_was_sent_is_in_the_ledger_and_in_sent_log(told: World, db: Database, clock: FixedClock) -> None:
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        (row,) = rows(db)
        assert (row.state, row.attempts, row.sent_at) == ("sent", 1, clock.now())
        assert (app.settings.data / "sent.log").read_text("ascii").split() == [row.key]
        assert told.hook.keys == [row.key]


async def test_a_receiver_that_cannot_take_it_now_is_asked_again_under_the_same_key(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.hook.will(Answer(503), Answer(500))
    async with told.worker(db, clock) as app:
        report = await run_cycle(app)
        assert report.total("deliver", "failed") == 1
        (row,) = rows(db)
        assert (row.state, row.reason, row.error_class) == ("retry", "temporary", "temp")
        for _ in range(2):
            clock.at = rows(db)[0].not_before
            await run_cycle(app)
    assert len(told.hook.requests) == 3
    assert len({request.key for request in told.hook.requests}) == 1
    assert states(db) == [("hook", "sent")]


async def test_a_receiver_down_for_three_days_makes_a_dead_letter_of_the_catch_up_that_can_be_sent_again(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.hook.choose = lambda request: Answer(503)
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        while (row := rows(db)[-1]).state in ("retry", "suppressed"):
            clock.at = row.not_before if row.state == "retry" else clock.now() + timedelta(minutes=10)
            await run_cycle(app, steps=["deliver"])
        first, catch_up = rows(db)
        assert (first.state, first.reason) == ("suppressed", "merged")
        assert (catch_up.state, catch_up.reason) == ("dead", "gave_up")
        assert timedelta(hours=72) < clock.now() - first.made_at < timedelta(hours=76)
        told.hook.choose = None
        assert await app.db.write(lambda session: resend(session, "dead", who="me", now=clock.now())) == 1
        await run_cycle(app)
    assert states(db) == [("hook", "suppressed"), ("hook", "sent")]
    (digest,) = told.hook.taken
    assert digest.json["why"] == "stale"
    assert [one["headline"] for one in digest.json["alerts"]] == ["Dockers begin strike at the harbour"]


@pytest.mark.parametrize("status", [400, 301, 302, 307, 413])
async def test_a_receiver_that_refuses_for_good_makes_a_dead_letter_at_once(
    told: World, db: Database, clock: FixedClock, status: int
) -> None:
    told.hook.will(Answer(status, {"Location": told.web.url("/elsewhere")}))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(days=1))
        await run_cycle(app)
    assert states(db) == [("hook", "dead")]
    assert len(told.hook.requests) == 1
    assert told.asked("/elsewhere") == 0


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refused_sign_in_pauses_the_target_and_is_told_on_another_channel(
    told: World, db: Database, clock: FixedClock, status: int
) -> None:
    told.more["defaults"] = {"operators": ["hook", "mail"]}
    told.hook.will(Answer(status))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        await run_cycle(app)
        told.site["/rss"] = rss(Item("f", "", "Miners in the east begin strike of the dockers' kind"))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        assert len(told.hook.requests) == 1  # nothing more goes there
        (mail,) = told.mail.mails
        assert "paused" in mail.parsed["Subject"]
        await app.db.write(lambda session: deliveries.resume(session, "hook"))
        await run_cycle(app)
        await run_cycle(app)
    assert [one.state for one in rows(db) if one.channel == "hook"] == ["dead", "sent", "sent"]
    assert "takes messages again" in told.mail.mails[-1].parsed["Subject"]
    assert db.read_now(open_notices) == []


async def test_a_rate_limited_target_waits_and_the_others_do_not(told: World, db: Database, clock: FixedClock) -> None:
    told.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    told.hook.will(Answer(429, {"Retry-After": "120"}))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert states(db) == [("hook", "retry"), ("mail:desk@x.test", "sent")]
    assert rows(db)[0].not_before == clock.now() + timedelta(seconds=120)


async def test_of_three_recipients_only_the_refused_one_is_tried_again(
    told: World, db: Database, clock: FixedClock
) -> None:
    people = [f"{name}@x.test" for name in ("ann", "bob", "eve")]
    told.tell_only(*people)
    told.mail.refused["bob@x.test"] = "451 4.7.1 come back later"
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        assert sorted(state for _, state in states(db)) == ["retry", "sent", "sent"]
        told.mail.refused.clear()
        clock.move(timedelta(minutes=2))
        await run_cycle(app)
    assert sorted(mail.recipients for mail in told.mail.mails) == [(one,) for one in people]


@pytest.mark.parametrize(("on_unknown", "requests", "state"), [("retry", 2, "sent"), ("hold", 1, "unknown")])
async def test_a_lost_answer_is_repeated_under_the_same_key_or_held(
    told: World, db: Database, clock: FixedClock, on_unknown: str, requests: int, state: str
) -> None:
    told.channels["hook"]["on_unknown"] = on_unknown
    told.hook.will(Answer(drop=True))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(minutes=2))
        await run_cycle(app)
        assert not await anything_due(app)
    assert len(told.hook.requests) == requests
    assert len(told.hook.keys) == 1
    assert states(db) == [("hook", state)]


async def test_a_delivery_of_a_dead_worker_does_not_wait_until_all_others_are_made(
    told: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "LOOK_S", 0.0)
    places = ("Bergen", "Genoa", "Odessa", "Yokohama", "Durban")
    told.site["/rss"] = rss(*(Item(place, "", f"Dockers of {place} begin strike") for place in places))

    def dies(session: Session) -> None:
        row = session.get_one(Delivery, 3)
        row.state, row.lease_owner, row.lease_until = "leased", "dead", clock.now() - timedelta(days=365)
        session.add(row)

    def answer(request: object) -> Answer:
        if len(told.hook.requests) == 2:
            db.write_now(dies)
        return Answer(200)

    told.hook.choose = answer
    async with told.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read", "match"])
        await run_cycle(app, steps=["deliver"])
    ledger = {row.key: row.id for row in rows(db)}
    assert [ledger[key] for key in told.hook.keys] == [1, 2, 3, 4, 5]


async def test_a_delivery_of_a_dead_worker_becomes_unknown_and_is_sent_under_its_key(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock, lease_seconds=0.01) as dead, told.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        who = deliveries.Who()
        taken = await dead.db.write(
            lambda s: deliveries.claim_due(s, owner=dead.owner, now=clock.now(), limit=5, who=who)
        )
        await asyncio.sleep(0.1)
        await run_cycle(app)
        lease = taken[0].lease
        assert not await dead.db.write(lambda s: deliveries.record(s, lease, {"state": "retry"}))
    assert states(db) == [("hook", "sent")]


async def test_two_workers_never_send_to_one_target_at_once(told: World, db: Database, clock: FixedClock) -> None:
    told.site["/rss"] = rss(
        Item("e", "", "Dockers begin strike at the harbour"),
        Item("f", "", "Pilots and dockers call a strike in Yokohama"),
    )
    async with told.worker(db, clock) as one, told.worker(db, clock) as other:
        await run_cycle(one, steps=["poll", "match"])
        claims = [
            partial(deliveries.claim_due, owner=app.owner, now=clock.now(), limit=5, who=deliveries.Who())
            for app in (one, other)
        ]
        taken = [await one.db.write(claim) for claim in claims]
    assert [len(claimed) for claimed in taken] == [1, 0]


async def test_alerts_of_a_channel_that_lacks_its_secret_wait_and_go_to_each_recipient_when_it_can_be_used(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.channels["mail"] = {
        **told.mailbox("ann@x.test", "bob@x.test"),
        "user": "watch",
        "password": "${MAIL_PASSWORD}",
    }
    told.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    async with told.worker(db, clock, environ={"MAIL_PASSWORD": "hush"}):
        pass  # the file is in force
    async with told.worker(db, clock, follow=False) as app:
        assert "MAIL_PASSWORD" in app.active.broken["mail"]
        await run_cycle(app)
        assert not await anything_due(app)
    assert sorted(states(db)) == [("hook", "sent"), ("mail/*", "pending")]
    del told.channels["mail"]["user"], told.channels["mail"]["password"]
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert sorted(states(db)) == [
        ("hook", "sent"), ("mail/*", "suppressed"), ("mail:ann@x.test", "sent"), ("mail:bob@x.test", "sent"),
    ]  # fmt: skip
    assert len(told.mail.mails) == 2


async def test_an_alert_for_a_channel_that_left_the_watch_file_is_tried_again_and_stays_visible(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.channels["mail"]["password"], told.channels["mail"]["user"] = "${MAIL_PASSWORD}", "watch"
    told.rules["strike"]["alert"] = {"to": ["mail"]}
    async with told.worker(db, clock, environ={"MAIL_PASSWORD": "hush"}):
        pass
    async with told.worker(db, clock, follow=False) as app:
        await run_cycle(app)
    told.rules["strike"]["alert"] = {"to": ["hook"]}
    del told.channels["mail"]
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert states(db) == [("mail/*", "retry")]


async def test_a_restored_database_sends_nothing_again(told: World, db: Database, clock: FixedClock) -> None:
    told.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    async with told.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        await run_cycle(app, steps=["deliver"])

    def restore(session: Session) -> None:
        for row in session.exec(select(Delivery)).all():
            row.state, row.attempts, row.sent_at, row.first_try_at = "pending", 0, None, None
            session.add(row)

    db.write_now(restore)
    async with told.worker(db, clock) as app:
        report = await run_cycle(app)
    assert report.total("deliver", "sent") == 2
    assert len(told.hook.requests) == len(told.mail.mails) == 1


async def test_an_alert_made_again_after_a_restore_bears_the_same_key(
    told: World, db: Database, clock: FixedClock, databases: object, tmp_path: Path
) -> None:
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        installation = app.installation
    (first,) = rows(db)

    def forget(session: Session) -> None:
        from storage.tables import Article, Decision, Entry, Feed, FeedPoll, Hit, Story

        for table in (Delivery, Decision, Alert, Hit, Story, Entry, Article, FeedPoll, Feed):
            for row in session.exec(select(table)).all():
                session.delete(row)
            session.flush()

    db.write_now(forget)
    async with told.worker(db, clock, follow=False) as app:
        await app.db.write(lambda session: _feeds_again(session, app))
        await run_cycle(app)
        assert app.installation == installation
        alert = db.read_now(lambda session: session.exec(select(Alert)).one())
    assert keys.delivery_key(installation, alert.id, first.target_id) == first.key
    assert (alert.state, alert.reason, rows(db)) == ("suppressed", "already_told", [])
    assert len(told.hook.requests) == 1


def _feeds_again(session: Session, app: App) -> None:
    from pipeline.configure import follow

    follow(session, app.active.watch, app.clock.now())


async def test_a_message_that_cannot_be_composed_is_a_dead_letter_and_the_queue_moves_on(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"], seconds=0)
        await run_cycle(app, steps=["poll", "match"])

        def spoil(session: Session) -> None:
            alert = session.exec(select(Alert)).one()
            alert.view = {"type": "alert", "nonsense": True}
            session.add(alert)

        await app.db.write(spoil)
        told.site["/rss"] = rss(Item("f", "", "Pilots and dockers call a strike far away in Yokohama"))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
    assert sorted(state for _, state in states(db)) == ["dead", "sent"]


async def test_a_target_with_a_pace_is_not_sent_to_before_its_time(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.site["/rss"] = rss(
        Item("e", "", "Dockers begin strike at the harbour"),
        Item("f", "", "Pilots and dockers call a strike in Yokohama"),
    )
    async with told.worker(db, clock) as app:
        app.active.channels["hook"].pace = 60.0
        await run_cycle(app)
        assert len(told.hook.requests) == 1
        clock.move(timedelta(seconds=60))
        await run_cycle(app)
    assert len(told.hook.requests) == 2
    assert db.read_now(lambda session: session.exec(select(Target)).one()).state == "ok"


def test_sent_log_is_read_at_start_and_survives_a_torn_last_line(tmp_path: Path) -> None:
    log = SentLog(tmp_path / "data" / "sent.log")
    assert "k1" not in log
    log.add("k1")
    assert "k1" in log
    with log.path.open("a") as file:
        file.write("torn")  # the power went
    again = SentLog(log.path)
    again.add("k2")
    assert [key in SentLog(log.path) for key in ("k1", "k2")] == [True, True]


def test_what_a_full_disk_did_not_take_is_told_and_written_with_the_next_and_spoils_no_later_line(
    tmp_path: Path,
) -> None:
    log, other = SentLog(tmp_path / "sent.log"), SentLog(tmp_path / "sent.log")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # bytes: the second key does not fit
    try:
        log.add("a" * 64, "b" * 64)
        assert not log.is_ready
        assert "too large" in log.trouble()
        assert "b" * 64 in log
        assert "b" * 64 not in other
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    other.add("c" * 64)
    log.add("d" * 64)
    again = SentLog(log.path)
    assert [one * 64 in again for one in "abcd"] == [True] * 4
    assert (log.trouble(), log.is_ready) == ("", True)


def test_where_sent_log_cannot_be_written_nothing_may_be_sent(tmp_path: Path) -> None:
    (tmp_path / "sent.log").symlink_to(tmp_path / "gone" / "sent.log")  # a disk that is not mounted
    assert SentLog(tmp_path / "sent.log").trouble() == f"{tmp_path}/sent.log: No such file or directory"
