"""What names sound like, so that a name is known again in another script: its consonants, nearly. Pure.

Vowels are written differently or not at all from language to language, and some consonants are not told apart (p and b
in Arabic, l and r in Japanese): what is left of Erdogan, Эрдоган and أردوغان is the same.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SHORTEST = 3  # consonants: fewer are shared by too many names

# a letter, and what it sounds like: "a" for any vowel
_LETTERS = """
    аa бp вv гg дd еa ёa жs зs иa йa кk лr мm нn оa пp рr сs тt уa фf хh цs чs шs щs ыa эa юa яa іa їa єa ґg ўa اa
    بp تt ثt جs حh خh دd ذd رr زs سs شs صs ضd طt ظd عa غg فf قk كk لr مm نn هh وa يa ىa آa أa إa ؤa ئa ةa پp چs ژs
    گg کk یa אa בp גg דd הh וa זs חh טt יa כk ךk לr מm םm נn ןn סs עa פp ףp צs ץs קk רr שs תt αa βv γg δd εa ζs ηa
    θt ιa κk λr μm νn ξk οa πp ρr σs ςs τt υa φf χh ψp ωa アa イa ウa エa オa カk キk クk ケk コk サs シs スs セs
    ソs タt チs ツs テt トt ナn ニn ヌn ネn ノn ハh ヒh フf ヘh ホh マm ミm ムm メm モm ヤa ユa ヨa ラr リr ルr レr
    ロr ワv ンn ガg ギg グg ゲg ゴg ザs ジs ズs ゼs ゾs ダd ヂs ヅs デd ドd バp ビp ブp ベp ボp パp ピp プp ペp ポp
    ヴv ッa ャa ュa ョa ァa ィa ゥa ェa ォa ーa"""
_LATIN = {"đ": "d", "ı": "i", "ł": "l", "ø": "o", "ß": "ss", "æ": "a", "œ": "o", "þ": "t", "ð": "d"}
# letters that a language speaks otherwise than English does
_SPOKEN = {
    "cs": (("ch", "h"), ("c", "ts")),
    "de": (("tsch", "s"), ("sch", "s"), ("ch", "h")),
    "es": (("ch", "s"), ("j", "h"), ("ge", "he"), ("gi", "hi"), ("ñ", "n")),
    "fr": (("ch", "s"),),
    "it": (("ch", "k"),),
    "nl": (("sch", "s"), ("ch", "h")),
    "pl": (("ch", "h"), ("cz", "s"), ("sz", "s"), ("rz", "s"), ("c", "ts")),
    "pt": (("ch", "s"),),
    "tr": (("c", "j"), ("ş", "s"), ("ç", "s")),
    "vi": (("ch", "s"), ("tr", "s")),
}
_BARE = str.maketrans({"đ": "d", "ı": "i", "ł": "l", "ø": "o"})
_TABLE = str.maketrans({**{pair[0]: pair[1] for pair in _LETTERS.split()}, **_LATIN})
_ALIKE = (
    (re.compile("tsch|tch|sch|dzh|dsch|ch(?=[aeiouy])|sh|zh|cz|sz|dj|ts|tz|c(?=[eiy])|[jzx]"), "s"),
    (re.compile("kh|h"), ""),
    (re.compile("gh"), "g"),
    (re.compile("ph"), "f"),
    (re.compile("[ckq]+"), "k"),
    (re.compile("[vw]"), "f"),
    (re.compile("b"), "p"),
    (re.compile("l"), "r"),
    (re.compile("[^pfgdkrmnst]"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


@lru_cache(maxsize=20_000)
def plain(word: str) -> str:
    """A word without capitals and accents."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    bare = unicodedata.normalize("NFKD", folded.translate(_BARE))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


@lru_cache(maxsize=20_000)
def sound(word: str, language: str = "") -> str:
    """The consonants of a name as any script would have them; "" when there are too few."""
    folded = word.casefold()
    for letters, to in _SPOKEN.get(language, ()):
        folded = folded.replace(letters, to)
    heard = plain(folded.translate(_TABLE)).translate(_TABLE)
    for pattern, to in _ALIKE:
        heard = pattern.sub(to, heard)
    return heard if len(heard) >= SHORTEST else ""
