from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial

from fetching.entries import ParsedEntry, ParsedFeed
from fetching.plain import text_of

WRITTEN = ParsedEntry(guid="a", title="Hanoi", summary=partial(text_of, "<p>A &amp; B</p>"))


def test_a_text_is_made_once_and_when_it_is_asked_for() -> None:
    made: list[str] = []

    def make(written: str) -> str:
        made.append(written)
        return written.upper()

    entry = ParsedEntry(title=partial(make, "a"), summary=partial(make, "b"))
    assert made == []
    assert (entry.title, entry.title, made) == ("A", "A", ["a"])


def test_an_entry_equals_one_with_the_same_texts_however_they_were_written() -> None:
    assert ParsedEntry(guid="a", title="Hanoi", summary="A & B") == WRITTEN
    assert replace(WRITTEN, title="Hue") != WRITTEN


def test_what_was_written_is_the_same_before_and_after_texts_are_made() -> None:
    entry = replace(WRITTEN, summary=partial(text_of, "<p>A &amp; B</p>"))
    before = entry.written()
    assert entry.summary == "A & B"
    assert entry.written() == before == WRITTEN.written()
    assert "<p>A &amp; B</p>" in before


def test_an_entry_goes_to_another_process_with_its_texts_made_or_not() -> None:
    for feed in (one := ParsedFeed("rss", "News", "", (WRITTEN,)), one.made()):
        there: ParsedFeed = pickle.loads(pickle.dumps(feed))
        assert there == feed
        assert there.entries[0].written() == WRITTEN.written()
