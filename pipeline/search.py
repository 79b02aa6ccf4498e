"""Finds stored articles by words and phrases: read like terms of a rule, so that `meet` finds "met" here too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice

from core.errors import InputError
from pipeline.match import article_text
from rules import lookup, tokens
from rules.document import analyse
from rules.grammar import MIN_PREFIX
from rules.match import Matcher
from rules.tree import And, Expr, Term
from rules.watch import Rule
from storage import articles
from storage import lookup as stored
from storage.engine import Database
from storage.tables import Article

AT_ONCE = 100  # articles loaded together
NEWEST, WIDER = 4_000, 8  # articles that are asked about first; each further stretch is so many times as wide
_PART = re.compile(r'(=?)(?:["“”„«]([^"“”«»]*)["“”»]|([^\s"“”„«»]+))')


def search(db: Database, text: str, *, since: datetime | None = None, limit: int) -> list[Article]:
    """The articles with all these words and "phrases" in title or text, newest first. Raises InputError."""
    asked = asked_for(text)
    matcher = Matcher([Rule("search", asked)])
    query, version = lookup.query(asked), lookup.version()
    if since:
        offered: Iterable[int] = db.read_now(partial(stored.ids, query=query, version=version, since=since))[::-1]
    else:
        offered = _newest(db, partial(stored.newest, query=query, version=version))
    found: list[Article] = []
    for article, feed, _ in loaded(db, offered):
        if article.state != "duplicate" and matcher.match(analyse(article_text(article, feed))).matches:
            found.append(article)
            if len(found) == limit:
                break
    return found


def _newest(db: Database, asking: Callable[..., list[int]]) -> Iterator[int]:
    """What is offered, newest first, asked for in ever wider stretches of articles: of a word that is everywhere the
    first ones do, and of a rare one there are few questions.
    """
    end, wide = db.read_now(articles.newest_id) + 1, NEWEST
    while end > 1:
        begin = max(1, end - wide)
        yield from db.read_now(partial(asking, ids=range(begin, end)))
        end, wide = begin, wide * WIDER


def loaded(db: Database, ids: Iterable[int]) -> Iterator[articles.Listed]:
    """Articles with their feeds in the order of the ids, some at a time; what was removed meanwhile is left out."""
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        known = {one.article.id: one for one in db.read_now(partial(articles.with_feeds, ids=some))}
        yield from (known[one] for one in some if one in known)


def asked_for(text: str) -> Expr:
    """What the words ask for: all of them; begin* and =Exact as in rules. Raises InputError when there is no word."""
    terms = [term for part in _PART.finditer(text) if (term := _term(part))]
    if not terms:
        raise InputError(f"{text!r} holds no word to search for", hint='for example: ferry "strategic partnership"')
    return And(tuple(terms)) if len(terms) > 1 else terms[0]


def _term(part: re.Match[str]) -> Term | None:
    exact, phrase, word = part.groups()
    words = tokens.words(phrase if phrase is not None else word)
    if not words:
        return None
    if phrase is None and word.endswith("*"):
        if len(words) > 1 or len(words[0]) < MIN_PREFIX:
            raise InputError(f"{word}: a prefix is one word of at least {MIN_PREFIX} letters")
        return Term(words, prefix=True)
    return Term(words, exact=bool(exact))
