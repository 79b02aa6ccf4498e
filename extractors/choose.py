"""A page's bytes in, an Extraction out: the way through this room, and where a failure becomes a value."""

from __future__ import annotations

from time import perf_counter

from core.errors import ItemFailed
from core.reasons import Reason
from core.text import clean as storable
from core.text import one_line
from extractors import language, lines, metadata, sites
from extractors.article import Article
from extractors.base import Extraction, Extractor, PageState, SiteHand
from extractors.clean import clean
from extractors.metadata import Metadata
from extractors.page import Page, open_page

TEASER = 1_200  # characters; a page that asks for money and shows less shows a teaser
SURE = 500  # characters; a shorter text may be a notice about cookies or scripts

_ARTICLE = Article()


def extract(
    page: bytes, *, url: str, content_type: str = "", charset: str = "", site: SiteHand | None = None
) -> Extraction:
    """Read one page. Never raises for what is wrong with it: a failed Extraction says why in its `reason`.

    `url` is where it was found in the end, `content_type` and `charset` what the answer said; both may be wrong. Runs
    up to 20 s on hostile pages: call it in a WorkerPool. Raises InputError for a selector of `site` that is not CSS.
    """
    started = perf_counter()
    said, language_code = Metadata(), ""
    try:
        opened = open_page(page, url=url, content_type=content_type, charset=charset)
        if opened.tree is not None:
            said = metadata.read(opened.tree, url)
        text, extractor = _text(opened, said, url, site or SiteHand())
        language_code = language.language_of(text or said.title, said.language)
        state, reason = _state(text, said)
    except ItemFailed as error:
        text, extractor, state, reason = "", "", PageState.FAILED, error.reason
    return Extraction(
        url=url,
        state=state,
        reason=reason,
        title=said.title,
        text=text,
        author=said.author,
        published=said.published,
        published_from=said.published_from,
        language=language_code,
        canonical_url=said.canonical_url,
        extractor=extractor,
        confidence=_confidence(state, text),
        site_name=said.site_name,
        description=said.description,
        ms=(perf_counter() - started) * 1_000,
    )


def warm_up() -> None:
    """Load what the first page would wait for: the libraries' tables and the language model (about 1 s)."""
    extract(b"<html><body><article><p>Warm.</p></article></body></html>", url="")
    language.guess("warm")


def _text(opened: Page, said: Metadata, url: str, hand: SiteHand) -> tuple[str, str]:
    """The body, and the name of the extractor that found it; raises ItemFailed."""
    if opened.tree is None:
        return _joined(opened.plain, ""), "plain"
    if opened.too_deep:
        raise ItemFailed(url, Reason.TOO_DEEP)
    sites.remove(opened.tree, hand)
    clean(opened.tree, url)
    extractors: list[Extractor] = [sites.Site(hand), _ARTICLE] if hand.body else [_ARTICLE]
    for extractor in extractors:
        if text := _joined(extractor.body(opened.tree, url), said.title):
            return text, extractor.name
    return "", ""


def _joined(body: str, title: str) -> str:
    return storable("\n".join(lines.tidy(body.split("\n"), title)))


def _state(text: str, said: Metadata) -> tuple[PageState, Reason | None]:
    if not text:
        return PageState.FAILED, Reason.NO_BODY
    behind_a_wall = said.free is False and len(text) < TEASER
    if behind_a_wall or one_line(text) in said.description:
        return PageState.PARTIAL, Reason.PAYWALL
    return PageState.READY, None


def _confidence(state: PageState, text: str) -> float:
    """From the length alone: 0.9 for a text of some length, 0.5 for a short one, 0.3 for a teaser."""
    if state is not PageState.READY:
        return 0.3 if state is PageState.PARTIAL else 0.0
    return 0.9 if len(text) >= SURE else 0.5
