"""Tries rules on a text, a file or a page, with the same analysis and matcher as live."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.settings import Settings
from core.text import clean, one_line
from extractors.base import Extraction
from extractors.choose import extract
from extractors.language import language_of
from pipeline.asking import fetched_alone
from pipeline.costly import decided
from pipeline.explaining import lines, summary
from pipeline.story import sentences, span_values
from rules.config import Rule, Watch
from rules.document import ArticleText, analyse
from rules.evaluate import BUDGET
from rules.examples import check_examples
from rules.explain import explain, in_words, presearch_terms
from rules.match import Matcher


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of a text: the matched sentences with their marks, or the nearest miss in words."""

    rule: str
    matches: bool
    sentences: tuple[tuple[str, list[list[int]]], ...]
    lines: tuple[str, ...]
    values: dict[str, Any]


async def article_of(
    settings: Settings, *, text: str = "", url: str = "", file: Path | None = None, language: str = "", source: str = ""
) -> ArticleText:
    """The text to try, as if the feed `source` had brought it: as given, from a file, or from a page. Raises InputError
    when it cannot be had.
    """
    return replace(await _article_of(settings, text, url, file, language), source=source)


async def _article_of(settings: Settings, text: str, url: str, file: Path | None, language: str) -> ArticleText:
    if url:
        return of_page(await _fetch(settings, url), language)
    if file is None:
        if not text.strip():
            raise InputError("the text is empty", hint="give words after --text, or - and words on standard input")
        return _pasted("text", text, language)
    return await asyncio.to_thread(_file, file, language)


def _file(file: Path, language: str) -> ArticleText:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    if file.suffix.lower() in (".html", ".htm", ".xhtml"):
        return of_page(extract(content, url=file.resolve().as_uri(), content_type="text/html"), language)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    return _pasted(str(file), text, language)


def _pasted(name: str, text: str, language: str) -> ArticleText:
    """A text of which a person says the language, or nobody."""
    return with_language(
        ArticleText(id=name, title="", text=clean(text), language=language, fallback_language=language)
    )


async def _fetch(settings: Settings, url: str) -> Extraction:
    answer = await fetched_alone(settings, url)
    return await asyncio.to_thread(
        extract, answer.body, url=answer.url, content_type=answer.content_type, charset=answer.charset
    )


def of_page(extraction: Extraction, language: str) -> ArticleText:
    """The text of a page that was read; its source is a feed's name, which it does not tell. Raises InputError when it
    has none.
    """
    if not extraction.text:
        why = extraction.reason.sentence if extraction.reason else "no text was found"
        raise InputError(f"{extraction.url}: {why}")
    return ArticleText(
        id=extraction.url,
        title=one_line(extraction.title),
        text=clean(extraction.text),
        url=extraction.url,
        author=extraction.author,
        language=language or extraction.language,
        fallback_language=language,
        section=extraction.section,
    )


def with_language(article: ArticleText) -> ArticleText:
    """The article with its language, as far as it can be told: what people paste says none."""
    if article.language:
        return article
    return replace(article, language=language_of(f"{article.title}\n{article.text}"))


def verdict(rule: Rule, article: ArticleText) -> Verdict:
    """What a rule says of a text; a rule that is switched off, or for other languages, is tried all the same. A text
    whose language nobody knows is read in the rule's, as live.
    """
    document = analyse(article)
    tried = replace(rule, enabled=True, languages=() if document.language else rule.languages)
    found = decided(Matcher([tried]), document, None)
    spans = found.matches[0].spans if found.matches else ()
    explained = explain(rule, document)
    told = tuple((one["sentence"], one["marks"]) for one in sentences(spans))
    values = {
        "rule": rule.id,
        "matches": bool(found.matches),
        "spans": [span_values(span) for span in spans],
        "why": summary(explained),
        "clauses": lines(explained),
        "troubles": [str(one.reason) for one in found.troubles],
    }
    told_lines = tuple(lines(explained))
    if found.matches:
        told_lines = (f"but it would not be tried: {explained.reason.sentence}",) if explained.reason else ()
    troubles = tuple(one.reason.sentence for one in found.troubles)
    return Verdict(rule.id, bool(found.matches), told, (*troubles, *told_lines), values)


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule in words, the terms it is looked up by, and its work: span operations on the dearest of its examples."""

    words: str
    terms: tuple[str, ...]
    cost: int
    limit: int


def explained(rule: Rule) -> Explained:
    """What a rule means and costs."""
    texts = [*rule.examples.match, *rule.examples.ignore]
    costs = [explain(rule, analyse(ArticleText("example", text=text))).cost for text in texts]
    return Explained(in_words(rule.expr), presearch_terms(rule.expr), max(costs, default=0), BUDGET)


def examples(watch: Watch, rule_ids: Collection[str], *, file: str) -> list[str]:
    """Which examples of these rules are not as they should be, a line each."""
    prefixes = tuple(f"rules.{rule_id}." for rule_id in rule_ids)
    return [problem.at(file) for problem in check_examples(watch, language_of) if problem.item.startswith(prefixes)]
