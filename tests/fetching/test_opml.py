from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from fetching import opml
from fetching.opml import Subscription, read, write

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Asia" title="Asia">
    <outline text="Vietnam">
      <outline type="rss" text="VN &amp; news" xmlUrl="https://vn.example/rss?a=1&amp;b=2" htmlUrl="https://vn.example/"/>
    </outline>
    <outline title="Again" text="x" xmlurl="https://asia.example/feed" />
  </outline>
  <outline text="Alone" xmlUrl="https://alone.example/feed"><outline text="in it" xmlUrl="https://in.example/"/></outline>
  <outline text="no feed"/>
  <outline text="Twice" xmlUrl="https://alone.example/feed"/>
</body></opml>"""
FEEDS = (
    Subscription("https://vn.example/rss?a=1&b=2", "VN & news", ("Asia", "Vietnam"), "https://vn.example/"),
    Subscription("https://asia.example/feed", "Again", ("Asia",)),
    Subscription("https://alone.example/feed", "Alone"),
    Subscription("https://in.example/", "in it"),
)


@pytest.mark.parametrize("source", [OPML, OPML.encode(), "\ufeff" + OPML, OPML.encode("utf-8-sig"), "\n" + OPML])
def test_feeds_are_read_with_their_folders_as_tags(source: str | bytes) -> None:
    assert read(source).feeds == FEEDS


def test_a_file_in_another_charset_is_read() -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?><opml><body><outline text="Ханой" xmlUrl="http://a.example/"/></body></opml>'
    assert read(text.encode("cp1251")).feeds[0].title == "Ханой"


def test_a_list_of_addresses_is_read() -> None:
    text = """# my feeds
https://a.example/feed

  https://b.example/feed#top   asia, world news # the best
https://a.example/feed
"""
    assert read(text).feeds == (
        Subscription("https://a.example/feed"),
        Subscription("https://b.example/feed#top", tags=("asia", "world news")),
    )


@pytest.mark.parametrize(
    "written", ["feed://a.example/rss", "feed:http://a.example/rss", "FEED://http://a.example/rss"]
)
def test_an_address_as_browsers_once_wrote_it_is_a_feeds(written: str) -> None:
    wanted = (Subscription("http://a.example/rss"),)
    assert read(written).feeds == wanted
    assert read(f'<opml><body><outline xmlUrl="{written}"/></body></opml>').feeds == wanted


def test_every_bad_address_of_a_list_is_told_with_its_line_and_costs_the_others_nothing() -> None:
    found = read("https://a.example/\nftp://b.example/\n\nhttps://c.example/")
    assert [one.url for one in found.feeds] == ["https://a.example/", "https://c.example/"]
    assert [(one.line, "ftp://b.example/" in one.message) for one in found.unusable] == [(2, True)]


def test_a_list_of_which_nothing_can_be_used_is_refused_with_each_line() -> None:
    with pytest.raises(ConfigError) as failure:
        read("# mine\nftp://b.example/\n\nhttp://user:secret@c.example/", name="list.txt")
    assert [problem.line for problem in failure.value.problems] == [2, 4]
    assert "list.txt:2" in str(failure.value)
    assert "secret" not in str(failure.value)


def test_every_bad_address_of_an_opml_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError) as failure:
        read('<opml><body>\n<outline xmlUrl="file:///etc/passwd"/>\n<outline xmlUrl="javascript:x"/></body></opml>')
    assert [problem.line for problem in failure.value.problems] == [2, 3]


@pytest.mark.parametrize("text", ["", " \n", "# nothing\n", "<opml><body><outline text='a'/></body></opml>"])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no feeds"):
        read(text)


def test_broken_xml_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigError) as failure:
        read("<opml>\n<body>\n</opml>")
    assert failure.value.problems[0].line == 3


def test_another_document_is_refused() -> None:
    with pytest.raises(InputError, match="<rss>"):
        read("<rss/>")


def test_entities_are_refused_before_they_are_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://secret.example/")
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for declarations in (f'<!ENTITY x SYSTEM "file://{secret}">', f'<!ENTITY l0 "lol">{levels}'):
        with pytest.raises(InputError, match="DOCTYPE") as failure:
            read(f"<!-- {'x' * 20_000} --><!doctype opml [{declarations}]><opml><body>&x;&l9;</body></opml>")
        assert "secret.example" not in str(failure.value)


def test_a_tower_of_outlines_is_refused() -> None:
    with pytest.raises(InputError):
        read("<opml><body>" + "<outline>" * 100_000 + "</outline>" * 100_000 + "</body></opml>")


def test_what_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opml, "MOST_FEEDS", 2)
    with pytest.raises(InputError, match="3 feeds"):
        read("https://a.example/\nhttps://b.example/\nhttps://c.example/")
    monkeypatch.setattr(opml, "MOST_BYTES", 10)
    with pytest.raises(InputError, match="larger"):
        read("https://a.example/")


def test_what_is_written_is_read_again() -> None:
    assert read(write(FEEDS)).feeds == (FEEDS[0], FEEDS[1], FEEDS[2], FEEDS[3])
    assert read(write([Subscription("https://a.example/")])).feeds == (
        Subscription("https://a.example/", "https://a.example/"),
    )
    assert "Mine" in write(FEEDS, title="Mine")


_WORDS = st.text(min_size=1, max_size=20).map(lambda text: "".join(text.split())).filter(bool)


@given(st.lists(st.tuples(_WORDS, st.lists(_WORDS, max_size=3)), min_size=1, max_size=5))
def test_any_title_and_tag_makes_a_document_that_can_be_read(named: list[tuple[str, list[str]]]) -> None:
    feeds = [Subscription(f"https://{n}.example/", title, tuple(tags)) for n, (title, tags) in enumerate(named)]
    assert {one.url for one in read(write(feeds)).feeds} == {one.url for one in feeds}
