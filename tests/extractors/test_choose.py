"""Whole pages through the whole room."""

from __future__ import annotations

import importlib
import logging
import pickle
import re
from pathlib import Path

import py3langid  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reasons import Reason
from extractors import choose
from extractors.article import Article
from extractors.base import Extraction, PageState
from extractors.choose import extract, warm_up
from extractors.page import MAX_BYTES
from seeds import originals_folder
from seeds.build import Document, blocks, build_page, documents, originals

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
SENTENCE = (
    "The harbour master closed the north quay at dawn and told the crews of nine trawlers to stay where they were. "
)
NOT_TEXT = {"caption", "ad", "player", "player-intro", "related", "related-intro", "comments", "pullquote", "promo"}
SOURCES = sorted(Path(choose.__file__).parent.glob("*.py"))


def page(text: str, head: str = "") -> bytes:
    return f"<html lang=en><head>{head}</head><body><article><p>{text}</p></article></body></html>".encode()


def declared(source: str) -> str:
    """The page's language; English where it says none."""
    match = re.search('<html lang="(..)', source)
    return match[1] if match else "en"


# -- pages of other designs


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_of_a_page_the_text_is_kept_and_the_rest_is_gone(file: Path) -> None:
    """Each page says in comments what must be kept and what gone."""
    source = file.read_text(encoding="utf-8")
    found = extract(source.encode(), url=f"https://mirror.example/{file.name}", content_type="text/html")
    assert (found.state, found.reason, found.language) == (PageState.READY, None, declared(source))
    for kept in re.findall(r"<!-- kept: (.*) -->", source):
        assert kept in found.text
    for gone in re.findall(r"<!-- gone: (.*) -->", source):
        assert gone not in found.text


def test_what_a_page_says_of_itself_is_taken_over() -> None:
    found = extract(PAGES[0].with_name("en-paragraph.html").read_bytes(), url="https://courier.example/x?utm_source=y")
    assert (found.title, found.author) == ("Fuel spill shuts the north quay of Brindle", "Petra Lowther")
    assert (found.site_name, found.published_from) == ("The Brindle Courier", "meta")
    assert found.canonical_url == "https://courier.example/2031/05/04/fuel-spill-north-quay"
    assert "at half past ten, and everything" in found.text


# -- the seed documents


def seed_documents() -> list[Document]:
    folder = originals_folder()
    return documents() + (originals(folder) if folder else [])


@pytest.mark.parametrize("document", seed_documents(), ids=lambda document: document.meta.slug)
def test_of_a_seed_s_page_the_body_is_kept_and_nothing_of_another_role(document: Document) -> None:
    found = extract(build_page(document.text, document.roles, document.meta).encode(), url=document.url)
    lines = found.text.split("\n")
    assert (found.title, found.author, found.published) == (
        document.title,
        document.meta.author,
        document.meta.published,
    )
    for role, group in blocks(document.text, document.roles):
        for line in group:
            if role == "body":
                assert line in lines
            elif role in ("subhead", "standfirst"):
                assert line.lstrip("• ") in found.text
            elif role in NOT_TEXT:
                assert not any(line in (own, own.strip("“”")) for own in lines)


def test_no_rule_of_this_room_knows_a_phrase_of_the_seeds() -> None:
    sources = " ".join(" ".join(source.read_text(encoding="utf-8").split()) for source in SOURCES).casefold()
    for document in seed_documents():
        for line in document.text.splitlines():
            words = line.strip("• ").casefold()
            assert len(words.split()) < 3 or words not in sources


# -- states


def test_a_page_without_text_fails_but_says_what_it_is() -> None:
    found = extract(page("", "<title>A film</title>"), url="u")
    assert (found.state, found.reason, found.title, found.confidence) == (PageState.FAILED, Reason.NO_BODY, "A film", 0)


@pytest.mark.parametrize(("times", "state"), [(3, PageState.PARTIAL), (20, PageState.READY)])
def test_a_short_text_that_is_not_free_is_a_teaser(times: int, state: PageState) -> None:
    wall = '<script type="application/ld+json">{"@type":"Article","isAccessibleForFree":"False"}</script>'
    text = "".join(f"{n} {SENTENCE}" for n in range(times))
    found = extract(page(text, wall), url="u")
    assert (found.state, found.reason) == (state, Reason.PAYWALL if state is PageState.PARTIAL else None)
    assert SENTENCE.strip() in found.text


def test_a_text_that_only_repeats_the_description_is_a_teaser() -> None:
    found = extract(page(SENTENCE, f"<meta name=description content='{SENTENCE}'>"), url="u")
    assert (found.state, found.reason) == (PageState.PARTIAL, Reason.PAYWALL)


def test_a_text_is_trusted_as_far_as_independent_readers_agree_with_it() -> None:
    paragraphs = "".join(f"<p>{n} {SENTENCE}</p>" for n in range(6))
    cards = "".join(f"<section><h3>Card {n}</h3><p>{n} Elsewhere, {SENTENCE}</p></section>" for n in range(9))
    plain = extract(f"<html lang=en><body><article>{paragraphs}</article></body></html>".encode(), url="u")
    mixed = extract(f"<html lang=en><body><div>{paragraphs}</div>{cards}</body></html>".encode(), url="u")
    assert plain.confidence > 0.9
    assert mixed.confidence < plain.confidence


def test_of_articles_one_below_the_other_the_page_s_own_is_read() -> None:
    own = "".join(f"<p>{n} {SENTENCE}</p>" for n in range(3))
    others = "".join(f"<p>{n} A ferry sank on Monday, and thirty people are missing since.</p>" for n in range(14))
    articles = f"<article><h1>Quay closed</h1>{own}</article><article><h1>Ferry sunk</h1>{others}</article>"
    found = extract(f"<html lang=en><title>Quay closed</title><body>{articles}</body></html>".encode(), url="u")
    assert (found.title, found.text.count("harbour"), "ferry" in found.text) == ("Quay closed", 3, False)


@pytest.mark.parametrize(
    "page",
    ["<main><h1>Quay: live</h1>{}</main>", "<main><article><h1>Quay: live</h1><p>Known so far.</p></article>{}</main>"],
)
@pytest.mark.parametrize("entry", ["<article class=post>{}</article>", "<li><article class=post>{}</article></li>"])
def test_the_entries_of_a_live_report_keep_their_headlines_and_their_order(page: str, entry: str) -> None:
    entries = "".join(entry.format(f"<h2>{n}: quay closed</h2><p>{n} {SENTENCE}</p>") for n in range(5))
    found = extract(f"<html lang=en><body>{page.format(entries)}</body></html>".encode(), url="u")
    assert re.findall(r"(\d): quay closed\s+(\d) The harbour", found.text) == [(str(n), str(n)) for n in range(5)]


def test_of_a_flash_the_menus_are_no_text() -> None:
    links = "".join(f"<li><a href=/{n}>{name}</a></li>" for n, name in enumerate(("War", "Elections", "Earthquake")))
    flash = "<main><h1>President resigns</h1><p>More to follow.</p></main><footer><p>About us.</p></footer>"
    for menu in (f"<nav><ul>{links}</ul></nav>", f"<div class=top><ul>{links}</ul></div>"):
        body = f"{menu}{flash}"
        found = extract(f"<html lang=en><title>President resigns</title><body>{body}</body></html>".encode(), url="u")
        assert found.text == "More to follow."


def test_where_both_witnesses_agree_against_it_the_text_is_the_scorer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Article, "body", lambda *_: "A menu and nothing else")
    found = extract(page("</p><p>".join(f"{n} {SENTENCE}" for n in range(6))), url="u")
    assert (found.extractor, found.text.count("harbour master")) == ("prose", 6)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"", "text/html", Reason.NO_BODY),
        (b"%PDF-1.7", "application/pdf", Reason.WRONG_TYPE),
        (b"%PDF-1.7" + b"x" * MAX_BYTES, "application/pdf", Reason.TOO_BIG),
        (b"<p>" + b"x" * MAX_BYTES, "text/html", Reason.TOO_BIG),
        (b"<div>" * 3_000, "text/html", Reason.TOO_DEEP),
        (b"<html><title>Deep</title><body>" + b"<div>" * 300 + b"text", "text/html", Reason.TOO_DEEP),
    ],
)
def test_a_page_that_cannot_be_read_fails_with_its_reason(body: bytes, kind: str, reason: Reason) -> None:
    found = extract(body, url="https://a.example/x", content_type=kind)
    assert (found.state, found.reason, found.text, found.url) == (PageState.FAILED, reason, "", "https://a.example/x")


def test_plain_text_is_its_own_body() -> None:
    found = extract(f"{SENTENCE}\n\nNext.\n".encode(), url="u", content_type="text/plain")
    assert (found.text, found.extractor, found.language) == (f"{SENTENCE.strip()}\nNext.", "plain", "en")


def test_text_is_what_databases_take() -> None:
    text = extract(page(f"{SENTENCE * 3} a\u202eb e\u0301 &#0;&#1;"), url="u").text
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert "é" in text


def test_an_extraction_passes_between_processes_and_says_how_long_it_took() -> None:
    found = extract(page(SENTENCE * 8), url="u")
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.ms > 0


# -- hostile pages


def test_a_page_that_makes_the_library_stumble_fails_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*_: object) -> str:
        raise IndexError("list index out of range")

    monkeypatch.setattr(Article, "body", stumble)
    with caplog.at_level(logging.ERROR):
        found = extract(page(SENTENCE), url="https://a.example/x")
    assert (found.state, found.reason) == (PageState.FAILED, Reason.STUMBLED)
    assert "url=https://a.example/x" in caplog.text


def test_a_page_that_takes_all_memory_is_the_pool_s_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def eat(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(Article, "body", eat)
    with pytest.raises(MemoryError):
        extract(page(SENTENCE), url="u")


@pytest.mark.parametrize(
    "body",
    [
        b"<p>" * 20_000,
        b"<a href=x>" * 300 + b"text",
        b"<ul><li>" * 200,
        b"<table><tr><td>" * 90,
        b"<br>" * 20_000,
        b"<div class='" + b"a " * 50_000 + b"'>x</div>",
        b"<script>" * 5_000,
        b"<!--" * 5_000,
        b"&lt;" * 50_000,
        b"<blockquote>" * 100 + SENTENCE.encode() * 10,
        b"<figure><video><p>" * 80,
        b"\xff\xfe<html>",
        b"<html lang='" + b"x" * 100_000 + b"'><p>text",
        b"<base href='javascript:1'><a href='http://[bad'>x</a>" * 50,
        b"<p>" + b"a" * 200_000 + b"</p>",
        b"<meta charset='\xff'><p>x",
        b"<p>0:0" + b"0:00 " * 20_000,
    ],
)
def test_a_hostile_page_is_read_or_fails(body: bytes) -> None:
    assert extract(body, url="https://a.example/x").reason is not Reason.STUMBLED


_TAGS = [
    "p",
    "div",
    "a",
    "ul",
    "li",
    "h2",
    "figure",
    "figcaption",
    "blockquote",
    "video",
    "table",
    "tr",
    "td",
    "br",
    "time",
]
_CLASSES = ["", "player", "ad", "related", "caption", "pullquote", "pull"]
_TEXTS = ["", "Related:", "0:00", SENTENCE, "Who owns the pits", "43", "“Nothing at all about it.”"]
_piece = st.builds(
    lambda tag, name, text, close: f"<{tag} class='{name}' href='/x' alt='{text}'>{text}{f'</{tag}>' if close else ''}",
    st.sampled_from(_TAGS),
    st.sampled_from(_CLASSES),
    st.sampled_from(_TEXTS),
    st.booleans(),
)


@given(st.lists(_piece, max_size=30))
@settings(max_examples=150)
def test_no_mixture_of_elements_makes_it_stumble(pieces: list[str]) -> None:
    found = extract(f"<html><body>{''.join(pieces)}</body></html>".encode(), url="https://a.example/x")
    assert isinstance(found, Extraction)
    assert found.reason is not Reason.STUMBLED


def test_warming_up_reads_a_page_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    warm_up()
    assert not caplog.records


def test_workers_share_the_language_model_when_their_server_has_imported_it() -> None:
    importlib.import_module("extractors.warm")
    assert py3langid.langid.IDENTIFIER is not None
