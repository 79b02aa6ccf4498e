"""The shipped concepts as a watch file changes them, the rules that use each, and docs/concepts.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.concepts import Concept, Texts, catalogue
from rules.ruletexts import changed
from rules.tree import Named, walk
from rules.watch import Watch
from rules.watchfile import ConceptChange

_HEAD = """\
# Concepts

What people, countries and companies do, in many words and many languages: write `#name` in a rule. This page is made of
the files in `rules/concepts/`, whose expressions are tried on texts of their own. `wirewatch concepts list` shows which
rules use each, `wirewatch concepts show NAME --language en` its expressions. The watch file may add some and leave some
out:

    concepts: {upgrade-ties: {also: {en: ["new chapter"]}, not: {en: [boost]}}}

"""


@dataclass(frozen=True, slots=True)
class Used:
    """A concept, with the file's changes in `terms`: what it added and took away is in `also` and `without`."""

    concept: Concept
    terms: Texts
    also: Texts
    without: Texts
    rules: tuple[str, ...]


def used(watch: Watch | None) -> tuple[Used, ...]:
    """All shipped concepts by name; without a watch file as they are shipped."""
    changes: Mapping[str, ConceptChange] = watch.file.concepts if watch else {}
    users = _users(watch)
    return tuple(_used(one, changes.get(one.name), users.get(one.name, ())) for one in catalogue())


def _used(concept: Concept, change: ConceptChange | None, rules: tuple[str, ...]) -> Used:
    if change is None:
        return Used(concept, concept.terms, {}, {}, rules)
    return Used(concept, changed(concept.terms, change, change.also), change.also, change.not_, rules)


def _users(watch: Watch | None) -> dict[str, tuple[str, ...]]:
    """Concept → the rules in which it stands, also by way of another rule."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in watch.rules if watch else ():
        for name in dict.fromkeys(
            part.name for part in walk(rule.expr) if isinstance(part, Named) and part.sign == "#"
        ):
            found[name] = (*found.get(name, ()), rule.id)
    return found


def markdown() -> str:
    """The page docs/concepts.md."""
    rows = "".join(f"| `#{one.name}` | {one.about} |\n" for one in catalogue())
    return f"{_HEAD}| concept | it finds that |\n|---|---|\n{rows}"
