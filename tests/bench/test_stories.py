"""The measurement of stories: its judge sees what is merged wrongly, and it shows nobody a held topic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bench import stories
from bench.stories import Outcome, Text, Topic, judge
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


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """Outcomes by topic, to be changed: one topic that may be read, one that is held; all is well."""
    (held, *_), (read, *_) = (sorted((stories.TOPICS / half).iterdir()) for half in ("held", "tune"))
    outcomes = {path.stem: Outcome(path.stem, 10, 20, 10, (), (), ()) for path in (read, held)}
    monkeypatch.setattr(stories, "topics", lambda _: [Topic(name, timedelta(), ()) for name in outcomes])
    monkeypatch.setattr(stories, "judge", lambda one: outcomes[one.name])
    monkeypatch.setattr(stories, "cost", lambda *_: stories.Cost(1, 2))
    return outcomes


def run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr("sys.argv", ["stories", *options])
    return stories.main()


def test_a_wrong_merge_more_than_there_were_is_an_aim_missed(
    judged: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(iter(judged))
    for count, code in ((stories.MOST_WRONG, 0), (stories.MOST_WRONG + 1, 1)):
        judged[name] = Outcome(name, 10, 20, 10, ("x",) * count, (), ())
        assert run(monkeypatch) == code


@pytest.mark.parametrize("options", [["--why"], ["--why", "--json"]])
def test_why_is_told_of_topics_that_may_be_read_and_of_no_held_one(
    judged: dict[str, Outcome],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    for name, article in zip(judged, ("readable", "secret"), strict=True):
        judged[name] = Outcome(name, 10, 20, 11, (f"{article}/1 → a/1: lead",), (), (f"{article}/2",))
    run(monkeypatch, *options)
    said = capsys.readouterr().out
    assert ("readable/1" in said, "readable/2" in said, "secret" in said) == (True, True, False)
    if "--json" in options:
        found = json.loads(said)
        assert [one["wrong"] for one in found["topics"]] == [1, 1, 2]
        assert found["why"] == {"wrong": ["readable/1 → a/1: lead"], "split": ["readable/2"]}
