import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reasons import Reason
from stories.event import Features, Likeness, likeness
from stories.group import SPOKESMEN, Board, OpenStory, Placement, Telling, group, place, tell

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WINDOW = timedelta(hours=72)
PARTS = ("bar", "col", "den", "fos", "gim", "hul", "jep", "kor", "lum", "mat", "nir", "pos")
WORDS = [f"{a}{b}{c}o" for a in PARTS for b in PARTS for c in PARTS]


def filler(seed: int, words: int = 300) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


TITLE = "Brandt brings Norland and Sudland to the table"
LEAD = "Envoy Ada Brandt brought officials of Norland and Sudland together in Eastport to end a dispute over islands."
OTHER_WORDS_TITLE = "Rivals Norland and Sudland talk about islands"
OTHER_WORDS = (
    "Talks between Norland and Sudland over the disputed islands began in Eastport under Ada Brandt, the envoy."
)


def telling(
    article: str = "a", title: str = TITLE, text: str = f"{LEAD}\n{filler(1)}", hours: float = 0, **more: Any
) -> Telling:
    return tell(article, title, text, NOW + timedelta(hours=hours), **{"language": "en", **more})


def in_other_words(article: str = "b", hours: float = 1, **more: str) -> Telling:
    return telling(article, OTHER_WORDS_TITLE, f"{OTHER_WORDS}\n{filler(hash(article) % 1000 + 5)}", hours, **more)


def story(*tellings: Telling, name: str = "story") -> OpenStory:
    return OpenStory(name, tellings, {one.article: number for number, one in enumerate(tellings, start=1)})


def placed(one: Telling, *stories: OpenStory) -> Placement:
    return place(one, stories, window=WINDOW)


def test_the_first_telling_begins_a_story() -> None:
    placement = placed(telling())
    assert (placement.story, placement.origin, placement.same_origin) == (None, 1, False)
    assert placement.reason is Reason.NEW_STORY


def test_a_story_without_tellings_is_nothing_to_join() -> None:
    assert placed(telling(), OpenStory("empty", (), {})).story is None


@pytest.mark.parametrize(
    ("first", "other", "hours"),
    [
        ("Norway upgrades ties with Vietnam", "Vietnam and Norway sign fishing deal", 5),
        ("Peru bus crash kills 12", "Peru ferry sinks, 12 dead", 4),
        ("Flood in Kenya kills 4", "Flood in Kenya: hotel evacuated", 4),
    ],
)
def test_other_news_of_the_same_names_is_a_story_of_its_own_also_where_titles_are_all_there_is(
    first: str, other: str, hours: float
) -> None:
    one, later = (
        tell(str(at), title, "", NOW + timedelta(hours=at), sentences=[title], language="en")
        for title, at in ((first, 0), (other, hours))
    )
    assert placed(later, story(one)).story is None


def test_an_article_is_told_once() -> None:
    assert placed(telling(), story(telling())) == Placement(
        "story", 1, True, Reason.SAME_ARTICLE, "this article is in the story already", 1.0
    )


def test_a_copy_joins_as_the_same_text() -> None:
    copy = telling("b", "Another title over it", f"{filler(9, 20)}\n{LEAD}\n{filler(1)}", 5)
    placement = placed(copy, story(telling()))
    assert (placement.story, placement.origin, placement.same_origin) == ("story", 1, True)
    assert placement.reason is Reason.SAME_ORIGIN
    assert TITLE in placement.why


def test_a_copy_joins_the_text_it_is_most_surely_of() -> None:
    half = telling("b", "Half of it", f"{filler(2, 150)}\n{filler(1, 120)}", 1)
    whole = telling("c", "All of it", f"{LEAD}\n{filler(1)}", 2)
    assert placed(whole, story(half, name="half"), story(telling(), name="whole")).story == "whole"


def test_what_a_house_writes_below_all_its_releases_hides_no_copy() -> None:
    about = filler(7, 150)
    hired = telling(
        "a",
        "Harrow Industries appoints finance chief",
        f"Harrow Industries has appointed Ada Brandt as its finance chief.\n{about}",
    )
    recalled = telling(
        "b", "Harrow recalls heaters", f"Heaters of Harrow Industries caught fire in Eastport.\n{about}", 6
    )
    again = telling("c", "Heaters called back", f"Heaters of Harrow Industries caught fire in Eastport.\n{about}", 7)
    assert placed(recalled, story(hired)).story is None
    assert placed(again, story(hired, name="hired"), story(recalled, name="recalled")).story == "recalled"


def test_a_form_filled_in_for_another_event_is_a_story_of_its_own() -> None:
    advice = filler(8, 150)
    one = telling("a", "Earthquake near Tarnholm", f"The earth shook near Tarnholm on Monday, it said.\n{advice}")
    other = telling(
        "b", "Earthquake near Callender", f"The earth shook near Callender on Monday, it said.\n{advice}", 1
    )
    placement = placed(other, story(one))
    assert (placement.story, placement.reason) == (None, Reason.NEW_STORY)
    assert placement.why == "it is the form of “Earthquake near Tarnholm”, filled in for another event"


def test_other_words_join_as_a_separate_text() -> None:
    placement = placed(in_other_words(), story(telling()))
    assert (placement.story, placement.origin, placement.same_origin) == ("story", 2, False)
    assert placement.reason is Reason.SAME_EVENT
    assert 0.42 <= placement.score <= 1.0
    assert placement.why.startswith("shares Ada, Brandt, Eastport, Norland, ")


def test_another_event_is_a_new_story_and_says_what_was_nearest() -> None:
    other = telling(
        "b", "Norland holds its plum fair", "Norland opened its plum fair with music in Westby.\n" + filler(7)
    )
    placement = placed(other, story(telling()))
    assert placement.story is None
    assert TITLE in placement.why


def test_nothing_shared_says_so() -> None:
    placement = placed(telling("b", "Plums", "Growers expect little.", 24), story(telling()))
    assert placement.why == "no open story shares its names, places, days or words"


def test_another_language_joins_by_names() -> None:
    french = telling("b", "Ada Brandt parle d'îles", "Le Norland et le Sudland se parlent à Eastport.", language="fr")
    others = telling("b", "Ines Cardo parle d'îles", "Le Westmark et l'Ostmark se parlent à Grantham.", language="fr")
    assert placed(french, story(telling())).story == "story"
    assert placed(others, story(telling())).story is None


@pytest.mark.parametrize(("hours", "joins"), [(71, True), (73, False), (-71, True), (-73, False)])
def test_other_words_join_within_the_window_of_the_first_telling(hours: float, joins: bool) -> None:
    assert (placed(in_other_words(hours=hours), story(telling())).story is not None) is joins


def test_a_story_is_not_kept_open_by_its_later_tellings() -> None:
    long = story(telling(), in_other_words("b", 40))
    assert placed(in_other_words("c", 100), long).story is None


def test_a_copy_joins_within_the_window_of_the_text_it_copies() -> None:
    long = story(telling(), in_other_words("b", 40))
    late = replace(in_other_words("b", 100), article="c")
    assert placed(late, long).reason is Reason.SAME_ORIGIN
    assert placed(replace(late, at=NOW + timedelta(hours=200)), long).story is None


def test_the_same_wire_counts_as_the_same_text() -> None:
    first, second = replace(telling(), wire="afp"), replace(in_other_words(), wire="afp")
    placement = placed(second, story(first))
    assert (placement.origin, placement.same_origin, placement.reason) == (1, True, Reason.SAME_WIRE)


def test_the_same_owner_counts_as_the_same_text() -> None:
    placement = placed(in_other_words(owner="Post Group"), story(telling(owner="POST group")))
    assert (placement.origin, placement.same_origin, placement.reason) == (1, True, Reason.SAME_OWNER)


def test_wire_and_owner_alone_make_no_story() -> None:
    other = telling("b", "Plums are dear", "Growers of plums expect little in the valley.\n" + filler(7), owner="Post")
    assert placed(replace(other, wire="afp"), story(replace(telling(owner="Post"), wire="afp"))).story is None


def test_short_copies_are_one_text() -> None:
    short, again = telling(text=LEAD), telling("b", text=LEAD.replace("officials", "delegates"), hours=1)
    placement = placed(again, story(short))
    assert (placement.origin, placement.reason) == (1, Reason.SAME_ORIGIN)


def test_a_new_story_says_what_speaks_against_the_nearest() -> None:
    other = telling("b", "Brandt brings Westmark to the table", LEAD.replace("Norland and Sudland", "Westmark"), 30)
    placement = placed(other, story(telling()))
    assert placement.story is None
    assert placement.why.startswith(f"the nearest is “{TITLE}”, but ")
    assert "time has passed" in placement.why


def test_a_very_long_story_is_met_by_its_first_and_latest_texts() -> None:
    many = [in_other_words(f"x{number}", number / 10) for number in range(3 * SPOKESMEN)]
    placement = placed(telling("new", hours=8), story(*many))
    assert placement.story == "story"
    assert placement.origin == len(many) + 1


def test_of_two_stories_the_nearer_is_joined() -> None:
    near, far = (
        telling("n"),
        telling("f", "Brandt in Eastport", "Ada Brandt praised the plums of Eastport and Norland."),
    )
    assert placed(in_other_words(), story(far, name="far"), story(near, name="near")).story == "near"


# -- the board


def told_on(board: Board, tellings: Iterable[Telling]) -> list[tuple[str, int]]:
    found = []
    for one in tellings:
        placement = board.place(one)
        name = placement.story or one.article
        board.add(one, name, placement.origin)
        found.append((name, placement.origin))
    return found


def test_a_board_places_and_remembers() -> None:
    board = Board(WINDOW)
    copy = telling("c", "Another title", f"{filler(8, 20)}\n{LEAD}\n{filler(1)}", 2)
    plums = telling("p", "Plums are dear", "Growers of plums expect little in the Tarn valley.\n" + filler(6), 3)
    assert told_on(board, [telling(), in_other_words(), copy, plums, telling()]) == [
        ("a", 1),
        ("a", 2),
        ("a", 1),
        ("p", 1),
        ("a", 1),
    ]
    assert len(board) == 2


def test_a_board_begins_with_the_stories_it_is_given() -> None:
    board = Board(WINDOW, [story(telling())])
    assert board.place(in_other_words()).story == "story"


def test_a_board_forgets_what_is_old() -> None:
    plums = telling("p", "Plums are dear", "Growers of plums expect little in the Tarn valley.\n" + filler(6), 200)
    board = Board(WINDOW, [story(telling()), story(plums, name="plums")])
    board.forget(NOW + timedelta(hours=100))
    assert len(board) == 1
    assert board.place(telling("x")).story is None
    assert board.place(replace(plums, article="y")).story == "plums"
    assert board.place(telling()).reason is Reason.NEW_STORY


EVENTS = [
    (TITLE, LEAD),
    (OTHER_WORDS_TITLE, OTHER_WORDS),
    ("Plums are dear in Tarn", "Growers of plums in the Tarn valley expect half a crop after the frost."),
    ("Tarn growers fear for plums", "Frost took half of the crop of plums in the valley of the Tarn, growers say."),
    ("Brandt sees plums", "Envoy Ada Brandt visited the growers of plums in the Tarn valley."),
]
TELLINGS = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 3), st.integers(0, 90), st.sampled_from(["", "afp", "ap"])),
    max_size=9,
)


@settings(max_examples=40, deadline=None)
@given(TELLINGS)
def test_looking_through_and_the_index_decide_alike(
    drawn: list[tuple[tuple[str, str], int, int, str]],
) -> None:
    board, stories = Board(WINDOW), dict[str, list[tuple[Telling, int]]]()
    for number, ((title, lead), text, hours, wire) in enumerate(drawn):
        one = replace(telling(str(number), title, f"{lead}\n{filler(text, 120)}", hours), wire=wire)
        opened = [
            OpenStory(name, tuple(t for t, _ in told), {t.article: origin for t, origin in told})
            for name, told in stories.items()
        ]
        placement = board.place(one)
        assert place(one, opened, window=WINDOW) == placement
        name = placement.story or one.article
        board.add(one, name, placement.origin)
        stories.setdefault(name, []).append((one, placement.origin))


@settings(max_examples=40, deadline=None)
@given(TELLINGS, st.randoms(use_true_random=False))
def test_the_order_in_which_stories_are_given_does_not_matter(
    drawn: list[tuple[tuple[str, str], int, int, str]], shuffle: random.Random
) -> None:
    stories = [
        story(telling(str(number), title, f"{lead}\n{filler(text, 120)}", hours), name=str(number))
        for number, ((title, lead), text, hours, _) in enumerate(drawn)
    ]
    shuffled = shuffle.sample(stories, len(stories))
    for title, lead in EVENTS:
        one = telling("new", title, lead, 30)
        assert place(one, shuffled, window=WINDOW) == place(one, stories, window=WINDOW)


def test_a_flood_of_stories_is_placed_by_looking_at_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[timedelta] = []

    def counted(a: Features, b: Features, apart: timedelta) -> Likeness:
        looked.append(apart)
        return likeness(a, b, apart)

    monkeypatch.setattr("stories.evidence.likeness", counted)
    rule_words = "Norland Sudland islands dispute"
    flood = [
        telling(str(n), f"{rule_words} {filler(n, 4)}", f"{rule_words} {filler(n + 9000, 30)}.", n / 60)
        for n in range(400)
    ]
    told_on(Board(WINDOW), flood)
    assert len(looked) / len(flood) < 40


# -- the filter


def test_grouping_a_stream_names_stories_by_their_first_article() -> None:
    stream = [("ties", telling()), ("plums", in_other_words()), ("ties", in_other_words())]
    assert [(name, placement.origin) for name, placement in group(stream, window=WINDOW)] == [
        ("a", 1),
        ("b", 1),
        ("a", 2),
    ]


def test_a_stream_is_held_for_two_windows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stories.group.FORGET_EVERY", 8)
    first = telling()
    copy_after_eight_weeks = replace(first, article="z")  # its own time says: within the window
    plums = [telling(str(week), "Plums", "Plums.", week * 168) for week in range(1, 9)]
    stream = [("ties", one) for one in (first, *plums, copy_after_eight_weeks)]
    assert list(group(stream, window=WINDOW))[-1][1].reason is Reason.NEW_STORY
