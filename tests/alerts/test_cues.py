import pytest

from alerts.cues import _SPACED, CueKind, _may_hold, find
from alerts.message import Passage


def cues(sentence: str, *marked: str) -> list[tuple[str, CueKind]]:
    marks = tuple((sentence.index(word), sentence.index(word) + len(word)) for word in marked)
    return [(cue.words, cue.kind) for cue in find((Passage(sentence, marks),))]


@pytest.mark.parametrize(
    ("sentence", "marked", "words", "kind"),
    [
        ("The two sides may upgrade their ties.", "upgrade", "may", CueKind.UNCERTAIN),
        ("Hanoi plans to upgrade its ties.", "upgrade", "plans to", CueKind.PLANNED),
        ("The ministry denied an upgrade of ties.", "upgrade", "denied", CueKind.DENIED),
        ("An upgrade is unlikely this year.", "upgrade", "unlikely", CueKind.UNLIKELY),
        ("They marked the 10th anniversary of the pact.", "pact", "anniversary", CueKind.PAST),
        ("There are no plans for a visit.", "visit", "no plans", CueKind.DENIED),
        ("L’an dernier, les deux pays ont signé.", "signé", "L’an dernier", CueKind.PAST),
        ("Las partes podrían firmar el acuerdo.", "firmar", "podrían", CueKind.UNCERTAIN),
        ("Das Treffen wurde abgesagt.", "Treffen", "abgesagt", CueKind.UNLIKELY),
        ("Hai bên có thể nâng cấp quan hệ.", "nâng cấp", "có thể", CueKind.UNCERTAIN),
        ("Кремль отрицает планы встречи.", "встречи", "отрицает", CueKind.DENIED),
        ("两国可能升级关系", "升级", "可能", CueKind.UNCERTAIN),
        ("両国は来月の会談を予定している", "会談", "予定", CueKind.PLANNED),
    ],
)
def test_a_cue_near_a_match_is_found_in_its_language(sentence: str, marked: str, words: str, kind: CueKind) -> None:
    assert (words, kind) in cues(sentence, marked)


def test_a_cue_far_from_the_match_is_none() -> None:
    assert cues("It may rain. " + "word " * 15 + "they upgrade ties", "upgrade") == []
    assert cues("可能" + "字" * 30 + "升级", "升级") == []


def test_a_cue_after_the_match_counts_as_one_before() -> None:
    assert cues("An upgrade of ties is, they said, unlikely.", "upgrade") == [("unlikely", CueKind.UNLIKELY)]


@pytest.mark.parametrize(
    "sentence", ["They met on May 4.", "They met in May.", "They met 3 May.", "They met last May."]
)
def test_the_month_of_may_is_no_cue(sentence: str) -> None:
    assert cues(sentence, "met") == []


def test_may_in_a_headline_is_a_cue() -> None:
    assert cues("Envoys May Meet", "Meet") == [("May", CueKind.UNCERTAIN)]


def test_what_the_rule_asked_for_is_no_cue() -> None:
    assert cues("The ministry denied the report.", "denied") == []


def test_a_sentence_without_marks_has_no_cue() -> None:
    assert cues("They may meet.") == []


def test_a_cue_is_named_once() -> None:
    passage = Passage("They may meet.", ((9, 13),))
    assert len(find((passage, passage))) == 1


def test_odd_letters_that_match_without_case_break_nothing() -> None:
    assert [kind for _, kind in cues("It iſ unlıkely, poſſible talks", "talks")] == [
        CueKind.UNLIKELY,
        CueKind.UNCERTAIN,
    ]


def test_a_quick_look_misses_no_cue_that_the_whole_one_finds() -> None:
    for terms in _SPACED.values():
        for term in (one.strip() for one in terms.replace("\n", ",").split(",")):
            for written in (term, term.upper(), term.title()):
                sentence = f"The harbour, they said - {written}! - stays as it is."
                assert not term or _may_hold(sentence), written
    assert not _may_hold("Dockers at the northern harbour went on strike on Tuesday.")


def test_a_text_without_a_full_stop_is_looked_through_in_time_that_grows_with_it() -> None:
    words = "might " * 60_000
    assert [cue.words for cue in find((Passage(words + "strike", ((len(words), len(words) + 6),)),))] == ["might"]
