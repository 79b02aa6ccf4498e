"""Fit the weights of `stories/evidence.py`, and judge them on what they were not fitted to (some minutes).

    .venv/bin/python tools/weigh.py [--write]

A logistic regression over each text of tests/gates/events/tune beside each story then open, and over the first half of
the pairs in tests/gates/stories; a wrong merge weighs twice. Prints what each topic comes to with weights fitted to
the other topics and what is needed chosen on them: that is what a topic shows that nobody has read. Then what is
needed in that way with all topics, and the weights fitted to all, which `--write` puts into the file.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench.stories import TUNE, Outcome, Topic, judge, lines, topics
from stories import evidence, group
from stories.event import Features, Likeness, likeness
from stories.fingerprint import COPY, containment
from stories.telling import Telling, tell

ROOT = Path(__file__).parents[1]
PAIRS = ROOT / "tests" / "gates" / "stories"
KINDS = list(evidence.WEIGHTS)
WRONG = 2.0  # what a wrong merge weighs beside a split
RIDGE = 3.0  # keeps weights small that little speaks for
STEPS = 30
GRID = [0.25 * step for step in range(0, 11)]  # what may be needed
MOST_WRONG = 1 / 400  # of the texts: topics that nobody has read show several times more than these

Row = tuple[list[float], bool, float]  # evidence, whether it is one event, how much it counts
Weights = dict[str, float]


def of_topic(one: Topic) -> Iterator[Row]:
    """Each text beside each story open when it came: all its texts, and, half as much, each of them alone."""
    stories: dict[str, list[Telling]] = {}
    for text in one.texts:
        mine = text.telling
        near = {event: told for event, told in stories.items() if mine.at - told[0].at <= one.window}
        if not any(containment(mine.shingles, other.shingles) >= COPY for told in near.values() for other in told):
            finding = mine.facts.finding
            said = (frozenset().union(*(finding & other.facts.finding for other in told)) for told in near.values())
            spread = Counter(term for terms in said for term in terms)
            for event, told in near.items():
                alone = [[other] for other in told] if len(told) > 1 else []
                for few in (told, *alone):
                    much = 0.5 / len(alone) if few is not told else 0.5 if alone else 1.0
                    weighed = evidence.weigh(_told(mine), [_told(one) for one in few], spread)
                    yield _values(weighed), event == text.event, much
        stories.setdefault(text.event, []).append(mine)


def of_pairs() -> Iterator[Row]:
    """The first half of the pairs of the first gate."""
    yield from ((_values(weighed), same, 1.0) for weighed, same in _weighed_pairs(0))


def _weighed_pairs(half: int) -> Iterator[tuple[evidence.Weighed, bool]]:
    for name in ("same", "other"):
        for pair in yaml.safe_load((PAIRS / f"{name}.yaml").read_text("utf-8"))[half::2]:
            a, b = (_told(_telling(pair, side)) for side in "ab")
            yield evidence.weigh(b, [a]), name == "same"


def _values(weighed: evidence.Weighed) -> list[float]:
    """The evidence, in the order of KINDS."""
    return [weighed.found.get(kind, 0.0) for kind in KINDS]


def _told(telling: Telling) -> evidence.Told:
    return telling.features, telling.facts


def _telling(pair: dict[str, Any], side: str) -> Telling:
    text = pair[side]
    language = text.get("language", pair.get("language", "en"))
    return tell(
        side, text["title"], text["text"], text["at"], sentences=text["text"].strip().split("\n")[1:], language=language
    )


def fit(rows: Sequence[Row]) -> Weights:
    """Newton's method."""
    found, same = np.array([values for values, _, _ in rows]), np.array([float(one) for _, one, _ in rows])
    much = np.array([much * (1.0 if one else WRONG) for _, one, much in rows])
    weights, held = np.zeros(len(KINDS)), np.eye(len(KINDS)) * RIDGE
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-found @ weights))
        slope = found.T @ (much * (chance - same)) + held @ weights
        bend = (found * (much * chance * (1 - chance))[:, None]).T @ found + held
        weights -= np.linalg.solve(bend, slope)
    return dict(zip(KINDS, (round(float(one), 2) for one in weights), strict=True))


def remembered() -> Callable[[Features, Features, timedelta], Likeness]:
    """`likeness` of features that live as long as the tool, worked out once."""
    known: dict[tuple[int, int, timedelta], tuple[Likeness, Features, Features]] = {}

    def found(a: Features, b: Features, apart: timedelta = timedelta(0)) -> Likeness:
        key = (id(a), id(b), apart)
        if key not in known:
            known[key] = (likeness(a, b, apart), a, b)
        return known[key][0]

    return found


class Trial:
    """The topics with weights fitted without some of them; an outcome is worked out once."""

    def __init__(self) -> None:
        vars(evidence)["likeness"] = vars(group)["likeness"] = remembered()
        self.topics = {one.name: one for one in topics(TUNE)}
        self.pairs = list(of_pairs())
        self.rows = {name: list(of_topic(one)) for name, one in self.topics.items()}
        self.fits: dict[frozenset[str], Weights] = {}

    def without(self, *names: str) -> Weights:
        """Weights fitted to all topics but these."""
        out = frozenset(names)
        if out not in self.fits:
            rest = [found for name, of in self.rows.items() if name not in out for found in of]
            self.fits[out] = fit([*self.pairs, *rest])
        return self.fits[out]

    def judge(self, name: str, weights: Weights, needed: float) -> Outcome:
        """What a topic comes to."""
        evidence.WEIGHTS.update(weights)
        evidence.NEEDED = needed
        return judge(self.topics[name])

    def chosen(self, of: dict[float, list[Outcome]]) -> float:
        """A step above the least that has to be needed for wrong merges to be as few as they may be."""
        fits = [needed for needed in GRID if all(_good(of[other]) for other in GRID if other >= needed)]
        return fits[1] if len(fits) > 1 else GRID[-1]


def _good(outcomes: list[Outcome]) -> bool:
    wrong, texts = sum(len(one.wrong) for one in outcomes), sum(one.texts for one in outcomes)
    return wrong <= MOST_WRONG * texts and not any(one.missed for one in outcomes)


def left_out(trial: Trial) -> Iterator[tuple[float, Outcome]]:
    """Each topic as one that nobody has read: neither weights nor what is needed have seen it."""
    names = list(trial.topics)
    inner: dict[str, dict[float, list[Outcome]]] = {name: {needed: [] for needed in GRID} for name in names}
    for a, b in combinations(names, 2):
        weights = trial.without(a, b)
        for needed in GRID:
            inner[a][needed].append(trial.judge(b, weights, needed))
            inner[b][needed].append(trial.judge(a, weights, needed))
    for name in names:
        needed = trial.chosen(inner[name])
        yield needed, trial.judge(name, trial.without(name), needed)


def merged(half: int) -> tuple[int, int]:
    """Pairs of one event that are merged, and of two."""
    joined = [same for weighed, same in _weighed_pairs(half) if weighed.margin >= 0]
    return sum(joined), len(joined) - sum(joined)


def write(weights: Weights, needed: float) -> None:
    """Put them into the file."""
    path = ROOT / "stories" / "evidence.py"
    text = path.read_text("utf-8")
    for kind, weight in weights.items():
        text = re.sub(rf'^    "{re.escape(kind)}": -?[\d.]+,$', f'    "{kind}": {weight},', text, flags=re.MULTILINE)
    path.write_text(re.sub(r"^NEEDED = [\d.]+", f"NEEDED = {needed}", text, flags=re.MULTILINE), "utf-8")


def main() -> None:
    """Print the figures and the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the weights into stories/evidence.py")
    given = parser.parse_args()
    trial, say = Trial(), partial(print, end="", flush=True)
    names = list(trial.topics)
    say("weights fitted to the other topics, by what is needed\n")
    by_needed: dict[float, list[Outcome]] = {}
    for needed in GRID:
        by_needed[needed] = [trial.judge(name, trial.without(name), needed) for name in names]
        say(f"{needed:4}  {list(lines(by_needed[needed], {}))[-1]}\n")
    needed = trial.chosen(by_needed)
    say(f"needed: {needed}\n\neach topic with weights fitted to, and what is needed chosen on, the other topics\n")
    unread = list(left_out(trial))
    say("\n".join(lines([one for _, one in unread], {})))
    say(f"\nneeded: {', '.join(str(one) for one, _ in unread)}\n\nfitted to all\n")
    weights = trial.without()
    say("\n".join(lines([trial.judge(name, weights, needed) for name in names], {})))
    for half in (0, 1):
        say("\npairs of half {}: {} of one event merged, {} of two".format(half, *merged(half)))
    say("\n\n" + "".join(f'    "{kind}": {weight},\n' for kind, weight in weights.items()))
    if given.write:
        write(weights, needed)


if __name__ == "__main__":
    main()
