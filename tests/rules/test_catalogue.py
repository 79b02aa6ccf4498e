"""The shipped concepts, as a watch file changes them, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

from rules.catalogue import markdown, used
from rules.concepts import catalogue
from rules.config import load

PAGE = Path(__file__).parents[2] / "docs" / "concepts.md"
WATCH = """\
version: 1
concepts: {visit: {also: {en: [call upon], sw: [tembelea]}, not: {fr: [FRENCH]}}}
rules:
  first: {match: "ferry AND #visit"}
  second: {match: "$first AND #talks"}
  third: {match: ferry}
"""


def test_the_page_in_docs_is_the_generated_one() -> None:
    assert PAGE.read_text("utf-8") == markdown(), "write it anew: rules.catalogue.markdown()"


def test_without_a_watch_file_concepts_are_as_they_are_shipped() -> None:
    assert [(one.concept, one.terms, one.rules) for one in used(None)] == [
        (concept, concept.terms, ()) for concept in catalogue()
    ]


def test_a_watch_files_changes_and_rules_are_told_of_each_concept() -> None:
    french = next(one for one in catalogue() if one.name == "visit").terms["fr"][0]
    text = WATCH.replace("FRENCH", f'"{french}"' if '"' not in french else f"'{french}'")
    known = {one.concept.name: one for one in used(load(text))}
    visit = known["visit"]
    assert visit.terms["en"] == (*visit.concept.terms["en"], "call upon")
    assert visit.terms["sw"] == ("tembelea",)
    assert visit.terms["fr"] == visit.concept.terms["fr"][1:]
    assert (visit.also["sw"], visit.without["fr"]) == (("tembelea",), (french,))
    assert (visit.rules, known["talks"].rules, known["coup"].rules) == (("first", "second"), ("second",), ())
    assert known["coup"].terms == known["coup"].concept.terms
