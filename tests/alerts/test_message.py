import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.message import Kind, Line, Message

LINK = "https://example.org/news/1"


def message(*lines: Line, left_out: int = 0) -> Message:
    return Message("subject", "text", "html", Kind.FIRST, "id", lines=lines, left_out=left_out)


HEADLINE = Line("A headline that says in nine words what happened", rank=1)
PASSAGE = Line("A passage that is long. " * 20, rank=2)
SOURCE = Line("Example Post", rank=3)
ALERT = message(HEADLINE, PASSAGE, SOURCE, Line("", LINK, rank=0))


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_text_that_fits_is_whole() -> None:
    assert ALERT.fit(2000) == "\n".join([HEADLINE.text, PASSAGE.text, SOURCE.text, LINK])


def test_a_long_passage_is_cut_before_the_link_is() -> None:
    fitted = ALERT.fit(200)
    assert fitted.startswith(HEADLINE.text)
    assert "…" in fitted
    assert fitted.endswith(LINK)


def test_the_link_stays_when_nothing_else_can() -> None:
    assert ALERT.fit(len(LINK) + 5) == LINK


def test_a_link_that_does_not_fit_is_left_out_whole() -> None:
    assert ALERT.fit(20) == "A headline that say…"


def test_a_message_without_lines_gives_its_subject() -> None:
    assert message().fit(2000) == "subject"
    assert message().fit(4) == "sub…"


def test_alerts_left_out_of_a_list_are_counted() -> None:
    entries = [Line(f"• headline number {number}", f"{LINK}{number}", rank=3, entry=True) for number in range(50)]
    fitted = message(Line("50 alerts", rank=0), *entries, left_out=7).fit(500)
    shown = fitted.count("• ")
    assert len(fitted) <= 500
    assert fitted.endswith(f"… and {57 - shown} more")


def test_alerts_the_list_never_named_are_counted_too() -> None:
    assert message(Line("9 alerts"), Line("• one", LINK, entry=True), left_out=8).fit(2000).endswith("\n… and 8 more")


def test_lengths_are_counted_the_channels_way() -> None:
    faces = message(Line("😀" * 100, rank=1), Line("", LINK, rank=0))
    assert utf16(faces.fit(120, utf16)) <= 120
    assert faces.fit(120, utf16).endswith(LINK)


def test_a_message_travels_to_a_worker_process() -> None:
    assert pickle.loads(pickle.dumps(ALERT)) == ALERT


LINES = st.lists(
    st.builds(Line, st.text(max_size=60), st.sampled_from(["", LINK, LINK * 3]), st.integers(0, 4), st.booleans()),
    max_size=8,
).map(lambda lines: tuple(line for line in lines if line.whole))


@pytest.mark.parametrize("size", [len, utf16, lambda text: len(text.encode("utf-8", "surrogatepass"))])
@given(lines=LINES, limit=st.integers(3, 200))
def test_a_fitted_text_keeps_to_the_limit_and_cuts_no_link(size: object, lines: tuple[Line, ...], limit: int) -> None:
    assert callable(size)
    fitted = message(*lines).fit(limit, size)
    assert size(fitted) <= limit
    assert "https" not in fitted.replace(LINK * 3, "").replace(LINK, "")
