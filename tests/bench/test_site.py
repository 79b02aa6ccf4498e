"""Servers of measurements: what becomes of one that does not get so far as to listen."""

from __future__ import annotations

import pytest

from bench.site import server_in_process


def test_a_server_that_ends_before_it_listens_is_an_error_and_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="ended before it listened"), server_in_process(repr):
        pytest.fail("nobody listens")
