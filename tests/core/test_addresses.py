from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import allowed, refusal

PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]
FORBIDDEN = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2001:0:7f00:1::",
    "2001:0:101:101:0:0:80ff:fffe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "127.1",
    "0x7f.0.0.1",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed(address)
    assert refusal(address) == ""


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_private_or_special_address_is_refused_with_a_word_why(address: str) -> None:
    assert not allowed(address)
    assert refusal(address)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("100.64.0.1", "shared address of a carrier's NAT"),
        ("fec0::1", "site-local"),
        ("10.1.2.3", "private"),
    ],
)
def test_the_refusal_names_the_kind_of_the_address(address: str, why: str) -> None:
    assert refusal(address) == why


def test_the_allow_list_opens_exactly_what_it_names() -> None:
    allow = [ip_network("127.0.0.1/32"), ip_network("fd00::/8")]
    assert allowed("127.0.0.1", allow)
    assert allowed(IPv4Address("127.0.0.1"), allow)
    assert allowed("::ffff:127.0.0.1", allow)
    assert allowed("fd00::5", allow)
    assert not allowed("127.0.0.2", allow)
    assert not allowed("::ffff:127.0.0.2", allow)
    assert not allowed("::1", allow)


def test_the_allow_list_does_not_reach_through_a_translator() -> None:
    """64:ff9b::7f00:1 is the loopback of the NAT64 gateway, not ours."""
    assert not allowed("64:ff9b::7f00:1", [ip_network("127.0.0.1/32")])


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_like_the_address_in_it(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")
    assert allowed(mapped) == allowed(address)


@given(st.ip_addresses())
def test_text_and_address_are_judged_alike(address: IPv4Address | IPv6Address) -> None:
    assert allowed(str(address)) == allowed(address)
    assert allowed(address) == (refusal(address) == "")
    assert allowed(address, [ip_network(ip_address(address))])
