from datetime import UTC, datetime, timedelta

import pytest

from alerts.links import MAX_AGE, BadLink, Purpose, read, sign, story_links, unsubscribe_link

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "a secret of a test"


def test_a_token_gives_back_what_was_signed() -> None:
    token = sign(SECRET, Purpose.SILENCE, "rule", "story-1", now=NOW)
    assert read(SECRET, Purpose.SILENCE, token, now=NOW) == ("rule", "story-1")


def test_a_token_is_refused_for_another_purpose() -> None:
    token = sign(SECRET, Purpose.STORY, "rule", "story-1", now=NOW)
    with pytest.raises(BadLink, match="not valid"):
        read(SECRET, Purpose.SILENCE, token, now=NOW)


@pytest.mark.parametrize("spoilt", ["", "x", "a.b.c", "é", "\ud800"])
def test_a_made_up_token_is_refused(spoilt: str) -> None:
    with pytest.raises(BadLink, match="not valid"):
        read(SECRET, Purpose.STORY, spoilt, now=NOW)


def test_a_changed_token_and_another_secret_are_refused() -> None:
    token = sign(SECRET, Purpose.STORY, "rule", "story-1", now=NOW)
    for secret, text in [(SECRET, "A" + token[1:]), ("another secret", token)]:
        with pytest.raises(BadLink) as refused:
            read(secret, Purpose.STORY, text, now=NOW)
        assert not refused.value.expired


def test_a_token_expires() -> None:
    token = sign(SECRET, Purpose.SILENCE, "story-1", now=NOW)
    assert read(SECRET, Purpose.SILENCE, token, now=NOW + MAX_AGE[Purpose.SILENCE])
    with pytest.raises(BadLink) as refused:
        read(SECRET, Purpose.SILENCE, token, now=NOW + MAX_AGE[Purpose.SILENCE] + timedelta(seconds=1))
    assert refused.value.expired


def test_the_age_can_be_set() -> None:
    token = sign(SECRET, Purpose.SILENCE, "story-1", now=NOW)
    with pytest.raises(BadLink, match="expired"):
        read(SECRET, Purpose.SILENCE, token, now=NOW + timedelta(hours=2), max_age=timedelta(hours=1))


def test_an_alert_has_three_links_below_the_public_url() -> None:
    links = story_links("https://watch.example.org/", SECRET, rule="rule", story="7", by="ada@x.test", now=NOW)
    assert links is not None
    for purpose, url in [
        (Purpose.STORY, links.story),
        (Purpose.NOT_THIS, links.not_this),
        (Purpose.SILENCE, links.silence),
    ]:
        start = f"https://watch.example.org/links/{purpose}/"
        assert url.startswith(start)
        assert read(SECRET, purpose, url.removeprefix(start), now=NOW) == ("rule", "7", "ada@x.test")


def test_without_a_public_url_there_are_no_links() -> None:
    assert story_links("", SECRET, rule="rule", story="7", by="ada@x.test", now=NOW) is None
    assert unsubscribe_link("", SECRET, rule="rule", target="desk", now=NOW) == ""


def test_an_unsubscribe_link_names_rule_and_target() -> None:
    url = unsubscribe_link("https://watch.example.org", SECRET, rule="rule", target="mail:a@b", now=NOW)
    token = url.rsplit("/", 1)[1]
    assert read(SECRET, Purpose.UNSUBSCRIBE, token, now=NOW) == ("rule", "mail:a@b")


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        sign("", Purpose.STORY, "7", now=NOW)
