from __future__ import annotations

import pytest

from extractors.lines import is_time_code, tidy

LONG = "The harbour master closed the north quay at dawn, and nobody was surprised."


@pytest.mark.parametrize(
    "mark",
    [
        "0:00",
        "12:01",
        "0:00 0:02:12 0:00",
        "01:10 / 3:00:00",
        "Advertisement",
        "ADVERTISEMENT",
        "- Advertisement -",
        "Story continues below advertisement",
        "Anzeige",
        "Publicité",
        "Реклама",
        "広告",
        "* * *",
        "—",
        "|",
    ],
)
def test_labels_of_adverts_time_codes_and_rules_are_not_text(mark: str) -> None:
    assert tidy([LONG, mark, "More."], "") == [LONG, "More."]


@pytest.mark.parametrize(
    "line",
    [
        "Advertising and children",
        "No.",
        "At 12:01 the bell rang.",
        "The advertisement was false.",
        "1984",
        "Yes",
        "3:1 für Nordheide",
    ],
)
def test_other_short_lines_stay(line: str) -> None:
    assert tidy([LONG, line, "More."], "") == [LONG, line, "More."]


@pytest.mark.parametrize("count", ["43", "(43)", "43 comments", "12 Kommentare", "1 commentaire"])
def test_a_count_of_comments_ends_no_text(count: str) -> None:
    assert tidy([LONG, count], "") == [LONG]
    assert tidy([count, LONG], "") == [count, LONG]


def test_a_line_said_twice_is_kept_once_and_short_ones_as_often_as_they_are_said() -> None:
    assert tidy([LONG, "No.", LONG, "No."], "") == [LONG, "No.", "No."]


def test_a_line_that_is_part_of_another_goes_wherever_it_stands() -> None:
    part = "“closed the north quay at dawn, and nobody”"
    assert tidy([part, LONG, part], "") == [LONG]


def test_the_title_at_the_head_goes_and_further_down_it_stays() -> None:
    assert tidy(["Fuel spill!", LONG, "Fuel spill"], "Fuel spill") == [LONG, "Fuel spill"]
    assert tidy([], "Fuel spill") == []


def test_blanks_are_made_single_and_empty_lines_go() -> None:
    assert tidy(["  a \t b ", "", "\xa0"], "") == ["a b"]


def test_a_long_line_of_times_is_a_timetable() -> None:
    assert not is_time_code("6:00 " * 20)


def test_what_is_above_the_headline_goes_with_it() -> None:
    assert tidy(["03.12.2024 | No. 114", "A Headline", "Text.", "A Headline"], "A headline") == ["Text.", "A Headline"]
    long = "A paragraph of some length stands above what looks like the headline."
    assert tidy([long, "A headline"], "A headline") == [long, "A headline"]
