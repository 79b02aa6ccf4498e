import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.compose import compose, compose_digest, compose_notice, gap_lines
from alerts.message import AlertView, ArticleLine, DigestView, Gaps, Kind, Links, NoticeView, Passage
from core.reasons import Reason

NOW = datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
SENTENCE = "Officials said the two sides may upgrade their ties to a strategic partnership."
ARTICLE = ArticleLine(
    "Envoy in Hanoi for talks on ties",
    "https://example.org/news/1?a=b&c=d",
    "Example Post",
    NOW,
    author="A. Writer",
    published=NOW - timedelta(hours=2),
)
LINKS = Links(
    "https://w.example/links/story/a", "https://w.example/links/not-this/b", "https://w.example/links/silence/c"
)
VIEW = AlertView(
    alert_id="0" * 64,
    kind=Kind.FIRST,
    rule_id="us-vietnam-upgrade",
    rule_title="US–Vietnam ties upgraded",
    story_id="7",
    article=ARTICLE,
    made_at=NOW,
    passages=(Passage(SENTENCE, ((33, 40), (47, 51))),),
    more_passages=2,
    others=(ArticleLine("Will ties grow?", "https://example.com/2", "Other Post", NOW),),
    separate_texts=2,
    links=LINKS,
    timezone="Europe/Paris",
)
EVIL = (
    "x\r\nBcc: a@b.example\x00 @everyone <!here> <script>alert(1)</script> "
    '"><img src=https://evil.example/p.gif onerror=alert(1)> [a](javascript:alert(1)) {{ 7*7 }} {% raw %}'
)


class Tags(HTMLParser):
    """The tags and attributes a mail client would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_subject_names_rule_headline_and_source() -> None:
    assert compose(VIEW).subject == "[us-vietnam-upgrade] Envoy in Hanoi for talks on ties (Example Post)"


def test_the_text_tells_everything_in_order() -> None:
    text = compose(VIEW).text
    parts = [
        "Envoy in Hanoi for talks on ties\nhttps://example.org/news/1?a=b&c=d\n",
        "Rule: [us-vietnam-upgrade] US–Vietnam ties upgraded\n",
        "“Officials said the two sides may ‹upgrade› their ‹ties› to a strategic partnership.”",
        "and 2 more passages",
        "Cue words nearby: “may” (uncertain)",
        "Source:     Example Post",
        "Author:     A. Writer",
        "Published:  2026-03-02 11:05 UTC+01:00",
        "First seen: 2026-03-02 13:05 UTC+01:00",
        "Read:       in full",
        "Told by:    2 separate texts",
        "- Will ties grow? (Other Post · first seen 2026-03-02 13:05 UTC+01:00) https://example.com/2",
        "Story: https://w.example/links/story/a",
        "Not this: https://w.example/links/not-this/b",
        "Silence for 72 h: https://w.example/links/silence/c",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_the_html_marks_the_matched_words() -> None:
    page = compose(VIEW).html
    assert re.search(r"may <mark [^>]*>upgrade</mark> their <mark [^>]*>ties</mark>", page)


def test_nothing_is_called_confirmed() -> None:
    message = compose(VIEW)
    assert "confirm" not in (message.text + message.html + message.fit(4096)).lower()


def test_the_chat_text_keeps_the_article_link_at_any_length() -> None:
    for limit in (60, 160, 500, 2000):
        assert ARTICLE.url in compose(VIEW).fit(limit)
        assert len(compose(VIEW).fit(limit)) <= limit


def test_a_hundred_kilobytes_fit_every_channel() -> None:
    huge = replace(
        VIEW,
        article=replace(ARTICLE, title="word " * 20_000),
        passages=(Passage("ab " * 33_000, ((50_000, 50_002),)),) * 5,
    )
    message = compose(huge)
    assert len(message.fit(2000)) <= 2000
    assert ARTICLE.url in message.fit(2000)
    assert len(message.subject) < 300
    assert len(message.html) < 20_000


def test_without_a_public_url_there_are_no_links_of_ours() -> None:
    message = compose(replace(VIEW, links=None))
    assert "w.example" not in message.text + message.html + message.fit(4096)
    assert message.link == ARTICLE.url


def test_a_link_that_is_not_of_the_web_is_left_out() -> None:
    message = compose(replace(VIEW, links=None, article=replace(ARTICLE, url="javascript:alert(1)")))
    assert "javascript" not in message.text + message.html + message.fit(4096)
    assert message.link == ""


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (Kind.AGAIN, "Told again: 2 separate texts tell it now"),
        (Kind.UPDATE, "Update: a further separate text tells it"),
    ],
)
def test_a_later_message_says_why_it_comes(kind: Kind, note: str) -> None:
    message = compose(replace(VIEW, kind=kind))
    assert message.text.startswith(note)
    assert note in message.html
    assert message.fit(4096).startswith(note)
    assert message.thread == compose(VIEW).thread


def test_a_bare_alert_is_complete() -> None:
    article = ArticleLine("", "", "", NOW)
    message = compose(AlertView("1", Kind.FIRST, "rule", "", "7", article, NOW))
    assert message.subject == "[rule] (without a title)"
    assert "Source:     unknown" in message.text
    assert "Told by:    1 text\n" in message.text
    assert message.fit(4096).startswith("(without a title)\n[rule]\n")


def evil(view: AlertView) -> AlertView:
    article = replace(view.article, title=EVIL, source=EVIL, author=EVIL)
    return replace(
        view, article=article, rule_title=EVIL, others=(article,), passages=(Passage(EVIL, ((20, 40), (60, 90))),)
    )


def assert_inert(page: str, *texts: str) -> None:
    tags = Tags(page).tags
    assert not {tag for tag, _ in tags} & {"script", "img", "iframe", "link", "svg", "object"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert all((attributes["href"] or "").startswith("https://") for tag, attributes in tags if tag == "a")
    for text in texts:
        assert not re.search(r"@everyone|<!here>|\]\(|[\x00-\x09\x0b-\x1f]", text)
        assert "\nBcc" not in text


def test_hostile_text_is_inert_in_an_alert() -> None:
    message = compose(evil(VIEW))
    assert_inert(message.html, message.html, message.text, message.subject, message.fit(4096), message.fit(300))
    assert "\n" not in message.subject
    assert "{{ 7*7 }}" in message.text


def test_hostile_text_is_inert_in_digests_and_notices() -> None:
    digest = compose_digest(
        DigestView(
            "1", Reason.DIGEST, (evil(VIEW),), NOW, title=EVIL, rule_id=EVIL, gaps=Gaps((EVIL,)), page="javascript:x"
        )
    )
    notice = compose_notice(NoticeView("1", EVIL, (EVIL,), NOW, page="data:x"))
    for message in (digest, notice):
        assert_inert(message.html, message.html, message.text, message.subject, message.fit(4096))


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_composes_to_one_line_of_subject(title: str, sentence: str) -> None:
    view = replace(VIEW, article=replace(ARTICLE, title=title), passages=(Passage(sentence, ((0, 5),)),))
    message = compose(view)
    assert len(message.subject.splitlines()) == 1
    assert len(message.fit(280)) <= 280


def digest(*alerts: AlertView, **settings: object) -> DigestView:
    return DigestView("1", Reason.BURST, alerts, NOW, timezone="Europe/Paris", **settings)  # type: ignore[arg-type]


def test_a_digest_groups_alerts_by_rule_and_counts_them() -> None:
    other = replace(VIEW, rule_id="quake", rule_title="Earthquakes")
    message = compose_digest(digest(VIEW, other, VIEW, page="https://w.example/"))
    assert message.subject == "[wirewatch] 3 alerts: many at once"
    assert "[us-vietnam-upgrade] US–Vietnam ties upgraded: 2\n" in message.text
    assert "[quake] Earthquakes: 1\n" in message.text
    assert message.text.index("us-vietnam") < message.text.index("quake")
    assert message.link == "https://w.example/"


def test_a_digest_of_one_rule_is_named_after_it() -> None:
    message = compose_digest(replace(digest(VIEW, rule_id="quake", title="Earthquakes"), why=Reason.STALE))
    assert message.subject == "[quake] 1 alert: catch-up: could not be delivered in time"
    assert message.fit(4096).startswith("Earthquakes: 1 alert")


def test_a_title_in_arabic_runs_from_the_right_whatever_stands_beside_it() -> None:
    title = "قمة في القاهرة (1)"
    view = replace(VIEW, others=(replace(ARTICLE, title=title),), article=replace(ARTICLE, title=title))
    for message in (compose(view), compose_digest(digest(view)), compose_digest(digest(*[view] * 60))):
        blocks = re.findall(r'<(?:h1|div|li)( dir="auto")?[^>]*>\s*<a [^>]*>' + re.escape(title), message.html)
        assert blocks
        assert all(blocks)  # of the block alone: what has a direction of its own says nothing of its parent's


def test_a_digest_ends_with_its_gaps() -> None:
    gaps = Gaps(("Example Post: the host refused the connection",), unread=1, undecided=3)
    message = compose_digest(digest(VIEW, gaps=gaps, left_out=4))
    assert message.text.endswith(
        "\nand 4 more alerts\n\nNot covered:\n- Feed down: Example Post: the host refused the connection\n"
        "- 1 article was not read in full\n- 3 articles could not be decided\n"
    )
    assert "3 articles could not be decided" in message.html
    assert "Feed down" in message.fit(4096)
    assert message.fit(4096).endswith("… and 4 more")
    assert gap_lines(Gaps()) == ()
    many = gap_lines(Gaps(tuple(f"Feed {number}" for number in range(3000))))
    assert (len(many), many[-1]) == (31, "and 2970 more feeds down")


def test_a_digest_of_very_many_lists_them_all_briefly() -> None:
    alerts = tuple(
        replace(VIEW, article=replace(ARTICLE, url=f"https://example.org/{number}")) for number in range(5000)
    )
    message = compose_digest(digest(*alerts))
    assert message.text.count("https://example.org/") == 5000
    assert "‹upgrade›" not in message.text
    assert len(message.text) < 1_000_000
    assert len(message.fit(2000)) <= 2000


def test_a_short_digest_shows_the_first_passage_and_its_cues() -> None:
    message = compose_digest(digest(VIEW))
    assert "‹upgrade›" in message.text
    assert "“may” (uncertain)" in message.text
    assert "Story: https://w.example/links/story/a" in message.text


def test_a_notice_tells_operators_what_and_where() -> None:
    message = compose_notice(
        NoticeView("1", "Channel chat is paused", ("It answered 404.",), NOW, "https://w.example/d")
    )
    assert message.subject == "[wirewatch] Channel chat is paused"
    assert message.text == "Channel chat is paused\n\nIt answered 404.\n\n2026-03-02 12:05 UTC\nhttps://w.example/d\n"
    assert message.fit(2000) == "[wirewatch] Channel chat is paused\nIt answered 404.\nhttps://w.example/d"
