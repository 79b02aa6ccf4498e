"""What an alert tells, gathered from rows, and kept with the alert so that it goes out as it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast
from urllib.parse import quote

from pydantic import TypeAdapter
from sqlmodel import Session

from alerts.compose import SHOW_PASSAGES
from alerts.links import story_links
from alerts.message import AlertView, ArticleLine, DigestView, Gaps, Kind, NoticeView, Passage, View
from alerts.policy import Policy
from core.reasons import Reason
from pipeline.app import Active, App
from pipeline.standing import to_tell
from pipeline.story import Placed
from storage import articles, feeds, hits
from storage.tables import Alert, Article, Hit, Story

PASSAGES = 3
OTHERS = 5
IN_A_DIGEST = 10_000  # alerts named in one digest, an e-mail of some 6 MB; the rest is counted

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
    told = [pair for pair in _standing(session, placed.story) if pair[1].id != placed.article.id]
    return AlertView(
        alert_id=alert_id,
        kind=kind,
        rule_id=placed.rule.id,
        rule_title=placed.rule.title,
        story_id=str(placed.story.id),
        article=article_line(placed.article),
        made_at=now,
        **_passages(placed.hit),
        others=tuple(article_line(article) for _, article in told[-OTHERS:]),
        separate_texts=placed.story.origins,
        timezone=active.timezone,
    )


def passages_of(hit: Hit) -> tuple[Passage, ...]:
    """A hit's matched sentences with the matched words."""
    return tuple(Passage(one["sentence"], tuple((start, end) for start, end in one["marks"])) for one in hit.sentences)


class _Passages(TypedDict):
    passages: tuple[Passage, ...]
    more_passages: int


def _passages(hit: Hit) -> _Passages:
    """As many as an alert shows, and how many it leaves out."""
    found = passages_of(hit)
    shown = tuple(found[place] for place in _most_telling(hit))
    return {"passages": shown, "more_passages": len(found) - len(shown)}


def _most_telling(hit: Hit) -> list[int]:
    """Which passages an alert shows, in their order: those that together name most of what the rule asks for, or it
    would not say why it came.
    """
    clauses: dict[tuple[str, int], set[str]] = {}  # of each passage, in the order of `pipeline.story.sentences`
    for span in hit.spans:
        named = clauses.setdefault((span["field"], span["sentence_start"]), set())
        named.update(leaf["clause"] for leaf in span["leaves"])
    left = dict(enumerate(clauses.values())) if len(clauses) == len(hit.sentences) else {}
    shown: list[int] = []
    told: set[str] = set()
    while left and len(shown) < PASSAGES:
        best = max(left, key=lambda place: (len(left[place] - told), -place))
        told |= left.pop(best)
        shown.append(best)
    return sorted(shown) or list(range(min(PASSAGES, len(hit.sentences))))


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
        alerts=tuple(map(brief, told[:IN_A_DIGEST])) if len(told) > SHOW_PASSAGES else tuple(told),
        made_at=now,
        title=rule.title if rule else rule_id,
        rule_id=rule_id,
        left_out=max(0, len(told) - IN_A_DIGEST),
        gaps=gaps(session, now),
        timezone=active.timezone,
    )


def brief(view: AlertView) -> AlertView:
    """What a long digest tells of an alert."""
    return replace(view, passages=(), more_passages=0, others=())


def bring_up_to_date(session: Session, row: Alert, story: Story | None, policy: Policy) -> None:
    """Have an alert that was held or collected tell how many texts tell its story by now, and the newest of them; led
    by the first that it may tell, when its own was withdrawn.
    """
    view = load(row.view)
    if story is None or not isinstance(view, AlertView):
        return
    texts = hits.texts(session, story.id or 0)
    leads = [one.article for one in to_tell(session, row, policy, texts)]
    is_new = story.last_hit_at <= row.made_at and story.origins == view.separate_texts
    if is_new and row.article_id in leads and all(one.stands for one in texts):
        return
    told = _standing(session, story)
    if leads and row.article_id not in leads:
        row.article_id = leads[0]
        hit, article = next(pair for pair in told if pair[1].id == leads[0])
        view = replace(view, article=article_line(article), **_passages(hit))
    others = tuple(article_line(article) for _, article in told if article.id != row.article_id)[-OTHERS:]
    row.view = dump(replace(view, separate_texts=max(1, story.origins), others=others))
    session.add(row)


def _standing(session: Session, story: Story) -> list[tuple[Hit, Article]]:
    """What tells a story and was not withdrawn or said to be wrong, in the order it came."""
    stands = {one.article for one in hits.texts(session, story.id or 0) if one.stands}
    return [(hit, article) for hit, article in hits.of_story(session, story.id or 0) if article.id in stands]


def gaps(session: Session, now: datetime) -> Gaps:
    """What could not be covered in the last day: feeds that fail, pages that were not read in full."""
    down = [feed for feed in feeds.listing(session) if feed.state == "failing"]
    return Gaps(
        feeds_down=tuple(f"{feed.name}: {Reason.of(feed.last_reason).sentence}" for feed in down if feed.last_reason),
        unread=articles.count_partial(session, now - timedelta(days=1)),
    )


def with_links(app: App, view: View, now: datetime, to: str) -> View:
    """The view with its signed links, made when it is sent so that they do not expire on the way; what is answered by
    them bears the name of the recipient `to`.
    """
    public_url = app.active.public_url
    if not public_url:
        return view
    if isinstance(view, AlertView):
        links = story_links(public_url, app.signing_key, rule=view.rule_id, story=view.story_id, by=to, now=now)
        return replace(view, links=links)
    if isinstance(view, DigestView):
        page = f"{public_url.rstrip('/')}/?rule={quote(view.rule_id, safe='')}" if view.rule_id else public_url
        if len(view.alerts) > SHOW_PASSAGES:
            return replace(view, page=page)
        told = tuple(cast(AlertView, with_links(app, one, now, to)) for one in view.alerts)
        return replace(view, alerts=told, page=page)
    return replace(view, page=public_url)
