"""The page about the language of rules says what the language is: its operators, its examples, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rules.config import load
from rules.document import ArticleText, analyse
from rules.examples import check_examples
from rules.grammar import OPERATORS
from rules.match import Matcher, Verdict
from rules.names import RuleSyntaxError
from rules.parse import Entity, Names, parse
from rules.spans import Leaf
from rules.tree import TEXT_FIELDS, VALUE_FIELDS, Expr
from tests.rules.desk import Rule

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rules.md").read_text("utf-8")
FILE = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
OUTSIDE_BLOCKS = re.sub(r"^```.*?^```$", "", PAGE, flags=re.M | re.S)
LANGUAGE_AND_SENTENCE = re.compile(r"(?:\((\w\w)\) )?“([^”]*)”")
LOOKS_LIKE_A_RULE = re.compile(r"\b(?:NEAR|THEN|near|seq|any|atleast|first)/\d| (?:AND|OR|UNLESS) |^\w+:\w")
WATCH = load("".join(FILE.findall(PAGE)), file="rules.md", env={})
NAMES = Names(
    entities={
        name: Entity(one.any, one.lang, one.country or "", one.metonyms) for name, one in WATCH.file.entities.items()
    },
    rules={rule.id: rule.text for rule in WATCH.rules},
)


class Tried(NamedTuple):
    """A rule and a sentence of the page, with the words that are to be found in it; None when it must not match."""

    rule: str
    sentence: str
    language: str
    words: list[str] | None


def tables(*header: str) -> Iterator[list[str]]:
    """The rows of the tables with this header."""
    head = re.escape(f"| {' | '.join(header)} |\n")
    for table in re.findall(rf"^{head}\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.M):
        for line in table.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == len(header), line
            yield cells


def code(cell: str) -> str:
    """What stands between the backticks of a cell."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    assert found, cell
    return found[1]


def name_of(cell: str) -> str:
    """`near/n(…)` and `NEAR/n` without what changes."""
    return re.sub(r"/[nk]|\(…\)", "", code(cell))


def example_of(kind: str) -> dict[str, str]:
    """Operators or fields: their name and example."""
    header = {"operator": "means", "written": "finds", "field": "is"}[kind]
    return {name_of(one): code(example) for one, _, example in tables(kind, header, "example")}


def rule_of(text: str) -> Expr:
    return parse(text, NAMES)


def judged(text: str, article: ArticleText) -> Verdict:
    return Matcher([Rule(rule_of(text))]).match(analyse(article))


def tried() -> Iterator[Tried]:
    """Every sentence of which the page says whether a rule finds it."""
    for rule, finds, leaves in tables("rule", "finds", "does not find"):
        for language, sentence in LANGUAGE_AND_SENTENCE.findall(finds):
            words = re.findall(r"\*\*(.+?)\*\*", sentence)
            yield Tried(code(rule), sentence.replace("**", ""), language or "en", words)
        for language, sentence in LANGUAGE_AND_SENTENCE.findall(leaves):
            yield Tried(code(rule), sentence, language or "en", None)


def rules_of_the_page() -> set[str]:
    """Every rule the page gives as one: of its tables, and code that reads like one."""
    refused = {code(row[0]) for row in tables("written", "because", "write")}
    listed = {rule for kind in ("operator", "written", "field") for rule in example_of(kind).values()}
    listed |= {one.rule for one in tried()} | {code(row[2]) for row in tables("written", "because", "write")}
    running = set(re.findall(r"`([^`\n]+)`", OUTSIDE_BLOCKS)) - refused
    return listed | {text for text in running if LOOKS_LIKE_A_RULE.search(text)}


def without_possessive(leaf: Leaf) -> str:
    return leaf.text.removesuffix("’s")


def test_the_page_has_every_operator_and_no_other() -> None:
    assert example_of("operator").keys() == OPERATORS.keys()


def test_the_page_and_the_messages_give_the_same_examples() -> None:
    assert example_of("operator") == {name: operator.example for name, operator in OPERATORS.items()}


def test_the_page_has_every_field_and_no_other() -> None:
    assert {name.rstrip(":") for name in example_of("field")} == {*TEXT_FIELDS, *VALUE_FIELDS}


def test_the_watch_file_of_the_page_holds_its_examples() -> None:
    assert check_examples(WATCH) == ()


def test_the_rule_of_the_guide_works_as_it_stands_there() -> None:
    files = FILE.findall((DOCS / "guide.md").read_text("utf-8"))
    assert files
    for text in files:
        assert check_examples(load(text, file="guide.md", env={})) == ()


@pytest.mark.parametrize("rule", sorted(rules_of_the_page()))
def test_every_rule_of_the_page_can_be_read(rule: str) -> None:
    assert rule_of(rule)


@pytest.mark.parametrize("one", [*tried()], ids=lambda one: f"{one.rule} — {one.sentence}")
def test_a_rule_finds_in_a_sentence_what_the_page_says(one: Tried) -> None:
    matches = judged(
        one.rule, ArticleText("a", text=one.sentence, language=one.language, fallback_language=one.language)
    ).matches
    if one.words is None:
        assert matches == ()
        return
    leaves = {(leaf.start, without_possessive(leaf)) for span in matches[0].spans for leaf in span.leaves}
    assert [text for _, text in sorted(leaves)] == one.words


@pytest.mark.parametrize("row", [*tables("written", "because", "write")], ids=lambda row: row[0])
def test_what_the_page_says_is_refused_is_refused_for_that_reason(row: list[str]) -> None:
    with pytest.raises(RuleSyntaxError) as refusal:
        rule_of(code(row[0]))
    assert row[1] in refusal.value.message


def test_the_numbers_in_the_picture_of_a_distance_are_the_words_between() -> None:
    for text, rule in re.findall(r"^    (Off .*)\n.*words: (near/.*\)) finds it$", PAGE, re.M):
        assert judged(rule, ArticleText("a", text=text)).matches
        assert not judged(rule.replace("near/3", "near/2"), ArticleText("a", text=text)).matches
    sentence = next(line.strip() for line in PAGE.splitlines() if line.startswith("    The ferry"))
    assert judged("ferry NEAR/4 sank", ArticleText("a", text=sentence)).matches
    assert not judged("ferry NEAR/3 sank", ArticleText("a", text=sentence)).matches


def test_the_page_can_be_read_without_scrolling_sideways() -> None:
    lines = PAGE.splitlines()
    assert len(lines) <= 205
    assert [line for line in lines if len(line) > 120] == []
