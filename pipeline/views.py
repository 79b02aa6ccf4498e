"""What an alert tells, gathered from rows, and kept with the alert so that it goes out as it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from pydantic import TypeAdapter
from sqlmodel import Session

from alerts.links import story_links
from alerts.message import AlertView, ArticleLine, DigestView, Gaps, Kind, NoticeView, Passage, View
from core.reasons import Reason
from pipeline.app import Active, App
from pipeline.story import Placed
from storage import articles, feeds, hits
from storage.tables import Article, Hit

PASSAGES = 3
OTHERS = 5
IN_A_DIGEST = 200  # alerts named in one digest; the rest is counted

_TYPES: Mapping[str, TypeAdapter[Any]] = {
    "alert": TypeAdapter(AlertView),
    "digest": TypeAdapter(DigestView),
    "notice": TypeAdapter(NoticeView),
}


def dump(view: View) -> dict[str, Any]:
    """A view as JSON values."""
    kind = {AlertView: "alert", DigestView: "digest", NoticeView: "notice"}[type(view)]
    return {"type": kind, **cast("dict[str, Any]", _TYPES[kind].dump_python(view, mode="json"))}


def load(values: Mapping[str, Any]) -> View:
    """The inverse of `dump`."""
    rest = {key: value for key, value in values.items() if key != "type"}
    return cast(View, _TYPES[values["type"]].validate_python(rest))


def alert_view(session: Session, active: Active, placed: Placed, alert_id: str, kind: Kind, now: datetime) -> AlertView:
    """The alert that a newly placed hit owes."""
    passages = passages_of(placed.hit)
    told = [pair for pair in hits.of_story(session, placed.story.id or 0) if pair[1].id != placed.article.id]
    return AlertView(
        alert_id=alert_id,
        kind=kind,
        rule_id=placed.rule.id,
        rule_title=placed.rule.title,
        story_id=str(placed.story.id),
        article=article_line(placed.article),
        made_at=now,
        passages=passages[:PASSAGES],
        more_passages=max(0, len(passages) - PASSAGES),
        others=tuple(article_line(article) for _, article in told[-OTHERS:]),
        separate_texts=placed.story.origins,
        timezone=active.timezone,
    )


def passages_of(hit: Hit) -> tuple[Passage, ...]:
    """A hit's matched sentences with the matched words."""
    return tuple(Passage(one["sentence"], tuple((start, end) for start, end in one["marks"])) for one in hit.sentences)


def article_line(article: Article) -> ArticleLine:
    """An article as an alert names it."""
    read = article.revision > 0
    unread = Reason.NOT_READ_YET if article.state == "pending" else Reason.of(article.reason or Reason.NO_BODY)
    return ArticleLine(
        title=(article.title if read else article.feed_title) or article.url,
        url=article.url,
        source=article.source,
        first_seen=article.first_seen_at,
        author=article.author if read else article.feed_author,
        published=article.published,
        date_guessed=article.published_from == "htmldate",
        partial=None if article.state == "ready" else unread,
    )


def digest_view(
    session: Session,
    active: Active,
    alert_id: str,
    why: Reason,
    rule_id: str,
    told: Sequence[AlertView],
    now: datetime,
) -> DigestView:
    """One message for several alerts; it ends with its gaps."""
    rule = active.rules.get(rule_id)
    return DigestView(
        alert_id=alert_id,
        why=why,
        alerts=tuple(told[:IN_A_DIGEST]),
        made_at=now,
        title=rule.title if rule else rule_id,
        rule_id=rule_id,
        left_out=max(0, len(told) - IN_A_DIGEST),
        gaps=gaps(session, now),
        timezone=active.timezone,
    )


def merged(earlier: View, later: View) -> View:
    """An alert that has not gone out yet, telling also what a later one of the same story would have told."""
    if not (isinstance(earlier, AlertView) and isinstance(later, AlertView)):
        return earlier
    known = earlier.article
    further = [one for one in (*later.others, later.article) if (one.url or one) != (known.url or known)]
    texts = max(earlier.separate_texts, later.separate_texts)
    return replace(earlier, separate_texts=texts, others=tuple(further[-OTHERS:]))


def gaps(session: Session, now: datetime) -> Gaps:
    """What could not be covered in the last day: feeds that fail, pages that were not read in full."""
    down = [feed for feed in feeds.listing(session) if feed.state == "failing"]
    return Gaps(
        feeds_down=tuple(f"{feed.name}: {Reason.of(feed.last_reason).sentence}" for feed in down if feed.last_reason),
        unread=articles.count_partial(session, now - timedelta(days=1)),
    )


def with_links(app: App, view: View, now: datetime) -> View:
    """The view with its signed links, made when it is sent so that they do not expire on the way."""
    public_url = app.active.public_url
    if not public_url:
        return view
    if isinstance(view, AlertView):
        links = story_links(public_url, app.signing_key, rule=view.rule_id, story=view.story_id, now=now)
        return replace(view, links=links)
    if isinstance(view, DigestView):
        told = tuple(cast(AlertView, with_links(app, one, now)) for one in view.alerts)
        return replace(view, alerts=told, page=public_url)
    return replace(view, page=public_url)
