from types import SimpleNamespace

import pytest
import sentencex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from rules import tokens
from rules.document import ANALYSER_VERSION, LONGEST_LINE, ArticleText, Document, analyse, base, primary

LONG = "Nothing much happened in the harbour on that day. " * 8


def sentences(document: Document, number: int) -> list[str]:
    field = document.fields[number]
    ends = (*field.sentences[1:], len(field.text))
    return [field.text[start:end] for start, end in zip(field.sentences, ends, strict=True)]


def test_sentences_do_not_end_after_abbreviations() -> None:
    text = "U.S. Secretary of State Lee met Gen. Nguyen. It rained."
    document = analyse(ArticleText("a", text=text, language="en"))
    assert sentences(document, 1) == ["U.S. Secretary of State Lee met Gen. Nguyen. ", "It rained."]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "M. Macron a vu MM. Scholz et J.-L. Martin à St. Denis."),
        ("it", "S. Mattarella è a Roma."),
        ("de", "Im 3. Quartal stieg der Gewinn auf 5 Mio. Euro."),
        ("ru", "Завод им. Ленина стоит 5 млн. долл. США."),
        ("ru", "«Мы победим!» — сказал он."),
        ("vi", "TP. Hà Nội và TP.HCM mở cửa."),
        ("hi", "डॉ. सिंह मिले।"),
        ("ar", "التقى د. محمد في القاهرة."),
        ("ja", "「勝ちます。」と述べた。"),
        ("ko", '"이긴다!"라고 말했다.'),
        ("en", "Profit rose 3 pct. in May."),
        ("pt", "Ele foi aos E.U.A. com Lula."),
        ("es", "Los JJ.OO. de París abren."),
    ],
)
def test_a_sentence_goes_on_behind_what_only_looks_like_its_end(language: str, text: str) -> None:
    document = analyse(ArticleText("a", text=text, fallback_language=language))
    assert sentences(document, 1) == [text]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Il a vu Macron. Paris dort."),
        ("en", "He lives in the U.S. The ferry sank."),
        ("en", "He did it.The oil sank."),
        ("de", "Es war 2024. Der Preis stieg."),
        ("de", "Es endete 3:2. Danach fiel Regen."),
        ("ja", "「勝ちます。」東京は雨。"),
        ("ru", "«Мы победим!» Дождь идёт."),
    ],
)
def test_a_sentence_ends_where_it_does(language: str, text: str) -> None:
    assert len(sentences(analyse(ArticleText("a", text=text, fallback_language=language)), 1)) == 2


def test_a_line_end_ends_a_sentence_and_an_open_quote_does_not_reach_over_it() -> None:
    document = analyse(
        ArticleText("a", text="A heading\n\nHe said: “It is late.\nThey left. Rain fell.", language="en")
    )
    assert sentences(document, 1) == ["A heading\n", "\n", "He said: “It is late.\n", "They left. ", "Rain fell."]


def test_words_of_two_fields_are_in_different_sentences_and_paragraphs() -> None:
    document = analyse(ArticleText("a", title="Ferry sinks", text="Ferry sinks. Many saved.\nMore."))
    title, text = base("title"), base("text")
    assert document.sentence_of(title) == document.sentence_of(title + 1) != document.sentence_of(text)
    assert document.sentence_of(text) != document.sentence_of(text + 2)
    assert document.paragraph_of(text) == document.paragraph_of(text + 3) != document.paragraph_of(text + 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [("One two.\n\nThree.\nFour.", 3), ("One two.", 2), ("\n\n", 0), ("", 0), ("\n***\nOne.\nTwo.\nThree.", 2)],
)
def test_the_lead_is_the_first_two_paragraphs_with_words(text: str, words: int) -> None:
    assert analyse(ArticleText("a", text=text)).lead_end == base("text") + words


@pytest.mark.parametrize(
    ("text", "language", "feed", "expected"),
    [
        (LONG, "en-GB", "fr", "en"),
        (LONG, "", "fr", "fr"),
        (LONG, "", "", ""),
        ("Short.", "en", "fr", "fr"),
        ("Short.", "en", "", ""),
        ("Short.", "", "zh_Hant", "zh"),
    ],
)
def test_a_short_text_has_the_language_of_its_feed(text: str, language: str, feed: str, expected: str) -> None:
    document = analyse(ArticleText("a", text=text, language=language, fallback_language=feed))
    assert document.language == expected
    assert document.guess == primary(language)


def test_whole_values_are_one_word_and_missing_ones_none() -> None:
    document = analyse(ArticleText("a", text="x", source="Wire Desk"))
    by_name = {field.name: field for field in document.fields}
    assert list(by_name["source"].words()) == ["Wire Desk"]
    assert list(by_name["url"].words()) == []


def test_lone_surrogates_do_no_harm() -> None:
    document = analyse(ArticleText("a", text="Rain\ud800 fell.", language="en"))
    assert list(document.fields[1].words()) == ["Rain", "fell"]


def test_the_version_names_the_libraries_that_decide() -> None:
    assert "sentencex" in ANALYSER_VERSION
    assert "snowball" in ANALYSER_VERSION


@given(st.text(), st.text(), st.sampled_from(["en", "zh", "ar", "th", "", "xx"]))
def test_any_text_can_be_analysed_and_every_word_is_where_it_is_said_to_be(
    title: str, text: str, language: str
) -> None:
    document = analyse(ArticleText("a", title, text, language=language))
    for number, field in enumerate(document.fields[:2]):
        assert list(field.starts) == sorted(field.starts)
        assert all(0 <= start < end <= len(field.text) for start, end in zip(field.starts, field.ends, strict=True))
        for word in range(len(field.starts)):
            at = number * base("text") + word
            assert document.place(at) == (field, word)
            assert document.sentence_of(at) >= document.paragraph_of(at) >= number * base("text")


@given(st.text(alphabet="ab \n\n\r\x0b\x0c\x85\u2028\u2029é.", max_size=40))
def test_every_line_end_begins_a_paragraph_however_it_is_written(text: str) -> None:
    begins = [at + 1 for at, sign in enumerate(text) if sign in "\n\r\x0b\x0c\x85\u2028\u2029"]
    assert analyse(ArticleText("a", text=text, language="en")).fields[1].paragraphs == (0, *begins)


@given(st.text(alphabet="abÉ'’s.,1-—\u0301\n 河한US", max_size=40))
def test_the_words_of_a_field_are_the_words_of_its_text(text: str) -> None:
    field = analyse(ArticleText("a", text=text, language="en")).fields[1]
    assert tuple(field.words()) == tokens.words(text)
    assert all(start < end for start, end in zip(field.starts, field.ends, strict=True))
    assert all(end <= start for end, start in zip(field.ends, field.starts[1:], strict=False))


@pytest.mark.parametrize("line", ["Der Hafen steht still. " * 2_000, "中。" * 40_000, "“a" * 20_000, "x" * 50_000])
def test_a_line_without_end_is_cut_into_sentences_part_by_part_and_loses_no_letter(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[str] = []

    def segment(language: str, part: str) -> list[str]:
        parts.append(part)
        return list(sentencex.segment(language, part))

    monkeypatch.setattr("rules.document.sentencex", SimpleNamespace(segment=segment))
    found = analyse(ArticleText("a", text=line, language="de")).fields[1].sentences
    assert "".join(parts) == line
    assert max(map(len, parts)) <= LONGEST_LINE
    assert found[0] == 0
    assert list(found) == sorted(set(found))


def test_a_line_without_end_is_parted_behind_a_sentence() -> None:
    found = analyse(ArticleText("a", text="Der Hafen steht still. " * 2_000, language="de")).fields[1].sentences
    assert found == tuple(range(0, 46_000, 23))
