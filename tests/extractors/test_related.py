from __future__ import annotations

from dataclasses import replace

import pytest

from extractors.related import LoneLink, introduces, is_label, is_related, names_target, reads_as_sentence

HERE = frozenset({"www.gazette.example"})
OTHER = LoneLink("Who owns the pits of the northern valley", "https://gazette.example/a/8123", HERE)


@pytest.mark.parametrize(
    "link",
    [
        OTHER,
        replace(OTHER, target="/a/8123"),
        replace(OTHER, target="https://live.gazette.example/x"),
        replace(OTHER, text="Who owns the pits?"),
        replace(OTHER, text="Strikers sing for the minister!"),
        replace(OTHER, text="Owners of the northern pits talk to the U.S."),
        replace(OTHER, text="The Owners Of The Northern Pits Have Had Enough."),
        replace(OTHER, label="Read more:", target="https://elsewhere.example/1"),
        replace(OTHER, label="Mehr dazu:", text="Die Gruben im Norden schließen."),
        replace(
            OTHER, text="Pits in the north to close.", target="https://gazette.example/news/pits-in-the-north-close"
        ),
        replace(
            OTHER, text="Pits in the north to close", target="https://elsewhere.example/pits-in-the-north-to-close"
        ),
        replace(OTHER, text="El volcán más alto de Europa", target="https://x.example/el-volcan-mas-alto-de-europa/"),
        replace(OTHER, text="A very long story. It begins in 1911 with a bet.", card=True),
        replace(OTHER, sites=frozenset()),
        LoneLink("Who owns the pits", "http://127.0.0.1:8080/a", frozenset({"127.0.0.1"})),
        LoneLink("Who owns the pits", "https://www.paper.co.uk/a", frozenset({"news.paper.co.uk"})),
    ],
)
def test_a_headline_on_the_way_to_another_article_is_related(link: LoneLink) -> None:
    assert is_related(link)


@pytest.mark.parametrize(
    "link",
    [
        replace(OTHER, text="The full ruling was put on the parliament's pages on Monday night."),
        replace(OTHER, text="“We were told nothing at all about it”"),
        replace(OTHER, text="„Wir haben davon nichts gewusst“"),
        replace(OTHER, text="We were told nothing. We heard it on the radio"),
        replace(OTHER, text="予算案は全会一致で可決された。"),
        replace(OTHER, text="the full list of the pits", tail="."),
        replace(OTHER, target="https://government.example/law/act-2031.pdf"),
        replace(OTHER, target="#notes"),
        replace(OTHER, target=""),
        replace(OTHER, target="mailto:desk@gazette.example"),
        replace(OTHER, text="word " * 60),
        replace(OTHER, of_the_text=True),
        LoneLink("Who owns the pits", "https://other.co.uk/a", frozenset({"paper.co.uk"})),
    ],
)
def test_what_reads_as_prose_or_leads_elsewhere_is_of_the_text(link: LoneLink) -> None:
    assert not is_related(link)


@pytest.mark.parametrize(
    "text",
    [
        "Related",
        "Read also:",
        "Watch a related video by Ann Onymous:",
        "Mehr zum Thema",
        "Lire aussi",
        "También lea",
        "Читайте также:",
        "Läs också",
        "関連記事",
        "Xem thêm",
        "اقرأ أيضا",
    ],
)
def test_words_that_announce_links_are_a_label(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Human rights",
        "More money",
        "Mehr Geld",
        "He said:",
        "関連する法律は来年の春に改正される見通しだと述べた。",
        "He read more in that year than he had in all the years before it:",
        "x" * 100,
    ],
)
def test_other_short_lines_are_not(text: str) -> None:
    assert not is_label(text)


def test_a_sentence_with_a_colon_introduces_a_list_and_a_label_does_not() -> None:
    assert introduces("The jury named these four writers on Wednesday evening:")
    assert not introduces("The jury named these four writers on Wednesday evening.")
    assert not introduces("Writers:")
    assert not introduces("Read more of what we wrote on this subject, and see also:")


def test_a_slug_names_its_headline_in_any_inflection_and_without_its_accents() -> None:
    assert names_target("Evacúan tres barrios de Tolva", "https://a.example/evacuan-tres-barrios-tolva", 0.6)
    assert names_target("Evacúan tres barrios", "https://a.example/x/evac%C3%BAan-tres-barrios.html?x=1", 0.6)
    assert not names_target("Evacúan tres barrios de Tolva", "https://a.example/2031/05/04/117", 0.6)
    assert not names_target("The minister raised the rate on Monday", "https://a.example/rate-raised", 0.6)


def test_an_ellipsis_and_an_abbreviation_are_no_full_stop() -> None:
    assert not reads_as_sentence("It begins with a bet…")
    assert not reads_as_sentence("It begins with a bet...")
    assert not reads_as_sentence("Closer ties with the U.S.")
    assert reads_as_sentence("It begins with a “bet.”")
