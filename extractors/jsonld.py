"""What a page says of its article in JSON-LD (schema.org). Its articleBody is not read: it is often a teaser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.text import one_line, unescaped

MAX_CHARACTERS = 500_000  # of one script; larger ones are catalogues
MAX_NODES = 2_000

LOOKED_AT = 100  # articles of a page, for the one that it is

# what hides a script from readers of other times
_BEFORE = ("//", "/*", "<![CDATA[", "<!--", "*/")
_BEHIND = ("*/", "]]>", "-->", "//", "/*")
_COMMA_AT_END = re.compile(r",(?=\s*[}\]])")  # a slip of templates

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """The article's node in plain words; empty where it says nothing. `free` False: readers have to pay or sign in."""

    headline: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    language: str = ""
    site_name: str = ""
    description: str = ""
    section: str = ""
    free: bool | None = None


def statement(scripts: Iterable[str], is_headline: Callable[[str], bool] = bool) -> Statement:
    """What the scripts of one page say together; those that are not JSON say nothing.

    Of several articles it is the first of which `is_headline` knows the headline, else the first: pages also describe
    those that they link to.
    """
    nodes = [node for script in scripts if len(script) <= MAX_CHARACTERS for node in _nodes(_loaded(script))]
    if not nodes:
        return Statement()
    by_id = {node["@id"]: node for node in nodes if len(node) > 1 and isinstance(node.get("@id"), str)}
    articles = [node for node in nodes if _is_article(node)]
    article = next(
        (node for node in articles[:LOOKED_AT] if is_headline(_headline(node))), articles[0] if articles else {}
    )
    page: Node = next((node for node in nodes if "datePublished" in node and not _is_article(node)), {})
    return Statement(
        headline=_headline(article),
        authors=tuple(dict.fromkeys(_names(article.get("author") or article.get("creator"), by_id))),
        published=_text(article.get("datePublished") or page.get("datePublished")),
        language=_text(article.get("inLanguage")),
        site_name=next(_names(article.get("publisher"), by_id), ""),
        description=_text(article.get("description")),
        section=_text(article.get("articleSection")),
        free=_truth(article.get("isAccessibleForFree")),
    )


def _headline(article: Node) -> str:
    return _text(article.get("headline")) or _text(article.get("name"))


def _loaded(script: str) -> Any:
    script = script.strip().rstrip("; \n")
    for before, behind in zip(_BEFORE, _BEHIND, strict=True):
        script = script.removeprefix(before).removesuffix(behind).strip()
    for attempt in (script, _COMMA_AT_END.sub("", script)):
        try:
            return json.loads(attempt, strict=False)  # strict forbids the newlines that pages have
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(loaded: Any) -> list[Node]:
    """Every object at the top or in a list, `@graph` or `mainEntity` below it; at most MAX_NODES."""
    found: list[Node] = []
    waiting = [loaded]
    while waiting and len(found) < MAX_NODES:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting[:0] = item[:MAX_NODES]
        elif isinstance(item, dict):
            found.append(item)
            waiting[:0] = [item[key] for key in ("@graph", "mainEntity") if key in item]
    return found


def _is_article(node: Node) -> bool:
    """NewsArticle, ReportageNewsArticle, BlogPosting, LiveBlogPosting, Report, …"""
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(kind, str) and kind.endswith(("Article", "Posting", "Report")) for kind in listed)


def _names(value: Any, by_id: Mapping[str, Node]) -> Iterator[str]:
    """Names of people or organisations given as text, as objects, as references, or as lists of these."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            item = item.get("name") or by_id.get(str(item.get("@id")), {}).get("name")
            yield from (name for name in map(_text, item if isinstance(item, list) else [item]) if name)
        elif text := _text(item):
            yield text


def _text(value: Any) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    return one_line(unescaped(value)) if isinstance(value, str) else ""


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())
