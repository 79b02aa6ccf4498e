"""Words that say a text tells of another event like one before, or of the day before. Written for this purpose.

They count a little: neither decides alone. None is the name of a kind of event, so that they serve any rule. They are
looked for in a text's own language, English where that is not known: "hier" is yesterday in French and here in German,
"segundo" is a second one in Spanish and "according to" in Portuguese.
"""

from __future__ import annotations

import re
from functools import cache

from stories.cldr import LIKELY

# by language, divided by commas; `*` stands for an ending
_DAY_BEFORE = {
    "en": "yesterday, a day earlier, a day before, a day after, the day before, day-old, second day, day two,"
    " evening before, night before, overnight",
    "fr": "hier, la veille, lendemain",
    "de": "gestern, am vortag, tags zuvor, tag nach",
    "es": "ayer, un día después, día siguiente",
    "pt": "ontem, dia seguinte, um dia depois",
    "it": "ieri, giorno dopo",
    "ru": "вчера, накануне, на следующий день",
    "ar": "أمس, بعد يوم",
    "vi": "hôm qua, một ngày sau",
    "id": "kemarin",
    "tr": "dün",
    "zh": "昨日, 昨天, 前日, 翌日, 次日, 一天后, 一日后",
    "ja": "昨日, 前日, 翌日",
}
_ANOTHER = {
    "en": "another, again, second, third time, third in, third such, third attack, third day, third this, the third,"
    " its third, fresh attack, once more",
    "fr": "à nouveau, de nouveau, nouvelle fois, deuxième, seconde fois, la seconde, second",
    "de": "erneut*, zweite*, abermals, wieder, nochmals",
    "es": "segunda vez, segundo, segunda, de nuevo, otra vez, nuevamente",
    "pt": "segunda vez, segundo ataque, segundo dia, segunda noite, o segundo, um segundo, uma segunda, de novo,"
    " novamente, outra vez",
    "it": "di nuovo, nuovamente, seconda, secondo attacco",
    "ru": "снова, вновь, опять, второ*, повторн*",
    "ar": "مجددا, مرة أخرى, ثانية, الثاني, الثانية",
    "vi": "lần thứ hai, lần nữa",
    "id": "kedua, kembali, lagi",
    "tr": "yeniden, ikinci, bir kez daha",
    "pl": "ponownie, znów, drugi*, kolejn*",
    "nl": "opnieuw, tweede, wederom",
    "zh": "再次, 再度, 第二次, 第二批, 第二轮",
    "ja": "再び, 再度, 再次, 2度目, 二度目, 2回目",
    "ko": "다시, 두 번째, 두번째",
}
_UNSPACED = frozenset({"ja", "ko", "zh"})  # languages of which a word may stand within others


def tells_of_day_before(text: str, language: str) -> bool:
    """Whether a text (in small letters) speaks of the day before."""
    return _any("day before", language).search(text) is not None


def tells_of_another(text: str, language: str) -> bool:
    """Whether a text (in small letters) speaks of one more, or of a second one."""
    return _any("another", language).search(text) is not None


@cache
def _any(what: str, language: str) -> re.Pattern[str]:
    """A pattern for any of a language's words; where there are none, for none."""
    words = (_DAY_BEFORE if what == "day before" else _ANOTHER).get(language or LIKELY, "")
    listed = sorted((word.strip() for word in words.split(",")), key=len, reverse=True)
    either = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in listed if word) or "(?!)"
    return re.compile(either if language in _UNSPACED else rf"\b(?:{either})(?![\w-])")
