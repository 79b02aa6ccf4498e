"""Word by word: what is gone and what is new, in bounded time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.diff import LONGEST, SHOWN, Kind, changes

WORDS = st.lists(st.sampled_from(["a", "b", "c", "\n", "the", "port"]), max_size=40).map(" ".join)


def test_the_words_that_changed_are_found_and_the_rest_is_counted() -> None:
    old = "First.\nSix cranes stand still.\nLast."
    found = [(one.kind, one.text) for one in changes(old, old.replace("Six", "Seven"))]
    assert found == [
        (Kind.CUT, "… 1 unchanged …"),
        (Kind.GONE, "Six"),
        (Kind.NEW, "Seven"),
        (Kind.SAME, "cranes stand still."),
        (Kind.CUT, "… 1 unchanged …"),
    ]


def test_a_text_that_stayed_has_nothing_gone_or_new() -> None:
    assert {one.kind for one in changes("a b\nc", "a b\nc")} == {Kind.CUT}
    assert changes("", "") == []


@given(WORDS, WORDS)
def test_what_stays_and_what_is_gone_are_the_old_words(old: str, new: str) -> None:
    found = changes(old, new)
    if any(one.kind is Kind.CUT for one in found):
        return
    for text, left_out in ((old, Kind.NEW), (new, Kind.GONE)):
        assert " ".join(one.text for one in found if one.kind is not left_out).split() == text.split()


def test_what_is_too_long_to_compare_is_replaced_as_a_whole_and_cut() -> None:
    old, new = (" ".join(f"{letter}{n}" for n in range(LONGEST * 20)) for letter in "xy")
    found = changes(f"start {old} end", f"start {new} end")
    assert [one.kind for one in found] == [Kind.GONE, Kind.CUT]
    assert sum(len(one.text) for one in found) <= SHOWN + 100


def test_many_changed_paragraphs_end_the_comparing_and_not_the_telling() -> None:
    lines = [f"{n} " + "word " * 100 for n in range(200)]
    found = changes("\n".join(lines), "\n".join(f"x{line}" for line in lines))
    assert {one.kind for one in found} <= {Kind.GONE, Kind.NEW, Kind.SAME, Kind.CUT}
