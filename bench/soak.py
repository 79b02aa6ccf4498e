"""`python -m bench.soak`: `wirewatch up` for some minutes against a site that goes on publishing.

Each minute there is a new article that the rule asks for, some that it does not ask for, and an edited headline. In the
end each of those events must have been told once by e-mail and once by webhook, at most 60 s after the poll that saw
it, and a SIGTERM must leave no process behind. Exit code 1 when anything of that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from bench.costs import PROC, family, memory_mb
from bench.servers import KINDS, databases
from bench.tables import table
from bench.world import World, watch_text, world
from core.ports import free_port

EVERY_S = 60.0
START_S = 240.0  # for the first poll: Prefect's server, a new process for the run, the schema
LATEST_S = 60.0  # from the poll that saw an article to its alert
LAST_S = 2 * EVERY_S + LATEST_S  # after the last article: a feed may just have been polled
STOP_S = 60.0
NOISE = 3  # articles a minute
CHANNELS = ("mail", "webhook")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run came to. Latencies are in seconds, from the poll that saw an article."""

    database: str
    published: int
    polls: int
    latencies: Mapping[str, list[float]]  # channel → of each event that was told
    lost: Mapping[str, list[str]]
    doubled: Mapping[str, list[str]]
    strays: list[str]
    stop_seconds: float
    exit_code: int | None
    left_over: list[str]
    memory_mb: float

    @property
    def faults(self) -> list[str]:
        """What is not as it must be, in words."""
        late = {channel: [one for one in self.latencies[channel] if one > LATEST_S] for channel in CHANNELS}
        found = [f"{channel}: lost {slug}" for channel in CHANNELS for slug in self.lost[channel]]
        found += [f"{channel}: told again {slug}" for channel in CHANNELS for slug in self.doubled[channel]]
        found += [f"{channel}: {len(late[channel])} later than {LATEST_S:g} s" for channel in CHANNELS if late[channel]]
        found += [f"nobody asked for this: {line}" for line in self.strays]
        if self.exit_code != 0:
            ended = "did not end" if self.exit_code is None else f"ended with {self.exit_code}"
            found.append(f"`up` {ended} within {STOP_S:g} s of a SIGTERM")
        return found + [f"left over: {line}" for line in self.left_over]


async def soak(minutes: int, kind: str, url: str, folder: Path, seed: int) -> Findings:
    """One run of so many minutes; everything it writes is in `folder`."""
    async with world(seed) as around:
        (folder / "watch.yaml").write_text(watch_text(around), "utf-8")
        with (folder / "up.log").open("wb") as log:
            child = _start(folder, url, log.fileno())
        try:
            await _first_poll(around, child)
            await _publish(around, minutes, child)
            memory = memory_mb(family(child.pid))
            began = time.monotonic()
            code = await asyncio.to_thread(_stop, child)
            stopped = time.monotonic() - began
            await asyncio.sleep(1.0)  # a message that was under way may come now
            return _judged(around, kind, memory, stopped, code, left_over(folder))
        finally:
            _kill_all(child, folder)


def _start(folder: Path, url: str, log: int) -> subprocess.Popen[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("WIREWATCH_", "PREFECT_"))}
    environ |= {
        "WIREWATCH_CONFIG": str(folder / "watch.yaml"),
        "WIREWATCH_DATA": str(folder / "data"),
        "WIREWATCH_DATABASE": url,
        "WIREWATCH_EVERY_SECONDS": f"{EVERY_S:g}",
        "WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8",
        "WIREWATCH_PORT": str(free_port()),
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "PREFECT_HOME": str(folder / "prefect"),
    }
    command = [str(Path(sys.executable).with_name("wirewatch")), "-v", "up"]
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True)


async def _first_poll(around: World, child: subprocess.Popen[bytes]) -> None:
    """What the feed holds at its first poll is from before; events come after it."""
    until = time.monotonic() + START_S
    while not around.polls:
        _must_run(child)
        if time.monotonic() > until:
            raise RuntimeError(f"no poll within {START_S:g} s")
        await asyncio.sleep(0.5)
    await asyncio.sleep(5.0)


async def _publish(around: World, minutes: int, child: subprocess.Popen[bytes]) -> None:
    """One event a minute; then wait until all were told, or it is too late."""
    for _ in range(minutes):
        for _ in range(NOISE):
            around.publish_noise()
        if around.news:
            around.edit_headline(around.news[-1])
        around.publish_news()
        await asyncio.sleep(60.0)
        _must_run(child)
    until = time.monotonic() + LAST_S - 60.0
    while time.monotonic() < until and any(_told(around, channel)[1] for channel in CHANNELS):
        _must_run(child)
        await asyncio.sleep(0.5)
    await asyncio.sleep(10.0)  # for what should not come


def _must_run(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        raise RuntimeError(f"`up` ended by itself (exit code {child.returncode})")


def _stop(child: subprocess.Popen[bytes]) -> int | None:
    """SIGTERM, and the exit code; None when it is still there after a minute."""
    child.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        return child.wait(STOP_S)
    return None


# -- judging


def _told(around: World, channel: str) -> tuple[dict[str, list[float]], list[str]]:
    """The times at which each event was told there, and the events that were not."""
    told: dict[str, list[float]] = {one.slug: [] for one in around.news}
    for arrival in around.arrivals:
        for slug in told:
            if arrival.channel == channel and f"/{slug}.html" in arrival.text:
                told[slug].append(arrival.at)
    return told, [slug for slug, times in told.items() if not times]


def _judged(
    around: World, kind: str, memory: float, stop_seconds: float, code: int | None, left: list[str]
) -> Findings:
    seen = {one.slug: one.seen_at for one in around.news}
    latencies, lost, doubled = {}, {}, {}
    for channel in CHANNELS:
        told, lost[channel] = _told(around, channel)
        doubled[channel] = [slug for slug, times in told.items() if len(times) > 1]
        latencies[channel] = [times[0] - seen[slug] for slug, times in told.items() if times]
    strays = [
        f"{one.channel}: {one.text[:100]}" for one in around.arrivals if not any(f"/{s}.html" in one.text for s in seen)
    ]
    return Findings(
        kind, len(seen), len(around.polls), latencies, lost, doubled, strays, stop_seconds, code, left, memory
    )


def left_over(folder: Path) -> list[str]:
    """The processes that `up` or its children started and that are still there: they bear the run's own folder."""
    mark = f"PREFECT_HOME={folder / 'prefect'}".encode()
    found = []
    for environ in PROC.glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                command = (environ.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(f"{environ.parent.name} {command[:120]}")
    return found


def _kill_all(child: subprocess.Popen[bytes], folder: Path) -> None:
    """After a run that went wrong: nothing of it goes on."""
    for line in left_over(folder):
        with suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    child.wait()


def markdown(runs: list[Findings]) -> str:
    """The runs beside each other."""
    rows: list[list[object]] = [
        ["events published", *(run.published for run in runs)],
        ["polls of the feed", *(run.polls for run in runs)],
    ]
    for channel in CHANNELS:
        rows += [
            [f"{channel}: told once", *(run.published - len(run.lost[channel] + run.doubled[channel]) for run in runs)],
            [f"{channel}: lost", *(len(run.lost[channel]) for run in runs)],
            [f"{channel}: doubled", *(len(run.doubled[channel]) for run in runs)],
            [f"{channel}: poll to alert, p50 / p95 / max, s", *(_spread(run.latencies[channel]) for run in runs)],
        ]
    rows += [
        ["messages nobody asked for", *(len(run.strays) for run in runs)],
        ["memory of all processes (PSS), MB", *(f"{run.memory_mb:.0f}" for run in runs)],
        ["SIGTERM to the end, s", *(f"{run.stop_seconds:.1f}" for run in runs)],
        ["processes left over", *(len(run.left_over) for run in runs)],
    ]
    return table(["", *(run.database for run in runs)], rows)


def _spread(latencies: list[float]) -> str:
    if not latencies:
        return "none"
    cuts = quantiles([*latencies, *latencies], n=100, method="inclusive")  # twice, since one alone has no quantiles
    return f"{cuts[49]:.1f} / {cuts[94]:.1f} / {max(latencies):.1f}"


def main() -> int:
    """Run it; the logs of a run that went wrong are kept and named."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=3, help="one event a minute")
    parser.add_argument("--database", choices=(*KINDS, "both"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    runs = []
    for kind in KINDS if given.database == "both" else (given.database,):
        folder = Path(tempfile.mkdtemp(prefix=f"wirewatch-soak-{kind}-"))
        print(f"{kind}: {given.minutes} minutes, log in {folder}/up.log", file=sys.stderr, flush=True)
        with databases(kind) as fresh:
            runs.append(asyncio.run(soak(given.minutes, kind, fresh(), folder, given.seed)))
    print(markdown(runs))
    faults = [f"{run.database}: {fault}" for run in runs for fault in run.faults]
    print("\n".join(["", *faults] if faults else ["", "Nothing lost, nothing doubled, nothing late."]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
