"""The text of a PDF file, by pypdf: its lines as paragraphs again, without page numbers and running heads.

The only importer of pypdf. What a file says of itself is taken over where it is more than its maker's defaults.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from time import perf_counter

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from core.errors import ItemFailed
from core.reasons import Reason
from core.text import one_line
from extractors.dates import EARLIEST
from extractors.wrapped import paragraphs

MAX_PAGES = 50
SECONDS = 6.0  # then the pages read so far are the text; a worker is stopped after 15
HEAD_PAGES = 3  # on which a line stands at the edge before it is a running head
LONGEST_TITLE = 120  # characters

_MAGIC = b"%PDF-"
_MADE_BY_DEFAULT = re.compile(
    r"microsoft|untitled|unbenannt|\.(?:docx?|odt|indd|qxd|pdf|pptx?|rtf|tex)\b|^\W*$", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")

logging.getLogger("pypdf").addHandler(logging.NullHandler())
logging.getLogger("pypdf").propagate = False


@dataclass(frozen=True, slots=True)
class Pdf:
    """What a file holds. `published` is when it says that it was made, in UTC."""

    text: str
    title: str = ""
    author: str = ""
    published: datetime | None = None


def is_pdf(body: bytes) -> bool:
    """Whether the bytes begin as a PDF file's do, whatever the answer's header says."""
    return body[:1_024].lstrip().startswith(_MAGIC)


def read(body: bytes, url: str) -> Pdf:
    """The first pages' text; raises ItemFailed: ENCRYPTED, NO_BODY (pictures of text, too), WRONG_TYPE (broken)."""
    try:
        reader = PdfReader(BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ItemFailed(url, Reason.ENCRYPTED)
        lines = _pages(reader)
        text = "\n".join(paragraphs(_without_heads(lines)))
        found = Pdf(text, *_said(reader, text))
    except DependencyError:
        raise ItemFailed(url, Reason.ENCRYPTED) from None
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise ItemFailed(
            url, Reason.WRONG_TYPE, f"broken PDF: {type(error).__name__}"
        ) from None  # pypdf's ways to say so
    if not text:
        raise ItemFailed(url, Reason.NO_BODY, "a PDF file without text")
    return found


def _pages(reader: PdfReader) -> list[list[str]]:
    started, found = perf_counter(), []
    for page in reader.pages[:MAX_PAGES]:
        found.append([one_line(line) for line in page.extract_text().splitlines()])
        if perf_counter() - started > SECONDS:
            break
    return found


def _without_heads(pages: list[list[str]]) -> list[str]:
    """All lines; those at the edges of pages go when they are there again and again, or are numbers only."""
    trimmed = [_stripped(page) for page in pages]
    edges = Counter(mark for page in trimmed for mark in {_mark(line) for line in (*page[:2], *page[-2:])})
    heads = {mark for mark, count in edges.items() if count >= HEAD_PAGES or mark.strip(" #-–—/|") == ""}
    return [line for page in trimmed for place, line in enumerate(page) if not _is_head(page, place, heads)]


def _stripped(page: list[str]) -> list[str]:
    while page and not page[0]:
        page = page[1:]
    while page and not page[-1]:
        page = page[:-1]
    return page


def _is_head(page: list[str], place: int, heads: set[str]) -> bool:
    return (place < 2 or place >= len(page) - 2) and bool(page[place]) and _mark(page[place]) in heads


def _mark(line: str) -> str:
    return _NUMBER.sub("#", line)


def _said(reader: PdfReader, text: str) -> tuple[str, str, datetime | None]:
    info = reader.metadata
    title = one_line(str(info.title or "")) if info else ""
    author = one_line(str(info.author or "")) if info else ""
    if _MADE_BY_DEFAULT.search(title) or " " not in title:
        first, _, more = text.partition("\n")
        title = first if more and len(first) <= LONGEST_TITLE else ""
    return (
        title,
        author if " " in author and "@" not in author and not _MADE_BY_DEFAULT.search(author) else "",
        _made_at(reader),
    )


def _made_at(reader: PdfReader) -> datetime | None:
    try:
        made = reader.metadata.creation_date if reader.metadata else None
    except (ValueError, PyPdfError):
        return None
    if made is None:
        return None
    made = (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(UTC)
    return made if made >= EARLIEST else None
