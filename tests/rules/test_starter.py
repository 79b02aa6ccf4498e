from __future__ import annotations

import pytest

from rules.config import load
from rules.edit import add_feed
from rules.examples import check_examples
from rules.starter import EXAMPLE_FEEDS, starter


def test_the_first_watch_file_works_as_it_is() -> None:
    watch = load(starter(), env={})
    assert [rule.id for rule in watch.rules] == ["leaders-meet"]
    assert watch.rules[0].alert.to == ("screen",)
    assert watch.channels["screen"].url == "terminal://"
    assert [feed.url for feed in watch.feeds] == [feed["url"] for feed in EXAMPLE_FEEDS]
    assert check_examples(watch) == ()


def test_it_reads_the_feeds_that_were_found() -> None:
    found = [{"url": "https://a.example/rss", "name": "A: news"}, {"page": "https://b.example", "links": "a"}]
    watch = load(starter(found, timezone="Asia/Ho_Chi_Minh"), env={})
    assert [(feed.config_url, feed.name) for feed in watch.feeds] == [
        ("https://a.example/rss", "A: news"), ("https://b.example", "b.example"),
    ]  # fmt: skip
    assert watch.settings.timezone == "Asia/Ho_Chi_Minh"


@pytest.mark.parametrize("line", [
    'settings: {timezone: Europe/Paris, public_url: "https://watch.example.org", contact: "mailto:desk@example.org"}',
    "Biden: {any: [Joe Biden, President Biden, =Biden]}",
    "Vietnam: {country: VN, metonyms: true}   # its names in every language, and Hanoi where it stands for it",
    "languages: [en]",
    'alert: {first: 2, again_at: 3, quiet: [{from: "22:00", to: "07:00", days: mon-sun}]}',
    'desk-mail: {host: smtp.example.org, user: "${SMTP_USER}", password: "${SMTP_PASSWORD}",',
    'ops-chat: {url: "${SLACK_URL}"}   # ${NAME} is read from the environment, .env or the secrets folder',
])  # fmt: skip
def test_what_stands_in_comments_works_when_it_is_uncommented(line: str) -> None:
    text = starter()
    assert f"# {line}\n" in text
    if line.startswith("settings"):
        text = text.replace("settings: {timezone: UTC}   # where quiet hours and digests are meant\n", "")
    text = text.replace(f"# {line}", line).replace("  #             from: watch", "              from: watch")
    if "desk-mail" not in line:
        text = text.replace("              from: watch", "  #             from: watch")
    load(text, env={"SMTP_USER": "u", "SMTP_PASSWORD": "p", "SLACK_URL": "slack://x"})


def test_a_feed_can_be_added_to_it() -> None:
    after = add_feed(starter(), {"url": "https://c.example/rss"})
    assert '  - {url: "https://c.example/rss"}\n\ndefaults:' in after
