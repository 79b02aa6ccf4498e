"""Why a rule matches an article, or what it lacks: each clause with its places, and the nearest miss in words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from core.reasons import Reason
from rules.document import FIELD_STRIDE, Document
from rules.evaluate import BUDGET, Evaluation, TooCostly
from rules.match import Compiled, FeedTag, hits, inflection, refused
from rules.program import Node, Program
from rules.spans import Match, Span, span_of, verify
from rules.tree import (
    And,
    AnyOf,
    AtLeast,
    Expr,
    First,
    InField,
    Named,
    Near,
    NotNear,
    Or,
    Regex,
    Term,
    Unless,
    Value,
    Within,
    children,
    written,
)
from rules.windows import Place, by_unit, join_minimal, separate
from rules.wording import counted, in_words, presearch_terms

__all__ = ["Clause", "Explainable", "Explanation", "explain", "in_words", "near_miss", "presearch_terms"]

MAX_PLACES = 5  # shown of one clause
PATIENCE = 20  # times the matcher's budget: an explanation is asked for by a person
NEARLY = 3.0  # times a limit: beyond it, an article is no near miss
_USUAL = {"sentence": 25, "paragraph": 40}  # words in one


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a rule in one article. `note` says what is missing when it does not match.

    `beyond`: of a clause whose parts are there, but too far apart or too few, how many times its limit they take.
    `needs`: the limit of words with which it would match; 0 where no such limit does.
    """

    text: str
    matched: bool
    places: tuple[Span, ...] = ()
    note: str = ""
    excluded: bool = False  # it stands behind AND NOT: it must not match
    alternatives: bool = False  # one of the parts is enough
    parts: tuple[Clause, ...] = ()
    beyond: float = 1.0
    needs: int = 0

    @property
    def satisfied(self) -> bool:
        """Whether the clause is as the rule wants it."""
        return self.matched != self.excluded


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule's answer for one article. `failed` is the first clause that fails, `miss` what it lacks, in words."""

    rule: str
    matched: bool
    reason: Reason | None  # why not; None when it matches
    match: Match | None
    tree: Clause
    failed: str = ""
    miss: str = ""
    cost: int = 0  # span operations


def explain(rule: Compiled, document: Document, *, feed: FeedTag | None = None) -> Explanation:
    """The rule's answer with its reasons. Says why a rule is not tried at all, and still what it would have found."""
    return Explainable(rule).explain(document, feed=feed)


class Explainable:
    """A rule made ready once, to be explained on many articles."""

    def __init__(self, rule: Compiled) -> None:
        self.rule = rule
        self._program = Program()
        self._node = self._program.node(rule.expr)

    def explain(self, document: Document, *, feed: FeedTag | None = None) -> Explanation:
        """`explain`."""
        rule, program, node = self.rule, self._program, self._node
        language = inflection(document, rule.languages)
        evaluation = Evaluation(document, hits(program, document, language), BUDGET * PATIENCE)
        try:
            match = verify(rule.id, node, evaluation)
            cost = evaluation.spent
            evaluation.begin()
            tree = _Explainer(program, evaluation).clause(rule.expr)
        except TooCostly:
            tree = Clause(written(rule.expr), False, note=Reason.TOO_COSTLY.sentence)
            return Explanation(rule.id, False, Reason.TOO_COSTLY, None, tree, tree.text, tree.note, evaluation.spent)
        reason = (None if rule.enabled else Reason.RULE_DISABLED) or refused(rule, document, feed)
        failed = None if match else _first_failed(tree)
        reason = reason or (None if match else Reason.NO_MATCH)
        text, note = (failed.text, failed.note) if failed else ("", "")
        return Explanation(rule.id, reason is None, reason, match, tree, text, note, cost)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The one clause that an article lacks, and what it lacks of it, in words.

    `needs`: the limit of words with which the clause would match, or 0. `there`: where the other clauses are.
    """

    failed: str
    miss: str
    needs: int = field(default=0, compare=False)
    there: tuple[Span, ...] = field(default=(), compare=False, repr=False)


def near_miss(explanation: Explanation) -> NearMiss | None:
    """What an article lacks when it satisfies all clauses but one, or takes a limit by at most NEARLY times."""
    if explanation.reason is not Reason.NO_MATCH:
        return None
    lacking, there = _lacking(explanation.tree)
    if len(lacking) != 1 or not there or lacking[0].beyond > NEARLY:
        return None
    return NearMiss(lacking[0].text, lacking[0].note, lacking[0].needs, tuple(_there(explanation.tree)))


def _there(clause: Clause) -> Iterator[Span]:
    """The places of a tree's innermost clauses."""
    if not clause.parts and not clause.excluded:
        yield from clause.places
    for part in clause.parts:
        yield from _there(part)


def _lacking(clause: Clause) -> tuple[tuple[Clause, ...], int]:
    """The clauses that fail, of alternatives the fewest, and how many there are beside them that do not."""
    if clause.satisfied:
        return (), not clause.excluded
    if clause.note or clause.excluded or all(part.satisfied for part in clause.parts):
        return (clause,), sum(part.matched for part in clause.parts)
    found = [_lacking(part) for part in clause.parts]
    if clause.alternatives:
        return min(found, key=lambda one: (len(one[0]), -one[1]))
    return tuple(each for lacking, _ in found for each in lacking), sum(there for _, there in found)


class _Explainer:
    """Walks a rule's tree with the evaluation of one article at hand."""

    def __init__(self, program: Program, evaluation: Evaluation) -> None:
        self.program = program
        self.evaluation = evaluation

    def clause(self, expr: Expr, scope: str = "", *, joined: bool = False, excluded: bool = False) -> Clause:
        """The clause of an expression. `joined`: it stands inside NEAR and the like, where AND needs one field."""
        node = self.program.node(expr, scope)
        if joined:
            places = self.evaluation.places(node)
            matched = bool(places)
        else:
            matched = self.evaluation.holds(node)
            places = [place for clause in self.evaluation.clauses(node) for _, place in clause] if matched else []
        parts = self._parts(expr, scope, joined)
        note = "" if matched else self._note(expr, node, scope, parts)
        if excluded and matched:
            note = "it is in the article, and excludes it"
        shown = tuple(
            span_of(self.evaluation.document, written(expr), place) for place in separate(places)[:MAX_PLACES]
        )
        beyond, needs = (1.0, 0) if matched else (self._beyond(expr, node, parts), self._needs(expr, node, parts))
        return Clause(written(expr), matched, shown, note, excluded, isinstance(expr, Or), parts, beyond, needs)

    def _parts(self, expr: Expr, scope: str, joined: bool) -> tuple[Clause, ...]:
        match expr:
            case Named(sign, _, _) if sign != "$":
                return ()
            case InField(field, part):
                return () if isinstance(part, Term | Named) else (self.clause(part, field, joined=joined),)
            case And(parts, nots):
                positive = [self.clause(part, scope, joined=joined) for part in parts]
                return (*positive, *(self.clause(part, scope, excluded=True) for part in nots))
            case Or() | Named():
                return tuple(self.clause(part, scope, joined=joined) for part in children(expr))
        return tuple(self.clause(part, scope, joined=True) for part in children(expr))

    def _note(self, expr: Expr, node: Node, scope: str, parts: tuple[Clause, ...]) -> str:
        match expr:
            case Value(field, _, _):
                value = next(one.text for one in self.evaluation.document.fields if one.name == field)
                return f"{field} is “{value}”" if value else f"the article has no {field}"
            case InField(field, Term() | Named()):
                return f"not in the {field}"
            case Term() | Regex():
                return f"not in the {scope or 'article'}"
            case Named(sign, _, _) if sign != "$":
                return f"not in the {scope or 'article'}"
            case Or(alternatives) if all(isinstance(part, Term) for part in alternatives):
                return f"none of them in the {scope or 'article'}"
            case NotNear(n, _, other) if parts[0].matched:
                return f"every place is within {counted(n, 'word')} of {written(other)}"
            case Unless(_, other) if parts[0].matched:
                return f"every place lies inside {written(other)}"
            case And() if all(part.satisfied for part in parts):
                return "never in one field"  # beside NEAR and the like
            case And() | Or() | Named() | InField() | NotNear() | Unless():
                return ""
            case AnyOf(k, _):
                there = sum(part.matched for part in parts)
                return f"{there} of {len(parts)} there, {k} needed" if there < k else "never in one field"
        return "" if not all(part.matched for part in parts) else self._distance(expr, node)

    def _distance(self, expr: Near | Within | AtLeast | First, node: Node) -> str:
        """What is missing when every part is there."""
        groups = [self.evaluation.places(part) for part in node.parts]
        match expr:
            case AtLeast(n, _):
                most = max(len(separate(places)) for places in by_unit(groups[0], _field_of).values())
                return f"{counted(most, 'place')}, {n} needed"
            case First(n, _):
                return f"first at word {min(place[1] % FIELD_STRIDE for place in groups[0]) + 1:,}, limit {n}"
            case Within(unit, _):
                miss = self._nearest(groups, ordered=False)
                near = "" if miss is None or len(groups) < 2 else f"; nearest: {counted(miss, 'word')} apart"
                return f"never in one {unit}{near}"
        miss = self._nearest(groups, ordered=expr.ordered)
        if miss is not None:
            return f"{counted(miss, 'word')} apart, limit {expr.n}"
        if expr.ordered and self._nearest(groups, ordered=False) is not None:
            return "never in this order"
        return "never as separate words in one field"

    def _beyond(self, expr: Expr, node: Node, parts: Sequence[Clause]) -> float:
        """How many times its limit a clause that does not match takes; 1 where there is no limit to speak of."""
        if isinstance(expr, AnyOf):
            return 1.0 if sum(part.matched for part in parts) >= expr.k - 1 else inf
        if not isinstance(expr, Near | Within | AtLeast | First) or not all(part.matched for part in parts):
            return 1.0
        groups = [self.evaluation.places(part) for part in node.parts]
        match expr:
            case AtLeast(n, _):
                return n / max(len(separate(places)) for places in by_unit(groups[0], _field_of).values())
            case First(n, _):
                return min(place[1] % FIELD_STRIDE + 1 for place in groups[0]) / max(n, 1)
            case Within(unit, _):
                return (self._nearest(groups, ordered=False) or 0) / _USUAL[unit]
        miss = self._nearest(groups, ordered=expr.ordered)
        return (self._nearest(groups, ordered=False) or 0 if miss is None else miss) / max(expr.n, 1)

    def _needs(self, expr: Expr, node: Node, parts: Sequence[Clause]) -> int:
        """The limit of words with which the clause would match; 0 when none would."""
        if not isinstance(expr, Near | First) or not all(part.matched for part in parts):
            return 0
        groups = [self.evaluation.places(part) for part in node.parts]
        if isinstance(expr, First):
            return min(place[1] % FIELD_STRIDE for place in groups[0]) + 1
        return self._nearest(groups, ordered=expr.ordered) or 0

    def _nearest(self, groups: Sequence[list[Place]], *, ordered: bool) -> int | None:
        """The smallest n for which there is a match; None when there is none at any distance."""
        widest = max(len(field.starts) for field in self.evaluation.document.fields)

        def joins(n: int) -> bool:
            return bool(join_minimal(groups, n, self.evaluation.spend, ordered=ordered))

        return bisect_left(range(widest), True, key=joins) if joins(widest) else None


def _field_of(at: int) -> int:
    return at // FIELD_STRIDE


def _first_failed(clause: Clause) -> Clause:
    """The clause to show: the first that fails, as deep as it can be told; of an OR the branch that comes nearest."""
    failing = [part for part in clause.parts if not part.satisfied]
    if clause.note or not failing:
        return clause
    return _first_failed(max(failing, key=_progress) if clause.alternatives else failing[0])


def _progress(clause: Clause) -> float:
    """How much of a clause is satisfied, 0 to 1."""
    if not clause.parts:
        return float(clause.satisfied)
    return sum(map(_progress, clause.parts)) / len(clause.parts)
