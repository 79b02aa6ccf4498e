"""Entries of a polled feed: which were seen before, and what becomes of the new ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from core.reasons import Reason
from core.text import clean
from core.urls import host_of
from fetching import identity
from fetching.entries import ParsedFeed
from pipeline import readdressed
from pipeline.items import SAME_ITEM, Item, batches, of_document, share_of_words
from rules.languages import spoken
from storage import articles
from storage import entries as rows
from storage.tables import Article, Entry, Feed

FLOOD = 20  # new entries at once, most of them old: held back from alerts
OPEN_WINDOW = timedelta(days=365)  # a first-poll window this long means "everything", dated or not
ASKED_OFTEN = 10  # attempts to read a page: twice as many as one address is given
REUSED_LOOKED_AT = 20  # entries under one id, latest seen first, of which an item may be an edit


@dataclass(frozen=True, slots=True)
class Counts:
    """What one poll brought: entries seen before and new ones, together all, and new articles. `edited`: how many of
    those seen before; `flood`: how many of the new ones are held back from alerts as old items under new ids.
    """

    seen_before: int = 0
    new: int = 0
    edited: int = 0
    articles: int = 0
    flood: int = 0


def take_in(session: Session, feed: Feed, parsed: ParsedFeed, now: datetime, *, choosy: bool = False) -> Counts:
    """Entries not seen before become rows with a pending article; known ones are marked as seen.

    `choosy`: some rules are for certain feeds only, so what another feed brought first is matched anew.
    """
    items = of_document(parsed.entries, feed)
    rows.await_turn(session, [item.url_key for item in items])
    changed = 0
    met: set[int | None] = set()
    fresh: list[Item] = []
    for batch in batches(items):
        known = rows.known(
            session,
            feed.id or 0,
            [item.key for item in batch],
            [item.url_key for item in batch],
            [item.text_key for item in batch if not item.url_key],
        )
        for item in sorted(batch, key=lambda one: _word_for_word(known, one) is None):
            row = _known(known, item)
            if row is None or (row.key == item.key and _is_another(session, row, item)):
                row = known.by_key.get(_reused_key(item)) or _under_reused(session, row, item) if row else None
            if row is None and item.key in known.by_key:  # this item has had a key of its own since, at another address
                again = _reused_key(item)
                row = rows.known(session, feed.id or 0, [again], [], []).by_key.get(again)
            if row is None or (row.id in met and not item.url_key and row.text_key != item.text_key):
                fresh.append(item)
            elif row.id not in met:  # else another item of this document spoke for it already
                met.add(row.id)
                changed += _see_again(session, row, item, now)
    moved = readdressed.known_again(session, feed, fresh, met)
    changed += sum(_see_again(session, row, item, now) for item, row in moved.items())
    fresh = [item for item in fresh if item not in moved]
    old = too_old(feed, fresh, now, _retold(session, feed, fresh)) | _from_late(parsed, fresh)
    made = sum(_add(session, feed, parsed, batch, old, now, choosy) for batch in batches(fresh))
    flood = len(old) if feed.first_polled_at else 0
    return Counts(len(parsed.entries) - len(fresh), len(fresh), changed, made, flood)


def _known(known: rows.Known, item: Item) -> Entry | None:
    """The row of this item: by key unless the key was given to another item, else by address, else by text."""
    by_key = _word_for_word(known, item) or known.by_key.get(item.key)
    if by_key is not None and (
        by_key.url_key == item.url_key or by_key.url == item.url or by_key.text_key == item.text_key or not item.url_key
    ):
        return by_key
    if by_key is not None:
        reused = known.by_key.get(_reused_key(item))
        return reused or known.by_url.get(item.url_key)
    if item.url_key:
        return known.by_url.get(item.url_key)
    return known.by_text.get(item.text_key)


def _word_for_word(known: rows.Known, item: Item) -> Entry | None:
    """The row of an item without an address that bears its id and says just that: several may bear one id."""
    if item.url_key:
        return None
    rows_of_it = filter(None, (known.by_key.get(item.key), known.by_text.get(item.text_key)))
    bears = f"{item.key}#"
    return next((r for r in rows_of_it if r.text_key == item.text_key and f"{r.key}#".startswith(bears)), None)


def _is_another(session: Session, row: Entry, item: Item) -> bool:
    """Whether an item without an address has words of its own, though its guid names another one: it is new then.

    An edit leaves most words beside the same neighbours. A doubt is no loss: an edit taken for a new item joins the
    story of its former words, and is not told again.
    """
    alone = not item.url_key and (item.url or not row.url_key)
    if not alone or row.text_key == item.text_key or row.article_id is None:
        return False
    article = session.get(Article, row.article_id)
    before = f"{article.feed_title}\n{article.feed_text}" if article else row.title
    return share_of_words(before, item.words()) < SAME_ITEM


def _under_reused(session: Session, row: Entry, item: Item) -> Entry | None:
    """The entry that this item is an edit of, among those that were given the id of `row` after it."""
    later = rows.under_reused(session, row, REUSED_LOOKED_AT)
    return next((one for one in later if not _is_another(session, one, item)), None)


def _reused_key(item: Item) -> str:
    """The key of an item whose guid names another item already."""
    return f"{item.key}#{item.text_key[:16]}"


def _see_again(session: Session, row: Entry, item: Item, now: datetime) -> bool:
    """Mark a known entry as seen; an edited one has its page read, or its words matched, once more. Of a duplicate it
    is the original's page.

    Returns whether it was edited.
    """
    row.last_seen_at = now
    session.add(row)
    row.content_hash, edited = identity.refreshed(row.content_hash, item.entry)
    if not edited:
        _lead(session, row, item, now)
        return False
    row.title, row.text_key = clean(item.entry.title), item.text_key
    row.updated = item.entry.updated
    article = articles.locked(session, row.article_id) if row.article_id else None
    if article is None:
        return True
    articles.keep_feed_words(session, article, now)
    article.feed_title, article.feed_text = clean(item.entry.title), clean(item.entry.content or item.entry.summary)
    read = articles.locked(session, article.duplicate_of) if article.duplicate_of else article
    if read and read.host:
        _read_again(session, read, now)
    if not article.revision:  # there are no words but these, and may never be
        article.match_due, article.match_after = True, now + articles.UNREAD_WAIT if article.host else now
    session.add(article)
    return True


def _lead(session: Session, row: Entry, item: Item, now: datetime) -> None:
    """Note a corrected or added address; it is asked where the former one gave no text. A page that was asked for often
    stays unread: some links differ at each poll.
    """
    if not item.url_key or item.url_key == row.url_key or item.url == row.url:
        return
    row.url, row.url_key = item.url, item.url_key
    article = articles.locked(session, row.article_id) if row.article_id else None
    if article is None or article.revision or article.attempts > ASKED_OFTEN:
        return
    there = rows.article_by_key(session, [item.url_key]).get(item.url_key)
    if there is not None and there.id != article.id:
        row.article_id = there.id
        session.flush()
        articles.match_again(session, there.id or 0, now)
        return
    article.url, article.host, attempts = item.url, host_of(item.url), article.attempts
    _read_again(session, article, now)
    article.attempts = attempts


def _read_again(session: Session, article: Article, now: datetime) -> None:
    article.state, article.not_before, article.attempts, article.final = "pending", now, 0, False
    # whoever reads it just now may hold the page as it was before
    article.lease_epoch, article.lease_owner, article.lease_until = article.lease_epoch + 1, "", None
    session.add(article)


def _retold(session: Session, feed: Feed, fresh: Sequence[Item]) -> frozenset[str]:
    """Of so many new items at once, the words that this feed had before: it gave its old items new addresses."""
    if feed.first_polled_at is None or len(fresh) <= FLOOD:
        return frozenset()
    asked = (rows.known(session, feed.id or 0, [], [], [i.text_key for i in batch]) for batch in batches(fresh))
    return frozenset(key for known in asked for key in known.by_text)


def too_old(feed: Feed, fresh: Sequence[Item], now: datetime, retold: Collection[str] = frozenset()) -> frozenset[Item]:
    """The new items that are shown but never told: older than the first poll's window, or a flood of old ones.

    Undated items of a first poll count as old, unless the window is open (a year or more); later, items whose words
    (`retold`) the feed had before. What is dated since the feed was last read is not old, however long ago that was.
    """
    window = timedelta(seconds=feed.first_poll_s)
    first = feed.first_polled_at is None
    since = min(now - window, feed.last_success_at or now)

    def old(item: Item) -> bool:
        at = item.entry.published or item.entry.updated
        if retold and item.text_key in retold:
            return True
        if at is None:
            return first and window < OPEN_WINDOW
        return at < since

    olds = frozenset(item for item in fresh if old(item))
    return olds if first or (len(fresh) > FLOOD and len(olds) * 2 > len(fresh)) else frozenset()


def _from_late(parsed: ParsedFeed, fresh: Sequence[Item]) -> frozenset[Item]:
    """Undated items of documents that are read for the first time, where there are many: they were there before."""
    undated = (item for item in fresh if item.entry.url in parsed.late)
    late = frozenset(item for item in undated if not (item.entry.published or item.entry.updated))
    return late if len(late) > FLOOD else frozenset()


def _add(
    session: Session,
    feed: Feed,
    parsed: ParsedFeed,
    fresh: Sequence[Item],
    old: frozenset[Item],
    now: datetime,
    choosy: bool,
) -> int:
    """Rows for new entries; an article is made once, whatever feed led to it. Returns how many articles are new."""
    taken = {row.key for row in rows.known(session, feed.id or 0, [i.key for i in fresh], [], []).by_key.values()}
    named: list[tuple[str, str, Item]] = []
    for item in fresh:
        key = _reused_key(item) if item.key in taken else item.key
        if key not in taken:  # else the same item twice in one document
            taken.add(key)
            named.append((key, _article_key(feed, item, key), item))
    known = rows.article_by_key(session, sorted(article_key for _, article_key, _ in named))
    made = 0
    for key, article_key, item in named:
        if article_key not in known:
            known[article_key] = _article(feed, parsed, item, article_key, from_before=item in old, now=now)
            session.add(known[article_key])
            session.flush()
            made += 1
        elif item not in old and known[article_key].feed_id != feed.id:
            there = known[article_key].id or 0
            was_old = articles.make_news(session, there, now)
            if was_old or choosy:
                articles.match_again(session, there, now)
        session.add(_entry(feed, item, key, known[article_key], now))
    session.flush()
    return made


def _article_key(feed: Feed, item: Item, key: str) -> str:
    """The address; without one, the entry's key within its feed. The same in every database: alerts' ids hang on it."""
    return item.url_key or f"urn:feed:{identity.body_hash(feed.config_url.encode())[:16]}:{key}"


def _entry(feed: Feed, item: Item, key: str, article: Article, now: datetime) -> Entry:
    return Entry(
        feed_id=feed.id or 0,
        key=key,
        url_key=item.url_key,
        text_key=item.text_key,
        url=item.url,
        title=clean(item.entry.title),
        content_hash=identity.fingerprint(item.entry),
        published=item.entry.published,
        updated=item.entry.updated,
        first_seen_at=now,
        last_seen_at=now,
        article_id=article.id,
    )


def _article(feed: Feed, parsed: ParsedFeed, item: Item, key: str, *, from_before: bool, now: datetime) -> Article:
    entry = item.entry
    readable = bool(item.url_key)
    return Article(
        key=key,
        url=item.url,
        host=host_of(item.url) if readable else "",
        feed_id=feed.id or 0,
        source=feed.name,
        owner=feed.owner,
        state="pending" if readable else "partial",
        reason="" if readable else str(item.refused or Reason.BAD_URL),
        final=not readable,
        feed_title=clean(entry.title),
        feed_text=clean(entry.content or entry.summary),
        feed_author=clean(", ".join(entry.authors)),
        feed_language=spoken(feed.language or entry.language or parsed.language),
        feed_published=entry.published or entry.updated,
        published=entry.published or entry.updated,
        published_from="feed" if entry.published or entry.updated else "",
        first_seen_at=now,
        not_before=now,
        match_after=now + articles.UNREAD_WAIT if readable else now,
        from_before=from_before,
    )
