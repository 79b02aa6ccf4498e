"""The score counts faults, not tests: one that failed in any of its tests was not survived."""

from __future__ import annotations

from tests.faults.survived import numbers, survived

NETWORK = "tests/faults/test_network.py::"


def test_a_test_stands_for_the_fault_in_its_name_or_else_for_those_of_its_file() -> None:
    assert numbers(f"{NETWORK}test_fault_7_a_host[429]") == {7}
    assert numbers("tests/faults/test_kill.py::test_a_kill") == {39}
    assert numbers("tests/faults/test_workers.py::test_three") == {45, 51}
    assert numbers("tests/faults/test_articles.py::test_a") == set(range(28, 35))
    assert numbers("tests/faults/test_feeds.py::test_a") == {13, 14, 15, 16, 17, 23, 24, 25}
    assert numbers("tests/faults/test_survived.py::test_a") == numbers("tests/core/test_log.py::test_a") == set()


def test_a_fault_is_survived_when_all_its_tests_passed_and_the_others_are_named() -> None:
    good = [f"{NETWORK}test_fault_{number}_x" for number in range(1, 73)]
    assert survived({"passed": good}) == "faults survived: 72 of 72"
    for outcome in ("failed", "error", "skipped"):
        told = survived({"passed": good[:70], outcome: [f"{NETWORK}test_fault_3_y", f"{NETWORK}test_fault_20_y"]})
        assert told.splitlines() == [
            "not survived: 3, 20", "no test of these was run: 71, 72", "faults survived: 68 of 72",
        ]  # fmt: skip
