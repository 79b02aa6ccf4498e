"""A rule while it is written: its problems in its own lines, what it finds, and what it nearly finds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from core.errors import ConfigError, InputError
from core.reasons import Reason
from core.settings import Settings
from pipeline import drafts, in_worker, trying, verdicts
from pipeline.drafts import Checked, checked, offered_words, widened
from pipeline.editing import Draft
from rules.config import Rule, Watch, load
from rules.document import ArticleText, analyse
from rules.explain import NearMiss, explain, near_miss
from rules.lookup import keys_of, query
from rules.match import Matcher
from storage.engine import Database
from storage.tables import Article
from tests.builders import World
from tests.rules.desk import article, rule
from tests.web import rows, ruledesk

WATCH = ruledesk.WATCH
STRIKE = 'title: Strikes\nmatch: |\n  @Port AND (strike OR "walk out")\nexamples: {match: [Strike at Callender]}\n'


def of(rule_id: str) -> tuple[Watch, Rule]:
    watch = load(WATCH)
    found = watch.rule(rule_id)
    assert found is not None
    return watch, found


def test_a_good_draft_has_verdicts_of_its_examples_and_its_meaning() -> None:
    good = checked(WATCH, "port-strike", STRIKE)
    assert (good.good, good.runs, good.problems, good.elsewhere) == (True, True, (), ())
    assert good.examples == (drafts.Example("Strike at Callender", wanted=True),)
    assert good.explained is not None
    assert good.explained.words == "@Port and also (“strike” or “walk out”)"
    assert 'title: Strikes\n    match: |\n      @Port AND (strike OR "walk out")\n' in good.text


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ('(strike OR "walk out")', "(strike OR )", 3, 24),
        ("@Port", "@Prt", 3, 3),
        ("title:", "titel:", 1, 1),
        ("match: |", "match: 'x", 2, 8),
        ("[Strike at Callender]", "[Quiet]", 4, 20),
    ],
)
def test_what_is_wrong_is_told_at_its_place_in_the_draft(old: str, new: str, line: int, column: int) -> None:
    bad = checked(WATCH, "port-strike", STRIKE.replace(old, new))
    assert not bad.good
    assert [(one.line, one.column) for one in bad.problems] == [(line, column)]


def test_a_wrong_example_is_told_and_the_rule_can_be_tried_all_the_same() -> None:
    bad = checked(WATCH, "port-strike", STRIKE.replace("{match:", "{ignore:"))
    assert bad.runs
    assert not bad.good
    (example,) = bad.examples
    assert (example.wanted, example.wrong) == (False, "it finds “Strike”, “Callender”")


def test_what_is_wrong_elsewhere_is_told_as_such() -> None:
    other = WATCH.replace("ash AND cloud", "$port-strike AND (")
    bad = checked(other, "port-strike", STRIKE)
    assert not bad.problems
    assert len(bad.elsewhere) == 1
    assert bad.elsewhere[0].startswith("rules.dear-one.match: ")
    assert not bad.good


def test_a_rule_that_cannot_match_in_a_language_is_doubtful() -> None:
    text = WATCH.replace("Port: {any: [Callender, Northport]}", "Port: {lang: {en: [Callender]}}")
    found = checked(text, "port-strike", STRIKE + "languages: [vi]\n")
    assert [one.line for one in found.warnings] == [2]


def test_the_starter_is_good_and_its_id_is_free() -> None:
    rule_id, lines = drafts.starter({"new-rule", "new-rule-2"})
    assert rule_id == "new-rule-3"
    assert checked("version: 1\n", *drafts.starter(())).good
    assert lines == drafts.STARTER


def test_what_a_draft_matches_is_listed_newest_first_with_its_sentences(db: Database) -> None:
    db.write_now(ruledesk.fill)
    _, strike = of("port-strike")
    found = drafts.matches(db, strike, since=rows.NOW - timedelta(days=7))
    assert [one.article.title for one in found.shown] == ["Walkout at Callender", "Northport strike goes on"]
    assert found.shown[0].passages[1]["marks"] == [[17, 26], [35, 41]]
    assert (found.articles, found.offered, found.looked_at) == (6, 6, 6)
    assert found.micros > 0
    few = drafts.matches(db, strike, since=rows.NOW - timedelta(days=7), limit=1)
    assert (len(few.shown), few.looked_at) == (1, 1)
    none = drafts.matches(db, strike, since=rows.NOW)
    assert (none.shown, none.micros) == ((), 0.0)


def test_near_misses_offer_words_that_several_have_or_the_limit_that_would_do(db: Database) -> None:
    db.write_now(ruledesk.fill)
    found = drafts.misses(db, *of("port-strike"), since=rows.NOW - timedelta(days=7))
    assert [(one.article.title, one.failed, one.words[0]) for one in found] == [
        ("Callender pickets", 'strike OR "walk out"', "pickets"),
        ("Northport pickets", 'strike OR "walk out"', "pickets"),
    ]
    (river,) = drafts.misses(db, *of("river-flood"), since=rows.NOW - timedelta(days=7))
    assert (river.words, river.limit) == ((), 10)


def test_words_are_offered_by_how_many_have_them_and_how_near_they_stand() -> None:
    def miss(text: str) -> NearMiss:
        found = near_miss(explain(rule("ferry AND tanker"), analyse(article(text))))
        assert found is not None
        return found

    near = [miss("A ferry quickly left; lorries and 12 freighters waited."), miss("The freighters hit a ferry.")]
    assert offered_words(near) == [("freighters", "quickly", "left"), ("freighters",)]


def test_a_draft_is_widened_where_it_stands() -> None:
    wider = widened(WATCH, "port-strike", STRIKE, clause='strike OR "walk out"', word="pickets")
    assert wider == STRIKE.replace('"walk out")', '"walk out" OR pickets)')
    river = "match: near/4(river, flood)  # why\n"
    assert widened(WATCH, "river-flood", river, clause="near/4(river, flood)", limit=14) == (
        'match: "near/14(river, flood)"  # why\n'
    )
    with pytest.raises(InputError):
        widened(WATCH, "port-strike", STRIKE, clause="Callender", word="x")


def test_what_rules_cost_is_measured_on_the_newest_articles(db: Database) -> None:
    watch = load(WATCH)
    assert drafts.costs(db, watch.rules) == {}
    db.write_now(ruledesk.fill)
    costs = drafts.costs(db, watch.rules)
    assert costs.keys() == {rule.id for rule in watch.rules}
    assert min(costs.values()) > 0


TEXT = article("The river is in flood. A strike is over; ash fell on Callender, and no flight left.")


def test_every_rules_verdict_on_a_text_is_a_match_a_near_miss_or_none() -> None:
    watch = load(WATCH)
    matcher = Matcher(watch.rules)
    matches = verdicts.matching(watch, matcher, TEXT)
    assert [one.rule for one in matches] == ["port-strike", "river-flood"]
    assert matches[1].passages[0]["marks"] == [[4, 9], [16, 21]]
    near = verdicts.nearly(watch, matcher, TEXT)
    assert [(one.rule, one.failed, one.miss) for one in near.answers] == [("dear-one", "cloud", "not in the article")]
    assert (near.possible, near.explained) == (1, 1)


LONG = "a b " * 10_000
DEAR = load("version: 1\nrules: {dear: {match: 'near/5(a, b)'}, dearest: {match: 'near/5(a, b) AND x'}}\n")


def test_a_rule_too_costly_for_its_budget_is_tried_again_as_live_and_told_where_that_does_not_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matcher, text = Matcher(DEAR.rules), article(LONG + "x")
    assert matcher.match(analyse(text)).matches == ()
    assert [(one.rule, one.failed) for one in verdicts.matching(DEAR, matcher, text)] == [("dear", ""), ("dearest", "")]
    assert verdicts.nearly(DEAR, matcher, text).answers == ()
    said = trying.verdict(DEAR.rules[0], text)
    assert (said.matches, said.values["troubles"]) == (True, ["too_costly"])
    monkeypatch.setattr("pipeline.costly.PATIENCE", 1)
    (dear, _) = verdicts.matching(DEAR, matcher, text)
    assert (dear.rule, dear.passages, dear.failed) == ("dear", (), Reason.TOO_COSTLY.sentence)


@pytest.mark.parametrize(
    ("text", "languages", "matches"),
    [
        ("码头工人罢工。", "[zh, de]", True),
        ("码头工人罢工。", "[de, zh]", False),
        ("The harbour said that dockers downed tools on Monday.", "[en]", True),
        ("The harbour said that dockers downed tools on Monday.", "[de]", False),
    ],
)
def test_a_text_whose_language_is_uncertain_is_tried_in_a_language_of_the_rule_as_live(
    text: str, languages: str, matches: bool
) -> None:
    watch = load(f'version: 1\nrules: {{strike: {{match: "#strike", languages: {languages}}}}}\n')
    pasted = trying.with_language(ArticleText("pasted", text=text))
    said = trying.verdict(watch.rules[0], pasted)
    assert said.matches == bool(Matcher(watch.rules).match(analyse(pasted)).matches) == matches
    assert any("✓" in one for one in said.values["clauses"]) == matches


def test_a_rule_that_matches_and_would_not_be_tried_says_so() -> None:
    text = """\
version: 1
rules:
  off: {match: ferry, enabled: false}
  vi: {match: ferry, languages: [vi]}
  live: {match: ferry}
"""
    english = ArticleText("page", text="The ferry sank off the coast on Monday morning. " * 10, language="en")
    said = [trying.verdict(rule, english) for rule in load(text).rules]
    assert [(one.matches, one.lines) for one in said] == [
        (True, (f"but it would not be tried: {Reason.RULE_DISABLED.sentence}",)),
        (True, (f"but it would not be tried: {Reason.LANGUAGE.sentence}",)),
        (True, ()),
    ]


async def test_a_text_is_tried_as_of_the_feed_that_is_said_and_not_of_the_name_of_its_site(world: World) -> None:
    head = "<title>A ferry sank</title><meta property=og:site_name content='The Site'>"
    body = "<p>The ferry sank off the coast on Monday. " * 20
    world.site["/a"] = f"<!DOCTYPE html><html lang=en><head>{head}</head><body><article>{body}".encode()
    watch = load("""\
version: 1
rules:
  mine: {match: 'ferry AND source:"My Feed"'}
  site: {match: 'ferry AND source:"The Site"'}
""")
    for source, expected in (("My Feed", [True, False]), ("", [False, False])):
        article = await trying.article_of(world.settings(), url=world.url("/a"), source=source)
        assert [trying.verdict(rule, article).matches for rule in watch.rules] == expected


async def test_a_text_is_tried_in_the_language_that_is_said() -> None:
    watch = load('version: 1\nrules: {strike: {match: "#strike", languages: [de]}}\n')
    said = await trying.article_of(Settings(_env_file=None), text="码头工人罢工。", language="zh")
    assert trying.verdict(watch.rules[0], said).matches


def test_what_a_draft_matches_is_what_it_would_live_and_articles_too_dear_for_it_are_counted(db: Database) -> None:
    def fill(session: Session) -> None:
        ruledesk.fill(session)
        session.exec(update(Article).where(col(Article.title) == "Garden opens").values(text=LONG))

    db.write_now(fill)
    found = drafts.matches(db, DEAR.rules[0], since=rows.NOW - timedelta(days=7))
    assert ([one.article.title for one in found.shown], found.too_costly) == (["Garden opens"], 1)


@pytest.mark.parametrize(
    ("text", "could"),
    [
        ("strike AND river", True),
        ("strik* AND Callender", True),
        ("strike AND volcano", False),
        ("eruption OR ash", True),
    ],
)
def test_a_texts_keys_answer_what_the_index_would(text: str, could: bool) -> None:
    keys = keys_of(TEXT)
    assert keys is not None
    assert verdicts.could(query(rule(text).expr), keys) is could
    assert verdicts.could(None, keys)


VIETNAMESE = "Thủ tướng Việt Nam tiếp đại sứ Mỹ tại Hà Nội hôm thứ Sáu để bàn về thương mại. " * 3


async def test_a_text_tells_its_language_when_it_is_long_enough_wherever_it_is_tried(tmp_path: Path) -> None:
    assert trying.with_language(ArticleText("a", "", VIETNAMESE)).language == "vi"
    assert trying.with_language(TEXT) is TEXT
    settings, file = Settings(_env_file=None), tmp_path / "text.txt"
    file.write_text(VIETNAMESE, encoding="utf-8")
    assert (await trying.article_of(settings, text=VIETNAMESE)).language == "vi"
    assert (await trying.article_of(settings, file=file)).language == "vi"
    (said,) = in_worker.verdicts_of(tmp_path, WATCH, ArticleText("a", "", VIETNAMESE), ["dear-one"], "lang:vi AND Mỹ")
    assert (said["matches"], said["rule"]) == (True, "dear-one")


def test_workers_do_what_the_page_asks(db: Database, tmp_path: Path) -> None:
    """The functions as a worker calls them: everything by value."""
    db.write_now(ruledesk.fill)
    in_worker.warm()
    none = frozenset[str]()
    good = in_worker.check(WATCH, "port-strike", STRIKE)
    assert isinstance(good, Checked)
    assert len(in_worker.matches(db.url, good.text, "port-strike", 7.0).shown) == 2
    assert len(in_worker.misses(db.url, good.text, "port-strike", 7.0)) == 2
    assert "pickets" in in_worker.widen(WATCH, "port-strike", STRIKE, "strike", "pickets", 0)
    wider = good.text.replace("strike OR", "strike OR pickets OR")
    done = in_worker.backtest(db.url, wider, "port-strike", WATCH, 30.0)
    assert (done.gained, done.lost, done.compared, done.backtest.total("hits")) == (2, 0, True, 4)
    assert not in_worker.backtest(db.url, wider, "port-strike", "version: 1\n", 30.0).compared
    assert [one.rule for one in in_worker.tried(tmp_path, WATCH, TEXT, none)] == ["port-strike", "river-flood"]
    assert [one.rule for one in in_worker.nearly(tmp_path, WATCH, TEXT, none).answers] == ["dear-one"]
    off = frozenset({"dear-one", "river-flood"})
    assert [one.rule for one in in_worker.tried(tmp_path, WATCH, TEXT, off)] == ["port-strike"]
    assert in_worker.nearly(tmp_path, WATCH, TEXT, off) == verdicts.Nearly((), 0, 0)
    assert in_worker.costs(db.url, tmp_path, WATCH, ("dear-one",)).keys() == {"dear-one"}
    with pytest.raises(ConfigError):
        in_worker.ready(WATCH, Draft("port-strike", "", STRIKE.replace("@Port", "@Prt")))
    merged, watch = in_worker.ready(WATCH, Draft("port-strike", "", STRIKE))
    assert merged == watch.text
    assert "title: Strikes\n" in merged
    with pytest.raises(InputError, match="there is no rule x"):
        in_worker.matches(db.url, WATCH, "x", 7.0)
    in_worker._database(db.url).close()  # a worker closes it by ending
    in_worker._database.cache_clear()
