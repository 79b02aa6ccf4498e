"""`parse`, `extract`, `match`, `group`: JSON lines in input order, streaming, a bad line said and survived."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

import seeds
from seeds import SEEDS
from tests.cli.desk import Desk
from tests.sinks.http import Answer, HttpSink

WATCH = SEEDS / "watch.yaml"
ARRIVAL = "Blinken arrives in Hanoi on Friday."


def article(number: int, text: str = ARRIVAL, **more: str) -> dict[str, Any]:
    return {"id": number, "text": text, "language": "en", **more}


def lines(*values: Any) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def match(desk: Desk, given: str | bytes, *more: str) -> Any:
    return desk.run("match", "--rules", WATCH, "--jsonl", "--jobs", "1", *more, given=given)


def test_match_answers_each_line_in_order(empty_desk: Desk) -> None:
    given = [article(number, ARRIVAL if number % 3 else "Nothing of note.") for number in range(50)]
    ended = empty_desk.run("match", "--rules", WATCH, "--jobs", "2", given=lines(*given))
    assert ended.code == 0
    assert [row["id"] for row in ended.rows] == list(range(50))
    rules = [[found["rule"] for found in row["matches"]] for row in ended.rows[:3]]
    assert rules == [[], ["blinken-trip"], ["blinken-trip"]]
    (span,) = ended.rows[1]["matches"][0]["spans"]
    assert {"field", "start", "end", "clause", "text"} <= span.keys()


@pytest.mark.parametrize(
    "text",
    [
        ARRIVAL,
        f"An intro.\r\n\r\nMore of it.\r\n{ARRIVAL}\r\n",
        f"nul \x00 and mark \u200e\ufeff here. {ARRIVAL}",
        "Blin\u200eken arr\x00ives in Ha\u202anoi.",
        unicodedata.normalize("NFD", f"Hà Nội, Việt Nam. {ARRIVAL}"),
        f"An emoji 👩‍🚀 and a lone surrogate \ud800. {ARRIVAL}",
    ],
    ids=["plain", "CRLF", "NUL", "marks inside words", "NFD", "surrogate"],
)
def test_places_are_of_the_text_as_it_was_given(empty_desk: Desk, text: str) -> None:
    ended = match(empty_desk, json.dumps(article(1, text, title="A\r\ntitle")) + "\n")
    ((found,),) = (row["matches"] for row in ended.rows)
    (span,) = found["spans"]
    given = {"text": text, "title": "A\r\ntitle"}
    assert found["rule"] == "blinken-trip"
    assert given[span["field"]][span["start"] : span["end"]] == span["text"]
    assert "Blin" in span["text"]
    assert all(given[leaf["field"]][leaf["start"] : leaf["end"]].strip() for leaf in span["leaves"])


@pytest.mark.parametrize(
    ("bad", "known_as", "said"),
    [
        (b"no json\n", "line 3", "not JSON"),
        (b'["a"]\n', "line 3", "not a JSON object"),
        (b'{"id": 2}\n', 2, "`text` is missing"),
        (b'{"id": 2, "text": 5}\n', 2, "`text` is no string"),
        (b'{"id": 2, "text": "\xff"}\n', "line 3", "not UTF-8"),
        (b"[" * 100_000 + b"\n", "line 3", "nested too deep"),
    ],
)
def test_a_bad_line_is_said_and_the_others_go_on(empty_desk: Desk, bad: bytes, known_as: int | str, said: str) -> None:
    ended = match(empty_desk, lines(article(1)).encode() + b"\n" + bad + lines(article(4)).encode())
    assert ended.code == 1
    assert [row["id"] for row in ended.rows] == [1, known_as, 4]
    assert said in ended.rows[1]["error"]
    assert said in ended.err
    assert "line 3" in ended.err


def test_no_input_gives_no_output(empty_desk: Desk) -> None:
    ended = match(empty_desk, "")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_rules_that_are_wrong_are_refused_before_anything_is_read(empty_desk: Desk) -> None:
    broken = empty_desk.folder / "broken.yaml"
    broken.write_text("version: 1\nrules:\n  a:\n    title: A\n    match: 'a AND ('\n")
    ended = empty_desk.run("match", "--rules", broken, given=lines(article(1)))
    assert (ended.code, ended.out) == (2, "")
    assert f"{broken}:5:" in ended.err


def test_output_comes_while_input_goes_on(empty_desk: Desk) -> None:
    started = empty_desk.start("match", "--rules", WATCH, "--jobs", "1")
    assert started.stdin
    assert started.stdout
    for number in range(3):  # each answer is waited for before the next line is given
        started.stdin.write(lines(article(number)))
        started.stdin.flush()
        assert json.loads(started.stdout.readline())["id"] == number
    out, errors = started.communicate()
    assert (started.returncode, out, errors) == (0, "", "")


def test_an_endless_input_ends_when_its_reader_does(empty_desk: Desk) -> None:
    started = empty_desk.start("match", "--rules", WATCH, "--jobs", "1")
    assert started.stdin
    assert started.stdout
    assert started.stderr
    started.stdin.write(lines(article(0)))
    started.stdin.flush()
    assert started.stdout.readline()
    started.stdout.close()
    started.stdin.write(lines(article(1)))
    started.stdin.flush()  # and stays open
    assert started.wait() == 0
    assert started.stderr.read() == ""
    started.stdin.close()
    started.stderr.close()


def test_extract_reads_files_and_lines_alike(empty_desk: Desk) -> None:
    page = next((SEEDS / "pages" / "a").rglob("blinken-hanoi-visit.html"))
    url = "https://eastward-radio.example/asia/blinken-hanoi-visit.html"
    given = lines(
        {"id": "html", "url": url, "html": page.read_text()},
        {"id": "path", "url": url, "path": str(page)},
    )
    by_line = empty_desk.run("extract", "--jsonl", "--jobs", "1", given=given)
    by_file = empty_desk.run("extract", page, "--jobs", "1", "--json")
    rows = [*by_line.rows, *by_file.rows]
    assert (by_line.code, by_file.code) == (0, 0)
    assert [row["id"] for row in rows] == ["html", "path", str(page)]
    assert {row["title"] for row in rows} == {"Blinken's Trip to Vietnam Aims at Closer Two-Way Relations"}
    assert len({row["text"] for row in rows}) == 1
    assert rows[0]["state"] == "ready"
    assert rows[0]["published"].endswith("Z")
    assert rows[0].keys() >= {"id", "url", "author", "language", "extractor", "reason", "ms"}


def test_what_extract_cannot_read_is_a_line_that_says_so(empty_desk: Desk) -> None:
    given = lines(
        {"id": 1, "path": "nosuch.html"},
        {"id": 2},
        {"id": 3, "html": ""},
        {"id": 4, "path": "/dev/zero"},
        {"id": 5, "path": "a\0b"},
    )
    ended = empty_desk.run("extract", "--jsonl", "--jobs", "1", given=given)
    assert ended.code == 1
    assert [(row["id"], row["state"], row["reason"]) for row in ended.rows] == [
        (1, "failed", "no_file"),
        (2, "failed", "bad_line"),
        (3, "failed", "no_body"),
        (4, "failed", "too_big"),
        (5, "failed", "no_file"),
    ]
    assert "nosuch.html: No such file or directory" in ended.err


def test_a_page_that_hangs_is_stopped_and_holds_up_no_other(empty_desk: Desk) -> None:
    pipe = empty_desk.folder / "never.html"
    os.mkfifo(pipe)  # reading it waits for a writer that never comes
    given = lines({"id": 1, "path": str(pipe)}, *({"id": n, "html": f"<p>{ARRIVAL}</p>"} for n in range(2, 6)))
    quick = Desk(empty_desk.folder, {"WIREWATCH_EXTRACT_SECONDS": "15"})  # a cold worker on a busy machine needs some
    ended = quick.run("extract", "--jsonl", "--jobs", "2", given=given)
    assert ended.rows[0]["reason"] == "extractor_hung"
    assert [row["id"] for row in ended.rows] == [1, 2, 3, 4, 5]
    assert all(row["state"] != "failed" for row in ended.rows[1:])
    assert ended.code == 1


def test_extract_wants_one_kind_of_input(empty_desk: Desk) -> None:
    assert empty_desk.run("extract").code == 2
    assert empty_desk.run("extract", "a.html", "--jsonl").code == 2


def test_parse_gives_a_line_a_feed(empty_desk: Desk) -> None:
    rss, atom = (SEEDS / site.feed.lstrip("/") for site in seeds.SITES.values())
    bad = empty_desk.folder / "bad.xml"
    bad.write_text("<html>no feed</html>")
    ended = empty_desk.run("parse", rss, bad, atom, "nosuch.xml", "http://127.0.0.1:1/feed", "--json", "--jobs", "2")
    assert ended.code == 1
    assert [row["format"] for row in ended.rows] == ["rss", "", "atom", "", ""]
    assert [bool(row["error"]) for row in ended.rows] == [False, True, False, True, True]
    assert len(ended.rows[0]["entries"]) == 7
    assert ended.rows[0]["entries"][0].keys() == {"key", "url", "title", "summary", "published", "updated", "authors"}
    assert [line.partition(": ")[0] for line in ended.err.splitlines()] == [
        str(bad),
        "nosuch.xml",
        "http://127.0.0.1:1/feed",
    ]


ONE = "<rss><channel><item><link>a</link></item></channel></rss>"


def test_parse_reads_feeds_of_json_lines_and_of_the_files_they_name(empty_desk: Desk) -> None:
    rss, atom = (SEEDS / site.feed.lstrip("/") for site in seeds.SITES.values())
    given = lines(
        {"id": "whole", "url": "https://news.example/rss", "feed": rss.read_text("utf-8")},
        {"id": "named", "url": "https://news.example/rss", "path": str(atom)},
        {
            "id": "relative",
            "url": "https://news.example/x/rss",
            "feed": "<rss><channel><item><link>a</link></item></channel></rss>",
        },
        {"id": "neither"},
        {"id": "nowhere", "path": "a\0b"},
    )
    ended = empty_desk.run("parse", "--jsonl", "--jobs", "1", given=given)
    assert ended.code == 1
    assert [(row["source"], row["format"], bool(row["error"])) for row in ended.rows] == [
        ("whole", "rss", False), ("named", "atom", False), ("relative", "rss", False), ("neither", "", True),
        ("nowhere", "", True),
    ]  # fmt: skip
    assert ended.rows[2]["entries"][0]["url"] == "https://news.example/x/a"
    assert empty_desk.run("parse").code == empty_desk.run("parse", "a.xml", "--jsonl").code == 2


def told(number: int, rule: str = "r", **more: str) -> dict[str, Any]:
    text = (SEEDS / "texts").glob("*blinken-hanoi-visit*")
    return {
        "id": f"h{number}",
        "rule": rule,
        "title": "Blinken travels to Hanoi",
        "text": next(iter(text)).read_text(),
        "published": f"2023-04-14T{number:02}:00:00Z",
        **more,
    }


def test_group_puts_copies_into_one_story_of_their_rule(empty_desk: Desk) -> None:
    ended = empty_desk.run("group", "--jsonl", "--jobs", "1", given=lines(told(1), told(2), told(3, rule="other")))
    assert ended.code == 0
    assert [(row["id"], row["story"], row["origin"]) for row in ended.rows] == [
        ("h1", "h1", 1),
        ("h2", "h1", 1),
        ("h3", "h3", 1),
    ]
    assert all(row["why"] for row in ended.rows)


def test_group_keeps_stories_open_for_its_window(empty_desk: Desk) -> None:
    given = lines(told(1), told(9))
    ended = empty_desk.run("group", "--jobs", "1", "--window", "2h", given=given)
    assert [row["story"] for row in ended.rows] == ["h1", "h9"]


def test_group_says_what_is_wrong_with_a_line(empty_desk: Desk) -> None:
    ended = empty_desk.run("group", "--jobs", "1", given=lines(told(1), {"id": 2}, told(3, published="yesterday")))
    assert ended.code == 1
    assert [row["story"] for row in ended.rows] == ["h1", None, None]
    assert "`published` is no ISO 8601 time: yesterday" in ended.err


def test_a_window_that_is_none_ends_with_2(empty_desk: Desk) -> None:
    ended = empty_desk.run("group", "--window", "soon", given="")
    assert ended.code == 2
    assert "--window soon" in ended.err


def test_the_filters_make_a_pipe(empty_desk: Desk, tmp_path: Path) -> None:
    pages = sorted((SEEDS / "pages" / "a").rglob("*.html"))
    read = empty_desk.run("extract", *pages, "--jobs", "2")
    matched = match(empty_desk, read.out)
    assert [row["id"] for row in matched.rows] == [str(page) for page in pages]
    hits = {Path(row["id"]).stem: len(row["matches"]) for row in matched.rows if row["matches"]}
    assert hits == {"blinken-hanoi-visit": 3}


def test_a_line_that_fails_keeps_the_id_it_has(empty_desk: Desk) -> None:
    (empty_desk.folder / "rules.yaml").write_text("version: 1\nrules: {a: {match: ferry}}\n")
    bad = [{"id": "a", "text": 5}, {"id": 2}, {"text": None}]
    matched = empty_desk.run("match", "--rules", "rules.yaml", "--jobs", "1", given=lines(*bad))
    grouped = empty_desk.run("group", "--jobs", "1", given=lines(*bad))
    extracted = empty_desk.run("extract", "--jsonl", "--jobs", "1", given=lines(*bad))
    for ended in (matched, grouped, extracted):
        assert ended.code == 1
        assert [row["id"] for row in ended.rows] == ["a", 2, "line 3"]
        assert "line 1: `" in ended.err


def test_a_page_that_is_not_there_is_said_to_be_not_there(empty_desk: Desk) -> None:
    with HttpSink(lambda _: Answer(404)) as site:
        ended = Desk(empty_desk.folder, {"WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8"}).run("extract", site.url("/gone"))
    assert ended.code == 1
    assert [(row["state"], row["reason"]) for row in ended.rows] == [("failed", "not_found")]
