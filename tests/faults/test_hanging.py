"""Fault 64: 20 sends hang. Every other channel gets its messages meanwhile, and the cycle after it as well.

No test here measures time: what hangs does so until the others have theirs, so that sends one after the other would
never come to them. How much slower the others get is measured by `python -m bench.hanging`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from pipeline.app import App
from pipeline.run import run_cycle
from tests.builders import minutes
from tests.faults.doors import CHATS, KINDS, Door, Post
from tests.faults.ward import open_things, start_threads

HUNG = 20


@asynccontextmanager
async def under_way(app: App) -> AsyncIterator[Callable[[Callable[[], bool]], Awaitable[None]]]:
    """A run of the step; gives a way to wait for something while it goes on. Broken off at the end, with
    what hangs.
    """
    run = asyncio.create_task(run_cycle(app, steps=["deliver"], seconds=1000))

    async def until(done: Callable[[], bool]) -> None:
        while not done():
            assert not run.done()
            await asyncio.sleep(0.02)

    yield until
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    await app.outlasting.cut_off()


async def begun(app: App, count: int) -> None:
    """Processes that send take seconds to start, and what hangs has half a minute only."""
    await asyncio.gather(*(app.senders.run(abs, 1, seconds=100) for _ in range(count)))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("hook", HUNG),
        ("mail", HUNG),
        ("ntfy", 6),
        *(pytest.param(one, HUNG, marks=pytest.mark.faults) for one in CHATS),
    ],
)
async def test_fault_64_twenty_channels_that_hang_hold_up_no_other(post: Post, kind: str, count: int) -> None:
    others = [one for one in KINDS if one != kind]
    slow = [Door(kind, to=(f"p{number}@x.test",)) for number in range(count)]
    try:
        for number, door in enumerate(slow):
            door.will("hang")
            post.doors[f"slow{number}"] = door
        async with post.worker() as app:
            await begun(app, len(CHATS) + (count if kind in CHATS else 0))
            await post.owe(app, 1, to=[f"slow{number}" for number in range(count)])
            async with under_way(app) as until:
                await until(lambda: all(door.got == [1] for door in slow))  # all are being sent to at the same time
                await post.owe(app, 2, 3, to=others)
                for name in set(others) & set(CHATS):
                    app.active.channels[name].pace = 0.0
                await until(lambda: all(sorted(post.doors[name].got) == [2, 3] for name in others))
                hanging = [row.state for row in post.rows() if row.channel.startswith("slow")]
                assert hanging == ["leased"] * count  # not one of them has ended
    finally:
        for door in slow:
            door.close()
    post.tells_no_secret()


@pytest.mark.parametrize("kind", ["mail", "hook", "ntfy"])
async def test_fault_64_a_channel_that_hangs_twenty_sends_holds_up_no_other(post: Post, kind: str) -> None:
    door, others = post.doors[kind], [one for one in KINDS if one != kind]
    door.will(*["hang"] * HUNG)
    door.to = tuple(f"p{number}@x.test" for number in range(HUNG))
    async with post.worker() as app:
        for name in set(others) & set(CHATS):
            app.active.channels[name].pace = 0.0
        await begun(app, len(CHATS) + 1)
        at_once = app.active.channels[kind].concurrency if kind == "mail" else 1
        await post.owe(app, *range(1, 2 if kind == "mail" else HUNG + 1), to=[kind])
        async with under_way(app) as until:
            await until(lambda: len(door.got) == at_once)
            await post.owe(app, *range(101, 106), to=others)
            await until(lambda: all(sorted(post.doors[name].got) == list(range(101, 106)) for name in others))
            assert post.states(kind).count("leased") == at_once == len(door.got)
            assert post.states(kind).count("pending") == HUNG - at_once


async def test_fault_64_the_cycles_after_it_go_on_while_a_mail_server_takes_its_ten_minutes(post: Post) -> None:
    door = post.doors["mail"]
    door.will(*["hang"] * HUNG)
    door.to = tuple(f"p{number}@x.test" for number in range(HUNG))
    post.doors = {"mail": door, "hook": post.doors["hook"]}
    async with post.worker() as app:
        await post.round(app)
        await start_threads(app)
        before = open_things()
        await post.owe(app, 1, to=["mail", "hook"])
        report = await post.round(app, seconds=5)
        assert [row["count"] for row in report.rows() if row["reason"] == "no_answer_yet"] == [4]
        for number in (2, 3):
            post.clock.move(minutes(1))
            await post.owe(app, number, to=["hook"])
            await post.round(app, seconds=5)
        assert post.doors["hook"].got == [1, 2, 3]
        assert len(door.got) == 4  # nothing more is begun there while nothing comes back
        door.close()  # the server goes away: what waits for it ends
        while app.outlasting.targets:
            await asyncio.sleep(0.02)
        assert {row.state for row in post.rows("mail")} == {"retry", "pending"}
        post.told_of_later("mail", "answer_lost")
        door.open()
        while "retry" in post.states("mail") or "pending" in post.states("mail"):
            post.clock.move(minutes(1))
            await post.round(app)
        assert len(door.keys) == HUNG
        async with asyncio.timeout(20):  # threads that sent something wait for more a moment
            while any(now > then + 3 for now, then in zip(open_things(), before, strict=True)):
                await asyncio.sleep(0.05)
    post.tells_no_secret()
