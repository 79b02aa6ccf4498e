"""What goes into and comes out of this room: a page's bytes in, an Extraction out; no database, no network.

    bytes -> page.py (cap, type, charset, depth, one parse) -> metadata.py (title, author, date, language, …)
          -> clean.py (captions, ads, players, links to other articles leave the tree) -> the body:
          -> sites.py (a page whose site has its own selectors) or article.py (any page), beside it witnesses.py
          (two cheap opinions: how sure the text is, and another one when both are against it)
          -> lines.py (repeats and labels leave the text) -> walls.py (is it a notice?)
          -> choose.py (what came of it, as a value)

choose.py calls them in this order; a PDF file goes through pdf.py instead.
clean.py asks cards.py for rows of teasers, blocks.py what stands where, and related.py what a link is; reading.py gives
an element's words as they are seen.
What a host repeats, repeats.py tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from lxml.html import HtmlElement

from core.reasons import Reason


class PageState(StrEnum):
    """What a page gave: its article, less than that, or nothing."""

    READY = "ready"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was read on a page. Empty strings and None stand for what it does not say.

    `text` is the body alone, its paragraphs separated by a newline, without the headline, captions and links to other
    articles. `published` has a zone (UTC where the page names none) and is not checked against the clock;
    `published_from` says how it was found: "jsonld", "meta", "url" (a day), "htmldate" (a guess, a day), "pdf" (when
    the file was made), "" (not).
    `language` is a two- or three-letter code. `canonical_url` is what the page calls itself, and of its own site.
    `section` is where the site puts it (World, Sport). `confidence` is from 0 to 1: how far independent readers of the
    page agree with this text; 1 for what was not doubted (plain text, a site's own selector). `ms` is the time that
    reading took.
    """

    url: str
    state: PageState
    reason: Reason | None = None
    title: str = ""
    text: str = ""
    author: str = ""
    published: datetime | None = None
    published_from: str = ""
    language: str = ""
    canonical_url: str = ""
    extractor: str = ""
    confidence: float = 0.0
    site_name: str = ""
    description: str = ""
    section: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SiteHand:
    """A site's own settings from `sites:`: the CSS selector of the body, and selectors of what is not part of it."""

    body: str = ""
    remove: tuple[str, ...] = ()


class Extractor(Protocol):
    """Finds the body on a page."""

    name: str

    def body(self, tree: HtmlElement, url: str) -> str:
        """The body's paragraphs, one a line; empty when there is none. Leaves the tree as it was."""
