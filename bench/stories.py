"""`python -m bench.stories`: how many alerts one event makes, what is merged wrongly, and what placing a text costs.

Each topic in tests/gates/events stands for one rule: its events, told by several texts in several languages, are
placed in the order of time as the pipeline places them. Exit code 1 when an event makes more than 1.15 alerts, one is
missed, or more than six texts are put into another event's story: so many were when the grouping was last bettered.
`--why` tells of no held topics: nobody is to learn anything of them but their figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from stories.group import Board, OpenStory, place
from stories.telling import Telling, tell

TOPICS = Path(__file__).parents[1] / "tests" / "gates" / "events"
TUNE = TOPICS / "tune"  # what weights are fitted to
AIM = 1.15  # alerts an event
MOST_WRONG = 6  # texts put into another event's story
WINDOW = timedelta(hours=72)
OPEN = (10, 100, 1_000)  # stories open while the cost is measured


@dataclass(frozen=True, slots=True)
class Text:
    """A telling and the event it is of."""

    event: str
    telling: Telling


@dataclass(frozen=True, slots=True)
class Topic:
    """The texts of one rule, in the order of time."""

    name: str
    window: timedelta
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a topic: `wrong` are texts put into another event's story, `missed` events that opened none,
    `split` texts that opened a story more.
    """

    topic: str
    events: int
    texts: int
    stories: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]
    split: tuple[str, ...]

    @property
    def alerts(self) -> float:
        """Alerts an event."""
        return self.stories / self.events


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU an article: to place it on a board, or looking through all that is open."""

    board: float
    through: float


def topic(path: Path) -> Topic:
    """A topic's file, read."""
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    texts = [
        Text(event["id"], _telling(f"{event['id']}/{number}", text))
        for event in read["events"]
        for number, text in enumerate(event["texts"], start=1)
    ]
    hours = timedelta(hours=int(read["window"].removesuffix("h")))
    return Topic(path.stem, hours, tuple(sorted(texts, key=lambda text: (text.telling.at, text.telling.article))))


def topics(folder: Path = TOPICS) -> list[Topic]:
    """All below a folder."""
    return [topic(path) for path in sorted(folder.rglob("*.yaml"))]


def _telling(article: str, text: dict[str, Any]) -> Telling:
    return tell(
        article,
        text["title"],
        text["text"],
        text["at"],
        sentences=text["matched"],
        author=text["author"],
        owner=text["source"],
        source=text["source"],
        language=text["language"],
    )


def judge(one: Topic) -> Outcome:
    """The topic placed on a board, and compared with the truth."""
    board = Board(one.window)
    event_of: dict[str, str] = {}  # story → the event that opened it
    wrong, split = [], []
    for text in one.texts:
        placement = board.place(text.telling)
        story = placement.story or text.telling.article
        if placement.story is None:
            split += [text.telling.article] if text.event in event_of.values() else []
            event_of[story] = text.event
        elif event_of[story] != text.event:
            wrong.append(f"{text.telling.article} → {story}: {placement.why}")
        board.add(text.telling, story, placement.origin)
    events = {text.event for text in one.texts}
    missed = sorted(events - set(event_of.values()))
    return Outcome(one.name, len(events), len(one.texts), len(event_of), tuple(wrong), tuple(missed), tuple(split))


def cost(of: list[Topic], stories: int, rounds: int = 60) -> Cost:
    """What placing a text costs among so many open stories of one rule; what is known of the text is made anew."""
    texts = [text.telling for one in of for text in one.texts]
    start = texts[0].at
    opened = [
        OpenStory(f"story {number}", (one,), {one.article: 1})
        for number in range(stories)
        for one in [replace(texts[number % len(texts)], article=f"open {number}", at=start, shingles=frozenset())]
    ]
    board = Board(WINDOW, opened)
    spent = []
    for how in ("board", "look through"):
        asked = [
            replace(text, article=f"{how} {stories} {number}", at=start) for number, text in enumerate(texts[:rounds])
        ]
        begun = time.process_time()
        for text in asked:
            if how == "board":
                board.place(text)
            else:
                place(text, opened, window=WINDOW)
        spent.append((time.process_time() - begun) / len(asked) * 1e6)
    return Cost(*spent)


def lines(outcomes: list[Outcome], costs: dict[int, Cost]) -> Iterator[str]:
    """The figures, for people."""
    yield f"{'topic':20} {'events':>6} {'texts':>5} {'stories':>7} {'alerts/event':>12} {'wrong':>5} {'missed':>6}"
    for one in [*outcomes, _all(outcomes)]:
        counts = (
            f"{one.events:6} {one.texts:5} {one.stories:7} {one.alerts:12.2f} {len(one.wrong):5} {len(one.missed):6}"
        )
        yield f"{one.topic:20} {counts}"
    for stories, spent in costs.items():
        on_board, through = f"{spent.board:,.0f}", f"{spent.through:,.0f}"
        yield f"{stories:5} open stories: {on_board} µs an article on a board, {through} looking through"


def figures(outcomes: list[Outcome], costs: dict[int, Cost], *, why: bool) -> dict[str, Any]:
    """The same for programs; lists of texts are counted."""
    told: dict[str, Any] = {
        "topics": [
            {name: len(value) if isinstance(value, tuple) else value for name, value in asdict(one).items()}
            | {"alerts": round(one.alerts, 3)}
            for one in [*outcomes, _all(outcomes)]
        ],
        "microseconds": {stories: asdict(spent) for stories, spent in costs.items()},
    }
    return told | ({"why": reasons(outcomes)} if why else {})


def reasons(outcomes: list[Outcome]) -> dict[str, list[str]]:
    """What was merged wrongly and what was split, of topics that are not held."""
    held = {path.stem for path in (TOPICS / "held").glob("*.yaml")}
    read = _all([one for one in outcomes if one.topic not in held])
    return {"wrong": list(read.wrong), "split": list(read.split)}


def _all(outcomes: list[Outcome]) -> Outcome:
    def joined(name: str) -> tuple[str, ...]:
        return tuple(item for one in outcomes for item in getattr(one, name))

    def summed(name: str) -> int:
        return sum(getattr(one, name) for one in outcomes)

    return Outcome(
        "all", summed("events"), summed("texts"), summed("stories"), joined("wrong"), joined("missed"), joined("split")
    )


def main() -> int:
    """Measure and print; exit code 1 when an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.stories", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--why", action="store_true", help="also list what was merged wrongly and what was split")
    parser.add_argument("--topics", type=Path, default=TOPICS, help="folder of topics")
    given = parser.parse_args()
    of = topics(given.topics)
    outcomes = [judge(one) for one in of]
    cost(of, 1)  # warms up what is loaded once
    costs = {stories: cost(of, stories) for stories in OPEN}
    every = _all(outcomes)
    if given.json:
        print(json.dumps(figures(outcomes, costs, why=given.why), indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(outcomes, costs)))
        if given.why:
            print("\n".join(f"{kind}: {one}" for kind, texts in reasons(outcomes).items() for one in texts))
    return 0 if every.alerts <= AIM and not every.missed and len(every.wrong) <= MOST_WRONG else 1


if __name__ == "__main__":
    sys.exit(main())
