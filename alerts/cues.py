"""Words near a match that say it may not have happened, or not now: shown as a cue, never used to filter."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.message import Passage

NEAR = 12  # words between a cue and the nearest matched word
NEAR_CHARACTERS = 24  # in scripts written without spaces


class CueKind(StrEnum):
    """What a cue word hints at; the value is shown."""

    UNCERTAIN = "uncertain"
    PLANNED = "planned"
    DENIED = "denied"
    UNLIKELY = "in doubt"
    PAST = "looking back"


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue as it stands in the text."""

    kind: CueKind
    words: str


# One line a language: en, fr, es, de, pt, vi, ru, ar. Forms are written out: a cue needs no stemmer.
_SPACED = {
    CueKind.UNCERTAIN: """
        may, might, could, possible, possibly, perhaps, expected to, likely, potential, reportedly, allegedly, rumours,
        rumors, considers, considering, weighs, weighing, hopes to, seeks to, calls for, called for, urges, urged
        pourrait, pourraient, peut-être, possible, probable, aurait, auraient, envisage, envisagent, appelle à
        podría, podrían, quizás, posible, probable, se espera, estudia, presuntamente, pide
        könnte, könnten, vielleicht, möglich, möglicherweise, voraussichtlich, erwägt, angeblich, fordert
        poderia, poderá, talvez, possível, provável, supostamente, considera, pede
        có thể, có lẽ, dự kiến, khả năng, kêu gọi, được cho là
        может, могут, возможно, вероятно, якобы, ожидается, рассматривает, призвал
        قد, ربما, يحتمل, من المتوقع, يدعو""",
    CueKind.PLANNED: """
        plan to, plans, planned, planning, plans to, set to, scheduled, intends, aims to, prepares to, preparing to,
        proposal, proposed, proposes, ahead of, upcoming, draft
        prévoit, prévoient, prévu, prévue, projet, envisagé, doit se rendre
        planea, planean, prevé, previsto, prevista, proyecto, propone
        planen, geplant, geplante, wollen, vorgesehen, Vorschlag
        planeja, planejam, prevê, previsto, prevista, proposta
        kế hoạch, sẽ, dự định, đề xuất, chuẩn bị
        планирует, планируют, намерен, намерена, собирается, предложил, готовится
        يخطط, تخطط, يعتزم, تعتزم, مقترح""",
    CueKind.DENIED: """
        deny, denies, denied, denial, rejects, rejected, refuses, refused, no plans, ruled out, rules out, dismisses,
        dismissed, false, hoax
        dément, démentent, démenti, nient, refuse, rejette, exclut
        niega, niegan, negó, desmiente, desmintió, rechaza, rechazó, descarta
        dementiert, bestreitet, weist zurück, lehnt ab, ausgeschlossen
        nega, negam, negou, desmente, desmentiu, rejeita, rejeitou, descarta
        phủ nhận, bác bỏ, từ chối
        отрицает, отрицают, опроверг, опровергла, отверг, отказался, исключил
        ينفي, تنفي, نفى, نفت, رفض""",
    CueKind.UNLIKELY: """
        unlikely, far from, stalled, failed to, fails to, postponed, postpones, delayed, cancelled, canceled,
        called off, reluctant, hesitant, doubts
        improbable, peu probable, reporté, reportée, annulé, annulée
        improbable, poco probable, aplazado, aplazada, cancelado, cancelada
        unwahrscheinlich, verschoben, abgesagt, gescheitert
        improvável, adiado, adiada, cancelado, cancelada
        khó có thể, hoãn, hủy
        маловероятно, отложен, отложена, отменён, отменен, отменена
        من غير المرجح, تأجيل, إلغاء""",
    CueKind.PAST: """
        anniversary, years ago, year ago, decade ago, decades ago, last year, commemorates, commemorated, looking back,
        in hindsight, archive
        anniversaire, il y a, l'an dernier, commémore
        aniversario, hace un año, el año pasado, conmemora
        Jahrestag, vor einem Jahr, vergangenes Jahr, Rückblick
        aniversário, há um ano, ano passado
        kỷ niệm, năm ngoái, năm trước
        годовщина, годовщину, годовщины, лет назад, в прошлом году
        ذكرى, العام الماضي""",
}
_UNSPACED = {  # zh in both scripts, ja, ko
    CueKind.UNCERTAIN: "可能 也许 或将 或許 預計 预计 かもしれない 可能性 見通し 検討 수도 전망 검토 가능성",
    CueKind.PLANNED: "计划 計劃 拟 擬 将于 將於 予定 方針 計画 예정 계획 방침",
    CueKind.DENIED: "否认 否認 驳斥 駁斥 拒绝 拒絕 拒否 부인 거부",
    CueKind.UNLIKELY: "不太可能 推迟 推遲 取消 延期 中止 연기 취소",
    CueKind.PAST: "周年 週年 去年 昨年 주년 작년 지난해",
}
_BARE = frozenset(term for terms in _UNSPACED.values() for term in terms.split())


def _either(terms: list[str]) -> str:
    longest_first = sorted(terms, key=len, reverse=True)
    return "|".join(re.escape(term).replace("'", "['’]") for term in longest_first)


def _group(kind: CueKind) -> str:
    spaced = [term.strip() for term in _SPACED[kind].replace("\n", ",").split(",") if term.strip()]
    return rf"(?P<{kind.name}>\b(?:{_either(spaced)})\b|{_either(_UNSPACED[kind].split())})"


_CUE = re.compile("|".join(map(_group, CueKind)), re.IGNORECASE)
_WORD = re.compile(r"\w+")
_BY_FIRST_WORD: dict[str, list[str]] = {}
for _term in (term.strip().lower() for terms in _SPACED.values() for term in terms.replace("\n", ",").split(",")):
    if _term:
        _BY_FIRST_WORD.setdefault(_WORD.findall(_term)[0], []).append(_term)
_MONTH_BEFORE = re.compile(r"(?:\d|\b(?:in|on|of|since|until|by|last|next|early|late|mid|this))[\s-]*$", re.IGNORECASE)
AROUND = 30  # characters in which a month's day or preposition stands
_MONTH_AFTER = re.compile(r"[\s.,-]*\d")


def find(passages: tuple[Passage, ...]) -> tuple[Cue, ...]:
    """The cues within 12 words of a matched word in any passage, each once, in the order of the text."""
    found: dict[str, Cue] = {}
    for passage in passages:
        if not _may_hold(passage.sentence):
            continue
        starts = [word.start() for word in _WORD.finditer(passage.sentence)]
        for match in _CUE.finditer(passage.sentence):
            words = match.group()
            if not _is_month(match) and _near(passage, starts, match.span(), bare=words in _BARE):
                found.setdefault(words.casefold(), Cue(CueKind[match.lastgroup or ""], words))
    return tuple(found.values())


def _may_hold(sentence: str) -> bool:
    """Whether it is worth looking for cues: in most sentences none stands, which is found ten times as fast."""
    if not sentence.isascii():
        return True
    plain = sentence.lower()
    return any(term in plain for word in _WORD.findall(plain) for term in _BY_FIRST_WORD.get(word, ()))


def _near(passage: Passage, starts: Sequence[int], cue: tuple[int, int], *, bare: bool) -> bool:
    """Whether a matched word is near; a cue that is itself matched is what was asked for, and no cue. `starts`: where
    the sentence's words begin, which are counted once for all of its cues.
    """
    if any(start < cue[1] and cue[0] < end for start, end in passage.marks):
        return False
    between = [(min(cue[1], end), max(cue[0], start)) for start, end in passage.marks]
    if bare:
        return any(end - start <= NEAR_CHARACTERS for start, end in between)
    return any(_words(passage.sentence, starts, start, end) <= NEAR for start, end in between)


def _words(sentence: str, starts: Sequence[int], start: int, end: int) -> int:
    """How many words stand there, with the rest of one that began before."""
    begun = start < end and start > 0 and bool(_WORD.match(sentence[start - 1]) and _WORD.match(sentence[start]))
    return bisect_left(starts, end) - bisect_left(starts, start) + begun


def _is_month(match: re.Match[str]) -> bool:
    if match.group() != "May":
        return False
    start, end = match.span()
    before, after = match.string[max(start - AROUND, 0) : start], match.string[end : end + AROUND]
    return bool(_MONTH_BEFORE.search(before) or _MONTH_AFTER.match(after))
