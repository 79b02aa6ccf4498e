"""What matching costs, by the number of rules: `python -m bench.matching [--rules 10000] [--json]`.

Made-up rules of a newsroom over made-up articles of 5 KB, and beside them, in the same run, other ways to do it. CPU
microseconds an article in one process, the best of three passes over articles whose words have all been seen before; of
naive evaluation and of one regex a rule only a sample of articles or rules is run; of PostgreSQL it is the time that
passes, up to 10,000 rules.
Hostile rules are made of the hundred commonest words.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from bench import peers
from bench.costs import memory_mb
from bench.newsroom import Newsroom, RuleText
from bench.tables import table
from rules.document import ArticleText, analyse
from rules.evaluate import Evaluation, TooCostly
from rules.match import Matcher
from rules.names import Names
from rules.parse import parse
from rules.program import Node
from rules.spans import verify
from rules.tree import Expr

SIZES = (100, 1_000, 10_000, 100_000)
WARM, MEASURED = 250, 60  # articles
PASSES = 3  # the best of each phase counts: other programs on the machine only make it slower
MOST_TSQUERIES = 10_000
MOST_REGEXES = 500
MOST_EVALUATIONS = 400_000  # of naive evaluation in all: fewer articles for more rules
HOSTILE = 1_000  # rules
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule whose tree is parsed when it is asked for, and not kept."""

    id: str
    text: str
    names: Names = field(repr=False)
    enabled: bool = True
    languages: tuple[str, ...] = ()
    feeds: None = None

    @property
    def expr(self) -> Expr:
        """The tree."""
        return parse(self.text, self.names)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of rules, measured. `peers`: µs per article of the other ways, ours not included."""

    rules: int
    us_per_article: dict[str, float]
    index_mb: float
    build_s: float
    load_s: float
    add_ms: float
    file_mb: float
    candidates: float
    matches: float
    costly: int
    peers: dict[str, float] = field(default_factory=dict)


def measure(count: int, *, seed: int = 1, hostile: bool = False, beside: bool = True) -> Outcome:
    """Build, load, change and use an index of so many rules."""
    room = Newsroom(seed)
    names = room.names()
    rules = _rules(room.hostile(count) if hostile else room.rules(count), names)
    warm, articles = room.articles(WARM), room.articles(MEASURED)
    gc.collect()
    before = _memory()
    matcher, build_s = _timed(lambda: Matcher(rules))
    gc.collect()
    file = matcher.dump(["en"])
    for article in warm:
        matcher.match(analyse(article))
    gc.collect()
    index_mb = _memory() - before - len(file) / 1e6
    loaded, load_s = _timed(lambda: Matcher.load(rules, memoryview(file)))
    loaded.match(analyse(articles[0]))
    (one,) = _rules(room.rules(1), names)
    _, add_s = _timed(lambda: matcher.with_rules([one], [rules[0].id]).match(analyse(articles[0])))
    phases(matcher, articles)  # so that the spellings of these articles are known too
    passes = [phases(matcher, articles) for _ in range(PASSES)]
    costs = {name: min(cost[name] for cost, _ in passes) for name in passes[0][0]}
    counts = passes[0][1]
    found = _beside(rules, articles) if beside else {}
    return Outcome(
        rules=count, us_per_article=costs, index_mb=round(index_mb, 1), build_s=round(build_s, 2),
        load_s=round(load_s, 3), add_ms=round(add_s * 1e3, 1), file_mb=round(len(file) / 1e6, 1),
        candidates=counts["candidates"] / MEASURED, matches=counts["matches"] / MEASURED, costly=counts["costly"],
        peers=found,
    )  # fmt: skip


class Stopwatch:
    """CPU seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count what happens inside under this name."""
        begun = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - begun


def phases(matcher: Matcher, articles: Sequence[ArticleText]) -> tuple[dict[str, float], dict[str, int]]:
    """CPU µs an article for each phase, and for all of it as the pipeline calls it; what was found."""
    watch = Stopwatch()
    counts = dict.fromkeys(("candidates", "matches", "costly"), 0)
    for article in articles:
        with watch.of("analysis"):
            document = analyse(article)
        with watch.of("presearch"):
            (found,) = matcher.presearch(document)
        nodes = [matcher.node(number) for number in found.candidates]
        with watch.of("evaluation"):
            answers = [_holds(found.evaluation, node) for node in nodes]
        matched = [node for node, answer in zip(nodes, answers, strict=True) if answer]
        with watch.of("spans"):
            for node in matched:
                verify("", node, found.evaluation)
        counts["candidates"] += len(nodes)
        counts["matches"] += len(matched)
        counts["costly"] += answers.count(None)
    with watch.of("total"):
        for article in articles:
            matcher.match(analyse(article))
    return {name: round(seconds / len(articles) * 1e6, 1) for name, seconds in watch.seconds.items()}, counts


def _holds(evaluation: Evaluation, node: Node) -> bool | None:
    """Whether a rule matches; None when it is too costly."""
    evaluation.begin()
    try:
        return evaluation.holds(node)
    except TooCostly:
        return None


def _beside(rules: Sequence[Rule], articles: Sequence[ArticleText]) -> dict[str, float]:
    """µs an article of the other ways, analysis included."""
    exprs = [rule.expr for rule in rules]
    everything = peers.Everything(exprs)
    found = {}
    few = max(2, min(len(articles), MOST_EVALUATIONS // len(rules)))
    found["naive"] = _per_article(peers.naive(everything), articles[:few], warm=1)
    found["aho_corasick"] = _per_article(peers.aho_corasick(everything), articles)
    sample = exprs[:MOST_REGEXES]
    found["regexes"] = _per_article(peers.regexes(sample), articles[:5]) * len(exprs) / len(sample)
    if len(exprs) <= MOST_TSQUERIES:
        with peers.tsqueries(exprs) as scan:
            found["tsquery"] = _per_article(scan, articles[:20], clock=time.perf_counter)
    return {name: round(cost, 1) for name, cost in found.items()}


def _per_article(
    peer: peers.Peer, articles: Sequence[ArticleText], *, warm: int = 0, clock: Callable[[], float] = time.process_time
) -> float:
    for article in articles[: warm or len(articles)]:
        peer(article)
    begun = clock()
    for article in articles:
        peer(article)
    return (clock() - begun) / len(articles) * 1e6


def _rules(texts: Iterable[RuleText], names: Names) -> list[Rule]:
    return [Rule(one.id, one.text, names) for one in texts]


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun


def _memory() -> float:
    return memory_mb([os.getpid()])


NAMES = {
    "aho_corasick": "Aho-Corasick of the terms, then evaluation",
    "naive": "every rule evaluated",
    "regexes": "one compiled regex a rule",
    "tsquery": "PostgreSQL, scan of tsqueries",
}


def markdown(outcomes: Sequence[Outcome], hostile: Outcome | None) -> str:
    """The measurement as tables: ours by phase, beside the others, and what it takes."""
    sizes = [f"{one.rules:,} rules" for one in outcomes]
    shown = [*outcomes, *([hostile] if hostile else [])]
    head = ["µs an article", *sizes, *([f"{hostile.rules:,} hostile"] if hostile else [])]
    phase_rows = [[name, *(f"{one.us_per_article[name]:,.0f}" for one in shown)] for name in outcomes[0].us_per_article]
    peer_rows = [
        [label, *(f"{one.peers[name]:,.0f}" if name in one.peers else "–" for one in shown)]
        for name, label in NAMES.items()
    ]
    facts: dict[str, Callable[[Outcome], str]] = {
        "rules evaluated an article": lambda one: f"{one.candidates:,.1f}",
        "rules that match an article": lambda one: f"{one.matches:,.2f}",
        "memory, MB": lambda one: f"{one.index_mb:,.0f}",
        "build from rule texts, s": lambda one: f"{one.build_s:,.2f}",
        "compiled index file, MB": lambda one: f"{one.file_mb:,.1f}",
        "load from it, s": lambda one: f"{one.load_s:,.3f}",
        "one rule changed and one article matched, ms": lambda one: f"{one.add_ms:,.1f}",
    }
    fact_rows = [[label, *(value(one) for one in shown)] for label, value in facts.items()]
    return "\n\n".join((table(head, [*phase_rows, *peer_rows]), table(["", *head[1:]], fact_rows)))


def main() -> int:
    """Run the measurement; progress goes to stderr, so that stdout can be kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching", description=__doc__)
    parser.add_argument("--rules", type=int, help="so many only; else 100 to 100,000 and hostile ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="leave the other ways out")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    outcomes = []
    for count in [given.rules] if given.rules else SIZES:
        print(f"{count:,} rules", file=sys.stderr, flush=True)
        outcomes.append(measure(count, seed=given.seed, beside=not given.alone))
    hostile = None if given.rules else measure(HOSTILE, seed=given.seed, hostile=True, beside=False)
    if not given.json:
        print(markdown(outcomes, hostile))
    elif given.rules:
        print(json.dumps(asdict(outcomes[0]), indent=2))
    else:
        rows = {str(one.rules): asdict(one) for one in outcomes}
        print(json.dumps({**rows, "hostile": asdict(hostile) if hostile else None}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
