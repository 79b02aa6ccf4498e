"""The measurement of the pages: its archive is what it says."""

from __future__ import annotations

import pytest
from sqlmodel import Session, SQLModel, func, select

from bench import archive, web
from pipeline.search import search
from storage import ledger
from storage.engine import Database
from storage.ledger import Filter
from storage.tables import Article, Decision, Delivery, Entry, Hit, Story, StoryRead


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("FEEDS", 20), ("TEXTS", 20), ("POLLS", 3), ("AT_ONCE", 100)):
        monkeypatch.setattr(archive, name, number)


def test_an_archive_holds_what_was_asked_for_and_can_be_searched(db: Database) -> None:
    archive.fill(db, 600, 500)
    tables: tuple[tuple[type[SQLModel], int], ...] = (
        (Hit, 600), (Article, 500), (Entry, 500), (Story, 200), (StoryRead, 100), (Decision, 200), (Delivery, 400),
    )  # fmt: skip
    for one, number in tables:
        count = select(func.count()).select_from(one)
        assert db.read_now(lambda session, count=count: session.exec(count).one()) == number  # type: ignore[misc]
    assert len(search(db, db.read_now(lambda session: session.get_one(Article, 7).title), limit=50)) == 25
    shown = db.read_now(lambda session: ledger.page(session, Filter(channel="desk-mail"), None, 50))
    assert [one.id for one, _ in shown] == list(range(400, 300, -2))


def test_new_rows_come_behind_those_of_the_archive(db: Database) -> None:
    archive.fill(db, 30, 500)

    def add(session: Session) -> int | None:
        hit = Hit(rule_id="new", article_id=1, story_id=1, at=archive.NOW)
        session.add(hit)
        session.flush()
        return hit.id

    assert db.write_now(add) == 31


def test_a_slow_address_is_told() -> None:
    took = web.measured("sqlite", "nothing", lambda: None, rounds=3)
    assert took.good
    slow = web.Took("sqlite", "ledger", 10.0, 301.0, 300.0)
    assert "too slow" in web.markdown([slow])
    assert all(path.startswith("/") for path in web.addresses(10).values())
