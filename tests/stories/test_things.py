import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.sounds import plain
from stories.things import things


def spoken_of(text: str) -> frozenset[str]:
    return things(text, [plain(word) for word in text.replace(",", "").split()])


@pytest.mark.parametrize(
    ("what", "texts"),
    [
        (
            "refinery",
            ["the refinery burns", "la raffinerie en feu", "нефтеперерабатывающий завод", "مصفاة", "製油所で"],
        ),
        ("market", ["a covered market", "el mercado", "рынок", "السوق", "大型市场", "chợ"]),
        ("flight", ["two flights", "hai chuyến bay", "航班"]),
        ("oil", ["crude oil", "нефть", "石油"]),
    ],
)
def test_a_thing_is_one_in_any_language(what: str, texts: list[str]) -> None:
    assert [text for text in texts if what not in spoken_of(text)] == []


def test_a_short_word_is_not_found_in_a_long_one() -> None:
    assert "bus" not in spoken_of("business")
    assert "bus" in spoken_of("buses")


TEXTS = st.lists(
    st.sampled_from(["the", "refinery", "two", "flights", "power", "plant", "مصفاة", "製油所で", "大型市场"])
).map(" ".join)


@given(TEXTS | st.text(), TEXTS | st.text())
def test_any_text_can_be_looked_through_and_speaks_of_what_its_parts_do(text: str, more: str) -> None:
    assert spoken_of(text) | spoken_of(more) <= spoken_of(f"{text} {more}")
