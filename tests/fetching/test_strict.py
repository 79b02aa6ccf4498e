from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import feedparser  # type: ignore[import-untyped]
import pytest
from feedparser import api
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.feeds import made
from fetching import strict, strict_tags
from fetching.entries import MAX_ENTRIES, ParsedFeed
from fetching.parse import leniently, parse
from fetching.strict_names import HANDLED

URL = "https://example.com/news/feed"
SEEDS = sorted((Path(__file__).parents[2] / "seeds" / "feeds").glob("*.*"))
SPACES = (
    "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:content='http://purl.org/rss/1.0/modules/content/' "
    "xmlns:media='http://search.yahoo.com/mrss/' xmlns:atom='http://www.w3.org/2005/Atom' "
    "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:thr='http://purl.org/syndication/thread/1.0' "
    "xmlns:slash='http://purl.org/rss/1.0/modules/slash/' xmlns:dcterms='http://purl.org/dc/terms/' "
    "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' xmlns:f='http://rssnamespace.org/feedburner/ext/1.0'"
)
ITEM = "<item><title>a</title><link>https://example.com/a</link></item>"


def _strictly(document: str | bytes, said: str = "utf-8") -> ParsedFeed | None:
    """What `parse` gives when there is no doubt; None when there is one."""
    body = document.encode() if isinstance(document, str) else document
    if strict.read(body, said) is None:
        return None
    return parse(body, url=URL, headers={"content-type": f"application/xml; charset={said}"})


def _leniently(document: str | bytes) -> ParsedFeed:
    return leniently(document.encode() if isinstance(document, str) else document, "utf-8", URL)


def _rss(items: str = ITEM, channel: str = "", spaces: str = SPACES) -> str:
    return f"<rss version='2.0' {spaces}><channel><title>News</title>{channel}{items}</channel></rss>"


def _item(inside: str) -> str:
    return _rss(f"<item><link>https://example.com/a</link>{inside}</item>")


def _atom(inside: str, attributes: str = "") -> str:
    entry = f"<entry><id>urn:1</id><link href='https://example.com/a'/>{inside}</entry>"
    return f"<feed xmlns='http://www.w3.org/2005/Atom' {attributes}><title>News</title>{entry}</feed>"


# -- the same as the lenient way


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_the_seeds_are_read_without_doubt_and_as_the_lenient_parser_reads_them(path: Path) -> None:
    body = path.read_bytes()
    assert _strictly(body) == _leniently(body)


def test_the_measured_feeds_are_read_as_the_lenient_parser_reads_them() -> None:
    bodies = [*made(6, seed=5), *made(3, seed=6)]
    read = [(_strictly(body), _leniently(body)) for body in bodies]
    assert any(strictly for strictly, _ in read)
    assert all(strictly in (None, slowly) for strictly, slowly in read)


SURE = [
    "<guid>https://example.com/b</guid>",
    "<guid isPermaLink='false'>b</guid>",
    "<guid>https:////example.com/b</guid>",
    "<description>&lt;p&gt;One&lt;/p&gt;two</description><content:encoded><![CDATA[<b>text</b>]]></content:encoded>",
    "<content:encoded>long text</content:encoded><description>short</description>",
    "<description>short</description><description>other</description><itunes:summary>third</itunes:summary>",
    "<description>one</description><media:description type='plain'>two two</media:description>",
    "<title>a</title><title>b</title>",
    "<title/><title>b</title>",
    "<title>a</title><source url='https://s.example/'>S</source><title>b</title>",
    "<title>a</title><media:group><media:title>b</media:title><media:content url='/c.jpg'/></media:group>",
    "<media:content url='/c.jpg'><media:thumbnail url='/d.jpg'/><media:credit>x</media:credit></media:content>",
    "<enclosure url='/m.mp3' type='audio/mpeg' length='1'/><media:thumbnail url='/d.jpg'/>",
    "<author>a@example.com (Ann Author)</author><dc:creator>Bob</dc:creator><itunes:author/>",
    "<author>&lt;a@example.com&gt; Ann</author><author>a@example.com</author>",
    "<dc:date>2026-11-21T09:10:00Z</dc:date><pubDate>Sat, 21 Nov 2026 11:10 CEST</pubDate>",
    "<dcterms:created>2026-11-21</dcterms:created><dcterms:modified>2026-11-22</dcterms:modified><pubDate/>",
    "<dc:language>en_GB</dc:language><title xml:lang='vi'>a</title>",
    "<link>https://example.com/?a=1&amp;amp;b=2&amp;c;=3</link>",
    "<atom:link rel='enclosure' href='/e.mp3'/><atom:link rel='Self' href='/s'/><atom:link href='/alternate'/>",
    "<f:origLink>https://example.com/original</f:origLink><thr:total>3</thr:total><slash:comments>3</slash:comments>",
    "<post-id xmlns='com-wordpress:feed-additions:1'>7</post-id><category domain='x'><![CDATA[a]]></category>",
    "<title>L\u00c3\u00a9a \u0093quoted\u0094</title><description>\u00c3\u00a9t\u00c3\u00a9</description>",
    "<title>\u202eevil \u7f8e\u56fd</title><image>https://example.com/p.jpg</image><title>c</title>",
    "<wholly:unknown xmlns:wholly='urn:w' a='b'><wholly:inner>x</wholly:inner></wholly:unknown>",
    "<title>caf\u00e9 \u2019 \u00a0\u00c3\u00a9</title><description>\u00a0 \u0093 \u2019</description>",
    "<title>L&#195;&#169;a &#00147;quoted&#x94;</title><description>&#xC3;&#xa9;t&#x00c3;&#xA9;</description>",
    "<title>one\ntwo &lt;b&gt; three\r\nfour</title><media:group><media:thumbnail url='/d.jpg'/></media:group>",
    f"{'<x>' * 100}{'</x>' * 100}<?php echo?>",
    "".join(f"<media:thumbnail url='/t{number}'/><author>{number}</author>" for number in range(25)),
    "<!-- a comment --><title>a<!-- inside -->b<![CDATA[ & c]]></title>",
]


@pytest.mark.parametrize("inside", SURE)
def test_an_item_without_doubt_is_read_as_the_lenient_parser_reads_it(inside: str) -> None:
    document = _rss(f"<item><link>https://example.com/a</link>{inside}</item>{ITEM}")
    strictly = _strictly(document)
    assert strictly is not None
    assert strictly == _leniently(document)


@pytest.mark.parametrize("around", ["<?xml-stylesheet href='/s.xsl'?>{}", "{}<?a b?>", "<!-- a --><?a b?>{}<!-- b -->"])
def test_instructions_and_comments_around_a_feed_are_nothing_to_it(around: str) -> None:
    document = around.format(_rss())
    strictly = _strictly(document)
    assert strictly is not None
    assert strictly == _leniently(document)


SURE_CHANNELS = [
    "<language>en_US</language><ttl>15</ttl><image><url>/i</url><title>Picture</title><link>/l</link></image>",
    "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
    "<itunes:summary>a</itunes:summary><description>b</description>",
    "<itunes:owner><itunes:name>n</itunes:name></itunes:owner><lastBuildDate>x</lastBuildDate>",
    "<description>b</description><itunes:summary>a</itunes:summary>",
    "<itunes:category text='a'><itunes:category text='b'/></itunes:category>",
    "<atom:link rel='self' href='/x'/><managingEditor>e</managingEditor><skipDays><day>Sunday</day></skipDays>",
]


@pytest.mark.parametrize("channel", SURE_CHANNELS)
def test_a_channel_without_doubt_is_read_as_the_lenient_parser_reads_it(channel: str) -> None:
    twice = "<item><link>/a</link><description>a</description><description>b</description></item>" * 2
    document = _rss(twice, channel)
    strictly = _strictly(document)
    assert strictly is not None
    assert strictly == _leniently(document)


@pytest.mark.parametrize("count", [MAX_ENTRIES, MAX_ENTRIES + 3])
def test_a_long_feed_is_cut_as_the_lenient_way_cuts_it(count: int) -> None:
    document = _rss("".join(f"<item><link>/{number}</link></item>" for number in range(count)))
    strictly = _strictly(document)
    assert strictly is not None
    assert (len(strictly.entries), strictly.dropped) == (MAX_ENTRIES, count - MAX_ENTRIES)
    assert strictly == _leniently(document)


def test_every_element_that_the_lenient_parser_handles_is_known_by_name() -> None:
    methods = [name for name in dir(api.StrictFeedParser) if name.startswith(("_start_", "_end_"))]
    assert {name.split("_", 2)[2].lower() for name in methods} <= HANDLED
    assert feedparser.__version__


# -- the same over made-up feeds

_PIECES = """
Hanoi|AT&T|R&D|a < b|<b>bold</b>|<p>One</p><p>two</p>|café|Ã©|\u0093|&nbsp;|&amp;|&lt;i&gt;|美国|\n |  |<br/>|\u00a0|]
|<script>x()</script>|“quoted”|&#8217;|\u202e|e\u0301
"""
_TEXTS = st.lists(st.sampled_from(_PIECES.split("|")), max_size=5).map(" ".join)
_WRITTEN = st.one_of(
    _TEXTS.map(escape),
    _TEXTS.map(lambda text: escape(escape(text))),
    _TEXTS.map(lambda text: f"<![CDATA[{text}]]>"),
)
_WHEN = """
Sat, 21 Nov 2026 11:10:00 +0100|Sat, 21 Nov 2026 11:10 GMT|21 Nov 2026 11:10:00 EST|2026-11-21T09:10:00Z
|2026-11-21T09:10:00.123+07:00|2026-11-21|20261121T091000|Sat Nov 21 09:10:11 2026|1795000000
|2016/6/29 15:07:41|21. November 2026|Sat, 21 Nov 2026 24:10:00 CET|
"""
_DATES = st.sampled_from(_WHEN.split("|"))
_WHERE = """
https://example.com/a?x=1&y=2|/a|a/b#c|javascript:alert(1)|http:///x/y| https://example.com/a ||https://example.com/é
|urn:uuid:1|?a;b&c;|https://example.com/a b
"""
_LINKS = st.sampled_from(_WHERE.split("|"))


def _element(name: str, content: st.SearchStrategy[str], *attributes: str) -> st.SearchStrategy[str]:
    chosen = st.sampled_from(["", *attributes])
    return st.builds(lambda inside, given: f"<{name} {given}>{inside}</{name.split()[0]}>", content, chosen)


_QUOTED = _LINKS.map(lambda link: escape(link, quote=True))
_PEOPLE = st.sampled_from(["Ann", "a@example.com (Ann)", "&lt;a@b.example&gt; Ann", "", "\u00c3\u00a9va", "Ann, Bob"])
_MEDIA = st.one_of(
    _QUOTED.map(lambda url: f"<media:content url='{url}' medium='image'/>"),
    _QUOTED.map(lambda url: f"<media:thumbnail url='{url}'/>"),
    _WRITTEN.map(lambda text: f"<media:description>{text}</media:description>"),
    _PEOPLE.map(lambda name: f"<media:credit role='a'>{name}</media:credit>"),
)
_FIELDS = st.one_of(
    _element("title", _WRITTEN, "type='html'", "type='text'", "xml:lang='de'"),
    _element("description", _WRITTEN),
    _element("content:encoded", _WRITTEN),
    _element("dc:description", _WRITTEN),
    _element("itunes:summary", _WRITTEN),
    _element("summary", _WRITTEN, "type='html'"),
    _element("content", _WRITTEN, "type='html'", "type='text'", "type='text/html'"),
    _element("link", _QUOTED),
    _element("guid", _QUOTED, "isPermaLink='false'", "isPermaLink='true'", "ispermalink='TRUE'"),
    _element("id", _QUOTED),
    *(_element(name, _DATES) for name in ("pubDate", "published", "updated", "dc:date", "dcterms:created")),
    *(_element(name, _PEOPLE) for name in ("author", "dc:creator", "itunes:author", "contributor")),
    _element("category", _WRITTEN, "domain='x'", "term='y'"),
    _element("dc:subject", _WRITTEN),
    _element("dc:language", st.sampled_from(["en", "pt_BR", ""])),
    _element("source", _WRITTEN, "url='https://s.example/'"),
    _element("comments", _QUOTED),
    _element("f:origLink", _QUOTED),
    st.builds(
        lambda rel, url, kind: f"<atom:link rel='{rel}' type='{kind}' href='{url}'/>",
        st.sampled_from(["alternate", "self", "enclosure", "Enclosure", "related"]),
        _QUOTED,
        st.sampled_from(["text/html", "audio/mpeg", "TEXT/HTML", "application/xhtml+xml"]),
    ),
    _QUOTED.map(lambda url: f"<enclosure url='{url}' length='1' type='audio/mpeg'/>"),
    _MEDIA,
    st.lists(_MEDIA, max_size=3).map(lambda inside: f"<media:group>{''.join(inside)}</media:group>"),
)
_DOUBTFUL = st.one_of(
    _WRITTEN.map(lambda text: f"<media:title type='html'>{text}</media:title>"),
    _element("content", _WRITTEN, "type='xhtml'", "type='image/png'", "type='text'"),
    _element("pubDate", st.sampled_from(["soon", "3/4/2026", "0001-01-01T00:00:00Z"])),
    _element("media:thumbnail", _QUOTED),
    st.builds(lambda one: f"<author>\n<name>{one}</name></author>", _PEOPLE),
)
_OF_CHANNELS = st.one_of(
    _element("language", st.sampled_from(["en", "pt_BR", ""])),
    _element("dc:language", st.sampled_from(["en", ""])),
    _element("ttl", st.sampled_from(["15", "", "x"])),
    _element("sy:updatePeriod", st.sampled_from(["daily", "hourly"])),
    *(_element(name, _WRITTEN) for name in ("description", "itunes:summary", "subtitle", "copyright", "generator")),
    _element("lastBuildDate", _DATES),
    st.just("<image><title>p</title><url>/p</url></image>"),
    st.just("<atom:link rel='self' href='/feed'/>"),
)


_LANGS = st.sampled_from(["", "xml:lang='en_GB'"])
_ITEM_LANGS = st.sampled_from(["", "", "xml:lang='vi'"])


@st.composite
def _feeds(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["rss", "atom", "rdf"]))
    odd = draw(st.integers(0, 5)) == 0
    lang = draw(st.sampled_from(["xml:lang=''", "xml:base='https://b.example/'"])) if odd else draw(_LANGS)
    fields = st.lists(st.one_of(_FIELDS, _DOUBTFUL) if odd else _FIELDS, max_size=8).map("".join)
    name = "entry" if kind == "atom" else "item"
    people = st.lists(_PEOPLE, max_size=2).map(
        lambda names: "".join(f"<author>\n<name>{one}</name><email>{one}</email></author>" for one in names)
    )
    items = [
        f"<{name} {draw(_ITEM_LANGS)}><guid>https://example.com/{number}</guid>{draw(people)}{draw(fields)}</{name}>"
        for number in range(draw(st.integers(1, 3)))
    ]
    title = draw(_element("title", _WRITTEN))
    channel = title + "".join(draw(st.lists(_OF_CHANNELS, max_size=4)))
    if kind == "rss":
        return f"<rss version='2.0' {SPACES} {lang}><channel>{channel}{''.join(items)}</channel></rss>"
    if kind == "atom":
        return f"<feed xmlns='http://www.w3.org/2005/Atom' {SPACES} {lang}>{channel}{''.join(items)}</feed>"
    rdf = "xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
    return f"<rdf:RDF {rdf} {SPACES} {lang}><channel rdf:about='/x'>{channel}</channel>{''.join(items)}</rdf:RDF>"


@settings(max_examples=300)
@given(_feeds())
def test_any_well_formed_feed_is_doubted_or_read_as_the_lenient_parser_reads_it(document: str) -> None:
    strictly = _strictly(document)
    assert strictly is None or strictly == _leniently(document)


# -- doubts


DOUBTS = {
    "no XML": "Service unavailable",
    "nothing": "",
    "broken XML": _rss() + "<",
    "an HTML entity": _item("<title>a&nbsp;b</title>"),
    "a bare ampersand": _item("<title>AT&T</title>"),
    "a DOCTYPE": "<!DOCTYPE rss>" + _rss(),
    "a DOCTYPE behind a comment": "<?xml version='1.0'?><!-- <rss> --><!DOCTYPE rss [<!ENTITY a 'b'>]>" + _rss(),
    "another declared encoding": "<?xml version='1.0' encoding='iso-8859-1'?>" + _rss(),
    "another version of XML": "<?xml version='1.1'?>" + _rss(),
    "an unknown root": f"<opml>{ITEM}</opml>",
    "RSS in a namespace": _rss(spaces="xmlns='http://backend.userland.com/rss2'"),
    "an older Atom": "<feed xmlns='http://purl.org/atom/ns#'><entry><id>a</id></entry></feed>",
    "Atom without namespace": "<feed><entry><id>a</id></entry></feed>",
    "no entries": _rss(""),
    "neither link nor id": _rss("<item><title>a</title></item>"),
    "an unreadable date": _item("<pubDate>soon</pubDate>"),
    "an ambiguous date": _item("<pubDate>3/4/2026</pubDate>"),
    "a date of no time": _item("<pubDate>0001-01-01T00:00:00Z</pubDate>"),
    "xml:base on the root": _atom("", "xml:base='https://b.example/'"),
    "xml:base on a link": _atom("<link xml:base='https://b.example/' href='a'/>"),
    "a language taken back": _atom("<title xml:lang=''>a</title>"),
    "XHTML": _atom("<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a</div></content>"),
    "a type of its own": _atom("<content type='image/png'>aGVsbG8=</content>"),
    "content elsewhere": _atom("<content src='https://example.com/c' type='html'/>"),
    "an old mode": _atom("<content mode='base64'>aGVsbG8=</content>"),
    "elements in a title": _item("<title>x <b>bold</b> y</title>"),
    "elements in a description": _item("<description><p>x</p></description>"),
    "a link without address": _atom("<link rel='alternate'/>"),
    "a link with an address of another name": _atom("<link url='https://example.com/b'/>"),
    "an enclosure with an address of another name": _item("<enclosure href='https://example.com/b'/>"),
    "a title of a picture only": _item("<media:title>a</media:title>"),
    "a thumbnail that is text": _item("<media:thumbnail>https://example.com/t.jpg</media:thumbnail>"),
    "the feed that an entry is from": _atom("<source><title>a</title></source>"),
    "an author in parts behind one that is text": _item("<author>a</author><author><name>b</name></author>"),
    "a second author without name": _atom("<author><name>b</name></author><author><email>c</email></author>"),
    "a place": _item("<g:point xmlns:g='http://www.georss.org/georss'>1 2</g:point>"),
    "a text input": _rss(channel="<textInput><title>a</title></textInput>"),
    "two titles of a feed": _rss(channel="<title>b</title>"),
    "two channels": f"<rss><channel>{ITEM}</channel><channel/></rss>",
    "a title in something unknown": _item("<unknown><title>a</title></unknown>"),
    "a name that means something inside": _item("<date>2026-11-21</date>"),
    "a known prefix with another meaning": _rss(spaces="xmlns:dc='http://search.yahoo.com/mrss/'"),
    "a prefix with two meanings": _item("<x:y xmlns:x='urn:1'/><x:y xmlns:x='http://purl.org/dc/elements/1.1/'/>"),
    "two prefixes with one unknown meaning": _rss(spaces="xmlns:a='urn:1' xmlns:media='urn:1'"),
    "an unknown default namespace": _item("<title xmlns='urn:1'>a</title>"),
    "an ampersand in a comment": _rss("<!-- a & b -->" + ITEM),
    "a long reference": _item("<title>&#00000000065;</title>"),
    "a number of minutes with attributes": _rss(channel="<ttl unit='m'>15</ttl>"),
    "nesting without end": _item("<x>" * 3_000 + "</x>" * 3_000),
    "groups in groups without end": _item("<media:group>" * 3_000 + "</media:group>" * 3_000),
    "one unknown meaning with a prefix and without": _rss(spaces="xmlns='urn:1' xmlns:a='urn:1'"),
    "an ampersand in an instruction": _rss("<?a & b?>" + ITEM),
    "an instruction in a title": _item("<title>a<?php echo?>b</title>"),
}


@pytest.mark.parametrize("document", DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_leaves_the_document_to_the_lenient_parser(document: str) -> None:
    assert strict.read(document.encode(), "utf-8") is None


def test_bytes_that_are_not_utf_8_are_doubted() -> None:
    document = _item("<title>\u00e9t\u00e9</title>")
    assert strict.read(document.encode(), "") is not None
    assert strict.read(document.encode(), "iso-8859-1") is None
    assert strict.read(document.encode("cp1252"), "") is None
    assert strict.read(document.encode("utf-16"), "") is None
    assert strict.read(b"\xef\xbb\xbf" + document.encode(), "utf-8") is not None


def test_what_begins_without_end_is_given_up_at_once() -> None:
    for beginning in ("<!-- ", "<![CDATA[", "<?x ", "xmlns:a='", "&#"):
        assert strict.read(("<rss>" + beginning * 100_000).encode(), "") is None
        assert strict.read((beginning * 100_000).encode(), "") is None


def test_no_long_name_of_a_strangers_feed_is_remembered() -> None:
    def remembered(name: str) -> int:
        strict_tags._known_name.cache_clear()
        assert strict.read(_item(f"<{name}/>").encode(), "") is not None
        return strict_tags._known_name.cache_info().currsize

    assert remembered("x" * 100) == remembered("x" * 200) + 1


# -- no text is lost


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("AT&amp;T R&amp;D", "AT&T R&D"),
        ("AT&T R&D", "AT&T R&D"),
        ("AT&T R&amp;D", "AT&T R&D"),
        ("a&nbsp;b", "a b"),
        ("a&amp;nbsp;b", "a b"),
        ("<![CDATA[AT&T R&D]]>", "AT&T R&D"),
        ("a<![CDATA[ & ]]>b", "a & b"),
        ("caf&eacute; &#8212; b", "café — b"),
        ("1 &lt; 2 &amp;amp; 3", "1 < 2 & 3"),
    ],
)
def test_a_title_loses_no_text_whoever_reads_it(title: str, text: str) -> None:
    (entry,) = parse(_item(f"<title>{title}</title>").encode(), url=URL, headers={}).entries
    assert entry.title == text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(" the ", " the&nbsp;", 3),
        lambda text: text.replace("</title>", " R&D & so on</title>"),
        lambda text: f'<!DOCTYPE rss [<!ENTITY copy "(c)">]>{text}',
        lambda text: text.replace("</title>", "\x0b\x00</title>", 3),
        lambda text: f"\n\n{text}<!-- made in 3 ms -->",
    ],
)
def test_a_mended_feed_is_read_as_the_lenient_parser_reads_it(spoil: Callable[[str], str]) -> None:
    for body in made(6, seed=5):
        spoilt = spoil(body.decode().partition("?>")[2].strip())
        assert strict.read(spoilt.encode(), "utf-8") is None or "\n\n" in spoilt
        read = parse(spoilt.encode(), url=URL, headers={"content-type": "application/xml; charset=utf-8"})
        assert read == _leniently(spoilt)
        assert read.entries
