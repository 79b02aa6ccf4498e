import pytest

from alerts.inert import JOINER, inert, inert_part, safe_link


@pytest.mark.parametrize(
    "ringing", ["@everyone", "@here", "@channel", "<!here>", "<@U123>", "<#C1>", "foo@all", "@someone", "@**all**"]
)
def test_a_mention_rings_nobody_and_reads_the_same(ringing: str) -> None:
    assert ringing not in inert(f"News {ringing} today")
    assert inert(f"News {ringing} today").replace(JOINER, "") == f"News {ringing} today"


@pytest.mark.parametrize(
    "markup", ["[click](https://evil.example)", "<https://evil.example|our page>", "<script>", "</a>"]
)
def test_link_markup_is_broken(markup: str) -> None:
    assert markup not in inert(markup)


def test_a_plain_sign_is_left_alone() -> None:
    assert inert("5 < 6, tea @ 5 [sic] (sic)") == "5 < 6, tea @ 5 [sic] (sic)"


def test_controls_and_line_ends_become_blanks_or_nothing() -> None:
    assert inert("a\r\nBcc: x\x00\x1b[0m\u202eb\u2028c") == "a Bcc: x[0mb c"


def test_a_long_text_is_cut() -> None:
    assert inert("word " * 100, 11) == "word word…"


def test_a_piece_keeps_its_blanks() -> None:
    assert inert_part(" a\r\n ") == " a "


@pytest.mark.parametrize(
    "url",
    ["https://example.org/a?b=c&d=%20e#f", "http://example.org:8080/", "HTTPS://example.org/x", "https://[::1]/a"],
)
def test_a_web_link_stays_as_it_is(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https://",
        "https://user:pw@example.org/",
        "https://example.org/a b",
        "https://example.org\\@evil.example",
        "https://example.org/\u202egpj.exe",
        "https://example.org/\r\nBcc: x",
        "https://[::1",
        "urn:feed:1",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_any_other_link_is_dropped(url: str) -> None:
    assert safe_link(url) == ""


def test_signs_with_a_meaning_in_markup_are_encoded_in_a_link() -> None:
    assert safe_link('https://example.org/"><b>|é') == "https://example.org/%22%3E%3Cb%3E%7C%C3%A9"
