"""Pages a second of one worker against two and three, on one PostgreSQL: read from loopback, matched, written.

Each worker is a process with one process that reads pages, as on a machine of its own. The page server and PostgreSQL
run on the same cores and take their share, so their CPU is told apart, and two ratios are given: the measured one, and
the computed one: workers x CPU of a page with one worker / CPU of a page with so many (what is left when claims, locks
and commits of the others cost a worker more, and every worker has cores of its own). With --own-core each worker is
held to a core of its own, as on a machine of one core; without it one worker works on two already. With --share .4 each
is held to so much of a core, as on a slower machine of its own, so that cores are left for the page server and for
PostgreSQL: then the measured ratio tells how workers scale and not how few cores there are. The last line is a round in
which one of the workers is killed: how long the rest took for its pages, which they get when its lease is over.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlmodel import Session, col, func, select

from bench.costs import PROC, cpu_seconds, family
from bench.outlets import outlets, shape_of
from bench.servers import databases
from bench.shares import join, shares
from bench.site import base_of, free_sockets, serving
from bench.tables import table
from bench.watching import watch_text
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.pooled import extract_page
from pipeline.run import run_cycle
from storage.tables import Article

SITES = 8
WARM_PAGES = 24
HELD = 1.1  # of its share: more CPU than that, and a worker was not held to it
KILL_AFTER = 0.3  # of the pages are read
LEASE_S = 60.0
READY_S = 300.0
Pages = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Round:
    """What so many workers took for all pages; CPU in seconds, of each side."""

    workers: int
    pages: int
    seconds: float
    of_workers: float
    of_database: float
    of_pages: float
    shares: tuple[int, ...]  # pages that each worker read
    hits: int
    lost: int
    doubled: int
    killed: bool = False

    @property
    def pages_per_second(self) -> float:
        """By the clock on the wall."""
        return self.pages / self.seconds


# -- a worker


def work(orders: Connection, settings: Settings, warm: Pages, core: int | None, group: Path | None) -> None:
    """One worker process: gets ready, waits for the word, works until nothing is left, tells what it did."""
    if core is not None:
        os.sched_setaffinity(0, {core})  # and its readers with it
    if group is not None:
        join(group)
    asyncio.run(_work(orders, settings, warm))


async def _work(orders: Connection, settings: Settings, warm: Pages) -> None:
    async with open_app(settings, environ={}) as app:
        for url, page in warm:
            await app.pool.run(extract_page, page, url, "text/html", "utf-8", None, seconds=60.0)
        orders.send(("ready", 0))
        await asyncio.to_thread(orders.recv)
        before, read = cpu_seconds(family(os.getpid())), 0
        while await app.db.read(left):
            report = await run_cycle(app, steps=["read", "match"])
            read += report.total("read", "ready")
            await asyncio.sleep(0.1)
        orders.send(("done", (read, cpu_seconds(family(os.getpid())) - before)))
        await asyncio.to_thread(orders.recv)  # its own end takes CPU, too


def left(session: Session) -> int:
    """Articles that are still to be read or matched."""
    waits = (col(Article.state) == "pending") | col(Article.match_due)
    return session.exec(select(func.count()).select_from(Article).where(waits)).one()


# -- a round


@dataclass(frozen=True, slots=True)
class Ground:
    """What rounds stand on: the watch file, warm pages, how many pages there are, the page server's processes, and the
    cores or the share of a core that workers are held to, one each.
    """

    text: str
    warm: Pages
    pages: int
    server: Sequence[int]
    cores: Sequence[int] = ()
    share: float | None = None


def run_round(ground: Ground, url: str, count: int, *, kill: bool = False, lease_s: float = LEASE_S) -> Round:
    """All pages by so many workers on a fresh database; with `kill`, the first of them is killed on the way."""
    held = shares(count, ground.share) if ground.share else nullcontext([None] * count)
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, held as groups:
        folder = Path(name)
        (folder / "watch.yaml").write_text(ground.text, "utf-8")
        settings = Settings(
            _env_file=None, config=folder / "watch.yaml", data=folder, database=url, jobs=1, page_spacing=0.0,
            allow_addresses=(ipaddress.ip_network("127.0.0.0/8"),), cycle_seconds=900.0, lease_seconds=lease_s,
        )  # fmt: skip
        asyncio.run(_seen(settings, ground.pages))
        context = multiprocessing.get_context("spawn")
        pipes = [context.Pipe() for _ in range(count)]
        cores: Sequence[int | None] = ground.cores or [None] * count
        crew = [
            context.Process(target=work, args=(theirs, settings, ground.warm, core, group))
            for (_, theirs), core, group in zip(pipes, cores, groups, strict=False)
        ]
        try:
            for one, (_, theirs) in zip(crew, pipes, strict=True):
                one.start()
                theirs.close()  # else its end would not be heard
            return _measured(ground, url, crew, [ours for ours, _ in pipes], kill=kill)
        finally:
            for one in crew:
                one.kill()
                one.join()


async def _seen(settings: Settings, pages: int) -> None:
    """Everything polled: its pages wait to be read."""
    async with open_app(settings, environ={}) as app:
        if message := (await follow_file(app, "bench")).message:
            raise RuntimeError(message)
        await run_cycle(app, steps=["poll"])
        if (waiting := await app.db.read(left)) != pages:
            raise RuntimeError(f"of {pages} pages, {waiting} were found")


def _measured(
    ground: Ground, url: str, crew: Sequence[BaseProcess], orders: Sequence[Connection], *, kill: bool
) -> Round:
    for one in orders:
        if not one.poll(READY_S) or one.recv()[0] != "ready":
            raise RuntimeError("a worker did not get ready")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        server = _parent(connection.info.backend_pid)
        of_database, of_pages = cpu_seconds(family(server)), cpu_seconds(ground.server)
        began = time.perf_counter()
        for one in orders:
            one.send("go")
        working = list(orders)
        if kill:
            _when(connection, lambda left: left <= ground.pages * (1 - KILL_AFTER))
            crew[0].kill()
            working = working[1:]
        answers = [_answer(one) for one in working]
        seconds = time.perf_counter() - began
        of_database, of_pages = cpu_seconds(family(server)) - of_database, cpu_seconds(ground.server) - of_pages
        counted = "SELECT count(*) FILTER (WHERE state <> 'ready' OR match_due), count(*) FROM article"
        lost, articles = connection.execute(counted).fetchone() or (0, 0)
        hits = (connection.execute("SELECT count(*) FROM hit").fetchone() or (0,))[0]
    for one in working:
        one.send("end")
    by_worker = tuple(read for read, _ in answers)
    doubled = 0 if kill else sum(by_worker) - ground.pages  # the killed one takes its count with it
    return Round(
        len(crew), ground.pages, seconds, sum(cpu for _, cpu in answers), of_database, of_pages, by_worker, hits,
        lost + ground.pages - articles, doubled, killed=kill,
    )  # fmt: skip


def _answer(orders: Connection) -> tuple[int, float]:
    """What a worker tells in the end. Raises RuntimeError when it ends without a word."""
    try:
        read, cpu = orders.recv()[1]
    except EOFError:
        raise RuntimeError("a worker ended before its work was done; why is on its stderr") from None
    return int(read), float(cpu)


def _when(connection: psycopg.Connection[Any], true: Callable[[int], bool]) -> None:
    """Wait until so many pages are left to be read."""
    while True:
        row = connection.execute("SELECT count(*) FROM article WHERE state = 'pending'").fetchone()
        connection.commit()
        if true(row[0] if row else 0):
            return
        time.sleep(0.05)


def _parent(pid: int) -> int:
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


# -- all rounds


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    pages: int = 306  # and the seeds' fourteen
    rounds: int = 3
    most: int = 3  # workers
    rules: int = 196  # and the seeds' four
    lease: float = LEASE_S
    seed: int = 1
    own_core: bool = False
    share: float | None = None


def measure(plan: Plan, tell: Callable[[str], None]) -> list[Round]:
    """Run all rounds, by turns one, two, three workers; then one with a kill. `tell` hears of each as it ends."""
    sockets = free_sockets(SITES)
    now = datetime.now(UTC)
    sites = outlets([base_of(one) for one in sockets], plan.pages, seed=plan.seed, now=now)
    warm = outlets(["http://warm.test"], WARM_PAGES, seed=plan.seed + 1, now=now)[0]
    pages = [page for site in sites for page in site.pages.values()]
    text = watch_text([site.feed for site in sites], plan.rules, seed=plan.seed)
    tell(str(shape_of(pages)))
    found: list[Round] = []
    with (
        serving([(one, site.files) for one, site in zip(sockets, sites, strict=True)]),
        databases("postgresql") as fresh,
    ):
        server = [one.pid or 0 for one in multiprocessing.active_children()]
        cores = sorted(os.sched_getaffinity(0)) if plan.own_core else ()
        ground = Ground(text, list(warm.pages.items())[:WARM_PAGES], len(pages), server, cores, plan.share)
        for _ in range(plan.rounds):
            for count in range(1, plan.most + 1):
                found.append(run_round(ground, fresh(), count))
                tell(f"{count} workers: {found[-1].pages_per_second:.1f} pages/s, shares {found[-1].shares}")
        if plan.most > 1:
            found.append(run_round(ground, fresh(), 2, kill=True, lease_s=plan.lease))
            tell(f"2 workers, one killed: {found[-1].seconds:.1f} s")
    return found


# -- telling


def ratios(rounds: Sequence[Round], count: int) -> tuple[float, float]:
    """Measured and computed, of so many workers against one; the middle of the rounds."""
    alone = [one for one in rounds if one.workers == 1]
    many = [one for one in rounds if one.workers == count and not one.killed]
    measured = median(one.pages_per_second for one in many) / median(one.pages_per_second for one in alone)
    cpu = median(one.of_workers / one.pages for one in alone) / median(one.of_workers / one.pages for one in many)
    return measured, count * cpu


def markdown(rounds: Sequence[Round], plan: Plan) -> str:
    """The measurement for people."""
    heads = ["workers", "pages/s, median", "ratio", "computed", "CPU ms a page: worker", "PostgreSQL", "page server",
             "cores busy", "lost", "doubled"]  # fmt: skip
    rows = []
    for count in sorted({one.workers for one in rounds}):
        some = [one for one in rounds if one.workers == count and not one.killed]
        measured, computed = ratios(rounds, count)
        sides = [
            [getattr(one, side) for one in some] for side in ("of_workers", "of_database", "of_pages")
        ]  # seconds a round
        busy = median(sum(three) / one.seconds for one, *three in zip(some, *sides, strict=True))
        rows.append(
            [
                str(count), f"{median(one.pages_per_second for one in some):.1f}", f"{measured:.2f}", f"{computed:.2f}",
                *(f"{median(side) / some[0].pages * 1_000:.1f}" for side in sides), f"{busy:.2f}",
                str(sum(one.lost for one in some)), str(sum(one.doubled for one in some)),
            ]
        )  # fmt: skip
    held = ", each worker held to one of them" if plan.own_core else ""
    held = f", each worker held to {plan.share:g} of one" if plan.share else held
    lines = [f"{rounds[0].pages} pages, {os.cpu_count()} cores for all{held}.", "", table(heads, rows)]
    for one in (one for one in rounds if one.killed):
        usual = median(each.seconds for each in rounds if each.workers == one.workers and not each.killed)
        lines += [
            "",
            f"One of {one.workers} killed after {KILL_AFTER:.0%} of the pages: all were read and matched after"
            f" {one.seconds:.1f} s (without a kill {usual:.1f} s, lease {plan.lease:g} s), lost {one.lost}.",
        ]
    return "\n".join(lines)


def faults(rounds: Sequence[Round], plan: Plan) -> list[str]:
    """What is not as it must be, in words; speed is for people to judge."""
    found = [
        f"{one.workers} workers: {one.lost} lost, {one.doubled} doubled" for one in rounds if one.lost or one.doubled
    ]
    alone = max((one.seconds for one in rounds if one.workers == 1), default=0.0)
    late = [one for one in rounds if one.killed and one.seconds > alone + plan.lease + 5.0]
    found += [f"after a kill: {one.seconds:.0f} s" for one in late]
    if (share := plan.share) is not None:
        used = [(one.workers, one.of_workers / one.seconds / one.workers) for one in rounds]
        found += [
            f"{workers} workers: {cores:.2f} of a core each, not the {share:g} they were held to"
            for workers, cores in used
            if cores > HELD * share
        ]
    return found


def main() -> int:
    """Run the measurement. Exit code 1 when something was lost or doubled, a kill cost more than its lease, or workers
    used more than the share they were held to.
    """
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--pages", type=int, default=usual.pages, help="made-up pages, beside the seeds' 14")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--most", type=int, default=usual.most, help="workers at most")
    parser.add_argument("--rules", type=int, default=usual.rules, help="made-up rules, beside the seeds' 4")
    parser.add_argument("--lease", type=float, default=usual.lease, help="seconds, of the round with a kill")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--own-core", action="store_true", help="hold each worker, and its readers, to one core")
    parser.add_argument("--share", type=float, help="hold each worker, and its readers, to so much of a core (root)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of Markdown")
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    plan = Plan(**given)
    if plan.own_core and plan.share is not None:
        parser.error("--own-core and --share: say one of them")
    if plan.own_core and plan.most > (cores := len(os.sched_getaffinity(0))):
        parser.error(f"--own-core: {cores} cores are not enough for {plan.most} workers; say --most {cores}")
    if plan.share is not None:
        if plan.share <= 0:
            parser.error(f"--share {plan.share:g}: say how much of a core each worker has, such as .4")
        try:
            with shares(1, plan.share):
                pass
        except OSError as error:
            parser.error(f"--share {plan.share:g}: {error}")
    rounds = measure(plan, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps([asdict(one) for one in rounds], indent=2) if as_json else markdown(rounds, plan))
    for fault in (found := faults(rounds, plan)):
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
