"""What the pages about rules gather, and how they mark a rule's text."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlmodel import Session, select

from core.errors import InputError, Problem
from pipeline import compiled, editing
from pipeline.preview import Day
from pipeline.verdicts import Answer, Nearly
from rules.config import Watch, load
from rules.document import ArticleText
from storage import configs
from storage.engine import Database
from storage.tables import Hit, RuleState
from tests.web import rows, ruledesk
from web.pages import rule, rule_marks, rule_trial, rules, tryout
from web.rulebook import DAYS, Rulebook

WATCH = load(ruledesk.WATCH)


@pytest.fixture
def book(db: Database, tmp_path: Path) -> Rulebook:
    db.write_now(ruledesk.fill)
    return Rulebook(db, tmp_path)


def listed(db: Database, book: Rulebook, watch: Watch = WATCH, **asked: str) -> rules.Listing:
    values = {"tag": "", "words": "", "after": "", **asked}
    return db.read_now(lambda session: rules.gather(session, book, watch, rows.NOW, **values))


def test_each_rule_tells_its_hits_stories_and_how_many_hits_people_called_not_this(
    db: Database, book: Rulebook
) -> None:
    page = listed(db, book)
    assert [line.id for line in page.lines] == ["dear-one", "old-question", "port-strike", "river-flood"]
    strike = page.lines[2]
    assert (strike.title, strike.tags, strike.hits, strike.stories) == ("Strikes at ports", ("labour", "ports"), 3, "2")
    assert strike.not_this == 2  # by two people, one hit by both
    assert len(strike.bars) == DAYS
    assert (page.tags, page.count, page.total, page.next) == (("labour", "ports", "weather"), 4, 4, "")
    assert (page.lines[3].not_this, page.lines[3].cost) == (0, "")


def test_a_rule_that_is_off_says_why(db: Database, book: Rulebook) -> None:
    states = {line.id: (line.state, line.why) for line in listed(db, book).lines}
    assert states["dear-one"] == ("switched off", "the rule needs more work on this article than its budget allows")
    assert states["old-question"] == ("off", "the watch file says enabled: false")
    assert states["river-flood"] == ("on", "stored articles are being matched")
    few = db.read_now(lambda session: configs.rule_states(session, ["dear-one", "old-question", "x"]))
    assert list(few) == ["dear-one"]
    caught_up = RuleState(rule_id="river-flood", since=rows.NOW)
    assert rules.state_of(WATCH.rules[1], caught_up) == ("on", "")
    assert rules.state_of(WATCH.rules[1], None) == ("on", "")


def test_rules_are_narrowed_by_tag_and_words(db: Database, book: Rulebook) -> None:
    cases = {
        ("weather", ""): ["river-flood"],
        ("", "PORT walk"): ["port-strike"],
        ("labour", "river"): [],
        ("x", ""): [],
    }
    for (tag, words), ids in cases.items():
        page = listed(db, book, tag=tag, words=words)
        assert ([line.id for line in page.lines], page.count, page.total) == (ids, len(ids), 4)


def test_many_rules_come_in_pages(db: Database, book: Rulebook) -> None:
    watch = load("version: 1\nrules:\n" + "".join(f"  r{number:03}: {{match: ferry}}\n" for number in range(120)))
    first = listed(db, book, watch)
    assert (len(first.lines), first.next, first.count) == (rules.SHOWN, "r049", 120)
    last = listed(db, book, watch, after="r099")
    assert (last.lines[0].id, len(last.lines), last.next) == ("r100", 20, "")


def test_hits_are_counted_by_the_day_and_what_is_over_is_not_counted_again(db: Database, book: Rulebook) -> None:
    def move(session: Session) -> None:
        for number, hit in enumerate(session.exec(select(Hit).order_by(Hit.id)).all()):  # type: ignore[arg-type]
            hit.at = rows.NOW - timedelta(days=(0, 1, 29, 30)[number])

    def forget(session: Session) -> None:
        session.get_one(Hit, 2).at = rows.NOW - timedelta(days=99)

    def counts() -> list[int]:
        return [sum(day.values()) for day in db.read_now(lambda session: book.hits(session, rows.NOW))]

    db.write_now(move)
    assert counts() == [1, *[0] * 27, 1, 1]
    db.write_now(forget)
    assert sum(counts()) == 3  # what was believed of yesterday
    later = rows.NOW + timedelta(minutes=11)
    assert sum(sum(day.values()) for day in db.read_now(lambda session: book.hits(session, later))) == 2


def test_what_is_measured_is_shown_until_the_rule_changes(db: Database, book: Rulebook) -> None:
    book.measured(WATCH.rules[0], 81.4)
    book.measured(WATCH.rules[1], 0.2)
    costs = {line.id: line.cost for line in listed(db, book).lines}
    assert (costs["port-strike"], costs["river-flood"], costs["dear-one"]) == ("81 µs", "< 1 µs", "")
    other = load(ruledesk.WATCH.replace("walk out", "lock out"))
    assert {line.cost for line in listed(db, book, other, words="strike").lines} == {""}


async def test_the_watch_is_loaded_once_however_many_ask(
    db: Database, book: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Mock(side_effect=compiled.opened)
    monkeypatch.setattr(compiled, "opened", opened)
    (first, second) = await asyncio.gather(book.active(), book.active())
    assert first is second
    opened.assert_called_once()


async def test_the_watch_is_loaded_again_when_another_revision_is_active(db: Database, book: Rulebook) -> None:
    now, watch = await book.active()
    assert (now.revision, now.who, (await book.active())[1]) == (1, "test", watch)
    await db.write(lambda session: ruledesk.watch(session, "version: 1\n"))
    assert (await book.active())[1].rules == ()


def test_the_editors_page_says_which_revision_it_shows(db: Database, book: Rulebook) -> None:
    now = db.read_now(editing.current)
    head = db.read_now(lambda session: rule.gather(session, now, WATCH, "old-question", "key"))
    assert (head.revision, head.who, head.at, head.state) == (1, "test", rows.NOW, "off")
    with pytest.raises(InputError, match="no rule x"):
        db.read_now(lambda session: rule.gather(session, now, WATCH, "x", "key"))


WRITTEN = 'title: "a # b"  # c\nmatch: |\n  near/4(@Port, "x OR y" OR BORDER) AND title: z\n'


def classes(written: str, *problems: Problem) -> dict[str, list[str]]:
    """What bears each class."""
    found: dict[str, list[str]] = {}
    for one in rule_marks.decorations(written, problems):
        text = f"line {one['line']}" if one["kind"] == "line" else written[one["from"] : one["to"]]
        found.setdefault(one["class"], []).append(text)
    return found


def test_operators_names_and_keys_are_marked_and_quoted_words_are_not() -> None:
    found = classes(WRITTEN)
    assert found["rule-operator"] == ["near/4", "OR", "AND", "title:"]
    assert found["rule-name"] == ["@Port"]
    assert found["rule-key"] == ["title:", "match:"]
    assert "rule-operator" not in classes("match: 'unclosed OR")
    assert "rule-operator" not in classes("title: a OR b\nmatch: [a OR b]\n")


@pytest.mark.parametrize(
    ("line", "column", "marked"),
    [(3, 17, ['"x']), (3, 3, ["near/4"]), (2, 9, ["|"]), (2, 99, ["|"]), (4, 1, []), (9, 1, []), (0, 0, [])],
)
def test_a_problem_is_marked_at_its_word_or_at_the_end_of_its_line(line: int, column: int, marked: list[str]) -> None:
    found = classes(WRITTEN, Problem("wrong", line, column))
    assert found.get("wrong", []) == marked
    assert found.get("wrong-line", []) == ([f"line {line}"] if 0 < line < 5 else [])


def test_a_problem_is_shown_with_its_line_and_a_caret_below_the_place() -> None:
    (one,) = rule_marks.faults(WRITTEN, [Problem("wrong", 2, 8, "hint")])
    assert (one.source, one.caret, one.hint) == ("match: |", "       ^", "hint")
    (far,) = rule_marks.faults("x" * 500, [Problem("wrong", 1, 300)])
    assert (len(far.source), far.caret.index("^")) == (120, 60)
    (nowhere,) = rule_marks.faults("x", [Problem("wrong", 7, 1)])
    assert (nowhere.line, nowhere.source) == (0, "")
    assert rule_marks.tooltips([Problem("a", 1, 1), Problem("b", 1, 2, "c"), Problem("d")]) == {1: "a\nb — c"}


def test_all_rules_are_accounted_for_in_the_verdicts_of_a_text() -> None:
    match, near = Answer("port-strike", "t"), Answer("river-flood", "t", failed="x")
    page = tryout.gather(WATCH, {}, ArticleText("a", "T"), (match,), Nearly((near,), 700, 500), "")
    assert (len(page.matches), len(page.near), page.rest, page.off, page.unseen) == (1, 1, 1, 1, 200)
    dear = Answer("river-flood", "t", failed="too costly")
    page = tryout.gather(WATCH, {}, ArticleText("a"), (match, dear), Nearly((), 0, 0), "")
    assert (page.matches, page.troubled, page.rest) == ((match,), (dear,), 1)
    page = tryout.gather(WATCH, {"dear-one": "too_costly"}, ArticleText("a"), (match,), Nearly((), 0, 0), "")
    assert (page.rest, page.off) == (1, 2)
    late = tryout.gather(WATCH, {}, ArticleText("a"), (), None, "it took too long")
    assert (late.rest, late.near, late.trouble) == (3, (), "it took too long")


def test_the_chart_has_a_bar_for_each_day() -> None:
    days = tuple(Day(rows.NOW.date(), hits=number, alerts=1) for number in range(3))
    options = rule_trial.chart(days, dark=True)
    assert [one["data"] for one in options["series"]] == [[1, 1, 1], [0, 0, 0], [0, 1, 2]]
    assert len(options["xAxis"]["data"]) == 3
