from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fetching.entries import ParsedEntry, ParsedFeed
from fetching.written import Written

AT = datetime(2026, 11, 21, tzinfo=UTC)


def _entry(**said: object) -> ParsedEntry:
    wrote = Written()
    for name, value in said.items():
        assert hasattr(Written, name)
        setattr(wrote, name, value)
    return ParsedEntry.of(wrote, "a", "https://example.com/a", AT, None)


WRITTEN = _entry(title="Hanoi", summary="<p>A &amp; B</p>")


def test_a_text_is_made_once_and_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(written: str) -> str:
        made.append(written)
        return written.upper()

    monkeypatch.setattr("fetching.written.title_of", make)
    entry = _entry(title="a", summary="b")
    assert made == []
    assert (entry.title, entry.title, made) == ("A", "A", ["a"])


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({}, {"title": "", "summary": "", "content": "", "html": "", "authors": (), "language": "", "media": ()}),
        ({"title": "A <b>&amp;</b>\n B"}, {"title": "A & B"}),
        ({"title": "A <b>&amp;</b>\n B", "title_is_plain": True}, {"title": "A <b>&amp;</b> B"}),
        ({"summary": "<p>A"}, {"summary": "A", "content": "", "html": "<p>A"}),
        ({"summary": "<p>A", "content": "<b>B"}, {"summary": "A", "content": "B", "html": "<b>B"}),
        ({"summary": "<p>A", "content": "<b>B", "content_is_plain": True}, {"content": "<b>B", "html": "<p>A"}),
        ({"summary": "<p>A", "summary_is_plain": True}, {"summary": "<p>A", "html": ""}),
        ({"authors": ("A &amp; B", "", "C", "A & B")}, {"authors": ("A & B", "C")}),
        ({"language": "en_GB", "title_language": "vi"}, {"language": "en-GB"}),
        ({"title_language": "vi"}, {"language": "vi"}),
        (
            {"enclosed": ("/e", "x:y"), "shown": ("/s", "/e"), "thumbnails": ("/t",), "base": "https://b.example/a"},
            {"media": ("https://b.example/e", "https://b.example/s", "https://b.example/t")},
        ),
        (
            {"shown": ("/s",) * 20, "thumbnails": ("/t",), "base": "https://b.example/"},
            {"media": ("https://b.example/s",)},
        ),
    ],
)
def test_a_field_is_made_of_what_the_feed_wrote(said: dict[str, object], fields: dict[str, object]) -> None:
    entry = _entry(**said)
    assert {name: getattr(entry, name) for name in fields} == fields


def test_an_entry_equals_one_with_the_same_texts_however_they_were_written() -> None:
    same = ParsedEntry(
        "a", "https://example.com/a", title="Hanoi", summary="A & B", html="<p>A &amp; B</p>", published=AT
    )
    assert same == WRITTEN
    assert replace(WRITTEN, title="Hue") != WRITTEN


def test_what_was_written_is_the_same_before_and_after_texts_are_made() -> None:
    entry = _entry(title="Hanoi", summary="<p>A &amp; B</p>")
    before = entry.written()
    assert entry.summary == "A & B"
    assert entry.written() == before == WRITTEN.written()
    assert "<p>A &amp; B</p>" in before


def test_an_entry_goes_to_another_process_with_its_texts_made_or_not() -> None:
    for feed in (one := ParsedFeed("rss", "News", "", (WRITTEN,)), one.made()):
        there: ParsedFeed = pickle.loads(pickle.dumps(feed))
        assert there == feed
        assert there.entries[0].written() == WRITTEN.written()
