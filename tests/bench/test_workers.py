"""What rounds of workers say: the ratios, and what is not as it must be."""

from __future__ import annotations

from dataclasses import replace

from bench.workers import Plan, Round, faults, ratios

ONE = Round(1, 100, 8.0, 3.2, 0.6, 0.1, (100,), 40, 0, 0)
TWO = Round(2, 100, 4.0, 3.4, 0.7, 0.1, (52, 48), 40, 0, 0)
KILLED = replace(TWO, seconds=65.0, killed=True)
HELD = Plan(share=0.4)


def test_the_measured_ratio_goes_by_the_clock_and_the_computed_one_by_what_a_page_costs() -> None:
    measured, computed = ratios([ONE, TWO, KILLED], 2)
    assert measured == 2.0
    assert round(computed, 3) == round(2 * 3.2 / 3.4, 3)


def test_rounds_in_which_all_is_as_it_must_be_have_no_faults() -> None:
    assert faults([ONE, TWO, KILLED], HELD) == []


def test_what_was_lost_or_doubled_is_a_fault() -> None:
    assert faults([replace(ONE, lost=1), replace(TWO, doubled=2)], Plan()) == [
        "1 workers: 1 lost, 0 doubled",
        "2 workers: 0 lost, 2 doubled",
    ]


def test_a_kill_that_costs_more_than_its_lease_is_a_fault() -> None:
    assert faults([ONE, replace(KILLED, seconds=74.0)], HELD) == ["after a kill: 74 s"]


def test_workers_that_were_not_held_to_their_share_are_a_fault() -> None:
    free = replace(TWO, of_workers=6.0)
    assert faults([ONE, free], HELD) == ["2 workers: 0.75 of a core each, not the 0.4 they were held to"]
    assert faults([ONE, free], Plan()) == []
