"""Site designs for the gate's articles: how each kind of site writes an article down, and what it puts around it.

A design is a function from an article to its page's HTML. What it says about the article is noted in `says`: only that
can be asked for. What is entered as `held` is only counted: nothing is tuned on its pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from tests.gates.articles import Article, articles, html_of, others, words_of
from tests.gates.words import words

Design = Callable[[Article], str]

ALL = frozenset({"title", "author", "date", "language", "canonical"})
SHARING = "".join(f'<a href="https://{site}.example/share"><i></i>{site}</a>' for site in ("ping", "flock", "mailto"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A design, its half, what its pages say of their article, and the charset they are sent in."""

    design: Design
    half: str
    says: frozenset[str]
    charset: str


LAYOUTS: dict[str, Layout] = {}


def layout(*, silent: str = "", charset: str = "utf-8", held: bool = False) -> Callable[[Design], Design]:
    """Enter a design; `silent` names what its pages do not say. Which half it is of is never changed afterwards."""

    def enter(design: Design) -> Design:
        half = "held" if held else "tune"
        LAYOUTS[design.__name__.rstrip("_")] = Layout(design, half, ALL - frozenset(silent.split()), charset)
        return design

    return enter


@dataclass(frozen=True, slots=True)
class GatePage:
    """A page as it is served, and the article that is on it."""

    article: Article
    body: bytes
    says: frozenset[str]
    half: str


def gate_pages() -> list[GatePage]:
    """Every article in its design."""
    return [page_of(article) for article in articles()]


def page_of(article: Article) -> GatePage:
    found = LAYOUTS[article.layout]
    body = found.design(article).encode(found.charset, "xmlcharrefreplace")
    says = found.says if article.author else found.says - {"author"}
    return GatePage(article, body, says, found.half)


# -- pieces that designs share


def head(article: Article, *, more: str = "", og: bool = True) -> str:
    """A head with the usual metas."""
    told = (
        f'<meta property="og:title" content="{escape(article.title)}"><meta property="og:type" content="article">'
        f'<meta property="og:url" content="{article.url}"><link rel="canonical" href="{article.url}">'
        f'<meta property="article:published_time" content="{article.date}T08:15:00+00:00">'
        + (f'<meta name="author" content="{escape(article.author)}">' if article.author else "")
    )
    return (
        f'<head><meta charset="utf-8"><title>{escape(article.title)} | {article.layout.title()} Gazette</title>'
        f"{told if og else ''}{more}<style>.x{{margin:0}}</style><script>window.q=[];q.push({{a:1}});</script></head>"
    )


def page(article: Article, body: str, *, more: str = "", og: bool = True, attributes: str = "") -> str:
    """A whole document."""
    return (
        f'<!DOCTYPE html><html lang="{article.language}"{attributes}>{head(article, more=more, og=og)}'
        f"<body>{body}</body></html>"
    )


def jsonld(article: Article, **more: object) -> str:
    """The article as structured data."""
    values = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": f"{article.date}T08:15:00Z",
        "mainEntityOfPage": article.url,
        "author": {"@type": "Person", "name": article.author},
        **more,
    }
    return f'<script type="application/ld+json">{json.dumps(values, ensure_ascii=False)}</script>'


def menu(article: Article) -> str:
    said = words(article.language)
    names = said[:4]
    items = "".join(f'<li><a href="/{number}/">{name}</a></li>' for number, name in enumerate(names))
    return (
        f'<header class="top"><a class="logo" href="/">{article.layout.title()}</a><nav><ul>{items}</ul></nav></header>'
    )


def footer(article: Article) -> str:
    said = words(article.language)
    links = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in said[:4])
    return f'<footer class="bottom"><ul>{links}</ul><p>© 2025 {article.layout.title()}. {said.rights}</p></footer>'


def heading(article: Article) -> str:
    return f"<h1>{escape(article.title, quote=False)}</h1>"


def byline(article: Article) -> str:
    """Author and day as readers see them."""
    author = f'<span class="author">{escape(article.author)}</span>' if article.author else ""
    return f'<div class="meta">{author} <time datetime="{article.date}">{article.date:%d.%m.%Y}</time></div>'


def teasers(article: Article, count: int, *, long: bool = False, after: int = 0) -> str:
    """Cards that lead to other articles."""
    return "".join(
        f'<div class="card"><a href="{one.path}"><img src="/i/{one.id}.jpg" alt="">'
        f"<h3>{escape(one.title, quote=False)}</h3></a>"
        + (f"<p>{one.lead}</p><p>{words_of(one.blocks[1])}</p>" if long else "")
        + "</div>"
        for one in others(article, count, after=after)
    )


def list_of(article: Article, count: int, *, after: int = 0) -> str:
    links = "".join(f'<li><a href="{one.path}">{one.title}</a></li>' for one in others(article, count, after=after))
    return f"<ul>{links}</ul>"


def between(article: Article, inserted: Callable[[int], str], every: int = 2) -> str:
    """The body with something else after every so many blocks."""
    parts = []
    for number, block in enumerate(article.blocks, 1):
        parts.append(html_of(block))
        if number % every == 0 and number < len(article.blocks):
            parts.append(inserted(number))
    return "".join(parts)
