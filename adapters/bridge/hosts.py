"""Which hosts attachments may be fetched from: those in the settings, and none that hide a private address."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from typing_extensions import override
from yarl import URL

_INSIDE: Final = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_NUMERIC: Final = re.compile(r"[0-9.]+")


class PrivateAddress(OSError):  # noqa: N818 - named by what was met
    """A public name leads to an address inside."""


def is_inside(host: str) -> bool:
    """Whether somebody who lists this host means a machine of their own: an address, a bare name or a local domain."""
    return "." not in host or bool(_NUMERIC.fullmatch(host)) or host.endswith(_INSIDE)


class Hosts:
    """The allowed hosts, as ``name`` (its usual port) or ``name:port``."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def problem(self, address: str | URL) -> str:
        """Why nothing is fetched from ``address``: bad_url, host_not_allowed or not_https; empty when it is."""
        try:
            url = URL(address)
            host, port = (url.raw_host or "").lower(), url.port
            known = url.explicit_port is not None and f"{host}:{port}" in self._allowed
        except ValueError:
            return "bad_url"
        if url.scheme not in {"http", "https"} or not host or url.user or url.password:
            return "bad_url"
        if not known and not (host in self._allowed and url.is_default_port()):
            return "host_not_allowed"
        return "" if url.scheme == "https" or is_inside(host) else "not_https"


class GuardedResolver(AbstractResolver):
    """Finds addresses of names, but for a public name only public ones. ``trusted`` is the bridge's own host."""

    def __init__(self, trusted: str) -> None:
        self._trusted = trusted
        self._inner = ThreadedResolver()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses.

        Raises:
            PrivateAddress: a public name has private addresses only.
            OSError: there is no such name.
        """
        found = await self._inner.resolve(host, port, family)
        if host == self._trusted or is_inside(host):
            return found
        public = [one for one in found if ipaddress.ip_address(one["host"].partition("%")[0]).is_global]
        if not public:
            raise PrivateAddress("a public name leads inside")
        return public

    @override
    async def close(self) -> None:
        """Nothing is open."""
        await self._inner.close()
