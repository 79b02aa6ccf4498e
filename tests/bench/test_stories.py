"""The measurement of stories: its judge sees what is merged wrongly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.stories import Text, Topic, judge
from stories.telling import tell
from tests.builders import CALM, STRIKE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def text(article: str, title: str, paragraphs: tuple[str, ...], hours: int) -> Text:
    telling = tell(
        article, title, "\n".join(paragraphs), NOON + timedelta(hours=hours), sentences=paragraphs[:1], language="en"
    )
    return Text(article.partition("/")[0], telling)


def test_the_judge_sees_a_wrong_merge_the_event_that_it_hides_and_a_story_too_many() -> None:
    told = [
        text("a/1", "Dockers strike", STRIKE, 0),
        text("b/1", "Dockers strike", STRIKE, 1),
        text("a/2", "Glass house opens", CALM, 2),
    ]
    found = judge(Topic("t", timedelta(hours=72), tuple(told)))
    assert (len(found.wrong), found.missed, found.split) == (1, ("b",), ("a/2",))
    assert (found.events, found.texts, found.stories) == (2, 3, 2)
