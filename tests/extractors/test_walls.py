"""Notices that stand where an article should, and articles about such things."""

from __future__ import annotations

import pytest

from core.reasons import Reason
from extractors.base import PageState
from extractors.choose import extract
from extractors.walls import is_another, is_notice
from tests.gates.words import WORDS

TITLE = "Harbour master closes the north quay"


def things(start: int, end: int) -> str:
    """So many names."""
    return " ".join(f"{number:04}" for number in range(start, end))


@pytest.mark.parametrize("language", WORDS)
def test_a_notice_about_cookies_or_subscriptions_is_no_article(language: str) -> None:
    said = WORDS[language]
    assert is_notice(said.cookies, TITLE)
    assert is_notice(f"{said.subscribe}\n{said.subscribe}", TITLE)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The court fined a shop for cookies that it set without consent.", "Court fines shop over cookies"),
        ("A storm closed the port.\nWe ask readers to subscribe.", "Storm closes port"),
        ("Cookies. " * 400, TITLE),
        ("", TITLE),
    ],
)
def test_an_article_about_them_is_one(text: str, title: str) -> None:
    assert not is_notice(text, title)


@pytest.mark.parametrize(
    ("text", "announced", "another"),
    [
        ("Enter your password twice", "Ferry sinks near island", True),
        ("Island weather this morning", "Ferry sinks near island", False),  # one of four things is named
        (things(0, 12), things(10, 22), False),
        (things(0, 12), things(10, 60), True),  # of so many a stranger names two
    ],
)
def test_a_page_that_names_hardly_anything_of_what_was_announced_is_another(
    text: str, announced: str, another: bool
) -> None:
    assert is_another(text, "", announced) is another


def test_a_page_that_shows_a_notice_only_fails_and_says_so() -> None:
    body = "".join(f"<p>{WORDS['en'].cookies} {number}</p>" for number in range(3))
    found = extract(f"<html lang=en><title>{TITLE}</title><body>{body}</body></html>".encode(), url="u")
    assert (found.state, found.reason, found.text, found.title) == (PageState.FAILED, Reason.WALL, "", TITLE)


@pytest.mark.parametrize("opening", ["<dialog open>", "<div role='dialog'>", "<section aria-modal='true'>"])
def test_a_dialog_in_front_of_a_page_is_no_part_of_it(opening: str) -> None:
    tag = opening[1:].split(">")[0].split(" ")[0]
    story = "".join(f"<p>The harbour master told crew number {number} to stay where it was.</p>" for number in range(4))
    dialog = f"{opening}<p>{WORDS['en'].cookies}</p></{tag}>"
    found = extract(f"<html lang=en><body>{dialog}<article>{story}</article></body></html>".encode(), url="u")
    assert "partners" not in found.text
    assert found.text.count("harbour master") == 4
