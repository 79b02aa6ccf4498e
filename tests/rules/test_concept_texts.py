"""Every shipped concept finds what its texts say it finds, in every language, and nothing where it must not."""

from __future__ import annotations

import re
from functools import cache

import pytest

from rules import concepts
from rules.concepts import Concept
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher

LANGUAGES = frozenset(("ar", "de", "en", "es", "fr", "ja", "ko", "pt", "ru", "th", "vi", "zh"))
CATALOGUE = {concept.name: concept for concept in concepts.catalogue()}
TEXTS = 2  # of each kind, in each language


@cache
def matcher(concept: str) -> Matcher:
    return Matcher(load(f"version: 1\nrules: {{r: {{match: '#{concept}'}}}}\n").rules)


def found(concept: str, text: str, language: str) -> bool:
    document = analyse(ArticleText(id="text", text=text, language=language, fallback_language=language))
    return bool(matcher(concept).match(document).matches)


@pytest.mark.parametrize("concept", CATALOGUE.values(), ids=CATALOGUE)
def test_it_finds_its_texts_and_leaves_the_others(concept: Concept) -> None:
    missed = [f"{language}: {text}" for language in concept.match for text in concept.match[language]
              if not found(concept.name, text, language)]  # fmt: skip
    wrong = [f"{language}: {text}" for language in concept.ignore for text in concept.ignore[language]
             if found(concept.name, text, language)]  # fmt: skip
    assert (missed, wrong) == ([], [])


@pytest.mark.parametrize("concept", CATALOGUE.values(), ids=CATALOGUE)
def test_it_speaks_every_language_and_shows_so(concept: Concept) -> None:
    assert concept.about
    for texts, least in ((concept.terms, 3), (concept.match, TEXTS), (concept.ignore, TEXTS)):
        assert {language for language, given in texts.items() if len(given) >= least} >= LANGUAGES


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_holds_every_year_up_to_2025_to_be_long_ago(language: str) -> None:
    text = next(one for one in CATALOGUE["long-ago"].match[language] if re.search("20(11|22)", one))
    years = [1900, 1998, 2000, 2010, 2019, 2025, 2026]
    found_in = [year for year in years if found("long-ago", re.sub("20(11|22)", str(year), text), language)]
    assert found_in == years[:-1]


def test_a_year_that_is_over_is_written_alike_wherever_it_stands() -> None:
    terms = str([CATALOGUE[name].terms for name in ("long-ago", "just-now")])
    assert len(set(re.findall("/[^/ ]*(?:19|20)[^/ ]*/", terms))) == 1
