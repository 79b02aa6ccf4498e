"""What a feed wrote of one entry, and how the fields of a ParsedEntry are made of it."""

from __future__ import annotations

from datetime import datetime

from core import urls
from core.text import clean, one_line
from fetching.plain import paragraphs_of, text_of, title_of

MOST = 20  # authors, and media of one kind, of one entry
LONGEST_NAME = 200  # characters of an author's


class Written:
    """What a feed wrote of one entry; what it did not speak of keeps the value that stands here.

    Texts are HTML where they are not plain. `content` is the longest of several, `base` what addresses are joined to.
    """

    id: str = ""
    link: str | None = None
    original_link: str = ""
    title: str = ""
    title_is_plain: bool = False
    title_language: str = ""
    summary: str | None = None
    summary_is_plain: bool = False
    content: str = ""
    content_is_plain: bool = False
    language: str = ""
    published: datetime | None = None
    created: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    enclosed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    thumbnails: tuple[str, ...] = ()
    base: str = ""


def title(wrote: Written) -> str:
    """The headline as text on one line."""
    return one_line(wrote.title) if wrote.title_is_plain else title_of(wrote.title)


def summary(wrote: Written) -> str:
    """The summary as text, a paragraph a line."""
    return _text(wrote.summary or "", wrote.summary_is_plain)


def content(wrote: Written) -> str:
    """The content as text, a paragraph a line."""
    return _text(wrote.content, wrote.content_is_plain)


def _text(written: str, is_plain: bool) -> str:
    return paragraphs_of(written) if is_plain else text_of(written)


def html(wrote: Written) -> str:
    """The markup of the content, else of the summary; empty when neither has any."""
    if wrote.content and not wrote.content_is_plain:
        return clean(wrote.content)
    return clean(wrote.summary) if wrote.summary and not wrote.summary_is_plain else ""


def authors(wrote: Written) -> tuple[str, ...]:
    """Their names, each once."""
    return tuple(dict.fromkeys(filter(None, [title_of(name, LONGEST_NAME) for name in wrote.authors])))


def language(wrote: Written) -> str:
    """As a tag: that of the entry, else that of its title."""
    return language_tag(wrote.language or wrote.title_language)


def language_tag(said: str) -> str:
    """A language as it should be written: en-GB, not en_GB."""
    return one_line(said, 35).replace("_", "-")


def media(wrote: Written) -> tuple[str, ...]:
    """Addresses of pictures, sound and video, each once: what is enclosed first."""
    links = (*wrote.enclosed, *wrote.shown, *wrote.thumbnails)[:MOST]
    return tuple(dict.fromkeys(filter(None, (urls.join(wrote.base, link) for link in links))))
