"""What worker processes run for the steps. They import this module, so it imports nothing that they do not need:
with the database's libraries a worker would take seconds to start, within the time limit of its first page.
"""

from __future__ import annotations

from extractors.base import Extraction, SiteHand
from extractors.choose import extract
from fetching import pagelinks
from fetching.entries import ParsedFeed
from fetching.parse import parse
from stories.fingerprint import shingles

READER_BYTES = 1_500_000_000  # address space of a process that reads pages: the worst of 5 MB needs under 1 GB


def extract_page(
    page: bytes, url: str, content_type: str, charset: str, site: SiteHand | None
) -> tuple[Extraction, frozenset[int]]:
    """The extraction of one page, and its text's sampled hashes."""
    extraction = extract(page, url=url, content_type=content_type, charset=charset, site=site)
    return extraction, shingles(extraction.text)


def parse_feed(body: bytes, url: str, headers: dict[str, str], selector: str) -> ParsedFeed:
    """The feed in `body`; with a selector, the links of a page. Raises ItemFailed. For a worker process: texts are made
    there too, where their making can be stopped.
    """
    if selector:
        return pagelinks.parse(body, url=url, headers=headers, selector=selector).made()
    return parse(body, url=url, headers=headers).made()
