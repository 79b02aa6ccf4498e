"""Lines become paragraphs again."""

from __future__ import annotations

from extractors.choose import extract
from extractors.wrapped import is_wrapped, paragraphs


def test_lines_become_paragraphs() -> None:
    assert paragraphs([]) == []
    assert paragraphs(["One"]) == ["One"]
    assert paragraphs(["What is new:", "• the quay", "• the pier", "", "An end"]) == [
        "What is new:",
        "• the quay",
        "• the pier",
        "An end",
    ]
    assert paragraphs(["A long line that ends in a well-", "Known name"])[0].endswith("well- Known name")


def test_plain_text_that_is_wrapped_is_unwrapped_and_other_text_left() -> None:
    wrapped = "The harbour master closed the quay at dawn and told\nnine crews to stay.\n\nThe oil is to be pumped off."
    expected = [
        "The harbour master closed the quay at dawn and told nine crews to stay.",
        "The oil is to be pumped off.",
    ]
    assert extract(wrapped.encode(), url="u", content_type="text/plain").text.split("\n") == expected
    lines = [f"{'The oil is to be pumped off. ' * 5}Part {number}." for number in range(3)]
    assert extract("\n".join(lines).encode(), url="u", content_type="text/plain").text.split("\n") == lines
    assert not is_wrapped(["Once."])
    assert not is_wrapped([])
