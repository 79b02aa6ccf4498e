"""Sitemaps as feeds: news sitemaps above all, plain ones as far as they go."""

from __future__ import annotations

from lxml import etree
from yarl import URL

from core import urls
from core.errors import ItemFailed
from core.reasons import Reason
from core.text import one_line
from fetching import repair
from fetching.dates import EARLIEST, parse_date
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed

ROOTS = ("urlset", "sitemapindex")
MOST_LISTED = 20
_PICTURES = ("image", "video", "thumbnail", "content")


def parse(text: str, url: str) -> ParsedFeed:
    """The pages listed in a `<urlset>`, newest first, or the sitemaps in a `<sitemapindex>`; raises ItemFailed.

    `text` begins with the root element: it has no DOCTYPE, so there are no entities to expand.
    """
    tree = _tree(text, url)
    if _name(tree) == "sitemapindex":
        more, in_turns = _listed(tree, url)
        return ParsedFeed("sitemap", "", "", (), more=more, is_index=True, in_turns=in_turns)
    entries = [_entry(one, url) for one in tree if _name(one) == "url"]
    entries.sort(key=lambda one: one.published or one.updated or EARLIEST, reverse=True)
    return ParsedFeed(
        format="sitemap",
        title="",
        language=next((one.language for one in entries if one.language), ""),
        entries=tuple(entries[:MAX_ENTRIES]),
        dropped=max(len(entries) - MAX_ENTRIES, 0),
    )


def _listed(tree: etree._Element, url: str) -> tuple[tuple[str, ...], bool]:
    """Sitemaps of news first, then by when they changed, the newest first; undated ones last, in their order. And
    whether neither a date nor a name says where the news is: of a long list that are the first and the last ones then.
    """
    listed = [_texts(one) for one in tree if _name(one) == "sitemap"]
    dated = [(urls.join(url, one.get("loc", "")), parse_date(one.get("lastmod", ""))) for one in listed]
    dated.sort(key=lambda one: ("news" in URL(one[0]).path.lower(), one[1] or EARLIEST), reverse=True)
    addresses = tuple(dict.fromkeys(address for address, _ in dated if address))
    in_turns = not any(at or "news" in URL(address).path.lower() for address, at in dated)
    if in_turns and len(addresses) > MOST_LISTED:
        addresses = addresses[: MOST_LISTED // 2] + addresses[-MOST_LISTED // 2 :]
    return addresses[:MOST_LISTED], in_turns


def _tree(text: str, url: str) -> etree._Element:
    """The root of the document; what is broken is mended, or left out."""
    text = repair.mended(text)
    try:
        return etree.fromstring(text.encode(), _parser(recover=False))
    except etree.XMLSyntaxError as fault:
        root = etree.fromstring(text.encode(), _parser(recover=True))
        if root is None or not len(root):
            raise ItemFailed(url, Reason.BAD_FEED, one_line(str(fault), 100)) from fault
        return root


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )


def _entry(element: etree._Element, url: str) -> ParsedEntry:
    page = _texts(element)
    news = next((_texts(child) for child in element if _name(child) == "news"), {})
    link = urls.join(url, page.get("loc", ""))
    pictures = (urls.join(url, link) for link in _pictures(element))
    return ParsedEntry(
        guid="",
        url=link,
        title=one_line(news.get("title", "")),
        published=parse_date(news.get("publication_date", "")),
        updated=parse_date(page.get("lastmod", "")),
        language=one_line(news.get("language", ""), 35),
        media=tuple(dict.fromkeys(filter(None, pictures)))[:20],
    )


def _texts(element: etree._Element) -> dict[str, str]:
    """Text by local name, of the children and of a `<news:publication>` among them."""
    found: dict[str, str] = {}
    for child in element:
        if _name(child) == "publication":
            found |= _texts(child)
        else:
            found.setdefault(_name(child), (child.text or "").strip())
    return found


def _pictures(element: etree._Element) -> list[str]:
    groups = [_texts(child) for child in element if _name(child) in _PICTURES]
    return [text for group in groups for name, text in group.items() if name.endswith("loc")]


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
