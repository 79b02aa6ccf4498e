"""A page's title, author, date, language, address and site, from one walk over the few elements that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from htmldate import find_date
from lxml.html import HtmlElement

from core.text import one_line, unescaped
from core.urls import article_key, canonical, host_of, join
from extractors import dates, jsonld
from extractors.reading import text_of

MAX_AUTHOR = 300  # characters; what is longer is a biography
LOOKED_AT = 10  # headings, for the one that a headline names
MAX_SECTION = 100  # characters

_PUBLISHED = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "date.published",
    "parsely-pub-date",
    "sailthru.date",
    "publish-date",
    "publication_date",
    "publishdate",
    "pubdate",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "article.published",
    "cxenseparse:recs:publishtime",
    "citation_publication_date",
    "date",
)
_AUTHOR = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "byl", "citation_author")
_TITLE = ("og:title", "twitter:title")
_DESCRIPTION = ("og:description", "description", "twitter:description", "dc.description")
_SECTION = ("article:section", "parsely-section", "og:section", "cxenseparse:recs:category", "section")
_SITE_NAME = ("og:site_name", "application-name", "twitter:site")
_BY = re.compile(r"^(?i:by|von|par|por|di|door|av)\s+(?=[A-ZÀ-Þ])")
_SEPARATOR = re.compile(r"\s+[|–—·•»:\-]\s+|\s*\|\s*")
_MARKUP = re.compile(r"</?(?:b|em|i|mark|span|strong|u)\b[^>]*>", re.IGNORECASE)  # where text alone belongs
_BYLINES = (
    ".//*[@itemprop='author' or @rel='author']",
    ".//*[self::p or self::div or self::span or self::a]"
    "[contains(@class,'byline') or contains(@class,'author-name') or @class='author']",
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the page says of itself; see Extraction for the fields. `language` is as declared, and may be wrong."""

    title: str = ""
    author: str = ""
    published: datetime | None = None
    published_from: str = ""
    language: str = ""
    canonical_url: str = ""
    site_name: str = ""
    description: str = ""
    section: str = ""
    free: bool | None = None


@dataclass(slots=True)
class _Found:
    metas: dict[str, str] = field(default_factory=dict)
    authors: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def read(tree: HtmlElement, url: str) -> Metadata:
    """Read the tree and leave it as it was. htmldate, which takes milliseconds, is asked only when there is no date."""
    found = _gather(tree, url)
    said = jsonld.statement(found.scripts, lambda headline: _is_called(found, headline))
    published, published_from = _published(found, said, url, tree)
    site_name = said.site_name or _first(found.metas, _SITE_NAME).lstrip("@")
    return Metadata(
        title=_title(found, said, site_name),
        author=_author(found, said, tree),
        published=published,
        published_from=published_from,
        language=tree.get("lang") or tree.get("xml:lang") or _language(found, said),
        canonical_url=_canonical(found, url),
        site_name=site_name,
        description=said.description or _first(found.metas, _DESCRIPTION),
        section=(said.section or _first(found.metas, _SECTION))[:MAX_SECTION],
        free=said.free,
    )


def _gather(tree: HtmlElement, url: str) -> _Found:
    found = _Found()
    for element in tree.iter("meta", "link", "script", "title", "h1", "time"):
        match element.tag:
            case "meta":
                _note_meta(element, found)
            case "link":
                found.links.setdefault((element.get("rel") or "").lower(), element.get("href") or "")
            case "script" if "ld+json" in (element.get("type") or ""):
                found.scripts.append(element.text or "")
            case "title" if not _is_drawn(element):
                found.titles.append(one_line(element.text or ""))
            case "h1" if not _is_logo(element, url):
                found.headings.append(one_line(text_of(element)))
            case "time" if element.get("pubdate") is not None or element.get("itemprop") == "datePublished":
                found.times.append(element.get("datetime") or "")
    return found


def _is_drawn(title: HtmlElement) -> bool:
    """Whether it names a drawing on the page rather than the page."""
    around = title.getparent()
    return around is not None and around.tag in ("svg", "g", "symbol")


def _is_logo(heading: HtmlElement, url: str) -> bool:
    """Whether it leads to the site's front page: the site's own name, on every page of it."""
    targets = [join(url, link.get("href", "")) for link in (*heading.iter("a"), *heading.iterancestors("a"))]
    return bool(url) and not _is_root(url) and any(target and _is_root(target) for target in targets)


def _note_meta(element: HtmlElement, found: _Found) -> None:
    content = element.get("content")
    for attribute in ("property", "name", "itemprop", "http-equiv"):
        name = (element.get(attribute) or "").lower()
        if not name or not content:
            continue
        found.metas.setdefault(name, content)
        if name in ("author", "article:author", "citation_author"):
            found.authors.append(one_line(content))


def _first(metas: dict[str, str], names: Iterable[str]) -> str:
    return next((text for name in names if name in metas and (text := one_line(metas[name]))), "")


# -- title


def _title(found: _Found, said: jsonld.Statement, site_name: str) -> str:
    """The heading that readers see when what the page says of itself agrees with it; else what it says.

    Of several that agree, the one that `<title>` begins with: it names the site as well, as another heading may.
    """
    claims = [claim for claim in (_MARKUP.sub("", said.headline), *_names_of(found)) if claim]
    site = _plain(site_name)
    headings = [heading for heading in found.headings if heading and _plain(heading) != site]
    if agreeing := [heading for heading in headings if any(_same(heading, claim) for claim in claims)]:
        start = _plain(claims[-1])
        return max(agreeing, key=lambda heading: (start.startswith(_plain(heading)), len(heading)))
    if claims:
        return _without_site(claims[0], site_name)
    return next(iter(headings), "")


def _names_of(found: _Found) -> list[str]:
    """What the page calls itself, outside JSON-LD."""
    return [*(_MARKUP.sub("", unescaped(_first(found.metas, [name]))) for name in _TITLE), *found.titles[:1]]


def _is_called(found: _Found, headline: str) -> bool:
    """Whether the page bears a headline, as a heading or in what it calls itself."""
    return any(_same(headline, name) for name in (*_names_of(found), *found.headings[:LOOKED_AT]))


def _same(heading: str, claim: str) -> bool:
    """Whether a claim is the heading, with or without a site's name before or after it."""
    one, other = _plain(heading), _plain(claim)
    return bool(one) and (one == other or (len(one) >= 15 and one in other))


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _without_site(title: str, site_name: str) -> str:
    """`Title | Section | Site` without the parts from the one that names the site, or without it where it is first."""
    parts = _SEPARATOR.split(title)
    cuts = list(_SEPARATOR.finditer(title))
    for place, part in enumerate(parts):
        if len(parts) > 1 and site_name and _plain(part) == _plain(site_name):
            return title[: cuts[place - 1].start()].strip() if place else title[cuts[0].end() :].strip()
    return title


# -- author


def _author(found: _Found, said: jsonld.Statement, tree: HtmlElement) -> str:
    places = said.authors, found.authors, *([found.metas[name]] for name in _AUTHOR if name in found.metas)
    written = next(filter(None, map(_names, places)), None) or _names(_bylines(tree))
    return ", ".join(written)[:MAX_AUTHOR]


def _bylines(tree: HtmlElement) -> list[str]:
    for path in _BYLINES:
        found = [one_line(text_of(element)) for element in tree.xpath(path)[:3]]
        if any(found):
            return [name for name in found if len(name) <= 100]
    return []


def _names(written: Iterable[str]) -> list[str]:
    names = (_BY.sub("", one_line(name)) for name in written if not name.startswith(("http:", "https:", "//", "@")))
    return list(dict.fromkeys(name for name in names if name))


# -- date


def _published(found: _Found, said: jsonld.Statement, url: str, tree: HtmlElement) -> tuple[datetime | None, str]:
    if when := dates.moment(said.published):
        return when, "jsonld"
    for written in (*(found.metas[name] for name in _PUBLISHED if name in found.metas), *found.times):
        if when := dates.moment(written):
            return when, "meta"
    if when := dates.day_in_url(url):
        return when, "url"
    guess = find_date(tree, extensive_search=False, original_date=True, url=url or None)
    when = dates.moment(guess or "")
    return when, "htmldate" if when else ""


# -- language and address


def _language(found: _Found, said: jsonld.Statement) -> str:
    return found.metas.get("content-language") or found.metas.get("og:locale") or said.language


def _canonical(found: _Found, url: str) -> str:
    """What the page calls its own address, if it is of the same site and, unless `url` is too, not the site's root."""
    for link in (found.links.get("canonical", ""), found.metas.get("og:url", "")):
        absolute = canonical(join(url, link)) if link else ""
        if absolute and _same_site(absolute, url) and (not _is_root(absolute) or _is_root(url)):
            return absolute
    return ""


def _same_site(one: str, other: str) -> bool:
    hosts = [article_key(url).partition("/")[0] for url in (one, other)]
    return (
        not host_of(other)
        or hosts[0] == hosts[1]
        or hosts[0].endswith(f".{hosts[1]}")
        or hosts[1].endswith(f".{hosts[0]}")
    )


def _is_root(url: str) -> bool:
    return "/" not in article_key(url).rstrip("/")
