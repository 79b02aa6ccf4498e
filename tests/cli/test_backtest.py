"""`rules backtest`, `rules near`, `articles search`: what a rule would have done with the stored articles."""

from __future__ import annotations

import pytest
from sqlmodel import col, func, select

from storage.engine import Database
from storage.tables import Alert, Hit, Story
from tests.cli.desk import Desk
from tests.cli.test_rules import RULES

WIDER = """\
version: 1
rules:
  blinken-trip: {title: Trips, match: "Vietnam OR Biden OR Blinken", alert: {to: []}}
  new-one: {title: New, match: Myanmar}
"""


def live(desk: Desk, rule: str) -> tuple[list[int], int, int]:
    """What the run over the seeds made of a rule: articles hit, stories, alerts."""
    db = Database(f"sqlite:///{desk.folder / 'data' / 'wirewatch.db'}")
    try:
        return db.read_now(
            lambda session: (
                sorted(session.exec(select(Hit.article_id).where(Hit.rule_id == rule)).all()),
                session.exec(select(func.count(col(Story.id))).where(Story.rule_id == rule)).one(),
                session.exec(select(func.count(col(Alert.id))).where(Alert.rule_id == rule)).one(),
            )
        )
    finally:
        db.close()


@pytest.mark.parametrize("rule", RULES)
def test_what_the_pipeline_made_of_the_seeds_a_backtest_makes_too(desk: Desk, rule: str) -> None:
    one = desk.run("rules", "backtest", rule, "--json").document
    assert (sorted(found["id"] for found in one["found"]), one["stories"], one["alerts"]) == live(desk, rule)
    assert one["articles"] >= one["looked_at"] >= len(one["found"])
    assert (one["gained"], one["lost"], one["against"]) == ([], [], 1)
    assert sum(day["hits"] for day in one["days"]) == one["hits"] == len(one["found"])
    days = len(one["days"])  # of the reader's zone: for an hour of the day they are 30, where its summer has just ended
    assert days in (30, 31)
    assert bool(one["worst_day"]) == bool(one["found"])


def test_a_backtest_tells_people_the_days_and_what_is_gained(desk: Desk) -> None:
    file = desk.folder / "wider.yaml"
    file.write_text(WIDER)
    ended = desk.run("rules", "backtest", file, "--since", "12h")
    assert ended.code == 0
    assert "blinken-trip: " in ended.out
    assert "worst day: " in ended.out
    assert "gained against revision 1: " in ended.out
    assert "lost against revision 1: 0" in ended.out
    assert "not saved yet" in ended.out
    programs = desk.run("rules", "backtest", file, "--json").rows
    assert [(row["rule"], row["against"]) for row in programs] == [("blinken-trip", 1), ("new-one", None)]
    assert programs[0]["gained"]
    assert programs[0]["alerts"] == 0


def test_a_backtest_compares_with_the_revision_it_is_told(desk: Desk) -> None:
    assert desk.run("rules", "backtest", "blinken-trip", "--against", "1", "--json").document["against"] == 1
    ended = desk.run("rules", "backtest", "blinken-trip", "--against", "99")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no revision 99" in ended.err


def test_long_lists_of_titles_are_cut_for_people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.rules.TITLES", 1)
    file = desk.folder / "wider.yaml"
    file.write_text(WIDER)
    assert "more; --json has all" in desk.run("rules", "backtest", file).out


def test_before_the_first_run_a_backtest_finds_nothing(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(WIDER)
    ended = empty_desk.run("rules", "backtest", "new-one")
    assert (ended.code, "hits 0, " in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backtest", "nosuch"], "there is no rule nosuch"),
        (["backtest", "blinken-trip", "--since", "soon"], "--since soon"),
        (["near", "nosuch"], "there is no rule nosuch"),
        (["near", "blinken-trip", "--since", "-1d"], "--since -1d"),
    ],
)
def test_what_cannot_be_tried_says_why(desk: Desk, arguments: list[str], said: str) -> None:
    ended = desk.run("rules", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_near_misses_say_what_is_lacking(desk: Desk) -> None:
    file = desk.folder / "zebra.yaml"
    file.write_text(
        'version: 1\nrules: {zebra: {match: "near/9(Blinken, zebra)"}, far: {match: "seq/1(Blinken, zebra)"}}\n'
    )
    one = desk.run("--config", file, "rules", "near", "zebra", "--json").document
    assert one.keys() == {"rule", "since", "articles", "offered", "looked_at", "misses"}
    assert {miss["failed"] for miss in one["misses"]} == {"zebra"}
    assert one["articles"] > one["offered"] == one["looked_at"] == len(one["misses"])
    people = desk.run("--config", file, "rules", "near", "far", "--limit", "1").out
    assert "zebra: not in the article" in people
    assert "near misses: 1; looked at 1 of" in " ".join(people.split())


def test_a_search_takes_words_phrases_and_a_time(desk: Desk) -> None:
    titles = [row["title"] for row in desk.run("articles", "search", 'natalegawa "closer two-way"', "--json").rows]
    assert titles == ["Blinken's Trip to Vietnam Aims at Closer Two-Way Relations"]
    assert desk.run("articles", "search", "natalegawa", "--since", "1h", "--json").rows
    assert desk.run("articles", "search", "volcano").out == "no article holds these words\n"
    assert desk.run("articles", "search", "%").code == 2
