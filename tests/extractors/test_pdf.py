"""PDF files: paragraphs out of lines, and files without text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.reasons import Reason
from extractors import pdf as room
from extractors.base import PageState
from extractors.choose import extract
from tests.extractors.pdfs import locked, pdf

LINES = [
    "The harbour master closed the north quay at dawn and told the crews of nine traw-",
    "lers to stay where they were. A tanker had lost some four tonnes of oil while it",
    "took on fuel.",
    "The oil is to be pumped off before the next tide, and schools along the shore were",
    "asked to keep children away from the beach until Friday.",
]
TEXT = [
    "The harbour master closed the north quay at dawn and told the crews of nine trawlers to stay where they were. "
    "A tanker had lost some four tonnes of oil while it took on fuel.",
    "The oil is to be pumped off before the next tide, and schools along the shore were asked to keep children away "
    "from the beach until Friday.",
]
INFO = "/Title (Fuel spill at Brindle) /Author (Petra Lowther) /CreationDate (D:20240504081500+02'00')"


def test_a_file_is_its_paragraphs_and_what_it_says_of_itself() -> None:
    found = extract(pdf([LINES], info=INFO), url="https://a.example/x.pdf", content_type="text/html")
    assert found.text.split("\n") == TEXT
    assert (found.title, found.author, found.language) == ("Fuel spill at Brindle", "Petra Lowther", "en")
    assert (found.published, found.published_from) == (datetime(2024, 5, 4, 6, 15, tzinfo=UTC), "pdf")
    assert (found.state, found.extractor, found.confidence) == (PageState.READY, "pdf", 1)


@pytest.mark.parametrize(
    "info", ["", "/Title (Microsoft Word - spill_v3.docx) /Author (user7)", "/Title (x) /CreationDate (D:19700101)"]
)
def test_a_maker_s_defaults_say_nothing(info: str) -> None:
    found = extract(pdf([["Fuel spill shuts the quay.", "", *LINES]], info=info), url="u")
    assert (found.title, found.author, found.published) == ("Fuel spill shuts the quay.", "", None)
    assert found.text.split("\n") == TEXT


def test_running_heads_and_page_numbers_are_no_text() -> None:
    pages = [["Ministry of Harbours, report 7", *LINES, f"Page {number}"] for number in range(1, 5)]
    text = extract(pdf(pages), url="u").text
    assert "Ministry of Harbours" not in text
    assert "Page 3" not in text


def test_a_locked_file_and_a_file_of_pictures_say_so() -> None:
    assert extract(locked(pdf([LINES]), "secret"), url="u").reason is Reason.ENCRYPTED
    assert extract(pdf([[]]), url="u").reason is Reason.NO_BODY


def test_a_file_that_is_locked_against_changes_only_is_read() -> None:
    assert extract(locked(pdf([LINES]), ""), url="u").text.split("\n") == TEXT


@pytest.mark.parametrize("cut", [9, 60, 300, 700])
def test_a_broken_file_is_read_or_fails(cut: int) -> None:
    assert extract(pdf([LINES])[:-cut], url="u").reason is not Reason.STUMBLED
    assert extract(pdf([LINES])[:cut], url="u").state is PageState.FAILED


def test_so_many_pages_are_read_and_no_longer_than_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [[f"Number {number} stands alone on its page."] for number in range(room.MAX_PAGES + 5)]
    assert f"Number {room.MAX_PAGES} " not in extract(pdf(pages), url="u").text
    monkeypatch.setattr(room, "SECONDS", -1.0)
    assert extract(pdf(pages), url="u").text == "Number 0 stands alone on its page."
