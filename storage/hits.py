"""Hits: a rule matched an article."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam
from sqlalchemy import select as sa_select
from sqlalchemy.orm import defer
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage import stories
from storage.statements import numbered
from storage.tables import Article, Feed, Hit, Story


def of_article(session: Session, article_id: int) -> dict[str, Hit]:
    """Rule id → its hit on this article."""
    return {hit.rule_id: hit for hit in session.exec(_of_article(), params={"article": article_id}).all()}


@cache
def _of_article() -> SelectOfScalar[Hit]:
    return select(Hit).where(col(Hit.article_id) == bindparam("article"))


def titles(session: Session, articles: Collection[int]) -> dict[int, str]:
    """Article → its title, the feed's until its page was read; without the texts."""
    facts = sa_select(col(Article.id), col(Article.revision), col(Article.title), col(Article.feed_title))
    found = session.execute(facts.where(col(Article.id).in_(list(articles)))).all()
    return {key: title if revision > 0 else fed for key, revision, title, fed in found}


def rules_of(session: Session, article_id: int) -> list[str]:
    """The rules that have a hit on this article."""
    return list(session.exec(select(Hit.rule_id).where(col(Hit.article_id) == article_id)).all())


def rules_of_duplicates(session: Session, article_id: int) -> list[str]:
    """The rules that matched this article under another address, before that was known."""
    query = select(Hit.rule_id).join(Article, col(Article.id) == col(Hit.article_id))
    its = (col(Article.duplicate_of) == article_id) & (col(Hit.state) != "withdrawn")
    return list(session.exec(query.where(its).distinct()).all())


def of_story(session: Session, story_id: int) -> list[tuple[Hit, Article]]:
    """A story's hits with their articles, without texts, in the order they came."""
    return [(hit, article) for hit, article in session.execute(_of_stories(False), {"stories": [story_id]})]


def of_story_from(session: Session, story_id: int, *, after: int, limit: int) -> list[tuple[Hit, Article]]:
    """Some of a story's hits in the order they came, behind the hit `after`; their articles are without texts."""
    query = sa_select(Hit, Article).join(Article, col(Article.id) == col(Hit.article_id))
    query = query.where(col(Hit.story_id) == story_id, col(Hit.id) > after).order_by(col(Hit.id)).limit(limit)
    query = query.options(*_without_texts())
    return [(hit, article) for hit, article in session.execute(query)]


def that_stand(session: Session, rows: Collection[Story], most: int) -> dict[int, list[tuple[Hit, Article]]]:
    """Story id → the first of its hits that are neither withdrawn nor "not this", `most` at most, with their articles.

    A story of more is asked for by itself: one statement for all would read all of its hits, thousands of them perhaps.
    """
    found: dict[int, list[tuple[Hit, Article]]] = {}
    large = [[row.id or 0] for row in rows if row.articles > most]
    small = [row.id or 0 for row in rows if row.articles <= most]
    for ids in ([small] if small else []) + large:
        for hit, article in session.execute(_of_stories(True).limit(len(ids) * most), {"stories": ids}):
            found.setdefault(hit.story_id, []).append((hit, article))
    return found


@cache
def _of_stories(standing: bool) -> Select[tuple[Hit, Article]]:
    query = sa_select(Hit, Article).join(Article, col(Article.id) == col(Hit.article_id))
    query = query.where(stories.stands()) if standing else query
    told = col(Hit.story_id).in_(bindparam("stories", expanding=True))
    return query.where(told).order_by(col(Hit.at), col(Hit.id)).options(*_without_texts())


def _without_texts() -> list[ExecutableOption]:
    return [defer(getattr(Article, name)) for name in ("text", "feed_text", "shingles")]


class Text(NamedTuple):
    """A hit as its story counts it: which separate text it tells, whether it was made as from before, whether it stands
    (neither withdrawn nor "not this").
    """

    article: int
    origin: int
    past: bool
    stands: bool


def texts(session: Session, story_id: int) -> list[Text]:
    """What a story is told by, in the order it came."""
    return [Text(*row) for row in session.execute(_texts(), {"story": story_id})]


@cache
def _texts() -> Select[tuple[int, int, bool, bool]]:
    query = sa_select(col(Hit.article_id), col(Hit.origin), col(Hit.past), stories.stands())
    return query.where(col(Hit.story_id) == bindparam("story")).order_by(col(Hit.at), col(Hit.id))


def config_revisions(session: Session, story_id: int) -> list[int]:
    """The revisions of the watch file that a story's hits were found with."""
    found = select(Hit.config_revision).where(col(Hit.story_id) == story_id).distinct()
    return sorted(session.exec(found).all())


class Told(NamedTuple):
    """A hit in its story, and what tells this text of its article from an earlier one."""

    hit: int
    story: int
    article: int
    origin: int
    state: str
    revision: int
    matched_at: datetime | None


def told_in(session: Session, rule_id: str, since: datetime, until: datetime = stories.FAR) -> list[Told]:
    """The hits in the stories that `stories.candidates` finds, in the order they came: no texts are read."""
    values = {"rule": rule_id, "since": since, "until": until}
    return [Told(*row) for row in session.connection().execute(_told_in(), values)]


@cache
def _told_in() -> Select[Any]:
    candidates = stories.candidates_query().subquery()
    columns = (Hit.id, Hit.story_id, Hit.article_id, Hit.origin, Hit.state, Article.revision, Article.matched_at)
    query = sa_select(*map(col, columns)).join(candidates, candidates.c.id == col(Hit.story_id))
    query = query.join(Article, col(Article.id) == col(Hit.article_id))
    return query.order_by(col(Hit.at), col(Hit.id))


def with_feeds(session: Session, hit_ids: Sequence[int]) -> list[tuple[Hit, Article, Feed]]:
    """These hits with their articles and feeds."""
    return [(hit, article, feed) for hit, article, feed in session.execute(_with_feeds(), {"hits": list(hit_ids)})]


@cache
def _with_feeds() -> Select[tuple[Hit, Article, Feed]]:
    query = sa_select(Hit, Article, Feed).join(Article, col(Article.id) == col(Hit.article_id))
    query = query.join(Feed, col(Feed.id) == col(Article.feed_id))
    return query.where(col(Hit.id).in_(bindparam("hits", expanding=True)))


def recent(session: Session, *, rule: str = "", limit: int) -> list[tuple[Hit, Article]]:
    """Hits with their articles, newest first."""
    query = select(Hit, Article).join(Article, col(Article.id) == col(Hit.article_id))
    if rule:
        query = query.where(col(Hit.rule_id) == rule)
    return list(session.exec(query.order_by(col(Hit.at).desc(), col(Hit.id).desc()).limit(limit)).all())


def find(session: Session, hit_id: int) -> Hit | None:
    """The hit of this id; None for a number that is none's, however large."""
    return numbered(session, Hit, hit_id)


def with_article(session: Session, hit_id: int) -> tuple[Hit, Article] | None:
    """One hit with its article."""
    hit = find(session, hit_id)
    return (hit, session.get_one(Article, hit.article_id)) if hit else None
