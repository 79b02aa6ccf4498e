"""Articles in, a line with the rules that match, and where, out."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from typing import Any

from core.errors import ItemFailed
from core.pool import WorkerPool
from core.text import readable
from pipeline.filters.stream import SECONDS, in_order
from pipeline.filters.values import BadLine, Given, Line, object_of, text_in
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.spans import Span

FIELDS = ("title", "text", "author", "url", "language", "source", "section")
_matchers: dict[str, Matcher] = {}  # of this process, by the rules' text


def match_all(rules: str, file: str, chunks: Iterable[list[Given]], *, jobs: int) -> Generator[Line, None, None]:
    """A line an article: {"id", "matches": [{"rule", "score", "spans"}]}. Raises ConfigError for bad rules."""
    load(rules, file=file)
    work = (partial(_matched, rules=rules, file=file, chunk=chunk) for chunk in chunks)
    for lines in in_order(work, jobs, preload=[__name__]):
        yield from lines


async def _matched(pool: WorkerPool, rules: str, file: str, chunk: list[Given]) -> list[Line]:
    try:
        return await pool.run(match_chunk, rules, file, chunk, seconds=SECONDS)
    except ItemFailed as error:  # the worker hung or died
        places = [f"line {given.number}" for given in chunk]
        return [_failed(place, f"{place}: {error.detail}") for place in places]


def match_chunk(rules: str, file: str, chunk: list[Given]) -> list[Line]:
    """The work of a worker process: some lines, matched."""
    if rules not in _matchers:
        _matchers.clear()
        _matchers[rules] = Matcher(load(rules, file=file).rules)
    return [match_line(_matchers[rules], given) for given in chunk]


def match_line(matcher: Matcher, given: Given) -> Line:
    """One article, matched. Offsets are of the fields as they were given."""
    try:
        values = object_of(given, "text")
    except BadLine as error:
        return _failed(error.id, str(error))
    texts = {key: text_in(values, key) for key in FIELDS}
    article_id = values.get("id", given.number)
    article = ArticleText(id=str(article_id), **{key: readable(text) for key, text in texts.items()})
    verdict = matcher.match(analyse(article))
    matches = [
        {"rule": one.rule, "score": one.score, "spans": [_span(span, texts) for span in one.spans]}
        for one in verdict.matches
    ]
    troubles = "; ".join(f"{one.rule}: {one.reason.sentence}" for one in verdict.troubles)
    return Line.of({"id": article_id, "matches": matches}, f"{article_id}: {troubles}" if troubles else "")


def _span(span: Span, texts: dict[str, str]) -> dict[str, Any]:
    """A span with its words as they were given."""
    words = texts[span.field][span.start : span.end] if span.field in texts else span.text
    leaves = [{"field": one.field, "start": one.start, "end": one.end, "clause": one.clause} for one in span.leaves]
    return {
        "field": span.field,
        "start": span.start,
        "end": span.end,
        "clause": span.clause,
        "text": words,
        "leaves": leaves,
    }


def _failed(article_id: object, why: str) -> Line:
    return Line.of({"id": article_id, "matches": [], "error": why}, why)
