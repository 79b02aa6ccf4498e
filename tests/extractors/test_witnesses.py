"""The two cheap readers, and when they are heard."""

from __future__ import annotations

import pytest

from extractors.page import open_page
from extractors.witnesses import Heard, agreement, hear, judge, words_of

TEXT = "The harbour master closed the north quay at dawn and told nine crews to stay where they were until noon"
OTHER = "Subscribers read more about gardens, recipes, journeys and puzzles in our weekly letter for members only"


def heard(body: str) -> Heard:
    tree = open_page(f"<html><body>{body}</body></html>".encode(), url="u").tree
    assert tree is not None
    return hear(tree)


@pytest.mark.parametrize(
    "body",
    [
        f"<main><p>{TEXT}.</p><p>{TEXT}!</p></main>",
        f"<div><div>{TEXT}.</div><div>{TEXT}!</div></div>",
        f"<table><tr><td>{TEXT}.<br><br>{TEXT}!</td></tr></table>",
        f"<app-story><story-block><span>{TEXT}.</span></story-block><story-block><b>{TEXT}!</b></story-block></app-story>",
        f"<div><div><p>{TEXT}.</p></div><div><p>{TEXT}!</p></div><div><p>{TEXT}!</p></div></div>",
    ],
)
def test_the_scorer_finds_where_prose_hangs(body: str) -> None:
    around = f"<nav>{TEXT}</nav><ul><li><a href=/>{OTHER}</a></li></ul><p>Short.</p>"
    found = heard(f"{around}{body}<footer>{TEXT}</footer>").prose
    assert list(dict.fromkeys(found.split("\n"))) == [f"{TEXT}.", f"{TEXT}!"]


def test_the_scorer_leaves_what_is_linked_and_what_stands_before_the_first_paragraph() -> None:
    found = heard(f"<main><p>By A. Writer</p><p>{TEXT}</p><p><a href=/x>{OTHER}</a></p><p>Short.</p></main>").prose
    assert found == f"{TEXT}\nShort."


def test_an_empty_page_has_no_witness() -> None:
    assert heard("<p></p>") == Heard()


def test_asking_leaves_the_tree_as_it_was() -> None:
    tree = open_page(f"<html><body><p>{TEXT}</p></body></html>".encode(), url="u").tree
    assert tree is not None
    hear(tree)
    assert tree.text_content() == TEXT


@pytest.mark.parametrize(
    ("text", "names", "prose", "leave"),
    [
        (TEXT, TEXT, TEXT, False),
        (OTHER, TEXT, TEXT, True),
        ("", TEXT, TEXT, True),
        (OTHER, TEXT, "", False),  # one witness is none
        (OTHER, TEXT, f"{TEXT} {OTHER}", False),  # they differ themselves
        (f"{TEXT} one", TEXT, TEXT, False),  # a word more is no clear case
        ("", "", "", False),
    ],
)
def test_a_text_is_left_only_when_both_agree_clearly_against_it(text: str, names: str, prose: str, leave: bool) -> None:
    verdict = judge(text, Heard(names, prose))
    assert verdict.leave is leave
    assert 0 <= verdict.confidence <= 1


def test_confidence_is_how_far_the_chosen_text_agrees_with_the_others() -> None:
    assert judge(TEXT, Heard(TEXT, TEXT)).confidence == 1
    assert judge(TEXT, Heard(OTHER, "")).confidence < 0.2
    assert judge(OTHER, Heard(TEXT, TEXT)).confidence == pytest.approx(0.5, abs=0.1)


def test_words_are_characters_where_no_blanks_part_them() -> None:
    assert words_of("山区 Town") == {"山": 1, "区": 1, "town": 1}
    assert agreement(words_of("山区小学"), words_of("山区")) == pytest.approx(2 / 3)
