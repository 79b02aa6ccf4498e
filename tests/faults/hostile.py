"""What a reader does when a page or a feed makes it go wrong, in a worker process: the text says how."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from extractors.base import Extraction, SiteHand
from fetching.entries import ParsedFeed
from pipeline.pooled import extract_page, parse_feed


def extract_hostile_page(
    page: bytes, url: str, content_type: str, charset: str, site: SiteHand | None
) -> tuple[Extraction, frozenset[int]]:
    """As extract_page, unless the page orders otherwise."""
    if b"make the reader hang" in page:
        time.sleep(3_600)
    if b"make the reader hold the interpreter" in page:
        ctypes.PyDLL(None).sleep(3_600)  # in C, with the lock that every thread of Python needs
    if b"make the reader crash" in page:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"make the reader eat" in page:
        eaten = []
        while True:
            eaten.append(bytearray(50_000_000))
    return extract_page(page, url, content_type, charset, site)


def parse_hostile_feed(body: bytes, url: str, headers: dict[str, str], selector: str) -> ParsedFeed:
    """As parse_feed, unless the feed orders otherwise."""
    if b"make the reader hang" in body:
        time.sleep(3_600)
    return parse_feed(body, url, headers, selector)
