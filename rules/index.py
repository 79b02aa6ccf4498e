"""Which rules can match an article at all: those of which every required group of terms has a term in it.

Groups and terms that rules share are decided once per article. The index may offer a rule too many; it never leaves
one out that matches. A `Segment` does not change once it is built: rules that are added later get one of their own.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import InputError
from rules.anchors import MOST_GROUPS, Group, Leaf, required, share
from rules.document import Document
from rules.evaluate import phrase, plain_value
from rules.packed import Ints, Packer, Sections, Unpacker
from rules.program import Node
from rules.tree import VALUE_FIELDS, Expr, Term, Value
from rules.vocabulary import Vocabulary, Wanted

_ALWAYS = 0  # the number of the group that every article has
_LISTS = ("by_word", "words", "groups", "rules")
_SCOPES = ("", "title", "lead", "body", "author")
Hits = Mapping[int, Sequence[int]]  # number of a word → its places
ValueKey = tuple[str, str, bool]  # field, plain text, prefix


class Unanchored(InputError):
    """A rule that nothing can be looked up for. `parse` refuses such rules with a place."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of numbers one behind the other: list n is `items[starts[n] : starts[n + 1]]`."""

    starts: Ints
    items: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """These lists."""
        starts = np.zeros(len(lists) + 1, np.int32)
        np.cumsum([len(one) for one in lists], out=starts[1:])
        return cls(starts, np.fromiter((item for one in lists for item in one), np.int32, int(starts[-1])))

    @classmethod
    def inverse(cls, count: int, keys: Sequence[int] | Ints, values: Sequence[int] | Ints) -> Lists:
        """`count` lists of the values that have the same key, in their order."""
        key_array, value_array = np.asarray(keys, np.int32), np.asarray(values, np.int32)
        starts = np.zeros(count + 1, np.int32)
        np.cumsum(np.bincount(key_array, minlength=count), out=starts[1:])
        return cls(starts, value_array[np.argsort(key_array, kind="stable")])

    def __getitem__(self, number: int) -> Ints:
        found: Ints = self.items[self.starts[number] : self.starts[number + 1]]
        return found

    def all(self, numbers: Ints) -> Ints:
        """The items of several lists."""
        begins = self.starts[numbers]
        sizes = self.starts[numbers + 1] - begins
        ends = np.cumsum(sizes, dtype=np.int32)
        if not len(ends) or not ends[-1]:
            return self.items[:0]
        shift = np.repeat(begins - ends + sizes, sizes)
        found: Ints = self.items[shift + np.arange(ends[-1], dtype=np.int32)]
        return found


@dataclass(frozen=True, slots=True)
class Segment:
    """Rules by number (from 0), with what must be in an article for each, and their trees."""

    by_word: Lists  # word → terms that are looked up by it
    words: Lists  # term → its words
    second: Ints  # term → another of its words, -1 when it has none; -2 for a term that needs no second look
    scope: Ints  # term → number of the field it is looked for in
    groups: Lists  # term → groups it is in
    group_count: int
    rules: Lists  # group → rules that are looked up by it; groups that no rule is looked up by have higher numbers
    gates: tuple[Ints, ...]  # rule → its second, third, … group
    values: Mapping[ValueKey, int]  # whole value → term
    lengths: Mapping[str, Sequence[int]]  # field → lengths of its values that are prefixes
    trees: memoryview
    tree_starts: Ints
    unpacker: Unpacker
    named: Sequence[bytes]
    nodes: dict[int, Node] = field(default_factory=dict)  # of rules that were candidates

    def __len__(self) -> int:
        return len(self.tree_starts) - 1

    def expr(self, rule: int) -> Expr:
        """The tree of a rule."""
        return self.unpacker.unpack(self.trees[self.tree_starts[rule] : self.tree_starts[rule + 1]])

    def candidates(self, present: Ints, hits: Hits, document: Document) -> Ints:
        """The rules that may match an article, in order. `present`: the numbers of its words, `hits` their places."""
        known = present[present < len(self.by_word.starts) - 1]
        found = self.by_word.all(known)
        second = self.second[found]
        terms = found[second == -2]
        unsure = second > -2
        if unsure.any():
            there = np.zeros(len(self.by_word.starts), bool)
            there[known] = True
            there[-1] = True  # what -1 points at
            checked = found[unsure][there[second[unsure]]]
            sure = [term for term in checked.tolist() if self._stands(term, hits, document)]
            terms = np.concatenate((terms, np.asarray(sure, np.int32)))
        if self.values:
            terms = np.concatenate((terms, np.asarray(self._values_in(document), np.int32)))
        has = np.zeros(self.group_count, bool)
        has[self.groups.all(terms)] = True
        rules = self.rules.all(np.flatnonzero(has[: len(self.rules.starts) - 1]).astype(np.int32))
        has[_ALWAYS] = True
        for gate in self.gates:
            rules = rules[has[gate[rules]]]
        return np.sort(rules)

    def _stands(self, term: int, hits: Hits, document: Document) -> bool:
        """Whether the words of a term stand together, in the field it is looked for in."""
        words = self.words[term].tolist()
        begins = phrase(words, hits)
        scope = int(self.scope[term])
        if not scope or not begins:
            return bool(begins)
        low, high = document.range_of(_SCOPES[scope])
        return any(low <= at < high for at in begins)

    def _values_in(self, document: Document) -> list[int]:
        found = []
        for part in document.fields:
            if part.name not in VALUE_FIELDS or not part.text:
                continue
            plain = plain_value(part.name, part.text)
            keys: list[ValueKey] = [(part.name, plain, False)]
            if part.name == "lang":
                keys += [(part.name, plain[:at], False) for at, sign in enumerate(plain) if sign == "-"]
            keys += [(part.name, plain[:length], True) for length in self.lengths.get(part.name, ())]
            found += [self.values[key] for key in keys if key in self.values]
        return found

    def sections(self) -> dict[str, bytes | Ints]:
        """Everything as sections of a file, for `Segment.load`."""
        sections: dict[str, bytes | Ints] = {
            "second": self.second, "scope": self.scope, "trees": bytes(self.trees), "tree starts": self.tree_starts,
            "values": marshal.dumps((dict(self.values), {name: list(of) for name, of in self.lengths.items()})),
            "named": marshal.dumps(list(self.named)), "group count": marshal.dumps(self.group_count),
        }  # fmt: skip
        for name in _LISTS:
            lists: Lists = getattr(self, name)
            sections |= {f"{name} starts": lists.starts, f"{name} items": lists.items}
        return sections | {f"gate {at}": gate for at, gate in enumerate(self.gates)}

    @classmethod
    def load(cls, sections: Sections) -> Segment:
        """The segment whose sections these are; nothing is copied."""
        ints = sections.ints
        by_word, words, groups, rules = (Lists(ints(f"{name} starts"), ints(f"{name} items")) for name in _LISTS)
        values, lengths = sections.values("values")
        named = sections.values("named")
        gates = tuple(ints(f"gate {at}") for at in range(MOST_GROUPS - 1))
        trees, tree_starts = sections.bytes("trees"), ints("tree starts")
        count = sections.values("group count")
        return cls(
            by_word, words, ints("second"), ints("scope"), groups, count, rules, gates, values, lengths, trees,
            tree_starts, Unpacker(named), named,
        )  # fmt: skip


def compiled(exprs: Iterable[Expr], vocabulary: Vocabulary) -> Segment:
    """The segment of these rules, whose words go into the vocabulary. Raises Unanchored."""
    builder = _Builder(vocabulary)
    for expr in exprs:
        builder.add(expr)
    return builder.segment()


class _Builder:
    """Numbers terms and groups, each once, while rules come in."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._terms: dict[tuple[Leaf, str], int] = {}
        self._words: list[tuple[int, ...]] = []
        self._first: list[int] = []  # term → the word it is looked up by, -1 for a value
        self._second: list[int] = []
        self._scope: list[int] = []
        self._groups: dict[tuple[int, ...], int] = {(): _ALWAYS}
        self._known: dict[int, tuple[Group, int]] = {}  # by id: groups of names are the same object in many rules
        self._in_rule: list[list[int]] = []
        self._values: dict[ValueKey, int] = {}
        self._packer = Packer(self._number)
        self._trees: list[bytes] = []

    def add(self, expr: Expr) -> None:
        """One more rule. Raises Unanchored."""
        groups = required(expr)
        if not groups:
            raise Unanchored("nothing in this rule can be looked up")
        self._in_rule.append([self._group(group) for group in groups])
        self._trees.append(self._packer.pack(expr))

    def _group(self, group: Group) -> int:
        known = self._known.get(id(group))
        if known is None:
            terms = tuple(sorted({self._term(leaf, scope) for leaf, scope in group.needs}))
            number = self._groups.setdefault(terms, len(self._groups))
            if len(terms) < 8:  # of one rule only, as a rule
                return number
            known = self._known[id(group)] = (group, number)
        return known[1]

    def _term(self, leaf: Leaf, scope: str) -> int:
        number = self._terms.get((leaf, scope))
        if number is None:
            number = self._terms[leaf, scope] = len(self._words)
            if isinstance(leaf, Value):
                key = (leaf.field, plain_value(leaf.field, leaf.text), leaf.prefix)
                number = self._terms[leaf, scope] = self._values.setdefault(key, number)
                if number == len(self._words):
                    self._enter((), -1, -2, 0)
                return number
            words = self._number(leaf)
            rare = sorted(range(len(words)), key=lambda at: share(leaf.words[at], leaf.lang))
            alone = -1 if scope else -2
            self._enter(words, words[rare[0]], words[rare[1]] if len(words) > 1 else alone, _SCOPES.index(scope))
        return number

    def _number(self, term: Term) -> tuple[int, ...]:
        """The numbers of a term's words."""
        number = self._vocabulary.number
        return tuple([number(Wanted(word, term.exact, term.prefix, term.lang)) for word in term.words])

    def _enter(self, words: tuple[int, ...], first: int, second: int, scope: int) -> None:
        self._words.append(words)
        self._first.append(first)
        self._second.append(second)
        self._scope.append(scope)

    def segment(self) -> Segment:
        """Everything that was added."""
        looked_up = [term for term, word in enumerate(self._first) if word >= 0]
        by_word = Lists.inverse(len(self._vocabulary), [self._first[term] for term in looked_up], looked_up)
        padded = np.asarray([[*one, *[_ALWAYS] * (MOST_GROUPS - len(one))] for one in self._in_rule], np.int32)
        padded = padded.reshape(-1, MOST_GROUPS)
        looks_up = np.zeros(len(self._groups), bool)
        looks_up[_ALWAYS] = looks_up[padded[:, 0]] = True
        renumbered = np.empty(len(looks_up), np.int32)
        renumbered[np.argsort(~looks_up, kind="stable")] = np.arange(len(looks_up), dtype=np.int32)
        padded = renumbered[padded]
        pairs = [(term, group) for terms, group in self._groups.items() for term in terms]
        in_groups = renumbered[np.asarray([group for _, group in pairs], np.int32)]
        starts = np.zeros(len(self._trees) + 1, np.int32)
        np.cumsum([len(tree) for tree in self._trees], out=starts[1:])
        lengths: dict[str, set[int]] = {}
        for name, text, prefix in self._values:
            if prefix:
                lengths.setdefault(name, set()).add(len(text))
        return Segment(
            by_word=by_word,
            words=Lists.of(self._words),
            second=np.asarray(self._second, np.int32),
            scope=np.asarray(self._scope, np.int32),
            groups=Lists.inverse(len(self._words), [term for term, _ in pairs], in_groups),
            group_count=len(self._groups),
            rules=Lists.inverse(int(looks_up.sum()), padded[:, 0], range(len(padded))),
            gates=tuple(np.ascontiguousarray(padded[:, at]) for at in range(1, MOST_GROUPS)),
            values=self._values,
            lengths={name: sorted(found) for name, found in lengths.items()},
            trees=memoryview(b"".join(self._trees)),
            tree_starts=starts,
            unpacker=Unpacker(self._packer.named),
            named=self._packer.named,
        )
