"""The rules' texts in a watch file, parsed, with what is wrong in them placed in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Problem
from rules import countries
from rules.concepts import expression
from rules.names import Entity, Names, RuleSyntaxError
from rules.parse import parse, parse_item
from rules.problems import did_you_mean, item
from rules.tree import Expr
from rules.watchfile import ConceptChange, WatchFile
from rules.watchfile import Entity as WrittenEntity
from rules.yamlfaults import below
from rules.yamltext import Path, Scalar, YamlText, line_starts, offset_within

BROKEN = "broken"  # stands for a name that has its own Problem, so that rules using it have none
_OF_ANOTHER_RULE = re.compile(r"in \$([\w.-]+): ")
Texts = Mapping[str, tuple[str, ...]]
Concepts = Mapping[str, Texts]


def entities(file: WatchFile, written: Mapping[str, Any], tree: YamlText) -> tuple[dict[str, Entity], list[Problem]]:
    """What rules can call by @name, and what is wrong with the terms. `written` holds refused entities too."""
    found: dict[str, Entity] = dict.fromkeys(written, Entity(items=(BROKEN,)))
    problems: list[Problem] = []
    for name, entity in file.entities.items():
        wrong = _entity_problems(("entities", name), entity, tree)
        problems += wrong
        if not wrong:
            found[name] = Entity(entity.any, entity.lang, entity.country or "", entity.metonyms)
    return found, problems


def _entity_problems(path: Path, entity: WrittenEntity, tree: YamlText) -> list[Problem]:
    problems = _term_problems((*path, "any"), entity.any, tree)
    for lang, terms in entity.lang.items():
        problems += _term_problems((*path, "lang", lang), terms, tree)
    if entity.country and not countries.known(entity.country):
        where = (*path, "country")
        problems.append(_problem(tree, where, f"no country has the code {entity.country}", "e.g. VN, US, GB"))
    return problems


def _term_problems(path: Path, terms: tuple[str, ...], tree: YamlText) -> list[Problem]:
    problems = []
    for index, term in enumerate(terms):
        try:
            parse_item(term)
        except RuleSyntaxError as error:
            problems.append(_problem(tree, (*path, index), error.message, error.hint))
    return problems


def changed_concepts(
    file: WatchFile, shipped: Concepts, names: Names, tree: YamlText
) -> tuple[Concepts, list[Problem]]:
    """The shipped concepts with the file's changes, as rule text, and what is wrong with those.

    `names` are the names that added expressions may use.
    """
    found: dict[str, Texts] = {}
    problems: list[Problem] = []
    for name, change in file.concepts.items():
        if name not in shipped:
            hint = did_you_mean(name, shipped, "#")
            line, column = tree.place(tree.nearest(("concepts", name), key=True))
            problems.append(Problem(f"there is no concept #{name}", line, column, hint, f"concepts.{name}"))
            continue
        problems += _missing_terms(name, change, shipped[name], tree)
        added, wrong = _added_terms(name, change, names, tree)
        problems += wrong
        found[name] = _as_expressions(changed(shipped[name], change, added))
    return WithChanges(shipped, found), problems


@dataclass(frozen=True, slots=True)
class WithChanges(Mapping[str, Texts]):
    """The shipped concepts as rule text, some of them replaced; each is made of its file when it is asked for."""

    shipped: Concepts
    changed: Concepts

    def __getitem__(self, name: str) -> Texts:
        return self.changed[name] if name in self.changed else _as_expressions(self.shipped[name])

    def __contains__(self, name: object) -> bool:
        return name in self.shipped

    def __iter__(self) -> Iterator[str]:
        return iter(self.shipped)

    def __len__(self) -> int:
        return len(self.shipped)


def _as_expressions(terms: Texts) -> Texts:
    return {lang: tuple(map(expression, texts)) for lang, texts in terms.items()}


def _missing_terms(name: str, change: ConceptChange, shipped: Texts, tree: YamlText) -> list[Problem]:
    return [
        _problem(
            tree,
            ("concepts", name, "not", lang, index),
            f"#{name} has no such expression in {lang}",
            did_you_mean(term, shipped.get(lang, ())),
        )
        for lang, terms in change.not_.items()
        for index, term in enumerate(terms)
        if term not in shipped.get(lang, ())
    ]


def _added_terms(name: str, change: ConceptChange, names: Names, tree: YamlText) -> tuple[Texts, list[Problem]]:
    """Those of the added expressions that can be read, and what is wrong with the others."""
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for lang, terms in change.also.items():
        for index, term in enumerate(terms):
            try:
                parse(expression(term), names)
            except RuleSyntaxError as error:
                problems.append(_in_text(tree, ("concepts", name, "also", lang, index), error))
            else:
                found[lang] = (*found.get(lang, ()), term)
    return found, problems


def changed(shipped: Texts, change: ConceptChange, added: Texts) -> Texts:
    """A concept's terms without those the change takes away, then the added ones, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for lang in dict.fromkeys((*shipped, *added)):
        left = [term for term in shipped.get(lang, ()) if term not in change.not_.get(lang, ())]
        found[lang] = tuple(dict.fromkeys((*left, *added.get(lang, ()))))
    return found


def expressions(texts: Mapping[str, str], names: Names, tree: YamlText) -> tuple[dict[str, Expr], list[Problem]]:
    """The parsed rules by id, and one Problem for each that cannot be, placed in the file at the place in the rule."""
    found, errors = _parsed(texts, names)
    following = {rule_id: texts[rule_id] for rule_id, error in errors.items() if _follows(error, errors)}
    if following:  # only a rule they refer to is wrong, which is told there: is anything else wrong in them?
        for rule_id in following:
            del errors[rule_id]
        told = Names(names.entities, {**names.rules, **dict.fromkeys(errors, BROKEN)}, names.concepts)
        errors |= _parsed(following, told)[1]
    return found, [_in_text(tree, ("rules", rule_id, "match"), error) for rule_id, error in errors.items()]


def _parsed(texts: Mapping[str, str], names: Names) -> tuple[dict[str, Expr], dict[str, RuleSyntaxError]]:
    found: dict[str, Expr] = {}
    errors: dict[str, RuleSyntaxError] = {}
    for rule_id, text in texts.items():
        try:
            found[rule_id] = parse(text, names)
        except RuleSyntaxError as error:
            errors[rule_id] = error
    return found, errors


def _follows(error: RuleSyntaxError, errors: Mapping[str, RuleSyntaxError]) -> bool:
    other = _OF_ANOTHER_RULE.match(error.message)
    return other is not None and other[1] in errors


def _problem(tree: YamlText, path: Path, message: str, hint: str = "") -> Problem:
    line, column = tree.place(tree.nearest(path))
    return Problem(message, line, column, hint, item(path))


def _in_text(tree: YamlText, path: Path, error: RuleSyntaxError) -> Problem:
    scalar = tree.at(path)
    if not isinstance(scalar, Scalar):
        return _problem(tree, path, error.message, error.hint)
    starts = line_starts(scalar.text)
    line_start = starts[min(max(error.line, 1), len(starts)) - 1]
    line, column = tree.place(offset_within(tree.text, scalar, min(line_start + error.column - 1, len(scalar.text))))
    return Problem(error.message, line, column, _cut_short(tree, path, scalar) or error.hint, item(path))


def _cut_short(tree: YamlText, path: Path, scalar: Scalar) -> str:
    """`match: x OR #tariff`: after a blank, YAML takes # for the beginning of a comment."""
    rest = tree.text[scalar.end :].split("\n", 1)[0]
    key = tree.key_at(path)
    if scalar.style or not re.match(r"\s+#\w", rest) or key is None:
        return ""
    start = tree.text.rfind("\n", 0, key.start) + 1
    text = tree.text[scalar.start : scalar.end] + rest
    return f"in YAML a blank and # begin a comment; {below(tree.text[start : key.start], key.text, text.strip())}"
