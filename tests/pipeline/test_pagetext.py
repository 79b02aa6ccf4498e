"""What of a page is taken, beside its feed's words: notices of any kind, front pages, teasers, empty shells."""

from __future__ import annotations

import pytest
from sqlmodel import select

from core.clock import FixedClock
from core.reasons import Reason
from extractors.base import Extraction, PageState
from pipeline.pagetext import fuller, leads_home, refused
from pipeline.run import run_cycle
from storage.articles import shingles_of
from storage.engine import Database
from storage.tables import Article, Hit
from stories.fingerprint import shingles
from tests.builders import CALM, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer

TITLE = "Dockers strike at the northern harbour"
SUMMARY = "Some four hundred dockers went on strike at the harbour on Tuesday, and no ship has been unloaded since."
NOT_FOUND = "Sorry, the page you are looking for does not exist or has been moved. Go back, or try a search."
FREE = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
NOTICES = {
    "lost": ("Page not found", NOT_FOUND),
    "robot": ("Pardon our interruption", "Something about your browser made us think that you were a bot."),
    "check": ("Проверка браузера", "Пожалуйста, подождите несколько секунд, вы будете перенаправлены на сайт."),
    "verify": ("安全验证", "请完成下方验证后继续访问。系统检测到您的网络环境存在异常，请稍后再试。"),
    "gone": ("Không tìm thấy trang", "Trang bạn yêu cầu không tồn tại hoặc đã bị xóa. Vui lòng quay lại trang chủ."),
}


def of_feed(title: str = TITLE, text: str = SUMMARY) -> Article:
    return Article(key="a", feed_id=1, feed_title=title, feed_text=text, feed_language="en")


def read(text: str, title: str = TITLE, **more: object) -> Extraction:
    values = {"state": PageState.READY, "extractor": "trafilatura", **more}
    return Extraction(url="https://a.example/x", title=title, text=text, **values)  # type: ignore[arg-type]


# -- whole ways


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        (page("Page not found", [NOT_FOUND]), SUMMARY, Reason.WALL),
        (Answer(302, {"Location": "/"}), SUMMARY, Reason.FRONT_PAGE),
        (page("The News", ["Loading"]), SUMMARY, Reason.NO_BODY),
        (page(TITLE, ["Gulls sat on cranes at the harbour gates."], head=FREE), " ".join(STRIKE), Reason.PAYWALL),
    ],
    ids=["not found", "front page", "shell", "teaser"],
)
async def test_where_a_page_is_not_the_article_or_less_than_its_feed_says_the_feed_s_words_are_matched(
    world: World, db: Database, clock: FixedClock, answer: bytes | Answer, text: str, reason: Reason
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), TITLE, text))
    world.site |= {"/a": answer, "/": page("The News", CALM)}
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    (article,) = db.read_now(lambda session: session.exec(select(Article)).all())
    assert (article.state, article.reason) == ("partial", reason)
    assert shingles_of(article) == shingles(article.text)
    assert [hit.state for hit in db.read_now(lambda session: session.exec(select(Hit)).all())] == ["live"]


async def test_a_notice_in_place_of_a_page_that_was_read_takes_no_hit_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = world.publish("a", TITLE, STRIKE)
    world.site["/rss"] = rss(item)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site |= {"/rss": rss(Item("a", item.link, TITLE, SUMMARY)), "/a": page("Page not found", [NOT_FOUND])}
        clock.move(minutes(90))
        await run_cycle(app)
    (article,) = db.read_now(lambda session: session.exec(select(Article)).all())
    assert (article.state, article.reason, article.revision) == ("pending", Reason.WALL, 1)
    assert [hit.state for hit in db.read_now(lambda session: session.exec(select(Hit)).all())] == ["live"]


# -- notices


@pytest.mark.parametrize("kind", NOTICES)
def test_a_short_page_that_names_nothing_of_what_its_feed_says_is_a_notice(kind: str) -> None:
    title, text = NOTICES[kind]
    assert refused(of_feed(), read(text, title))
    assert refused(of_feed(), read(text, title, extractor="prose"))
    assert refused(of_feed("港口工人在北码头举行罢工", ""), read(text, title))


@pytest.mark.parametrize(
    ("article", "found"),
    [
        (of_feed(), read("The strike of the dockers goes on, and the gates are shut.", "Harbour news")),
        (of_feed(), read(f"{NOT_FOUND} {' '.join(CALM * 4)}")),
        (of_feed("", ""), read(NOT_FOUND)),
        (of_feed("Live", ""), read(NOT_FOUND)),
        (of_feed("Download the whole release", ""), read(NOT_FOUND, extractor="pdf")),
        (of_feed(), read(NOT_FOUND, extractor="site")),
        (of_feed("北码头工人罢工", "港口工人周二举行罢工。"), read("北码头的工人周二开始罢工，没有船只卸货。", "罢工")),
    ],
    ids=["other headline", "long", "nothing said", "too little said", "pdf", "own selector", "chinese"],
)
def test_a_page_that_may_be_the_article_is_taken(article: Article, found: Extraction) -> None:
    assert refused(article, found) is None


def test_a_page_that_stays_as_it_is_stands_beside_the_feed_s_words_and_never_in_place_of_its_own() -> None:
    article, notice = of_feed(), read(NOT_FOUND, "Page not found")
    article.attempts = 3
    assert refused(article, notice) is None
    assert fuller(article, notice).text == f"{SUMMARY}\n{NOT_FOUND}"
    article.title, article.text, article.revision = TITLE, " ".join(STRIKE), 1
    assert refused(article, notice)
    assert refused(article, read("The dockers ended their strike, and ships are unloaded.", "Harbour")) is None
    assert fuller(article, notice) is notice
    article.text = "We have heard of it just now: reload this page for more."
    assert refused(article, read(STRIKE[0])) is None


def test_a_teaser_replaces_another_one_of_any_length_and_no_longer_text() -> None:
    article, teaser = of_feed(), read(STRIKE[0], state=PageState.PARTIAL, reason=Reason.PAYWALL)
    article.text, article.revision = " ".join(STRIKE), 1
    assert refused(article, teaser) == Reason.PAYWALL.sentence
    article.reason = str(Reason.PAYWALL)
    assert refused(article, teaser) is None


@pytest.mark.parametrize(
    ("url", "led_to", "home"),
    [
        ("https://www.a.example/2026/x", "https://a.example/", True),
        ("https://a.example/vi/x", "https://a.example/vi/?utm_source=rss", True),
        ("https://a.example/x", "https://a.example/index.html", True),
        ("https://a.example/x", "https://b.example/", False),
        ("https://a.example/x", "https://a.example/?p=7", False),
        ("https://a.example/x", "https://a.example/y", False),
        ("https://a.example/", "https://a.example/en", False),
    ],
)
def test_a_front_page_is_answered_for_an_article_that_is_gone(url: str, led_to: str, home: bool) -> None:
    assert leads_home(url, led_to) is home


# -- the feed's words


def test_of_a_page_with_less_than_its_feed_nothing_is_lost() -> None:
    said = f"{STRIKE[0]}\n{STRIKE[1]}"
    article = of_feed(text=said)
    shell = fuller(article, read("Loading", "The News", language="bcl"))
    assert (shell.state, shell.reason, shell.title) == (PageState.PARTIAL, Reason.NO_BODY, TITLE)
    assert (shell.text, shell.language) == (f"{said}\nLoading", "en")
    teaser = read(f"{STRIKE[0]}\nRead on.", "A quiet harbour", state=PageState.PARTIAL, reason=Reason.PAYWALL)
    assert fuller(article, teaser).text == f"{said}\nRead on."
    assert fuller(article, teaser).title == "A quiet harbour"


def test_a_notice_under_the_article_s_own_headline_does_not_replace_the_feed_s_words() -> None:
    notice = "Only people with an account get any further here. Make one now, and it will cost you nothing at all."
    found = fuller(of_feed(text=STRIKE[0]), read(notice))
    assert (found.state, found.text) == (PageState.PARTIAL, f"{STRIKE[0]}\n{notice}")


def test_a_page_that_says_as_much_as_its_feed_is_taken_as_it_is() -> None:
    for found in (read(SUMMARY), read("Short", extractor="site"), read("", state=PageState.PARTIAL)):
        assert fuller(of_feed(), found) is found
