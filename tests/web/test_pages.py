"""What each page gathers from the rows."""

from __future__ import annotations

import pytest

from storage.engine import Database
from storage.tables import Alert, Story
from tests.web import rows
from web.pages import deliveries


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"type": "notice", "subject": "channel desk-mail is paused"}, "channel desk-mail is paused"),
        ({"type": "digest", "title": "Strikes at ports"}, "Strikes at ports"),
        ({"type": "alert", "article": {"title": "Port workers walk out"}}, "Port workers walk out"),
        ({}, "again"),
    ],
)
def test_an_alert_is_called_what_its_message_says(view: dict[str, object], said: str) -> None:
    assert deliveries.headline(Alert(id="x", rule_id="r", kind="again", view=view, made_at=rows.NOW)) == said


def test_a_story_counts_what_it_holds(db: Database) -> None:
    assert db.read_now(lambda session: session.get_one(Story, 1).articles) == 2
