"""A process that runs cycles in children forked from it, and has them killed at chosen points.

The test starts it once; it imports everything (2 s), and each child then begins within milliseconds. It reads a line of
JSON an order from its standard input, and answers each with a line: the children's exit statuses, negative for signals.

    {"settings": {…}, "rest": true, "children": 1, "kill": ["before commit", 3]}

    {"settings": {…}, "migrate": 7}

brings the database to the newest revision, and is killed right before the seventh statement of that.

`rest` first lets the leases of the dead run out. `kill` has the child send itself SIGKILL at the third such point.
With `"children": 0` the process runs the cycle itself, so that its children find everything loaded that a cycle loads.

    {"settings": {…}, "crowd": 3, "live": 0.3, "victim": 1}

keeps a crowd: so many children run cycles, those that ended are replaced, and after `live` seconds the second of those
that still run gets SIGKILL. The crowd goes on until `"crowd": 0`, which waits for its end. `back_off` (seconds) stands
for the waits after a receiver's failure, which are half a minute and more; and every such child polls all feeds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, update
from sqlalchemy.engine.default import DefaultDialect
from sqlmodel import SQLModel

from alerts import email, retry, webhook
from alerts.result import Result
from core.settings import Settings
from pipeline import sentlog
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage import articles, deliveries, feeds, schema
from storage.engine import Database
from storage.leases import Columns
from storage.statements import run
from storage.tables import Feed
from storage.types import db_now
from tests.builders import HerePool

POINTS = ("before commit", "after commit", "before sent.log", "after sent.log", "after accepted")
WATCHDOG_S = 60
THREADS_END_S = 10


class Killer:
    """Counts how often each point is passed, and kills this process at the one that was ordered."""

    def __init__(self, point: str = "", number: int = 0) -> None:
        self._wanted = (point, number)
        self._passed = dict.fromkeys(POINTS, 0)

    def at(self, point: str) -> None:
        """This point is passed now."""
        self._passed[point] += 1
        if self._wanted == (point, self._passed[point]):
            os.kill(os.getpid(), signal.SIGKILL)

    def lie_in_wait(self) -> None:
        """Hook every point."""
        self._around(DefaultDialect, "do_commit", "before commit", "after commit")
        self._around(sentlog.SentLog, "add", "before sent.log", "after sent.log")
        for channel in (webhook.WebhookChannel, email.EmailChannel):
            self._after_send(channel)

    def _around(self, owner: type, name: str, before: str, after: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def hooked(*args: Any) -> Any:
            self.at(before)
            result = original(*args)
            self.at(after)
            return result

        setattr(owner, name, hooked)

    def _after_send(self, owner: type) -> None:
        original = owner.send  # type: ignore[attr-defined]

        async def hooked(*args: Any, **named: Any) -> Result:
            result: Result = await original(*args, **named)
            self.at("after accepted")
            return result

        owner.send = hooked  # type: ignore[attr-defined]


async def cycle(settings: Settings, *, rest: bool, here: bool) -> None:
    """What a scheduled run does, from the opening of the database to its end."""
    if rest:
        await asyncio.to_thread(let_leases_run_out, settings.database_url)
    async with open_app(settings, environ={}) as app:
        if here:
            app.pool = HerePool()
        await follow_file(app, "test")
        await run_cycle(app)


def let_leases_run_out(url: str) -> None:
    """What waiting would do: no lease of a dead process holds any more."""
    database = Database(url)
    tables: tuple[Columns, ...] = (feeds.LEASE, articles.READ, articles.MATCH, deliveries.LEASE)
    for columns in tables:
        table: type[SQLModel] = columns.table
        past = update(table).where(columns.until.is_not(None)).values({columns.until: db_now(-1.0)})
        database.write_now(lambda session, past=past: run(session, past))  # type: ignore[misc]
    database.close()


def hurry(url: str, back_off: float) -> None:
    """What half an hour's waiting would do: every feed is due, and what failed is tried again at once."""
    retry.BACK_OFF = (timedelta(seconds=back_off),)
    database = Database(url)
    database.write_now(lambda session: run(session, update(Feed).values(next_poll_at=db_now(-1.0))))
    database.close()


def migrate(url: str, number: int) -> None:
    """`db upgrade`, until this statement of it."""
    database, passed = Database(url), itertools.count(1)

    def before(*_: Any) -> None:
        if next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", before)
    schema.upgrade(database)


def child(order: dict[str, Any]) -> None:
    """One run, in this process; never returns."""
    code = 1
    try:
        os.dup2(2, 1)  # standard output is the parent's
        signal.alarm(WATCHDOG_S)
        settings = Settings(_env_file=None, **order["settings"])
        if "migrate" in order:
            migrate(settings.database_url, order["migrate"])
            os._exit(0)
        if order.get("kill"):
            Killer(*order["kill"]).lie_in_wait()
        if order.get("back_off"):
            hurry(settings.database_url, float(order["back_off"]))
        asyncio.run(cycle(settings, rest=bool(order.get("rest")), here=not order.get("pool")))
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def forked(order: dict[str, Any]) -> int:
    """A child that obeys the order. Threads that sent e-mails wait for more a moment (alerts/threads.py), and end."""
    until = time.monotonic() + THREADS_END_S
    while threading.active_count() > 1 and time.monotonic() < until:
        time.sleep(0.01)
    if threading.active_count() > 1:
        raise RuntimeError("a fork would inherit the locks of threads")
    pid = os.fork()
    if pid == 0:
        child(order)
    return pid


def obey(order: dict[str, Any]) -> list[int]:
    """Fork the ordered children at once, and wait for them all."""
    children = order.get("children", 1)
    if not children:
        asyncio.run(cycle(Settings(_env_file=None, **order["settings"]), rest=False, here=True))
    pids = [forked(order) for _ in range(children)]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


class Crowd:
    """Children that run cycles side by side, and die one by one."""

    def __init__(self) -> None:
        self._pids: list[int] = []

    def obey(self, order: dict[str, Any]) -> list[int]:
        """Bring the crowd to its number, let it live, kill one; the exit codes of those that ended meanwhile."""
        ended: list[int] = []
        while len(self._pids) < order["crowd"]:
            self._pids.append(forked(order))
        until = time.monotonic() + order.get("live", 0.0)
        while time.monotonic() < until or not order["crowd"]:
            ended += self._gather()
            if not self._pids:
                break
            time.sleep(0.01)
        if self._pids and "victim" in order:
            victim = self._pids.pop(order["victim"] % len(self._pids))
            os.kill(victim, signal.SIGKILL)
            ended.append(os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]))
        return ended

    def _gather(self) -> list[int]:
        """Exit codes of those that have ended by themselves."""
        ended = []
        for pid in tuple(self._pids):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if gone:
                self._pids.remove(pid)
                ended.append(os.waitstatus_to_exitcode(status))
        return ended


def main() -> None:
    """Obey until the input ends."""
    crowd = Crowd()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(crowd.obey(order) if "crowd" in order else obey(order)), flush=True)


if __name__ == "__main__":
    main()
