# ruff: noqa: E501  (a table is read best with a case on a line)
from __future__ import annotations

from typing import Any

import pytest
import ruamel.yaml
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import ConfigError
from rules import yamltext
from rules.yamltext import MAX_CHARACTERS, MappingNode, Scalar, SequenceNode, offset_within, parse, values

SNIPPETS = st.lists(
    st.sampled_from(
        ["a", "b: ", "- ", "\n", "  ", "{", "}", "[", "]", ",", ": ", "'", '"', "|", ">", "#", " ", "*", "&", "!", "\\",
         "%", "@", "---\n", "...\n", "? ", "é", "拜登", "\t", "1", "no", "22:30", "\\x41", "\\n", "''", "\r\n", "<<: ", "~"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@pytest.fixture(params=["libyaml", "pure"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test once with libyaml and once without it."""
    if request.param == "pure":
        monkeypatch.setattr(ruamel.yaml, "__with_libyaml__", False)


def read(text: str) -> Any:
    return values(parse(text).root)


def test_scalars_stay_the_text_that_was_written(either_parser: None) -> None:
    text = 'a: no\nb: 22:30\nc: 1.10\nd: 012\ne: on\nf: 1e3\ng: 2023-04-01\nh: [no, 22:30, "yes"]\n'
    assert read(text) == {
        "a": "no", "b": "22:30", "c": "1.10", "d": "012", "e": "on", "f": "1e3", "g": "2023-04-01",
        "h": ["no", "22:30", "yes"],
    }  # fmt: skip


def test_nothing_written_is_none_and_an_empty_quoted_text_is_a_text(either_parser: None) -> None:
    assert read("a:\nb: ~\nc: null\nd: ''\ne: \"null\"\n") == {"a": None, "b": None, "c": None, "d": "", "e": "null"}


def test_an_address_needs_no_quotes_inside_braces(either_parser: None) -> None:
    assert read("a: {url: https://example.org:80/a?b=c, b: 1}") == {
        "a": {"url": "https://example.org:80/a?b=c", "b": "1"}
    }


def test_an_empty_file_has_an_empty_root() -> None:
    assert parse("").root == Scalar("", 0, 0)
    assert parse("# only a comment\n").root == Scalar("", 0, 0)


def test_a_byte_order_mark_and_windows_line_ends_do_not_move_places(either_parser: None) -> None:
    tree = parse("\ufeffa: 1\r\nb:\r\n  c: 2\r\n")
    assert values(tree.root) == {"a": "1", "b": {"c": "2"}}
    assert tree.place(tree.nearest(("b", "c"))) == (3, 6)
    assert tree.place(tree.nearest(("b", "c"), key=True)) == (3, 3)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: &x 1\n", "anchors (&x) are not used here", 1, 4),
        ("a: 1\nb: *x\n", "aliases (*x) are not used here", 2, 4),
        ("a: !!int 3\n", "tags (tag:yaml.org,2002:int) are not used here", 1, 4),
        ("a: !x {b: 1}\n", "tags (!x) are not used here", 1, 4),
        ("a: 1\nb: 2\n'a': 3\n", "the key a stands here twice; the first is on line 1", 3, 1),
        ("a:\n  b: 1\n  b: 2\n", "the key b stands here twice; the first is on line 2", 3, 3),
        ("[a, b]: 1\n", "a key has to be a plain text", 1, 1),
        (": 1\n", "a key has to be a plain text", 1, 1),
        ("a: 1\n---\nb: 2\n---\nc: 3\n", "a second document begins here; only one is read", 2, 1),
    ],
)
def test_what_yaml_allows_and_we_do_not_is_a_problem_with_its_place(
    either_parser: None, text: str, message: str, line: int, column: int
) -> None:
    (problem,) = parse(text).problems
    assert (problem.message, problem.line, problem.column) == (message, line, column)


def test_a_key_that_stands_twice_keeps_its_first_value(either_parser: None) -> None:
    assert read("a: 1\na: 2\n") == {"a": "1"}


def test_an_alias_counts_as_nothing_and_an_anchor_keeps_its_value(either_parser: None) -> None:
    assert read("a: &x [1]\nb: *x\n") == {"a": ["1"], "b": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 40, "w:1:19: nested deeper than 16 levels"),
        ("a: " + "[" * 100_000, "w:1:19: nested deeper than 16 levels"),
        ("a: x\x00y", "w:1:5: a character that does not belong in a text file: U+0000"),
        ("a:\n  b: \u2028", "w:2:6: a character that does not belong in a text file: U+2028"),
        ("a: \ud800", "w:1:4: a character that does not belong in a text file: U+D800"),
        ('a: "\\UFFFFFFFF"', "w: this is not YAML: "),
        ('a: "\\U00110000"', "w: this is not YAML: "),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(either_parser: None, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "w")
    assert str(caught.value).startswith(message)


def test_a_file_beyond_the_size_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConfigError, match=r"the file has 32,000,001 characters; the limit is 32,000,000"):
        parse("#" * (MAX_CHARACTERS + 1))


def test_nodes_are_found_by_path_and_say_where_they_are() -> None:
    tree = parse("a:\n  - {x: 1}\n  - y\nb: [p, q]\n")
    assert isinstance(tree.at(()), MappingNode)
    assert isinstance(tree.at(("a",)), SequenceNode)
    assert tree.at(("a", 0, "x")) == Scalar("1", 11, 12)
    assert tree.at(("a", 7)) is None
    assert tree.at(("a", "x")) is None
    assert tree.at(("b", 1, "deeper")) is None
    assert tree.key_at(("a", 0)) is None
    assert tree.key_at(()) is None
    assert tree.key_at(("b",)) == Scalar("b", 20, 21)


def test_the_nearest_written_place_is_the_key_above_when_nothing_was_written() -> None:
    tree = parse("x: 1\na:\n  - {x: 1}\nb:\n")
    assert tree.place(tree.nearest(("a", 0, "y"))) == (3, 5)  # the item of the list
    assert tree.place(tree.nearest(("a", "y"))) == (2, 1)  # the key a
    assert tree.place(tree.nearest(("b",))) == (4, 1)  # an empty value: its key
    assert tree.nearest(("nowhere",)) == 0


STYLES = [
    ("plain", "rule: one two\n   three\n\n   four\n"),
    ("single", "rule: 'one ''two''\n   three'\n"),
    ("double", 'rule: "one \\"tw\\x6f\\" \\\n   thr\\u0065e \\t four"\n'),
    ("literal", "rule: |\n    one\n      two three\n\n    four\n"),
    ("literal indented", "rule: |2-\n    one\n   two three\n# end\n"),
    ("folded", "rule: >-\n  one two\n  three\n\n   four\n"),
]


@pytest.mark.parametrize(("style", "text"), STYLES, ids=[name for name, _ in STYLES])
def test_each_word_of_a_value_is_found_at_its_place_in_the_file(either_parser: None, style: str, text: str) -> None:
    tree = parse(text)
    scalar = tree.at(("rule",))
    assert isinstance(scalar, Scalar)
    for word in ("one", "tw", "thr", "four"):
        if word in scalar.text:
            offset = offset_within(tree.text, scalar, scalar.text.index(word))
            assert tree.text[offset : offset + len(word)] == word
    assert offset_within(tree.text, scalar, len(scalar.text)) <= scalar.end


def test_a_place_between_words_is_counted_from_the_word_before_it() -> None:
    tree = parse("rule: |\n  one   two\n  three\n")
    scalar = tree.at(("rule",))
    assert isinstance(scalar, Scalar)
    assert tree.place(offset_within(tree.text, scalar, scalar.text.index("two") - 1)) == (2, 8)
    assert tree.place(offset_within(tree.text, scalar, scalar.text.index("three") - 1)) == (2, 12)
    assert tree.place(offset_within(tree.text, scalar, len(scalar.text))) == (3, 8)


def test_an_empty_or_doubtful_value_is_placed_at_its_beginning() -> None:
    tree = parse("a: ''\nb: &x one\nc: '  x'\n")
    empty, anchored, late = (tree.at((key,)) for key in "abc")
    assert isinstance(empty, Scalar)
    assert isinstance(anchored, Scalar)
    assert isinstance(late, Scalar)
    assert offset_within(tree.text, empty, 0) == empty.start
    assert offset_within(tree.text, anchored, 2) == anchored.start
    assert tree.text[offset_within(tree.text, late, 0)] == "x"


@given(st.one_of(st.text(), SNIPPETS))
@example("a: 'x\n\n y' ")
@example("? a\n: - b\n  - c: d\n")
def test_any_text_is_read_or_refused_and_both_parsers_agree_on_what_both_can_read(text: str) -> None:
    try:
        first = parse(text)
    except ConfigError:
        return
    try:
        slow = yamltext._Builder(first.text, "w", pure=True).document()
    except (ruamel.yaml.error.YAMLError, ValueError):
        return  # libyaml reads a little more than YAML 1.2 allows
    if isinstance(first.root, MappingNode):
        assert bool(slow.problems) == bool(first.problems)
        assert first.problems or values(slow.root) == values(first.root)


@given(
    st.sampled_from("|>'\""), st.text(st.sampled_from(["a", "b", " ", "\n", "é", "'", '"', "\\", ":", "#"]), min_size=1)
)
def test_every_visible_character_of_a_value_is_found_where_it_was_written(style: str, body: str) -> None:
    if style in "|>":
        written = f"{style}\n" + "".join(f"  {line}\n" for line in ("x" + body).split("\n"))
    elif style == "'":
        written = "'" + body.replace("'", "''").replace("\n", "\n\n  ") + "'"
    else:
        written = '"' + body.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    tree = parse(f"k: {written}\nend: here\n")
    scalar = tree.at(("k",))
    assert isinstance(scalar, Scalar)
    for index, char in enumerate(scalar.text):
        if not char.isspace() and char not in "'\"\\":
            assert tree.text[offset_within(tree.text, scalar, index)] == char
