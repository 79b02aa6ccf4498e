import pytest

from stories.cues import tells_of_another, tells_of_day_before


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "a second quake within two days"),
        ("en", "it is the third time this week"),
        ("", "and again"),
        ("fr", "une deuxième explosion"),
        ("de", "wieder ein beben, das zweitemal"),
        ("es", "el segundo ataque"),
        ("pt", "pela segunda vez, disse a polícia"),
        ("it", "una seconda scossa"),
        ("ru", "повторный удар"),
        ("vi", "lần thứ hai trong tuần"),
        ("zh", "当天再次发生地震"),
        ("ja", "ミサイルを再び発射"),
        ("ko", "북한이 두 번째 미사일을 쐈다"),
    ],
)
def test_a_text_may_speak_of_one_more(language: str, text: str) -> None:
    assert tells_of_another(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pt", "dois mortos em setúbal, segundo a polícia"),
        ("pt", "na manhã de segunda-feira"),
        ("pt", "a segunda-feira começou com chuva"),
        ("fr", "en une seconde, tout était fini"),
        ("en", "a third of the fleet was lost"),
        ("it", "secondo la polizia"),
        ("vi", "tàu trở lại cảng"),
        ("ko", "두 사람이 또한 말했다"),
        ("de", "lagi und drugi sind keine deutschen wörter"),
        ("en", "the second-largest town"),
        ("pt", "numa segunda-feira, uma segunda-feira"),
        ("xx", "again"),
    ],
)
def test_words_that_only_look_so_speak_of_nothing_more(language: str, text: str) -> None:
    assert not tells_of_another(text, language)


@pytest.mark.parametrize(("language", "says"), [("fr", True), ("de", False), ("en", False)])
def test_the_day_before_is_named_in_the_language_of_a_text(language: str, says: bool) -> None:
    assert tells_of_day_before("hier à oslo", language) is says
