from datetime import UTC, datetime

from stories.telling import LEAD_WORDS, just_told, lead_of, tell

NOW = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = "The envoy came to the harbour town with three of her deputies."
SECOND = "Nobody had expected her so early in the year, said the mayor."


def test_the_lead_is_the_first_two_real_paragraphs() -> None:
    third = "A third paragraph that has more than eight words in it."
    text = f"News\n\nEnvoy comes\nBy A. Writer\n{FIRST}\nRead also\n{SECOND}\n{third}"
    assert lead_of("Envoy comes", text) == f"{FIRST}\n{SECOND}"


def test_a_text_of_short_lines_has_its_first_two_as_lead() -> None:
    assert lead_of("T", "One line.\nAnother.\nThird.") == "One line.\nAnother."


def test_a_long_lead_is_cut() -> None:
    lead = lead_of("T", "\n".join(["word " * 100] * 2))
    assert len(lead.split()) == LEAD_WORDS


def test_a_lead_that_is_used_up_by_its_first_paragraph_has_no_second() -> None:
    assert lead_of("T", "\n".join(["word " * 500] * 2)).count("\n") == 0


def test_a_script_without_spaces_has_a_lead() -> None:
    line = "国家主席在北京人民大会堂同来华进行国事访问的总统举行会谈并签署联合声明" * 2
    assert lead_of("题", f"记者\n{line}") == line


def test_an_article_becomes_a_telling() -> None:
    text = f"EASTPORT (AFP) - {FIRST}\n" + f"{SECOND}\n" * 20
    telling = tell("a", "Envoy comes", text, NOW, sentences=[FIRST], owner="Post", source="post.example", language="en")
    assert telling.wire == "afp"
    assert telling.lead.startswith("EASTPORT (AFP)")
    assert telling.shingles
    assert telling.sentences == (FIRST,)


def test_an_author_line_can_name_the_wire() -> None:
    assert tell("a", "T", FIRST, NOW, author="Reuters").wire == "reuters"


def test_what_a_telling_says_is_found_once() -> None:
    telling = tell("a", "Envoy comes", FIRST, NOW)
    assert (telling.features, telling.facts) == (telling.features, telling.facts)
    assert telling.features is telling.features
    assert telling.facts is telling.facts


def test_a_telling_that_is_made_again_soon_is_the_one_before() -> None:
    telling = just_told(tell("a", "Envoy comes", FIRST, NOW))
    assert just_told(tell("a", "Envoy comes", FIRST, NOW)) is telling
    assert just_told(tell("a", "Envoy leaves", FIRST, NOW)) is not telling
