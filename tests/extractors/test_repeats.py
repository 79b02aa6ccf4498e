"""A publisher's own lines leave its pages from the third on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extractors.repeats import KEPT, LONGEST, drop

OWN = "Ring the newsroom on 555 0117"


def body(number: int) -> str:
    return "\n".join(f"Sentence {place} of article {number}, which says something of its own." for place in range(6))


def after(texts: list[str]) -> tuple[list[str], bytes]:
    """What is kept of one page after another."""
    memory, kept = b"", []
    for text in texts:
        seen = drop(text, memory)
        memory = seen.memory
        kept.append(seen.text)
    return kept, memory


def test_a_line_goes_on_the_third_page_and_on_every_later_one() -> None:
    kept, _ = after([f"{body(number)}\n{OWN}" for number in range(5)])
    assert [OWN in text for text in kept] == [True, True, False, False, False]
    assert kept[4] == body(4)


def test_a_line_twice_on_one_page_counts_once() -> None:
    kept, _ = after([f"{body(number)}\n{OWN}\n{OWN}" for number in range(2)])
    assert OWN in kept[1]


def test_the_first_paragraph_and_long_lines_stay() -> None:
    long = "A paragraph that every article of a series ends with. " * (LONGEST // 50 + 1)
    kept, _ = after([f"{OWN}\n{body(number)}\n{long}" for number in range(4)])
    assert kept[3] == f"{OWN}\n{body(3)}\n{long}"


def test_versions_of_one_article_stay_whole_and_are_not_counted() -> None:
    kept, memory = after([body(1)] * 5)
    assert kept == [body(1)] * 5
    assert len(memory) == len(after([body(1)])[1])


def test_a_memory_is_bounded_and_keeps_what_repeats() -> None:
    texts = [f"{body(number)}\n{OWN}" for number in range(3)] + [body(number) for number in range(3, 400)]
    _, memory = after(texts)
    assert len(memory) <= 5 * KEPT
    assert OWN not in drop(f"{body(1_000)}\n{OWN}", memory).text


def test_a_memory_full_of_what_repeats_forgets_what_is_oldest() -> None:
    lines = [f"Our number {number}" for number in range(600)]
    padding = "x" * 40_000
    memory = b""
    for start in range(0, 600, 150):
        for number in range(3):
            memory = drop("\n".join([f"First {number}", padding, *lines[start : start + 150]]), memory).memory
    assert len(memory) <= 5 * KEPT
    assert lines[-1] not in drop(f"First\n{padding}\n{lines[-1]}", memory).text
    assert lines[0] in drop(f"First\n{padding}\n{lines[0]}", memory).text


@given(st.lists(st.lists(st.sampled_from(["a", "b", OWN, "x" * 300, ""]), max_size=8).map("\n".join), max_size=8))
def test_nothing_is_added_or_moved(texts: list[str]) -> None:
    kept, _ = after(texts)
    for text, left in zip(texts, kept, strict=True):
        lines = iter(text.split("\n"))
        assert all(line in lines for line in left.split("\n"))


def test_what_was_kept_of_a_page_stays_when_it_is_read_again() -> None:
    pages = [f"{body(number)}\n{OWN}" for number in range(4)]
    kept, memory = after(pages)
    assert [drop(page, memory, before).text for page, before in zip(pages, kept, strict=True)] == kept
    assert drop(pages[0], memory).text == body(0)
