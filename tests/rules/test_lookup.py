"""The index of words offers every article that a rule matches, whatever the language and the spelling."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from core.lookup import Every, Query, Word
from rules import lookup, tree
from rules.document import ArticleText, analyse
from rules.index import Unanchored
from rules.match import Matcher
from rules.parse import parse
from rules.words import inflected_languages
from tests.rules.desk import NAMES, Rule

WORDS = {
    "en": ["meet", "met", "meeting", "U.S.", "1,000", "president's", "Résumé", "resume", "ran", "children", "US"],
    "fr": ["élection", "élections", "ELECTION", "marché", "marches", "parlait", "parlons"],
    "de": ["Häuser", "Haus", "STRASSE", "Straße", "ging", "gegangen", "Hauses"],
    "vi": ["Trọng", "Trong", "gặp", "Hà", "Nội"],
    "ru": ["Вьетнам", "Вьетнама", "встречи", "встречу", "ёлка"],
    "tr": ["İstanbul", "istanbul", "ırmak", "SEÇİM", "seçim", "KILIÇDAROĞLU", "Kılıçdaroğlu", "saldırıları", "Irak"],
    "es": ["elección", "elecciones", "jóvenes", "joven", "telefonó", "año", "anos"],
    "pt": ["eleição", "eleições", "inglês", "ingleses", "março", "marca"],
    "el": ["πόλεμος", "πολέμου", "πόλεμοι"],
    "ar": ["اتفاق", "الاتفاق", "وزير", "إيران", "وإيران", "ايران", "اسرائيل", "إسرائيليين"],
    "fa": ["ایران", "ايران", "آلمان"],
    "hi": ["चुनाव", "चुनावों", "ज़मीन", "जमीन"],
    "ko": ["한국", "한국은", "대통령이", "대통령"],
    "zh": ["拜", "登", "河", "内", "会"],
    "ja": ["が", "ガ", "東", "京", "々"],
    "th": ["ก้", "า", "ว", "หน้"],
    "xx": ["½", "ﷺ", "ﬁsh", "Ｘ", "q" * 60, "q" * 45 + "x"],
}
EVERY_WORD = [word for words in WORDS.values() for word in words]
SPELT: list[Callable[[str], str]] = [str, str, str.upper, str.casefold, lambda word: unicodedata.normalize("NFD", word)]


def offers(query: Query | None, keys: frozenset[str] | None) -> bool:
    """What a database answers."""
    if query is None or keys is None:
        return True
    if isinstance(query, Word):
        if query.prefix:
            return any(key.startswith(query.keys) for key in keys)
        return not keys.isdisjoint(query.keys)
    answers = [offers(part, keys) for part in query.parts]
    return all(answers) if isinstance(query, Every) else any(answers)


class Chance:
    """Makes rules and articles of a few words, each differently written each time."""

    def __init__(self, language: str, words: list[str]) -> None:
        self.language, self.words, self.dice = language, words, Random(language)

    def word(self) -> str:
        return self.dice.choice(SPELT)(self.dice.choice(self.words))

    def text(self, most: int) -> str:
        pieces = (
            self.word() + self.dice.choice([" ", " ", ", ", "-", "\n", ". "]) for _ in range(self.dice.randint(0, most))
        )
        return "".join(pieces) + self.dice.choice(["", " filler" * 60])

    def article(self) -> ArticleText:
        language, feed = (self.dice.choice([self.language, self.language, "", "en", "fr"]) for _ in range(2))
        author = self.text(1)
        return ArticleText("a", self.text(1), self.text(4), author=author, language=language, fallback_language=feed)

    def term(self) -> tree.Term:
        lang = self.dice.choice(["", "", "", self.language, f"{self.language}-Hant"])
        if self.dice.random() < 0.2:
            return tree.Term((self.word()[: self.dice.choice([3, 45])],), prefix=True, lang=lang)
        count = self.dice.choice([1, 1, 1, 2, 2, 3])
        return tree.Term(tuple(self.word() for _ in range(count)), exact=self.dice.random() < 0.3, lang=lang)

    def rule(self, depth: int) -> tree.Expr:
        if depth == 0 or self.dice.random() < 0.3:
            return self.term()
        one, two, three = (self.rule(depth - 1) for _ in range(3))
        made: list[tree.Expr] = [
            tree.Or((one, two)),
            tree.And((one, two), (three,)),
            tree.And((one,), (two,)),
            tree.And((one, tree.Value("lang", self.language))),
            tree.Near(9, (one, two)),
            tree.Near(9, (one, two), True),
            tree.NotNear(1, one, two),
            tree.Unless(one, two),
            tree.Within("sentence", (one, two)),
            tree.AtLeast(2, one),
            tree.First(9, one),
            tree.AnyOf(1, (one, two, three)),
            tree.AnyOf(2, (one, two, three)),
            tree.AnyOf(2, (one, two, tree.Regex("filler"))),
            tree.InField(self.dice.choice(["title", "author", "lead", "body"]), one),
        ]
        return self.dice.choice(made)


@pytest.mark.parametrize("language", [*WORDS])
def test_every_article_that_a_rule_matches_is_offered(language: str) -> None:
    chance, matched = Chance(language, WORDS[language]), 0
    for _ in range(60):
        article = chance.article()
        document, keys = analyse(article), lookup.keys_of(article)
        for _ in range(12):
            rule = Rule(chance.rule(2), languages=chance.dice.choice([(), ("en",), ("vi", "fr"), ("zh",)]))
            try:
                matcher = Matcher([rule])
            except Unanchored:
                continue
            if matcher.match(document).matches:
                matched += 1
                assert offers(lookup.query(rule.expr), keys), (tree.written(rule.expr), article)
                assert offers(lookup.nearly(rule.expr), keys), (tree.written(rule.expr), article)
    assert matched > 10


@pytest.mark.parametrize("language", ["", *inflected_languages()])
def test_a_word_is_offered_for_itself_in_every_language(language: str) -> None:
    for word in EVERY_WORD:
        article = ArticleText("a", text=word, language=language, fallback_language=language)
        for term in (tree.Term((word,)), tree.Term((word,), exact=True), tree.Term((word[:50],), prefix=True)):
            assert offers(lookup.query(term), lookup.keys_of(article))


@pytest.mark.parametrize(
    ("rule", "text", "language", "offered"),
    [
        ("meet", "They met.", "en", True),
        ("met", "They meet.", "en", True),
        ("meet", "Meat is dear.", "en", False),
        ("resume", "She sent a résumé.", "en", True),
        ("ferry NEAR/5 sank", "The ferry left.", "en", False),
        ("ferry OR sank", "The ferry left.", "en", True),
        ("ferry AND NOT exercise", "The ferry exercise.", "en", True),
        ("河内", "双方在河内会面。", "zh", True),
        ("河内", "内部的河口。", "zh", False),
        ("河内", "在河。内", "zh", True),
        ("ferr*", "Ferries sail.", "en", True),
        ("ferr*", "A fern grows.", "en", False),
        ("@Biden", "拜登访问河内。", "zh", True),
        ("ferry AND /[0-9]+ dead/", "The ferry sank.", "en", True),
        ("ferry AND source:Reuters", "The boat sank.", "en", False),
        ("any/2(ferry, sank, drowned)", "The ferry left.", "en", True),
        ("any/2(ferry, sank, drowned)", "The boat left.", "en", False),
    ],
)
def test_most_of_the_others_are_not_offered(rule: str, text: str, language: str, offered: bool) -> None:
    article = ArticleText("a", text=text, fallback_language=language)
    assert offers(lookup.query(parse(rule, NAMES)), lookup.keys_of(article)) is offered


@pytest.mark.parametrize(
    ("rule", "text", "offered"),
    [
        ("near/40(@Biden, @Vietnam, meet)", "Biden saw Hanoi.", True),
        ("near/40(@Biden, @Vietnam, meet)", "Biden slept.", False),
        ("(ferry NEAR/5 sank) AND Manila", "A ferry off Manila.", True),
        ("(ferry NEAR/5 sank) AND Manila", "A ferry left.", False),
        ("(ferry AND sank) OR (boat AND capsized)", "A boat left.", True),
        ("(ferry AND sank) OR (boat AND capsized)", "A ship left.", False),
        ("title:(ferry NEAR/5 sank)", "A ferry left.", True),
        ("first/5(ferry)", "A boat left.", False),
        ("$sinking", "A ferry left.", True),
    ],
)
def test_a_near_miss_lacks_one_clause_at_most(rule: str, text: str, offered: bool) -> None:
    article = ArticleText("a", text=text, fallback_language="en")
    assert offers(lookup.nearly(parse(rule, NAMES)), lookup.keys_of(article)) is offered


def test_a_short_text_of_no_known_language_has_no_keys() -> None:
    article = ArticleText("a", text="They met.", language="en")
    assert lookup.keys_of(article) is None
    assert lookup.keys_of(replace(article, text="They met. " * 40)) is not None


def test_keys_are_words_that_a_database_leaves_whole() -> None:
    keys = lookup.keys_of(ArticleText("a", text=" ".join(EVERY_WORD), fallback_language="en")) or frozenset()
    assert all(len(one) <= lookup.LONGEST for one in keys)
    assert not {letter for one in keys for letter in one if letter.isascii() and not letter.isalnum()}
    assert "u·s" in keys


def test_the_version_follows_what_keys_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lookup.version()
    monkeypatch.setattr(lookup, "_VERSION", "another")
    lookup.version.cache_clear()
    assert lookup.version() != before
    lookup.version.cache_clear()
