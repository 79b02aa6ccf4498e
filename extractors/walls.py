"""Is a text a notice that stands where the article should: about cookies, scripts, signing in, paying, an error? Pure.

What speaks for a notice: it is short, much of it stands in sentences with a word of such notices, and it speaks
little of what the page is called after. An article about cookies does.
"""

from __future__ import annotations

import re

LONGEST = 1_500  # characters
SHARE = 0.25  # of the text, in sentences with such a word
OF_THE_TITLE = 0.5  # share of what the title names that the text names, from which on it is the article
FEWEST_NAMED = 4  # things that an announcement names, or it tells too little
OF_THE_ANNOUNCED = 0.2  # share of what was announced that its article names at least
NAMED_BY_CHANCE = 40  # of so many things a stranger names one more than one

_NOTICES = re.compile(  # words of notices alone: "consent" and "signed" are also what ministers do
    r"\bcookies?\b|javascript|datenschutz(?:erkl|hinw|einst)|privacy (?:policy|settings|choices)|"
    r"\bsubscrib(?:e|er|ers)\b|\bsubscription|abonnieren|abonnez|abonnement|suscr[ií]b(?:ase|ete|irse|irme)|\bassine\b|abbonat|prenumerera|"
    r"\b(?:log ?in|sign in|sign up) (?:to|or|with|now|for|below)\b|\banmelden\b|ad.?block|captcha|not a robot|"
    r"подпишитесь|оформите подписку|файл\w* cookie|"
    r"クッキー|購読|ログイン|쿠키|구독|缓存文件|订阅|登录后|訂閱|"
    r"تعريف الارتباط|اشترك (?:الآن|للمتابعة)|\bاشتراك\b|تسجيل الدخول|çerez|abone ol|คุกกี้|mật khẩu|đăng nhập|कुकी",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^\n.!?。！？؟]+[\n.!?。！？؟]*")
_WORD = re.compile(r"\w{4,}")
_PAIR = re.compile(r"(?=([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}))")  # no blanks part these
BEGINNING = 5  # letters of a word that an ending leaves as they are


def _named(text: str) -> set[str]:
    """What a text speaks of: the beginnings of its longer words; pairs of characters where no blanks part words."""
    folded = text.casefold()
    return {word[:BEGINNING] for word in _WORD.findall(folded)} | set(_PAIR.findall(folded))


def is_notice(text: str, title: str) -> bool:
    """Whether the text is such a notice rather than what the title announces."""
    if not 0 < len(text) <= LONGEST:
        return False
    noticed = sum(len(sentence) for sentence in _SENTENCE.findall(text) if _NOTICES.search(sentence))
    if noticed < SHARE * len(text):
        return False
    named = _named(title)
    return len(named & _named(text)) < OF_THE_TITLE * max(1, len(named))


def is_another(text: str, title: str, announced: str) -> bool:
    """Whether a short text names hardly anything of what was announced: in any language, a page that is not found, a
    check of browsers, a form to sign in with. Of 1,593 articles with another headline and without the lead that was
    announced, one in five is held for such a one too, so nothing may be lost by it; with either of them, none.
    """
    if not 0 < len(text) <= LONGEST:
        return False
    named, said = _named(announced), _named(f"{title}\n{text}")
    fewest, shared = min(len(named), len(said)), len(named & said)
    by_chance = 1 + len(named) // NAMED_BY_CHANCE
    return fewest >= FEWEST_NAMED and shared <= by_chance and shared < OF_THE_ANNOUNCED * fewest
