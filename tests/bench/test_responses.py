"""The measurement of hostile answers: what it measures happens, and a miss is one."""

from __future__ import annotations

from bench.responses import MEMORY_MB, SECONDS, Cost, markdown, measure


def test_an_answer_is_measured_in_a_process_of_its_own_and_told_as_the_client_tells_it() -> None:
    reset, bomb = measure(["a reset", "brotli bomb, 1 GiB"], 30.0)
    (silent,) = measure(["no answer"], 0.5)
    assert reset.told.startswith("broken_answer")
    assert (bomb.told, bomb.is_good) == ("too_big: more than 10000000 bytes", True)
    assert bomb.memory_mb > 5  # what was kept of it before it was dropped: the measure measures
    assert silent.told.startswith("timeout")
    assert silent.seconds > 0.4


def test_an_answer_that_costs_more_memory_or_time_than_it_may_is_a_miss_and_said_so() -> None:
    good, heavy, slow = Cost("a", SECONDS, MEMORY_MB, ""), Cost("b", 1, MEMORY_MB + 1, ""), Cost("c", 99, 1, "")
    assert [one.is_good for one in (good, heavy, slow)] == [True, False, False]
    assert markdown([good, heavy, slow]).count("MISSED") == 2
