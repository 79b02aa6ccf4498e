"""What the texts must hold: the facts of the seed documents, and none of their sentences."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from seeds import SEEDS, originals_folder
from seeds.build import documents, load_roles

RESTATED = {
    "blinken-hanoi-visit": "000_462e65eee39eb3c9",
    "strategic-upgrade-question": "003_5862112041dec34f",
}
FACTS: dict[str, list[str]] = YAML(typ="safe").load(Path(__file__).with_name("facts.yaml").read_text(encoding="utf-8"))
# No words of an author: the controls of a player.
CONTROLS = ("0 00 0 02 12 0 00",)
RUN = 7  # words in a row that a restatement may not share with its seed document


def text_of(slug: str) -> str:
    return (SEEDS / "texts" / f"{slug}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("slug", RESTATED)
def test_a_restatement_holds_every_fact_name_date_and_number(slug: str) -> None:
    missing = [fact for fact in FACTS[slug] if fact not in text_of(slug)]
    assert missing == []


@pytest.mark.parametrize(
    ("slug", "twice"),
    [
        ("blinken-hanoi-visit", "FILE - "),
        ("blinken-hanoi-visit", "Blinken's Trip to Vietnam"),
        ("strategic-upgrade-question", "Advertisement"),
        ("strategic-upgrade-question", "A supply chain with Vietnam"),
        ("strategic-upgrade-question", "In Vietnamese eyes"),
    ],
)
def test_a_restatement_says_twice_what_its_seed_document_says_twice(slug: str, twice: str) -> None:
    assert len([line for line in text_of(slug).splitlines() if line.lstrip("“").startswith(twice)]) == 2


@pytest.mark.parametrize(
    ("slug", "line"), [("blinken-hanoi-visit", "0:00 0:02:12 0:00"), ("strategic-upgrade-question", "01:42")]
)
def test_a_player_s_controls_stand_among_the_lines(slug: str, line: str) -> None:
    assert line in text_of(slug).splitlines()


def test_the_last_line_is_a_bare_number_of_comments() -> None:
    assert text_of("strategic-upgrade-question").splitlines()[-1] == "43"


def test_a_related_link_between_body_lines_names_myanmar_and_sanctions() -> None:
    lines = text_of("strategic-upgrade-question").splitlines()
    roles, _ = load_roles(SEEDS / "texts" / "strategic-upgrade-question.roles.yaml")
    (number,) = [n for n, line in enumerate(lines, 1) if "Myanmar" in line]
    assert "sanctions" in lines[number - 1]
    assert roles[number] == "related"
    assert roles.get(number - 2) == roles.get(number + 2) is None


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['.][^\W_]+)*", text.lower().replace("’", "'"))


def runs(text: str) -> set[str]:
    found = words(text)
    return {" ".join(found[n : n + RUN]) for n in range(len(found) - RUN + 1)}


@pytest.mark.originals
@pytest.mark.parametrize(("slug", "original"), RESTATED.items())
def test_no_seven_words_in_a_row_are_those_of_the_seed_document(slug: str, original: str) -> None:
    theirs = ((originals_folder() or Path()) / f"{original}.txt").read_text(encoding="utf-8")
    assert runs(text_of(slug)) & runs(theirs) - set(CONTROLS) == set()


@pytest.mark.originals
@pytest.mark.parametrize(("slug", "original"), RESTATED.items())
def test_every_number_of_the_seed_document_is_in_its_restatement(slug: str, original: str) -> None:
    theirs = ((originals_folder() or Path()) / f"{original}.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"\d+", theirs)) - set(re.findall(r"\d+", text_of(slug))) == set()


def test_there_are_six_unrelated_articles_for_each_outlet_of_150_to_350_words() -> None:
    unrelated = [document for document in documents() if document.meta.slug not in RESTATED]
    assert [document.meta.site for document in unrelated].count("a") == 6
    assert [document.meta.site for document in unrelated].count("b") == 6
    assert all(150 <= len(words(document.text)) <= 350 for document in unrelated)


def test_only_the_related_link_speaks_of_myanmar() -> None:
    assert [document.meta.slug for document in documents() if "Myanmar" in document.text] == [
        "strategic-upgrade-question"
    ]
