"""Fault 41: the power goes while rows are written: a beginning of the history is left, and nothing in it is torn.

SQLite: the files as they are at any moment, the journal cut off anywhere behind what was on the disk by then, and
filled up with rubbish. PostgreSQL: SIGKILL of the whole server. That a disk keeps what it said cannot be tried.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import literal, text, union_all
from sqlalchemy import select as sa_select
from sqlmodel import col

from storage.engine import Database
from storage.office import JobLock, Meta
from tests.builders import World, copies
from tests.conftest import migrate
from tests.faults.conftest import ROOT, command
from tests.faults.questions import kept_once, run_until_told, told_once
from tests.faults.servers import Server
from tests.faults.writer import WRITERS

FILES = ("wirewatch.db", "wirewatch.db-wal")
FRAME = 24 + 4_096  # bytes of a page in SQLite's journal, with its head
HEAD = 32


@contextmanager
def writing(url: str, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes; what it was told is kept stands in `said`."""
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer", url],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for_more(said, 20)
            yield process
        finally:
            process.kill()
            process.wait()


def numbers(said: Path) -> set[int]:
    """What it was told is kept."""
    return {int(line) for line in said.read_text().split("\n")[:-1]}


def wait_for_more(said: Path, more: int) -> None:
    """Until so many more are kept."""
    until, wanted = time.monotonic() + 60, len(numbers(said)) + more
    while len(numbers(said)) < wanted:
        assert time.monotonic() < until, said.read_text()[-2_000:]
        time.sleep(0.01)


def expect_whole(url: str, kept: set[int]) -> int:
    """Of each pair both rows are there or none, each writer's are without a gap, and what was said to be kept is; how
    many there are.
    """
    db = Database(url)
    rows = union_all(sa_select(col(Meta.key), literal(0)), sa_select(col(JobLock.name), literal(1)))
    found = db.read_now(lambda session: session.execute(rows).all())  # one statement: others write meanwhile
    first, second = ({int(name) for name, table in found if table == which} for which in (0, 1))
    assert first == second
    for writer in range(WRITERS):
        own = sorted(one for one in first if one % WRITERS == writer)
        assert own == [writer + WRITERS * place for place in range(len(own))]
    assert kept <= first
    if db.is_sqlite:
        assert db.read_now(lambda session: session.execute(text("PRAGMA integrity_check")).scalar_one()) == "ok"
    db.close()
    return len(first)


def states_of(pid: int) -> list[str]:
    """The state of each thread: T is stopped, Z has ended."""
    stats = [one.read_text() for one in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [one.rpartition(")")[2].split()[0] for one in stats]


@contextmanager
def stopped(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    """It writes nothing meanwhile."""
    process.send_signal(signal.SIGSTOP)
    try:
        while any(state not in "TZ" for state in states_of(process.pid)):  # one may still be in a call to the disk
            time.sleep(0.001)
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def taken(folder: Path, to: Path) -> Path:
    """The database's files of this moment, at which nothing writes, and what else is in the folder's `data`."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for name in FILES:
        shutil.copyfile(folder / name, to / name)
    if (folder / "data").exists():
        shutil.copytree(folder / "data", to / "data")
    (to / "shm").write_bytes((folder / "wirewatch.db-shm").read_bytes()[:136])
    return to


def cut(folder: Path, chance: random.Random, *, honest: bool) -> None:
    """Cut the journal off anywhere, and fill it up with rubbish. SQLite waits until it is on the disk before it copies
    any of it to the file, so what was copied, or is being (nBackfill, nBackfillAttempted in shm), stays; `honest`: and
    before it begins with another commit.
    """
    journal = folder / FILES[1]
    content = journal.read_bytes()
    index = (folder / "shm").read_bytes()
    (folder / "shm").unlink()
    copied = max(struct.unpack_from("=I", index, 96) + struct.unpack_from("=I", index, 128))
    least = min(HEAD + copied * FRAME, len(content))
    if honest:
        commits = [end for end, is_commit in frames(content) if is_commit]
        least = max([least, *commits[:-1]])
    place = chance.randint(least, len(content))
    journal.write_bytes(content[:place] + chance.randbytes(chance.randrange(2 * FRAME)))


def frames(content: bytes) -> list[tuple[int, bool]]:
    """Where each page of the journal's newest round ends, and whether it ends a commit."""
    found = []
    for start in range(HEAD, len(content) - FRAME + 1, FRAME):
        if content[start + 8 : start + 16] != content[16:24]:
            break
        found.append((start + FRAME, content[start + 4 : start + 8] != bytes(4)))
    return found


def cut_at_many_points(tmp_path: Path, moments: int, cuts: int) -> set[int]:
    """How many pairs were left by each cut."""
    url, said, chance = f"sqlite:///{tmp_path}/wirewatch.db", tmp_path / "said", random.Random(41)
    migrate(url)
    left = set()
    with writing(url, said) as process:
        for _ in range(moments):
            wait_for_more(said, chance.randint(1, 400))
            with stopped(process):  # all the while: each moment after is one of a larger database
                moment = taken(tmp_path, tmp_path / "moment")
                kept = numbers(said)
                for number in range(cuts):
                    shutil.rmtree(tmp_path / "after", ignore_errors=True)
                    after = shutil.copytree(moment, tmp_path / "after")
                    if number:
                        cut(after, chance, honest=False)
                    left.add(expect_whole(f"sqlite:///{after}/wirewatch.db", set() if number else kept))
    return left


def test_fault_41_a_journal_cut_off_anywhere_leaves_a_beginning_of_the_history(tmp_path: Path) -> None:
    assert len(cut_at_many_points(tmp_path, moments=3, cuts=8)) > 6


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_fault_41_a_journal_cut_off_at_a_thousand_points_leaves_a_beginning_of_the_history(tmp_path: Path) -> None:
    left = cut_at_many_points(tmp_path, moments=40, cuts=25)
    print(
        f"sqlite: 1000 cuts of a journal left {len(left)} different beginnings, from {min(left)} to {max(left)} pairs"
    )


def kill_server(server: Server, tmp_path: Path, kills: int) -> None:
    said, chance = tmp_path / "said", random.Random(41)
    with server.fresh(migrate) as url, writing(url, said):
        for _ in range(kills):
            wait_for_more(said, chance.randint(10, 200))
            server.kill()
            kept = numbers(said)
            server.start()
            expect_whole(url, kept)


def test_fault_41_a_server_killed_while_it_writes_keeps_what_it_said_it_kept(server: Server, tmp_path: Path) -> None:
    kill_server(server, tmp_path, 2)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_fault_41_a_server_killed_thirty_times_keeps_what_it_said_it_kept(server: Server, tmp_path: Path) -> None:
    kill_server(server, tmp_path, 30)


async def lose_power(world: World, tmp_path: Path, moments: int, begin: Callable[[], object], pause: float) -> None:
    """Take moments out of a run, cut each off, and go on from there: what was noted as sent is not sent again, and what
    is sent again is so under its key. What the run sent after a moment is another history than the one from there. The
    first moment is when `begin` says, half of them after a first message; up to `pause` seconds lie between them.
    """
    url, chance = f"sqlite:///{tmp_path}/wirewatch.db", random.Random(41)
    migrate(url)
    copies(world, feeds=3, each=4)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    left: list[tuple[Path, int, int]] = []
    with command(world, url, "run", "--once") as process:
        for number in range(moments):
            while not (world.hook.requests if number == moments // 2 else number or begin()):
                time.sleep(0.01)
            with suppress(FileNotFoundError), stopped(process):  # the run has ended, and its journal with it
                folder = taken(tmp_path, tmp_path / f"moment{number}")
                time.sleep(0.02)  # what was on its way has come
                left.append((folder, len(world.hook.requests), len(world.mail.mails)))
            time.sleep(chance.uniform(0.0, pause))
        said, _ = process.communicate(timeout=90)
    assert process.returncode == 0, said
    told_once(world, url, 12)
    assert len(left) > moments // 4
    knew = 0
    for folder, sent, mailed in left:
        cut(folder, chance, honest=True)
        noted = folder / "data" / "sent.log"
        known = set(noted.read_text("ascii").split()) if noted.exists() else set()
        knew += bool(known)
        asked, had = len(world.hook.requests), len(world.mail.mails)
        await run_until_told(world, f"sqlite:///{folder}/wirewatch.db", data=folder / "data")
        kept_once(f"sqlite:///{folder}/wirewatch.db", 12)
        again = {one.key for one in world.hook.requests[asked:]}
        assert len(again | {one.key for one in world.hook.requests[:sent]}) == 1
        assert len({one.id for one in world.mail.mails[:mailed] + world.mail.mails[had:]}) == 1
        assert len(world.mail.mails) - had <= 1
        assert not known & (again | {one.id[1:].partition("@")[0] for one in world.mail.mails[had:]})
    assert knew, "no moment lay behind a note in sent.log"


@pytest.mark.faults
@pytest.mark.timeout(300)  # what the run held at that moment waits for its lease, a minute
async def test_fault_41_after_a_loss_of_power_ledger_and_sent_log_agree(world: World, tmp_path: Path) -> None:
    await lose_power(world, tmp_path, 3, lambda: world.hook.requests, 0.05)


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_fault_41_after_a_loss_of_power_at_forty_moments_ledger_and_sent_log_agree(
    world: World, tmp_path: Path
) -> None:
    await lose_power(world, tmp_path, 40, lambda: world.asked("/rss0"), 0.2)


async def test_fault_41_after_the_server_was_killed_in_a_run_every_alert_is_told_once(
    world: World, server: Server
) -> None:
    copies(world, feeds=3, each=4)

    async def interfere() -> None:
        for path in ("/rss1", "/copy1", "/copy9"):
            while not world.asked(path):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

    with server.fresh(migrate) as url:
        async with asyncio.TaskGroup() as group:
            group.create_task(interfere())
            group.create_task(run_until_told(world, url))
        told_once(world, url, 12)
