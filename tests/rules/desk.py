"""What the tests of matching share: rules and articles in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rules.document import ArticleText, analyse
from rules.match import FeedTag, Matcher, Verdict
from rules.parse import Entity, Names, parse
from rules.spans import Span
from rules.tree import Expr

NAMES = Names(
    entities={
        "Biden": Entity(("Joe Biden", "President Biden", "=Biden"), {"zh": ("拜登",)}),
        "Trong": Entity(("Nguyen Phu Trong", "=Trong", "=Trọng")),
        "US": Entity(country="US"),
        "Vietnam": Entity(country="VN", metonyms=True),
        "VietnamProper": Entity(country="vn"),
    },
    rules={"ferry": "ferry OR boat", "sinking": "$ferry NEAR/5 sank"},
    concepts={"visit": {"": ("visit",), "en": ("host", "pay NEAR/3 respects"), "vi": ("=thăm",)}},
)


@dataclass(frozen=True)
class Feeds:
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    expr: Expr
    id: str = "rule"
    languages: tuple[str, ...] = ()
    feeds: Feeds | None = field(default=None)
    enabled: bool = True


def rule(text: str, id: str = "rule", **rest: object) -> Rule:
    return Rule(parse(text, NAMES), id, **rest)  # type: ignore[arg-type]


def article(text: str, title: str = "", *, language: str = "en", **rest: str) -> ArticleText:
    """A short text's language is what its feed says."""
    return ArticleText(
        "a", title, text, language=language, fallback_language=rest.pop("feed_language", language), **rest
    )


def verdict(
    rules: str | Sequence[Rule], text: str | ArticleText, *, feed: FeedTag | None = None, why: bool = False
) -> Verdict:
    chosen = [rule(rules)] if isinstance(rules, str) else rules
    return Matcher(chosen).match(analyse(article(text) if isinstance(text, str) else text), feed=feed, why=why)


def spans(rules: str, text: str | ArticleText) -> tuple[Span, ...]:
    """What is reported; nothing when the rule does not match."""
    return next((match.spans for match in verdict(rules, text).matches), ())


def found(rules: str, text: str | ArticleText) -> list[str]:
    """The texts of the reported spans."""
    return [span.text for span in spans(rules, text)]
