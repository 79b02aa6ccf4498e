from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import Reason
from fetching.entries import ParsedEntry
from fetching.identity import body_hash, content_hash, entry_key, entry_link, fingerprint, refreshed, text_key
from fetching.written import Written

FEED = "https://example.com/feed"
ENTRY = ParsedEntry(guid="g-1", url="https://example.com/a/?utm_source=rss", title="Hanoi", summary="A visit")


def test_a_guid_names_an_entry_else_its_address_else_its_words() -> None:
    assert entry_key(ENTRY) == "g-1"
    assert entry_key(replace(ENTRY, guid="")) == "https://example.com/a"
    assert entry_key(replace(ENTRY, guid="", url="")).startswith("text:")


def test_an_entry_of_nothing_has_a_key_too() -> None:
    assert entry_key(ParsedEntry()) == entry_key(ParsedEntry())
    assert entry_key(ParsedEntry())


def test_a_monstrous_guid_makes_a_key_that_fits() -> None:
    keys = {entry_key(replace(ENTRY, guid="x" * length)) for length in (500, 501, 2000)}
    assert len(keys) == 3
    assert max(map(len, keys)) == 500


def test_an_entry_without_an_address_is_known_by_its_words() -> None:
    bare = replace(ENTRY, url="", guid="")
    assert entry_key(bare) == f"text:{text_key(bare)}"
    assert text_key(replace(bare, title=" HANOI ")) == text_key(bare)
    assert text_key(replace(bare, summary="Another visit")) != text_key(bare)


def test_an_edit_changes_the_content_hash_and_a_new_date_does_not() -> None:
    assert content_hash(replace(ENTRY, published=datetime(2026, 11, 21, tzinfo=UTC))) == content_hash(ENTRY)
    assert content_hash(replace(ENTRY, url="https://example.com/b")) == content_hash(ENTRY)
    for edited in (replace(ENTRY, title="Hue"), replace(ENTRY, summary="A walk"), replace(ENTRY, content="A walk")):
        assert content_hash(edited) != content_hash(ENTRY)
    assert content_hash(ParsedEntry(title="a", summary="b")) != content_hash(ParsedEntry(title="ab"))


def test_a_body_is_known_by_its_hash() -> None:
    assert body_hash(b"a") == body_hash(b"a") != body_hash(b"b")


@pytest.mark.parametrize(
    ("link", "fetched", "reason"),
    [
        ("", "", None),
        ("https://example.com/a/?utm_source=x", "https://example.com/a/?utm_source=x", None),
        ("/a", "https://example.com/a", None),
        ("javascript:alert(1)", "", Reason.BAD_URL),
        (
            "https://www.google.com/url?url=https%3A%2F%2Fexample.com%2Fa%2F&ct=ga",
            "https://example.com/a/",
            None,
        ),
        (
            "https://news.google.com/rss/articles/CBMiAU_yqL?oc=5",
            "https://news.google.com/rss/articles/CBMiAU_yqL?oc=5",
            Reason.REDIRECTOR,
        ),
    ],
)
def test_a_link_is_made_absolute_and_unwrapped(link: str, fetched: str, reason: Reason | None) -> None:
    assert entry_link(ParsedEntry(url=link), FEED) == (fetched, reason)


@given(st.builds(ParsedEntry, guid=st.text(), url=st.text(), title=st.text(), summary=st.text()))
def test_every_entry_has_a_key_that_stays(entry: ParsedEntry) -> None:
    key = entry_key(entry)
    assert key == entry_key(entry)
    assert key
    assert len(content_hash(entry)) == 32


def _written(summary: str) -> ParsedEntry:
    wrote = Written()
    wrote.title, wrote.summary = "Hanoi", summary
    return ParsedEntry.of(wrote, "", "", None, None)


def test_an_entry_written_as_before_is_known_unedited_without_making_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> str:
        raise AssertionError("a text was made")

    kept = fingerprint(_written("<p>A visit</p>"))
    monkeypatch.setattr("fetching.written.text_of", fail)
    assert refreshed(kept, _written("<p>A visit</p>")) == (kept, False)


@pytest.mark.parametrize(
    ("written", "edited"),
    [("<p>A visit</p><img src='/track?4'>", False), ("<p>A <b>visit</b></p>", False), ("<p>No visit</p>", True)],
)
def test_an_entry_is_edited_when_its_words_are_and_not_when_its_markup_is(written: str, edited: bool) -> None:
    kept = fingerprint(_written("<p>A visit</p>"))
    fresh, told = refreshed(kept, _written(written))
    assert (told, fresh == kept) == (edited, False)
    assert refreshed(fresh, _written(written)) == (fresh, False)
