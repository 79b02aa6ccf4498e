import pytest

from rules.windows import (
    Minimal,
    Place,
    by_unit,
    combined,
    gap,
    join,
    join_minimal,
    minimal,
    repeated,
    repeated_minimal,
    separate,
    shares,
    uncovered,
    union,
)


def words(*at: int) -> Place:
    """A place whose leaf words are these."""
    return min(at), max(at), tuple((one, one, "w") for one in sorted(at))


def windows(places: list[Place]) -> list[tuple[int, int]]:
    return [place[:2] for place in places]


def free(_: int) -> None:
    """Costs nothing."""


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [(words(1), words(5), 3), (words(5), words(1), 3), (words(1, 4), words(3), 0), (words(1), words(2), 0)],
)
def test_the_gap_is_the_words_between_and_none_when_windows_overlap(left: Place, right: Place, apart: int) -> None:
    assert gap(left, right) == apart


def test_places_share_leaf_words_and_not_windows() -> None:
    assert not shares(words(1, 5), words(3))
    assert shares(words(1, 3, 5), words(3))
    assert not shares(words(1), words(9))


def test_words_outside_count_once_however_windows_overlap() -> None:
    assert uncovered([words(1, 3), words(2, 4), words(8)]) == 3
    assert uncovered([words(8), words(1)]) == 6


def test_a_union_has_each_set_of_words_once_in_order() -> None:
    assert union([[words(4), words(1)], [words(4)], [words(2, 6)]]) == [words(1), words(2, 6), words(4)]


def test_minimal_windows_hold_no_other() -> None:
    assert windows(minimal([words(1, 9), words(2, 4), words(3, 8), words(4, 5), words(2, 4)])) == [(2, 4), (4, 5)]


def test_a_smaller_window_drives_out_every_larger_one() -> None:
    kept = Minimal()
    for place in (words(1, 9), words(2, 12), words(5, 20), words(6, 7)):
        kept.add(place)
    assert windows(kept.places) == [(6, 7)]


def test_separate_places_are_taken_from_the_left() -> None:
    assert windows(separate([words(3, 6), words(1, 4), words(5, 7)])) == [(1, 4), (5, 7)]


def test_only_places_within_one_unit_are_kept() -> None:
    assert by_unit([words(1, 2), words(9, 11), words(12)], lambda at: at // 10) == {0: [words(1, 2)], 1: [words(12)]}


def test_a_join_takes_one_place_of_each_and_no_word_twice() -> None:
    assert join([[words(1)], [words(1)]], 5, free) == []
    assert windows(join([[words(1), words(4)], [words(1), words(4)]], 2, free)) == [(1, 4)]


def test_leaf_words_may_serve_twice_when_that_is_allowed() -> None:
    assert windows(join([[words(1)], [words(1)]], None, free, apart=False)) == [(1, 1)]


def test_an_ordered_join_wants_each_to_end_before_the_next_begins() -> None:
    assert join([[words(5)], [words(1)]], 9, free, ordered=True) == []
    assert windows(join([[words(1)], [words(5)]], 9, free, ordered=True)) == [(1, 5)]
    assert windows(join_minimal([[words(1), words(3)], [words(5), words(9)]], 9, free, ordered=True)) == [(3, 5)]


def test_a_wide_operand_covers_what_lies_within_it() -> None:
    assert windows(join([[words(1, 50)], [words(52)], [words(20)]], 1, free)) == [(1, 52)]
    assert windows(join_minimal([[words(1, 50)], [words(52)], [words(20)]], 1, free)) == [(1, 52)]


def test_a_join_of_nothing_is_nothing() -> None:
    assert join([[]], 5, free) == []
    assert join_minimal([[words(1)], []], 5, free) == []


def test_repeated_places_do_not_overlap() -> None:
    places = [words(1, 3), words(2), words(5), words(9)]
    assert windows(repeated(places, 2, free)) == [(1, 5), (1, 9), (2, 5), (2, 9), (5, 9)]
    assert windows(repeated_minimal(minimal(places), 2, free)) == [(2, 5), (5, 9)]
    assert repeated_minimal(minimal(places), 4, free) == []


def test_a_combination_keeps_all_leaves_in_order() -> None:
    assert combined([words(5), words(2, 7)]) == words(2, 5, 7)


def test_work_is_counted() -> None:
    spent: list[int] = []
    join([[words(at) for at in range(20)], [words(at) for at in range(20)]], 100, spent.append)
    assert sum(spent) == 400
