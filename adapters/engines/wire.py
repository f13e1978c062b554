"""The wire: one JSON request over the shared session, within a time, a size and one host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from dialogs.errors import Refused, TryLater

LARGEST = 1_000_000  # bytes of an answer; a translation of the longest text is far below


@dataclass(frozen=True, slots=True)
class Wired:
    """An answer as it came: the status, the seconds it asks to wait, and the body as JSON (None when it is none)."""

    status: int
    after: float | None
    body: object


async def post(
    session: aiohttp.ClientSession,
    url: str,
    payload: Mapping[str, object],
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float,
) -> Wired:
    """POST ``payload`` as JSON.

    Raises:
        TryLater: no connection, no answer in time, or a broken one.
        Refused: a redirect (the text must not go to another host) or an answer above 1 MB.
    """
    try:
        async with session.post(
            url,
            data=json.dumps(payload).encode("ascii"),
            headers={"Content-Type": "application/json", **(headers or {})},
            timeout=aiohttp.ClientTimeout(total=timeout),
            allow_redirects=False,
        ) as response:
            if 300 <= response.status < 400:
                raise Refused("redirected")
            content = await _read(response)
            return Wired(response.status, retry_after(response.headers), _parsed(content))
    except TimeoutError:
        raise TryLater("timeout") from None
    except aiohttp.InvalidURL:
        raise Refused("bad_url") from None
    except aiohttp.ClientError:
        # The library's texts hold the URL; only the reason goes on.
        raise TryLater("unreachable") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > LARGEST:
            raise Refused("too_large")
    return bytes(content)


def _parsed(content: bytes) -> object:
    try:
        parsed: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return parsed


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header; a date or nonsense counts as none (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None


def failure(wired: Wired) -> TryLater | Refused:
    """What a status that is no success means for the caller, where an engine has no codes of its own."""
    if wired.status == 429:
        return TryLater("rate_limited", after=wired.after)
    if wired.status in {401, 403}:
        return Refused("bad_key")
    if wired.status in {408, 425}:
        return TryLater("timeout", after=wired.after)
    if wired.status == 413:
        return Refused("too_long")
    if wired.status >= 500:
        return TryLater("server_error", after=wired.after)
    return Refused("bad_request")


def field(body: object, *path: str | int) -> object:
    """A value inside untrusted JSON, None where the path does not exist."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(body, list) or len(body) <= step:
                return None
            body = body[step]
        else:
            if not isinstance(body, dict):
                return None
            body = body.get(step)
    return body


def text_at(body: object, *path: str | int) -> str:
    """A text inside untrusted JSON.

    Raises:
        TryLater: there is none; servers answer half when they are overloaded.
    """
    value = field(body, *path)
    if not isinstance(value, str):
        raise TryLater("malformed_answer")
    return value
