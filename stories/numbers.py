"""The numbers a text names, in figures or words, in many languages. Pure.

Figures are understood with their thousands and with words such as "million" behind them; words as far as languages
form them by adding and multiplying ("fifty-seven", "seimilacinquecento"). Years, times and small numbers are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from stories.sounds import plain

LONG, SHORT = 1.0, 0.5  # what a number says: 5.2 and 137,000 are of one event, 30 is of many, and 3 of all
SMALLEST, LARGEST = 10, 10**15
_FIGURES = re.compile(r"(?<![A-Za-z\d:])(?<!\d[.,])\d++(?:[.,]\d{3}(?!\d))*(?:[.,]\d++)?(?![A-Za-z\d]*:)")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_FIXED_BLANK = re.compile(r"(?<=\d)(?<!\d{4})[\u00a0\u2009\u202f](?=\d{3}(?!\d))")  # of thousands; none after NFKC
_IDENTIFIER = re.compile(r"(?<![\w-])[A-Z]{1,6}-?\d++(?:[-/]\d++)*+(?![\w-]|[.,]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TIMES = {
    1_000: "thousand mil mille mila tausend тыс тысяч ribu nghin ngan bin tys tysiac duizend ألف الف آلاف 千 천",
    10_000: "万 萬 만",
    1_000_000: "million millon millones millionen milioni miliony milionow milhao milhoes mln mio миллион млн مليون"
    " ملايين juta trieu milyon miljoen",
    100_000_000: "亿 億 억",
    1_000_000_000: "billion milliard milliarden miliardi miliardy bilhao bilhoes mld bn mrd миллиард млрд مليار"
    " مليارات miliar ty milyar miljard",
}
_FACTORS = {plain(word): factor for factor, words in _TIMES.items() for word in words.split()}
_BEHIND = re.compile(r"\s?([^\W\d_]+)")

# 1 to 19 and the tens, each language's line as they stand in words; "=" holds what is not counted up from one
_WORDS = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen | twenty thirty forty fifty sixty seventy eighty ninety | hundred=100 thousand=1000 and=0",
    "es": "un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete"
    " dieciocho diecinueve | veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa | uno=1 una=1 veinti=20"
    " cien=100 ciento=100 doscient=200 trescient=300 cuatrocient=400 quinient=500 mil=1000 y=0 os=0 as=0",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dixsept dixhuit"
    " dixneuf | vingt trente quarante cinquante soixante soixantedix quatrevingt quatrevingtdix | quatrevingts=80"
    " cent=100 cents=100 mille=1000 et=0",
    "de": "ein zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn"
    " achtzehn neunzehn | zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig | hundert=100"
    " tausend=1000 und=0",
    "it": "un due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
    " diciassette diciotto diciannove | venti trenta quaranta cinquanta sessanta settanta ottanta novanta | uno=1"
    " vent=20 trent=30 quarant=40 cinquant=50 sessant=60 cento=100 mille=1000 mila=1000",
    "pt": "um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete"
    " dezoito dezenove | vinte trinta quarenta cinquenta sessenta setenta oitenta noventa | uma=1 duas=2 catorze=14"
    " dezasseis=16 dezassete=17 dezanove=19 cem=100 cento=100 duzent=200 trezent=300 quinhent=500 mil=1000 e=0 os=0"
    " as=0",
    "nl": "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien"
    " achttien negentien | twintig dertig veertig vijftig zestig zeventig tachtig negentig | honderd=100"
    " duizend=1000 en=0",
    "pl": "jeden dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie trzynascie czternascie"
    " pietnascie szesnascie siedemnascie osiemnascie dziewietnascie | dwadziescia trzydziesci czterdziesci"
    " piecdziesiat szescdziesiat siedemdziesiat osiemdziesiat dziewiecdziesiat | sto=100 dwiescie=200 trzysta=300"
    " tysiac=1000 tysiecy=1000",
    "ru": "один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
    " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать | двадцать тридцать сорок пятьдесят шестьдесят"
    " семьдесят восемьдесят девяносто | две=2 сто=100 двести=200 триста=300 пятьсот=500 тысяч=1000",
    "ar": "واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة - - - - - - - - - | عشرين ثلاثين أربعين خمسين ستين"
    " سبعين ثمانين تسعين | واحدا=1 اثنين=2 عشرون=20 ثلاثون=30 أربعون=40 خمسون=50 ستون=60 سبعون=70 ثمانون=80 تسعون=90"
    " عشر=10 مئة=100 مائة=100 ألف=1000 و=0",
    "tr": "bir iki uc dort bes alti yedi sekiz dokuz on - - - - - - - - - | yirmi otuz kirk elli altmis yetmis seksen"
    " doksan | yuz=100 bin=1000",
    "id": "satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas - - - - - - - - | - - - - - - - - |"
    " belas=10 puluh=10 ratus=100 ribu=1000 seratus=100",
}
_SIGNS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2, "零": 0}
_PLACES = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS = {"万": 10_000, "萬": 10_000, "億": 100_000_000, "亿": 100_000_000}
_IN_SIGNS = re.compile("[〇零一二三四五六七八九十百千万萬億亿两兩]+")
_WORD = re.compile(r"[^\W\d_]+")


def numbers(text: str, language: str) -> dict[str, float]:
    """The numbers that can tell events apart, and how much each says."""
    text = unicodedata.normalize("NFKC", _FIXED_BLANK.sub(",", text))
    found = dict(_in_figures(in_figures(text) if language in ("ja", "zh") else text))
    if language in _WORDS:
        found.update((str(number), _says(str(number))) for number in _in_words(text, language))
    return found


def in_figures(text: str) -> str:
    """A Chinese or Japanese text with its numbers in figures."""
    return _IN_SIGNS.sub(lambda found: str(_of_signs(found.group())), text)


def _of_signs(signs: str) -> str:
    if not any(sign in _SIGNS or sign in _PLACES for sign in signs):
        return signs
    if all(sign in _SIGNS for sign in signs):
        return "".join(str(_SIGNS[sign]) for sign in signs)
    total = part = last = 0
    for sign in signs:
        if sign in _MYRIADS:
            total, part, last = total + (part + last) * _MYRIADS[sign], 0, 0
        elif sign in _PLACES:
            part, last = part + (last or 1) * _PLACES[sign], 0
        else:
            last = _SIGNS[sign]
    return str(total + part + last)


def _says(number: str) -> float:
    return LONG if "." in number or len(number.rstrip("0")) > 2 or len(number) > 3 else SHORT


def _in_figures(text: str) -> Iterator[tuple[str, float]]:
    for found in _FIGURES.finditer(text):
        figures = "".join(str(unicodedata.decimal(sign, sign)) for sign in found.group())
        number = _THOUSANDS.sub("", figures).replace(",", ".")
        behind = _BEHIND.match(text, found.end())
        factor = _FACTORS.get(plain(behind.group(1)), 0) or _FACTORS.get(plain(behind.group(1)[0]), 0) if behind else 0
        if factor:
            number = f"{float(number) * factor:.0f}"
        if len(number.replace(".", "")) > 1 and not (_YEAR.fullmatch(number) and not factor):
            yield number, _says(number)


def _in_words(text: str, language: str) -> Iterator[int]:
    if language == "fr":
        text = text.replace("-", "")
    run: list[int] = []
    end = -1
    for found in _WORD.finditer(text):
        parts = _parts(plain(found.group()), language)
        if parts is None or (run and not re.fullmatch(r"[\s-]*", text[end : found.start()])):
            yield from _counted(run)
            run = []
        if parts is not None:
            run += parts
        end = found.end()
    yield from _counted(run)


def _parts(word: str, language: str) -> list[int] | None:
    """The numbers that a word is put together of, None when it is no number."""
    values, pattern = _named(language)
    if word in values:
        return [values[word]]
    found = pattern.findall(word)
    return [values[part] for part in found] if found and "".join(found) == word and len(word) > 3 else None


def _counted(run: list[int]) -> Iterator[int]:
    total = part = 0
    for value in run:
        if total + part > LARGEST:
            return
        if value >= 1_000:
            total, part = total + max(1, part) * value, 0
        elif value == 100 or (value == 10 and 1 < part < 10):
            part = max(1, part) * value
        else:
            part += value
    if (number := total + part) >= SMALLEST and number not in (100, 1_000):
        yield number


@cache
def _named(language: str) -> tuple[dict[str, int], re.Pattern[str]]:
    ones, tens, others = (part.split() for part in _WORDS[language].split("|"))
    values = {plain(word): number for number, word in enumerate(ones, start=1)}
    values |= {plain(word): number * 10 for number, word in enumerate(tens, start=2)}
    values |= {plain(word): int(number) for word, _, number in (other.partition("=") for other in others)}
    values.pop("-", None)
    return values, re.compile("|".join(sorted(map(re.escape, values), key=len, reverse=True)))


def is_number(word: str, language: str) -> bool:
    """Whether a word (in plain letters) is a number."""
    return language in _WORDS and _parts(word, language) is not None


def identifiers(text: str) -> frozenset[str]:
    """What is told from others of its kind by a number: CVE-2026-10231, A12, Q3, COP30; not 40,000 or 7.8."""
    return frozenset(_IDENTIFIER.findall(text))
