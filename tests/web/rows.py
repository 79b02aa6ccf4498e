"""A database as some days of work leave it: what the pages are shown with in tests, without running the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from core.reasons import Reason
from storage import configs, decisions, deliveries, feeds, optouts
from storage.feeds import FeedSpec
from storage.tables import Alert, Article, Delivery, Feed, FeedPoll, Hit, RuleState, Story

NOW = datetime.now(UTC).replace(microsecond=0)  # pages show the last day by the real clock
RULE = "port-strike"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """One article of a story: what it says and the words of it that matched."""

    title: str
    sentences: Sequence[tuple[str, str]] = ()  # sentence, the words in it that are marked
    url: str = "https://harbour-post.example/news/1"
    source: str = "Harbour Post"
    author: str = "A. Writer"
    language: str = "en"
    state: str = "ready"
    reason: str = ""
    origin: int = 1
    why: str = field(default=Reason.NEW_STORY.sentence)


def feed(session: Session, name: str = "Harbour Post", url: str = "https://harbour-post.example/feed.atom") -> Feed:
    """A feed that was polled every hour of the last day, four new items each time."""
    feeds.sync(session, [*_specs(session), FeedSpec(url, name, "feed", "", (), "en", None, 3600.0)], NOW - 24 * HOUR)
    row = feeds.by_name(session, url)
    assert row is not None
    row.state, row.last_success_at, row.next_poll_at = "ok", NOW - 5 * MINUTE, NOW + 10 * MINUTE
    session.add(row)
    for hours in range(24):
        poll = FeedPoll(feed_id=row.id or 0, at=NOW - hours * HOUR - MINUTE, outcome="changed", items=20, new=4)
        session.add(poll)
    return row


def _specs(session: Session) -> list[FeedSpec]:
    return [FeedSpec(one.config_url, one.name, "feed", "", (), "en", None, 3600.0) for one in feeds.listing(session)]


def story(session: Session, of: Feed, title: str, told: Sequence[Told], *, rule: str = RULE, ago: timedelta) -> Story:
    """A story of one rule with its articles and hits."""
    at = NOW - ago
    if session.get(RuleState, rule) is None:
        session.add(RuleState(rule_id=rule, since=NOW - 48 * HOUR))
    articles = [_article(session, of, one, at) for one in told]
    row = Story(
        rule_id=rule, title=title, first_article_id=articles[0].id or 0, first_hit_at=at, last_hit_at=at,
        articles=len(told), origins=len({one.origin for one in told}),
    )  # fmt: skip
    session.add(row)
    session.flush()
    for one, article in zip(told, articles, strict=True):
        session.add(_hit(row, article, one, at))
        note(session, row, article, "story", "none", Reason.NEW_STORY, at)
    session.flush()
    return row


def _article(session: Session, of: Feed, told: Told, at: datetime) -> Article:
    row = Article(
        key=f"{told.url}#{told.title}{told.source}{at}", url=told.url, feed_id=of.id or 0, source=told.source,
        state=told.state, reason=told.reason, feed_title=told.title, title=told.title, author=told.author,
        language=told.language, published=at - 10 * MINUTE, first_seen_at=at, not_before=at, match_after=at, revision=1,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _hit(row: Story, article: Article, told: Told, at: datetime) -> Hit:
    sentences = []
    for sentence, words in told.sentences:
        start = sentence.index(words)
        sentences.append({"field": "text", "sentence": sentence, "marks": [[start, start + len(words)]]})
    return Hit(
        rule_id=row.rule_id, article_id=article.id or 0, story_id=row.id or 0, origin=told.origin, why=told.why,
        sentences=sentences, at=at,
    )  # fmt: skip


def alert(session: Session, row: Story, alert_id: str, *, kind: str = "first", state: str = "queued") -> Alert:
    """An alert of a story."""
    made = Alert(
        id=alert_id, rule_id=row.rule_id, story_id=row.id, article_id=row.first_article_id, kind=kind, state=state,
        view={"type": "alert", "article": {"title": row.title}}, made_at=row.first_hit_at, targets=["desk-mail"],
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def delivery(
    session: Session, of: Alert, target: str, *, state: str = "sent", reason: str = "accepted", error: str = ""
) -> Delivery:
    """A delivery of an alert to a target."""
    channel = target.split(":")[0]
    deliveries.sync_targets(session, [(target, channel, target.split(":")[-1])])
    sent_at = of.made_at + MINUTE if state == "sent" else None
    row = Delivery(
        key=f"{of.id}/{target}", alert_id=of.id, target_id=target, channel=channel, rule_id=of.rule_id,
        state=state, reason=reason, error=error, attempts=1, not_before=of.made_at, made_at=of.made_at, sent_at=sent_at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def note(
    session: Session, row: Story, of: Article | None, stage: str, action: str, reason: Reason, at: datetime
) -> None:
    """A decision about a story, of its first article or this one."""
    decisions.add(
        session, rule=row.rule_id, article=of.id if of else row.first_article_id, story=row.id, alert="", stage=stage,
        action=action, reason=reason, detail=reason.sentence, at=at,
    )  # fmt: skip


def config(session: Session, text: str) -> None:
    """Make this watch file the active revision."""
    configs.add(session, text, who="test", at=NOW)


def newsroom(session: Session) -> None:
    """Two feeds in order and one down, three stories, alerts that were sent, held and refused, and one opt-out."""
    post = feed(session)
    feed(session, "Eastward Radio", "https://eastward-radio.example/feeds/news.rss")
    down = feed(session, "Silent Gazette", "https://silent-gazette.example/rss")
    down.state, down.last_reason, down.last_error, down.possible_gaps = "failing", "tls", "certificate has expired", 2
    session.add(down)
    strike = story(session, post, "Port workers at Callender walk out over night shifts", STRIKE, ago=20 * MINUTE)
    first = alert(session, strike, "a1" * 32)
    delivery(session, first, "desk-mail:editor@desk.example")
    delivery(session, first, "desk-mail:late@desk.example", state="dead", reason="permanent", error="550 no such user")
    note(session, strike, None, "send", "send", Reason.SENT, strike.first_hit_at)
    flood = story(session, post, "River Asterel passes flood mark", FLOOD, rule="river-flood", ago=3 * HOUR)
    held = alert(session, flood, "b2" * 32, state="held")
    held.reason, held.release_at = "quiet_hours", NOW + HOUR
    session.add(held)
    arabic = story(session, post, "إضراب في ميناء كاليندر", ARABIC, ago=26 * HOUR)
    arabic.state, arabic.silenced_until = "silenced", NOW + 40 * HOUR
    session.add(arabic)
    optouts.add(session, "river-flood", "desk-mail:late@desk.example", NOW - HOUR)


STRIKE = (
    Told(
        "Port workers at Callender walk out over night shifts",
        (
            ("Crane drivers and lashers at Callender walked out on strike at six on Thursday morning.", "on strike"),
            ("The union says the strike will go on until the new roster is withdrawn.", "strike"),
        ),
    ),
    Told(
        "Callender terminal at a standstill",
        (("Nothing moves at the Callender terminal since the strike began, the port authority says.", "strike"),),
        url="https://eastward-radio.example/news/callender",
        source="Eastward Radio",
        author="",
        state="partial",
        reason="paywall",
        origin=2,
        why=Reason.SAME_EVENT.sentence,
    ),
)
FLOOD = (
    Told(
        "River Asterel passes flood mark",
        (("The Asterel stood at 6.12 metres at noon, above the flood mark.", "flood mark"),),
        url="https://eastward-radio.example/news/asterel",
        source="Eastward Radio",
    ),
)
ARABIC = (
    Told(
        "إضراب في ميناء كاليندر",
        (("قال عمال الميناء إن الإضراب سيستمر حتى يوم الجمعة.", "الإضراب"),),
        language="ar",
        source="صوت الشرق",
        author="",
    ),
)
