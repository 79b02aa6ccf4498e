"""How often somebody may try to sign in."""

from __future__ import annotations

import pytest

from web.attempts import ADDRESS_LIMIT, MOST, NAME_LIMIT, Attempts, network


def tried(attempts: Attempts, times: int, now: float, name: str = "ada", address: str = "192.0.2.1") -> None:
    for _ in range(times):
        attempts.failed(name, address, now)


def test_five_wrong_passwords_a_minute_for_a_name_wherever_they_come_from() -> None:
    attempts = Attempts()
    for number in range(NAME_LIMIT):
        assert attempts.wait("ada", f"192.0.2.{number}", 10.0) == 0
        attempts.failed("ada", f"192.0.2.{number}", 10.0)
    assert attempts.wait("Ada", "198.51.100.7", 10.0) == 60
    assert attempts.wait("bob", "192.0.2.1", 10.0) == 0


def test_waits_grow_up_to_a_quarter_of_an_hour_and_begin_small_again_after_an_hour_of_peace() -> None:
    attempts, now, waits = Attempts(), 0.0, []
    for _ in range(6):
        tried(attempts, NAME_LIMIT, now)
        waits.append(attempts.wait("ada", "192.0.2.1", now))
        now += waits[-1]
    assert waits == [60, 120, 240, 480, 900, 900]
    tried(attempts, NAME_LIMIT, now + 3601)
    assert attempts.wait("ada", "192.0.2.1", now + 3601) == 60


def test_failures_of_more_than_a_minute_ago_do_not_count() -> None:
    attempts = Attempts()
    for now in (0.0, 20.0, 40.0, 60.0, 80.0, 100.0):
        tried(attempts, 1, now)
    assert attempts.wait("ada", "192.0.2.1", 100.0) == 0


def test_twenty_an_address_whatever_the_names() -> None:
    attempts = Attempts()
    for number in range(ADDRESS_LIMIT):
        attempts.failed(f"name {number}", "2001:db8::1", 0.0)
    assert attempts.wait("somebody else", "2001:db8::ffff", 0.0) == 60
    assert attempts.wait("somebody else", "2001:db8:0:1::1", 0.0) == 0


def test_a_success_forgets_the_name_and_one_try_of_the_address() -> None:
    attempts = Attempts()
    tried(attempts, NAME_LIMIT - 1, 0.0)
    tried(attempts, 1, 0.0)
    attempts.succeeded("ada", "192.0.2.1")
    assert attempts.wait("ada", "192.0.2.1", 0.0) == 0
    for number in range(ADDRESS_LIMIT - NAME_LIMIT):
        attempts.failed(f"name {number}", "192.0.2.1", 0.0)
    assert attempts.wait("bob", "192.0.2.1", 0.0) == 0
    attempts.failed("bob", "192.0.2.1", 0.0)
    assert attempts.wait("eve", "192.0.2.1", 0.0) == 60
    attempts.succeeded("bob", "192.0.2.1")
    assert attempts.wait("eve", "192.0.2.1", 0.0) == 0


def test_memory_is_bounded() -> None:
    attempts = Attempts()
    for number in range(MOST):
        attempts.failed(f"name {number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert len(attempts._tallies) == MOST


@pytest.mark.parametrize(
    ("address", "one"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::5", "2001:db8::/64"), ("", ""), ("unix socket", "unix socket")],
)
def test_an_address_is_one_or_a_customers_network(address: str, one: str) -> None:
    assert network(address) == one
