"""The matcher against brute force, at length: `make fuzz`, or `python -m tests.fuzz [--pairs 1000000] [--seed 7]`.

Rules of every operator are tried on texts in several scripts, with repeated words, empty fields and all sorts of signs
between words. Every answer must be the oracle's, and every span the text it claims to be. The first difference is made
as small as it gets and printed with its seed; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from math import comb, prod

from rules import tree
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.parse import RuleSyntaxError, parse
from rules.spans import MAX_SPANS, Leaf, Match, Span
from tests.rules import oracle

WORDS = (
    *("ship", "ships", "port", "Port", "meet", "met", "meeting", "US", "us", "held", "wave", "Ocean", "gold"),
    *("мир", "Порт", "Élan", "河", "内", "한국", "G7", "sea"),
)
SAME = {"ships": "ship", "met": "meet", "meeting": "meet"}
PREFIXES = ("shi", "por", "mee", "gol", "oce", "пор")
SOURCES = ("VOA", "Wire Desk", "")
BETWEEN = (", ", " ", " ", " ", "-", " – ", "/", "\u00a0", "\t", " “", "; ", " (", "…")
POSSESSIVES = ("", "", "", "", "'s", "’s")
ENDS = (".", ".", "!", "?")
ROUND_RULES, ROUND_TEXTS = 16, 16
MOST_MATCHES = 600  # of an expression, by a generous guess: brute force is exponential
MOST_WINDOWS = 30_000  # words in all the windows of so many matches
ROUNDS_PER_JOB = 20


@dataclass(frozen=True)
class Rule:
    """What the matcher needs of a rule."""

    id: str
    expr: tree.Expr
    enabled: bool = True
    languages: tuple[str, ...] = ()
    feeds: None = None


@dataclass(frozen=True)
class Written:
    """A text, the article that has it, and where each of its words stands in the article's fields."""

    text: oracle.Text
    article: ArticleText
    places: dict[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Difference:
    """A rule and a text on which the matcher is wrong, and how."""

    expr: tree.Expr
    text: oracle.Text
    seed: int
    what: str

    def __str__(self) -> str:
        one = rendered(self.text, self.seed)
        return (
            f"{self.what}\nrule: {tree.written(self.expr)}\ntitle: {one.article.title!r}\ntext: {one.article.text!r}\n"
            f"author: {one.article.author!r}\nsource: {one.article.source!r}"
        )


# -- what is tried


def expression(chance: random.Random, depth: int = 3) -> tree.Expr:
    """A rule of any operator."""
    if depth == 0 or chance.random() < 0.25:
        return term(chance)

    def some(least: int = 2, most: int = 3) -> tuple[tree.Expr, ...]:
        return tuple(expression(chance, depth - 1) for _ in range(chance.randint(least, most)))

    n = chance.choice((0, 1, 2, 3, 4, 6, 9, 40, 500))
    match chance.randrange(12):
        case 0 | 1:
            return tree.Or(some())
        case 2:
            return tree.And(some(2, 2), some(0, 1)) if chance.random() < 0.7 else tree.And(some(1, 1), some(1, 1))
        case 3 | 4:
            return tree.Near(n, some(2, 2), chance.random() < 0.4, True)
        case 5:
            return tree.Near(n, some(), chance.random() < 0.4)
        case 6:
            return tree.NotNear(n, *some(2, 2))
        case 7:
            return tree.Unless(*some(2, 2))
        case 8:
            return tree.Within(chance.choice(("sentence", "paragraph")), some(1))
        case 9:
            return tree.AtLeast(chance.randint(1, 3), *some(1, 1))
        case 10:
            parts = some()
            return tree.AnyOf(chance.randint(1, len(parts)), parts)
    return tree.First(chance.choice((1, 2, 4, 8, 30)), *some(1, 1))


def term(chance: random.Random) -> tree.Term:
    """A word, a phrase or a prefix."""
    kind = chance.random()
    if kind < 0.12:
        return tree.Term((chance.choice(PREFIXES),), prefix=True)
    length = 1 if kind < 0.7 else chance.randint(2, 3)
    return tree.Term(tuple(chance.choice(WORDS) for _ in range(length)), exact=chance.random() < 0.25)


def rule(chance: random.Random) -> tree.Expr | None:
    """A whole rule as the parser makes it; None when it cannot mean anything."""
    expr = expression(chance)
    match chance.randrange(8):
        case 0:
            expr = tree.InField(chance.choice(("title", "lead", "body", "author")), expr)
        case 1:
            expr = tree.And((expr, tree.InField(chance.choice(("title", "lead")), term(chance))))
        case 2:
            expr = tree.And((expr, tree.Value("source", *chance.choice((("VOA", False), ("wire", True))))))
    try:
        return parse(tree.written(expr))
    except RuleSyntaxError:
        return None


def text(chance: random.Random) -> oracle.Text:
    """A text: mostly short, sometimes empty, sometimes one word again and again, sometimes long."""
    kind = chance.random()
    words = WORDS if kind < 0.6 else chance.sample(WORDS, chance.randint(1, 4))
    longest, paragraphs = (30, 9) if kind > 0.97 else (7, 4)

    def sentence() -> list[str]:
        first, *rest = [chance.choice(words) for _ in range(chance.randint(1, longest))]
        return [first[0].upper() + first[1:], *rest]

    def paragraph() -> list[list[str]]:
        return [sentence() for _ in range(chance.randint(1, 3))]

    fields = {
        "title": [[sentence()]] if chance.random() < 0.5 else [],
        "text": [paragraph() for _ in range(chance.randint(0, paragraphs))],
        "author": [[sentence()]] if chance.random() < 0.2 else [],
    }
    return oracle.Text(fields, {"source": chance.choice(SOURCES), "lang": "en"}, SAME)


def rendered(text: oracle.Text, seed: int) -> Written:
    """The text as prose, with all sorts of signs between words, composed or not, as `seed` decides."""
    chance = random.Random(seed)
    prose: dict[str, str] = {}
    places: dict[str, list[tuple[int, int]]] = {}
    for field, paragraphs in text.fields.items():
        said, found = "", places.setdefault(field, [])
        for at, paragraph in enumerate(paragraphs):
            said += chance.choice(("\n", "\n\n", "\r\n")) if at else ""
            for number, sentence in enumerate(paragraph):
                said += " " if number else ""
                for position, word in enumerate(sentence):
                    said += chance.choice(BETWEEN) if position else ""
                    shown = unicodedata.normalize(chance.choice(("NFC", "NFD")), word)
                    shown += chance.choice(POSSESSIVES) if word.isascii() and len(word) > 1 else ""
                    found.append((len(said), len(said) + len(shown)))
                    said += shown
                said += chance.choice(ENDS)
        prose[field] = said
    article = ArticleText(
        "a", prose["title"], prose["text"], author=prose["author"], source=text.values["source"],
        language="en", fallback_language="en",
    )  # fmt: skip
    return Written(text, article, places)


# -- what must hold


def difference(expr: tree.Expr, one: Written, match: Match | None) -> str:
    """What is wrong with the matcher's answer; "" when nothing is."""
    expected = oracle.holds(expr, one.text)
    if bool(match) != expected:
        return f"the matcher says {bool(match)}, brute force {expected}"
    return _wrong_spans(expr, one, match) if match else ""


def _wrong_spans(expr: tree.Expr, one: Written, match: Match) -> str:
    windows = []
    for span in match.spans:
        value = getattr(one.article, span.field)
        pieces: list[Span | Leaf] = [span, *span.leaves]
        for piece in pieces:
            if value[piece.start : piece.end] != piece.text or piece.field != span.field:
                return f"{piece.text!r} is not what stands at {piece.field} {piece.start} to {piece.end}"
        if span.sentence[span.start - span.sentence_start :][: len(span.text)] != span.text:
            return f"{span.text!r} does not stand in its sentence {span.sentence!r}"
        inside = one.places.get(span.field, [])
        windows.append(
            frozenset((span.field, at) for at, (start, end) in enumerate(inside) if span.start <= start < span.end)
        )
    inner = expr.part if isinstance(expr, tree.InField) else expr
    if any(isinstance(part, tree.And | tree.Value) for part in tree.walk(inner)):
        return ""
    reported = oracle.reported(oracle.matches(expr, one.text))[:MAX_SPANS]
    return "" if windows == reported else f"the places are {windows}, by brute force {reported}"


def affordable(expr: tree.Expr, text: oracle.Text) -> bool:
    """Whether brute force ends in reasonable time."""
    words = 1 + sum(len(text.words(field)) for field in text.fields)
    most = min(MOST_MATCHES, MOST_WINDOWS // words)
    return all(_most(part, text) <= most for part in tree.walk(expr))


def _most(expr: tree.Expr, text: oracle.Text) -> int:
    match expr:
        case tree.Term():
            return len(oracle.matches(expr, text))
        case tree.Or(parts):
            return sum(_most(part, text) for part in parts)
        case tree.AtLeast(n, part):
            return comb(_most(part, text), n)
        case tree.AnyOf(_, parts):
            return prod(_most(part, text) + 1 for part in parts)
        case tree.NotNear(_, part, other) | tree.Unless(part, other):
            return _most(part, text) * (_most(other, text) + 1)
        case tree.Value():
            return 1
    return prod(_most(part, text) for part in tree.children(expr) if part not in getattr(expr, "nots", ()))


def round_of(seed: int) -> tuple[int, Difference | None]:
    """Some rules on some texts, all rules in one matcher: how many pairs were compared, and the first difference."""
    chance = random.Random(seed)
    exprs = [expr for _ in range(ROUND_RULES) if (expr := rule(chance))]
    matcher = Matcher(Rule(str(number), expr) for number, expr in enumerate(exprs))
    pairs = 0
    for _ in range(ROUND_TEXTS):
        how = chance.randrange(1 << 30)
        one = rendered(text(chance), how)
        verdict = matcher.match(analyse(one.article))
        matches = {int(match.rule): match for match in verdict.matches}
        undecided = {int(trouble.rule) for trouble in verdict.troubles}
        for number, expr in enumerate(exprs):
            if number in undecided or not affordable(expr, one.text):
                continue
            pairs += 1
            if what := difference(expr, one, matches.get(number)):
                return pairs, smallest(Difference(expr, one.text, how, what))
    return pairs, None


# -- making a difference small


def smallest(found: Difference) -> Difference:
    """A difference from which nothing can be taken away."""
    for other in _smaller(found):
        if what := _alone(other):
            return smallest(replace(other, what=what))
    return found


def _alone(found: Difference) -> str:
    one = rendered(found.text, found.seed)
    if not affordable(found.expr, found.text):
        return ""
    verdict = Matcher([Rule("r", found.expr)]).match(analyse(one.article))
    return "" if verdict.troubles else difference(found.expr, one, next(iter(verdict.matches), None))


def _smaller(found: Difference) -> Iterator[Difference]:
    for part in tree.children(found.expr):
        yield replace(found, expr=part)
    for field, paragraphs in found.text.fields.items():
        for fewer in _without_one(paragraphs):
            text = replace(found.text, fields={**found.text.fields, field: fewer}, found={})
            yield replace(found, text=text)


def _without_one(paragraphs: list[list[list[str]]]) -> Iterator[list[list[list[str]]]]:
    for p, paragraph in enumerate(paragraphs):
        yield [*paragraphs[:p], *paragraphs[p + 1 :]]
        for s, sentence in enumerate(paragraph):
            if len(paragraph) > 1:
                yield [*paragraphs[:p], [*paragraph[:s], *paragraph[s + 1 :]], *paragraphs[p + 1 :]]
            for w in range(len(sentence) if len(sentence) > 1 else 0):
                first, *rest = [*sentence[:w], *sentence[w + 1 :]]
                shorter = [first[0].upper() + first[1:], *rest]  # a sentence begins with a capital
                yield [*paragraphs[:p], [*paragraph[:s], shorter, *paragraph[s + 1 :]], *paragraphs[p + 1 :]]


# -- running it


def _job(seeds: Sequence[int]) -> tuple[int, Difference | None]:
    pairs = 0
    for seed in seeds:
        compared, found = round_of(seed)
        pairs += compared
        if found:
            return pairs, found
    return pairs, None


def run(pairs: int, seed: int, processes: int) -> int:
    """Compare until so many pairs are compared or one differs. Returns the exit code."""
    print(f"seed {seed}, {processes} processes", file=sys.stderr, flush=True)
    begun, done, next_seed, told = time.monotonic(), 0, seed, 0.0
    with ProcessPoolExecutor(processes) as pool:
        while done < pairs:
            jobs = []
            for _ in range(4 * processes):
                jobs.append(pool.submit(_job, range(next_seed, next_seed + ROUNDS_PER_JOB)))
                next_seed += ROUNDS_PER_JOB
            for job in as_completed(jobs):
                compared, found = job.result()
                done += compared
                if found:
                    print(f"seed {seed}: after {done:,} pairs\n{found}")
                    return 1
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    print(f"{done:,} pairs in {told - begun:.0f} s", file=sys.stderr, flush=True)
    print(f"{done:,} pairs of a rule and a text, no difference (seed {seed})")
    return 0


def main() -> int:
    """Read the arguments, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 40) if given.seed is None else given.seed
    return run(given.pairs, seed, given.processes)


if __name__ == "__main__":
    sys.exit(main())
