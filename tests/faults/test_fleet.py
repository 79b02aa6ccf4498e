"""Several workers on one PostgreSQL: they share the work, are polite together, and one that goes costs nothing."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url
from sqlmodel import Session

from bench.workers import left
from pipeline.configure import apply_text, read_watch
from storage import configs
from storage.engine import Database
from tests.builders import World
from tests.conftest import migrate, own_network
from tests.databases import Databases
from tests.faults.cut import local_sockets
from tests.faults.fleet import SPACING_S, Fleet, fleet, leased_by_others, rule
from tests.faults.orchestrator import until
from tests.faults.questions import due, read, rows

pytestmark = pytest.mark.timeout(300)
WORKERS = 3
LEAST_S = SPACING_S / 3  # a request may leave a quarter of the spacing late, and the sites share our processors


def all_told(ours: Fleet, count: int) -> bool:
    return len(ours.world.hook.keys) >= count


def was_polite(ours: Fleet) -> None:
    """No host was asked twice at once, nor sooner than is allowed, by whichever worker."""
    for host in ours.hosts:
        assert min(host.gaps()) >= LEAST_S, (host.name, sorted(host.gaps())[:5])


def was_told_once(ours: Fleet, count: int) -> None:
    """Every article was read once, and every event told once."""
    assert len(ours.world.hook.keys) == len(ours.world.hook.taken) == count
    told = Counter(request.json["rule"] for request in ours.world.hook.taken)
    assert set(told.values()) == {1}
    for host in ours.hosts:
        pages = [path for path in host.paths() if path.endswith(".html")]
        assert len(pages) == len(set(pages)), host.name


@pytest.mark.faults  # twenty seconds, mostly of waiting for hosts' moments
def test_three_workers_share_the_work_are_polite_together_and_double_nothing(
    world: World, databases: Databases
) -> None:
    with databases.fresh("postgresql", world.folder, migrate) as url, fleet(world, url, hosts=10) as ours:
        ours.publish(8)
        ours.watch(80)
        for shard in range(1, WORKERS + 1):
            ours.start(shard)
        until(lambda: all_told(ours, 80), 120, "80 messages")
        assert [worker.stop() for worker in ours.workers] == [0] * WORKERS
        told = read(url, rows)
        assert read(url, leased_by_others) == []
    was_told_once(ours, 80)
    was_polite(ours)
    assert {host.most_at_once for host in ours.hosts} == {1}
    assert (told["Article"], told["Hit"], told["Alert"], told["Delivery"]) == (80, 80, 80, 80)
    assert all(worker.total("read", "ready") for worker in ours.workers), [w.reports for w in ours.workers]
    assert sum(worker.total("read", "ready") for worker in ours.workers) == 80
    assert sum(worker.total("deliver", "sent") for worker in ours.workers) == 80


@pytest.mark.faults
def test_a_rule_made_in_the_page_is_matched_by_every_worker_from_its_next_cycle_on(
    world: World, databases: Databases
) -> None:
    with databases.fresh("postgresql", world.folder, migrate) as url, fleet(world, url, hosts=9) as ours:
        ours.publish(0)
        ours.watch(0)
        for shard in range(1, WORKERS + 1):
            ours.start(shard)
        until(lambda: all(host.asked for host in ours.hosts), 120, "the first poll of all")
        ours.world.rules = {f"r{n}": rule(n) for n in range(54)}
        edited = read(url, active_revision)
        saved = save(url, ours.world.watch_text())
        until(
            lambda: all(f"event=config revision={saved} " in one.words for one in ours.workers), 120, "the new revision"
        )
        assert saved == edited + 1
        ours.publish(6)

        def told() -> bool:
            due(url)  # again and again: a poll that was under way plans the next one
            time.sleep(2)
            return all_told(ours, 54)

        until(told, 120, "54 messages", lambda: f"{len(ours.world.hook.keys)} came")
        assert [worker.stop() for worker in ours.workers] == [0] * WORKERS
    was_told_once(ours, 54)
    was_polite(ours)


@pytest.mark.faults
def test_a_worker_that_is_stopped_ends_what_it_began_and_leaves_no_lease_behind(
    world: World, databases: Databases
) -> None:
    with databases.fresh("postgresql", world.folder, migrate) as url, fleet(world, url, hosts=6) as ours:
        for host in ours.hosts:
            host.answer_s = 1.0  # so that pages are under way when it is told
        ours.publish(10)
        ours.watch(60)
        first = ours.start(1, cycle_seconds=60, page_spacing=1.1)
        until(lambda: any(path.endswith(".html") for host in ours.hosts for path in host.paths()), 120, "a page")
        began = time.monotonic()
        assert first.stop() == 0
        took = time.monotonic() - began
        assert read(url, leased_by_others) == []
        assert read(url, left), "all was over before it was told"
        for host in ours.hosts:
            host.answer_s = 0.0
        others = [ours.start(shard, page_spacing=0.2) for shard in (2, 3)]
        until(lambda: all_told(ours, 60), 120, "60 messages")
        assert [worker.stop() for worker in others] == [0, 0]
        assert read(url, left) == 0
    assert took < 30
    was_told_once(ours, 60)


@pytest.mark.faults
def test_the_work_of_a_killed_worker_is_taken_over_when_its_lease_is_over(world: World, databases: Databases) -> None:
    lease_s = 3
    with databases.fresh("postgresql", world.folder, migrate) as url, fleet(world, url, hosts=6) as ours:
        ours.publish(10)
        ours.watch(60)
        for shard in range(1, WORKERS + 1):
            ours.start(shard, lease_seconds=lease_s, cycle_seconds=60)
        until(lambda: len(world.hook.requests) >= 5, 120, "the first messages")
        ours.workers[0].process.kill()
        until(lambda: all_told(ours, 60), 120, "60 messages")
        assert [worker.stop() for worker in ours.workers[1:]] == [0, 0]
        assert read(url, left) == 0
    told = Counter(key for key in (request.key for request in world.hook.taken))
    assert len(told) == 60
    assert {len(set(keys)) for keys in keys_by_rule(world).values()} == {1}  # a repeat bears the same key


def keys_by_rule(world: World) -> dict[str, set[str]]:
    """Rule → the keys under which its event was told."""
    found: dict[str, set[str]] = {}
    for request in world.hook.taken:
        found.setdefault(request.json["rule"], set()).add(request.key)
    return found


def active_revision(session: Session) -> int:
    return configs.active_revision(session)


def save(url: str, text: str) -> int:
    """Make it the active revision, as somebody on the page does."""
    database = Database(url)
    watch = read_watch(text, file="page", secrets={})
    try:
        saved = database.write_now(
            lambda session: apply_text(session, text, watch, from_file=False, who="x", now=datetime.now(UTC))
        )
    finally:
        database.close()
    return saved.revision


@pytest.mark.faults
@pytest.mark.namespace
@pytest.mark.timeout(600)
def test_a_worker_that_is_cut_off_from_everything_loses_and_doubles_nothing(world: World, databases: Databases) -> None:
    with (
        databases.fresh("postgresql", world.folder, migrate) as url,
        fleet(world, url, hosts=6) as ours,
        local_sockets(world.folder, [world.hook.port, *(host.sink.port for host in ours.hosts)]) as ways,
    ):
        ours.publish(12)
        ours.watch(108)
        where = make_url(url)
        ways |= {"5432": f"{where.query['host']}/.s.PGSQL.5432"}
        far = ours.start(
            3, [*own_network(), sys.executable, "-m", "tests.faults.cut", json.dumps(ways)],
            f"postgresql://postgres@127.0.0.1:5432/{where.database}", cycle_seconds=60, lease_seconds=5,
        )  # fmt: skip
        until(lambda: "step=read" in far.words, 120, "a page that it reads")
        for shard in (1, 2):
            ours.start(shard, cycle_seconds=60, lease_seconds=5)
        far.process.send_signal(signal.SIGUSR1)
        took = until(lambda: all_told(ours, 72), 180, "72 messages by those that are left")
        took += until(lambda: not read(url, left), 180, "its pages read by others")
        far.process.send_signal(signal.SIGUSR2)
        assert [worker.stop() for worker in ours.workers if worker is not far] == [0, 0]
        ours.publish(6, first=72)
        due(url)
        until(lambda: all_told(ours, 108), 120, "108 messages, the rest of them by the one that was cut off")
        assert far.stop() in (0, 1)  # its last cycle may have been one without a database
        assert read(url, leased_by_others) == []
    repeats = len(world.hook.taken) - 108
    print(f"\nall 72 were read and told {took:.0f} s after the cut; {repeats} repeats under their keys")
    assert {len(keys) for keys in keys_by_rule(world).values()} == {1}
    assert len(world.hook.keys) == 108
    was_polite(ours)
