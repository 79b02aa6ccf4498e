import pytest

from rules.countries import LANGUAGES, from_babel, in_its_language, known, names
from rules.countries import _cldr as cldr
from rules.countries import _more as more
from rules.parse import Entity, Names, parse
from rules.tree import Term, Unless, walk
from tests.rules.desk import Rule, article, verdict


def hit(code: str, text: str, language: str = "en", *, metonyms: bool = False) -> bool:
    expr = parse("@It", Names(entities={"It": Entity(country=code, metonyms=metonyms)}))
    return bool(verdict([Rule(expr)], article(text, language=language)).matches)


@pytest.mark.parametrize(
    ("code", "text", "language"),
    [
        ("US", "The United States said so", "en"),
        ("US", "American officials and the U.S.’s envoy", "en"),
        ("US", "US-Vietnam ties", "en"),
        ("US", "USA wins", "en"),
        ("US", "les États-Unis", "fr"),
        ("US", "les Etats-Unis", "fr"),
        ("US", "Quan hệ Việt - Mỹ", "vi"),
        ("US", "美国总统", "zh"),
        ("US", "美國總統", "zh"),
        ("US", "アメリカ大統領", "ja"),
        ("US", "미국은 말했다", "ko"),
        ("US", "президент США", "ru"),
        ("VN", "Vietnamese exports", "en"),
        ("VN", "Viet Nam's exports", "en"),
        ("VN", "Việt Nam", "vi"),
        ("VN", "Вьетнама", "ru"),
        ("VN", "ประเทศเวียดนาม", "th"),
        ("VN", "베트남에서", "ko"),
        ("TR", "TURKEY VOTES", "en"),
        ("TR", "Turkey’s vote", "en"),
        ("DE", "die deutsche Regierung", "de"),
        ("GB", "UK minister", "en"),
        ("AE", "the UAE said", "en"),
        ("IN", "印度总理", "zh"),
    ],
)
def test_a_country_is_found_by_name_adjective_and_short_form(code: str, text: str, language: str) -> None:
    assert hit(code, text, language)


@pytest.mark.parametrize(
    ("code", "text", "language"),
    [
        ("US", "they told us so", "en"),
        ("US", "Latin American leaders", "en"),
        ("US", "nghệ thuật mỹ thuật", "vi"),
        ("CN", "the South China Sea", "en"),
        ("CN", "fine china", "en"),
        ("TR", "roast turkey", "en"),
        ("PL", "polish the shoes", "en"),
        ("IS", "an island in the sun", "en"),
        ("GB", "anh ấy nói", "vi"),
        ("IN", "印度尼西亚总统", "zh"),
        ("TH", "記事のタイトル", "ja"),
        ("GN", "Papua New Guinea", "en"),
        ("SD", "South Sudan", "en"),
        ("VN", "Hanoi said", "en"),
    ],
)
def test_what_only_looks_like_a_country_is_not_taken_for_it(code: str, text: str, language: str) -> None:
    assert not hit(code, text, language)


@pytest.mark.parametrize(
    ("code", "text", "language"),
    [
        ("VN", "Hanoi said", "en"),
        ("VN", "Hà Nội", "vi"),
        ("VN", "河内", "zh"),
        ("US", "Washington said", "en"),
        ("CN", "Pékin", "fr"),
    ],
)
def test_a_capital_stands_for_its_country_only_with_metonyms(code: str, text: str, language: str) -> None:
    assert hit(code, text, language, metonyms=True)
    assert not hit(code, text, language)


def test_codes_are_known_in_any_case() -> None:
    assert known("VN")
    assert known("vn")
    assert not known("EU")
    assert names("vn") == names("VN")


def test_every_country_has_terms_with_words() -> None:
    for code in cldr()["en"]:
        expr = names(code, metonyms=True)
        assert all(part.words for part in walk(expr) if isinstance(part, Term))


def test_what_is_added_belongs_to_a_country_and_to_a_language_that_is_known() -> None:
    for code, languages in more().items():
        assert known(code)
        assert set(languages) <= set(LANGUAGES)


def test_the_names_on_file_are_those_of_cldr() -> None:
    """When this fails after an update of Babel: write `from_babel()` to rules/territories/cldr.json, as it is there."""
    assert cldr() == from_babel()


def test_names_in_other_scripts_count_in_every_language() -> None:
    assert in_its_language(Term(("Россия",)), "ru").lang == ""
    assert in_its_language(Term(("Rossija",)), "ru-RU").lang == "ru"


def test_masks_stand_beside_the_terms() -> None:
    assert isinstance(names("CN"), Unless)
