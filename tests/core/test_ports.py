"""Ports of this machine, and the address that a browser finds one at."""

from __future__ import annotations

import pytest

from core.ports import url_here


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("page.desk.example", "http://page.desk.example:8080"),
        ("", "http://127.0.0.1:8080"),
    ],
)
def test_a_browser_here_is_told_an_address_that_it_can_open(host: str, shown: str) -> None:
    assert url_here(host, 8080) == shown
