"""How long the pages take over a large database: each address asked again and again of the running app, and the first
view of the inbox in Chromium.

The database is filled with made-up rows (bench/archive.py) and served as `wirewatch web` does, on loopback. Times are
from the request to the end of its answer. `articles search` is measured below the page, where the words are looked up.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from pathlib import Path
from statistics import median

from bench import archive
from bench.tables import table
from pipeline.search import search
from storage import schema
from storage.engine import Database
from tests.browser.site import chromium_at, looking, served
from tests.conftest import chromium_path
from tests.databases import KINDS, Databases, stop

AIM_MS, AIM_VIEW_S = 300.0, 2.0
ROUNDS, VIEWS = 30, 5
SEARCH = "articles search"
DAY = f"{archive.NOW - archive.SPAN / 2:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Took:
    """What one address took on one database, milliseconds."""

    database: str
    what: str
    p50: float
    p95: float
    aim: float

    @property
    def good(self) -> bool:
        """Whether that is within the aim."""
        return self.p95 < self.aim


def addresses(stories: int) -> dict[str, str]:
    """What is asked for → its address; the rare ones are what a bad index would walk the whole table for."""
    deep = f"{(archive.NOW - archive.SPAN * 0.9).isoformat()}_{stories // 5}".replace("+", "%2B")
    return {
        "inbox": "/",
        "inbox of a busy rule": "/?rule=rule-1",
        "inbox of a rare rule": "/?rule=rule-60",
        "inbox, closed": "/?state=closed",
        "inbox, words of no title": "/?words=zyzzyva",
        "inbox of a source": "/?source=Site+7",
        "inbox, unread": "/?unread=1",
        "a story": f"/stories/{stories // 2}",
        "ledger": "/deliveries",
        "ledger, far down": f"/deliveries?after={deep}",
        "ledger, dead": "/deliveries?state=dead",
        "ledger, a rare channel": "/deliveries?channel=hook",
        "ledger, a rare channel's dead": "/deliveries?channel=hook&state=dead",
        "ledger of a busy rule": "/deliveries?rule=rule-1",
        "ledger of a rare rule": "/deliveries?rule=rule-60",
        "ledger of a day": f"/deliveries?since={DAY}&until={DAY}",
        "a delivery": f"/deliveries/{stories}",
        "feeds": "/feeds",
        "a feed": "/feeds/7",
        "settings": "/settings",
        "stats of 7 days": "/stats?days=7",
    }


QUESTIONS = ("harbour strike", '"the talks"', "minister budget vote", "zyzzyva")


def measured(database: str, what: str, ask: Callable[[], object], aim: float = AIM_MS, rounds: int = ROUNDS) -> Took:
    """Ask twice to warm up, then measure."""
    ask(), ask()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        times.append(1000 * (time.perf_counter() - began))
    times.sort()
    return Took(database, what, median(times), times[ceil(0.95 * len(times)) - 1], aim)


def pages(kind: str, url: str, folder: Path, hits: int, rounds: int) -> Iterator[Took]:
    """Serve the database, ask for each address, and look at the inbox."""
    with served(folder, DATABASE=url, DATA=str(folder)) as site:
        for what, path in addresses(max(1, hits // archive.PER_STORY)).items():
            yield measured(kind, what, partial(_asked, site.address + path), rounds=rounds)
        if not chromium_path():
            return
        with chromium_at(chromium_path()) as browser:

            def view() -> None:
                with looking(browser, site, first=True) as look:
                    look.page.goto(look.address + "/")
                    look.page.locator(".story h2").first.wait_for()

            yield measured(kind, "first view in Chromium", view, 1000 * AIM_VIEW_S, min(rounds, VIEWS))


def _asked(url: str) -> None:
    with urllib.request.urlopen(url, timeout=120) as answer:
        answer.read()


def searches(kind: str, url: str, rounds: int) -> Iterator[Took]:
    """The words that people look for, fifty articles each."""
    database = Database(url)
    for words in QUESTIONS:
        yield measured(kind, f"{SEARCH}: {words}", partial(search, database, words, limit=50), rounds=rounds)
    database.close()


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, which is dropped afterwards."""
    made = Databases(folder / "shared", "bench")
    folder.chmod(0o711)  # another user runs PostgreSQL where we are root
    made.folder.mkdir()
    try:
        with made.fresh(kind, folder) as url:
            yield url
    finally:
        stop(made.folder)


def run(kind: str, url: str, hits: int, articles: int, rounds: int) -> list[Took]:
    """Fill a database and measure the pages over it."""
    database = Database(url)
    schema.upgrade(database)
    began = time.monotonic()
    archive.fill(database, hits, articles)
    database.close()
    print(f"{kind}: filled in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="wirewatch-web-") as folder:
        found = []
        for took in (*pages(kind, url, Path(folder), hits, rounds), *searches(kind, url, rounds)):
            found.append(took)
            print(f"{kind}: {took.what}: p95 {took.p95:.0f} ms", file=sys.stderr, flush=True)
        return found


def markdown(found: Sequence[Took]) -> str:
    """A row for each address and database."""
    rows = [
        [one.what, one.database, f"{one.p50:.0f}", f"{one.p95:.0f}", f"{one.aim:.0f}", "" if one.good else "too slow"]
        for one in found
    ]
    return table(("what", "database", "p50, ms", "p95, ms", "aim, ms", ""), rows)


def main() -> int:
    """Measure and print; 1 when something takes longer than its aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--hits", type=int, default=1_000_000)
    parser.add_argument("--articles", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="requests of each address")
    parser.add_argument("--database", default="both", help=f"{', '.join(KINDS)}, both, or the URL of an empty database")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: list[Took] = []
    if "://" in given.database:
        found += run(given.database.partition(":")[0], given.database, given.hits, given.articles, given.rounds)
    for kind in KINDS if given.database == "both" else [one for one in KINDS if one == given.database]:
        with tempfile.TemporaryDirectory(prefix="wirewatch-web-") as folder, fresh(kind, Path(folder)) as url:
            found += run(kind, url, given.hits, given.articles, given.rounds)
    if not found:
        parser.error(f"--database {given.database}: there is no such kind")
    print(json.dumps([asdict(one) for one in found]) if given.json else markdown(found))
    return 0 if all(one.good for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
