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


def test_a_fault_is_survived_when_all_its_tests_passed() -> None:
    good = [f"{NETWORK}test_fault_{number}_x" for number in (1, 1, 2, 3)]
    assert survived({"passed": good, "failed": [f"{NETWORK}test_fault_3_y"]}) == "faults survived: 2 of 72"
    assert survived({"passed": good, "skipped": [f"{NETWORK}test_fault_1_y"]}) == "faults survived: 2 of 72"
