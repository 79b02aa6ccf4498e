# ruff: noqa: E501  (a table is read best with a case on a line)
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from rules.edit import add_feed, add_feeds, remove_feed, remove_value, set_value
from rules.yamltext import parse, values

WATCH = """\
# the desk's watch
version: 1   # the format
entities:
  Biden:   {any: [Joe Biden, =Biden]}   # spacing stays
rules:
  # what we are here for
  meeting:
    title: Biden and Trong meet
    match: |    # the rule
      near/40( @Biden,
               @Trong )

    alert: {to: [], first: at_once}
    tags:
      - asia   # why
feeds:
  # radio
  - {url: "https://a.example/rss", name: A}   # daily
  - url: https://b.example/rss

    name: B
  # the end
channels: {screen: {url: "terminal://"}}
"""
C = {"url": "https://c.example/rss", "name": "C: the third", "tags": ["asia", "no"], "every": "10m"}


def read(text: str) -> Any:
    return values(parse(text).root)


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_feed_is_added_as_one_line_and_nothing_else_changes() -> None:
    line = '  - {url: "https://c.example/rss", name: "C: the third", tags: [asia, "no"], every: 10m}'
    after = add_feed(WATCH, C)
    assert after == WATCH.replace("    name: B\n", f"    name: B\n{line}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'feeds:\n  - {url: "https://x.example"}\n'),
        ("version: 1", 'version: 1\nfeeds:\n  - {url: "https://x.example"}\n'),
        ("# only this", '# only this\nfeeds:\n  - {url: "https://x.example"}\n'),
        ("feeds:\n", 'feeds:\n  - {url: "https://x.example"}\n'),
        ("feeds: # none yet\nversion: 1\n", 'feeds: # none yet\n  - {url: "https://x.example"}\nversion: 1\n'),
        ("feeds: []\nversion: 1\n", 'feeds:\n  - {url: "https://x.example"}\nversion: 1\n'),
        ("feeds: [{url: a}]", 'feeds: [{url: a}, {url: "https://x.example"}]'),
        ("feeds: [{url: a}, ] # c\n", 'feeds: [{url: a}, {url: "https://x.example"}, ] # c\n'),
        ("feeds:\n- url: a\n", 'feeds:\n- url: a\n- {url: "https://x.example"}\n'),
        ("feeds:\n  - url: a\n    headers: {a: b}", 'feeds:\n  - url: a\n    headers: {a: b}\n  - {url: "https://x.example"}\n'),
        ("feeds:\n  - name: |\n      a\n\n# c\n", 'feeds:\n  - name: |\n      a\n\n  - {url: "https://x.example"}\n# c\n'),
        ("{version: 1}", '{version: 1, feeds: [{url: "https://x.example"}]}'),
        ("{}", '{feeds: [{url: "https://x.example"}]}'),
    ],
)  # fmt: skip
def test_a_feed_can_be_added_however_the_list_is_written(before: str, after: str) -> None:
    assert add_feed(before, {"url": "https://x.example"}) == after


def test_adding_no_feeds_changes_nothing() -> None:
    assert add_feeds(WATCH, []) == WATCH


def test_a_feed_is_removed_with_its_lines_and_the_comments_stay() -> None:
    assert changed_lines(WATCH, remove_feed(WATCH, "https://a.example/rss")) == (
        ['  - {url: "https://a.example/rss", name: A}   # daily'], [],
    )  # fmt: skip
    assert changed_lines(WATCH, remove_feed(WATCH, "https://b.example/rss")) == (
        ["  - url: https://b.example/rss", "    name: B"], [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("feeds:\n  # c\n  - {page: x}\nversion: 1\n", "feeds: []\n  # c\nversion: 1\n"),
        ("feeds: [{sitemap: x}]\n", "feeds: []\n"),
        ("feeds: [{url: x}, {url: y}]\n", "feeds: [{url: y}]\n"),
        ("feeds: [{url: y}, {url: x}, {url: z}]\n", "feeds: [{url: y}, {url: z}]\n"),
        ("feeds: [ 1, {url: x} ]\n", "feeds: [ 1 ]\n"),
    ],
)
def test_a_feed_can_be_removed_however_the_list_is_written(before: str, after: str) -> None:
    assert remove_feed(before, "x") == after


def test_removing_a_feed_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no feed https://z\.example in w"):
        remove_feed(WATCH, "https://z.example", file="w")
    with pytest.raises(InputError, match="there is no feed x"):
        remove_feed("version: 1\n", "x")


def test_what_was_added_can_be_removed_again() -> None:
    assert remove_feed(add_feed(WATCH, C), str(C["url"])) == WATCH


def test_a_rules_text_is_exchanged_in_its_block_with_the_comment_beside_it() -> None:
    after = set_value(WATCH, ("rules", "meeting", "match"), "sentence(@Biden,\n  @Trong)")
    assert after == WATCH.replace(
        "|    # the rule\n      near/40( @Biden,\n               @Trong )\n\n",
        "|-\n      sentence(@Biden,\n        @Trong)\n",
    )
    assert read(after)["rules"]["meeting"]["match"] == "sentence(@Biden,\n  @Trong)"


def test_one_line_becomes_several_and_several_one() -> None:
    several = set_value("a: x # why\nb: 1\n", ("a",), "x\ny\n")
    assert several == "a: | # why\n  x\n  y\nb: 1\n"
    assert set_value(several, ("a",), "z") == "a: z\nb: 1\n"


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1 # c\n", ("a",), 2, "a: 2 # c\n"),
        ("a: '1'\n", ("a",), "no", 'a: "no"\n'),
        ("a: 1", ("a",), "", 'a: ""'),
        ("a:\n", ("a",), None, "a: null\n"),
        ("a: {b: 1, c}\n", ("a", "c"), True, "a: {b: 1, c: true}\n"),
        ("a: {b: 1}\n", ("a", "b"), "x, y", 'a: {b: "x, y"}\n'),
        ("a: {b: 1}\n", ("a", "c"), [1, "x"], "a: {b: 1, c: [1, x]}\n"),
        ("a: {b: [1, 2]}\n", ("a", "b", 1), "z", "a: {b: [1, z]}\n"),
        ("a:\n  - 1\n  - 2\n", ("a", 0), False, "a:\n  - false\n  - 2\n"),
        ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "b"), "x", "a:\n  - b: x\n    c: 2\n"),
        ("a:\n  - b: 1\n# end\n", ("a", 0, "c"), "x", "a:\n  - b: 1\n    c: x\n# end\n"),
        ("a:\n  b: 1\n\nc: 2\n", ("a", "d"), "e", "a:\n  b: 1\n  d: e\n\nc: 2\n"),
        ("a:\n  b: |\n    x\nc: 2\n", ("a", "d"), "e", "a:\n  b: |\n    x\n  d: e\nc: 2\n"),
        ("a:\n  b:\nc: 2\n", ("a", "d"), "e", "a:\n  b:\n  d: e\nc: 2\n"),
        ("a:\n  b: 1\n  c: 2\nd: 3\n", ("a",), {"x": 1}, "a: {x: 1}\nd: 3\n"),
        ("a:\nb: 2\n", ("a", "x", "q"), "z", "a: {x: {q: z}}\nb: 2\n"),
        ("", ("a", "b"), "c", "a: {b: c}\n"),
        ("a: b", ("c",), "d", "a: b\nc: d\n"),
        ("rules:\n  a: {match: x}\n", ("rules", "b"), {"title": "B", "match": "x\ny\n", "examples": {"match": ["x y"]}},
         "rules:\n  a: {match: x}\n  b:\n    title: B\n    match: |\n      x\n      y\n    examples:\n      match: [x y]\n"),
        ("a: b\n", ("long",), ["w" * 60, "v" * 60], f"a: b\nlong:\n  - {'w' * 60}\n  - {'v' * 60}\n"),
        ("a: b\n", ("c",), " x\ny", 'a: b\nc: " x\\ny"\n'),
        ("a: b\n", ("c",), "x\u2028\ny", 'a: b\nc: "x\\u2028\\ny"\n'),
        ("a: b\n", ("c",), "x\x00\ufffe", 'a: b\nc: "x\\ufffe"\n'),
        ("'a' : b\n", ("a",), "c", "'a' : c\n"),
        ("? a\n: b\n", ("a",), "c", "? a\n: c\n"),
        ("a: 1\n...\n", ("b",), "x", "a: 1\nb: x\n...\n"),
    ],
)  # fmt: skip
def test_a_value_is_set_where_it_stands_or_belongs(
    before: str, path: tuple[str | int, ...], value: Any, after: str
) -> None:
    assert set_value(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1\nb: 2 # c\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", ("a", "c"), "a: {b: 1}\n"),
        ("a:\n  b: |\n    x\nc: 1\n", ("a", "b"), "a: {}\nc: 1\n"),
        ("a: 1\n", ("a",), ""),
        ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "c"), "a:\n  - b: 1\n"),
    ],
)
def test_a_key_is_removed_with_its_lines(before: str, path: tuple[str | int, ...], after: str) -> None:
    assert remove_value(before, path) == after


@pytest.mark.parametrize(
    ("text", "path"), [("a: 1\n", ("b",)), ("a: [1]\n", ("a", 0)), ("a: 1\n", ("a", "b")), ("a: 1\n", ("x", "y"))]
)
def test_removing_what_is_not_there_is_refused(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(InputError, match="there is no "):
        remove_value(text, path)


@pytest.mark.parametrize(
    ("text", "path"), [("a: 1\n", ("a", "b")), ("a: [1]\n", ("a", 3)), ("a: [1]\n", ("a", "b", "c")), ("a: [x]\n", ("a", 0, "b"))]
)  # fmt: skip
def test_setting_below_something_else_is_refused(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(InputError, match="cannot be set: something else stands there"):
        set_value(text, path, "x")


def test_what_cannot_be_changed_safely_is_left_to_a_person() -> None:
    with pytest.raises(InputError, match="shares its line"):
        remove_value("a:\n  - - b: 1\n      c: 2\n", ("a", 0, 0, "b"))
    with pytest.raises(InputError, match="written in a way that cannot be changed here"):
        set_value("a: 1\n", ("b\u200e",), "x")
    with pytest.raises(InputError, match="shares its line"):
        remove_value("? a\n: b\nc: 1\n", ("a",))
    with pytest.raises(InputError, match="holds no keys"):
        set_value("- a\n", ("c",), "x")
    with pytest.raises(ConfigError, match="aliases"):
        set_value("a: *x\n", ("c",), "x")
    with pytest.raises(TypeError, match="a watch file holds no float"):
        set_value("a: 1\n", ("c",), 1.5)


LEAVES = st.one_of(
    st.text(max_size=20), st.integers(0, 10**9), st.booleans(), st.sampled_from(["no", "22:30", "a\nb\n", "x: y"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
PLACES = st.sampled_from(
    [("rules", "meeting", "match"), ("rules", "meeting", "alert"), ("rules", "meeting", "alert", "to"), ("rules", "new"),
     ("rules", "meeting", "tags", 0), ("feeds", 1, "name"), ("feeds", 0, "owner"), ("channels", "x"), ("settings",), ("entities",)]
)  # fmt: skip


@given(PLACES, TREES)
def test_any_value_can_be_set_and_every_comment_elsewhere_stays(path: tuple[str | int, ...], value: Any) -> None:
    try:
        after = set_value(WATCH, path, value)
    except InputError:
        return  # keys that a cleaned text makes equal, or that no reader takes
    assert after.startswith("# the desk's watch\nversion: 1   # the format\n")
    for comment in ("# what we are here for", "# radio", "# daily", "# the end"):
        assert comment in after
    assert set(read(WATCH)) <= set(read(after))


@given(st.dictionaries(st.sampled_from(["url", "name", "owner", "language"]), st.text(max_size=30), min_size=1))
def test_a_feed_of_any_text_is_added_and_read_back(feed: dict[str, str]) -> None:
    after = add_feed(WATCH, feed)
    assert set(read(after)["feeds"][-1]) == set(feed)
    assert len(read(after)["feeds"]) == 3
    assert changed_lines(WATCH, after)[0] == []
