from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ItemFailed
from core.reasons import Reason
from fetching import parse as parsing
from fetching.parse import MAX_ENTRIES, ParsedEntry, ParsedFeed, at_once, parse

URL = "https://example.com/news/feed"
NINE_TEN = datetime(2026, 11, 21, 9, 10, tzinfo=UTC)
CONTENT = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
ATOM = "xmlns='http://www.w3.org/2005/Atom'"


def _read(document: str | bytes, **headers: str) -> ParsedFeed:
    body = document.encode() if isinstance(document, str) else document
    return parse(body, url=URL, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _rss(items: str, channel: str = "") -> str:
    return f"<rss version='2.0' {CONTENT}><channel><title>News</title>{channel}{items}</channel></rss>"


def _entry(document: str | bytes) -> ParsedEntry:
    (entry,) = _read(document).entries
    return entry


def _title(title: str) -> str:
    return _entry(_rss(f"<item><title>{title}</title></item>")).title


def _failure(document: str | bytes) -> ItemFailed:
    with pytest.raises(ItemFailed) as failure:
        _read(document)
    assert failure.value.item == URL
    return failure.value


# -- formats


def test_an_rss_item_becomes_an_entry() -> None:
    feed = _read(
        f"""<?xml version="1.0"?><rss version="2.0" {CONTENT} xmlns:dc="http://purl.org/dc/elements/1.1/"
          xmlns:media="http://search.yahoo.com/mrss/"><channel>
          <title>News &amp; views</title><language>en_US</language><ttl>15</ttl>
          <item><title>Hanoi</title><link>/a?x=1&amp;b=2</link><guid isPermaLink="false">g-1</guid>
          <description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;</description>
          <content:encoded><![CDATA[<p>Full <b>text</b></p>]]></content:encoded>
          <pubDate>Sat, 21 Nov 2026 11:10 CEST</pubDate><dc:creator>A. Writer</dc:creator>
          <dc:language>vi</dc:language><enclosure url="/m.mp3" type="audio/mpeg"/>
          <media:thumbnail url="https://img.example.com/1.jpg"/><media:content url="javascript:x"/></item>
          </channel></rss>"""
    )
    assert (feed.format, feed.title, feed.language) == ("rss", "News & views", "en-US")
    assert (feed.ttl, feed.dropped) == (timedelta(minutes=15), 0)
    assert feed.entries == (
        ParsedEntry(
            guid="g-1",
            url="https://example.com/a?x=1&b=2",
            title="Hanoi",
            summary="One\ntwo",
            content="Full text",
            html="<p>Full <b>text</b></p>",
            published=NINE_TEN,
            authors=("A. Writer",),
            language="vi",
            media=("https://example.com/m.mp3", "https://img.example.com/1.jpg"),
        ),
    )


def test_an_atom_entry_becomes_an_entry() -> None:
    feed = _read(
        f"""<feed {ATOM} xml:base="https://cdn.example.com/x/" xml:lang="vi"><title>News</title><entry>
          <title type="text">AT&amp;T &lt;b&gt;</title><id>urn:1</id><link href="a/b"/>
          <updated>2026-11-21T16:10:00+07:00</updated><author><name>A</name></author><author><name>B</name></author>
          <summary type="text">a &lt;b
          c</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>two</p></div></content>
          </entry></feed>"""
    )
    assert (feed.format, feed.language, feed.ttl) == ("atom", "vi", None)
    (entry,) = feed.entries
    assert (entry.guid, entry.url, entry.title) == ("urn:1", "https://cdn.example.com/x/a/b", "AT&T <b>")
    assert (entry.published, entry.updated) == (None, NINE_TEN)
    assert (entry.authors, entry.language) == (("A", "B"), "vi")
    assert (entry.summary, entry.content, entry.html) == ("a <b c", "One\ntwo", "<p>One</p><p>two</p>")


def test_an_rss_1_item_becomes_an_entry() -> None:
    feed = _read(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
          xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
          <channel><title>News</title><sy:updatePeriod>daily</sy:updatePeriod>
          <sy:updateFrequency>4</sy:updateFrequency></channel>
          <item><title>Hanoi</title><link>https://example.com/a</link><dc:date>2026-11-21T09:10:00Z</dc:date></item>
          </rdf:RDF>"""
    )
    assert (feed.format, feed.ttl) == ("rdf", timedelta(hours=6))
    assert (feed.entries[0].url, feed.entries[0].published) == ("https://example.com/a", NINE_TEN)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert _read(_rss("")).entries == ()
    assert _read(f"<feed {ATOM}><title>x</title></feed>").format == "atom"


def test_a_packed_feed_is_unpacked() -> None:
    assert _read(gzip.compress(_rss("<item><title>a</title></item>").encode())).entries[0].title == "a"


@pytest.mark.parametrize(
    ("channel", "ttl"),
    [
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>99999999999</ttl>", timedelta(minutes=9_999_999)),
        (
            "<s:updatePeriod xmlns:s='http://purl.org/rss/1.0/modules/syndication/'>hourly</s:updatePeriod>",
            timedelta(hours=1),
        ),
        ("<s:updatePeriod xmlns:s='http://purl.org/rss/1.0/modules/syndication/'>never</s:updatePeriod>", None),
    ],
)
def test_a_feeds_own_word_on_how_often_it_changes_is_read(channel: str, ttl: timedelta | None) -> None:
    assert _read(_rss("", channel)).ttl == ttl


# -- what is no feed


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\x00\x00"])
def test_an_empty_body_is_a_failure(body: bytes) -> None:
    assert _failure(body).reason is Reason.EMPTY_BODY


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>",
        "<html><body><item><title>x</title></item></body></html>",
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
        "<script>location='/'</script>",
        "<opml><body/></opml>",
        "<error>quota</error>",
        "Service unavailable",
        '{"error": "no such feed"}',
        "[1, 2]",
    ],
)
def test_a_page_or_a_message_is_no_feed(body: str) -> None:
    failure = _failure(body)
    assert failure.reason is Reason.NOT_A_FEED
    assert failure.detail


CUT_GZIP = gzip.compress(b"<rss/>", mtime=0)[:15]


@pytest.mark.parametrize("body", ["<rss><channel><title>x", "<rss", "<feed>\x01<", CUT_GZIP])
def test_a_feed_that_broke_off_before_its_first_entry_is_bad(body: str | bytes) -> None:
    assert _failure(body).reason is Reason.BAD_FEED


def test_a_packed_bomb_is_too_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "UNPACKED_BYTES", 100_000)
    assert _failure(gzip.compress(bytes(5_000_000))).reason is Reason.TOO_BIG


def test_a_parser_that_raises_is_a_bad_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates\nnot allowed")

    monkeypatch.setattr("fetching.parse.feedparser.parse", stumble)
    failure = _failure(_rss(""))
    assert failure.reason is Reason.BAD_FEED
    assert failure.detail.startswith("UnicodeEncodeError: ")


# -- safety


def test_a_body_that_is_a_path_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "secret.xml"
    path.write_text(_rss("<item><title>secret</title></item>"))
    assert _failure(str(path)).reason is Reason.NOT_A_FEED
    assert _failure(f"file://{path}").reason is Reason.NOT_A_FEED


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret")
    for declaration in (f'<!ENTITY x SYSTEM "file://{path}">', f'<!ENTITY % x SYSTEM "file://{path}"> %x;'):
        feed = _read(f"<!DOCTYPE rss [{declaration}]>{_rss('<item><title>a &x; b</title></item>')}")
        assert feed.entries[0].title == "a &x; b"


def test_an_entity_bomb_does_not_go_off() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    feed = _read(f'<!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>{_rss("<item><title>&l9;</title></item>")}')
    assert feed.entries[0].title == "&l9;"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&T R&D", "AT&T R&D"),
        ("AT&amp;amp;T", "AT&T"),
        ("a&nbsp;b", "a b"),
        ("<![CDATA[<b>One</b> & two]]>", "One & two"),
        ("x <b>bold</b> y", "x bold y"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Hi", "Hi"),
        ("&lt;img src=x onerror=alert(1)&gt;Hi", "Hi"),
        ("a &lt; b", "a < b"),
        ("&amp;lt;b&amp;gt;", "<b>"),
        ("One\n two", "One two"),
        ("\u202eevil\x00", "evil"),
    ],
)
def test_a_title_is_text_unescaped_once_without_tags(title: str, text: str) -> None:
    assert _title(title) == text


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "file:///etc/passwd"]
)
def test_a_link_that_is_no_web_address_is_left_out(link: str) -> None:
    assert _entry(_rss(f"<item><link>{link}</link></item>")).url == ""


# -- what is broken is mended


def test_broken_xml_is_salvaged() -> None:
    feed = _read(_rss("<item><title>One</title></item><item><title>Two <b></title></item>"))
    assert feed.entries[0].title == "One"
    assert len(feed.entries) == 2


def test_a_feed_that_breaks_off_gives_what_came_whole_and_says_so() -> None:
    feed = _read("<rss><channel><item><title>One</title></item><item><title>Two</title><link>/b</link><descr")
    assert ([entry.title for entry in feed.entries], feed.whole) == (["One"], False)


def test_references_to_no_character_cost_nothing_but_themselves() -> None:
    assert _title("a&#x110000;b&#xD800;c&#0;d") == "abcd"


def test_what_stands_around_a_feed_is_ignored() -> None:
    feed = _read(f"Notice: x\n<!-- c --><?xml version='1.0'?>{_rss('<item><title>a</title></item>')}<script>x</script>")
    assert feed.entries[0].title == "a"


@pytest.mark.parametrize("header", ["text/xml", "text/xml; charset=iso-8859-1", "text/html; charset=koi8-r", ""])
def test_a_lying_charset_leaves_the_text_readable(header: str) -> None:
    document = "<?xml version='1.0' encoding='iso-8859-1'?>" + _rss("<item><title>Việt Nam</title></item>")
    assert _read(document, content_type=header).entries[0].title == "Việt Nam"


def test_windows_quotes_in_a_latin_1_feed_stay_quotes() -> None:
    document = "<?xml version='1.0' encoding='iso-8859-1'?>" + _rss("<item><title>“L’été”</title></item>")
    assert _entry(document.encode("cp1252")).title == "“L’été”"


# -- what is missing, and what is too much


def test_an_entry_may_have_nothing() -> None:
    assert _entry(_rss("<item/>")) == ParsedEntry()


def test_the_guid_of_an_rss_item_is_its_link_when_it_says_so() -> None:
    entry = _entry(_rss("<item><guid>https://example.com/a</guid></item>"))
    assert (entry.guid, entry.url) == ("https://example.com/a", "https://example.com/a")


def test_a_relative_id_does_not_change_when_the_feed_moves() -> None:
    document = f"<feed {ATOM}><entry><id>a/1</id><title>x</title></entry></feed>".encode()
    ids = {parse(document, url=url, headers={}).entries[0].guid for url in ("http://a.example/", "https://b.example/x")}
    assert ids == {"a/1"}


def test_the_original_link_of_feedburner_is_preferred() -> None:
    link = "<link>https://feedproxy.example/~r/x</link><f:origLink>https://example.com/a</f:origLink>"
    document = _rss(f"<item>{link}</item>").replace(
        "<rss ", "<rss xmlns:f='http://rssnamespace.org/feedburner/ext/1.0' ", 1
    )
    assert _entry(document).url == "https://example.com/a"


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31", "Wed, 30 Nov -0001 00:00:00 +0000", "soon", ""])
def test_a_mad_date_is_no_date(date: str) -> None:
    assert _entry(_rss(f"<item><pubDate>{date}</pubDate></item>")).published is None


def test_the_parsers_own_misreading_of_a_date_is_not_taken() -> None:
    entry = _entry(_rss("<item><pubDate>2016/6/29 15:07:41</pubDate></item>"))
    assert entry.published == datetime(2016, 6, 29, 15, 7, 41, tzinfo=UTC)


def test_a_hundred_thousand_items_are_cut_to_the_limit() -> None:
    items = "".join(f"<item><title>t{number}</title></item>" for number in range(100_000))
    feed = _read(_rss(items))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.dropped == 100_000 - MAX_ENTRIES
    assert feed.entries[-1].title == f"t{MAX_ENTRIES - 1}"


def test_items_without_an_end_are_cut_too() -> None:
    feed = _read("<rss><channel>" + "<item><title>x</title>" * (MAX_ENTRIES + 10))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.dropped == 10


def test_a_declaration_that_never_ends_is_no_feed() -> None:
    assert _failure(b"<!DOCTYPE </item> <item> <link>").reason is Reason.NOT_A_FEED


_MARKUP = """
<rss> <channel> </channel> </rss> <item> </item> <title> </title> <link> </link> <pubDate> </pubDate> 2026-11-21
<feed> <entry> </entry> <content> </content> & &# &amp; <![CDATA[ ]]> <!-- --> <? ?> <!DOCTYPE [ <!ENTITY a 'b'> ]> é
\x00
"""


@given(st.lists(st.sampled_from(_MARKUP.split()), max_size=30))
def test_any_mixture_of_markup_is_a_feed_or_a_failure_with_a_reason(parts: list[str]) -> None:
    try:
        titles = [entry.title for entry in _read(" ".join(parts)).entries]
        reason = None
    except ItemFailed as failure:
        titles, reason = [], failure.reason
    assert reason in (None, Reason.EMPTY_BODY, Reason.NOT_A_FEED, Reason.BAD_FEED)
    assert all("\n" not in title for title in titles)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_feed_or_a_failure_with_a_reason(body: bytes) -> None:
    with pytest.raises(ItemFailed):
        parse(body, url=URL, headers={"content-type": "application/rss+xml"})


def test_a_feed_that_breaks_off_in_its_first_item_could_not_be_read() -> None:
    with pytest.raises(ItemFailed) as failed:
        _read("<rss><channel><item><title>Uncl")
    assert failed.value.reason is Reason.BAD_FEED
    feed = _read("<rss><channel><item><title>One</title></item><item><title>Tw")
    assert [entry.title for entry in feed.entries] == ["One"]


# -- faults of ours


def _stumble(*_: object, **__: object) -> NoReturn:
    raise ZeroDivisionError("a fault of ours")


def test_what_the_strict_reader_stumbles_over_is_read_by_the_lenient_one_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    document = _rss("<item><title>a</title><link>https://example.com/a</link></item>")
    before = _read(document)
    monkeypatch.setattr("fetching.strict.read", _stumble)
    assert _read(document) == before
    assert "a fault of ours" in caplog.text


def test_what_every_reader_stumbles_over_is_a_failure_of_that_feed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fetching.strict.read", _stumble)
    monkeypatch.setattr("fetching.repair.opened", _stumble)
    assert _failure(_rss("")).reason is Reason.STUMBLED
    assert URL in caplog.text


def test_what_leaves_no_doubt_is_read_at_once_and_all_else_is_left_to_who_may_take_longer() -> None:
    clear = _rss("<item><title>a</title><link>https://example.com/a</link></item>").encode()
    found = at_once(clear, url=URL, headers={})
    assert found is not None
    assert found.made() == _read(clear)
    for doubtful in (clear.replace(b"</title>", b""), gzip.compress(clear), b"<html>", b"{}", b""):
        assert at_once(doubtful, url=URL, headers={}) is None
