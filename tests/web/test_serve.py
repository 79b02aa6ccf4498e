"""Where the page is served."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.settings import Settings
from web.loopback import is_loopback
from web.serve import serve


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "watch.example", ""])
def test_a_page_open_to_others_needs_a_password(host: str) -> None:
    with pytest.raises(InputError, match="WIREWATCH_PASSWORD"):
        serve(Settings(_env_file=None, host=host))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:8.8.8.8", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_can_reach(host: str, local: bool) -> None:
    assert is_loopback(host) is local
