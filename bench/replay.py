"""`python -m bench.replay`: an archive replayed by the flow on Dask, beside extraction and matching alone.

Makes a WARC file (.warc.gz, a member a record) of made-up pages, and gives it, in one run, to

    alone       as `read` and `match` do it: as many reading processes, one that matches; nothing is written
    on Dask     the flow `backfill` with as many reading processes: planned, read, matched, grouped and stored
    killed      the same into another database; the flow's process gets SIGKILL in the middle, and is started again

Told of both: pages a second of the clock, and seconds of CPU a page, which others at work on this machine change less;
the flow's with all its processes' start, and once it stores pages. Exit code 1 when an aim was missed: the ratio of
pages a second, the peak of memory (PSS of the flow's process, its Dask workers and all that read pages; Prefect's
server is another's), hits lost or doubled by the kill, or a kill that came before the first batch or after the last.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from bench.costs import Meter, family, memory_mb
from bench.outlets import outlets
from bench.servers import KINDS, databases
from bench.tables import table
from bench.watching import watch_text
from cli.up import is_healthy
from core.clock import SystemClock
from core.pool import WorkerPool
from core.ports import free_port
from core.settings import Settings
from extractors.choose import warm_up
from pipeline import compiled
from pipeline.app import Active
from pipeline.archive.judging import Lines, Replayer, extraction, judged, sites
from pipeline.archive.pages import Part, Taken, pages_of
from pipeline.archive.sources import Kind
from pipeline.bootstrap import PRELOAD, open_database
from pipeline.pooled import READER_BYTES
from storage.engine import Database
from storage.tables import Article, Hit
from tests.archives import http, record

RATIO = 0.8
MEMORY_MB = 1_000.0
SITES, AT_A_TIME = 8, 400  # pages that are made together
SPAN = timedelta(days=60)  # of the pages' dates
RULES = 196  # and the seeds'
CHILD = (
    "import asyncio, json, sys; from flows.backfill import backfill; "
    "print(json.dumps(asyncio.run(backfill([sys.argv[1]], jobs=int(sys.argv[2])))))"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """The file, how many pages it holds, and how many bytes these are."""

    file: Path
    pages: int
    size: int
    feeds: list[str]


@dataclass(frozen=True, slots=True)
class Pace:
    """Pages a second, and milliseconds of CPU a page of all processes together."""

    pages_s: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Look:
    """A moment of a run: seconds, seconds of CPU so far, pages stored."""

    at: float
    cpu_s: float
    stored: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the flow: seconds of work, peak of its processes' memory, what it found, and what it used when."""

    seconds: float
    memory_mb: float
    counts: Mapping[str, int]
    looks: Sequence[Look]

    def pace(self, pages: int) -> Pace:
        """Of the whole run, with its start."""
        return Pace(pages / self.seconds, self.looks[-1].cpu_s / pages * 1_000)

    def steady(self) -> Pace:
        """From the first pages stored to the last, without the start of its processes."""
        first = next(one for one in self.looks if one.stored)
        last = next(one for one in self.looks if one.stored == self.looks[-1].stored)
        pages = max(1, last.stored - first.stored)
        return Pace(pages / max(1e-9, last.at - first.at), (last.cpu_s - first.cpu_s) / pages * 1_000)


def made(folder: Path, megabytes: int, seed: int) -> Archive:
    """Write an archive of so many megabytes of pages, over some sites and weeks."""
    file, pages, size = folder / "archive.warc.gz", 0, 0
    bases = [f"https://site{number}.example" for number in range(SITES)]
    feeds: dict[str, None] = {}
    now = datetime.now(UTC)
    with file.open("wb") as out:
        for part in range(1 << 30):
            at = now - SPAN + timedelta(hours=part * 5 % (SPAN // timedelta(hours=1)))
            for site in outlets(bases, AT_A_TIME, seed=seed + part, now=at):
                feeds[site.feed] = None
                for url, body in site.pages.items():
                    if size >= megabytes * 1_000_000:
                        return Archive(file, pages, size, list(feeds))
                    name = url.replace(".html", f"-{part}.html")  # the seeds' pages are in each part
                    out.write(gzip.compress(record(name, http(body), at=at), 6))
                    pages, size = pages + 1, size + len(body)
    raise AssertionError("the loop ends by returning")


# -- extraction and matching alone


async def alone(archive: Archive, folder: Path, text: str, jobs: int) -> Pace:
    """How fast pages are read and matched as live: as many pages under way, and nothing written."""
    settings = Settings(_env_file=None, data=folder, database=f"sqlite:///{folder / 'alone.db'}")
    db = open_database(settings, migrate=True)
    watch, matcher = compiled.opened(folder / "index", text, file="bench")
    pool = WorkerPool(jobs, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)
    active = Active(1, watch, matcher, {})
    replayer = Replayer(settings, db, SystemClock(), pool, active)
    places = db.write_now(lambda session: sites(session, datetime.now(UTC)))
    part = Part(Kind.WARC, str(archive.file), (0, None))
    pages, lines = pages_of(part, db), Lines(db)
    warm = next(page for page in pages_of(part, db) if isinstance(page, Taken))

    async def one(page: Taken) -> None:
        await judged(replayer, active, places, lines, page, await extraction(replayer, active, page))

    await asyncio.gather(*(one(warm) for _ in range(jobs * 2)))

    async def lane() -> int:
        done = 0
        for page in pages:
            if isinstance(page, Taken):
                await one(page)
                done += 1
        return done

    async def watched(meter: Meter) -> None:
        while True:  # a process that reads is replaced after 500 pages
            meter.look(family(os.getpid()))
            await asyncio.sleep(1.0)

    meter = Meter()
    began, used = time.perf_counter(), meter.look(family(os.getpid()))
    watching = asyncio.create_task(watched(meter))
    done = sum(await asyncio.gather(*(lane() for _ in range(20 + 4 * jobs))))
    seconds, used = time.perf_counter() - began, meter.look(family(os.getpid())) - used
    watching.cancel()
    pool.close()
    db.close()
    if done != archive.pages:
        raise RuntimeError(f"{done} pages where {archive.pages} were made")
    return Pace(done / seconds, used / done * 1_000)


# -- the flow


@contextmanager
def prefect(folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server of our own; what its clients' environment has to say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WIREWATCH_", "PREFECT_"))}
    api = f"http://127.0.0.1:{free_port()}/api"
    own = {"PREFECT_API_URL": api, "PREFECT_HOME": str(folder / "prefect"), "DO_NOT_TRACK": "1"}
    environ = {**kept, **own, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_LEVEL": "WARNING"}
    environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    port = api.removesuffix("/api").rpartition(":")[2]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 400
        while not is_healthy(api):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Prefect's server did not start: {(folder / 'server.log').read_text()[-500:]}")
            time.sleep(0.3)
        yield environ
    finally:
        server.terminate()
        server.wait(30)


class Flow:
    """The flow over one database, started as often as wanted."""

    def __init__(self, archive: Archive, folder: Path, database: str, environ: Mapping[str, str], jobs: int) -> None:
        folder.mkdir()
        (folder / "watch.yaml").write_text(watch_text(archive.feeds, RULES, seed=1), "utf-8")
        own = {"WIREWATCH_CONFIG": str(folder / "watch.yaml"), "WIREWATCH_DATA": str(folder)}
        self.settings = Settings(_env_file=None, data=folder, database=database)
        self._environ = {**environ, **own, "WIREWATCH_DATABASE": database}
        self._command = [sys.executable, "-c", CHILD, str(archive.file), str(jobs)]
        self._folder = folder

    def start(self) -> subprocess.Popen[str]:
        """A process of its own, with a log in the folder."""
        with (self._folder / "flow.log").open("ab") as log:
            return subprocess.Popen(
                self._command, env=self._environ, cwd=self._folder, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def run(self) -> Run | None:
        """To its end; None when another start has the lock."""
        child, peak, meter, looks = self.start(), 0.0, Meter(), list[Look]()
        while child.poll() is None:
            processes = family(child.pid)
            peak = max(peak, memory_mb(processes))
            looks.append(Look(time.perf_counter(), meter.look(processes), self.stored()))
            with suppress(subprocess.TimeoutExpired):
                child.wait(1.0)
        said = child.stdout.read() if child.stdout else ""
        if child.returncode:
            raise RuntimeError(f"the flow failed; see {self._folder / 'flow.log'}")
        (source,) = json.loads(said.splitlines()[-1])["sources"]
        if source["skipped"]:
            return None
        counts: Counter[str] = Counter()
        for one in source["counts"]:
            counts[one["outcome"]] += one["count"]
        return Run(source["seconds"], peak, counts, looks)

    def kill_at(self, articles: int) -> int:
        """Start it, and kill its process when so many articles are stored; how many were in the end."""
        child = self.start()
        while child.poll() is None and self.stored() < articles:
            time.sleep(0.2)
        child.send_signal(signal.SIGKILL)
        child.wait()
        time.sleep(3.0)  # its workers end when they find it gone
        return self.stored()

    def stored(self) -> int:
        """How many articles there are; 0 while there is no database."""
        with suppress(Exception), _reading(self.settings) as db:
            return db.read_now(lambda session: session.exec(select(func.count()).select_from(Article)).one())
        return 0

    def hits(self) -> Counter[tuple[str, str]]:
        """How many hits there are of each rule and article."""
        query = select(Hit.rule_id, Article.key).join(Article, col(Article.id) == col(Hit.article_id))
        with _reading(self.settings) as db:
            return Counter(db.read_now(lambda session: [(rule, key) for rule, key in session.exec(query)]))

    def texts(self) -> dict[str, tuple[str, str]]:
        """What each article came to be: its text's hash and its state."""
        query = select(Article.key, Article.text_hash, Article.state)
        with _reading(self.settings) as db:
            return db.read_now(lambda session: {key: (text, state) for key, text, state in session.exec(query)})


@contextmanager
def _reading(settings: Settings) -> Iterator[Database]:
    db = open_database(settings, migrate=False)
    try:
        yield db
    finally:
        db.close()


def killed(flow: Flow, pages: int) -> tuple[int, Run]:
    """Kill a run in its middle, and start it again until it is done: the dead one's lock holds for a minute."""
    before = flow.kill_at(pages // 2)
    while (ended := flow.run()) is None:
        time.sleep(5.0)
    return before, ended


def compared(whole: Flow, killed: Flow) -> tuple[int, int, int]:
    """Hits that the killed run lacks, those that it has over, and how many articles came out otherwise, whose hits are
    in neither: a line that a site repeats leaves its third page, and which that is depends on how batches took turns.
    """
    texts, others = whole.texts(), killed.texts()
    otherwise = {key for key in texts.keys() & others.keys() if texts[key] != others[key]}
    wanted, found = whole.hits(), killed.hits()
    lost = sum(n for (_, key), n in (wanted - found).items() if key not in otherwise)
    doubled = sum(n for (_, key), n in (found - wanted).items() if key not in otherwise)
    return lost, doubled, len(otherwise)


# -- telling


def measure(folder: Path, megabytes: int, jobs: int, kind: str, seed: int) -> tuple[str, list[str]]:
    """Everything in one run; the figures as Markdown, and the aims that were missed."""
    archive = made(folder, megabytes, seed)
    _say(f"{archive.pages} pages, {archive.size / 1e6:.0f} MB, {archive.file.stat().st_size / 1e6:.0f} MB packed")
    bare = asyncio.run(alone(archive, folder, watch_text(archive.feeds, RULES, seed=1), jobs))
    _say(f"alone: {bare.pages_s:.1f} pages/s")
    with databases(kind) as fresh, prefect(folder) as environ:
        first = Flow(archive, folder / "whole", fresh(), environ, jobs)
        whole = first.run()
        if whole is None:
            raise RuntimeError("nobody else can have this lock")
        _say(f"on Dask: {whole.pace(archive.pages).pages_s:.1f} pages/s, {whole.memory_mb:.0f} MB")
        second = Flow(archive, folder / "killed", fresh(), environ, jobs)
        before, resumed = killed(second, archive.pages)
        lost, doubled, otherwise = compared(first, second)
    ran, steady = whole.pace(archive.pages), whole.steady()
    rows: list[list[Any]] = [
        [f"alone, {jobs} processes", *_paced(bare), "", "", ""],
        [f"on Dask, {jobs} processes, {kind}", *_paced(ran), f"{whole.memory_mb:.0f}", whole.counts["stored"],
         whole.counts["hits"]],
        ["the same behind its first batches", *_paced(steady), "", "", ""],
        [f"killed at {before}, and on", "", "", f"{resumed.memory_mb:.0f}", resumed.counts["stored"],
         resumed.counts["hits"]],
    ]  # fmt: skip
    ratio, memory = ran.pages_s / bare.pages_s, max(whole.memory_mb, resumed.memory_mb)
    faults = [
        *([f"ratio {ratio:.2f}, the aim is {RATIO}"] if ratio < RATIO else []),
        *([f"memory {memory:.0f} MB, the aim is {MEMORY_MB:.0f}"] if memory > MEMORY_MB else []),
        *([] if 0 < before < archive.pages else [f"killed at {before} of {archive.pages} pages, not in the middle"]),
        *([f"hits lost: {lost}"] if lost else []),
        *([f"hits doubled: {doubled}"] if doubled else []),
        *(f"of {archive.pages} pages {_read(one)} read" for one in (whole, resumed) if _read(one) != archive.pages),
    ]
    head = f"{archive.pages} pages, {archive.size / 1e6:.0f} MB of HTML, {RULES + 4} rules, {os.cpu_count()} cores.\n\n"
    figures = table(["", "pages/s", "CPU ms a page", "memory, MB", "stored", "hits"], rows)
    ending = (
        f"\n\nRatio by the clock: {ratio:.2f} (aim {RATIO}), behind the start {steady.pages_s / bare.pages_s:.2f}; "
        f"by CPU {bare.cpu_ms / ran.cpu_ms:.2f}, behind the start {bare.cpu_ms / steady.cpu_ms:.2f}.\n"
        f"Killed when {before} of {archive.pages} pages were stored: {lost} hits lost, {doubled} doubled; "
        f"{otherwise} articles came out otherwise, as lines that sites repeat were seen in another order."
    )
    return head + figures + ending, faults


def _paced(pace: Pace) -> list[str]:
    return [f"{pace.pages_s:.1f}", f"{pace.cpu_ms:.1f}"]


def _read(run: Run) -> int:
    return run.counts["stored"] + run.counts["known"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Run it; what it wrote goes with it."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of pages, uncompressed")
    parser.add_argument("--megabytes", type=int, default=0, help="instead of gigabytes, to try it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that read pages, either way")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wirewatch-replay-", ignore_cleanup_errors=True) as name:
        megabytes = given.megabytes or round(given.gigabytes * 1_000)
        told, faults = measure(Path(name), megabytes, given.jobs, given.database, given.seed)
    print(told)
    print("\n".join(["", *faults]) if faults else "\nAll aims met.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
