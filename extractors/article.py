"""The body of any page, by trafilatura. The only importer of trafilatura.

Its quick way is final when its slow one could not differ. The slow one turns to readability or justext if their text is
longer than twice its own, if its own is short, or if that has no paragraphs; where all text of the page is not
that long, there is nothing to turn to (a third of the time on most pages).
"""

from __future__ import annotations

import logging
from typing import cast

from lxml.html import HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import Document
from trafilatura.settings import Extractor as Options

SHORT = 250  # characters; trafilatura's own MIN_EXTRACTED_SIZE
OWN_TAGS = frozenset({"body", "p", "head", "list", "item", "quote", "lb", "hi", "code", "table", "row", "cell", "del"})

# What it complains about is told by our Reasons.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("trafilatura").propagate = False
logging.getLogger("htmldate").addHandler(logging.NullHandler())
logging.getLogger("htmldate").propagate = False

_QUICK = Options(output_format="python", comments=False, fast=True)
_SLOW = Options(output_format="python", comments=False)


class Article:
    """Tables are kept, as rows of cells between bars; comments, links' targets and formatting are not."""

    name = "trafilatura"

    def body(self, tree: HtmlElement, url: str) -> str:
        """The paragraphs, one a line."""
        found = _extracted(tree, _QUICK)
        if found is None or not _is_final(found, tree):
            found = _extracted(tree, _SLOW)
        return (found.text or "") if found is not None else ""


def _extracted(tree: HtmlElement, options: Options) -> Document | None:
    return cast("Document | None", bare_extraction(tree, options=options))


def _is_final(found: Document, tree: HtmlElement) -> bool:
    body, text = found.body, found.raw_text or ""
    if len(text) < SHORT or len(" ".join(tree.text_content().split())) > 2 * len(text):
        return False
    tags = [element.tag for element in body.iter("*")]
    return OWN_TAGS.issuperset(tags) and tags.count("p") >= max(1, tags.count("table"))
