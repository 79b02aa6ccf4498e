"""Is a text a notice that stands where the article should: about cookies, scripts, signing in, paying? Pure.

What speaks for a notice: it is short, most of it stands in lines with a word of such notices, and it does not speak of
what the page is called after. An article about cookies does.
"""

from __future__ import annotations

import re

LONGEST = 1_500  # characters
SHARE = 0.4  # of the text, in lines with such a word
OF_THE_TITLE = 0.5  # share of the title's longer words in the text, from which on it is the article

_NOTICES = re.compile(
    r"cookie|privacy|javascript|\bconsent|datenschutz|einwillig|consentement|consentimiento|consenso|zustimm|"
    r"\bsubscri|abonnier|abonnez|abonnement|suscr[ií]b|assine\b|abbonat|prenumer|\blog ?in\b|sign (?:in|up)|anmelden|"
    r"ad.?block|captcha|not a robot|подпи[сш]|согласи|файлы cookie|"
    r"クッキー|購読|ログイン|쿠키|구독|缓存文件|订阅|登录|訂閱|"
    r"تعريف الارتباط|اشترك|تسجيل الدخول|çerez|abone ol|คุกกี้|mật khẩu|đăng nhập|कुकी",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w{4,}")


def is_notice(text: str, title: str) -> bool:
    """Whether the text is such a notice rather than what the title announces."""
    if not 0 < len(text) <= LONGEST:
        return False
    noticed = sum(len(line) for line in text.split("\n") if _NOTICES.search(line))
    if noticed < SHARE * len(text):
        return False
    named = {word.casefold() for word in _WORD.findall(title)}
    said = {word.casefold() for word in _WORD.findall(text)}
    return len(named & said) < OF_THE_TITLE * max(1, len(named))
