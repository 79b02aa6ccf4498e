from __future__ import annotations

import pytest

from extractors.language import language_of

ENGLISH = (
    "The harbour master closed the north quay at dawn and told the crews of nine trawlers to stay where they were."
)
GERMAN = "Der Stadtrat hat am Dienstagabend mit neun gegen acht Stimmen beschlossen, das Wasserwerk zurückzukaufen."
RUSSIAN = "В понедельник открыли движение по новому мосту, который строили почти восемь лет и который подорожал втрое."
JAPANESE = "町議会は二十日、老朽化した灯台を解体せずに修繕する予算案を全会一致で可決した。工事は来春に始まる。"
CHINESE = "中国外交部发言人星期一表示，双方将就贸易问题举行会谈，会谈将持续两天，地点尚未公布。"
GEORGIAN = "საქართველოს მთავრობამ დღეს განაცხადა რომ შეთანხმება მიღწეულია და ხელმოწერა ხვალ გაიმართება"
SERBIAN = "Влада је данас саопштила да ће мост бити отворен у понедељак, после осам година градње."


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        (ENGLISH, "en-GB", "en"),
        (ENGLISH, "EN_us", "en"),
        (ENGLISH, "", "en"),
        (ENGLISH, "ru", "en"),
        (ENGLISH, "vi", "en"),  # a site's own language, on its English pages
        (ENGLISH, "de-DE", "en"),
        (GERMAN, "de", "de"),
        (GERMAN, "en", "de"),
        (GERMAN, "", "de"),
        (RUSSIAN, "ru-RU", "ru"),
        (RUSSIAN, "en", "ru"),
        (SERBIAN, "sr", "sr"),
        (JAPANESE, "ja", "ja"),
        (JAPANESE, "zh", "ja"),
        (CHINESE, "zh-CN", "zh"),
        (CHINESE, "en-US", "zh"),
        (GEORGIAN, "ka", "ka"),
        (ENGLISH, "%%LANG%%", "en"),
        ("", "iw", "he"),
        ("Kurz", "de", "de"),
        ("Kurz", "", ""),
    ],
)
def test_a_plausible_declaration_is_believed_and_others_are_looked_into(
    text: str, declared: str, expected: str
) -> None:
    assert language_of(text, declared) == expected
