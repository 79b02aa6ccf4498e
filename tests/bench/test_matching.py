from __future__ import annotations

import json

import pytest

from bench import matching, peers
from bench.newsroom import Newsroom
from rules.document import analyse
from rules.match import Matcher
from rules.parse import parse


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "WARM", 2)
    monkeypatch.setattr(matching, "MEASURED", 3)
    monkeypatch.setattr(matching, "MOST_TSQUERIES", 0)


def test_the_same_seed_makes_the_same_rules_and_articles() -> None:
    one, same, other = Newsroom(1), Newsroom(1), Newsroom(2)
    assert one.rules(20) == same.rules(20) != other.rules(20)
    assert one.articles(1) == same.articles(1)
    assert 4_000 < len(one.articles(1)[0].text) < 7_000


def test_every_phase_is_measured_and_beside_it_the_other_ways(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["matching", "--rules", "30", "--json"])
    assert matching.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["us_per_article"]) == {"analysis", "presearch", "evaluation", "spans", "total"}
    assert set(found["peers"]) == {"naive", "aho_corasick", "regexes"}
    assert {"index_mb", "build_s", "load_s", "add_ms"} <= set(found)


def test_all_sizes_and_hostile_rules_make_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matching, "SIZES", (5, 10))
    monkeypatch.setattr(matching, "HOSTILE", 5)
    monkeypatch.setattr("sys.argv", ["matching"])
    assert matching.main() == 0
    said = capsys.readouterr().out
    assert "| 5 rules | 10 rules | 5 hostile |" in " ".join(said.split())
    assert "Aho-Corasick" in said


def test_naive_evaluation_finds_what_the_index_finds() -> None:
    room = Newsroom(5)
    rules = matching._rules([*room.rules(300), *room.hostile(50)], room.names())
    matcher = Matcher(rules)
    everyone = peers.naive(peers.Everything([rule.expr for rule in rules]))
    for article in room.articles(3):
        verdict = matcher.match(analyse(article))
        assert everyone(article) == len(verdict.matches)


def test_a_rule_as_a_tsquery_has_its_words_and_phrases_without_distances() -> None:
    expr = parse('near/5(ferry, "sea port" OR ship*) AND NOT (boat UNLESS tale) AND title:=Oslo')
    assert peers.as_tsquery(expr) == ("(((('ferry') & (('sea' <-> 'port') | ('ship':*))) & (('Oslo'))) & !('boat'))")
