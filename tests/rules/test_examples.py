from __future__ import annotations

from rules.config import load
from rules.examples import check_examples

WATCH = """\
version: 1
entities:
  Vietnam: {any: [Hanoi], lang: {vi: [Việt Nam], zh: [越南]}}
rules:
  ferry:
    match: ferry NEAR/5 sank
    examples:
      match:
        - The ferry sank off Cebu.
        - The boat sank.   # wrong
      ignore: [The ferry left., "Two ferries sank."]
  off:
    match: talks
    enabled: false
    languages: [en]
    feeds: {tags: [asia]}
    examples: {match: [nothing], ignore: [no talks]}
  none:
    match: ferry
  many:
    match: "@Vietnam"
    examples: {match: [In Hanoi., 今天在越南。, Ở Việt Nam hôm nay.], ignore: [Ở đây hôm nay.]}
  vietnamese:
    match: "@Vietnam"
    languages: [en, vi]
    examples: {match: [Ở Việt Nam hôm nay., In Hanoi.], ignore: [今天在下雨。]}
feeds: [{url: "https://a.example", tags: [asia]}]
"""


def test_each_example_that_does_not_come_out_is_a_problem_with_its_place() -> None:
    problems = check_examples(load(WATCH))
    assert [(problem.line, problem.column, problem.item, problem.message) for problem in problems] == [
        (10, 11, "rules.ferry.examples.match[2]", "the rule does not match this example"),
        (11, 33, "rules.ferry.examples.ignore[2]", "the rule matches this example, and should not"),
        (17, 24, "rules.off.examples.match[1]", "the rule does not match this example"),
        (17, 43, "rules.off.examples.ignore[1]", "the rule matches this example, and should not"),
    ]


def test_the_hint_says_what_is_missing_or_what_matched() -> None:
    boat, ferries, *_ = check_examples(load(WATCH))
    assert "ferry" in boat.hint
    assert ferries.hint == "it finds “ferries sank”"


def test_examples_that_come_out_are_no_problem() -> None:
    right = WATCH.replace("        - The boat sank.   # wrong\n", "").replace(', "Two ferries sank."', "")
    right = right.replace("{match: [nothing], ignore: [no talks]}", "{match: [no talks], ignore: [nothing]}")
    assert check_examples(load(right)) == ()


def test_an_example_is_read_in_the_language_that_it_is_in_too() -> None:
    """Right or wrong: inflected words are found in their own language only."""
    text = """\
version: 1
rules:
  right: {match: accord AND signer, examples: {match: [Ils ont signé des accords.]}}
  wrong: {match: accord AND signer, examples: {ignore: [Ils ont signé des accords.]}}
  neither: {match: navire AND couler, examples: {match: [Ils ont signé des accords.]}}
  english: {match: accord AND signer, languages: [en], examples: {ignore: [Ils ont signé des accords.]}}
"""

    def french(text: str, thought: str) -> str:
        return "fr"

    assert [(one.item, one.hint) for one in check_examples(load(text), french)] == [
        ("rules.wrong.examples.ignore[1]", "it finds “signé”, “accords”"),
        ("rules.neither.examples.match[1]", "navire: not in the article"),
    ]
    as_english = [one.item for one in check_examples(load(text))]
    assert as_english == ["rules.right.examples.match[1]", "rules.neither.examples.match[1]"]
