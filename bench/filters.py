"""Feeds and pages a second through `wirewatch parse` and `wirewatch extract`, as anybody would run them in a pipe.

    python -m bench.filters [--inputs 10000] [--jobs 2] [--json]

Each command reads so many files, named in JSON lines, and writes what is in them: for a feed the titles, summaries and
names of all its entries, which a poll makes of new ones only. The files are made up and come again in turn. Seconds are
by the clock, from the command's start to its last line; memory is the peak of the process that used most. Exit code 1
when a line is missing or says that its item failed, or a process used more than is allowed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import feeds
from bench.costs import PROC, Meter, family
from bench.outlets import outlets
from bench.tables import table
from cli.exits import EXIT_SOME_FAILED

MOST_MB = 400.0  # of any process
FEEDS, PAGES = 240, 1_200  # files, at most
LOOK_S = 0.1
WIREWATCH = (sys.executable, "-m", "cli")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a command took for so many inputs. `bad` are lines that are missing or say that their item failed."""

    command: str
    inputs: int
    megabytes: float
    seconds: float
    cpu_s: float
    peak_mb: float
    bad: int

    @property
    def a_second(self) -> float:
        """Inputs a second by the clock."""
        return self.inputs / self.seconds


class _Watch(threading.Thread):
    """Looks at a process and those below it while they run."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peaks_kb: dict[int, int] = {}
        self.meter = Meter()
        self.cpu_s = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(LOOK_S):
            self.cpu_s = self.meter.look(pids := family(self.pid))
            for pid in pids:
                with suppress(OSError, StopIteration):
                    lines = (PROC / str(pid) / "status").read_text().splitlines()
                    self.peaks_kb[pid] = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def measure(command: str, files: Sequence[tuple[str, bytes]], inputs: int, jobs: int) -> Figures:
    """One run of `wirewatch parse` or `extract` over (URL, content) in turn, until there were so many."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        for number, (_, content) in enumerate(files[:inputs]):
            (folder / str(number)).write_bytes(content)
        given, found = folder / "given.jsonl", folder / "found.jsonl"
        with given.open("w", encoding="utf-8") as lines:
            for number in range(inputs):
                at = number % len(files)
                lines.write(json.dumps({"id": str(number), "url": files[at][0], "path": str(folder / str(at))}) + "\n")
        with given.open("rb") as stdin, found.open("wb") as stdout:
            began = time.perf_counter()
            process = subprocess.Popen(
                [*WIREWATCH, command, "--jsonl", "--jobs", str(jobs)], stdin=stdin, stdout=stdout
            )  # fmt: skip
            watch = _Watch(process.pid)
            watch.start()
            code = process.wait()
            seconds = time.perf_counter() - began
            watch.over.set()
            watch.join()
        if code not in (0, EXIT_SOME_FAILED):
            raise RuntimeError(f"wirewatch {command} ended with {code}; why is on its stderr")
        with found.open(encoding="utf-8") as lines:
            good = sum(not (row.get("error") or row.get("state") == "failed") for row in map(json.loads, lines))
    size = sum(len(files[number % len(files)][1]) for number in range(inputs))
    peak = max(watch.peaks_kb.values(), default=0)
    return Figures(command, inputs, size / 1e6, seconds, watch.cpu_s, peak / 1_024, inputs - good)


def made(command: str, seed: int) -> list[tuple[str, bytes]]:
    """Feeds for `parse`, pages for `extract`."""
    if command == "parse":
        return [
            (f"https://outlet-{number}.example/feed", body)
            for number, body in enumerate(feeds.made(FEEDS, seed=seed))
        ]  # fmt: skip
    sites = outlets(
        [f"https://outlet-{number}.example" for number in range(8)], PAGES, seed=seed, now=datetime.now(UTC)
    )
    return [page for site in sites for page in site.pages.items()]


def markdown(figures: Sequence[Figures], jobs: int) -> str:
    """The measurement for people."""
    heads = ["command", "inputs", "MB", "seconds", "inputs/s", "CPU ms an input", "MB of the largest process", "bad"]
    rows = [
        [
            f"wirewatch {one.command}", f"{one.inputs:,}", f"{one.megabytes:,.0f}", f"{one.seconds:.1f}",
            f"{one.a_second:,.0f}", f"{one.cpu_s / one.inputs * 1_000:.2f}", f"{one.peak_mb:.0f}", str(one.bad),
        ]
        for one in figures
    ]  # fmt: skip
    return "\n".join([f"{jobs} worker processes.", "", table(heads, rows)])


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.filters", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of Markdown")
    given = parser.parse_args()
    if given.inputs < 1:
        parser.error(f"--inputs {given.inputs}: say how many feeds, and pages, each command reads")
    figures = [measure(one, made(one, given.seed), given.inputs, given.jobs) for one in ("parse", "extract")]
    print(json.dumps([asdict(one) for one in figures], indent=2) if given.json else markdown(figures, given.jobs))
    return int(any(one.bad or one.peak_mb > MOST_MB for one in figures))


if __name__ == "__main__":
    sys.exit(main())
