"""`feeds …`, `run` and `init`: what is polled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.run import INGEST
from storage import locks
from storage.engine import Database
from tests.cli.desk import Desk
from tests.sinks.http import Answer, HttpSink, Request

OPML = """<opml version="2.0"><body><outline text="Asia">
<outline text="Third" xmlUrl="https://third.example/rss"/><outline text="4" xmlUrl="https://fourth.example/rss"/>
</outline></body></opml>"""
SITE = b'<html><head><link rel="alternate" type="application/rss+xml" title="News" href="/rss"></head></html>'
HTML = {"Content-Type": "text/html"}
RSS = b'<rss version="2.0"><channel><title>News</title><item><title>A</title><guid>a</guid></item></channel></rss>'


def names(desk: Desk) -> list[str]:
    return [row["name"] for row in desk.run("feeds", "list", "--json").rows]


def test_list_and_health(desk: Desk) -> None:
    assert names(desk) == ["Eastward Radio", "Harbour Post"]
    health = desk.run("feeds", "health", "--json").rows
    assert [(row["polls"], row["failed"], row["new"], row["read_in_full"]) for row in health] == [(1, 0, 7, "7/7")] * 2
    assert "Harbour Post" in desk.run("feeds", "health").out
    assert "Harbour Post" in desk.run("feeds", "list").out


def test_a_feed_is_added_to_the_file_and_removed_again(own_desk: Desk) -> None:
    before = own_desk.watch_file.read_text()
    ended = own_desk.run("feeds", "add", "https://third.example/rss", "--name", "Third", "--tag", "asia")
    assert ended.code == 0
    assert "revision 2" in ended.out
    assert "Third" in names(own_desk)
    assert "https://third.example/rss" in own_desk.watch_file.read_text()
    assert own_desk.run("feeds", "add", "https://third.example/rss").code == 2
    assert own_desk.run("feeds", "remove", "Third").code == 0
    assert names(own_desk) == ["Eastward Radio", "Harbour Post"]
    assert own_desk.watch_file.read_text() == before


def test_an_opml_file_is_taken_in_and_given_back(own_desk: Desk) -> None:
    Path("feeds.opml").write_text(OPML)
    ended = own_desk.run("feeds", "import", "feeds.opml")
    assert "2 feeds added" in ended.out
    exported = own_desk.run("feeds", "export").out
    assert exported.count("xmlUrl") == 4
    Path("again.opml").write_text(exported)
    assert "0 feeds added, 4 were there already" in own_desk.run("feeds", "import", "again.opml").out


def test_what_is_left_out_of_a_list_is_told_by_its_line_and_in_the_exit_code(own_desk: Desk) -> None:
    Path("feeds.txt").write_text("https://b.example/f\nftp://c.example/\n")
    ended = own_desk.run("feeds", "import", "feeds.txt")
    assert (ended.code, "1 feeds added" in ended.out, "1 left out" in ended.out) == (1, True, True)
    assert "feeds.txt:2:0: ftp://c.example/" in ended.err


def test_a_feed_is_paused_and_resumed(own_desk: Desk) -> None:
    def state() -> str:
        return str(own_desk.run("feeds", "list", "--json").rows[0]["state"])

    assert own_desk.run("feeds", "pause", "Eastward Radio").code == 0
    assert state() == "paused"
    assert own_desk.run("feeds", "resume", "Eastward Radio").code == 0
    assert state() != "paused"


@pytest.mark.parametrize("verb", ["pause", "resume", "remove"])
def test_a_name_that_two_feeds_bear_changes_neither(own_desk: Desk, verb: str) -> None:
    for path in ("rss", "atom"):
        own_desk.run("feeds", "add", f"https://third.example/{path}")
    before = own_desk.run("feeds", "list", "--json").out
    ended = own_desk.run("feeds", verb, "third.example")
    assert (ended.code, ended.out) == (2, "")
    assert "2 feeds are called third.example" in ended.err
    assert "https://third.example/rss, https://third.example/atom" in ended.err
    assert own_desk.run("feeds", "list", "--json").out == before
    assert own_desk.run("feeds", verb, "https://third.example/atom").code == 0


def test_a_paused_feed_is_not_polled_by_hand(own_desk: Desk) -> None:
    own_desk.run("feeds", "pause", "Eastward Radio")
    ended = own_desk.run("feeds", "poll", "Eastward Radio")
    assert ended.code == 2
    assert "wirewatch feeds resume" in ended.err


def test_a_run_for_a_feed_that_is_not_there_is_refused(desk: Desk) -> None:
    ended = desk.run("run", "--once", "--only", "nosuch")
    assert (ended.code, ended.out) == (2, "")
    assert "no feed is called nosuch" in ended.err


def test_a_watch_file_that_is_not_in_use_yet_is_named_instead_of_no_feeds(own_desk: Desk, tmp_path: Path) -> None:
    ended = own_desk.run("--data", tmp_path / "new", "feeds", "list")
    assert "watch.yaml is not in use yet" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pause", "nosuch"], 2, "no feed is called nosuch"),
        (["resume", "nosuch"], 2, "no feed is called nosuch"),
        (["remove", "nosuch"], 2, "no feed is called nosuch"),
        (["poll", "nosuch"], 2, "no feed is called nosuch"),
        (["poll", "Harbour Post", "nosuch"], 2, "no feed is called nosuch\n"),
        (["add", "nowhere"], 2, "an address begins with https://"),
        (["add", "https://user:pass@third.example/rss"], 2, "third.example"),
        (["add", "https://third.example/rss?k=${TOKEN}"], 2, "asks for a secret"),
        (["import", "nosuch.opml"], 2, "nosuch.opml: No such file"),
        (["discover", "nowhere"], 2, "an address begins with https://"),
        (["discover", "http://127.0.0.1:1/"], 3, "refused the connection"),
    ],
)
def test_what_cannot_be_done_says_why(desk: Desk, arguments: list[str], code: int, said: str) -> None:
    ended = desk.run("feeds", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"<opml><body>", b"no address"])
def test_a_list_of_feeds_that_is_none_ends_with_2(desk: Desk, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "feeds.opml"
    file.write_bytes(content)
    ended = desk.run("feeds", "import", file)
    assert ended.code == 2
    assert str(file) in ended.err


def test_a_site_s_feeds_are_found(desk: Desk) -> None:
    pages = {"/": Answer(body=SITE, headers=HTML), "/rss": Answer(body=RSS)}
    with HttpSink(lambda request: pages.get(request.path, Answer(404))) as site:
        named = desk.run("feeds", "discover", site.url("/"), "--json").rows
        itself = desk.run("feeds", "discover", site.url("/rss"), "--json").rows
        pages["/"] = Answer(body=b"<html></html>", headers=HTML)
        guessed = desk.run("feeds", "discover", site.url("/"), "--json").rows
        del pages["/rss"]
        nothing = desk.run("feeds", "discover", site.url("/"))
    assert {row["url"] for row in (*named, *itself, *guessed)} == {site.url("/rss")}
    assert (nothing.code, nothing.out) == (1, "no feeds found\n")


def test_feeds_whose_site_is_gone_are_named_when_they_are_polled(own_desk: Desk) -> None:
    ended = own_desk.run("feeds", "poll")
    assert ended.code == 1
    assert "127.0.0.1" in ended.err
    assert own_desk.run("feeds", "health", "--json").rows[0]["failed"] == 1


def test_a_run_with_nothing_due_says_so(own_desk: Desk) -> None:
    ended = own_desk.run("run", "--once", "--json")
    assert ended.code == 0
    assert ended.document["failures"] == []
    assert own_desk.run("run", "--once", "--step", "match,deliver").code == 0


def test_a_run_beside_another_goes_home_says_so_and_has_not_failed(own_desk: Desk) -> None:
    assert own_desk.run("run", "--once", "--step", "match").code == 0  # makes the database
    db = Database(f"sqlite:///{own_desk.folder / 'data' / 'wirewatch.db'}")
    now = datetime.now(UTC)
    assert db.write_now(lambda session: locks.take(session, INGEST, "another", seconds=60, now=now))
    db.close()
    ended = own_desk.run("run", "--once")
    assert (ended.code, ended.out) == (0, "")
    assert "another run is at work" in ended.err


def test_a_run_that_could_not_take_the_watch_file_goes_on_and_ends_with_1(own_desk: Desk) -> None:
    assert own_desk.run("run", "--once", "--step", "match").code == 0
    own_desk.watch_file.write_text(own_desk.watch_file.read_text() + "nonsense: 1\n")
    ended = own_desk.run("run", "--once", "--step", "match")
    assert ended.code == 1
    assert "nonsense" in ended.err
    assert "revision 1 goes on" in ended.err
    assert ended.out == ""


def test_a_step_that_is_none_ends_with_2(own_desk: Desk) -> None:
    ended = own_desk.run("run", "--once", "--step", "fly")
    assert ended.code == 2
    assert "there is no step 'fly'" in ended.err


def test_init_writes_a_file_that_check_finds_good(empty_desk: Desk) -> None:
    assert "is written" in empty_desk.run("init", "--yes").out
    assert empty_desk.run("check").code == 0
    again = empty_desk.run("init", "--yes")
    assert again.code == 2
    assert "is there already" in again.err


def test_init_asks_for_sites_and_finds_their_feeds(empty_desk: Desk) -> None:
    with HttpSink(lambda _: Answer(body=SITE, headers=HTML)) as site:
        ended = empty_desk.run("init", given=f"{site.url('/')}\nhttp://127.0.0.1:1/\n{site.url('/?again')}\n")
    assert ended.code == 0
    assert "refused the connection" in ended.err
    assert empty_desk.watch_file.read_text().count(site.url("/rss")) == 1  # which both sites named
    assert empty_desk.run("check").code == 0


def test_init_takes_no_feed_that_asks_for_a_secret(empty_desk: Desk) -> None:
    link = "http://{host}/rss?k=${{TOKEN}}"  # whole: a part of an address would be escaped

    def page(request: Request) -> Answer:
        return Answer(body=SITE.replace(b'/rss"', link.format_map(request.headers).encode() + b'"'), headers=HTML)

    with HttpSink(page) as site:
        ended = empty_desk.run("init", given=f"{site.url('/')}\n\n")
    assert "asks for a secret" in ended.err
    assert "TOKEN" not in empty_desk.watch_file.read_text()


def test_init_in_a_place_that_cannot_be_ends_with_2(empty_desk: Desk) -> None:
    Path("file").write_text("")
    ended = empty_desk.run("init", "file/below", "--yes")
    assert ended.code == 2
    assert "Not a directory" in ended.err


def test_json_stands_alone_on_standard_output_where_the_terminal_is_a_channel(own_desk: Desk) -> None:
    own_desk.watch_file.write_text('version: 1\nchannels: {screen: {url: "terminal://"}}\n')
    assert own_desk.run("apply", own_desk.watch_file).code == 0
    tried = own_desk.run("channels", "test", "screen", "--json")
    assert tried.rows == [{"target": "screen", "result": "ok", "answer": ""}]
    assert "Test message" in tried.err
    assert "Test message" in own_desk.run("channels", "test", "screen").out


def test_a_poll_by_hand_is_told_as_json_too(own_desk: Desk) -> None:
    ended = own_desk.run("feeds", "poll", "--json")
    assert ended.code == 1
    assert {"step": "poll", "outcome": "failed", "reason": "refused", "count": 2} in json.loads(ended.out)["counts"]
