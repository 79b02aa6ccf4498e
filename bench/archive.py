"""A database as two years of work leave it, made up and written in bulk: for measuring the pages over it.

Five rules of a hundred have most of the hits and some hardly any; of the deliveries one in fifty is dead.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, text
from sqlmodel import SQLModel

from bench.prose import Writer
from pipeline.configure import EMPTY
from rules import lookup
from rules.document import ArticleText
from storage import configs, meta
from storage.engine import Database
from storage.tables import (
    Alert,
    Article,
    Config,
    Decision,
    Delivery,
    Entry,
    Feed,
    FeedPoll,
    Hit,
    RuleState,
    Story,
    StoryRead,
    Target,
)
from web.entrance import LOCAL

NOW = datetime.now(UTC).replace(microsecond=0)
SPAN = timedelta(days=730)
AT_ONCE = 5_000  # rows of one statement
FEEDS, RULES, TEXTS, WORDS = 1_000, 100, 2_000, 120
POLLS = 200  # of each feed
CHANNELS = ("desk-mail", "duty-phone", "hook")
STATES = ("sent",) * 45 + ("dead", "suppressed", "retry", "unknown", "sent")
PER_STORY = 3  # hits
Rows = Iterator[dict[str, Any]]


class Archive:
    """Rows of one installation; the same for the same numbers, but for its times."""

    def __init__(self, hits: int, articles: int) -> None:
        self.hits, self.articles = hits, articles
        self.stories = max(1, hits // PER_STORY)
        self._chance = random.Random(1)
        writer = Writer(self._chance)
        self._texts = [writer.story(WORDS) for _ in range(TEXTS)]
        self._bodies = ["\n\n".join(one.paragraphs) for one in self._texts]

    def tables(self) -> Iterable[tuple[type[SQLModel], Rows]]:
        """Each table with its rows, in an order that foreign keys allow."""
        return (
            (Config, self._config()),
            (Feed, self._feeds()),
            (RuleState, self._rules()),
            (Target, self._targets()),
            (Article, self._articles()),
            (Entry, self._entries()),
            (FeedPoll, self._polls()),
            (Story, self._stories()),
            (StoryRead, self._read()),
            (Hit, self._hits()),
            (Alert, self._alerts()),
            (Decision, self._decisions()),
            (Delivery, self._deliveries()),
        )

    def keys(self) -> Rows:
        """Articles with the keys of their words, as the index of words has them."""
        made = [
            " ".join(sorted(lookup.keys_of(ArticleText(str(place), one.headline, body, language="en")) or ()))
            for place, (one, body) in enumerate(zip(self._texts, self._bodies, strict=True))
        ]
        return ({"id": number, "words": made[number % TEXTS]} for number in range(1, self.articles + 1))

    def _config(self) -> Rows:
        blank = Config(sha256=configs.sha256(EMPTY), who="bench", at=NOW).model_dump()
        yield blank | {"revision": 1, "text": EMPTY}

    def _feeds(self) -> Rows:
        blank = Feed(config_url="", fetch_url="", name="", next_poll_at=NOW).model_dump()
        for number in range(1, FEEDS + 1):
            url = f"https://site{number}.example/rss"
            own = {"id": number, "config_url": url, "fetch_url": url, "name": f"Site {number}"}
            yield blank | own | {"state": "failing" if number % 20 == 0 else "ok", "tags": [f"tag{number % 30}"]}

    def _rules(self) -> Rows:
        blank = RuleState(rule_id="", since=NOW).model_dump()
        return (blank | {"rule_id": f"rule-{number}"} for number in range(RULES))

    def _targets(self) -> Rows:
        blank = Target(id="", channel="", recipient="").model_dump()
        return (blank | {"id": f"{one}:all", "channel": one, "recipient": "all"} for one in CHANNELS)

    def _at(self, number: int, of: int) -> datetime:
        """The newest last, evenly."""
        return NOW - SPAN + SPAN * number / of

    def _articles(self) -> Rows:
        blank = Article(key="", feed_id=1, first_seen_at=NOW, not_before=NOW, match_after=NOW).model_dump()
        for number in range(1, self.articles + 1):
            story, at = self._texts[number % TEXTS], self._at(number, self.articles)
            feed = number % FEEDS + 1
            own = {
                "id": number, "key": f"https://site{feed}.example/{number}", "feed_id": feed, "source": f"Site {feed}",
                "url": f"https://site{feed}.example/{number}", "host": f"site{feed}.example", "title": story.headline,
                "text": self._bodies[number % TEXTS], "author": story.author, "language": "en", "final": True,
                "state": "partial" if number % 7 == 0 else "ready", "published": at - timedelta(minutes=9),
            }  # fmt: skip
            moments = {"first_seen_at": at, "read_at": at, "matched_at": at, "not_before": at, "match_after": at}
            known = {"revision": 1, "match_due": False, "matched_revision": 1, "indexed_as": lookup.version()}
            yield blank | own | moments | known

    def _entries(self) -> Rows:
        blank = Entry(feed_id=1, key="", first_seen_at=NOW, last_seen_at=NOW).model_dump()
        for number in range(1, self.articles + 1):
            at, feed = self._at(number, self.articles), number % FEEDS + 1
            own = {"id": number, "key": str(number), "feed_id": feed, "article_id": number}
            said = {"title": self._texts[number % TEXTS].headline, "url": f"https://site{feed}.example/{number}"}
            yield blank | own | said | {"url_key": said["url"], "first_seen_at": at, "last_seen_at": at}

    def _polls(self) -> Rows:
        for number in range(1, FEEDS * POLLS + 1):
            at = NOW - timedelta(minutes=15) * (number // FEEDS)
            yield {
                "id": number, "feed_id": number % FEEDS + 1, "at": at, "outcome": "changed", "reason": "",
                "items": 20, "new": number % 5, "gap": False, "ms": 120.0,
            }  # fmt: skip

    def rule_of(self, story: int) -> str:
        """Most stories are of five rules; the last rules have hardly any."""
        if story % 10:
            return f"rule-{story % 5}"
        return f"rule-{min(RULES - 1, 5 + int(self._chance.expovariate(0.1)))}"

    def _stories(self) -> Rows:
        blank = Story(rule_id="", first_article_id=1, first_hit_at=NOW, last_hit_at=NOW).model_dump()
        self._rule_of = [""]
        for number in range(1, self.stories + 1):
            at = self._at(number, self.stories)
            self._rule_of.append(self.rule_of(number))
            yield blank | {
                "id": number, "rule_id": self._rule_of[number], "title": self._texts[number % TEXTS].headline,
                "first_article_id": number % self.articles + 1, "first_hit_at": at, "last_hit_at": at,
                "state": "closed" if number % 9 == 0 else "open", "articles": PER_STORY, "origins": 2,
            }  # fmt: skip

    def _read(self) -> Rows:
        """Every second story, by whoever asks."""
        for number in range(2, self.stories + 1, 2):
            yield {"story_id": number, "who": LOCAL, "at": self._at(number, self.stories)}

    def _hits(self) -> Rows:
        blank = Hit(rule_id="", article_id=1, story_id=1, at=NOW).model_dump()
        pairs: dict[str, int] = {}  # each hit of a rule is of another article, so it has no more than there are
        for number in range(1, self.hits + 1):
            story = min(self.stories, (number - 1) // PER_STORY + 1)
            rule = self._rule_of[story]
            pairs[rule] = pairs.get(rule, 0) + 1
            place = self._texts[number % TEXTS].standfirst
            yield blank | {
                "id": number, "rule_id": rule,
                "article_id": pairs[rule] % self.articles + 1, "story_id": story, "origin": number % 2,
                "at": self._at(number, self.hits), "why": "no open story tells this event",
                "sentences": [{"field": "text", "sentence": place, "marks": [[0, min(9, len(place))]]}],
            }  # fmt: skip

    def _alerts(self) -> Rows:
        blank = Alert(id="", rule_id="", kind="first", made_at=NOW).model_dump()
        for number in range(1, self.stories + 1):
            view = {"type": "alert", "article": {"title": self._texts[number % TEXTS].headline}}
            yield blank | {
                "id": f"{number:064x}", "rule_id": self._rule_of[number], "story_id": number, "view": view,
                "article_id": number % self.articles + 1, "made_at": self._at(number, self.stories),
            }  # fmt: skip

    def _decisions(self) -> Rows:
        for number in range(1, self.stories + 1):
            yield {
                "id": number, "rule_id": self._rule_of[number], "article_id": number % self.articles + 1,
                "story_id": number, "alert_id": f"{number:064x}", "stage": "send", "action": "send", "reason": "sent",
                "detail": "", "at": self._at(number, self.stories),
            }  # fmt: skip

    def _deliveries(self) -> Rows:
        blank = Delivery(key="", alert_id="", target_id="", channel="", not_before=NOW, made_at=NOW).model_dump()
        for number in range(1, self.stories * 2 + 1):
            alert, at = (number + 1) // 2, self._at(number, self.stories * 2)
            channel = CHANNELS[2] if number % 1000 == 0 else CHANNELS[number % 2]
            state = STATES[number // 7 % len(STATES)]
            yield blank | {
                "id": number, "key": str(number), "alert_id": f"{alert:064x}", "target_id": f"{channel}:all",
                "channel": channel, "rule_id": self._rule_of[alert], "state": state, "not_before": at, "made_at": at,
                "sent_at": at + timedelta(seconds=4) if state == "sent" else None, "attempts": 1,
                "reason": "accepted" if state == "sent" else "permanent",
                "error": "" if state == "sent" else "550 no such user",
            }  # fmt: skip


def fill(database: Database, hits: int, articles: int) -> None:
    """Write an archive into an empty database of the newest schema."""
    archive = Archive(hits, articles)
    sqlite = database.is_sqlite
    with database.engine.connect() as connection:
        if sqlite:  # nothing is lost but the archive itself, which is made anew
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
        for table, rows in archive.tables():
            _write(connection, insert(table), rows)
        words = "(rowid, keys) VALUES (:id, :words)"
        if not sqlite:
            words = "(article_id, keys) VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
        _write(connection, text(f"INSERT INTO articleindex {words}"), archive.keys())
    database.engine.dispose()
    if not sqlite:
        _go_on_counting(database)
    database.write_now(lambda session: meta.set_lookup_version(session, lookup.version()))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _write(connection: Connection, statement: Any, rows: Rows) -> None:
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(statement, some)
        connection.commit()  # one transaction of all would be a log as large as the database


def _go_on_counting(database: Database) -> None:
    """Have PostgreSQL number new rows behind those that were written."""
    with database.engine.connect() as connection:
        for one in (Feed, Article, Entry, FeedPoll, Story, Hit, Decision, Delivery):
            name = one.__tablename__
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")
        connection.commit()
