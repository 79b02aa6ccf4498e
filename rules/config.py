"""The watch file, loaded: text in, a checked Watch out, or every problem at once."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from core import urls
from core.errors import ConfigError, Problem
from rules import checks, concepts, problems, ruletexts, secrets, yamltext
from rules.endpoints import ChannelConfig, FeedEntry
from rules.names import Names
from rules.tree import Expr
from rules.watch import FeedConfig, Rule, Watch
from rules.watchfile import RuleEntry, WatchFile, named, with_defaults
from rules.yamltext import YamlText

__all__ = ["FeedConfig", "Rule", "Watch", "channels", "load"]


def load(
    text: str,
    *,
    file: str = "watch.yaml",
    env: Mapping[str, str] | None = None,
    shipped: ruletexts.Concepts | None = None,
) -> Watch:
    """The watch that `text` describes.

    `env` holds the secrets for `${NAME}`; None reads the file without them, for checking only. `shipped` are the
    concepts to start from, the ones of this installation by default. Raises ConfigError with all that is wrong.
    """
    tree = yamltext.parse(text, file)
    written = yamltext.values(tree.root)
    if not isinstance(written, dict):
        raise ConfigError(file, [*tree.problems, Problem("the file holds no keys", 1, 1, "begin it with version: 1")])
    known, faults = secrets.expanded(written, env)
    model, found = _model(known, written, tree)
    found += [_missing_secret(tree, path, message) for path, message in faults]
    found += checks.problems(model, written, tree)
    names, exprs, wrong = _rules(model, written, tree, concepts.shipped() if shipped is None else shipped)
    found = _in_order(tree.problems, found + wrong)
    if found:
        raise ConfigError(file, found)
    return Watch(
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        file=model,
        rules=tuple(_rule(rule_id, rule, exprs[rule_id], tree) for rule_id, rule in model.rules.items()),
        feeds=tuple(_feed(index, feed, written, tree) for index, feed in enumerate(model.feeds)),
        names=names,
    )


def channels(text: str, *, file: str = "watch.yaml", env: Mapping[str, str]) -> Mapping[str, ChannelConfig]:
    """The well-formed channels of a file in which anything else may be wrong, without those that lack a secret.

    Raises ConfigError for a text whose YAML cannot be read.
    """
    tree = yamltext.parse(text, file)
    written = yamltext.values(tree.root)
    if not isinstance(written, dict):
        return {}
    known, faults = secrets.expanded(written, env)
    lacking = {path[1] for path, _ in faults if path[0] == "channels"}
    return {name: one for name, one in _model(known, written, tree)[0].channels.items() if name not in lacking}


def _model(known: dict[str, Any], written: dict[str, Any], tree: YamlText) -> tuple[WatchFile, list[Problem]]:
    """The model; of the well-formed parts only when some are not, so that those can be checked further."""
    found: list[Problem] = []
    try:
        model = WatchFile.model_validate(known)
    except ValidationError as error:
        found = problems.from_model(error, tree, written)
        places = {_part(wrong["loc"]) for wrong in error.errors(include_url=False, include_input=False)}
        model = WatchFile.model_validate(_without(known, places))
    named(model.channels)
    return with_defaults(model), found


_Place = tuple[str | int, ...]


def _part(place: _Place) -> _Place:
    """What to leave out when something is wrong at `place`: one key of a rule or of its alert, else a whole entry."""
    if place[0] != "rules" or place[-1] == "[key]":
        return place[:2]
    return place[:4] if place[2:3] == ("alert",) else place[:3]


def _without(values: dict[str, Any], places: Iterable[_Place]) -> dict[str, Any]:
    """A copy of the values without what stands at these places; items of lists go from the last to the first."""
    left = copy.deepcopy(values)
    for *above, last in sorted(places, key=lambda place: place[-1] if isinstance(place[-1], int) else -1, reverse=True):
        holder = problems.value_at(left, above)
        if isinstance(holder, dict):
            holder.pop(last, None)
        elif isinstance(holder, list):
            del holder[int(last)]
    for rule in _section(left.get("rules")).values():
        _section(rule).setdefault("match", "left out")
    return {**left, "version": 1}


def _missing_secret(tree: YamlText, path: tuple[str | int, ...], message: str) -> Problem:
    hint = secrets.HINT if message.endswith("is not set") else ""
    return Problem(message, *tree.place(tree.nearest(path)), hint, problems.item(path))


def _rules(
    model: WatchFile, written: Mapping[str, Any], tree: YamlText, shipped: ruletexts.Concepts
) -> tuple[Names, dict[str, Expr], list[Problem]]:
    texts = _texts(written.get("rules"))
    known = {**dict.fromkeys(_section(written.get("rules")), ruletexts.BROKEN), **texts}
    entities, found = ruletexts.entities(model, _section(written.get("entities")), tree)
    changed, wrong = ruletexts.changed_concepts(model, shipped, Names(entities, known, shipped), tree)
    names = Names(entities, known, changed)
    exprs, wrong_rules = ruletexts.expressions(texts, names, tree)
    return names, exprs, [*found, *wrong, *wrong_rules]


def _section(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(section: Any) -> dict[str, str]:
    """The rules' texts by id; also of rules in which something else is wrong."""
    matches = {rule_id: _section(rule).get("match") for rule_id, rule in _section(section).items()}
    return {rule_id: text for rule_id, text in matches.items() if isinstance(text, str)}


def _in_order(first: tuple[Problem, ...], others: Iterable[Problem]) -> list[Problem]:
    """All problems by place; where the YAML itself is wrong, what follows from it is left out."""
    places = {(problem.line, problem.column) for problem in first}
    kept = [problem for problem in dict.fromkeys(others) if (problem.line, problem.column) not in places]
    return sorted([*first, *kept], key=lambda problem: (problem.line, problem.column))


def _rule(rule_id: str, rule: RuleEntry, expr: Expr, tree: YamlText) -> Rule:
    key = tree.key_at(("rules", rule_id))
    return Rule(
        id=rule_id,
        read=expr,
        text=rule.match.strip(),
        title=rule.title or rule_id,
        enabled=rule.enabled,
        tags=rule.tags,
        languages=rule.languages,
        feeds=rule.feeds,
        story_window=rule.story_window,
        alert=rule.alert,
        examples=rule.examples,
        line=tree.place(key.start)[0] if key else 0,
    )


def _feed(index: int, feed: FeedEntry, written: Mapping[str, Any], tree: YamlText) -> FeedConfig:
    as_written = written["feeds"][index]
    return FeedConfig(
        config_url=str(as_written.get("url") or as_written.get("sitemap") or as_written.get("page")).strip(),
        url=feed.address,
        kind=feed.kind,
        name=feed.name or urls.host_of(feed.address),
        tags=feed.tags,
        owner=feed.owner,
        every=feed.every,
        first_poll=feed.first_poll,
        headers=feed.headers,
        language=feed.language or "",
        links=feed.links,
        line=tree.place(tree.nearest(("feeds", index)))[0],
    )
