"""`python -m bench.soak`: `wirewatch up` for some minutes beside sites that go on publishing, while it is being hurt.

Load `team`: 500 feeds, 10,000 articles a day, 200 rules, on SQLite; `newsroom`: 5,000 feeds, 60,000 articles a day,
2,000 rules, on PostgreSQL; `one`: a single feed, and nothing is hurt. Under the first two, runs, the process that
starts them, the page and processes that read are killed at random moments, and the mail server goes away; to start
again is `up`'s job. Each event that a poll saw must be told once by e-mail and once by webhook, every delivery of the
ledger must have come, and a SIGTERM must leave no process behind. Exit code 1 when anything of that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlmodel import select

from bench.injuries import Injuries
from bench.loads import CHANNELS, LOADS, Load, watch_text
from bench.processes import Process, Watcher, figures, of_run
from bench.servers import KINDS, databases
from bench.verdicts import STOP_S, Findings, audited, complaints, document, markdown, stray, told
from bench.world import Published, World, world
from core.ports import free_port
from storage.engine import Database
from storage.tables import Delivery

EVERY_S = 60.0
START_S = 1_200.0  # for a first poll of every feed: Prefect's server, a new process for the run, the schema
WARM_S = 120.0  # not looked at for how memory grows
LAST_S = 300.0  # after the last article: for what was seen to be told, whatever was killed
QUIET_S = 10.0  # for what should not come
NOTE_S = 60.0


class Soak:
    """One run; everything it writes is in `folder`."""

    def __init__(self, load: Load, name: str, minutes: int, url: str, folder: Path, seed: int) -> None:
        self.load, self.name, self.minutes, self.url = load, name, minutes, url
        self.folder, self.seed = folder, seed
        self.chance = random.Random(seed)

    async def run(self) -> Findings:
        """All of it."""
        async with world(self.load, self.seed) as (around, mail, hooks):
            text = watch_text(self.load, [feed.url for feed in around.feeds], around.mail_port, hooks, seed=self.seed)
            (self.folder / "watch.yaml").write_text(text, "utf-8")
            watcher, injuries = Watcher(self.processes), Injuries(self.processes, mail, self.chance)
            watching = asyncio.create_task(watcher.run())
            try:
                with (self.folder / "up.log").open("wb") as log:
                    child = self._start(log.fileno())
                await self._first_polls(around, child)
                watcher.samples.clear()
                before, began = await asyncio.to_thread(self._on_disc), time.monotonic()
                await self._publish(around, child, injuries)
                until = await self._drain(around, child)
                grown = await asyncio.to_thread(self._on_disc)
                hours = (time.monotonic() - began) / 3_600
                watching.cancel()
                stop_seconds, code = await asyncio.to_thread(_stop, child)
                await asyncio.sleep(1.0)  # a message that was under way may come now
                rows = await asyncio.to_thread(self._ledger)
            finally:
                watching.cancel()
                self._kill_all()
        at = [when for when, _ in injuries.at]
        news = seen_by(around, until)
        return Findings(
            load=self.name, database=self.kind, minutes=self.minutes,
            published=len(around.articles) - self.load.feeds,
            events=len(news), unseen=len(around.news) - len(news),
            polls=around.polls, not_modified=around.not_modified,
            told={channel: told(news, around.arrivals, channel, at) for channel in CHANNELS},
            strays=stray(around.news, around.arrivals), ledger=audited(rows, around.arrivals),
            injuries=injuries.counts, processes=figures(watcher.samples, WARM_S),
            grown_mb={name: (grown[name] - before.get(name, 0.0)) / hours for name in grown},
            complaints=complaints((self.folder / "up.log").read_text("utf-8", "replace").splitlines()),
            stop_seconds=stop_seconds, exit_code=code, left_over=tuple(self._left),
        )  # fmt: skip

    @property
    def kind(self) -> str:
        """Of the database."""
        return "postgresql" if self.url else "sqlite"

    def processes(self) -> list[Process]:
        """What of it is running."""
        return of_run(self.folder / "prefect")

    def _start(self, log: int) -> subprocess.Popen[bytes]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("WIREWATCH_", "PREFECT_"))}
        environ |= {
            "WIREWATCH_CONFIG": str(self.folder / "watch.yaml"),
            "WIREWATCH_DATA": str(self.folder / "data"),
            "WIREWATCH_DATABASE": self.url,
            "WIREWATCH_EVERY_SECONDS": f"{EVERY_S:g}",
            "WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8",
            "WIREWATCH_PORT": str(free_port()),
            "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
            "PREFECT_HOME": str(self.folder / "prefect"),
        }
        command = [str(Path(sys.executable).with_name("wirewatch")), "-v", "up"]
        return subprocess.Popen(command, cwd=self.folder, env=environ, stdout=log, stderr=log, start_new_session=True)

    async def _first_polls(self, around: World, child: subprocess.Popen[bytes]) -> None:
        """What a feed holds at its first poll is from before; events come after it."""
        until = time.monotonic() + START_S
        while missing := sum(not feed.polled for feed in around.feeds):
            _must_run(child)
            if time.monotonic() > until:
                raise RuntimeError(f"{missing} of {len(around.feeds)} feeds not polled within {START_S:g} s")
            await asyncio.sleep(0.5)
        await asyncio.sleep(5.0)
        _say(f"all {len(around.feeds)} feeds polled once; publishing for {self.minutes} minutes")

    async def _publish(self, around: World, child: subprocess.Popen[bytes], injuries: Injuries) -> None:
        """Articles at the load's pace, one headline a minute edited, and injuries beside them."""
        hurting = asyncio.create_task(injuries.run()) if self.load.hurt else None
        began = noted = time.monotonic()
        noise, edits = 0, 0
        while (passed := (time.monotonic() - began) / 60.0) < self.minutes:
            _must_run(child)
            while len(around.news) < 1 + passed * self.load.events:
                around.publish_news()
            while noise < passed * (self.load.articles - self.load.events):
                around.publish_noise()
                noise += 1
            if edits < passed - 0.5:
                around.edit_headline(around.news[-1])
                edits += 1
            if time.monotonic() - noted > NOTE_S:
                noted = time.monotonic()
                _say(f"{passed:.0f} min: {around.polls} polls, {around.page_reads} pages, {len(around.arrivals)} sent")
            await asyncio.sleep(0.5)
        if hurting is not None:
            hurting.cancel()
            with suppress(asyncio.CancelledError):
                await hurting
            injuries.mail.stop()
            injuries.mail.start()

    async def _drain(self, around: World, child: subprocess.Popen[bytes]) -> float:
        """Wait until all that polls have seen was told, or it is too late; returns until when they have seen it."""
        late = time.monotonic() + LAST_S
        while time.monotonic() < late and not _all_told(around, [one.slug for one in seen_by(around, time.time())]):
            _must_run(child)
            await asyncio.sleep(1.0)
        until = time.time()
        await asyncio.sleep(QUIET_S)
        return until

    def _on_disc(self) -> dict[str, float]:
        """Megabytes: the database, the rest of the data folder, Prefect's own."""
        data = self.folder / "data"
        base = _size(data.glob("wirewatch.db*"))
        own = _size(data.rglob("*")) - base
        if self.url:
            with psycopg.connect(self.url) as connection:
                ((base,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        sizes = {"database": base, "other data": own, "Prefect": _size((self.folder / "prefect").rglob("*"))}
        return {name: size / 1e6 for name, size in sizes.items()}

    def _ledger(self) -> Sequence[tuple[str, str]]:
        url = self.url.replace("postgresql://", "postgresql+psycopg://")
        db = Database(url or f"sqlite:///{self.folder}/data/wirewatch.db")
        try:
            return db.read_now(lambda session: session.exec(select(Delivery.key, Delivery.state)).all())
        finally:
            db.close()

    def _kill_all(self) -> None:
        """Note what is left over. After a run that went wrong, or was ended as it began, nothing of it goes on."""
        self._left = []
        for _ in range(2):  # for a moment of its beginning a process bears no environment to know it by
            left = self.processes()
            self._left += [f"{one.pid} {one.command[:120]}" for one in left]
            for one in left:
                with suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
            time.sleep(0.2)


def _size(files: Iterable[Path]) -> float:
    total = 0.0
    for path in files:
        with suppress(OSError):
            total += path.stat().st_blocks * 512
    return total


def seen_by(around: World, until: float) -> list[Published]:
    """The events that polls had seen by then."""
    return [one for one in around.news if 0 < one.seen_at <= until]


def _all_told(around: World, awaited: Sequence[str]) -> bool:
    for channel in CHANNELS:
        slugs: set[str] = set().union(*(one.slugs for one in around.arrivals if one.channel == channel))
        if not slugs.issuperset(awaited):
            return False
    return True


def _must_run(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        raise RuntimeError(f"`up` ended by itself (exit code {child.returncode})")


def _stop(child: subprocess.Popen[bytes]) -> tuple[float, int | None]:
    """SIGTERM; how long it took, and the exit code, None when it is still there after a minute."""
    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        code = child.wait(STOP_S)
        return time.monotonic() - began, code
    return STOP_S, None


def _end(number: int, _: object) -> None:
    """A SIGTERM ends the soak as an error would, so that what it started ends with it."""
    raise SystemExit(128 + number)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def soak(name: str, database: str, minutes: int, seed: int, *, hurt: bool) -> Findings:
    """One run of a load on a database; the folder of its log is said on stderr."""
    load = LOADS[name] if hurt else replace(LOADS[name], hurt=False)
    kind = database or load.database
    folder = Path(tempfile.mkdtemp(prefix=f"wirewatch-soak-{name}-{kind}-"))
    _say(f"{name} on {kind}: {minutes} minutes, log in {folder}/up.log")
    with databases(kind) as fresh:
        return asyncio.run(Soak(load, name, minutes, fresh(), folder, seed).run())


def main() -> int:
    """Run it; the logs are kept and named."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=3, help="how long articles are published")
    parser.add_argument("--load", choices=list(LOADS), default="team")
    parser.add_argument("--database", choices=(*KINDS, "both"), default="", help="the load's own when it is left out")
    parser.add_argument("--unhurt", action="store_true", help="kill nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    kinds = KINDS if given.database == "both" else (given.database,)
    runs = [soak(given.load, kind, given.minutes, given.seed, hurt=not given.unhurt) for kind in kinds]
    if given.json:
        given.json.write_text(json.dumps([document(run) for run in runs], indent=2), "utf-8")
    print(markdown(runs))
    faults = [f"{run.database}: {fault}" for run in runs for fault in run.faults]
    print("\n".join(["", *faults] if faults else ["", "Nothing lost, nothing doubled, nothing late."]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
