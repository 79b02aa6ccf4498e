"""The gate of feeds: documents written for it, well-formed and broken, and what has to come out. Floors only rise.

Beside each document stands what a reader of it would see. The peers are read as kindly as possible: what they give as
HTML is made text by our own hand, and their dates are asked for as times. `pytest -s` prints the three scores.
"""

from __future__ import annotations

import gzip
import io
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import fastfeedparser  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]
import pytest
import yaml

from core.errors import ItemFailed
from core.text import one_line
from fetching.dates import parse_date
from fetching.parse import parse
from fetching.plain import text_of, title_of

FOLDER = Path(__file__).parent / "feeds"
URL = "https://news.example/feed"
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)
WRAPPERS = {
    "rss": f'<rss version="2.0" {SPACES}><channel><title>News</title>{{}}</channel></rss>',
    "atom": f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><title>News</title>{{}}</feed>',
    "rdf": '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    f'{SPACES}><channel rdf:about="{URL}"><title>News</title></channel>{{}}</rdf:RDF>',
}
FIELDS = ("guid", "url", "title", "date", "author", "language", "media")
FIELD_FLOOR, WHOLE_FLOOR = 1.0, 1.0

Case = dict[str, Any]
Seen = dict[str, Any]  # an entry's fields, and its whole text


@dataclass
class Score:
    """How many of the fields that are expected agree, and of the texts."""

    fields: int = 0
    agree: int = 0
    texts: int = 0
    whole: int = 0

    def __str__(self) -> str:
        texts = f"texts whole {self.whole / self.texts:.1%} of {self.texts}"
        return f"fields {self.agree / self.fields:.1%} of {self.fields}, {texts}"


@cache
def cases() -> list[Case]:
    written: list[Case] = []
    for name in ("wellformed", "broken"):
        written += yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    dates = yaml.safe_load((FOLDER / "dates.yaml").read_text("utf-8"))
    for date, meant in dates.items():
        item = f"<item><title>T</title><link>https://news.example/a</link><pubDate>{escape(date)}</pubDate></item>"
        written.append({"name": f"the date {date}", "rss": item, "entries": [{"title": "T", "date": meant}]})
    return written


def body_of(case: Case) -> bytes:
    """The document's bytes, spoilt as the case says."""
    text = next((WRAPPERS[kind].format(case[kind]) for kind in WRAPPERS if kind in case), case.get("document", ""))
    if "declare" in case:
        text = f'<?xml version="1.0" encoding="{case["declare"]}"?>\n{text}'
    text = case.get("before", "") + text[: len(text) - case.get("cut", 0)] + case.get("behind", "")
    body = text.encode(case.get("encoding", "utf-8"))
    return gzip.compress(body) if case.get("packed") else body


def headers_of(case: Case) -> dict[str, str]:
    said = f"; charset={case['said']}" if "said" in case else ""
    return {"content-type": f"application/xml{said}"}


def ours(case: Case) -> list[Seen]:
    found = parse(body_of(case), url=URL, headers=headers_of(case))
    return [
        {
            "guid": one.guid,
            "url": one.url,
            "title": one.title,
            "date": one.published,
            "author": ", ".join(one.authors),
            "language": one.language,
            "media": list(one.media),
            "text": one.content or one.summary,
        }
        for one in found.entries
    ]


def by_feedparser(case: Case) -> list[Seen]:
    headers = headers_of(case) | {"content-location": URL}
    read = feedparser.parse(io.BytesIO(body_of(case)), response_headers=headers)
    return [
        _peers(one, datetime.fromtimestamp(timegm(at), UTC) if (at := one.get("published_parsed")) else None)
        for one in read.entries
    ]


def by_fastfeedparser(case: Case) -> list[Seen]:
    read = fastfeedparser.parse(body_of(case))
    return [_peers(one, parse_date(one.get("published") or "")) for one in read.entries]


def _peers(one: Mapping[str, Any], at: datetime | None) -> Seen:
    bodies = [part.get("value") or "" for part in one.get("content") or ()]
    bodies.append(one.get("summary") or one.get("description") or "")
    names = [author.get("name") or "" for author in one.get("authors") or ()] or [one.get("author") or ""]
    enclosed = [link.get("href") for link in one.get("links") or () if link.get("rel") == "enclosure"]
    enclosed += [part.get("url") for name in ("enclosures", "media_content") for part in one.get(name) or ()]
    return {
        "guid": one.get("id") or "",
        "url": one.get("link") or "",
        "title": title_of(one.get("title") or ""),
        "date": at,
        "author": ", ".join(filter(None, names)),
        "language": one.get("language") or (one.get("title_detail") or {}).get("language") or "",
        "media": list(dict.fromkeys(filter(None, enclosed))),
        "text": text_of(max(bodies, key=len)),
    }


def judge(case: Case, read: Callable[[Case], list[Seen]], score: Score) -> list[str]:
    """What differs from what is expected; the score counts it. Entries are compared in their order."""
    try:
        seen = read(case)
    except Exception:  # peers raise all kinds
        seen = []
    wrong = [] if len(seen) == len(case["entries"]) else [f"{len(seen)} entries, not {len(case['entries'])}"]
    score.fields += 1
    score.agree += not wrong
    for number, expected in enumerate(case["entries"]):
        one = seen[number] if number < len(seen) else {}
        for name in FIELDS:
            if name in expected:
                meant = parse_date(expected[name] or "") if name == "date" else expected[name]
                agrees = bool(one) and one[name] == meant
                score.fields += 1
                score.agree += agrees
                wrong += [] if agrees else [f"{name}: {one.get(name)!r}, not {meant!r}"]
        if "text" in expected:
            whole = _is_whole(one.get("text", ""), expected)
            score.texts += 1
            score.whole += whole
            wrong += [] if whole else [f"text: {one.get('text')!r}"]
    return [f"{case['name']}: {why}" for why in wrong]


def _is_whole(text: str, expected: Seen) -> bool:
    """All of a text, or its beginning and its end where only these are written down."""
    text = one_line(text)
    if "ends" not in expected:
        return bool(text == expected["text"])
    return text.startswith(expected["text"]) and text.endswith(expected["ends"])


def test_there_are_enough_documents() -> None:
    assert len(cases()) >= 100
    assert len({case["name"] for case in cases()}) == len(cases())


def test_fields_agree_and_texts_are_whole() -> None:
    score, peers = Score(), {"feedparser": Score(), "fastfeedparser": Score()}
    readable = [case for case in cases() if "entries" in case]
    wrong = [why for case in readable for why in judge(case, ours, score)]
    for case in readable:
        judge(case, by_feedparser, peers["feedparser"])
        judge(case, by_fastfeedparser, peers["fastfeedparser"])
    print(f"\nwirewatch: {score}", *(f"{name}: {one}" for name, one in peers.items()), sep="\n")
    assert score.agree / score.fields >= FIELD_FLOOR, "\n".join(wrong)
    assert score.whole / score.texts >= WHOLE_FLOOR, "\n".join(wrong)


@pytest.mark.parametrize("case", [case for case in cases() if "fails" in case], ids=lambda case: case["name"])
def test_what_is_no_feed_fails_with_its_reason(case: Case) -> None:
    with pytest.raises(ItemFailed) as failure:
        ours(case)
    assert failure.value.reason == case["fails"]


def test_the_judge_sees_what_is_wrong() -> None:
    case = {"name": "x", "entries": [{"title": "A", "text": "First", "ends": "last."}]}
    score = Score()
    told = judge(case, lambda _: [{"title": "B", "text": "First words"}], score)
    assert told == ["x: title: 'B', not 'A'", "x: text: 'First words'"]
    assert (score.fields, score.agree, score.texts, score.whole) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("text", "end", "whole"),
    [
        ("First.", {}, True),
        ("First. More", {}, False),
        ("First. More", {"ends": "More"}, True),
        ("First. More", {"ends": "Mor"}, False),
    ],
)
def test_a_text_whose_end_is_not_written_down_has_no_more(text: str, end: Seen, whole: bool) -> None:
    case = {"name": "x", "entries": [{"text": "First.", **end}]}
    assert (judge(case, lambda _: [{"text": text}], Score()) == []) == whole
