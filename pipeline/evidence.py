"""What is known of a story, gathered as proof: each article's text, pages and hit, and what was told of the story.

No secret is among it: alerts and deliveries name channels, and recipients by number only, unless they are asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session

from core.errors import ConfigError, Damaged, ItemFailed, Missing
from core.reasons import Reason
from pipeline.app import EVERYBODY
from pipeline.editing import lines_of
from pipeline.headlines import headlines
from rules.config import load
from rules.slim import slim
from storage import alerts, articles, configs, deliveries, hits, snapshots, stories
from storage.engine import Database
from storage.snapshots import Stored
from storage.tables import Alert, Article, ArticleRevision, Decision, Delivery, Hit, Story

Record = Mapping[str, Any]  # of JSON values and times
_PRIVATE = frozenset({"lease_owner", "lease_epoch", "lease_until", "view"})


@dataclass(frozen=True, slots=True)
class Page:
    """One snapshot and its bytes."""

    snapshot: Stored
    body: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """One article of the story: our record of it, its pages, and what of them is missing, in words."""

    url: str
    record: Record
    pages: tuple[Page, ...]
    missing: tuple[str, ...]


def story_of(session: Session, story_id: int) -> Story:
    """The story. Raises Missing."""
    story = stories.find(session, story_id)
    if story is None:
        raise Missing(f"there is no story {story_id}", hint="run `wirewatch stories list`")
    return story


def proofs(db: Database, story_id: int) -> Iterator[Proof]:
    """The story's articles in the order they came, one after the other: their pages may be large."""
    after = 0
    while proof := db.read_now(partial(_next, story_id=story_id, after=after)):
        after, found = proof
        yield found


def _next(session: Session, story_id: int, after: int) -> tuple[int, Proof] | None:
    """The proof of the hit behind the hit `after`, and that hit's id."""
    for hit, article in hits.of_story_from(session, story_id, after=after, limit=1):
        return hit.id or 0, _proof(session, hit, article.id or 0)
    return None


def _proof(session: Session, hit: Hit, article_id: int) -> Proof:
    article = session.get_one(Article, article_id)
    kept = articles.revisions(session, [article_id]).get(article_id, [])
    pages, missing = _pages(session, article)
    return Proof(article.url or article.key, _record(article, kept, hit), pages, missing)


def _pages(session: Session, article: Article) -> tuple[tuple[Page, ...], tuple[str, ...]]:
    """The article's pages; and which are damaged, or why there is none."""
    pages, missing = [], []
    for one in snapshots.of_articles(session, [article.id or 0]).get(article.id or 0, []):
        try:
            pages.append(Page(one, one.body()))
        except ItemFailed as error:
            missing.append(f"{one.name}: {error.reason.sentence}: {error.detail}")
    return tuple(pages), tuple(missing if pages or missing else [_why_none(article)])


def _why_none(article: Article) -> str:
    """Why no page of an article is there."""
    if article.read_at:
        return "no page of it is kept: `defaults: snapshots` of the watch file says how long"
    known = Reason.said(article.reason) or "it is not read yet"
    return f"no page of it was ever kept: {known}"


def _record(article: Article, kept: Sequence[ArticleRevision], hit: Hit) -> Record:
    feed = {name: getattr(article, f"feed_{name}") for name in ("title", "text", "author", "language", "published")}
    names = (
        "id", "key", "url", "source", "owner", "state", "reason", "title", "text", "author", "language", "published",
        "published_from", "canonical_key", "extractor", "confidence", "revision", "first_seen_at", "read_at",
    )  # fmt: skip
    text = f"{article.title}\n{article.text}"
    return {
        "article": {name: getattr(article, name) for name in names} | {"feed": feed},
        "sha256_of_title_and_text": hashlib.sha256(text.encode()).hexdigest(),
        "headlines": [{"at": one.at, "old": one.old, "new": one.new} for one in headlines(article, kept)],
        "earlier_texts": [
            {"revision": one.revision, "until": one.at, "title": one.title, "text": one.text} for one in kept
        ],
        "hits": [_values(hit)],
    }


def story_record(session: Session, story_id: int, *, recipients: bool) -> Record:
    """What is known of the story itself: its rule, what was decided, what was told. Raises Missing."""
    story = story_of(session, story_id)
    made = alerts.of_story(session, story_id)
    sent = deliveries.of_alerts(session, [one.id for one in made])
    revisions = hits.config_revisions(session, story_id)
    record = {
        "story": _values(story),
        "rule": {"id": story.rule_id, "as_matched": [_rule(session, story.rule_id, one) for one in revisions]},
        "alerts": [_alert(one, sent) for one in made],
        "decisions": [_values(one) for one in alerts.of_story_decisions(session, story_id)],
    }
    return record if recipients else _without(record, _numbered(session))


def _rule(session: Session, rule_id: str, revision: int) -> Record:
    """The rule as a revision of the watch file had it; its text is "" where that can be read no more, and of a
    revision that is gone or damaged there is its number alone.
    """
    try:
        config = configs.get(session, revision)
    except Damaged:
        config = None
    if config is None:
        return {"config_revision": revision}
    try:
        few = slim(config.text, rule_id, lines_of(config.text, rule_id))  # a large file takes seconds to read whole
        rule = load(few, file=f"revision {revision}").rule(rule_id)
    except ConfigError:
        rule = None
    about = {"config_revision": revision, "sha256": config.sha256, "at": config.at, "who": config.who}
    return about | {"title": rule.title if rule else "", "match": rule.text if rule else ""}


def _alert(one: Alert, sent: Sequence[Delivery]) -> Record:
    return _values(one) | {"deliveries": [_values(row) for row in sent if row.alert_id == one.id]}


def _values(row: Hit | Story | Alert | Delivery | Decision) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in _PRIVATE}


# -- without recipients


def _numbered(session: Session) -> dict[str, str]:
    """How each target and recipient is called, in small letters, where nobody is to be named: `desk/1`."""
    names: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for target in deliveries.targets(session):
        if target.recipient not in ("", EVERYBODY, target.channel):
            seen[target.channel] += 1
            name = f"{target.channel}/{seen[target.channel]}"
            names |= {target.id.lower(): name, target.recipient.lower(): name}
    return names


def _without(value: Any, names: Mapping[str, str]) -> Any:
    """The same with other names, wherever they stand: receivers' answers repeat them."""
    if not names:
        return value
    longest_first = sorted(names, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def renamed(one: Any) -> Any:
        if isinstance(one, str):
            return known.sub(lambda found: names[found[0].lower()], one)
        if isinstance(one, Mapping):
            return {key: renamed(inner) for key, inner in one.items()}
        return [renamed(inner) for inner in one] if isinstance(one, list) else one

    return renamed(value)
