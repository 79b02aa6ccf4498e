"""Claims: one holder a row, expiry by the database's clock, fencing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlmodel import Session, col, select

from core.reasons import Reason
from storage import deliveries, feeds, hosts, leases, locks
from storage.engine import Database
from storage.leases import Owner
from storage.tables import Alert, Delivery, Feed, RuleState, Target

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OVER = -1.0  # seconds: a lease that has run out as soon as it is given, so that no test waits, or hurries, for that


def add_feeds(count: int, host: str = "") -> Callable[[Session], None]:
    def work(session: Session) -> None:
        for n in range(count):
            url = f"https://{host or f'h{n}.example'}/{n}"
            session.add(Feed(config_url=url, fetch_url=url, name=f"f{n}", next_poll_at=NOW))

    return work


def claim(session: Session, owner: Owner, limit: int = 10) -> list[leases.Lease]:
    claiming = leases.claiming(feeds.LEASE, col(Feed.active).is_(True), [Feed.id])
    return leases.claim(session, claiming, owner=owner, limit=limit)


async def test_no_row_is_claimed_by_two(db: Database) -> None:
    await db.write(add_feeds(100))
    claims = await asyncio.gather(*(db.write(partial(claim, owner=Owner(f"w{n}"), limit=7)) for n in range(20)))
    rows = [lease.row_id for taken in claims for lease in taken]
    assert len(rows) == len(set(rows)) == 100


async def test_a_row_whose_lease_ran_out_is_claimed_again_and_the_first_holder_is_fenced(db: Database) -> None:
    await db.write(add_feeds(1))
    (first,) = await db.write(lambda s: claim(s, Owner("slow", OVER)))
    (second,) = await db.write(lambda s: claim(s, Owner("quick")))
    assert second.epoch == first.epoch + 1
    assert not await db.write(lambda s: leases.settle(s, feeds.LEASE, first, {"title": "stale"}))
    assert await db.write(lambda s: leases.settle(s, feeds.LEASE, second, {"title": "fresh"}))
    assert (await db.read(lambda s: s.exec(select(Feed)).one())).title == "fresh"


async def test_a_renewed_lease_is_not_claimed(db: Database) -> None:
    await db.write(add_feeds(3))
    taken = await db.write(lambda s: claim(s, Owner("a", OVER)))
    assert await db.write(lambda s: leases.renew(s, feeds.LEASE, taken, 60)) == set()
    assert await db.write(lambda s: claim(s, Owner("b"))) == []


async def test_renewing_tells_which_leases_others_have_and_leaves_what_was_given_back_free(db: Database) -> None:
    await db.write(add_feeds(3))
    taken = await db.write(lambda s: claim(s, Owner("a", OVER)))
    (stolen,) = await db.write(lambda s: claim(s, Owner("b"), limit=1))
    lost, given_back, kept = sorted(taken, key=lambda one: (one.row_id != stolen.row_id, one.row_id))
    await db.write(lambda s: leases.settle(s, feeds.LEASE, given_back, {}))
    assert await db.write(lambda s: leases.renew(s, feeds.LEASE, taken, 60)) == {lost}
    (free,) = await db.write(lambda s: claim(s, Owner("c")))
    assert free.row_id == given_back.row_id
    assert await db.write(lambda s: leases.settle(s, feeds.LEASE, kept, {}))


async def test_a_settled_row_is_free_at_once(db: Database) -> None:
    await db.write(add_feeds(1))
    (lease,) = await db.write(lambda s: claim(s, Owner("a")))
    await db.write(lambda s: leases.settle(s, feeds.LEASE, lease, {}))
    assert len(await db.write(lambda s: claim(s, Owner("b")))) == 1


async def test_feeds_of_one_host_are_asked_a_spacing_apart_and_the_rest_is_put_off(db: Database) -> None:
    await db.write(add_feeds(15, host="one.example"))

    def take(session: Session) -> tuple[list[feeds.Claimed], datetime | None]:
        return feeds.claim_due(
            session, owner=Owner("w"), now=NOW, limit=50, spacing=SECOND, horizon=10 * SECOND, only=()
        )

    taken, again = await db.write(take)
    assert [one.ask_at for one in taken] == [NOW + n * SECOND for n in range(11)]
    waiting = await db.read(lambda s: s.exec(select(Feed).where(col(Feed.next_poll_at) > NOW)).all())
    assert again == NOW + 11 * SECOND
    assert sorted(feed.next_poll_at for feed in waiting) == [NOW + n * SECOND for n in range(11, 15)]
    assert all(feed.lease_owner == "" for feed in waiting)


async def test_feeds_that_a_wrong_clock_dated_are_claimed_behind_those_whose_time_has_come(db: Database) -> None:
    await db.write(add_feeds(4))

    def misdate(session: Session) -> None:
        far, ahead, rests, _ = session.exec(select(Feed).order_by(col(Feed.id))).all()
        far.next_poll_at = NOW + feeds.FARTHEST + SECOND
        ahead.next_poll_at, ahead.last_polled_at = NOW + 1_000 * SECOND, NOW + 600 * SECOND
        rests.next_poll_at, rests.last_polled_at = NOW + SECOND, NOW - SECOND

    def take(session: Session) -> list[str]:
        taken, _ = feeds.claim_due(session, owner=Owner("w"), now=NOW, limit=2, spacing=SECOND, horizon=10 * SECOND)
        return sorted(one.feed.name for one in taken)

    await db.write(misdate)
    assert [await db.write(take) for _ in range(3)] == [["f0", "f3"], ["f1"], []]
    assert not await db.read(lambda s: feeds.any_due(s, NOW))


async def test_moments_of_a_host_are_given_once_whoever_asks(db: Database) -> None:
    await db.write(lambda s: hosts.hold(s, "h", NOW))

    def ask(session: Session) -> list[datetime]:
        return hosts.reserve(session, "h", 5, now=NOW, spacing=SECOND, horizon=timedelta(hours=1))

    given = await asyncio.gather(*(db.write(ask) for _ in range(10)))
    moments = [moment for moments in given for moment in moments]
    assert sorted(moments) == [NOW + n * SECOND for n in range(50)]


async def test_a_job_lock_has_one_holder_and_expires(db: Database) -> None:
    def take(owner: str, seconds: float) -> Callable[[Session], bool]:
        return lambda s: locks.take(s, "ingest", owner, seconds=seconds, now=NOW)

    assert await db.write(take("a", 60))
    assert not await db.write(take("b", 60))
    assert await db.write(take("a", OVER))
    assert await db.write(take("b", 60))
    await db.write(lambda s: locks.release(s, "ingest", "a", NOW))
    assert not await db.write(take("c", 60))
    await db.write(lambda s: locks.release(s, "ingest", "b", NOW))
    assert await db.write(take("c", 60))


def owe(session: Session) -> None:
    session.add(Alert(id="a1", rule_id="r", kind="first", made_at=NOW))
    session.add(Alert(id="a2", rule_id="r", kind="first", made_at=NOW))
    session.add(RuleState(rule_id="r", since=NOW))
    deliveries.sync_targets(session, [("mail/x", "mail", "x"), ("mail/y", "mail", "y"), ("chat", "chat", "")])
    for target, channel in (("mail/x", "mail"), ("mail/y", "mail"), ("chat", "chat")):
        for alert in ("a1", "a2"):
            deliveries.owe(session, key=f"{alert}:{target}", alert_id=alert, target_id=target, channel=channel, now=NOW)


def due(session: Session, who: deliveries.Who | None = None, seconds: float = 60) -> list[deliveries.Claimed]:
    return deliveries.claim_due(session, owner=Owner("w", seconds), now=NOW, limit=10, who=who or deliveries.Who())


async def test_one_delivery_a_target_is_claimed_at_a_time(db: Database) -> None:
    await db.write(owe)
    taken = await db.write(due)
    assert [one.delivery.key for one in taken] == ["a1:mail/x", "a1:mail/y", "a1:chat"]
    busy = frozenset(one.target.id for one in taken)
    assert await db.write(lambda s: due(s, deliveries.Who(busy=busy))) == []


async def test_owing_the_same_delivery_twice_enters_it_once(db: Database) -> None:
    await db.write(owe)
    await db.write(lambda s: deliveries.owe(s, key="a1:chat", alert_id="a1", target_id="chat", channel="chat", now=NOW))
    assert len(await db.read(lambda s: s.exec(select(Delivery)).all())) == 6


async def test_a_delivery_whose_lease_ran_out_is_unknown_and_is_tried_again_unless_the_channel_holds(
    db: Database,
) -> None:
    await db.write(owe)
    await db.write(lambda s: due(s, seconds=OVER))
    assert await db.read(deliveries.count_expired) == 3
    assert len(await db.write(deliveries.expire)) == 3
    again = await db.write(lambda s: due(s, deliveries.Who(holding=["chat"])))
    assert [one.delivery.key for one in again] == ["a1:mail/x", "a1:mail/y", "a2:chat"]


async def test_a_delivery_whose_lease_ran_out_is_not_tried_again_when_its_rule_is_gone(db: Database) -> None:
    await db.write(owe)
    await db.write(lambda s: due(s, seconds=OVER))
    await db.write(lambda s: s.delete(s.get_one(RuleState, "r")))
    assert len(await db.write(deliveries.expire)) == 3
    rows = await db.read(lambda s: s.exec(select(Delivery).where(Delivery.state == "suppressed")).all())
    assert [one.reason for one in rows] == [str(Reason.RULE_GONE)] * 3


async def test_a_paused_target_gets_nothing_and_others_go_on(db: Database) -> None:
    await db.write(owe)
    assert await db.write(lambda s: deliveries.pause(s, "mail/x", "auth", NOW))
    assert not await db.write(lambda s: deliveries.pause(s, "mail/x", "auth", NOW))
    assert {one.target.id for one in await db.write(due)} == {"mail/y", "chat"}
    assert await db.write(lambda s: deliveries.resume(s, "mail")) == 1


async def test_a_paced_target_waits(db: Database) -> None:
    await db.write(owe)
    await db.write(lambda s: deliveries.rest(s, ["chat"], (), NOW + SECOND))
    assert "chat" not in {one.target.id for one in await db.write(due)}
    await db.write(lambda s: deliveries.rest(s, ["chat"], (), NOW))  # never sooner than was said before
    row = await db.read(lambda s: s.get_one(Target, "chat"))
    assert row.next_allowed_at == NOW + SECOND


async def test_all_targets_of_a_channel_that_rests_wait(db: Database) -> None:
    await db.write(owe)
    await db.write(lambda s: deliveries.rest(s, (), ["mail"], NOW + SECOND))
    assert {one.target.id for one in await db.write(due)} == {"chat"}
