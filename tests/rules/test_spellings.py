"""Words are found in other forms, accents and capitals, in the language of the article, by a matcher."""

from __future__ import annotations

import pytest

from rules.document import ArticleText, analyse
from rules.match import Matcher
from tests.rules.desk import rule


def finds(match: str, text: str, language: str) -> bool:
    document = analyse(ArticleText("one", text=text, language=language, fallback_language=language))
    return bool(Matcher([rule(match)]).match(document).matches)


@pytest.mark.parametrize(
    ("language", "word", "text"),
    [
        ("tr", "seçim", "SEÇİM SONUÇLARI AÇIKLANDI"),
        ("tr", "Kılıçdaroğlu", "KILIÇDAROĞLU KONUŞTU"),
        ("tr", "saldırı", "SALDIRILARI KINADI"),
        ("tr", "Diyar*", "DİYARBAKIR"),
        ("tr", "Iraklı", "IRAKLI heyet"),
        ("tr", "Iraklı", "Iraklı heyet"),
        ("tr", "IMF", "IMF ile anlaşma"),
        ("tr", "kriz", "KRİZ BÜYÜYOR"),
        ("de", "Istanbul", "İstanbul, am Morgen"),
        ("en", "Türkiye", "TÜRKİYE AND GREECE"),
        ("es", "elección", "Tras las elecciones"),
        ("es", "reunión", "reuniones en Madrid"),
        ("es", "misión", "dos misiones"),
        ("es", "alemán", "la canciller alemana"),
        ("es", "joven", "los jóvenes"),
        ("pt", "inglês", "dois ingleses"),
        ("pt", "eleição", "as eleições"),
        ("el", "πρωθυπουργός", "του πρωθυπουργού"),
        ("fr", "libérer", "Israël libère des détenus"),
        ("fr", "préférer", "il préfère attendre"),
        ("de", "warnen", "er warnte, wie sie warnt"),
        ("de", "wählen", "ist gewählt"),
        ("de", "ankündigen", "wurde angekündigt"),
        ("de", "liefern", "wird geliefert"),
        ("de", "planen", "die geplanten Wahlen"),
        ("de", "auslösen", "hat ausgelöst"),
        ("de", "hören", "er hörte"),
        ("de", "töten", "wurde getötet"),
        ("es", "anunció", "va a anunciar"),
        ("es", "cambió", "va a cambiar"),
        ("fr", "loi", "les lois"),
        ("pt", "hospital", "os hospitais"),
        ("pt", "míssil", "dois mísseis"),
        ("pt", "lei", "as leis"),
        ("it", "uomo", "due uomini"),
        ("nl", "stad", "grote steden"),
        ("ru", "рынок", "на рынке"),
        ("tr", "banka", "Merkez Bankası"),
        ("tr", "anlaşma", "ateşkes anlaşmasını"),
        ("fr", "cœur", "au coeur de la ville"),
        ("en", "F-16", "two F-16s landed"),
        ("hi", "चुनाव", "विधानसभा चुनावों में"),
        ("hi", "जमीन", "ज़मीन का विवाद"),
        ("ar", "إسرائيل", "هجوم من اسرائيل"),
        ("ar", "إسرائيل", "وإسرائيل ترد"),
        ("fa", "ایران", "ايران"),
        ("fa", "تحریم", "تحریم‌های آمریکا"),
        ("fa", "رئیس‌جمهور", "رئیس جمهور ایران"),
    ],
)
def test_a_word_is_found_in_its_other_forms(language: str, word: str, text: str) -> None:
    assert finds(word, text, language)


@pytest.mark.parametrize(
    ("language", "word", "text"),
    [
        ("es", "elección", "TRAS LA ELECCION"),
        ("es", "año", "unos anos"),
        ("es", "telefonó", "los teléfonos"),
        ("pt", "março", "as marcas"),
        ("fr", "marché", "les marches"),
        ("de", "KILIÇ", "Kılıç"),
        ("de", "Macht", "sie machen"),
        ("de", "richten", "das Gericht"),
        ("de", "Marken", "der Markt"),
        ("es", "partido", "por otra parte"),
        ("it", "caso", "la casa"),
        ("pt", "mal", "mais um"),
        ("ar", "ألماني", "ارتفع 5 بالمئة"),
        ("ar", "أردني", "وارد من البنك"),
        ("ar", "بيرو", "انفجار في بيروت"),
        ("fr", "import", "une loi importante"),
    ],
)
def test_other_words_are_not(language: str, word: str, text: str) -> None:
    assert not finds(word, text, language)
