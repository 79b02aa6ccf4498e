from __future__ import annotations

from extractors.layout import straighten
from extractors.page import open_page

LONG = "The old cemetery at Hallowmere will take no more dead, the parish announced on Thursday. " * 3


def straightened(body: str) -> tuple[list[str], str]:
    """The paragraphs, and the tags in their order."""
    tree = open_page(f"<html><body>{body}</body></html>".encode(), url="").tree
    assert tree is not None
    straighten(tree)
    paragraphs = [" ".join(p.text_content().split()) for p in tree.iter("p")]
    return paragraphs, " ".join(str(element.tag) for element in tree.find("body").iterdescendants())


def test_text_between_line_breaks_becomes_paragraphs() -> None:
    paragraphs, tags = straightened(f"<div>One <b>bold</b>.<br><br>{LONG}<br>\n<br><a href=x>Three</a><br></div>")
    assert paragraphs == ["One bold.", LONG.strip(), "Three"]
    assert tags == "div p b p p a"


def test_blocks_among_the_breaks_stay_where_they_are() -> None:
    paragraphs, tags = straightened(f"<td><h1>Head</h1>{LONG}<br><br>Two<ul><li>item</li></ul>Three<br>Four")
    assert paragraphs[0].startswith("The old cemetery")
    assert tags.split().count("ul") == 1
    assert "Three" in paragraphs


def test_a_few_breaks_in_short_text_are_an_address() -> None:
    assert straightened("<div>1 Quay Street<br>Port Merrow<br>Esmark<br></div>") == ([], "div br br br")


def test_a_poem_in_a_paragraph_is_left_alone() -> None:
    assert straightened(f"<p>{LONG}<br>two<br>three<br>four</p>")[1] == "p br br br"


def test_text_that_was_wrapped_by_hand_is_paragraphs_and_code_stays() -> None:
    wrapped = "The ministry said on Monday, after a long night of talks, that\nthe minister resigned.\n\nMore follows."
    paragraphs, _ = straightened(f"<pre>{wrapped}</pre>")
    said = "The ministry said on Monday, after a long night of talks, that the minister resigned."
    assert paragraphs == [said, "More follows."]
    table = "Team            W    L     PCT\nPort Merrow    12    3    .800, as far as it was counted\n"
    assert straightened(f"<pre>{table}</pre>")[1] == straightened(f"<pre>{wrapped}{'x' * 200}</pre>")[1] == "pre"


def test_the_mark_of_a_footnote_is_not_joined_to_the_word_before_it() -> None:
    body = "The minister<sup>1</sup> resigned<sup><a href=#2>[2]</a></sup>. 5 km<sup>2</sup>, <b>law</b><sup>3</sup>"
    assert straightened(f"<p>{body}</p>")[0] == ["The minister resigned. 5 km2, law"]


def test_a_table_that_holds_an_article_is_no_table() -> None:
    assert "table" not in straightened(f"<table><tr><td>menu</td><td>{LONG * 2}</td></tr></table>")[1]


def test_a_table_of_figures_stays() -> None:
    assert "table" in straightened("<table><tr><td>Coal</td><td>12</td></tr></table>")[1]


def named(body: str) -> int:
    tree = open_page(f"<html><body>{body}</body></html>".encode(), url="").tree
    assert tree is not None
    straighten(tree)
    return len(tree.xpath("//*[@class]"))


def test_entries_in_a_row_lose_the_name_that_says_that_each_is_the_text() -> None:
    entry = f"<div class='post live'><h3>18:20</h3><p>{LONG}</p></div>"
    assert named(entry * 3) == 0
    assert named(entry * 2) == 2
    assert named(f"<div class=post><p>{LONG}</p></div>") == 1
    assert named("<li class='post comment'><p>Well said.</p></li>" * 5) == 5


def test_a_block_in_an_item_or_a_cell_is_parted_from_the_words_beside_it() -> None:
    body = "<ul><li><b>09:00</b><div>Talks</div>begin</li><li>10:00<p>Talks</p></li></ul><p>on<div>Monday</div></p>"
    tree = open_page(f"<html><body>{body}</body></html>".encode(), url="").tree
    assert tree is not None
    straighten(tree)
    assert [item.text_content().split() for item in tree.iter("li")] == [
        ["09:00", "Talks", "begin"],
        ["10:00", "Talks"],
    ]
