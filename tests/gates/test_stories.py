"""The first gate of grouping: pairs of texts that tell one event in other words, and neighbours easily confused.

Every second pair set the constants in `stories.event` and, with the topics, in `stories.evidence`; the others judge
them. The floors only rise.
"""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from seeds import SEEDS
from stories.group import Board, OpenStory, Telling, place, tell

PAIRS = Path(__file__).parent / "stories"
WINDOW = timedelta(hours=72)


@cache
def pairs(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((PAIRS / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def telling(text: dict[str, Any], language: str, article: str) -> Telling:
    return tell(
        article,
        text["title"],
        text["text"],
        text["at"],
        sentences=text["text"].strip().split("\n")[1:],
        language=text.get("language", language),
    )


def merged(pair: dict[str, Any]) -> bool:
    first, second = (telling(pair[side], pair.get("language", "en"), side) for side in "ab")
    placement = place(second, [OpenStory("story", (first,), {"a": 1})], window=WINDOW)
    return placement.story is not None


TUNED, HELD_OUT = 0, 1


@pytest.mark.parametrize(("half", "floor"), [(TUNED, 19), (HELD_OUT, 17)])
def test_pairs_that_tell_one_event_become_one_story(half: int, floor: int) -> None:
    half_of = pairs("same")[half::2]
    apart = [pair["about"] for pair in half_of if not merged(pair)]
    assert len(half_of) - len(apart) >= floor, apart


@pytest.mark.parametrize("half", [TUNED, HELD_OUT])
def test_neighbours_stay_stories_of_their_own(half: int) -> None:
    assert [pair["about"] for pair in pairs("other")[half::2] if merged(pair)] == []


def test_a_pair_is_judged_alike_whichever_text_comes_first() -> None:
    for name in ("same", "other"):
        for pair in pairs(name):
            assert merged(pair) == merged({**pair, "a": pair["b"], "b": pair["a"]})


def test_all_texts_on_one_board_merge_nothing_that_should_be_apart() -> None:
    """Every text of every pair under one rule, in the order of time, within a window of their own."""
    texts = [
        (text["at"], f"{name}-{number}-{side}", telling(text, pair.get("language", "en"), f"{name}-{number}-{side}"))
        for name in ("same", "other")
        for number, pair in enumerate(pairs(name))
        for side in "ab"
        for text in [pair[side]]
    ]
    board = Board(WINDOW)
    story_of: dict[str, str] = {}
    for _, article, one in sorted(texts, key=lambda found: found[:2]):
        placement = board.place(one)
        story_of[article] = placement.story or article
        board.add(one, story_of[article], placement.origin)
    wrong = [
        pair["about"]
        for number, pair in enumerate(pairs("other"))
        if story_of[f"other-{number}-a"] == story_of[f"other-{number}-b"]
    ]
    assert wrong == []


# -- the seed documents, restated


def seed(slug: str, lead: str, rule: str, article: str, days: int) -> Telling:
    """A restated seed as `rule` tells it: its text from the lead on, and the passages that must be marked."""
    lines = [line for line in (SEEDS / f"texts/{slug}.txt").read_text(encoding="utf-8").split("\n") if line.strip()]
    roles = yaml.safe_load((SEEDS / f"texts/{slug}.roles.yaml").read_text(encoding="utf-8"))
    expected = yaml.safe_load((SEEDS / "expected.yaml").read_text(encoding="utf-8"))
    start = next(number for number, line in enumerate(lines) if line.startswith(lead))
    return tell(
        article,
        next(line for line in lines if "Blinken" in line and not line.startswith(("FILE", "Antony"))),
        "\n".join(lines[start:]),
        pairs("same")[0]["a"]["at"] + timedelta(days=days),
        sentences=expected["documents"][slug]["hits"][rule]["marked"],
        author=roles["meta"]["author"],
        language="en",
    )


@pytest.mark.parametrize("rule", ["us-vietnam-upgrade", "biden-trong-meeting", "blinken-trip"])
@pytest.mark.parametrize("days", [0, 1, 2])
def test_the_two_seeds_tell_one_trip(rule: str, days: int) -> None:
    first = seed("blinken-hanoi-visit", "Vietnam and Japan are", rule, "a", 0)
    second = seed("strategic-upgrade-question", "US Secretary of State Antony Blinken comes", rule, "b", days)
    placement = place(second, [OpenStory("story", (first,), {"a": 1})], window=WINDOW)
    assert placement.story == "story", placement.why
    assert placement.origin == 2
