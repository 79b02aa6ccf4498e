"""Days in the life of the poller: its real code and a real database, against the made-up network, in leaping time."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import yaml
from sqlalchemy import event, func
from sqlmodel import Session, col, select

from core.settings import Settings
from fetching.client import Client
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage import schema
from storage.engine import Database, Work
from storage.tables import Entry, Feed
from tests.etiquette.judge import Score, group_of
from tests.etiquette.loop import START, LeapingLoop
from tests.etiquette.servers import DAY, MINUTE, Spec
from tests.etiquette.world import Network, mixed, shards

T = TypeVar("T")
MEMORY = Path("/dev/shm")


class HereDatabase(Database):
    """Does its work where it is asked for, so that time cannot leap meanwhile; alone, without a disk."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        event.listen(self.engine, "connect", _alone)

    async def write(self, work: Work[T], *, in_company: bool = False) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
            return result


def _alone(connection: Any, _record: Any) -> None:
    for pragma in ("locking_mode=EXCLUSIVE", "synchronous=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def judged(feeds: int, days: float, *, jobs: int = 1, seed: int = 1) -> Score:
    """The score of a mixed world; `jobs` processes share its hosts."""
    parts = shards(mixed(feeds, seed), jobs)
    if jobs == 1:
        return lived(parts[0], days, seed)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        first, *others = pool.map(lived, parts, [days] * jobs, [seed] * jobs)
    for score in others:
        first.add(score)
    return first


def lived(specs: Sequence[Spec], days: float, seed: int = 1) -> Score:
    """What the servers' owners say after so many days."""
    random.seed(seed)  # jitter
    network = Network(specs, days, seed)
    loop = network.loop = LeapingLoop(network)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        empty = Database(f"sqlite:///{folder}/wirewatch.db")
        schema.upgrade(empty)
        empty.close()
        database = HereDatabase(empty.url)
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(_live(network, specs, days, Path(folder), database))
            stored = database.read_now(lambda session: session.exec(select(func.count()).select_from(Entry)).one())
        finally:
            database.close()
    score = network.judge.score
    score.feeds, score.days, score.stored, score.seconds = len(specs), days, stored, time.monotonic() - began
    score.least_asked = network.judge.least_asked([spec.url for spec in specs])
    score.members.update(group_of(source) for source in network.members())
    return score


async def _live(network: Network, specs: Sequence[Spec], days: float, folder: Path, database: Database) -> None:
    loop = network.loop
    assert loop is not None
    settings = Settings(_env_file=None, config=folder / "watch.yaml", data=folder, page_spacing=1.0, jobs=1)
    settings.config.write_text(_watch(specs), "utf-8")
    async with (
        open_app(settings, database=database, environ={}, clock=loop) as app,
        Client(user_agent=f"{settings.user_agent} (+http://desk.example)", resolver=network, clock=loop) as client,
    ):
        app.client = client
        await follow_file(app, "judge")
        while loop.at < days * DAY:
            await run_cycle(app, steps=["poll"], seconds=10 * DAY)
            await asyncio.sleep(await _idle(app, loop.at))


async def _idle(app: App, at: float) -> float:
    """Seconds until the first whole minute at which something is due: cycles begin once a minute."""
    due = await app.db.read(
        lambda session: session.exec(
            select(func.min(Feed.next_poll_at)).where(col(Feed.active), Feed.state != "paused")
        ).one()
    )
    wait = max((due - START).total_seconds() if due else at + DAY, at + 1.0)
    return (wait // MINUTE + 1) * MINUTE - at


def _watch(specs: Sequence[Spec]) -> str:
    """The watch file over these feeds."""

    def feed(number: int, spec: Spec) -> dict[str, object]:
        every = {"every": f"{spec.every / MINUTE:g}m"} if spec.every else {}
        return {"url": spec.url, "name": f"feed {number}", **every}

    values = {"version": 1, "settings": {"contact": "http://desk.example"}}
    return yaml.safe_dump({**values, "feeds": [feed(number, spec) for number, spec in enumerate(specs)]})
