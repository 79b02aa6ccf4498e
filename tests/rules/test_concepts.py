from __future__ import annotations

import pytest

from core.errors import ConfigError
from rules import concepts
from rules.config import load
from rules.examples import check_examples


def test_a_concepts_file_says_terms_and_texts_by_language() -> None:
    concept = concepts.read(
        "meet",
        "about: people meet\nterms: {en: [meet, sit down], vi: [gặp]}\nmatch: {en: [They met.]}\nignore: {no: [x]}\n",
    )
    assert concept == concepts.Concept(
        "meet", "people meet", {"en": ("meet", "sit down"), "vi": ("gặp",)}, {"en": ("They met.",)}, {"no": ("x",)}
    )
    assert concepts.read("empty", "about: nothing yet\n").terms == {}


def test_a_concepts_file_that_is_not_yaml_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"meet\.yaml:1:"):
        concepts.read("meet", "terms: @x\n")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("meet", "meet"),
        ("=G7", "=G7"),
        ("sit down", '"sit down"'),
        ("=White House", '="White House"'),
        ("prime minister's visit", '"prime minister\'s visit"'),
        ("اقرأ أيضاً", '"اقرأ أيضاً"'),
        ("ที่ประชุม จี 20", '"ที่ประชุม จี 20"'),
        ("bring NEAR/4 closer", "bring NEAR/4 closer"),
        ("meet OR visit", "meet OR visit"),
        ('"sit down" AND talks', '"sit down" AND talks'),
        ("negotiat* talks", "negotiat* talks"),
        ("@US visit", "@US visit"),
    ],
)
def test_several_words_without_an_operator_are_a_phrase(term: str, text: str) -> None:
    assert concepts.expression(term) == text


def test_all_shipped_concepts_can_be_read_by_rules() -> None:
    assert set(concepts.shipped()) == {concept.name for concept in concepts.catalogue()}
    rules = "".join(f"  c-{name}: {{match: '#{name}'}}\n" for name in concepts.shipped())
    assert len(load(f"version: 1\nrules:\n{rules}").rules) == len(concepts.shipped())


def test_a_files_changes_to_a_concept_are_what_rules_find() -> None:
    text = """\
version: 1
concepts: {gather: {also: {en: [sit down]}, not: {en: [rally]}}}
rules:
  r:
    match: "#gather"
    examples: {match: [They sat down., They met.], ignore: [A rally was held.]}
"""
    shipped = {"gather": {"en": ("meet", "rally")}}
    assert check_examples(load(text, shipped=shipped)) == ()


def test_only_the_files_of_concepts_that_rules_use_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    texts = {"gather": "terms: {en: [meet]}", "broken": "terms: {en: [meet"}

    def read(name: str) -> concepts.Concept:
        asked.append(name)
        return concepts.read(name, texts[name])

    monkeypatch.setattr(concepts, "_files", lambda: texts)
    monkeypatch.setattr(concepts, "concept", read)
    watch = load("version: 1\nrules: {r: {match: '#gather OR ferry'}}\n", shipped=concepts.shipped())
    assert set(asked) == {"gather"}
    assert list(watch.names.concepts) == ["gather", "broken"]
    assert "broken" in watch.names.concepts
    assert len(watch.names.concepts) == 2
