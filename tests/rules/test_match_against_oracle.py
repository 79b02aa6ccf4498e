"""The matcher against a brute-force evaluator, over generated rules and texts."""

from __future__ import annotations

import string
from dataclasses import dataclass

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules import tree
from rules.document import ArticleText, analyse
from rules.match import Matcher, Verdict
from rules.parse import RuleSyntaxError, parse
from rules.spans import MAX_SPANS
from tests.rules import oracle

WORDS = ("ship", "ships", "port", "Port", "meet", "met", "meeting", "US", "us", "held", "wave", "Ocean", "gold")
SAME = {"ships": "ship", "met": "meet", "meeting": "meet"}
SOURCES = ("VOA", "Wire Desk")


@dataclass(frozen=True)
class Rule:
    expr: tree.Expr
    id: str = "r"
    languages: tuple[str, ...] = ()
    feeds: None = None
    enabled: bool = True


sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(
    lambda words: [words[0][0].upper() + words[0][1:], *words[1:]]
)
paragraphs = st.lists(sentences, min_size=1, max_size=3)


@st.composite
def texts(draw: st.DrawFn) -> oracle.Text:
    fields = {
        "title": [[draw(sentences)]] if draw(st.booleans()) else [],
        "text": draw(st.lists(paragraphs, max_size=4)),
        "author": [[draw(sentences)]] if draw(st.integers(0, 3)) == 0 else [],
    }
    return oracle.Text(fields, {"source": draw(st.sampled_from(SOURCES)), "lang": "en"}, SAME)


def article(text: oracle.Text) -> ArticleText:
    """The text as prose, with a comma between any two words and a full stop after each sentence."""
    prose = {
        field: "\n".join(" ".join(f"{', '.join(sentence)}." for sentence in paragraph) for paragraph in paragraphs)
        for field, paragraphs in text.fields.items()
    }
    return ArticleText(
        "a", prose["title"], prose["text"], author=prose["author"], language="en", source=text.values["source"]
    )


single = st.builds(lambda word: tree.Term((word,)), st.sampled_from(WORDS))
exact = st.builds(
    lambda words: tree.Term(tuple(words), exact=True), st.lists(st.sampled_from(WORDS), min_size=1, max_size=2)
)
phrase = st.builds(lambda words: tree.Term(tuple(words)), st.lists(st.sampled_from(WORDS), min_size=2, max_size=3))
prefix = st.builds(lambda word: tree.Term((word,), prefix=True), st.sampled_from(["shi", "por", "mee", "gol", "oce"]))
terms = single | single | single | exact | phrase | prefix
distance = st.integers(0, 6)


def some(
    parts: st.SearchStrategy[tree.Expr], least: int = 2, most: int = 3
) -> st.SearchStrategy[tuple[tree.Expr, ...]]:
    return st.lists(parts, min_size=least, max_size=most).map(tuple)


def above(parts: st.SearchStrategy[tree.Expr]) -> st.SearchStrategy[tree.Expr]:
    """Operators over smaller expressions."""
    return st.one_of(
        st.builds(tree.Or, some(parts)),
        st.builds(tree.And, some(parts, 2, 2), some(parts, 0, 1)),
        st.builds(tree.And, some(parts, 1, 1), some(parts, 1, 1)),
        st.builds(tree.Near, distance, some(parts, 2, 2), st.booleans(), st.just(True)),
        st.builds(tree.Near, distance, some(parts), st.booleans()),
        st.builds(tree.NotNear, distance, parts, parts),
        st.builds(tree.Unless, parts, parts),
        st.builds(tree.Within, st.sampled_from(["sentence", "paragraph"]), some(parts, 1)),
        st.builds(tree.AtLeast, st.integers(1, 3), parts),
        st.builds(lambda k, chosen: tree.AnyOf(min(k, len(chosen)), chosen), st.integers(1, 3), some(parts)),
        st.builds(tree.First, st.integers(1, 12), parts),
    )


expressions = st.recursive(terms, above, max_leaves=6)
qualified = st.one_of(
    expressions,
    st.builds(tree.InField, st.sampled_from(["title", "lead", "body", "author"]), expressions),
    st.builds(
        lambda left, field, right: tree.And((left, tree.InField(field, right))),
        expressions,
        st.sampled_from(["title", "lead"]),
        terms,
    ),
    st.builds(
        lambda part, source: tree.And((part, tree.Value("source", source))), expressions, st.sampled_from(SOURCES)
    ),
    st.builds(lambda part: tree.And((part,), (tree.Value("source", "wire", True),)), expressions),
)


def small(text: oracle.Text, expr: tree.Expr) -> bool:
    """Brute force is exponential: leave out what would take it minutes."""
    try:
        return all(
            len(oracle.matches(part, text)) < 150 for part in tree.walk(expr) if not isinstance(part, tree.Value)
        )
    except RecursionError:
        return False


def answer(expr: tree.Expr, text: oracle.Text) -> Verdict:
    return Matcher([Rule(expr)]).match(analyse(article(text)))


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(expr=qualified, text=texts())
def test_matcher_and_brute_force_agree_on_what_matches_and_where(expr: tree.Expr, text: oracle.Text) -> None:
    try:
        parsed = parse(tree.written(expr))
    except RuleSyntaxError:
        assume(False)
    assert tree.written(parsed) == tree.written(expr)
    assume(small(text, parsed))
    verdict = answer(parsed, text)
    assert not verdict.troubles
    assert bool(verdict.matches) == oracle.holds(parsed, text)
    inner = parsed.part if isinstance(parsed, tree.InField) else parsed
    if verdict.matches and not any(isinstance(part, tree.And) for part in tree.walk(inner)):
        check_spans(verdict, oracle.matches(parsed, text), text)


def check_spans(verdict: Verdict, found: set[oracle.Match], text: oracle.Text) -> None:
    numbers = {name: starts(article(text), name) for name in text.fields}
    windows = []
    for span in verdict.matches[0].spans:
        leaves = {(leaf.field, numbers[leaf.field].index(leaf.start)) for leaf in span.leaves}
        assert any(leaves <= match for match in found)
        first = numbers[span.field].index(span.start)
        words = len(span.text.split())
        windows.append(frozenset((span.field, at) for at in range(first, first + words)))
        assert span.sentence[span.start - span.sentence_start :].startswith(span.text)
    assert windows == oracle.reported(found)[:MAX_SPANS]


def starts(built: ArticleText, field: str) -> list[int]:
    value: str = getattr(built, field)
    return [
        at
        for at, letter in enumerate(value)
        if letter in string.ascii_letters and (at == 0 or value[at - 1] not in string.ascii_letters)
    ]
