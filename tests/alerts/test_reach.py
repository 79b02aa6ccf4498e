from __future__ import annotations

import socket

import pytest

from alerts.reach import ForbiddenAddress, connect, forbidden, guarded_socket


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ],
)
def test_link_local_and_metadata_addresses_are_forbidden_however_they_are_written(address: str) -> None:
    assert forbidden(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "fd00::1", "::1", "1.1.1.1", "2001:db8::1"]
)
def test_the_operators_own_networks_and_the_internet_are_not(address: str) -> None:
    assert not forbidden(address)


def test_a_name_is_no_address_and_is_judged_when_it_was_resolved() -> None:
    assert not forbidden("metadata.google.internal")
    with pytest.raises(ForbiddenAddress):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80)))


def test_a_connection_goes_to_the_first_address_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
            for address in (("169.254.169.254", 25), unused.getsockname(), server.getsockname())
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
        with connect("mail.example.org", 25, 2.0) as made:
            assert made.getpeername() == server.getsockname()
        del found[1:]
        with pytest.raises(ForbiddenAddress):
            connect("mail.example.org", 25, 2.0)
        found.clear()
        with pytest.raises(socket.gaierror):
            connect("mail.example.org", 25, 2.0)
