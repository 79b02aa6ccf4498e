"""Is a link that stands alone between paragraphs part of the article, or the way to another one? Pure.

What speaks for another article: the target's address says the same words, a label such as `Read more:` before it,
a picture or a heading inside the link, or simply a headline (no full stop) that leads to the same site.
What speaks for the body: a full stop, quotation marks around all of it, more than one sentence, a target elsewhere,
a list that a sentence introduces.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

MAX_LABEL_WORDS = 5  # before a link; more words are a sentence that ends in it
MAX_LABEL = 80  # characters of one that stands in a line of its own
MAX_TAIL_WORDS = 3  # after it: "(video)", "5 min read"
LONGEST_HEADLINE = 250  # characters
FEWEST_INTRODUCING_WORDS = 6  # of a sentence that introduces a list of the body

# What labels are made of, in the languages of many feeds; only for labels that no colon and no link gives away.
_LABELS = """
    read more also related see watch listen video audio podcast further
    lesen lies mehr auch dazu thema sehen hören weitere
    lire aussi voir plus écouter sur même sujet
    leer lea más también ver vea
    leia mais também veja saiba
    leggi anche guarda approfondisci
    lees ook meer bekijk
    läs också mer les også læs videre
    czytaj też także więcej zobacz
    čtěte také více přečtěte
    читайте также ещё еще смотрите теме по читайте також
    oku okuyun ayrıca baca juga xem thêm đọc
    اقرأ أيضا المزيد
"""
_LABEL_WORDS = frozenset(_LABELS.split())
_LABEL_SIGNS = ("関連", "相关", "相關", "延伸阅读", "延伸閱讀", "あわせて読", "관련기사", "관련 기사")

_WORD = re.compile(r"[^\W_]+")
_FULL_STOP = re.compile(r"(?<![.…])[.。．।።](?:[\"'”’»›“」』)\]]*)$")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:\w\.)+[\"'”’)]*$")
_QUOTED = re.compile(r"[\"“„«»「『‹].*[\"”“»«」』›][.,]?")
_INNER_STOP = re.compile(r"[^\W\d_]{3,}[.!?。！？][\"”’»]?\s+[\"“„«]?[^\W\d_]")  # a sentence, and another one
_OPAQUE = re.compile(r"^(?:#|mailto:|tel:|javascript:|data:|$)", re.IGNORECASE)
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "gob", "gouv", "or", "ne", "go"})


@dataclass(frozen=True, slots=True)
class LoneLink:
    """A block that holds nothing but a link, and perhaps a few words before (`label`) and after it (`tail`).

    `card`: the link holds a picture, a heading or several blocks. `of_the_text`: it is an item of a list
    that is, by what else is in it or before it. `sites`: the hosts that the page is of.
    """

    text: str
    target: str
    sites: frozenset[str]
    label: str = ""
    tail: str = ""
    card: bool = False
    of_the_text: bool = False


def is_related(link: LoneLink) -> bool:
    """Whether the link is the way to another article rather than part of this one."""
    if link.of_the_text or is_opaque(link.target):
        return False
    if link.card:
        return True
    if len(link.text) > LONGEST_HEADLINE:
        return False
    if reads_as_sentence(f"{link.text}{link.tail}" if link.tail[:1] in ".。" else link.text):
        return names_target(link.text, link.target, 0.75) or (link.label.endswith(":") and is_inside(link))
    return bool(link.label) or is_inside(link) or names_target(link.text, link.target, 0.6)


def is_opaque(target: str) -> bool:
    """Whether a link leads to no page: a place on this one, an address of mail, a script, nothing."""
    return bool(_OPAQUE.match(target))


def reads_as_sentence(text: str) -> bool:
    """Whether prose speaks: a full stop that is no abbreviation's, quotation marks around all, a second sentence."""
    text = text.strip()
    if _INNER_STOP.search(text) or _QUOTED.fullmatch(text):
        return True
    return bool(_FULL_STOP.search(text)) and not _ABBREVIATION.search(text) and not _is_title_case(text)


def names_target(text: str, target: str, share: float) -> bool:
    """Whether text and address are made of the same words, as a headline and its slug are: `share` of each."""
    slug = max(urlsplit(unquote(target)).path.split("/"), key=len)
    said, named = _stems(text), _stems(re.sub(r"\.\w{2,5}$", "", slug))
    common = len(said & named)
    return len(named) >= 3 and common >= share * len(named) and common >= share * 0.8 * len(said)


def is_inside(link: LoneLink) -> bool:
    """Whether it leads to the page's own site, or one under the same name."""
    if "//" not in link.target or not link.sites:
        return True
    host = urlsplit(link.target).hostname
    return not host or _site(host) in _sites(link.sites)


@lru_cache(maxsize=256)
def _sites(hosts: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_site, hosts))


def is_label(text: str) -> bool:
    """Whether a few words announce links or a player: `Read also`, `Mehr zum Thema:`."""
    if len(text) > MAX_LABEL:
        return False
    words = [word.casefold() for word in _WORD.findall(text)]
    if any(sign in text for sign in _LABEL_SIGNS):
        return len(text) <= 20
    known = sum(word in _LABEL_WORDS for word in words)
    if not 0 < known <= len(words) <= 8:
        return False
    return known == len(words) or (known >= 2 and 2 * known >= len(words)) or text.rstrip().endswith((":", "："))


def introduces(text: str) -> bool:
    """Whether a sentence announces a list that belongs to it."""
    words = [word.casefold() for word in _WORD.findall(text)]
    labels = sum(word in _LABEL_WORDS for word in words)
    return text.rstrip().endswith((":", "：")) and len(words) >= FEWEST_INTRODUCING_WORDS and labels < 2


def _is_title_case(text: str) -> bool:
    words = [word for word in _WORD.findall(text) if len(word) > 3]
    return len(words) >= 4 and sum(word[0].isupper() for word in words) >= 0.8 * len(words)


def _stems(text: str) -> set[str]:
    """Words of three letters and more without accents, cut to five letters: slugs drop endings and marks."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return {word[:5] for word in _WORD.findall(plain) if len(word) >= 3 and not word.isdigit()}


@lru_cache(maxsize=1_024)
def _site(host: str) -> str:
    """The name that was registered, about: its last two labels, three under `co.uk` and the like."""
    labels = host.lower().split(".")
    if labels[-1].isdigit():
        return host
    return ".".join(labels[-3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else -2 :])
