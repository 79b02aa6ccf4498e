"""The measurement of hanging sends: what it measures happens, and a miss is one."""

from __future__ import annotations

from bench.hanging import AIM, Plan, Times, markdown, measure_one, ratios, worst
from tests.faults.doors import KINDS


async def test_every_channel_is_measured_while_twenty_sends_hang() -> None:
    times = await measure_one(Plan(alerts=2, every=1.1, rounds=1), "mail, one channel")
    assert {channel: len(ms) for channel, ms in times.items()} == dict.fromkeys(KINDS, 2)
    assert all(0 < one < 60_000 for ms in times.values() for one in ms)


def test_the_figure_is_the_worst_channels_p95_by_its_own_without_what_hangs() -> None:
    alone = [Times("", "mail", (10.0, 20.0)), Times("", "hook", (5.0, 5.0))]
    beside = [Times("x", "mail", (30.0, 10.0)), Times("x", "hook", (5.0, 11.0))]
    assert ratios([*alone, *beside]) == {("x", "mail"): 1.5, ("x", "hook"): 2.2}
    assert worst([*alone, *beside]) == 2.2 > AIM
    assert markdown([*alone, *beside]).count("\n") == 5
