"""The differential run of `make fuzz`, short; and that it would find something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rules import windows
from rules.document import analyse
from rules.match import Matcher
from rules.parse import parse
from rules.tree import written
from rules.windows import Place
from tests import fuzz
from tests.rules import oracle


def test_the_matcher_and_brute_force_agree_on_some_thousand_pairs() -> None:
    pairs, found = fuzz._job(range(12))
    assert found is None, str(found)
    assert pairs > 2_000


def test_a_matcher_that_is_wrong_is_found_out_with_a_rule_and_text_small_enough_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    join = windows.join_minimal

    def one_too_far(groups: Sequence[list[Place]], n: int | None, *rest: object, **more: object) -> list[Place]:
        return join(groups, n + 1 if n is not None else n, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("rules.evaluate.join_minimal", one_too_far)
    found = next(difference for seed in range(100) if (difference := fuzz.round_of(seed)[1]))
    assert len(written(found.expr)) < 60
    assert sum(map(len, (found.text.words(field) for field in found.text.fields))) < 12
    said = str(found)
    assert "by brute force" in said or "brute force False" in said
    assert "rule: " in said
    assert "text: " in said


def test_a_span_that_is_not_what_it_says_is_found_out() -> None:
    text = oracle.Text({"title": [], "text": [[["Ship", "port"]]], "author": []}, {"source": "", "lang": "en"}, {})
    one = fuzz.rendered(text, 1)
    expr = parse("port")
    (match,) = Matcher([fuzz.Rule("r", expr)]).match(analyse(one.article)).matches
    assert fuzz.difference(expr, one, match) == ""
    (span,) = match.spans
    for wrong in (
        replace(span, start=span.start - 1),
        replace(span, sentence_start=1),
        replace(span, start=0, text=one.article.text[: span.end]),
    ):
        assert fuzz.difference(expr, one, replace(match, spans=(wrong,))) != ""


def test_the_same_seed_tries_the_same_rules_and_texts() -> None:
    first, again = random.Random(4), random.Random(4)
    assert [fuzz.rule(first) for _ in range(20)] == [fuzz.rule(again) for _ in range(20)]
    assert fuzz.rendered(fuzz.text(first), 3) == fuzz.rendered(fuzz.text(again), 3)


def test_a_run_says_how_many_pairs_and_which_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "ROUNDS_PER_JOB", 1)
    assert fuzz.run(1, seed=9, processes=1) == 0
    said = capsys.readouterr()
    assert "no difference (seed 9)" in said.out
    assert "seed 9, 1 processes" in said.err
