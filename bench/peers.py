"""Other ways to find which rules match an article, beside which ours is measured.

All but the two that only look for words (one regex a rule, tsquery) evaluate rules with our own evaluator, so that
they give the same answers and differ only in how they choose what to evaluate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import ahocorasick  # type: ignore[import-not-found]
import psycopg

from bench.servers import databases
from rules.anchors import anchor
from rules.document import ArticleText, Document, analyse
from rules.evaluate import Evaluation, TooCostly
from rules.match import hits
from rules.program import Program
from rules.tree import And, Expr, Named, Near, NotNear, Or, Term, Unless, Value, Within, children
from rules.words import keys, spelling

Peer = Callable[[ArticleText], object]
_SHORTEST_STEM = 3
_LONGEST_TSQUERY = 3_000  # characters


class Everything:
    """All rules' nodes at hand, which share what is equal in them."""

    def __init__(self, exprs: Sequence[Expr]) -> None:
        self.exprs = exprs
        self.program = Program()
        self.nodes = [self.program.node(expr) for expr in exprs]


def _evaluated(rules: Everything, document: Document, numbers: Iterable[int]) -> int:
    evaluation = Evaluation(document, hits(rules.program, document, document.language))
    found = 0
    for number in numbers:
        evaluation.begin()
        try:
            found += evaluation.holds(rules.nodes[number])
        except TooCostly:
            continue
    return found


def naive(rules: Everything) -> Peer:
    """Every rule is evaluated."""
    return lambda article: _evaluated(rules, analyse(article), range(len(rules.nodes)))


def aho_corasick(rules: Everything) -> Peer:
    """One automaton of the terms that rules are looked up by, over the folded text; then the rules that they call."""
    rules_of: dict[str, list[int]] = {}
    for number, expr in enumerate(rules.exprs):
        for leaf in anchor(expr) or ():
            if isinstance(leaf, Term):
                rules_of.setdefault(_as_text(leaf), []).append(number)
    automaton = ahocorasick.Automaton()
    for text, numbers in rules_of.items():
        automaton.add_word(text, numbers)
    automaton.make_automaton()

    def match(article: ArticleText) -> int:
        document = analyse(article)
        folded = " " + " ".join(_WORDS.findall(f"{article.title} {article.text}".casefold()))
        called: set[int] = set()
        for _, numbers in automaton.iter(folded):
            called.update(numbers)
        return _evaluated(rules, document, sorted(called))

    return match


_WORDS = re.compile(r"\w+")


def _as_text(term: Term) -> str:
    """A term as it stands in folded text: whole words but for the last, whose ending is left open."""
    folded = [spelling(word).folded for word in term.words]
    stem = min(keys(folded[-1], "en"), key=len)
    last = stem if len(stem) >= _SHORTEST_STEM and folded[-1].startswith(stem) else folded[-1]
    return " " + " ".join([*folded[:-1], last])


def regexes(exprs: Sequence[Expr]) -> Peer:
    """One compiled regex a rule, an alternation of its terms, each tried on the text."""
    compiled = [re.compile("|".join(rf"\b{re.escape(text.strip())}" for text in _terms(expr))) for expr in exprs]

    def match(article: ArticleText) -> int:
        folded = f"{article.title}\n{article.text}".casefold()
        return sum(pattern.search(folded) is not None for pattern in compiled)

    return match


def _terms(expr: Expr) -> Iterator[str]:
    if isinstance(expr, Term):
        if expr.lang in ("", "en"):
            yield _as_text(expr)
        return
    if isinstance(expr, NotNear | Unless):
        yield from _terms(expr.part)
        return
    for child in expr.parts if isinstance(expr, And) else children(expr):
        yield from _terms(child)


def as_tsquery(expr: Expr) -> str:
    """What PostgreSQL can say of a rule: words, phrases, AND, OR and NOT; every distance is AND."""
    match expr:
        case Term(words, _, prefix, lang):
            if lang not in ("", "en") or not all(word.isascii() for word in words):
                return ""
            quoted = ["'" + word.replace("'", "''").replace("\\", "") + "'" for word in words]
            return "(" + " <-> ".join(quoted) + (":*" if prefix else "") + ")"
        case Or(parts):
            return _listed(" | ", parts)
        case And(parts, nots):
            negative = "".join(f" & !{text}" for part in nots if (text := as_tsquery(part)))
            return f"({_listed(' & ', parts)}{negative})"
        case Near(_, parts) | Within(_, parts):
            return _listed(" & ", parts)
        case Value():
            return ""
        case Named(_, _, part) | NotNear(_, part, _) | Unless(part, _):
            return as_tsquery(part)
    return _listed(" & ", children(expr))


def _listed(joint: str, parts: Sequence[Expr]) -> str:
    texts = list(filter(None, map(as_tsquery, parts)))
    return f"({joint.join(texts)})" if texts else ""


@contextmanager
def tsqueries(exprs: Sequence[Expr]) -> Iterator[Peer]:
    """A table of tsqueries, scanned with each article's tsvector by a PostgreSQL server started for it."""
    with databases("postgresql") as fresh, psycopg.connect(fresh().replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE rules (id integer, query tsquery)")
        # PostgreSQL takes no tsquery of more than 8 KB: rules with the largest concepts are left out
        texts = [(number, as_tsquery(expr)) for number, expr in enumerate(exprs)]
        rows = [(number, text) for number, text in texts if text and len(text) < _LONGEST_TSQUERY]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO rules VALUES (%s, to_tsquery('english', %s))", rows)
        connection.execute("ANALYZE rules")
        question = "SELECT id FROM rules WHERE to_tsvector('english', %s) @@ query"
        yield lambda article: connection.execute(question, (f"{article.title}\n{article.text}",)).fetchall()
