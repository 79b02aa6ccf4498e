"""A page's bytes in, an Extraction out: the way through this room, and where a failure becomes a value."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from time import perf_counter

from core.errors import InputError, ItemFailed
from core.log import pairs
from core.reasons import Reason
from core.text import clean as storable
from core.text import one_line
from extractors import language, lines, metadata, pdf, sites, walls, witnesses, wrapped
from extractors.article import Article
from extractors.base import Extraction, Extractor, PageState, SiteHand
from extractors.clean import clean
from extractors.metadata import Metadata
from extractors.page import MAX_BYTES, Page, open_page

TEASER = 1_200  # characters; a page that asks for money and shows less shows a teaser

logger = logging.getLogger(__name__)

_ARTICLE: Extractor = Article()


def extract(
    page: bytes, *, url: str, content_type: str = "", charset: str = "", site: SiteHand | None = None
) -> Extraction:
    """Read one page. Never raises for what is wrong with it: a failed Extraction says why in its `reason`.

    `url` is where it was found in the end, `content_type` and `charset` what the answer said; both may be wrong. Runs
    up to 20 s on hostile pages: call it in a WorkerPool. A selector of `site` that is not CSS is logged and left out
    (`sites.check` refuses it before it is saved).
    """
    started = perf_counter()
    try:
        found = _read(page, url, content_type, charset, _usable(site))
    except ItemFailed as error:
        found = Extraction(url, PageState.FAILED, error.reason)
    except MemoryError:
        raise
    except Exception:  # of any layer: one page in a thousand must not end a run
        logger.exception("%s", pairs(url=url, reason=Reason.STUMBLED))
        found = Extraction(url, PageState.FAILED, Reason.STUMBLED)
    return replace(found, ms=(perf_counter() - started) * 1_000)


def _usable(site: SiteHand | None) -> SiteHand:
    if site is None:
        return SiteHand()
    try:
        sites.check(site)
    except InputError as error:
        logger.warning("%s", error.message)
        return SiteHand()
    return site


def _read(page: bytes, url: str, content_type: str, charset: str, hand: SiteHand) -> Extraction:
    """Raises ItemFailed for a page that cannot be opened; one without a body still says what it is."""
    if pdf.is_pdf(page):
        return _read_pdf(page, url)
    opened = open_page(page, url=url, content_type=content_type, charset=charset)
    said = metadata.read(opened.tree, url) if opened.tree is not None else Metadata()
    found = _body(opened, said, url, hand)
    state, reason = _state(found.text, said, opened)
    if reason is Reason.WALL:
        found = _Body()
    return Extraction(
        url=url,
        state=state,
        reason=reason,
        title=said.title,
        text=found.text,
        author=said.author,
        published=said.published,
        published_from=said.published_from,
        language=language.language_of(found.text or said.title, said.language),
        canonical_url=said.canonical_url,
        extractor=found.extractor,
        confidence=round(found.confidence, 3),
        site_name=said.site_name,
        description=said.description,
        section=said.section,
    )


def _read_pdf(file: bytes, url: str) -> Extraction:
    if len(file) > MAX_BYTES:
        raise ItemFailed(url, Reason.TOO_BIG, f"{len(file)} bytes, the limit is {MAX_BYTES}")
    found = pdf.read(file, url)
    text = _joined(found.text, found.title)
    return Extraction(
        url=url,
        state=PageState.READY if text else PageState.FAILED,
        reason=None if text else Reason.NO_BODY,
        title=found.title,
        text=text,
        author=found.author,
        published=found.published,
        published_from="pdf" if found.published else "",
        language=language.language_of(text),
        extractor="pdf",
        confidence=1.0,
    )


def warm_up() -> None:
    """Load what the first page would wait for (0.5 s), but for the language model: most pages declare theirs."""
    extract(b"<html lang='en'><body><article><p>Warm.</p></article></body></html>", url="")


@dataclass(frozen=True, slots=True)
class _Body:
    text: str = ""
    extractor: str = ""
    confidence: float = 0.0


def _body(opened: Page, said: Metadata, url: str, hand: SiteHand) -> _Body:
    """The body, and who found it; empty when there is none. What a site's own selector finds is not doubted."""
    if opened.tree is None:
        return _Body(_joined(_unwrapped(opened.plain), ""), "plain", 1.0)
    if opened.too_deep:
        return _Body()
    sites.remove(opened.tree, hand)
    clean(opened.tree, url, said.title)
    if hand.body and (text := _joined(sites.Site(hand).body(opened.tree, url), said.title)):
        return _Body(text, sites.Site.name, 1.0)
    heard = witnesses.hear(opened.tree)
    heard = witnesses.Heard(_joined(heard.names, said.title), _joined(heard.prose, said.title))
    text = _joined(_ARTICLE.body(opened.tree, url), said.title)
    verdict = witnesses.judge(text, heard)
    if verdict.leave:
        return _Body(heard.prose, witnesses.NAME, verdict.confidence)
    return _Body(text, _ARTICLE.name, verdict.confidence) if text else _Body()


def _unwrapped(plain: str) -> str:
    given = [one_line(line) for line in plain.splitlines()]
    return "\n".join(wrapped.paragraphs(given) if wrapped.is_wrapped(given) else given)


def _joined(body: str, title: str) -> str:
    return storable("\n".join(lines.tidy(body.split("\n"), title)))


def _state(text: str, said: Metadata, opened: Page) -> tuple[PageState, Reason | None]:
    if not text:
        return PageState.FAILED, Reason.TOO_DEEP if opened.too_deep else Reason.NO_BODY
    if opened.tree is not None and walls.is_notice(text, said.title):
        return PageState.FAILED, Reason.WALL
    behind_a_wall = said.free is False and len(text) < TEASER
    if behind_a_wall or one_line(text) in said.description:
        return PageState.PARTIAL, Reason.PAYWALL
    return PageState.READY, None
