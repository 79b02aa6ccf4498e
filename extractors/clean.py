"""Takes out of a page's tree, by structure alone, what stands in an article and is not of it.

Captions (they are not body: they describe pictures nobody sees in an alert, and are often there twice), players, ads,
boxes of links and sign-ups, pull quotes that repeat a paragraph, links to other articles between the paragraphs.
Every rule is bounded by how much text it may take, since designs name whole pages after what is on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, pairwise, takewhile
from typing import Any, cast
from urllib.parse import urlsplit

from lxml.etree import XPath, strip_elements
from lxml.html import HtmlElement

from extractors.blocks import Block, trimmed, words_of
from extractors.blocks import blocks as blocks_of
from extractors.cards import drop_cards, unname_entries
from extractors.layout import straighten
from extractors.lines import LONGEST_MARK, is_player_time
from extractors.reading import text_of
from extractors.related import LoneLink, introduces, is_label, is_opaque, is_related

LONG_PARAGRAPH = 150  # characters; what holds one is text, whatever it is called
MAX_BOX = 600  # characters of an element that is taken out for its name
MAX_CONTROLS = 80  # characters around a player without a name
MAX_PLAYER = 250  # characters of an element around a time code
SHORTEST_CAPTION = 25  # characters of a picture's other text that is a caption when it stands in the text, too
ALL_LINKS = 0.8  # of a menu's text, which is links
MEAGRE = 250  # bytes of prose
REPEATED = 0.7  # of a quotation's word triples, found in the paragraphs: it repeats them
REPEATED_PULL = 0.55  # the same for one that is marked as pulled out: editors shorten and mend those

_NAMES = {
    "player": "player videoplayer audioplayer mediaplayer jwplayer vjs plyr video audio podcast",
    "ad": "ad ads adslot adunit adbox adcontainer dfp gpt sponsored sponsor promo promoted outbrain taboola",
    "links": "related relatedarticles recirc recirculation recommended recommendations recommendation readmore seealso"
    " mostread mostpopular trending newsletter signup subscribe teaser teasers linkbox",
    "caption": "caption captions imagecaption figcaption credit credits photocredit",
    "pull": "pullquote",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_PAIRS = {
    ("read", "more"): "links",
    ("see", "also"): "links",
    ("most", "read"): "links",
    ("more", "on"): "links",
    ("pull", "quote"): "pull",
}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def _path(xpath: str) -> Callable[[HtmlElement], list[Any]]:
    return cast("Callable[[HtmlElement], list[Any]]", XPath(xpath))


_SHORT_WITH_COLON = _path(f"body/descendant::text()[contains(., ':') and string-length(.) < {LONGEST_MARK}]")
_DIALOGS = _path("body//dialog | body//*[@role='dialog' or @role='alertdialog' or @aria-modal='true']")
_FRAME = frozenset({"nav", "aside", "footer"})
_MENUS = _path("body//nav | body//*[@role='navigation']")
_NAMED = _path("body/descendant::*[@class or @id]")
_OWN_ADDRESSES = _path("descendant::link[@rel='canonical']/@href | descendant::meta[@property='og:url']/@content")


def clean(tree: HtmlElement, url: str, title: str = "") -> None:
    """Change the tree; `url` and what the page calls itself say which links stay on the site.

    `title`: of articles that stand one below the other, each under a headline, the one under this stays.
    """
    _drop_next_articles(tree, title)
    straighten(tree)
    sites = _sites(tree, url)
    drop_cards(tree, sites, url)
    unname_entries(tree, sites, url)
    _drop_what_is_no_text(tree)
    pulled = _drop_named(tree)
    _drop_repeats(tree, pulled)
    _drop_between(tree, sites)


def _drop_next_articles(tree: HtmlElement, title: str) -> None:
    articles = [one for one in tree.iter("article") if next(one.iterancestors("article"), None) is None]
    headed = [(one, heading) for one in articles if (heading := one.find(".//h1")) is not None]
    own = [one for one, heading in headed if words_of(text_of(heading)) == words_of(title)]
    if len(own) == 1:
        for one, _ in headed:
            if one is not own[0]:
                _drop(one)


# -- what is no text


def _drop_what_is_no_text(tree: HtmlElement) -> None:
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or ""):  # a last resort of trafilatura's
            script.tag = "style"
    strip_elements(tree, "style", "svg", "figcaption", with_tail=False)
    for dialog in _DIALOGS(tree):
        if dialog.find(".//h1") is None and dialog.find(".//article") is None:
            _drop(dialog)
    for figure in list(tree.iter("figure")):
        if figure.find(".//table") is None and not _has_long_paragraph(figure):
            _drop(figure)
    for medium in list(tree.iter("video", "audio", "iframe", "object", "embed")):
        _drop_with_intro(_player_around(medium))
    for text in _SHORT_WITH_COLON(tree):
        if is_player_time(text) and text.is_text:
            _drop_with_intro(_player_with_time_code(text.getparent()))
    for time in list(tree.iter("time")):
        if _is_inside_sentence(time):  # trafilatura takes `time` for a dateline and cuts it out
            time.drop_tag()


def _player_around(medium: HtmlElement) -> HtmlElement:
    """The outermost element around it that holds hardly any text: its controls."""
    outer = medium
    for around in medium.iterancestors("div", "section", "span", "figure", "p"):
        if around.find(".//p") is not None or len(around.text_content().strip()) > MAX_CONTROLS:
            break
        outer = around
    return outer


def _player_with_time_code(element: HtmlElement) -> HtmlElement:
    """The outermost element around a player's times that can be it: it has a name and controls, but no paragraph."""
    outer = element
    for around in element.iterancestors():
        if next(around.iter("p", "h1"), None) is not None or len(trimmed(around.text_content())) > MAX_PLAYER:
            break
        outer = around
    return outer


def _is_inside_sentence(time: HtmlElement) -> bool:
    around = time.getparent()
    return around is not None and around.tag == "p" and len(around.text_content()) > MAX_CONTROLS


# -- what its name gives away


def _drop_named(tree: HtmlElement) -> list[HtmlElement]:
    """Take out boxes; give back what is marked as pulled out of the text, which goes only if it repeats it."""
    pulled = []
    for element in _NAMED(tree):
        kind = _kind(f"{element.get('class', '')} {element.get('id', '')}")
        if kind == "pull":
            pulled.append(element)
        elif kind and element.getparent() is not None and _is_box(element, kind):
            (_drop_with_intro if kind in ("player", "links") else _drop)(element)
    return pulled


@lru_cache(maxsize=8_192)
def _kind(names: str) -> str:
    """What classes and id say an element is: player, ad, links, caption, pull, or nothing known."""
    parts = [part.lower() for part in _PART.findall(names)]
    for part in parts:
        if kind := _KINDS.get(part) or ("ad" if part.startswith("advert") else ""):
            return kind
    return next((_PAIRS[pair] for pair in pairwise(parts) if pair in _PAIRS), "")


def _is_box(element: HtmlElement, kind: str) -> bool:
    text = trimmed(element.text_content())
    if len(text) > MAX_BOX:
        return False
    if kind == "caption":
        return sum(1 for _ in element.iter("p")) <= 1 and element.find(".//h1") is None
    if _has_long_paragraph(element) or element.find(".//h1") is not None:
        return False
    return kind != "links" or len(text) <= 60 or _share_of_links(element, text) >= 0.4 or _asks(element)


def _share_of_links(element: HtmlElement, text: str) -> float:
    return sum(len(link.text_content().strip()) for link in element.iter("a")) / len(text)


def _asks(element: HtmlElement) -> bool:
    return element.tag == "form" or element.find(".//form") is not None or element.find(".//input") is not None


def _has_long_paragraph(element: HtmlElement) -> bool:
    return any(len(p.text_content()) > LONG_PARAGRAPH for p in element.iter("p"))


# -- quotations that repeat a paragraph


def _drop_repeats(tree: HtmlElement, pulled: Sequence[HtmlElement]) -> None:
    candidates = dict.fromkeys(chain(pulled, tree.iter("blockquote")))
    if not candidates:
        return
    prose = set(
        chain.from_iterable(
            _triples(p.text_content()) for p in tree.iter("p") if candidates.keys().isdisjoint(p.iterancestors())
        )
    )
    for quote in [quote for quote in candidates if len(quote.text_content()) <= MAX_BOX]:
        marked = quote in pulled or "pull" in quote.get("class", "")
        triples = _triples(_without_source(quote))
        if triples and len(triples & prose) >= (REPEATED_PULL if marked else REPEATED) * len(triples):
            _drop(quote)


def _triples(text: str) -> set[tuple[str, str, str]]:
    words = words_of(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _without_source(quote: HtmlElement) -> str:
    text: str = quote.text_content()
    for source in quote.iter("cite", "footer"):
        text = text.replace(source.text_content(), " ")
    return text


# -- what stands between the paragraphs


def _drop_between(tree: HtmlElement, sites: frozenset[str]) -> None:
    body = tree.find("body")
    sequence = blocks_of(body) if body is not None else []
    pictured = {alt for picture in tree.iter("img") if len(alt := trimmed(picture.get("alt", ""))) >= SHORTEST_CAPTION}
    for block in sequence:
        if block.text in pictured:
            block.drop()
    _drop_related(sequence, sites)
    if _is_meagre(sequence):
        _drop_menus(tree)


def _is_meagre(sequence: Sequence[Block]) -> bool:
    """Whether so little is said outside the page's frame that readers would look for more in its menus."""
    said = 0
    for block in sequence:
        if all(around.tag not in _FRAME for around in block.element.iterancestors()):
            said += block.prose
        if said >= MEAGRE:
            return False
    return True


def _drop_menus(tree: HtmlElement) -> None:
    """Take out menus: those that are marked, and lists of links above the headline."""
    above = takewhile(lambda element: element.tag != "h1", tree.iter("ul", "ol", "h1"))
    for menu in [*_MENUS(tree), *above]:
        text = trimmed(menu.text_content())
        if text and menu.find(".//h1") is None and _share_of_links(menu, text) >= ALL_LINKS:
            _drop(menu)


def _drop_related(sequence: Sequence[Block], sites: frozenset[str]) -> None:
    lone = {n for n, block in enumerate(sequence) if block.is_lone}
    if sum(len(sequence[n].text) for n in lone) > sum(block.prose for block in sequence):
        return  # a page of links: they are what it has to say
    related = {n for n in lone if is_related(_as_lone_link(sequence, n, sites))}
    for n in lone - related:
        if not is_opaque(sequence[n].target):
            sequence[n].unlink()  # or trafilatura would take it for a list of links
    announcing = {n - 1 for n in related if n and n - 1 not in lone and _announces(sequence, n - 1, related)}
    for n in related | announcing:
        sequence[n].drop()


def _announces(sequence: Sequence[Block], n: int, related: set[int]) -> bool:
    """Whether the block at `n`, which links follow, has no other purpose: a label, or a heading over nothing else."""
    if is_label(sequence[n].text):
        return True
    beneath = next((block for m, block in enumerate(sequence[n + 1 :], n + 1) if m not in related), None)
    return sequence[n].is_heading and (beneath is None or beneath.is_heading)


def _as_lone_link(sequence: Sequence[Block], n: int, sites: frozenset[str]) -> LoneLink:
    block = sequence[n]
    return LoneLink(
        text=block.linked,
        target=block.target,
        sites=sites,
        label=block.label,
        tail=block.tail,
        card=block.is_card,
        of_the_text=block.items is not None and _is_list_of_the_text(sequence, n),
    )


def _is_list_of_the_text(sequence: Sequence[Block], n: int) -> bool:
    """Whether the list of the item at `n` has an item of prose, or a sentence before it that introduces it."""
    items = sequence[n].items
    if not all(block.is_lone for block in sequence if block.items is items):
        return True
    while n and sequence[n].items is items:
        n -= 1
    return introduces(sequence[n].text)


def _sites(tree: HtmlElement, url: str) -> frozenset[str]:
    """The hosts that a page is of: where it was fetched, and what it calls itself (a mirror's pages name another)."""
    return frozenset(host for name in (url, *_OWN_ADDRESSES(tree)) if (host := urlsplit(name).hostname))


# -- taking out


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _drop_with_intro(element: HtmlElement) -> None:
    """Take it out together with the short line before it that announces it."""
    before = element.getprevious()
    _drop(element)
    if before is not None and not (before.tail or "").strip() and is_label(before.text_content().strip()):
        _drop(before)
