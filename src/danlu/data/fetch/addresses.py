"""Which machines a fetch may reach: only public ones, unless the user says otherwise.

A link on a page of a stranger can name any host, and a host name can resolve to anything: to this machine, to the
office's router, to a cloud's metadata service (169.254.169.254). The address is checked where the connection is made,
so that a name which resolves differently the second time (DNS rebinding) is caught too.
Ranges: the IANA special-purpose registries (RFC 6890), as Python's `ipaddress` has them.
"""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """A name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """Whether an address is reachable for everyone; an IPv4 address inside an IPv6 one counts as itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
    return ip.is_global and not ip.is_multicast


def check_literal(host: str) -> None:
    """Raise PrivateAddress for a host that is written as an address which is not public: no resolver sees those."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return
    if not is_public(str(address)):
        raise PrivateAddress(host)


class PublicOnly(AbstractResolver):
    """Resolves names, and refuses one that has any address which is not public. Proxies are exempt: the user chose them."""

    def __init__(self, exempt: frozenset[str] = frozenset()) -> None:
        self._resolver = ThreadedResolver()
        self._exempt = exempt

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; raises PrivateAddress."""
        found = await self._resolver.resolve(host, port, family)
        private = [result["host"] for result in found if not is_public(result["host"])]
        if private and host not in self._exempt:
            raise PrivateAddress(f"{host} = {private[0]}")
        return found

    async def close(self) -> None:
        """Nothing is held."""
