from __future__ import annotations

import pytest

from core.errors import ConfigError
from rules.yamltext import parse

IN_QUOTES = "put the value in quotes"

SLIPS = [
    (
        "rules:\n  x:\n    match: @US AND b # why\n",
        "3:12: in YAML a value cannot begin with @",
        "write\n    match: |\n      @US AND b",
    ),
    ("title: `x`\n", "1:8: in YAML a value cannot begin with `", 'write\ntitle: "`x`"'),
    ("title: %x\n", "1:8: in YAML a value cannot begin with %", 'write\ntitle: "%x"'),
    ("match: * AND x\n", "1:8: in YAML a value cannot begin with *", "write\nmatch: |\n  * AND x"),
    ("match: & x\n", "1:8: in YAML a value cannot begin with &", "write\nmatch: |\n  & x"),
    ("any: [US, @US]\n", "1:11: in YAML a value cannot begin with @", 'put it in quotes: "@US"'),
    ("x: {match: @US, b: c}\n", "1:12: in YAML a value cannot begin with @", 'put it in quotes: "@US"'),
    ("password: @hunter2\n", "1:11: in YAML a value cannot begin with @", IN_QUOTES),
    ("a: {password: @hunter2}\n", "1:15: in YAML a value cannot begin with @", IN_QUOTES),
    ("a: ]\n", "1:4: this ] closes nothing", "delete it, or put the value in quotes"),
    ("a: [b]}\n", "1:7: this } closes nothing", "delete it, or put the value in quotes"),
    (
        'examples:\n  - "Ferry sinks" says captain\n',
        "2:5: the value begins with a quote, so YAML takes only the quoted part for it",
        "put the whole of it in single quotes, and write a ' in it as ''",
    ),
    (
        'rules:\n  x:\n    match: "a b" AND c\n',
        "3:12: the value begins with a quote, so YAML takes only the quoted part for it",
        'write\n    match: |\n      "a b" AND c',
    ),
    (
        "password: 'hunter' 2\n",
        "1:11: the value begins with a quote, so YAML takes only the quoted part for it",
        IN_QUOTES,
    ),
    ("a:\n\tb: 1\n", "2:1: a tab; YAML is indented with spaces", "put spaces (two a level) in its place"),
    ("a: |\n  x\n \ty\nb: 1\n", "3:2: a tab; YAML is indented with spaces", "put spaces (two a level) in its place"),
    ("a: \tb: c\n", "1:4: a tab; YAML is indented with spaces", "put spaces (two a level) in its place"),
    (
        "title: Ukraine: talks\n",
        "1:15: a colon followed by a space makes a key of what stands before it",
        'write\ntitle: "Ukraine: talks"',
    ),
    (
        "match: a AND title: b\n",
        "1:19: a colon followed by a space makes a key of what stands before it",
        "write\nmatch: |\n  a AND title: b",
    ),
    (
        "- match of: b: c\n",
        "1:14: a colon followed by a space makes a key of what stands before it",
        "put the whole value in quotes",
    ),
    (
        "a: [1, 2\nb: 3\n",
        "1:4: this [ is not closed where it should be",
        "close it with ], put a comma between its parts, or put a part with a colon in it in quotes",
    ),
    (
        "{a: b\n",
        "1:1: this { is not closed where it should be",
        "close it with }, put a comma between its parts, or put a part with a colon in it in quotes",
    ),
    ("a: 'b\nc: d\n", "1:4: this quote (') is never closed", ""),
    ('a: "b\n---\nc"\n', '1:4: this quote (") is never closed', ""),
    (
        'match: "a\\d"\n',
        '1:8: in "…" a backslash begins an escape, and this one is not known',
        "write \\\\ for a backslash, or use single quotes",
    ),
    ("match: | a OR b\n", "1:10: after | the text begins on the next line", "write\nmatch: |\n  a OR b"),
    ("password: > hunter2\n", "1:13: after > the text begins on the next line", "move it there, indented"),
    (
        "title: x\n  match: y\n",
        "2:3: indented deeper than title, which already has a value",
        "indent it like title, or delete what stands after title:",
    ),
    ("a: b\nfoo\nc: d\n", "2:1: this line has no key", "write “key: value”, or indent it below its key"),
    ("- a\nb: 1\n", "2:1: a list's items begin with “- ”; this line does not", "indent it, or begin it with “- ”"),
    ("b: 1\n- a\n", "2:1: a list's item where a key should stand", "indent it below the key it belongs to"),
    ("a: - b\n", "1:4: a list cannot begin here", "begin it on the next line, or write [a, b]"),
    (
        "a:\n  b: 1\n c: 2\n",
        "3:2: no key, or the indentation is out of step",
        "keys of one level begin in the same column",
    ),
    ("a: ? b\n", "1:4: this is not YAML: mapping keys are not allowed here", ""),
    (
        "a: x\n\n   # why\n b: c\n",
        "4:2: indented deeper than a, which already has a value",
        "indent it like a, or delete what stands after a:",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), SLIPS, ids=[text.strip()[:30] for text, _, _ in SLIPS])
def test_a_slip_is_told_with_its_place_and_what_to_write(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "w")
    (problem,) = caught.value.problems
    assert f"{problem.line}:{problem.column}: {problem.message}" == message
    assert problem.hint == hint


@pytest.mark.parametrize("text", [text for text, _, hint in SLIPS if hint.startswith("write\n")])
def test_what_a_hint_says_to_write_can_be_pasted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    lines = text.split("\n")
    lines[problem.line - 1] = problem.hint.removeprefix("write\n")
    parse("\n".join(lines))


def test_no_message_repeats_what_may_be_a_secret() -> None:
    for text, *_ in SLIPS:
        with pytest.raises(ConfigError) as caught:
            parse(text)
        assert "hunter" not in str(caught.value)
