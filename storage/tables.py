"""The rows, in the order of the way: feed → entry → article → hit → story → alert → delivery.

Times are UTC. `lease_*` columns say who works on a row until when; `lease_epoch` grows with each claim, so that a
holder that lost its lease can be told from the one that has it (fencing).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from storage.columns import JsonList, json_list, long_text, maybe_time, time
from storage.types import BigId, Json


class Feed(SQLModel, table=True):
    """An address polled on a schedule. `config_url` is its identity; the rest is learnt, or the watch file's."""

    __table_args__ = (
        Index("ix_feed_due", "next_poll_at", sqlite_where=sql("active = 1"), postgresql_where=sql("active")),
    )
    id: int | None = Field(default=None, primary_key=True)
    config_url: str = Field(unique=True)
    fetch_url: str
    name: str
    kind: str = "feed"  # feed | sitemap | page
    owner: str = ""
    tags: JsonList = json_list()
    language: str = ""
    every_s: float | None = None  # None: the interval follows the overlap of what was seen
    first_poll_s: float = 72 * 3600
    active: bool = True  # named by the active watch file
    state: str = "new"  # new | ok | failing | paused
    paused_by: str = ""  # "" | a user's name | a Reason
    title: str = ""
    etag: str = ""
    last_modified: str = ""
    validators_url: str = ""  # the address that gave the validators
    validators_distrusted: bool = False
    plain_next: bool = False  # the next poll sends no validators
    body_hash: str = ""
    listed: JsonList = json_list()  # of a list of sitemaps: address and pipeline.further.Known of each
    interval_s: float = 900.0
    ttl_s: float = 0.0  # how often it says that it changes, seconds; 0 = it does not say
    failures: float = 0.0  # weighed: DNS .25, not found .5, hard 1
    next_poll_at: datetime = time()
    not_before: datetime | None = maybe_time()  # until then its server asked to be left alone
    first_polled_at: datetime | None = maybe_time()
    last_polled_at: datetime | None = maybe_time(index=True)
    last_success_at: datetime | None = maybe_time()
    last_changed_at: datetime | None = maybe_time()
    only_304_since: datetime | None = maybe_time()
    moved_to: str = ""
    moved_sightings: int = 0
    possible_gaps: int = 0
    last_reason: str = ""
    last_error: str = long_text()
    lease_owner: str = ""
    lease_epoch: int = 0
    lease_until: datetime | None = maybe_time()


class FeedPoll(SQLModel, table=True):
    """What one poll of a feed brought: for health, sparklines and gaps."""

    __table_args__ = (Index("ix_feedpoll_of_feed", "feed_id", "at", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    feed_id: int = Field(foreign_key="feed.id")
    at: datetime = time(index=True)
    outcome: str  # changed | unchanged | not_modified | failed
    reason: str = ""
    items: int = 0
    new: int = 0
    gap: bool = False
    ms: float = 0.0


class HostState(SQLModel, table=True):
    """Politeness shared by all workers: when a host may be asked next; and which lines its pages repeat."""

    host: str = Field(primary_key=True)
    next_allowed_at: datetime = time()
    held_until: datetime | None = maybe_time()  # it asked for rest: what was claimed before it did waits, too
    repeats: bytes = Field(default=b"", sa_type=LargeBinary)  # at most 2 KB; extractors/repeats.py reads it


class Entry(SQLModel, table=True):
    """An item seen in a feed; kept while it can come back."""

    __table_args__ = (
        UniqueConstraint("feed_id", "key"),
        Index("ix_entry_listed", "feed_id", "last_seen_at"),
        Index("ix_entry_newest_of_feed", "feed_id", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    feed_id: int = Field(foreign_key="feed.id")
    key: str
    url_key: str = Field(default="", index=True)  # canonical URL: the same item under a changed guid
    text_key: str = Field(default="", index=True)  # hash of title and text: likewise
    url: str = ""
    title: str = long_text()
    content_hash: str = ""  # of what the feed wrote, and of the words in it
    published: datetime | None = maybe_time()
    updated: datetime | None = maybe_time()
    first_seen_at: datetime = time()
    last_seen_at: datetime = time()
    article_id: int | None = Field(default=None, foreign_key="article.id", index=True)


class Article(SQLModel, table=True):
    """A page, once, whatever led to it. What the feed said of it is kept apart, for when the page cannot be read."""

    __table_args__ = (
        Index("ix_article_of_feed", "feed_id", "state"),
        Index("ix_article_read_due", "not_before", sqlite_where=sql("final = 0"), postgresql_where=sql("NOT final")),
        Index("ix_article_match_due", "match_due", "match_after"),
        Index("ix_article_index_due", "id", sqlite_where=sql("index_due = 1"), postgresql_where=sql("index_due")),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)  # canonical URL, or urn:feed:key
    url: str = ""  # "" when the entry had no usable link
    host: str = Field(default="", index=True)
    feed_id: int = Field(foreign_key="feed.id")
    source: str = ""
    owner: str = ""
    state: str = "pending"  # pending | ready | partial | failed | duplicate
    reason: str = ""
    detail: str = long_text()
    final: bool = False  # nothing better will come: read in full, or tried often enough
    duplicate_of: int | None = Field(default=None, foreign_key="article.id", index=True)
    feed_title: str = long_text()
    feed_text: str = long_text()
    feed_author: str = ""
    feed_language: str = ""
    feed_published: datetime | None = maybe_time()
    section: str = ""  # where the site puts it
    canonical_key: str = Field(default="", index=True)  # of the address that the page names as its own
    title: str = long_text()
    text: str = long_text()
    author: str = ""
    language: str = ""
    published: datetime | None = maybe_time(index=True)
    published_from: str = ""
    extractor: str = ""
    confidence: float = 0.0
    text_hash: str = ""
    shingles: bytes = Field(default=b"", sa_type=LargeBinary)  # its sampled 5-gram hashes; storage/articles.py reads it
    revision: int = 0  # grows with each text read; 0 = nothing but the feed's own words
    first_seen_at: datetime = time(index=True)
    read_at: datetime | None = maybe_time()
    attempts: int = 0
    not_before: datetime = time()
    from_before: bool = False  # first poll, older than the feed's window: shown, never told
    match_due: bool = True
    match_after: datetime = time()  # when it is matched on title and summary if it is still unread
    matched_at: datetime | None = maybe_time()
    matched_revision: int = -1  # -1 = never matched
    matched_config: int = 0
    index_due: bool = False  # matched, and its keys in the index of words are not of this text
    # the version of its word keys; "" = it has none, and is offered to every question
    indexed_as: str = Field(default="", index=True)
    lease_owner: str = ""
    lease_epoch: int = 0
    lease_until: datetime | None = maybe_time()
    match_owner: str = ""
    match_epoch: int = 0
    match_until: datetime | None = maybe_time()


class ArticleRevision(SQLModel, table=True):
    """A text an article had before it changed: of its page from 1 up, of its feed's words from 0 down."""

    __table_args__ = (UniqueConstraint("article_id", "revision"),)
    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(foreign_key="article.id", index=True)
    revision: int
    title: str = long_text()
    text: str = long_text()
    at: datetime = time()


class Snapshot(SQLModel, table=True):
    """The bytes of a page as they came, compressed with zstd: evidence. storage/snapshots.py reads and writes them."""

    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(foreign_key="article.id", index=True)
    at: datetime = time(index=True)
    url: str
    status: int = 200
    headers: JsonList = json_list()  # [name, value] in the order they came, without cookies
    masked: bool = False  # the page repeated a secret that was sent for it: *** stands in its place
    sha256: str  # of the body, and its bytes
    size: int
    body: bytes = Field(sa_type=LargeBinary)


class Config(SQLModel, table=True):
    """One revision of the watch file, whole. The newest is active."""

    revision: int | None = Field(default=None, primary_key=True)
    text: str = long_text()
    sha256: str
    file_sha256: str = ""  # of the file it came from; "" when it was made in the page or by a command
    who: str
    at: datetime = time()
    note: str = ""

    @property
    def from_file(self) -> bool:
        """Whether it came from a file."""
        return bool(self.file_sha256)


class RuleState(SQLModel, table=True):
    """What a rule learnt. `past_id` walks down the stored articles that a new or changed rule is matched with once."""

    rule_id: str = Field(primary_key=True)
    digest: str = ""  # hash of what decides its matches
    since: datetime = time()
    past_id: int = 0  # articles with a smaller id are still to be matched as from_before; 0 = done
    off_reason: str = ""
    off_at: datetime | None = maybe_time()
    costly_hosts: JsonList = json_list()


class Hit(SQLModel, table=True):
    """A rule matched an article. The sentences are copied: they stay when the article is pruned."""

    __table_args__ = (UniqueConstraint("rule_id", "article_id"), Index("ix_hit_at", "at", "rule_id"))
    id: int | None = Field(default=None, primary_key=True)
    rule_id: str = Field(index=True)
    article_id: int = Field(foreign_key="article.id", index=True)
    article_revision: int = 0
    config_revision: int = 0
    story_id: int = Field(foreign_key="story.id", index=True)
    origin: int = 0
    why: str = long_text()  # why it belongs to its story
    state: str = "live"  # live | from_before | withdrawn
    past: bool = False  # made as from before, which it is again when it comes back
    score: float = 0.0
    spans: JsonList = json_list()
    sentences: JsonList = json_list()
    at: datetime = time()


class Story(SQLModel, table=True):
    """Hits of one rule that tell one event."""

    __table_args__ = (
        Index("ix_story_newest", "last_hit_at", "id"),
        Index("ix_story_newest_of_rule", "rule_id", "last_hit_at", "id"),
        Index("ix_story_newest_in_state", "state", "last_hit_at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    rule_id: str
    title: str = long_text()
    state: str = "open"  # open | silenced | closed
    silenced_until: datetime | None = maybe_time()
    first_article_id: int = Field(foreign_key="article.id", index=True)
    first_hit_at: datetime = time()
    last_hit_at: datetime = time()
    articles: int = 0
    origins: int = 0


class Decision(SQLModel, table=True):
    """Why an alert was sent, held, folded or not made: what `alerts why` reads."""

    id: int | None = Field(default=None, primary_key=True)
    rule_id: str = Field(index=True)
    article_id: int | None = Field(default=None, index=True)
    story_id: int | None = Field(default=None, index=True)
    alert_id: str = Field(default="", index=True)
    stage: str
    action: str  # send | hold | fold | drop | none
    reason: str
    detail: str = long_text()
    at: datetime = time(index=True)


class Digest(SQLModel, table=True):
    """Alerts that go out together: a rule's digest, what a budget or burst folded, or the catch-up after an outage."""

    id: int | None = Field(default=None, primary_key=True)
    rule_id: str = Field(index=True)
    cause: str  # Reason: digest | over_budget | burst | stale
    due_at: datetime = time(index=True)
    opened_at: datetime = time()
    closed_at: datetime | None = maybe_time()


class Alert(SQLModel, table=True):
    """What a story owes people. The id is of rule, first article's key, kind and ordinal: the same after a restore."""

    id: str = Field(primary_key=True)
    rule_id: str = Field(index=True)
    story_id: int | None = Field(default=None, foreign_key="story.id", index=True)
    article_id: int | None = Field(default=None, foreign_key="article.id", index=True)
    kind: str  # first | again | update | digest
    ordinal: int = 0
    state: str = "queued"  # queued (has deliveries) | held | folded | suppressed
    reason: str = ""
    urgent: bool = False
    targets: JsonList = json_list()  # channel names, as the rule said when the alert was made
    view: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # what compose needs
    made_at: datetime = time(index=True)
    release_at: datetime | None = maybe_time(index=True)
    digest_id: int | None = Field(
        default=None, foreign_key="digest.id", index=True
    )  # that tells it; of a digest's alert, its own


class Target(SQLModel, table=True):
    """One recipient of a channel. The id holds labels only, never a URL or a secret."""

    id: str = Field(primary_key=True)
    channel: str = Field(index=True)
    recipient: str
    state: str = "ok"  # ok | paused
    pause_reason: str = ""
    paused_at: datetime | None = maybe_time()
    next_allowed_at: datetime | None = maybe_time()


class OptOut(SQLModel, table=True):
    """A target that asked for no more alerts of a rule."""

    __table_args__ = (UniqueConstraint("rule_id", "target_id"),)
    id: int | None = Field(default=None, primary_key=True)
    rule_id: str
    target_id: str
    at: datetime = time()


class Delivery(SQLModel, table=True):
    """One alert to one target, at least once, under a stable key."""

    __table_args__ = (
        Index("ix_delivery_due", "state", "not_before"),
        Index("ix_delivery_newest", "made_at", "id"),
        Index("ix_delivery_newest_in_state", "state", "made_at", "id"),
        Index("ix_delivery_newest_of_channel", "channel", "state", "made_at", "id"),
        Index("ix_delivery_newest_of_rule", "rule_id", "state", "made_at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    alert_id: str = Field(foreign_key="alert.id", index=True)
    target_id: str = Field(foreign_key="target.id", index=True)
    channel: str
    rule_id: str = ""  # its alert's
    state: str = "pending"  # pending | leased | sent | retry | unknown | dead | suppressed
    reason: str = ""
    attempts: int = 0
    crashes: int = 0
    not_before: datetime = time()
    made_at: datetime = time()
    first_try_at: datetime | None = maybe_time()
    last_try_at: datetime | None = maybe_time()
    sent_at: datetime | None = maybe_time()
    error_class: str = ""
    error: str = long_text()
    provider_id: str = ""
    lease_owner: str = ""
    lease_epoch: int = 0
    lease_until: datetime | None = maybe_time()


class Silence(SQLModel, table=True):
    """Somebody silenced a story until a time."""

    id: int | None = Field(default=None, primary_key=True)
    story_id: int = Field(foreign_key="story.id", index=True)
    until: datetime = time()
    who: str
    at: datetime = time()


class Feedback(SQLModel, table=True):
    """Somebody said of a hit that it is, or is not, what the rule is for."""

    __table_args__ = (UniqueConstraint("hit_id", "who"),)
    id: int | None = Field(default=None, primary_key=True)
    hit_id: int = Field(foreign_key="hit.id", index=True)
    who: str
    verdict: str  # right | wrong
    note: str = long_text()
    at: datetime = time()


class StoryRead(SQLModel, table=True):
    """Up to when somebody has read a story."""

    story_id: int = Field(primary_key=True, foreign_key="story.id")
    who: str = Field(primary_key=True)
    at: datetime = time()
