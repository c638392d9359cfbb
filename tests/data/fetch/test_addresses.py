import socket

import pytest

from danlu.data.fetch.addresses import PrivateAddress, PublicOnly, check_literal, is_public


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1",
     "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


def test_a_host_written_as_an_address_is_checked_without_a_resolver() -> None:
    check_literal("example.org")
    for host in ("127.0.0.1", "[::1]"):
        with pytest.raises(PrivateAddress):
            check_literal(host)


async def _resolved(exempt: frozenset[str]) -> int:
    return len(await PublicOnly(exempt).resolve("localhost", 80, socket.AF_INET))


def test_a_name_that_leads_inside_is_refused_unless_it_is_the_users_proxy() -> None:
    import asyncio

    with pytest.raises(PrivateAddress, match="localhost"):
        asyncio.run(_resolved(frozenset()))
    assert asyncio.run(_resolved(frozenset(["localhost"])))
