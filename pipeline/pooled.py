"""What worker processes run for the steps. They import this module, so it imports nothing that they do not need:
with the database's libraries a worker would take seconds to start, within the time limit of its first page.
"""

from __future__ import annotations

from extractors.base import Extraction, SiteHand
from extractors.choose import extract
from stories.fingerprint import shingles

READER_BYTES = 1_500_000_000  # address space of a process that reads pages: the worst of 5 MB needs under 1 GB


def extract_page(
    page: bytes, url: str, content_type: str, charset: str, site: SiteHand | None
) -> tuple[Extraction, frozenset[int]]:
    """The extraction of one page, and its text's sampled hashes."""
    extraction = extract(page, url=url, content_type=content_type, charset=charset, site=site)
    return extraction, shingles(extraction.text)
