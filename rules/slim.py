"""A large watch file made small for one rule: without feeds, and without the rules that it does not use.

Reading 30,000 rules takes many seconds, and while somebody types there is one. Lines are told from one another by
their indentation, without reading the file as YAML: what is not plainly written is left whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.errors import ConfigError
from rules.problems import value_at
from rules.yamltext import parse, values
from rules.yamlwrite import flow

INDENT = 2  # of rules, where there is none to look at
LARGE = 40_000  # characters, some 200 rules: reading less takes a tenth of a second
_KEY = re.compile(r"[a-z_]+:(?=\s|$)")
_PLAIN_LINE = re.compile(r"^(?=[^\s#])(?P<line>[^\n]*)", re.MULTILINE)
_SECTIONS = frozenset({"rules", "feeds", "sites"})
_ITEM = re.compile(r"^(?P<indent> +)(?P<line>[^\s#][^\n]*)", re.MULTILINE)
_RULE = re.compile(r"(?P<quote>[\"']?)(?P<id>[\w-]+)(?P=quote)\s*:(?=\s|$)")
_EMPTY_HEAD = re.compile(r"rules:[ \t]*(?:#[^\n]*)?(?:\n|$)")
_USED = re.compile(r"\$([\w.-]*\w)")
_FILTERS = re.compile(r"\bfeeds[\"']?\s*:")


@dataclass(frozen=True, slots=True)
class _Cut:
    """A file cut up: what stands in no section of many lines, the feeds, and each rule's lines."""

    head: str
    feeds: str
    rules: Mapping[str, str]


def slim(text: str, rule_id: str, written: str) -> str:
    """The watch file with the rule, the rules it uses when it is `written` so, and the feeds if it names some.

    The file itself when it is small, or not written so that its parts can be told apart.
    """
    cut = _cut(text) if len(text) > LARGE else None
    if cut is None:
        return text
    used = _used(cut, written)
    own = cut.rules.get(rule_id, "")
    indent = " " * (len(own) - len(own.lstrip(" ")) or INDENT)
    rules = [own, *(f"{indent}{name}: {flow({'match': match})}\n" for name, match in used.items() if name != rule_id)]
    feeds = cut.feeds if _FILTERS.search(written) else ""
    return f"{cut.head}{feeds}rules:\n{''.join(rules)}"


def _used(cut: _Cut, written: str) -> dict[str, str]:
    """The texts of the rules that are named in it, in the file's entities and concepts, and in these."""
    found: dict[str, str] = {}
    waiting = set(_USED.findall(written)) | (set(_USED.findall(cut.head)) & cut.rules.keys())
    while waiting:
        name = waiting.pop()
        match = _match_of(cut.rules.get(name, ""), name)
        if name not in found and match is not None:
            found[name] = match
            waiting |= set(_USED.findall(match)) - found.keys()
    return found


def _match_of(lines: str, name: str) -> str | None:
    try:
        match = value_at(values(parse(lines).root), (name, "match")) if lines else None
    except ConfigError:
        return None
    return match if isinstance(match, str) else None


@lru_cache(2)
def _cut(text: str) -> _Cut | None:
    text = text.replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    starts = [found.start() for found in _PLAIN_LINE.finditer(text)]
    sections = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if not all(_KEY.match(section) for section in sections):
        return None
    by_name = {section.partition(":")[0]: section for section in sections}
    rules = _rules(by_name.get("rules", ""))
    if rules is None or len(by_name) < len(sections):
        return None
    head = "".join(section for name, section in by_name.items() if name not in _SECTIONS)
    return _Cut(head, by_name.get("feeds", ""), rules)


def _rules(section: str) -> dict[str, str] | None:
    """Rule id → its lines; None where rules cannot be told apart."""
    if not section:
        return {}
    head = _EMPTY_HEAD.match(section)
    if head is None:
        return None
    begins = list(_begins(section))
    if any(rule_id is None for rule_id, _ in begins):
        return None
    ends = [*(start for _, start in begins[1:]), len(section)]
    return {str(rule_id): section[start:end] for (rule_id, start), end in zip(begins, ends, strict=True)}


def _begins(section: str) -> Iterator[tuple[str | None, int]]:
    """The id and the place of each line that is indented as the first is; None for one that begins no rule."""
    indent = 0
    for found in _ITEM.finditer(section):
        indent = indent or len(found["indent"])
        if len(found["indent"]) <= indent:
            rule = _RULE.match(found["line"])
            yield rule["id"] if rule and len(found["indent"]) == indent else None, found.start()
