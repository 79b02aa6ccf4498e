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
