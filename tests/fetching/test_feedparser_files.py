"""Files that feedparser and we must read alike: the seeds, and feedparser's own tests where they are at hand. Those
come in its source distribution, not in its wheel.

    WIREWATCH_CORPUS=feedparser-6.0.14/tests make test

Each file is read by feedparser and by us; link, title and date of each entry must agree. Left out: files that need
headers of HTTP to be read, and those of which feedparser gives no entry.
"""

from __future__ import annotations

import io
import os
import re
from calendar import timegm
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest

from core import urls
from core.errors import ItemFailed
from fetching.dates import EARLIEST, LATEST
from fetching.entries import MAX_ENTRIES
from fetching.parse import parse
from fetching.plain import title_of

SEEDS = Path(__file__).parents[2] / "seeds" / "feeds"
CORPUS = os.environ.get("WIREWATCH_CORPUS", "")
FOLDERS = [SEEDS, *([Path(CORPUS)] if CORPUS else [])]
FLOOR = 0.99
URL = "http://feeds.example/feed.xml"
_NEEDS_HEADERS = re.compile(rb"^\s*(?:<!--)?\s*Header\s*:", re.MULTILINE)
Entry = tuple[str, str, datetime | None]


def theirs(body: bytes) -> list[Entry]:
    headers = {"content-location": URL, "content-type": "application/xml"}
    return [_theirs(one) for one in feedparser.parse(io.BytesIO(body), response_headers=headers).entries]


def _theirs(one: Any) -> Entry:
    at = one.get("published_parsed") or one.get("created_parsed")
    link = urls.join(URL, one.get("feedburner_origlink") or one.get("link") or "")
    return link, title_of(one.get("title") or ""), _time(at)


def _time(at: Any) -> datetime | None:
    if at is None:
        return None
    read = datetime(1970, 1, 1, tzinfo=UTC) if timegm(at) < 0 else datetime.fromtimestamp(timegm(at), UTC)
    return read if EARLIEST <= read < LATEST else None


def ours(body: bytes) -> list[Entry]:
    return [
        (one.url, one.title, one.published)
        for one in parse(body, url=URL, headers={"content-type": "application/xml"}).entries
    ]


def difference(body: bytes) -> str:
    """What differs, in words; "" when nothing does."""
    expected = theirs(body)[:MAX_ENTRIES]
    try:
        found = ours(body)
    except ItemFailed as error:
        return str(error)
    if len(found) != len(expected):
        return f"{len(found)} entries, not {len(expected)}"
    for mine, other in zip(found, expected, strict=True):
        # a feed that gives no date of publishing but one of a change has that for both
        wrong = [f"{a!r}, not {b!r}" for a, b in zip(mine, other, strict=True) if a != b and not (b is None and a)]
        if wrong:
            return "; ".join(wrong)
    return ""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_files_give_the_same_link_title_and_date(folder: Path) -> None:
    bodies = {
        path: path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.suffix in (".xml", ".atom", ".rss")
    }
    read = {path: body for path, body in bodies.items() if not _NEEDS_HEADERS.search(body) and theirs(body)}
    wrong = {path: why for path, body in read.items() if (why := difference(body))}
    told = "\n".join(f"{path.relative_to(folder)}: {why}" for path, why in wrong.items())
    agree = 1 - len(wrong) / len(read)
    print(f"\n{len(bodies)} files, {len(read)} with entries and without headers, {agree:.2%} agree\n{told}")
    assert read
    assert agree >= FLOOR, told
