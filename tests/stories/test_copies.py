from dataclasses import replace
from datetime import UTC, datetime

import pytest

from stories.copies import is_copy, kinship, same_words, share_sentences
from stories.event import Features, features_of
from stories.fingerprint import containment
from stories.telling import Telling, tell

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADVICE = (
    "Residents are asked to check their homes for damage, to stay away from damaged buildings and to keep their phones "
    "free for emergency calls. The service measures with a network of two hundred and forty stations, and corrects its "
    "first figures as more measurements arrive. Aftershocks are possible in the coming hours and days. "
    "What is reported here may be used freely where the service is named as its source, in print and on the air."
)


def written(title: str, first: str, rest: str = ADVICE, language: str = "en", source: str = "agency") -> Telling:
    """A text whose first paragraph matched."""
    return tell(title, title, f"{first}\n{rest}", NOW, sentences=(first,), source=source, language=language)


ABOUT = (
    "Harrow Industries makes heaters and boilers for homes and public buildings, with four thousand employees in ten "
    "countries. It was founded in 1921 and is listed on the Merrow exchange. This release contains forward-looking "
    "statements that are based on what the management expects at present and that are subject to risks, among them "
    "changes in the prices of raw materials, in currencies, in laws and in the behaviour of customers. The company "
    "undertakes no obligation to update such statements in the light of new information or future events."
)
HIRED = "Harrow Industries said on Monday that it had appointed Ada Brandt as its finance chief. She follows Tom Hale."
RECALLED = "Harrow Industries is recalling 40,000 heaters after a fire in Eastport. Owners are asked to unplug them."


@pytest.mark.parametrize("source", ["", "Harrow newsroom"])
def test_what_a_house_writes_below_all_its_releases_makes_no_copies(source: str) -> None:
    hired = written("Harrow Industries appoints finance chief", HIRED, ABOUT, source=source)
    recalled = written("Harrow Industries recalls heaters", RECALLED, ABOUT, source=source)
    assert containment(hired.shingles, recalled.shingles) > 0.6
    found = kinship(recalled, hired)
    assert (found.copy, found.copied, found.below) == (False, 0.0, True)
    assert not is_copy(recalled, hired)
    again = kinship(replace(recalled, title="Heaters called back"), recalled)
    assert (again.copy, again.below) == (True, False)


OFFICE = (
    "Owners can ask the consumer office, whose lines are open from eight to six on working days, whether theirs is "
    "among the heaters that are called back. It needs the number on the plate at the rear. Whoever has one that smokes "
    "should call the fire service first, leave the room, and close the door behind them. Repairs are free everywhere."
)


def test_a_source_that_reuses_half_its_sentences_makes_no_copy() -> None:
    old = written("Heaters recalled", RECALLED, f"{ADVICE}\n{ABOUT[:250]}")
    new = written("Heaters: what to do", RECALLED, f"{OFFICE}\n{ABOUT[:250]}")
    assert 0.3 < containment(old.shingles, new.shingles) < 0.6
    assert not kinship(new, old).copy
    assert kinship(replace(new, source="another"), old).copy


def test_a_house_that_prints_an_agencys_warnings_copies_none_of_them_from_another() -> None:
    """Nor are they one form: a flood and a storm are told in other words above the same advice."""
    flood = written(
        "Official flood warning, level 2: the Inner at Hohenbruck",
        "The weather service of Norland issues an official flood warning of level 2 for the Inner at Hohenbruck, valid "
        "from 3 p.m.\nAt the gauge of Hohenbruck 2.88 metres were measured, and the crest is expected at 3.60 metres.",
        ADVICE[:260],
    )
    storm = written(
        "Official storm warning, level 2: Altenrode",
        "The weather service of Norland issues an official storm warning of level 2 for the town of Altenrode, valid "
        "from 4 p.m.\nGusts from the south-west reach 85 kilometres an hour, on ridges 115, and are strongest by nine.",
        ADVICE[:260],
        source="another",
    )
    assert 0.3 < containment(flood.shingles, storm.shingles) < 0.6
    found = kinship(storm, flood)
    assert (found.copied > 0, found.copy, found.form) == (True, False, False)
    assert kinship(replace(flood, source="another"), flood).copy


def test_two_phrases_that_everybody_writes_are_not_worth_a_look() -> None:
    one = written("Heaters recalled", RECALLED, ABOUT)
    few = replace(one, shingles=frozenset(sorted(one.shingles)[:2]))
    assert not share_sentences(one, few)
    assert share_sentences(one, one)


QUAKE = "A magnitude {size} earthquake struck near {town} on Monday, the national service said, at a depth of 10 km."
RECALL = "{firm} is recalling its {product} because it may contain {what}, which is not mentioned on the label."
STORM = "Für {town} hat der Wetterdienst eine Warnung vor schwerem Gewitter herausgegeben. Bäume können umstürzen."
STORMS = (
    "Bei Gewitter sind offene Flächen, Gewässer und einzeln stehende Bäume zu meiden, Gegenstände auf Balkonen zu "
    "sichern und Fenster geschlossen zu halten. Der Dienst beobachtet die Lage mit siebzehn Radargeräten und gibt neue "
    "Warnungen heraus, sobald sie sich ändert. Warnungen gelten für die genannten Kreise und werden stündlich geprüft."
)
SEAT = (
    "地震专家表示，未来数日可能会有余震，请当地居民注意安全，远离受损建筑物，并保持通讯畅通。当地政府已启动应急预案。"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            written("Magnitude 5.1 earthquake near Tarnholm", QUAKE.format(size="5.1", town="Tarnholm")),
            written("Magnitude 4.8 earthquake near Callender", QUAKE.format(size="4.8", town="Callender")),
        ),
        (
            written("Fenwick Recalls Curry", RECALL.format(firm="Fenwick", product="Curry", what="milk")),
            written("Delmar Recalls Soup", RECALL.format(firm="Delmar", product="Soup", what="celery")),
        ),
        (
            written("Unwetterwarnung für Passau", STORM.format(town="Passau"), STORMS, "de"),
            written("Unwetterwarnung für Rosenheim", STORM.format(town="Rosenheim"), STORMS, "de"),
        ),
        (
            written("四川宜宾发生4.6级地震", "四川宜宾发生4.6级地震，震源深度10公里。", SEAT, "zh"),
            written("云南大理发生5.0级地震", "云南大理发生5.0级地震，震源深度12公里。", SEAT, "zh"),
        ),
        (
            written("CVE-2026-10231 in openmail", "A flaw in openmail, CVE-2026-10231, lets others run code."),
            written("CVE-2026-10877 in openmail", "A flaw in openmail, CVE-2026-10877, lets others run code."),
        ),
        (
            written("Merrow exchange: report of 1 March", "The Merrow exchange closed lower, at 4,120 points."),
            written("Merrow exchange: report of 2 March", "The Merrow exchange closed higher, at 4,165 points."),
        ),
        (
            written("Merrow exchange closes lower", "The Merrow exchange closed on Sunday at 4,120 points."),
            written("Merrow exchange closes higher", "The Merrow exchange closed on Monday at 4,165 points."),
        ),
    ],
)
def test_a_form_filled_in_for_another_event_is_known_as_one(one: Telling, other: Telling) -> None:
    assert containment(one.shingles, other.shingles) > 0.6
    assert kinship(one, other).form
    assert kinship(other, one).form


@pytest.mark.parametrize(
    ("title", "first"),
    [
        ("Magnitude 5.3 earthquake near Tarnholm", QUAKE.format(size="5.3", town="Tarnholm")),
        ("Two hurt as earthquake hits Tarnholm", QUAKE.format(size="5.1", town="Tarnholm") + " Two people were hurt."),
        (
            "Tarnholm still shaking on Tuesday",
            QUAKE.format(size="5.1", town="Tarnholm") + " On Tuesday it shook.",
        ),
        ("Quake in the Asterel valley", QUAKE.format(size="5.1", town="Tarnholm")),
    ],
)
def test_a_corrected_text_and_an_edited_headline_are_copies_still(title: str, first: str) -> None:
    before = written("Magnitude 5.1 earthquake near Tarnholm", QUAKE.format(size="5.1", town="Tarnholm"), ADVICE)
    found = kinship(written(title, first, ADVICE), before)
    assert (found.copy, found.form) == (True, False)


def test_a_head_that_was_written_anew_is_no_form() -> None:
    """Of the same quake, as another house tells it above the agency's text."""
    agency = written("Magnitude 5.1 earthquake near Tarnholm", QUAKE.format(size="5.1", town="Tarnholm"))
    woke = (
        "People in Callender ran into the streets in nightclothes when lamps fell from the ceilings of the old town.\n"
        "“I held the door and counted to twenty,” said a baker, whose shelves were empty before his shop opened."
    )
    found = kinship(written("Callender wakes up to falling lamps", woke, source="another"), agency)
    assert found.below
    assert not found.form


LEAD = "Officials from Norland and Sudland met envoy Ada Brandt in Eastport on Monday to end a dispute over 12 islands."


def head(lead: str) -> Features:
    return features_of("Brandt brings Norland and Sudland to the table", lead, (), "en")


def test_short_copies_are_known_by_their_words() -> None:
    assert same_words(head(LEAD), head(LEAD.replace("Officials", "Delegates")))


def test_another_number_is_another_text() -> None:
    assert not same_words(head(LEAD), head(LEAD.replace("12", "15")))


def test_texts_with_words_that_have_no_stem_are_compared() -> None:
    one = features_of("Όταν σείστηκε η γη", "Ο ίδιος σεισμός, όταν όλοι κοιμόντουσαν στην Κρήτη.", (), "el")
    assert same_words(one, one)
