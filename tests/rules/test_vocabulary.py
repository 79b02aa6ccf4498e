import pytest

from rules import vocabulary
from rules.vocabulary import Vocabulary, Wanted


def matches(wanted: Wanted, word: str, language: str = "en") -> bool:
    words = Vocabulary()
    number = words.number(wanted)
    return number in words.spellings(language)[word]


@pytest.mark.parametrize(
    ("wanted", "word", "language", "expected"),
    [
        (Wanted("meet"), "met", "en", True),
        (Wanted("meet"), "Meetings", "en", True),
        (Wanted("meet"), "met", "fr", False),
        (Wanted("talks", exact=True), "talks", "en", True),
        (Wanted("talks", exact=True), "talk", "en", False),
        (Wanted("talks", exact=True), "Talks", "en", False),
        (Wanted("Vietnam", exact=True), "Vietnam’s", "en", True),
        (Wanted("Trong", exact=True), "trong", "vi", False),
        (Wanted("Trong", exact=True), "Trọng", "vi", False),
        (Wanted("trong"), "Trọng", "vi", True),
        (Wanted("Trọng"), "trọng", "vi", True),
        (Wanted("Trọng"), "Tro\u0323ng", "vi", True),
        (Wanted("Trọng"), "trong", "vi", False),
        (Wanted("marché"), "marches", "fr", False),
        (Wanted("marché"), "marchés", "fr", True),
        (Wanted("marche"), "marché", "fr", True),
        (Wanted("US", exact=True), "us", "en", False),
        (Wanted("US", exact=True), "ＵＳ", "en", True),
        (Wanted("sanction", prefix=True), "Sanctioned", "en", True),
        (Wanted("sanction", prefix=True), "sanct", "en", False),
        (Wanted("elev", prefix=True), "élevé", "fr", True),
        (Wanted("élev", prefix=True), "eleve", "fr", False),
        (Wanted("élev", prefix=True), "Élevé", "fr", True),
        (Wanted("베트남"), "베트남에서", "ko", True),
        (Wanted("вьетнам"), "вьетнама", "ru", True),
        (Wanted("Island", lang="de"), "Island", "en", False),
        (Wanted("Island", lang="de"), "Island", "de", True),
        (Wanted("越", lang="zh-Hant"), "越", "zh", True),
    ],
)
def test_a_rules_word_is_found_in_a_text(wanted: Wanted, word: str, language: str, expected: bool) -> None:
    assert matches(wanted, word, language) is expected


def test_the_same_word_has_one_number_and_new_words_are_seen_at_once() -> None:
    words = Vocabulary()
    ferry = words.number(Wanted("ferry"))
    assert words.spellings("en")["boats"] == ()
    boat = words.number(Wanted("boat"))
    assert words.number(Wanted("ferry")) == ferry != boat
    assert words.spellings("en")["boats"] == (boat,)


def test_spellings_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_KEPT_SPELLINGS", 2)
    words = Vocabulary()
    number = words.number(Wanted("ferry"))
    spellings = words.spellings("en")
    assert [spellings[word] for word in ("a", "b", "ferries")] == [(), (), (number,)]
    assert len(spellings) == 1
