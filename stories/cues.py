"""Words that say a text tells of another event like one before, or of the day before. Written for this purpose.

They count a little: neither decides alone. None is the name of a kind of event, so that they serve any rule.
"""

from __future__ import annotations

import re

_DAY_BEFORE = """
    yesterday, a day earlier, a day before, a day after, the day before, day-old, second day, day two, evening before,
    night before, overnight, hier, la veille, lendemain, gestern, am vortag, tags zuvor, tag nach, ayer, un día después,
    día siguiente, ontem, dia seguinte, um dia depois, вчера, накануне, на следующий день, أمس, بعد يوم, hôm qua,
    một ngày sau, kemarin, dün, ieri, giorno dopo"""
_ANOTHER = """
    another, again, second time, second in, second such, second attack, second group, second day in a row, second
    this, for a second, the second, its second, third, fresh attack, once more, à nouveau, de nouveau, nouvelle
    fois, deuxième, seconde, second, erneut*, zweite*, abermals, wieder, nochmals, segunda vez, segundo, segunda,
    de nuevo, otra vez, nuevamente, de novo, novamente, outra vez, di nuovo, nuovamente, seconda, secondo attacco,
    снова, вновь, опять, второ*, повторн*, مجددا, مرة أخرى, ثانية, الثاني, الثانية, lần thứ hai, lại, kedua,
    kembali, lagi, yeniden, ikinci, bir kez daha, ponownie, znów, drugi*, kolejn*, opnieuw, tweede, wederom"""
_DAY_BEFORE_SIGNS = "昨日 昨天 前日 翌日 次日 一天后 一日后"
_ANOTHER_SIGNS = "再次 再度 再び 第二次 第二批 第二轮 2度目 二度目 2回目 또 다시 두 번째"


def _any(words: str, signs: str) -> re.Pattern[str]:
    """A pattern for any of the words; `*` stands for an ending."""
    listed = sorted((word.strip() for word in words.split(",")), key=len, reverse=True)
    spaced = "|".join(re.escape(" ".join(word.split())).replace(r"\*", r"\w*") for word in listed)
    return re.compile(rf"\b(?:{spaced})\b|{'|'.join(signs.split())}")


DAY_BEFORE = _any(_DAY_BEFORE, _DAY_BEFORE_SIGNS)
ANOTHER = _any(_ANOTHER, _ANOTHER_SIGNS)
