"""Unified differences of long texts."""

from __future__ import annotations

import re
from difflib import unified_diff
from itertools import count, islice
from random import Random

import pytest

from core import linediff
from core.linediff import unified

NAMES = ("old", "new")


def patched(old: str, difference: list[str]) -> list[str]:
    """What a diff makes of a text, as `patch` would: what stays or goes has to stand where the diff says."""
    before, after, at = old.splitlines(), list[str](), 0
    for line in difference[2:]:
        if head := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            begin = int(head[1]) - (head[2] != "0")
            after += before[at:begin]
            at = begin
        elif line.startswith("+"):
            after.append(line[1:])
        else:
            assert before[at] == line[1:]
            after += [line[1:]] if line.startswith(" ") else []
            at += 1
    return after + before[at:]


def edited(random: Random, lines: list[str], names: count[int]) -> list[str]:
    """Some lines gone, some new, some of them alike."""
    new = list(lines)
    for _ in range(random.randint(0, 6)):
        place = random.randint(0, len(new))
        new[place : place + random.randint(0, 2)] = random.choices(
            ["same", f"line {next(names)}", ""], k=random.randint(0, 2)
        )
    return new


@pytest.mark.parametrize("seed", range(200))
def test_a_difference_leads_from_one_text_to_the_other(seed: int) -> None:
    random, names = Random(seed), count()
    lines = [random.choice(["same", "", f"line {next(names)}"]) for _ in range(random.randint(0, 40))]
    old, new = "\n".join(lines), "\n".join(edited(random, lines, names))
    difference = list(unified(old, new, NAMES))
    assert patched(old, difference) == new.splitlines()
    assert bool(difference) == (old.splitlines() != new.splitlines())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\nc\nd\ne\nf\ng\nh", "a\nb\nc\nd\nE\nf\ng\nh"),
        ("a\nb", ""),
        ("", "a\nb"),
        ("a", "a\nb"),
        ("\n".join("abcdefghijklmnopq"), "\n".join("bcdefgXhijklmnopqr")),
    ],
)
def test_it_is_written_as_diff_writes_it(old: str, new: str) -> None:
    expected = unified_diff(old.splitlines(), new.splitlines(), *NAMES, lineterm="")
    assert list(unified(old, new, NAMES)) == list(expected)


def test_rules_that_were_moved_are_what_changed() -> None:
    rules = [f"  rule-{number}:\n    match: |\n      word{number}" for number in range(3_000)]
    moved = rules[1_000:] + rules[:1_000]
    difference = list(unified("\n".join(rules), "\n".join(moved), NAMES))
    assert sum(line[0] == "-" for line in islice(difference, 2, None)) == 3_000  # lines of a thousand rules
    assert patched("\n".join(rules), difference) == "\n".join(moved).splitlines()


def test_lines_that_nothing_tells_apart_are_another_text_as_a_whole_when_there_are_many() -> None:
    old, new = ["-"] * (linediff.LONGEST + 1), ["-"] * (linediff.LONGEST + 2)
    difference = list(unified("\n".join(old), "\n".join(new), NAMES))
    assert len(difference) == 3 + len(old) + len(new)
