"""Lists for programs, a page at a time: newest first, each page beginning after the last row of the one before.

A place in a list is the sort key of a row, so a page costs the same however deep it lies, and rows that come in
meanwhile shift nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from storage.tables import Alert, Article, Feed, Hit


def hits(
    session: Session, after: int | None, limit: int, *, rule: str = "", state: str = "", story: int | None = None
) -> list[tuple[Hit, Article]]:
    """Hits with their articles, newest first."""
    query = select(Hit, Article).join(Article, col(Article.id) == col(Hit.article_id))
    equal = {Hit.rule_id: rule, Hit.state: state, Hit.story_id: story}
    return list(session.exec(_newest(query, Hit.id, after, limit, equal)).all())


def articles(session: Session, after: int | None, limit: int, *, state: str = "", source: str = "") -> list[Article]:
    """Articles, newest first."""
    equal = {Article.state: state, Article.source: source}
    return list(session.exec(_newest(select(Article), Article.id, after, limit, equal)).all())


def alerts(
    session: Session, after: tuple[datetime, str] | None, limit: int, *, rule: str = "", state: str = ""
) -> list[Alert]:
    """Alerts, newest first."""
    query = select(Alert).where(*_after(col(Alert.made_at), col(Alert.id), after))
    for column, value in ((Alert.rule_id, rule), (Alert.state, state)):
        query = query.where(col(column) == value) if value else query
    return list(session.exec(query.order_by(col(Alert.made_at).desc(), col(Alert.id).desc()).limit(limit)).all())


def feeds(session: Session, after: int | None, limit: int, *, state: str = "") -> list[Feed]:
    """The active watch file's feeds, oldest first: the order they were added in."""
    query = select(Feed).where(col(Feed.active), col(Feed.id) > (after or 0))
    query = query.where(col(Feed.state) == state) if state else query
    return list(session.exec(query.order_by(col(Feed.id)).limit(limit)).all())


def _newest(query: Any, key: Any, after: int | None, limit: int, equal: dict[Any, Any]) -> Any:
    """Rows whose columns equal what was said of them, by id from the newest."""
    for column, value in equal.items():
        query = query.where(col(column) == value) if value not in ("", None) else query
    query = query.where(col(key) < after) if after is not None else query
    return query.order_by(col(key).desc()).limit(limit)


def _after(at: Any, key: Any, place: tuple[datetime, Any] | None) -> list[ColumnElement[bool]]:
    """What comes behind a place, newest first. The first part alone lets the databases use the index of times."""
    if place is None:
        return []
    moment, last = place
    return [and_(at <= moment, or_(at < moment, key < last))]
