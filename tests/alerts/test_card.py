from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.card import SENTENCE, local, pieces, plain, shown_article
from alerts.message import ArticleLine, Passage
from core.reasons import Reason

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_matched_words_are_marked() -> None:
    passage = Passage("They upgrade their ties.", ((5, 12), (19, 23)))
    assert plain(pieces(passage)) == "They ‹upgrade› their ‹ties›."


def test_marks_may_overlap_touch_lie_outside_or_come_in_any_order() -> None:
    passage = Passage("abcdef", ((3, 4), (-2, 1), (1, 2), (3, 5), (5, 5), (90, 99)))
    assert plain(pieces(passage)) == "‹ab›c‹de›f"


def test_a_long_sentence_is_shown_around_its_first_mark() -> None:
    sentence = "word " * 1000 + "target " + "word " * 1000
    shown = plain(pieces(Passage(sentence, ((5000, 5006), (9000, 9004)))))
    assert "‹target›" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) <= SENTENCE + 10


def test_a_long_sentence_without_marks_is_shown_from_its_beginning() -> None:
    assert plain(pieces(Passage("word " * 1000))).startswith("word word")


@given(st.text(max_size=50), st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=4))
def test_marks_add_no_text_and_lose_none(sentence: str, marks: list[tuple[int, int]]) -> None:
    sentence = "".join(sign for sign in sentence if sign.isalnum())
    shown = pieces(Passage(sentence, tuple(marks)))
    assert "".join(text for text, _ in shown) == "".join(text for text, _ in pieces(Passage(sentence)))


def test_times_are_local_with_their_offset() -> None:
    assert local(NOON, "Europe/Paris") == "2026-03-02 13:00 UTC+01:00"
    assert local(NOON, "Asia/Kathmandu") == "2026-03-02 17:45 UTC+05:45"
    assert local(NOON, "UTC") == "2026-03-02 12:00 UTC"


@pytest.mark.parametrize(
    ("partial", "words"),
    [
        (None, "in full"),
        (Reason.PAYWALL, "summary only (paywall)"),
        (Reason.NO_BODY, "summary only (no article text was found on the page)"),
    ],
)
def test_an_article_says_how_far_it_was_read(partial: Reason | None, words: str) -> None:
    shown = shown_article(ArticleLine("T", "https://e.org", "Post", NOON, partial=partial), "UTC")
    assert shown.read == words
    assert (words in shown.by) == (partial is not None)


def test_a_guessed_date_says_so() -> None:
    article = ArticleLine("T", "https://e.org", "Post", NOON, published=NOON, date_guessed=True)
    assert shown_article(article, "UTC").by == "Post · published about 2026-03-02 (a guess)"


def test_an_article_without_a_date_says_when_it_was_seen() -> None:
    assert shown_article(ArticleLine("", "x:y", "Post", NOON), "UTC").by == "Post · first seen 2026-03-02 12:00 UTC"


def test_an_article_without_a_title_says_so() -> None:
    assert shown_article(ArticleLine(" \n", "x:y", "Post", NOON), "UTC").title == "(without a title)"
