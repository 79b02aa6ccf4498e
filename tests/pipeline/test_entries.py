"""Which items of a feed are new: ids that lie, edits, floods, the first poll (faults 17 to 21, 26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from fetching.entries import ParsedEntry, ParsedFeed
from pipeline.entries import FLOOD, Counts, take_in
from storage.engine import Database
from storage.tables import Article, ArticleRevision, Entry, Feed
from tests.builders import NOON

HOUR = timedelta(hours=1)
MINUTES = NOON - timedelta(minutes=9)  # no moment of the day or hour: of one item alone


def item(name: str, **changes: object) -> ParsedEntry:
    """An item with an address, a date and words of its own."""
    plain = ParsedEntry(
        guid=name, url=f"http://x.test/{name}", title=f"Title {name}", summary=f"Words of {name}", published=NOON - HOUR
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def see(
    db: Database,
    *items: ParsedEntry,
    first: bool = False,
    feed: str = "http://x.test/rss",
    read_last: timedelta | None = None,
) -> Counts:
    """Take a feed's items in, at a poll that is not its first unless said so; `read_last` so long ago."""

    def work(session: Session) -> Counts:
        row = session.exec(select(Feed).where(Feed.config_url == feed)).first()
        if row is None:
            row = Feed(config_url=feed, fetch_url=feed, name=feed, next_poll_at=NOON)
            session.add(row)
            session.flush()
        row.first_polled_at = None if first else NOON - 24 * HOUR
        row.last_success_at = None if first else NOON - (read_last or HOUR)
        return take_in(session, row, ParsedFeed("rss", "News", "en", items), NOON)

    return db.write_now(work)


def stored(db: Database) -> list[Article]:
    """All articles, in the order they came."""
    return list(db.read_now(lambda session: session.exec(select(Article).order_by(Article.id)).all()))  # type: ignore[arg-type]


def keys(db: Database) -> Sequence[str]:
    """All entries' keys."""
    return db.read_now(lambda session: sorted(session.exec(select(Entry.key)).all()))


def test_an_item_is_new_once(db: Database) -> None:
    assert see(db, item("a"), item("b")) == Counts(new=2, articles=2)
    assert see(db, item("b"), item("c")) == Counts(seen_before=1, new=1, articles=1)
    assert [one.url for one in stored(db)] == ["http://x.test/a", "http://x.test/b", "http://x.test/c"]


@pytest.mark.parametrize(
    "bare",
    [
        ParsedEntry(url="http://x.test/only-an-address", title="T"),
        ParsedEntry(title="Only words", summary="and no address at all"),
        ParsedEntry(guid="only-an-id"),
    ],
)
def test_an_item_that_lacks_an_id_or_a_link_or_a_date_is_known_again(db: Database, bare: ParsedEntry) -> None:
    assert see(db, bare).new == 1
    assert see(db, bare) == Counts(seen_before=1)


def test_an_item_without_an_address_is_matched_on_what_the_feed_says_of_it(db: Database) -> None:
    see(db, ParsedEntry(title="Only words", summary="and no address at all"))
    (article,) = stored(db)
    assert (article.state, article.final, article.match_after) == ("partial", True, NOON)
    assert article.key.startswith("urn:feed:")


def test_a_guid_that_changes_at_each_fetch_makes_one_article(db: Database) -> None:
    see(db, item("a"))
    for number in range(5):
        assert see(db, item("a", guid=f"fresh-{number}")) == Counts(seen_before=1)
    assert len(stored(db)) == 1


def test_a_guid_that_changes_on_an_item_without_a_link_makes_one_article(db: Database) -> None:
    see(db, item("a", url=""))
    assert see(db, item("a", url="", guid="another")) == Counts(seen_before=1)


def with_token(token: int, *names: str, by: str = "?sid=", **changes: object) -> list[ParsedEntry]:
    """Items with a session's number in id and address."""
    return [item(name, guid=f"{name}{token}", url=f"http://x.test/{name}{by}{token}", **changes) for name in names]


@pytest.mark.parametrize(
    ("names", "changes"),
    [
        ("a", {"published": MINUTES}),
        ("a", {"published": MINUTES, "by": ";jsessionid="}),
        ("ab", {}),  # NOON - HOUR: no more than an hour of a day
        ("abcde", {"published": None}),
    ],
)
def test_items_whose_ids_and_addresses_change_at_each_fetch_are_known(
    db: Database, names: str, changes: dict[str, Any]
) -> None:
    assert see(db, *with_token(0, *names, **changes)).new == len(names)
    for token in range(1, 4):
        assert see(db, *with_token(token, *names, **changes)) == Counts(seen_before=len(names))
    assert see(db, *with_token(9, "z", *names, **changes)) == Counts(seen_before=len(names), new=1, articles=1)


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        (with_token(1, "a"), with_token(2, "a"), 1),  # a bulletin under one headline
        (with_token(1, *"ab", published=None), with_token(2, *"ab", published=None), 2),
        (with_token(1, "a"), with_token(1, "a") + with_token(2, "a"), 1),
        (with_token(1, "a", published=MINUTES), [w for n in (1, 2) for w in with_token(n, "a", published=MINUTES)], 1),
        ([item("a", published=MINUTES)], [item("a", guid="z", url="http://x.test/z", published=MINUTES)], 1),
        (with_token(1, *"ab"), with_token(2, *"ab", published=NOON), 2),
        (with_token(1, *"ab"), with_token(2, *"ab") + with_token(2, *"xyz"), 5),  # most of it is news
        (with_token(1, *"abk"), with_token(2, *"ab") + with_token(1, "k"), 2),  # not all addresses changed
    ],
)
def test_items_that_read_alike_at_other_addresses_may_be_news(
    db: Database, before: list[ParsedEntry], after: list[ParsedEntry], new: int
) -> None:
    see(db, *before)
    assert see(db, *after).new == new


def test_a_guid_given_to_another_item_makes_a_second_article_and_both_stay_known(db: Database) -> None:
    other = item("a", url="http://x.test/other", title="Another thing", summary="altogether")
    see(db, item("a"))
    assert see(db, other) == Counts(new=1, articles=1)
    assert see(db, other, item("a")) == Counts(seen_before=2)
    assert [one.url for one in stored(db)] == ["http://x.test/a", "http://x.test/other"]


def test_an_item_under_a_reused_guid_that_changes_its_address_is_known(db: Database) -> None:
    other = item("a", url="http://x.test/other", title="Another thing", summary="altogether")
    see(db, item("a"))
    see(db, other)
    for number in range(2):
        assert see(db, replace(other, url=f"http://x.test/other?session={number}")).new == 0
    assert len(stored(db)) == 2


def test_a_guid_given_to_another_item_without_an_address_makes_a_second_article_and_both_stay_known(
    db: Database,
) -> None:
    first = item("now", url="", title="Strike in the harbour", summary="Four hundred dockers stood at the gates today.")
    other = item("now", url="", title="Ferries stay in port", summary="Twelve sailings to the islands were called off.")
    see(db, first)
    assert see(db, other) == Counts(new=1, articles=1)
    assert see(db, first) == see(db, other) == Counts(seen_before=1)
    assert [one.feed_title for one in stored(db)] == ["Strike in the harbour", "Ferries stay in port"]


def test_an_edit_of_an_item_under_a_reused_guid_is_no_new_item(db: Database) -> None:
    first = item("100%", url="", title="Strike in the harbour", summary="Four hundred dockers stood at the gates.")
    other = item("100%", url="", title="Ferries stay in port", summary="Twelve sailings to the islands are off.")
    third = item("100%", url="", title="Mayor opens the bridge", summary="It has two lanes and a path for cyclists.")
    for one in (first, other, third):
        assert see(db, one) == Counts(new=1, articles=1)
    for end in ("Passengers wait.", "Buses replace them.", "Fog is expected until noon."):
        other = replace(other, summary=f"{other.summary} {end}")
        assert see(db, other) == Counts(seen_before=1, edited=1)
        assert see(db, other) == see(db, first) == see(db, third) == Counts(seen_before=1)
    assert len(stored(db)) == 3
    assert stored(db)[1].feed_text == other.summary


def test_an_edit_of_some_words_of_an_item_without_an_address_is_no_new_item(db: Database) -> None:
    first = item("now", url="", title="Strike in the harbour", summary="Four hundred dockers stood at the gates today.")
    see(db, first)
    longer = replace(first, title="Strike goes on in the harbour", summary=f"{first.summary} Talks begin tomorrow.")
    assert see(db, longer) == Counts(seen_before=1, edited=1)


def test_the_last_five_wordings_of_an_item_without_an_address_are_kept(db: Database) -> None:
    for number in range(8):
        see(db, item("a", url="", summary=f"The same words as ever, edition {number}"))
    kept = db.read_now(lambda s: s.exec(select(ArticleRevision).order_by(ArticleRevision.revision)).all())  # type: ignore[arg-type]
    assert [(one.revision, one.text[-1]) for one in kept] == [(-6, "6"), (-5, "5"), (-4, "4"), (-3, "3"), (-2, "2")]


def test_two_items_of_one_document_under_the_same_guid_are_both_kept(db: Database) -> None:
    twins = item("same"), item("same", url="http://x.test/2", title="Second", summary="thing")
    assert see(db, *twins) == Counts(new=2, articles=2)
    assert see(db, *twins) == Counts(seen_before=2)


def test_items_of_one_document_under_one_guid_without_an_address_are_all_kept(db: Database) -> None:
    words = ["The library is closed today", "Dockers on strike at the port", "Rain by night and wind"]
    items = [item("same", url="", title=one, summary="") for one in words]
    assert see(db, *items, items[1]) == Counts(seen_before=1, new=3, articles=3)
    assert see(db, *items) == Counts(seen_before=3)


NOTICES = [
    ("Notice for Kiel", "The library is closed in Kiel on Monday."),
    ("Notice for Emden", "The library is closed in Emden on Friday."),
    ("Notice for Stade", "Dockers are on strike at the port of Stade."),
]


def notices(shape: str) -> list[ParsedEntry]:
    """Items of their own that lead to one page."""
    guid, link = {
        "guids": ("id{}", "/all"),
        "fragments": ("id{}", "/all#n{}"),
        "one": ("0", "/all"),
        "none": ("", "/all"),
    }[shape]
    return [
        item(guid.format(n), url=f"http://x.test{link.format(n)}", title=title, summary=text)
        for n, (title, text) in enumerate(NOTICES)
    ]


@pytest.mark.parametrize("shape", ["guids", "fragments", "one", "none"])
def test_items_that_lead_to_one_page_are_articles_of_their_own_words(db: Database, shape: str) -> None:
    assert see(db, *notices(shape)) == Counts(new=3, articles=3)
    assert see(db, *notices(shape)) == see(db, *reversed(notices(shape))) == Counts(seen_before=3)
    assert [(one.feed_title, one.feed_text) for one in stored(db)] == NOTICES
    assert {(one.state, one.reason, one.final, one.host) for one in stored(db)} == {("partial", "shared_url", True, "")}
    assert all(one.url.startswith("http://x.test/all") for one in stored(db))


def test_an_item_that_joins_another_at_its_address_is_new_and_leaves_the_other_as_it_was(db: Database) -> None:
    first, second, third = notices("guids")
    see(db, first)
    db.write_now(_ready)
    assert see(db, third, first) == Counts(seen_before=1, new=1, articles=1)
    for together in ([third, first], [third, second, first], [first, third]):
        see(db, *together)
    assert [(one.feed_title, one.state) for one in stored(db)] == [
        ("Notice for Kiel", "ready"), ("Notice for Stade", "partial"), ("Notice for Emden", "partial"),
    ]  # fmt: skip


def test_an_item_that_is_left_alone_at_its_address_stays_known_and_its_edit_an_edit(db: Database) -> None:
    third = notices("guids")[2]
    see(db, *notices("guids"))
    assert see(db, third) == Counts(seen_before=1)
    third = replace(third, summary=f"{third.summary} Talks begin tomorrow.")
    assert see(db, third) == Counts(seen_before=1, edited=1)
    assert see(db, *notices("guids")[:2], third) == Counts(seen_before=3)
    assert (len(stored(db)), stored(db)[2].feed_text) == (3, third.summary)


@pytest.mark.parametrize("guids", ["own", "one", "none"])
def test_one_article_listed_more_than_once_in_other_words_stays_one_and_is_not_edited(db: Database, guids: str) -> None:
    text = "Dockers at the northern harbour went on strike, and no ship has been unloaded since then."
    titles = "Dockers on strike", "Ports: dockers on strike", "Dockers on strike (update)"
    listed = [
        item({"own": f"g{n}", "one": "g", "none": ""}[guids], url="http://x.test/a", title=title, summary=text)
        for n, title in enumerate(titles)
    ]
    for count in (2, 3):
        see(db, *listed[:count])
        assert see(db, *listed[:count]) == Counts(seen_before=count)
        assert see(db, *reversed(listed[:count])).new == 0
    assert [(one.url, one.state, one.host) for one in stored(db)] == [("http://x.test/a", "pending", "x.test")]


def test_an_edit_of_one_of_two_items_at_one_address_is_an_edit(db: Database) -> None:
    first, _, third = notices("guids")
    see(db, first, third)
    third = replace(third, summary="Dockers are on strike at the port of Stade since dawn.")
    assert see(db, first, third) == Counts(seen_before=2, edited=1)
    assert [one.feed_text for one in stored(db)] == [first.summary, third.summary]


def test_a_notice_that_is_repeated_word_for_word_under_fresh_guids_is_not_new_each_time(db: Database) -> None:
    def twice(poll: int) -> list[ParsedEntry]:
        return [item(f"{poll}-{n}", url="", title="No disturbances", summary="All lines run.") for n in range(2)]

    see(db, *twice(0))
    assert [see(db, *twice(poll)) for poll in (1, 2)] == [Counts(seen_before=2)] * 2


def test_the_same_item_twice_in_one_document_is_one(db: Database) -> None:
    assert see(db, item("a"), item("a"), item("a")) == Counts(seen_before=2, new=1, articles=1)
    assert keys(db) == ["a"]


def test_an_edited_item_is_no_new_one_and_has_its_page_read_again(db: Database) -> None:
    see(db, item("a"))
    db.write_now(lambda s: _ready(s))
    assert see(db, item("a", title="Title a, corrected")) == Counts(seen_before=1, edited=1)
    (article,) = stored(db)
    assert (article.state, article.feed_title, article.final) == ("pending", "Title a, corrected", False)
    assert see(db, item("a", title="Title a, corrected")) == Counts(seen_before=1)


def test_an_edited_item_without_an_address_is_matched_again(db: Database) -> None:
    see(db, item("a", url=""))
    db.write_now(lambda s: _ready(s))
    assert see(db, item("a", url="", title="Title a, corrected")).edited == 1
    (article,) = stored(db)
    assert article.match_due


def _ready(session: Session) -> None:
    article = session.exec(select(Article)).one()
    article.state, article.match_due = "ready" if article.url else "partial", False
    session.add(article)


def test_an_item_that_flaps_in_and_out_is_seen_once(db: Database) -> None:
    see(db, item("a"), item("b"))
    see(db, item("b"))
    assert see(db, item("a"), item("b")) == Counts(seen_before=2)


def test_the_same_address_in_two_feeds_is_one_article(db: Database) -> None:
    see(db, item("a"))
    assert see(db, item("elsewhere", url="http://x.test/a?utm_source=rss"), feed="http://y.test/rss") == Counts(new=1)
    assert len(stored(db)) == 1


def test_a_first_poll_tells_nothing_older_than_the_feeds_window_nor_what_bears_no_date(db: Database) -> None:
    old, undated = item("old", published=NOON - 73 * HOUR), item("undated", published=None)
    see(db, item("new"), old, undated, first=True)
    assert {one.feed_title: one.from_before for one in stored(db)} == {
        "Title new": False, "Title old": True, "Title undated": True,
    }  # fmt: skip


def test_a_later_poll_tells_an_old_item_too_for_it_may_be_news_that_was_put_up_late(db: Database) -> None:
    see(db, item("old", published=NOON - 300 * HOUR), item("undated", published=None))
    assert [one.from_before for one in stored(db)] == [False, False]


@pytest.mark.parametrize("count", [FLOOD + 1, 510])
def test_a_flood_of_old_items_under_new_ids_is_stored_but_not_told(db: Database, count: int) -> None:
    see(db, item("known"))
    flood = [item(f"f{number}", published=NOON - 500 * HOUR) for number in range(count)]
    assert see(db, *flood, item("fresh")).new == count + 1
    told = [one.feed_title for one in stored(db) if not one.from_before]
    assert told == ["Title known", "Title fresh"]


def test_news_of_a_week_in_which_nobody_polled_is_no_flood(db: Database) -> None:
    see(db, item("known"))
    missed = [item(f"m{number}", published=NOON - (4 * number + 1) * HOUR) for number in range(42)]
    assert see(db, *missed, read_last=150 * HOUR) == Counts(new=42, articles=42)
    flood = [item(f"f{number}", published=NOON - 500 * HOUR) for number in range(FLOOD + 1)]
    assert see(db, *flood, read_last=150 * HOUR).flood == FLOOD + 1


def test_a_flood_of_words_that_the_feed_had_before_is_not_told_whatever_its_dates_say(db: Database) -> None:
    see(db, *(item(str(n)) for n in range(FLOOD + 1)))
    moved = [item(str(n), guid=f"new{n}", url=f"http://x.test/new/{n}") for n in range(FLOOD + 1)]
    assert see(db, item("news"), *moved).flood == FLOOD + 1
    assert [one.url for one in stored(db) if one.from_before] == [one.url for one in moved]


def test_many_items_with_fresh_dates_are_no_flood(db: Database) -> None:
    see(db, *(item(f"f{number}") for number in range(600)))
    assert not any(one.from_before for one in stored(db))
