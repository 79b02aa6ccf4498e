"""Which language codes exist, and what people write by mistake."""

from __future__ import annotations

# ISO 639-1
_WRITTEN = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg
ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn
no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw
ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_WRITTEN.split())
# country codes and English names in place of the language's code
_MEANT = {
    "cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "kp": "ko", "tw": "zh", "ua": "uk", "vn": "vi",
    "arabic": "ar", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "italian": "it", "japanese": "ja", "khmer": "km",
    "korean": "ko", "lao": "lo", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt",
    "russian": "ru", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr",
    "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip


def spoken(code: str) -> str:
    """The code, where its language exists; else "". What is kept for each language is kept for no made-up ones."""
    return code if code.replace("_", "-").split("-", 1)[0].lower() in CODES else ""


def meant(text: str) -> str:
    """The code somebody probably meant by `text` ("en-US", "vn", "English"), or ""."""
    plain = text.strip().lower().replace("_", "-")
    base = plain.split("-", 1)[0]
    guess = _MEANT.get(plain) or (base if base in CODES else _MEANT.get(base, ""))
    return guess if guess != text else ""
