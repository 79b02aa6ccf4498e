from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from core.errors import ConfigError
from pipeline import compiled
from pipeline.compiled import changed, languages_of, opened
from rules import parse, watch
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher

WATCH = """\
version: 1
entities: {Boats: {any: [ferry, "boat*"]}}
rules:
  sunk: {match: "@Boats AND sank", languages: [en, fr]}
  docked: {match: "@Boats NEAR/3 (dock OR harbour)"}
  off: {match: ferry, enabled: false}
feeds: [{url: "https://example.org/rss", language: vi}]
"""


def found(matcher: Matcher, text: str) -> list[str]:
    return [match.rule for match in matcher.match(analyse(ArticleText("a", text=text, language="en"))).matches]


def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str, names: object) -> None:
        raise AssertionError(f"parsed {text}")

    monkeypatch.setattr(parse, "parse", refuse)
    monkeypatch.setattr(watch, "parse", refuse)
    monkeypatch.setattr("rules.ruletexts.parse", refuse)
    monkeypatch.setattr(compiled, "load", refuse)


def test_the_second_process_finds_everything_made_and_parses_no_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = opened(tmp_path, WATCH, file="x")
    with monkeypatch.context() as patched:
        unparsed(patched)
        again, matcher = opened(tmp_path, WATCH, file="x")
        assert found(matcher, "A boat sank near the dock.") == ["sunk", "docked"]
        assert (again.sha256, again.feeds, again.file) == (first.sha256, first.feeds, first.file)
        assert [rule.id for rule in again.rules] == ["sunk", "docked", "off"]
    assert [rule.expr for rule in again.rules] == [rule.expr for rule in first.rules]


def test_a_file_that_is_broken_or_of_another_text_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path, WATCH, file="x")
    (file,) = tmp_path.glob("*.idx")
    whole = file.read_bytes()
    for broken in (whole[:-1], b"", whole[:100] + b"\0" + whole[101:]):
        file.write_bytes(broken)
        with caplog.at_level(logging.WARNING):
            _, matcher = opened(tmp_path, WATCH, file="x")
        assert found(matcher, "The ferry sank.") == ["sunk"]
        assert file.read_bytes()[:18] == whole[:18]
    assert "made anew" in caplog.text
    other = WATCH.replace("sank", "burnt")
    monkeypatch.setattr(compiled, "_key", lambda text: file.stem)
    _, matcher = opened(tmp_path, other, file="x")
    assert found(matcher, "The ferry sank.") == []


def test_what_cannot_be_unpickled_or_lacks_a_part_is_made_anew(tmp_path: Path) -> None:
    watch, matcher = opened(tmp_path, WATCH, file="x")
    (file,) = tmp_path.glob("*.idx")
    for more in ({}, {"watch": b"no pickle"}, {"watch": b"I1\n."}):
        file.write_bytes(matcher.dump([], more) if matcher.segments else b"")
        assert opened(tmp_path, WATCH, file="x")[0].sha256 == watch.sha256


def test_old_files_go_and_half_written_ones_do_not_stay(tmp_path: Path) -> None:
    for number in range(4):
        opened(tmp_path, WATCH.replace("sank", f"sank{number}"), file="x")
        for age, file in enumerate(sorted(tmp_path.glob("*.idx"), key=lambda one: one.stat().st_mtime, reverse=True)):
            os.utime(file, (1_000_000 - age, 1_000_000 - age))
    assert len(list(tmp_path.iterdir())) == compiled.KEPT


def test_a_folder_that_cannot_be_written_to_costs_time_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "index").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        _, matcher = opened(tmp_path / "index", WATCH, file="x")
    assert found(matcher, "The ferry sank.") == ["sunk"]
    assert "not kept" in caplog.text


def test_a_text_that_is_wrong_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        opened(tmp_path, "version: 1\nrules: {a: {match: '(ferry'}}\n", file="x")
    assert not list(tmp_path.iterdir())


def test_the_languages_of_feeds_and_rules_are_prepared() -> None:
    assert languages_of(load(WATCH)) == ["en", "vi", "fr"]


@pytest.mark.parametrize(
    ("old", "new", "text", "expected"),
    [
        ('"@Boats AND sank"', '"@Boats AND burnt"', "The ferry burnt.", ["sunk"]),
        ("enabled: false", "enabled: true", "A ferry.", ["off"]),
        ("languages: [en, fr]", "languages: [fr]", "The ferry sank." * 30, []),
        ("  docked:", "  moved:", "A ferry in the dock", ["moved"]),
        ("any: [ferry", "any: [canoe, ferry", "", None),
        ("rules:\n", "rules:\n  new: {match: $sunk OR canoe}\n", "A canoe.", ["new"]),
    ],
)
def test_a_new_revision_changes_the_rules_that_differ(
    old: str, new: str, text: str, expected: list[str] | None
) -> None:
    before = load(WATCH)
    after = load(WATCH.replace(old, new))
    matcher = changed(before, Matcher(before.rules), after)
    if expected is None:
        assert matcher is None
    else:
        assert matcher is not None
        assert found(matcher, text) == expected
        assert found(Matcher(after.rules), text) == expected


def test_a_rule_that_others_use_cannot_change_alone() -> None:
    text = WATCH.replace("  off:", "  both: {match: $sunk OR canoe}\n  off:")
    before, after = load(text), load(text.replace("AND sank", "AND burnt"))
    assert changed(before, Matcher(before.rules), after) is None


def test_a_matcher_of_many_parts_or_with_many_changes_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = load(WATCH), load(WATCH.replace("sank", "burnt"))
    monkeypatch.setattr(compiled, "MOST_CHANGES", 0)
    assert changed(before, Matcher(before.rules), after) is None
    monkeypatch.setattr(compiled, "MOST_CHANGES", 5)
    monkeypatch.setattr(compiled, "MOST_SEGMENTS", 1)
    assert changed(before, Matcher(before.rules), after) is None
