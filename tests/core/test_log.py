from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from core.log import QUIET_LOGGERS, masked, pairs, set_up


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://user:secret@example.org/x", "GET https://***@example.org/x"),
        ("https://example.org/?q=a&token=secret&b=1", "https://example.org/?q=a&token=***&b=1"),
        ("url=https://example.org/?API_KEY=secret", "url=https://example.org/?API_KEY=***"),
        ("password=secret user=desk", "password=*** user=desk"),
        ("nothing secret here", "nothing secret here"),
    ],
)
def test_secrets_in_urls_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_pairs_leave_out_what_is_not_known_and_quote_what_has_blanks() -> None:
    assert pairs(feed="VOA East Asia", new=3, error=None, note="") == 'feed="VOA East Asia" new=3 note=""'


def test_a_value_cannot_start_a_new_log_line() -> None:
    assert "\n" not in pairs(title="first\nsecond")


def test_what_is_logged_is_masked(root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    set_up()
    logging.getLogger("fetching").info("asked %s", "https://user:secret@example.org/")
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "secret" not in shown
    assert "https://***@example.org/" in shown
    assert all(logging.getLogger(name).level == logging.WARNING for name in QUIET_LOGGERS)


def test_a_traceback_is_masked_too(root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    try:
        raise ValueError("https://user:secret@example.org/")
    except ValueError:
        logging.getLogger("fetching").exception("failed")
    assert "secret" not in capsys.readouterr().err


def test_what_cannot_be_written_for_want_of_memory_ends_nobody(
    root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> str:
        raise MemoryError

    set_up()
    monkeypatch.setattr(logging.Formatter, "format", no_memory)
    monkeypatch.setattr("traceback.print_exception", no_memory)
    logging.getLogger("fetching").warning("nobody hears this")
