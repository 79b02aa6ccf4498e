"""Feeds of 20 to 100 entries read per second of one core: ours beside its peers, in one run.

    python -m bench.feeds [--json] [--corpus DIR]

The feeds are made up: RSS as blogs and as news sites write it, Atom and RSS 1.0, with pictures, categories and text in
HTML. One in twenty leaves a doubt, as one in twenty real feeds does: an HTML entity, a bare ampersand, a DOCTYPE. None
has text as XHTML, for which feedparser is asked. `--corpus` reads the feed files of a folder instead. Each way reads
each feed so often; the fastest round counts. Times are of this process's CPU.

Ours makes the text of an entry when it is asked for: "texts when asked" asks for none, and so has done less than its
peers; "all texts made" has done more than them, as they leave HTML as it is. "a poll" is what polling does of a feed
whose entries are known but for two: parsing, keys and fingerprints of all, texts of the two; the database is left out.
fastfeedparser's core is compiled, and drops text around entities and ampersands that XML does not know.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from itertools import islice
from pathlib import Path
from statistics import median

import fastfeedparser  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]

from bench.prose import Writer
from bench.tables import table
from core import urls
from core.errors import ItemFailed
from fetching import identity, repair, strict
from fetching.charset import decoded
from fetching.entries import ParsedEntry, ParsedFeed
from fetching.parse import leniently, parse

AIM = 1_000.0  # feeds a second and core
FEWEST, MOST = 20, 100  # entries of a feed
DOUBTFUL = 20  # one feed in so many
NEW = 2  # entries of a feed that a poll finds new
_ENDINGS = (".xml", ".rss", ".atom", ".json", ".rdf")
_ASKED = "ours, texts when asked"
_ALL = "ours, all texts made"
_SURE = f"{_ASKED}, feeds without doubt"
_POLL = f"ours, a poll with {NEW} new entries"
_URL = "https://news.example/feed"
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Feeds a second of CPU time by way, and what was read."""

    rates: dict[str, float]
    feeds: int
    entries: int
    kilobytes: float  # of the middle feed, 1,000 bytes
    doubted: float  # share of the feeds that the strict reader did not take as they came
    fell_back: float  # share of the feeds that feedparser read for us
    same: bool  # whether the strict reader's values were feedparser's
    rounds: dict[str, list[float]]  # all rates, of which the fastest count


# -- feeds


def made(count: int, *, seed: int) -> list[bytes]:
    """So many feeds, the same for the same seed."""
    chance = random.Random(seed)
    return [_feed(Writer(chance), number) for number in range(count)]


def _feed(writer: Writer, number: int) -> bytes:
    size = writer.chance.randint(FEWEST, MOST)
    write = (_blog, _news, _atom, _news, _blog, _rdf)[number % 6]
    document = write([_Item(writer, number * 1_000 + one) for one in range(size)])
    if number % DOUBTFUL == DOUBTFUL - 1:
        document = writer.chance.choice(_DOUBTS)(document)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()


_DOUBTS: tuple[Callable[[str], str], ...] = (
    lambda document: document.replace(" the ", " the&nbsp;", 1),
    lambda document: document.replace("</title>", " R&D</title>", 2),
    lambda document: f'<!DOCTYPE rss [<!ENTITY copy "(c)">]>{document}',
)


class _Item:
    """One entry's parts, as they stand in XML."""

    def __init__(self, writer: Writer, number: int) -> None:
        chance = writer.chance
        story = writer.story(chance.choice((40, 40, 80, 200)))
        self.title = escape(story.headline)
        self.link = escape(
            f"https://news.example/{story.section.lower()}/{story.slug}-{number}.html?ref=rss&n={number}"
        )
        self.author = escape(story.author)
        self.section = escape(story.section)
        self.at = _START - timedelta(minutes=17 * (number % 1_000), seconds=chance.randint(0, 59))
        self.line = escape(story.standfirst)
        self.number = number
        picture = f'<img src="https://img.example/{number}.jpg" alt="" class="wp-image"/>'
        paragraphs = "".join(f"<p>{escape(one)}</p>\n" for one in story.paragraphs)
        self.html = f'<figure>{picture}</figure>\n{paragraphs}<p><a href="{self.link}">Read&#8230;</a></p>'


def _blog(items: Sequence[_Item]) -> str:
    return _rss(
        f"<item><title>{one.title}</title><link>{one.link}</link><comments>{one.link}#comments</comments>"
        f"<dc:creator><![CDATA[{one.author}]]></dc:creator><pubDate>{format_datetime(one.at)}</pubDate>"
        f"<category><![CDATA[{one.section}]]></category><category><![CDATA[News]]></category>"
        f'<guid isPermaLink="false">https://news.example/?p={one.number}</guid>'
        f"<description><![CDATA[<p>{one.line} [&#8230;]</p>]]></description>"
        f"<content:encoded><![CDATA[{one.html}]]></content:encoded></item>\n"
        for one in items
    )


def _news(items: Sequence[_Item]) -> str:
    return _rss(
        f'<item><title>{one.title}</title><link>{one.link}</link><guid isPermaLink="true">{one.link}</guid>'
        f"<description>{one.line}</description><pubDate>{format_datetime(one.at, usegmt=True)}</pubDate>"
        f'<category domain="news">{one.section}</category>'
        f'<media:content url="https://img.example/{one.number}.jpg" medium="image" width="800" height="450">'
        f"<media:credit>{one.author}</media:credit></media:content></item>\n"
        for one in items
    )


def _rss(items: Iterable[str]) -> str:
    joined = "".join(items)
    return (
        f'<rss version="2.0" {_SPACES}><channel><title>News</title><link>https://news.example/</link>'
        f'<atom:link rel="self" type="application/rss+xml" href="{_URL}"/><description>All of it</description>'
        f"<language>en-GB</language><lastBuildDate>{format_datetime(_START)}</lastBuildDate><ttl>15</ttl>"
        f"<image><url>https://news.example/i.png</url><title>News</title></image>{joined}</channel></rss>"
    )


def _atom(items: Sequence[_Item]) -> str:
    entries = "".join(
        f'<entry><title type="html">{one.title}</title><id>tag:news.example,2026:{one.number}</id>'
        f'<link rel="alternate" type="text/html" href="{one.link}"/><published>{one.at.isoformat()}</published>'
        f'<updated>{one.at.isoformat()}</updated><author><name>{one.author}</name></author><category term="x"/>'
        f'<summary>{one.line}</summary><content type="html">{escape(one.html)}</content></entry>\n'
        for one in items
    )
    head = f"<title>News</title><id>tag:news.example,2026:feed</id><updated>{_START.isoformat()}</updated>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">{head}{entries}</feed>'


def _rdf(items: Sequence[_Item]) -> str:
    entries = "".join(
        f'<item rdf:about="{one.link}"><title>{one.title}</title><link>{one.link}</link>'
        f"<dc:date>{one.at.isoformat()}</dc:date><dc:creator>{one.author}</dc:creator><description>{one.line}</description></item>\n"
        for one in items
    )
    rdf = 'xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    channel = f'<channel rdf:about="{_URL}"><title>News</title><sy:updatePeriod>hourly</sy:updatePeriod></channel>'
    return f"<rdf:RDF {rdf} {_SPACES}>{channel}{entries}</rdf:RDF>"


# -- measuring


def measure(bodies: Sequence[bytes], rounds: int) -> Figures:
    """Read the feeds in each way, `rounds` times, the ways in turn."""
    sure = [body for body in bodies if strict.read(body, "utf-8")]
    known = {body: _known(body) for body in bodies}
    ways: dict[str, Callable[[bytes], object]] = {
        _ASKED: _ours,
        _SURE: _ours,
        _POLL: lambda body: _polled(body, known[body]),
        _ALL: lambda body: [one.made() for one in _ours(body).entries],
        "ours, feedparser only": lambda body: leniently(body, "utf-8", _URL).made(),
        "feedparser alone": lambda body: _bare(body, clean=True),
        "feedparser, sanitising off": lambda body: _bare(body, clean=False),
        "fastfeedparser": fastfeedparser.parse,
    }
    every: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            every[name].append(_rate(way, sure if name == _SURE else bodies))
    read = [_ours(body) for body in bodies]
    return Figures(
        rates={name: max(rates) for name, rates in every.items()},
        feeds=len(bodies),
        entries=sum(len(one.entries) for one in read),
        kilobytes=median(len(body) / 1_000 for body in bodies),
        doubted=1 - len(sure) / len(bodies),
        fell_back=sum(not _strictly_read(body) for body in bodies) / len(bodies),
        same=all(one == leniently(body, "utf-8", _URL) for one, body in zip(read, bodies, strict=True)),
        rounds=every,
    )


def corpus(folder: Path, most: int) -> list[bytes]:
    """The feed files below a folder that can be read, at most so many."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    return list(islice((body for body in (path.read_bytes() for path in files) if _is_feed(body)), most))


def _is_feed(body: bytes) -> bool:
    try:
        return bool(_ours(body).entries)
    except ItemFailed:
        return False


def _strictly_read(body: bytes) -> bool:
    """Whether the strict reader took it, as it came or mended."""
    mended = repair.mended(repair.opened(decoded(body)).text)
    return bool(strict.read(body, "utf-8") or strict.read(mended.encode(), ""))


def _ours(body: bytes) -> ParsedFeed:
    return parse(body, url=_URL, headers=_HEADERS)


Kept = dict[str, str]  # fingerprint by key


def _known(body: bytes) -> Kept:
    """What is kept of a feed's entries but the newest."""
    entries = _ours(body).entries[NEW:] if _is_feed(body) else ()
    return {identity.entry_key(one): identity.fingerprint(one) for one in entries}


def _polled(body: bytes, known: Kept) -> list[ParsedEntry]:
    """The entries that are not known or were edited, their texts made; what `pipeline.entries` asks of each."""
    fresh = []
    for one in _ours(body).entries:
        kept = known.get(identity.entry_key(one))
        link, _ = identity.entry_link(one, _URL)
        urls.article_key(link)
        if kept is None or identity.refreshed(kept, one)[1]:
            identity.text_key(one)
            identity.fingerprint(one)
            fresh.append(one.made())
    return fresh


def _bare(body: bytes, *, clean: bool) -> object:
    return feedparser.parse(
        io.BytesIO(body), response_headers=_HEADERS, sanitize_html=clean, resolve_relative_uris=clean
    )


def _rate(way: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    start = time.process_time()
    for body in bodies:
        with suppress(ValueError):  # fastfeedparser refuses some
            way(body)
    return len(bodies) / (time.process_time() - start)


# -- telling


def document(figures: Figures) -> dict[str, object]:
    """The figures for machines; rates are feeds a second and core."""
    return {
        "feeds_per_second": {name: round(rate, 1) for name, rate in figures.rates.items()},
        "aim": AIM,
        "feeds": figures.feeds,
        "entries": figures.entries,
        "kilobytes": round(figures.kilobytes, 1),
        "doubted": round(figures.doubted, 3),
        "fell_back": round(figures.fell_back, 3),
        "same_values": figures.same,
    }


def markdown(figures: Figures) -> str:
    """The figures for people."""
    alone = figures.rates["feedparser alone"]
    rows = [(name, f"{rate:,.0f}", f"{rate / alone:.1f}") for name, rate in figures.rates.items()]
    return (
        f"{figures.feeds} feeds with {figures.entries:,} entries, {figures.kilobytes:.0f} KB in the middle; "
        f"{figures.doubted:.1%} mended or doubted, {figures.fell_back:.1%} left to feedparser; "
        f"same values as by feedparser only: {'yes' if figures.same else 'NO'}; "
        f"aim: {AIM:,.0f} feeds a second and core\n\n"
        f"{table(('way', 'feeds/s and core', 'times feedparser'), rows)}"
    )


def main() -> int:
    """Measure and tell; 1 when the aim was missed or a value differed."""
    parser = argparse.ArgumentParser(prog="python -m bench.feeds", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument("--feeds", type=int, default=60, help="how many")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way reads them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="a folder of feed files to read instead of made-up feeds")
    given = parser.parse_args()
    bodies = corpus(given.corpus, given.feeds) if given.corpus else made(given.feeds, seed=given.seed)
    if not bodies:
        parser.error(f"no feed in {given.corpus}")
    figures = measure(bodies, given.rounds)
    print(json.dumps(document(figures), indent=2) if given.json else markdown(figures))
    return 0 if figures.same and figures.rates[_ASKED] >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
