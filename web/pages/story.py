"""`/stories/{id}`: one event: its texts with their marked sentences, what became of it, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlmodel import Session

from core.clock import SystemClock
from pipeline.headlines import Headline, headlines
from pipeline.stories import BY_HAND
from storage import alerts, articles, deliveries, feedback, hits, stories
from storage.engine import Database
from storage.inbox import Place
from storage.tables import Alert, Article, ArticleRevision, Decision, Delivery, Feedback, Hit, Story
from web.acts import number_of
from web.diff import Piece, changes
from web.frame import page_at
from web.pages.faults import missing
from web.pages.inbox import cue_line
from web.pages.story_desk import show_story
from web.people import who
from web.text import why

TELLINGS = 100  # of a story on one page
NEWEST = 100  # alerts and decisions


@dataclass(frozen=True, slots=True)
class Head:
    """The story itself."""

    place: Place
    title: str
    rule: str
    state: str
    silenced_until: datetime | None
    silenced_by: str
    articles: int
    origins: int
    first: datetime
    last: datetime
    cues: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One article of the story and what in it matched. `wrong` are those who said that it is not what is meant."""

    hit: int
    article: int
    title: str
    url: str
    source: str
    author: str
    language: str
    published: datetime | None
    seen: datetime
    at: datetime
    state: str
    reason: str
    passages: Sequence[Mapping[str, Any]]
    origin: int
    why: str
    hit_state: str
    wrong: tuple[str, ...]
    mine: bool  # the reader may take back what was said
    changed: tuple[datetime, ...]  # when its text was replaced by another
    headlines: tuple[Headline, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One separate text: who told it first, then its copies and light rewrites."""

    number: int
    tellings: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of an alert."""

    id: int
    target: str
    state: str
    trouble: str
    attempts: int
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of the story and its deliveries."""

    kind: str
    state: str
    reason: str
    made: datetime
    release: datetime | None
    deliveries: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A line of what happened; `by` is whose doing it was, in words."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision; `about` is the title of the article it is of, "" where the story has no other."""

    at: datetime
    stage: str
    reason: str
    detail: str
    about: str


@dataclass(frozen=True, slots=True)
class StoryPage:
    """All that the page shows. `later` is where its next articles begin, 0 after the last; of more than NEWEST alerts
    or decisions the newest are shown.
    """

    story: Head
    texts: tuple[Text, ...]
    later: int
    events: tuple[Event, ...]
    alerts: tuple[Told, ...]
    decisions: Sequence[Decided]
    newest: int = NEWEST


@dataclass(frozen=True, slots=True)
class Change:
    """One text of an article that became another."""

    at: datetime
    title: Sequence[Piece]
    text: Sequence[Piece]


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/stories/{story_id:int}")
    async def story(story_id: int, after: str = "") -> None:
        name = who()
        since = number_of(after)

        async def gathered() -> StoryPage | None:
            return await db.read(lambda session: gather(session, story_id, SystemClock().now(), name, after=since))

        async def changed(article: int) -> list[Change]:
            return await db.read(lambda session: changes_of(session, article))

        page = await gathered()
        if page is None:
            missing("There is no such story.")
            return
        show_story(db, name, page, gathered, changed)


def gather(session: Session, story_id: int, now: datetime, name: str, *, after: int = 0) -> StoryPage | None:
    """The story of this id with all that hangs on it, as this person sees it; None when there is none."""
    row = stories.find(session, story_id)
    if row is None:
        return None
    found = hits.of_story_from(session, story_id, after=after, limit=TELLINGS + 1)
    tellings = _tellings(session, found[:TELLINGS], name)
    made = alerts.newest_of_story(session, story_id, NEWEST)
    sent = deliveries.of_alerts(session, [one.id for one in made])
    told = tuple(_told(one, sent) for one in made)
    by_hand = alerts.of_story_decisions(session, story_id, stage=BY_HAND, newest=NEWEST)
    return StoryPage(
        story=_head(session, row, now, tellings),
        texts=_texts(tellings),
        later=tellings[-1].hit if len(found) > TELLINGS else 0,
        events=_events(tellings, told, by_hand),
        alerts=told,
        decisions=_decided(session, row),
    )


def _head(session: Session, row: Story, now: datetime, tellings: Sequence[Telling]) -> Head:
    state = stories.state_of(row, now)
    silenced = state == "silenced"
    return Head(
        place=Place(row.last_hit_at, row.id or 0),
        title=row.title,
        rule=row.rule_id,
        state=state,
        silenced_until=row.silenced_until if silenced else None,
        silenced_by=stories.silenced_by(session, row) if silenced else "",
        articles=row.articles,
        origins=row.origins,
        first=row.first_hit_at,
        last=row.last_hit_at,
        cues=cue_line([passage for one in tellings for passage in one.passages][:20]),
    )


def _tellings(session: Session, found: Sequence[tuple[Hit, Article]], name: str) -> list[Telling]:
    said: dict[int, list[Feedback]] = {}
    for one in feedback.of_hits(session, [hit.id or 0 for hit, _ in found]):
        said.setdefault(one.hit_id, []).append(one)
    kept = articles.revisions(session, [article.id or 0 for _, article in found])
    return [_telling(*pair, said.get(pair[0].id or 0, ()), kept.get(pair[1].id or 0, ()), name) for pair in found]


def _telling(
    hit: Hit, article: Article, said: Sequence[Feedback], kept: Sequence[ArticleRevision], name: str
) -> Telling:
    read = article.revision > 0
    wrong = tuple(one.who for one in said if one.verdict == "wrong")
    return Telling(
        hit=hit.id or 0,
        article=article.id or 0,
        title=article.title if read else article.feed_title,
        url=article.url,
        source=article.source,
        author=article.author if read else article.feed_author,
        language=article.language or article.feed_language,
        published=article.published or article.feed_published,
        seen=article.first_seen_at,
        at=hit.at,
        state=article.state,
        reason=article.reason,
        passages=hit.sentences,
        origin=hit.origin,
        why=hit.why,
        hit_state=hit.state,
        wrong=wrong,
        mine=name in wrong,
        changed=tuple(one.at for one in kept),
        headlines=tuple(headlines(article, kept)),
    )


def _texts(tellings: Sequence[Telling]) -> tuple[Text, ...]:
    """Separate texts in the order they came, each with its copies behind it."""
    order = sorted(tellings, key=lambda one: one.origin)
    return tuple(Text(number, tuple(group)) for number, group in groupby(order, key=lambda one: one.origin))


def _told(row: Alert, sent: Sequence[Delivery]) -> Told:
    own = tuple(
        Sent(one.id or 0, one.target_id, one.state, trouble(one), one.attempts, one.sent_at)
        for one in sent
        if one.alert_id == row.id
    )
    return Told(row.kind, row.state, row.reason, row.made_at, row.release_at, own)


def trouble(one: Delivery) -> str:
    """Why a delivery is not sent, in a sentence; "" when it is."""
    if one.state == "sent":
        return ""
    return ": ".join(part for part in (why(one.reason), one.error) if part)


def _decided(session: Session, row: Story) -> tuple[Decided, ...]:
    found = alerts.of_story_decisions(session, row.id or 0, but=BY_HAND, newest=NEWEST)
    titles = hits.titles(session, {one.article_id or 0 for one in found}) if row.articles > 1 else {}
    return tuple(
        Decided(one.at, one.stage, one.reason, one.detail, titles.get(one.article_id or 0, "")) for one in found
    )


def _events(tellings: Sequence[Telling], told: Sequence[Told], by_hand: Sequence[Decision]) -> tuple[Event, ...]:
    """What happened, in order: who told it, what was sent, what changed, what people did."""
    texts: set[int] = set()
    found = []
    for one in tellings:
        what = "tells it again" if one.origin in texts else f"tells it: text {one.origin}"
        texts.add(one.origin)
        found.append(Event(one.at, one.source or "unknown source", what))
        found += [Event(at, one.source or "unknown source", what) for at, what in _changes_told(one)]
    for alert in told:
        found.append(Event(alert.made, f"alert ({alert.kind})", _became(alert)))
    found += [Event(one.at, "by hand", one.detail) for one in by_hand]
    return tuple(sorted(found, key=lambda event: event.at))


def _changes_told(one: Telling) -> list[tuple[datetime, str]]:
    """When its words changed and how: what the headline was and became, else that the text did."""
    told = {headline.at for headline in one.headlines}
    headlines = [(it.at, f"changed its headline from “{it.old}” to “{it.new}”") for it in one.headlines]
    return headlines + [(at, "changed its text") for at in one.changed if at not in told]


def _became(alert: Told) -> str:
    if alert.state != "queued":
        return f"{alert.state}: {why(alert.reason)}" if alert.reason else alert.state
    states = [one.state for one in alert.deliveries]
    return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "no delivery"


def changes_of(session: Session, article_id: int) -> list[Change]:
    """What became of an article's text each time it changed, newest first: first its feed's words, then its page."""
    article = session.get(Article, article_id)
    if article is None:
        return []
    kept = articles.revisions(session, [article_id]).get(article_id, [])
    of_page = [one for one in kept if one.revision > 0]
    of_feed = [one for one in kept if one.revision <= 0]
    found = _changed(of_feed, article.feed_title, article.feed_text)
    return list(reversed(found + _changed(of_page, article.title, article.text)))


def _changed(kept: Sequence[ArticleRevision], title: str, text: str) -> list[Change]:
    after = [*((one.title, one.text) for one in kept[1:]), (title, text)]
    return [
        Change(one.at, changes(one.title, new_title) if one.title != new_title else (), changes(one.text, new_text))
        for one, (new_title, new_text) in zip(kept, after, strict=False)
        if (one.title, one.text) != (new_title, new_text)
    ]
