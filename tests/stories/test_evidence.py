from datetime import UTC, datetime, timedelta

import pytest

from stories.evidence import NEEDED, NEEDED_LIKE, Told, Weighed, measured, weigh, worded
from stories.telling import tell

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
TITLE = "Quake of 5.2 shakes Tarnak in Nepal"
LEAD = "An earthquake of magnitude 5.2 shook Tarnak in Nepal on Wednesday, and Mayor Ada Brandt closed 140 schools."


def told(title: str = TITLE, text: str = LEAD, hours: float = 0, language: str = "en") -> Told:
    one = tell("a", title, text, NOON + timedelta(hours=hours), sentences=[text], language=language)
    return one.features, one.facts


def kinds(telling: Told) -> dict[str, float]:
    return {kind: much for kind, much in weigh(telling, [told()]).found.items() if much}


def test_the_same_text_is_of_the_same_event() -> None:
    found = weigh(told(hours=1), [told()])
    assert found.total > NEEDED
    assert worded(found)[0] == "the day"


def test_another_language_is_known_by_place_day_names_and_numbers() -> None:
    german = told("Erdbeben in Tarnak", "In Tarnak in Nepal bebte am Mittwoch die Erde (5,2), so Ada Brandt.", 3, "de")
    assert kinds(german).keys() >= {"names", "numbers", "places", "day"}
    assert weigh(german, [told()]).total > NEEDED


def test_a_title_that_takes_the_news_as_known_speaks_for_an_event_told_before() -> None:
    known, fresh = weigh(told("Neighbours dig", hours=1), [told()]), weigh(told(hours=1), [told()])
    assert "a title that takes it as known" in worded(known)
    assert "its title tells it as new" in worded(fresh, against=True)


def test_a_story_of_several_texts_has_to_be_met_by_more() -> None:
    one, two = weigh(told(hours=2), [told()]), weigh(told(hours=2), [told(), told(hours=1)])
    assert two.total < one.total
    assert "a story of several texts is easily like others" in worded(two, against=True)


def test_another_day_is_another_event_unless_it_speaks_of_the_first() -> None:
    friday = LEAD.replace("Wednesday", "Friday")
    assert "later day" in kinds(told(text=friday, hours=48))
    assert weigh(told(text=friday, hours=48), [told()]).total < NEEDED
    assert "time, its day mentioned" in kinds(told(text=friday + " Wednesday's victims were buried.", hours=48))
    assert "next day" in kinds(told(text=LEAD.replace("Wednesday", "Thursday"), hours=24))
    assert "day before" in kinds(told(text=LEAD.replace("Wednesday", "Thursday, a day after it,"), hours=24))
    assert "earlier day" in kinds(told(text=LEAD.replace("Wednesday", "Monday"), hours=1))


def test_another_magnitude_speaks_against_it_and_a_grown_toll_does_not() -> None:
    assert "other measures" in kinds(told(TITLE.replace("5.2", "6.1"), LEAD.replace("5.2", "6.1")))
    assert "other measures" not in kinds(told(text=LEAD.replace("140", "230")))


def test_another_place_and_other_parties_speak_against_it() -> None:
    elsewhere = told("Quake shakes Kaldor in Peru", LEAD.replace("Tarnak in Nepal", "Kaldor in Peru"))
    found = kinds(elsewhere)
    assert found.keys() >= {"elsewhere", "another place each", "another in the title", "other names"}
    assert weigh(elsewhere, [told()]).total < NEEDED
    assert "it is elsewhere" in worded(weigh(elsewhere, [told()]), against=True)


def test_a_day_alone_makes_no_story() -> None:
    plums = told("Plums are dear", "Growers expected little on Wednesday.", 1)
    assert weigh(plums, [told()]).total < NEEDED


def test_what_many_open_stories_say_counts_less() -> None:
    alone = weigh(told(hours=1), [told()])
    spread = dict.fromkeys(told()[1].finding, 4)
    among_others = weigh(told(hours=1), [told()], spread)
    for kind in ("names", "numbers", "places"):
        assert among_others.found[kind] < alone.found[kind]
    assert among_others.total < alone.total


def test_a_second_one_speaks_against_it_and_needs_more() -> None:
    again = weigh(told(text=LEAD + " It was the second such quake.", hours=2), [told()])
    assert again.found["another one"]
    assert again.needed == NEEDED
    assert weigh(told(hours=2), [told()]).needed == NEEDED_LIKE < NEEDED


def test_things_tell_events_of_one_place_and_day_apart() -> None:
    first, second = (
        told(f"Strike on {what} in Nepal", f"A {what} in Nepal was hit on Wednesday.")
        for what in ("market", "refinery")
    )
    assert weigh(second, [first]).found["other things"] > 0 == weigh(first, [first]).found["other things"]


@pytest.mark.parametrize("hours", [1, 30, 60])
def test_it_is_weighed_alike_whichever_came_first(hours: float) -> None:
    early, late = told(), told(text=LEAD.replace("Wednesday", "Thursday"), hours=hours)
    assert weigh(early, [late]) == weigh(late, [early])


def test_a_weight_is_shown_with_what_is_needed() -> None:
    assert measured(Weighed({}, 1.26)) == f"(+1.3, needed {NEEDED:+.1f})"
    assert 0 < Weighed({}, -500).score < 0.01 < 0.99 < Weighed({}, 500).score < 1.0001
