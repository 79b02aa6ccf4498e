from alerts.keys import alert_id, delivery_key
from alerts.message import Kind


def test_an_alert_keeps_its_id_when_it_is_made_again() -> None:
    made = alert_id("us-vietnam-upgrade", "https://example.org/a", Kind.FIRST)
    assert made == alert_id("us-vietnam-upgrade", "https://example.org/a", Kind.FIRST)
    assert len(made) == 64


def test_every_part_of_an_alert_id_counts() -> None:
    ids = {
        alert_id("rule", "a", Kind.FIRST),
        alert_id("rule2", "a", Kind.FIRST),
        alert_id("rule", "b", Kind.FIRST),
        alert_id("rule", "a", Kind.AGAIN),
        alert_id("rule", "a", Kind.UPDATE, 2),
        alert_id("rule", "a", Kind.UPDATE, 3),
    }
    assert len(ids) == 6


def test_parts_cannot_be_shifted_into_each_other() -> None:
    assert delivery_key("home", "ab", "c") != delivery_key("home", "a", "bc")


def test_an_alert_id_and_a_delivery_key_of_the_same_parts_differ() -> None:
    assert alert_id("a", "b", Kind.FIRST, 0) != delivery_key("a", "b", "first")


def test_a_lone_surrogate_does_not_break_a_key() -> None:
    assert len(delivery_key("home", "a", "\ud800")) == 64
