"""A text's language: what the page declares when that is plausible, else py3langid's guess on the first characters."""

from __future__ import annotations

import re

import py3langid  # type: ignore[import-untyped]

LOOKED_AT = 1_000  # characters; the full text is no better and takes five times as long
ENOUGH = 20  # letters; below it any guess is worse than the declaration

# languages written in other scripts than Latin; for those not listed, a text in such a script refutes the declaration
_SCRIPTS = {
    "cyrillic": (0x0400, 0x052F, "ru uk bg be mk sr kk ky mn tg tt ba cv os ce bs uz az"),
    "greek": (0x0370, 0x03FF, "el"),
    "arabic": (0x0600, 0x06FF, "ar fa ur ps ckb ku sd ug az ms pa"),
    "hebrew": (0x0590, 0x05FF, "he iw yi"),
    "devanagari": (0x0900, 0x097F, "hi mr ne sa mai bho kok"),
    "thai": (0x0E00, 0x0E7F, "th"),
    "hangul": (0xAC00, 0xD7AF, "ko"),
    "kana": (0x3040, 0x30FF, "ja"),
    "han": (0x4E00, 0x9FFF, "zh ja yue"),
    "latin": (0x0041, 0x024F, ""),
}
_LATIN_TOO = {"sr", "bs", "uz", "az", "kk", "mn", "tg", "tt", "ku", "ms", "pa"}
_ONLY_OTHER = {code for low, high, codes in _SCRIPTS.values() for code in codes.split()} - _LATIN_TOO
# "en" is what templates say by default. Of English prose these words are a fifth, of other languages nearly none.
_ENGLISH = re.compile(r"\b(?:the|of|and|to|in|is|was|that|for|on|with|as|by|are|has|from)\b", re.IGNORECASE)
_ENGLISH_SHARE = 0.06
# ... and "the" alone a twentieth; a page of another language says it of names, if at all.
_THE = re.compile(r"\bthe\b", re.IGNORECASE)
_THE_SHARE = 0.03
_OLD_CODES = {"iw": "he", "in": "id", "ji": "yi"}
_CODE = re.compile(r"[a-z]{2,3}\b")


def language_of(text: str, declared: str = "") -> str:
    """A two- or three-letter code, or "" when nothing is declared and the text is too short to tell."""
    match = _CODE.match(declared.strip().lower().replace("_", "-"))
    code = _OLD_CODES.get(match[0], match[0]) if match else ""
    start = text[:LOOKED_AT]
    if sum(map(str.isalpha, start[: 4 * ENOUGH])) < ENOUGH:
        return code
    return code if code and _plausible(code, start) else guess(start)


def guess(text: str) -> str:
    """The likeliest language of a text; loading the model takes 0.7 s and 70 MB, once."""
    return str(py3langid.classify(text[:LOOKED_AT])[0])


def _plausible(code: str, text: str) -> bool:
    script = _script(text[:300])
    if script == "latin":
        if code == "en":
            return _reads_as_english(text[:500])
        return code not in _ONLY_OTHER and not (_reads_as_english(text) and _says_the(text))
    return script == "other" or code in _SCRIPTS[script][2].split()


def _script(text: str) -> str:
    """The script of most letters; Japanese shows by any kana. "other": one that is not listed here."""
    if len(text.encode("ascii", "ignore")) > 0.7 * len(text):
        return "latin"
    letters = [ord(letter) for letter in text if letter.isalpha()]
    counts = {name: sum(low <= letter <= high for letter in letters) for name, (low, high, _) in _SCRIPTS.items()}
    if counts["kana"] * 10 > counts["han"] > 0:
        return "kana"
    script = max(counts, key=lambda name: counts[name])
    return script if counts[script] * 2 > len(letters) else "other"


def _reads_as_english(text: str) -> bool:
    return len(_ENGLISH.findall(text)) >= _ENGLISH_SHARE * (text.count(" ") + 1)


def _says_the(text: str) -> bool:
    return len(_THE.findall(text)) >= _THE_SHARE * (text.count(" ") + 1)
