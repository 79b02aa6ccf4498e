import pytest

from rules.words import Spelling, bare_keys, irregular, keys, rule_keys, same_accents, spelling, spellings


@pytest.mark.parametrize(
    ("word", "exact", "folded", "bare"),
    [
        ("Trọng", "Trọng", "trọng", "trong"),
        ("Tro\u0323ng", "Trọng", "trọng", "trong"),
        ("Vietnam’s", "Vietnam", "vietnam", "vietnam"),
        ("VIETNAM'S", "VIETNAM", "vietnam", "vietnam"),
        ("U.S.", "U.S", "u.s", "u.s"),
        ("U.S.’s", "U.S", "u.s", "u.s"),
        ("ＵＳ", "US", "us", "us"),
        ("inter\u00adnational", "international", "international", "international"),
        ("Đặng", "Đặng", "đặng", "dang"),
        ("Łódź", "Łódź", "łódź", "lodz"),
        ("май", "май", "май", "май"),
        ("ещё", "ещё", "ещё", "еще"),
        ("Œuvre", "Œuvre", "oeuvre", "oeuvre"),
        ("إيران", "إيران", "إيران", "ايران"),
        ("ज़मीन", "ज\u093cमीन", "ज\u093cमीन", "जमीन"),
        ("が", "が", "が", "が"),
    ],
)
def test_a_word_has_these_forms(word: str, exact: str, folded: str, bare: str) -> None:
    assert spelling(word) == Spelling(exact, folded, bare)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "meet", "met"),
        ("en", "meet", "meetings"),
        ("en", "hold", "held"),
        ("en", "sit", "sat"),
        ("en", "rise", "rose"),
        ("en", "say", "said"),
        ("en", "met", "meeting"),
        ("en", "upgrade", "upgraded"),
        ("en", "woman", "women"),
        ("fr", "visite", "visites"),
        ("fr", "tenir", "tiennent"),
        ("de", "treffen", "getroffen"),
        ("de", "schliessen", "geschlossen"),
        ("es", "reunir", "reúnen"),
        ("pt", "dizer", "disseram"),
        ("ru", "вьетнам", "вьетнама"),
        ("hi", "सरकार", "सरकारों"),
        ("en", "bus", "buses"),
        ("en", "retake", "retook"),
        ("en", "defense", "defence"),
        ("en", "16", "16s"),
        ("en", "authority", "authorities"),
        ("en", "author", "authors"),
    ],
)
def test_inflections_share_a_key(language: str, one: str, other: str) -> None:
    assert keys(one, language) & keys(other, language)


def test_other_words_share_none() -> None:
    assert not keys("ferry", "en") & keys("ferret", "en")
    assert not keys("vietnam", "en") & keys("vietnamese", "en")


@pytest.mark.parametrize(
    "pair",
    ["import important", "office officers", "author authorities", "depart department", "customs customers",
     "critic critical", "miner minerals", "federal federation", "major majorities", "severe several", "corps corpse",
     "1990 1990s", "20 20s"],
)  # fmt: skip
def test_words_that_the_stemmer_takes_for_others_share_none(pair: str) -> None:
    one, other = pair.split()
    assert not keys(one, "en") & keys(other, "en")


def test_words_with_digits_or_dots_and_unknown_languages_are_not_stemmed() -> None:
    assert keys("u.s", "en") == {"u.s"}
    assert keys("meetings", "xx") == {"meetings"}
    assert irregular("xx") == {}


def test_korean_particles_are_taken_off_the_text_and_not_the_rule() -> None:
    for text in ("베트남에서는", "베트남과의", "베트남에서의", "베트남까지도", "베트남이라는"):
        assert rule_keys("베트남", "ko") & keys(text, "ko")
    assert rule_keys("하노이", "ko") == {"하노이"}
    assert not rule_keys("하노이", "ko") & keys("하노", "ko")


@pytest.mark.parametrize(
    ("word", "text"),
    [("إيران", "وإيران"), ("إيران", "لإيران"), ("غزة", "بغزة"), ("السيسي", "والسيسي"), ("بنك", "وبالبنك")],
)  # fmt: skip
def test_what_arabic_writes_onto_a_word_is_taken_off_the_text_and_not_the_rule(word: str, text: str) -> None:
    one, other = spelling(word).folded, spelling(text).folded
    assert rule_keys(one, "ar") & keys(other, "ar")
    assert not rule_keys("وايران", "ar") & keys("ايران", "ar")


def test_a_text_word_with_accents_has_the_keys_without_them() -> None:
    assert "trong" in bare_keys(spelling("Trọng"), "vi")
    assert keys("marche", "fr") & bare_keys(spelling("marchés"), "fr")


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [("marché", "marches", False), ("marché", "marchés", True), ("trọng", "trọng", True), ("élève", "eleve", False)],
)
def test_accents_agree_as_far_as_the_letters_do(ours: str, theirs: str, same: bool) -> None:
    assert same_accents(spelling(ours), spelling(theirs)) is same


@pytest.mark.parametrize(
    ("ours", "theirs", "language"),
    [
        ("elección", "elecciones", "es"),
        ("jóvenes", "joven", "es"),
        ("francés", "francesa", "es"),
        ("πόλεμος", "πολέμου", "el"),
        ("inglês", "ingleses", "pt"),
        ("eleição", "eleições", "pt"),
        ("libérer", "libère", "fr"),
    ],
)
def test_another_form_may_have_other_accents(ours: str, theirs: str, language: str) -> None:
    rule_word, text_word = spelling(ours), spelling(theirs)
    assert rule_keys(rule_word.folded, language) & keys(text_word.folded, language)
    assert same_accents(rule_word, text_word, language)
    assert not same_accents(rule_word, spelling(rule_word.bare), language), "the same form without them"


def test_forms_of_one_accented_word_keep_its_accents_in_french() -> None:
    assert not same_accents(spelling("marché"), spelling("marches"), "fr")


def test_turkish_capitals_are_read_with_and_without_their_dots() -> None:
    assert spelling("SEÇİM").folded == "seçim"
    assert spelling("İstanbul").folded == "istanbul"
    assert [one.folded for one in spellings("KILIÇ", "tr")] == ["kiliç", "kılıç"]
    assert [one.folded for one in spellings("KILIÇ", "de")] == ["kiliç"]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt", "it", "nl", "ru"])
def test_irregular_forms_are_folded_words_of_their_own(language: str) -> None:
    for form, bases in irregular(language).items():
        assert spelling(form).folded == form
        assert all(base == spelling(base).folded and " " not in base for base in bases)
        assert form not in bases
