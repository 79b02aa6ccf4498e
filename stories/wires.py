"""Which news agency a text credits as its origin: in its author line, its dateline or a credit line. Pure."""

from __future__ import annotations

import re

# The key of each agency, and how credit lines write it.
AGENCIES = {
    "reuters": "Reuters, Thomson Reuters, 路透社, 路透, ロイター",
    "afp": "AFP, Agence France-Presse, Agence France Presse, 法新社, AFP通信",
    "ap": "AP, Associated Press, The Associated Press, 美联社, 美聯社, AP通信",
    "dpa": "dpa, Deutsche Presse-Agentur, dpa-AFX",
    "apa": "APA, Austria Presse Agentur",
    "sda": "SDA, Keystone-SDA, ATS, Keystone-ATS",
    "efe": "EFE, Agencia EFE",
    "europapress": "Europa Press",
    "ansa": "ANSA",
    "lusa": "Lusa",
    "belga": "Belga",
    "anp": "ANP",
    "pa": "PA, PA Media, Press Association",
    "aap": "AAP, Australian Associated Press",
    "cp": "The Canadian Press, Canadian Press",
    "upi": "UPI",
    "bloomberg": "Bloomberg, Bloomberg News",
    "dowjones": "Dow Jones, Dow Jones Newswires",
    "xinhua": "Xinhua, 新华社, 新華社",
    "chinanews": "China News Service, 中新社, 中新网",
    "cna": "CNA, Central News Agency, 中央社",
    "kyodo": "Kyodo, Kyodo News, 共同通信, 共同, 共同社",
    "jiji": "Jiji, Jiji Press, 時事通信, 時事",
    "yonhap": "Yonhap, 연합뉴스",
    "vna": "VNA, TTXVN, Vietnam News Agency, TTXVN/Vietnam+",
    "bernama": "Bernama",
    "antara": "ANTARA, Antara",
    "pti": "PTI, Press Trust of India",
    "ani": "ANI",
    "ians": "IANS",
    "tass": "TASS, ТАСС",
    "interfax": "Interfax, Интерфакс",
    "ria": "RIA Novosti, РИА Новости",
    "ukrinform": "Ukrinform, Укрінформ",
    "anadolu": "Anadolu, Anadolu Agency",
    "irna": "IRNA",
    "wafa": "WAFA",
    "spa": "SPA, Saudi Press Agency",
    "telam": "Télam, Telam",
    "agenciabrasil": "Agência Brasil",
}
_KEY = {name.strip(): key for key, names in AGENCIES.items() for name in names.split(",")}
_NAMES = "|".join(re.escape(name) for name in sorted(_KEY, key=len, reverse=True))
_NAME = rf"(?<!\w)(?P<name>{_NAMES})(?![\w&])"

HEAD = 400  # characters from the beginning in which a dateline stands
TAIL = 400  # characters from the end in which a credit stands

# HANOI, April 14 (Reuters) - ; Berlin (dpa/lno) - ; (ANSA) - ; 【ロイター】 ; 新华社河内4月14日电
_DATELINE = re.compile(
    rf"(?:^\s*[(\[（【]|[(\[])[^()\[\]\n]{{0,30}}?{_NAME}[^()\[\]\n]{{0,30}}?(?:[)\]]\s*\.?\s*[-–—―]|[）】])"
    rf"|^\s*(?P<cjk>{_NAMES})[^\s，。,.]{{0,20}}(?:[电電讯訊]|記者)"
)
# A line that holds nothing else: Reuters ; Source: dpa ; (with AFP) ; AFP/Reuters ; Nguồn: TTXVN
_CREDIT = re.compile(
    r"^\W*(?i:(?:source|sources|quelle|quellen|fuente|fuentes|fonte|crédit|credit|nguồn|theo|источник|来源|來源|出典|with|avec"
    rf"|mit|con|com|by|via)[\s:：]+)*{_NAME}(?:\s*(?:[,/+&-]|and|et|und|y|e)\s*(?:{_NAMES}))*\W*$",
    re.MULTILINE,
)
_COPYRIGHT = re.compile(rf"(?i:©|\(c\)|copyright)[\s©\d,]*(?i:by )?{_NAME}")
_BY_LINES = re.compile(
    r"\(?Reporting by [^;\n]{3,200}; ?(?:Additional reporting|Writing|Editing) by "
)  # Reuters alone signs so
_AUTHOR = re.compile(
    rf"(?:^|[,/;&|(–—-]|\b(?i:by|von|par|por|di|and|with|avec|mit|con|for|et|und))\s*{_NAME}"
    r"(?=\s*$|\s*[,/;&|)–—-]|\s+(?i:staff|in|and|writers?)\b)"
)
_PICTURE = re.compile(r"(?i:photo|foto|image|picture|bild\b|video)")


def wire_of(text: str, author: str = "") -> str:
    """The key of the agency a text credits ("reuters", …), or "". Picture credits and quotations do not count."""
    head, tail = text[:HEAD], text[-TAIL:]
    for pattern, part in ((_AUTHOR, author.strip()), (_DATELINE, head), (_COPYRIGHT, tail), (_CREDIT, tail)):
        for found in pattern.finditer(part):
            if not _PICTURE.search(found.group()):
                return _KEY[next(name for name in found.groupdict().values() if name)]
    return "reuters" if _BY_LINES.search(tail) else ""
