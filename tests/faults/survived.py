"""Which faults of the catalogue a run survived, from the names of its tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE = 72
_OF_TEST = re.compile(r"::test_fault_(\d+)_")
_OF_FILE = re.compile(r"Faults? (\d[\d, andto]*)\b")
_RANGE = re.compile(r"(\d+)(?: to (\d+))?")


def numbers(test: str) -> frozenset[int]:
    """The faults that a test (`tests/faults/test_x.py::test_fault_7_…`) stands for: by its name, else by its file."""
    if found := _OF_TEST.search(test):
        return frozenset({int(found[1])})
    return _of_file(test.partition("::")[0])


@cache
def _of_file(path: str) -> frozenset[int]:
    """What the first line of the file says: `Fault 39: …`, `Faults 45 and 51: …`, `Faults 28 to 34: …`."""
    if "tests/faults/" not in path:
        return frozenset()
    told = (ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or "").partition("\n")[0]
    found = _OF_FILE.match(told)
    ranges = _RANGE.findall(found[1]) if found else []
    return frozenset(number for first, last in ranges for number in range(int(first), int(last or first) + 1))


def survived(tests: Mapping[str, Iterable[str]]) -> str:
    """The last lines of a run; `tests` is outcome → tests. A fault with a test that did not pass is not survived.

    The last one is the score; above it, where there are any, the faults that were not survived and, unless only a few
    faults were tried at all, those without a test.
    """
    passed = {number for test in tests.get("passed", ()) for number in numbers(test)}
    rest = (outcome for outcome in tests if outcome != "passed")
    failed = {number for outcome in rest for test in tests[outcome] for number in numbers(test)}
    untried = set(range(1, CATALOGUE + 1)) - passed - failed
    told = [
        f"{words}: {', '.join(map(str, sorted(some)))}"
        for words, some in (("not survived", failed), ("no test of these was run", untried))
        if some and (some is failed or len(some) < CATALOGUE / 2)
    ]
    return "\n".join([*told, f"faults survived: {len(passed - failed)} of {CATALOGUE}"])
