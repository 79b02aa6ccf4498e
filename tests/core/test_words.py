"""The small words of core: errors, reasons, clock, text."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import FixedClock, SystemClock
from core.errors import ConfigError, InputError, ItemFailed, NotAvailable, Problem
from core.reasons import Reason
from core.text import clean, one_line


def test_the_machines_clock_gives_utc_with_zone() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_fixed_clock_moves_only_when_moved() -> None:
    clock = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.move(timedelta(hours=2))
    assert clock.now() == datetime(2026, 3, 1, 2, tzinfo=UTC)


def test_an_error_says_whether_a_retry_can_help() -> None:
    assert NotAvailable("the database is away").retry
    assert not InputError("no such rule").retry


def test_an_error_tells_its_hint_on_a_line_of_its_own() -> None:
    assert str(InputError("no such rule: a", hint="did you mean b?")) == "no such rule: a\n  did you mean b?"
    assert str(InputError("no such rule: a")) == "no such rule: a"


def test_a_bad_config_tells_all_its_problems_at_once_with_their_places() -> None:
    problems = [
        Problem("unknown key", line=3, column=5, hint="did you mean match?", item="rules.a"),
        Problem("no rules"),
    ]
    assert str(ConfigError("watch.yaml", problems)) == (
        "watch.yaml:3:5: rules.a: unknown key\n    did you mean match?\nwatch.yaml: no rules"
    )


def test_a_failed_item_says_which_and_why() -> None:
    assert str(ItemFailed("https://example.org", Reason.DNS)) == "https://example.org: dns"
    assert str(ItemFailed("https://example.org", Reason.TLS, "expired")) == "https://example.org: tls: expired"


def test_every_reason_has_a_key_to_store_and_a_sentence_to_show() -> None:
    assert all(reason.sentence and reason == reason.name.lower() for reason in Reason)
    assert Reason["DNS"] == "dns"


@given(st.text(alphabet=st.characters()))
def test_clean_text_is_storable_in_both_databases_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned


def test_bidi_marks_and_lone_surrogates_go() -> None:
    assert clean("safe\u202egnp.exe\ud800\ufeff") == "safegnp.exe"


def test_a_line_is_cut_at_its_limit_with_an_ellipsis() -> None:
    assert one_line(" two\n words ") == "two words"
    assert one_line("twelve words", 8) == "twelve…"
    assert len(one_line("x" * 99, 10)) == 10
