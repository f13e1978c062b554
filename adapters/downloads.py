"""Answers and files of other servers, read within a limit."""

from __future__ import annotations

import aiohttp

from dialogs.errors import Refused


async def read_within(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of an answer.

    Raises:
        Refused: ``too_big``, as soon as it is known to be longer than ``limit`` bytes.
    """
    if (response.content_length or 0) > limit:
        raise Refused("too_big")
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > limit:
            raise Refused("too_big")
    return bytes(content)
