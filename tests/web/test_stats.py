"""How long news takes, how much there is, and how much of it is read in full."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from pipeline import measures
from storage.engine import Database
from storage.tables import Article, Delivery, Hit
from tests.web import rows
from web import latency
from web.pages import stats

AT = rows.NOW


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (90, "1.5 min"), (5400, "1.5 h"), (86_400 * 3, "3.0 d")]
)
def test_a_length_of_time_is_said_in_its_unit(seconds: float, said: str) -> None:
    assert latency.length(seconds) == said


def test_a_day_is_told_by_hours_and_a_week_by_days() -> None:
    hours, days = latency.bounds(AT, 1), latency.bounds(AT, 7)
    assert (len(hours), hours[1] - hours[0], len(days), days[1] - days[0]) == (25, rows.HOUR, 8, 24 * rows.HOUR)
    assert hours[0] < AT < hours[-1]
    assert days[0] < AT < days[-1]


def test_the_page_follows_news_from_published_to_sent(db: Database) -> None:
    def fill(session: Session) -> None:
        rows.newsroom(session)
        for article in session.exec(select(Article)):
            article.read_at = article.first_seen_at + timedelta(seconds=2)
            article.matched_at = article.first_seen_at + timedelta(seconds=5)
            session.add(article)

    db.write_now(fill)
    page = db.read_now(lambda session: stats.gather(session, AT, 7))
    words = [step.words if step else "–" for step in page.everything.steps]
    assert words == ["10.0 min / 10.0 min", "2.0 s / 2.0 s", "3.0 s / 3.0 s", "55.0 s / 55.0 s", "11.0 min / 11.0 min"]
    assert [(one.name, one.count) for one in page.by_feed] == [("Harbour Post", 4)]
    assert [(one.name, one.count) for one in page.by_rule] == [("port-strike", 1)]
    assert sum(one.articles for one in page.volume) == 4
    assert sum(one.hits for one in page.volume) == 4
    assert sum(one.alerts for one in page.volume) == 2
    assert [(one.source, one.full, one.articles, one.percent) for one in page.coverage] == [
        ("Eastward Radio", 1, 2, 50),
        ("Harbour Post", 1, 1, 100),
        ("صوت الشرق", 1, 1, 100),
    ]


@pytest.mark.parametrize(("most", "cut"), [(4, True), (5, False)])
def test_more_than_is_looked_at_is_told(db: Database, monkeypatch: pytest.MonkeyPatch, most: int, cut: bool) -> None:
    db.write_now(rows.newsroom)
    monkeypatch.setattr("storage.stats.MOST", most)
    page = db.read_now(lambda session: stats.gather(session, AT, 7))
    assert page.cut is cut
    assert page.everything.count == 4


def test_more_deliveries_than_are_looked_at_are_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(session: Session) -> None:
        rows.newsroom(session)
        one = session.exec(select(Delivery).where(Delivery.state == "sent")).one()
        for number in range(6):
            session.add(Delivery(**one.model_dump(exclude={"id", "key"}), key=f"more/{number}"))

    db.write_now(fill)
    for most, cut in ((6, True), (7, False)):  # four articles, seven deliveries
        monkeypatch.setattr("storage.stats.MOST", most)
        assert db.read_now(lambda session: stats.gather(session, AT, 7)).cut is cut


def test_the_page_and_the_api_tell_the_same_of_dates_that_a_feed_says_or_that_lie_ahead(db: Database) -> None:
    def fill(session: Session) -> None:
        rows.newsroom(session)
        by_feed, ahead, unread, plain = session.exec(select(Article).order_by(col(Article.id))).all()
        for article in (by_feed, ahead, plain):
            article.read_at = article.first_seen_at + timedelta(seconds=2)
        for article in (by_feed, ahead, unread, plain):
            article.matched_at = session.exec(select(Hit.at).where(Hit.article_id == article.id)).one()
        by_feed.published, by_feed.feed_published = None, by_feed.first_seen_at - rows.HOUR
        ahead.published = ahead.first_seen_at + rows.HOUR
        plain.matched_at = plain.read_at
        session.add_all([by_feed, ahead, unread, plain])
        for hit in session.exec(select(Hit).where(Hit.article_id == plain.id)):
            hit.at = plain.read_at or hit.at
            session.add(hit)

    db.write_now(fill)
    page = db.read_now(lambda session: stats.gather(session, AT, 7))
    api = db.read_now(lambda session: measures.legs(measures.moments(session, AT - 7 * 24 * rows.HOUR)))
    told = [(step.count, step.p50, step.p95) if step else (0, None, None) for step in page.everything.steps]
    assert told[:3] == [(one.count, one.p50, one.p95) for one in api[:3]]
    assert [one[0] for one in told[:3]] == [3, 3, 1]
    assert told[0] == (3, 600.0, 3600.0)


def test_what_a_feed_had_before_it_was_polled_does_not_count_as_slow(db: Database) -> None:
    def fill(session: Session) -> None:
        rows.newsroom(session)
        for article in session.exec(select(Article)):
            article.from_before = True
            session.add(article)

    db.write_now(fill)
    page = db.read_now(lambda session: stats.gather(session, AT, 30))
    assert (page.everything.count, page.by_feed, page.by_rule, page.coverage) == (0, [], [], [])


def test_an_empty_installation_has_empty_stats(db: Database) -> None:
    page = db.read_now(lambda session: stats.gather(session, AT, 1))
    assert (page.by_feed, page.by_rule, page.coverage, len(page.volume)) == ([], [], [], 24)
    assert stats.options(page.volume)["series"][0]["data"] == [0] * 24
