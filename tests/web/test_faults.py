"""What a visitor is told whose page cannot be shown."""

from __future__ import annotations

import pytest

from core.errors import ConfigError, NotAvailable, Problem
from web.pages import faults


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotAvailable("postgresql://ada:hush@host"), ["Not now", "wirewatch doctor"]),
        (KeyError("hush"), ["Something went wrong", "log"]),
        (
            ConfigError("revision 7", [Problem("no CSS", 3, 5)]),  # of a version that let it pass
            ["cannot be read", "revision 7:3:5: no CSS", "apply --force", "roll back under Settings"],
        ),
    ],
)
def test_what_went_wrong_comes_with_advice_and_without_secrets(error: Exception, words: list[str]) -> None:
    said = "\n".join(faults._told(error))
    assert [word for word in words if word not in said] == []
    assert "hush" not in said
