"""Attachments fetched from a bridge: allowed hosts only, bounded, and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from adapters.bridge.hosts import Hosts, PrivateAddress
from adapters.bridge.media import largest, matches, mime_of
from adapters.bridge.tame import text_at
from adapters.downloads import read_within
from dialogs.errors import Refused, TryLater
from dialogs.messages import Media

TIMEOUT: Final = aiohttp.ClientTimeout(total=50, sock_connect=10)  # the product gives a call 60 s
HOPS: Final = 3  # media addresses of some platforms lead on to their storage; every step must be an allowed host


class Fetcher:
    """Fetches by ``Media.remote``; ``own`` is the bridge's host, the only one that sees its key."""

    def __init__(self, session: aiohttp.ClientSession, hosts: Hosts, own: URL, own_headers: Mapping[str, str]) -> None:
        self._session = session
        self._hosts = hosts
        self._own = own.origin()
        self._own_headers = own_headers

    async def fetch(self, media: Media) -> tuple[bytes, str]:
        """The bytes and their mime type.

        Raises:
            TryLater: it cannot be had now.
            Refused: it never will be.
        """
        try:
            remote: object = json.loads(media.remote)
        except ValueError:
            raise Refused("gone") from None
        content, declared = await self._get(text_at(remote, "url"), largest(media.kind))
        if not matches(content, text_at(remote, "sha256") or None):
            raise Refused("bad_checksum")
        return content, mime_of(content, media.mime if declared == "" else declared)

    async def _get(self, address: str, limit: int) -> tuple[bytes, str]:
        for _ in range(HOPS):
            problem = self._hosts.problem(address)
            if problem:
                raise Refused(problem)
            found = await self._step(URL(address), limit)
            if isinstance(found, tuple):
                return found
            address = found
        raise Refused("redirected")

    async def _step(self, url: URL, limit: int) -> tuple[bytes, str] | str:
        """The bytes, or where they are said to be."""
        headers = {"accept-encoding": "identity"}  # what is counted is what comes over the wire
        if url.origin() == self._own:
            headers |= self._own_headers
        try:
            async with self._session.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    return _next(url, response.headers.get("location", ""), self._hosts)
                _check(response.status)
                return await read_within(response, limit), response.headers.get("content-type", "")
        except aiohttp.InvalidURL:
            raise Refused("bad_url") from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddress):
                raise Refused("private_address") from None
            raise TryLater("no_connection") from None
        except TimeoutError:
            raise TryLater("timeout") from None
        except aiohttp.ClientError:
            # The library's texts hold the address.
            raise TryLater("broken_download") from None


def _next(url: URL, location: str, hosts: Hosts) -> str:
    try:
        target = url.join(URL(location)) if location else None
    except ValueError:
        target = None
    if target is None or hosts.problem(target):
        raise Refused("redirected")
    return str(target)


def _check(status: int) -> None:
    if status in {408, 425, 429} or status >= 500:
        raise TryLater("server_error")
    if status in {401, 403}:
        raise Refused("forbidden")
    if status != 200:
        raise Refused("gone")
