"""The wire to a bridge: one request, one answer, and what an answer means for the outbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import aiohttp

from adapters.bridge.dialect import Call, Dialect
from adapters.bridge.tame import tamed
from dialogs.errors import Ambiguous, HeqiError, Malformed, Refused, TryLater, Unreachable, WindowClosed

TIMEOUT: Final = aiohttp.ClientTimeout(total=50, connect=10, sock_connect=10)  # the product gives a call 60 s
LARGEST: Final = 1_000_000  # bytes of an answer
RESTING: Final = 300.0  # seconds before a bridge that needs a person is asked again
RECONNECTING: Final = 60.0  # seconds before a bridge that lost its platform is asked again
BAD_SECRET: Final = "bad_secret"  # noqa: S105 - the name of a trouble
REDIRECTED: Final = "redirected"

_WAIT: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came; ``body`` is None when it is no JSON."""

    status: int
    after: float | None
    body: object


async def asked(session: aiohttp.ClientSession, call: Call) -> Answered:
    """Make one request.

    Raises:
        TryLater: nothing has left.
        Ambiguous: it may have arrived.
        Refused: the address is wrong.
    """
    try:
        async with session.request(
            call.method, call.url, data=call.body, headers=call.headers, timeout=TIMEOUT, allow_redirects=False
        ) as response:
            content = await _read(response)
            return Answered(response.status, _wait(response.headers.get("retry-after", "")), _json(content))
    except aiohttp.InvalidURL:
        raise Refused("bad_url") from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise TryLater("unreachable_bridge") from None
    except TimeoutError:
        raise Ambiguous("timeout") from None
    except (aiohttp.ClientError, OSError):
        # The library's texts hold the address.
        raise Ambiguous("connection_lost") from None


def settled(dialect: Dialect, answered: Answered) -> str:
    """The platform's id of what was sent.

    Raises:
        HeqiError: what ``failure`` says, or Ambiguous when a success tells no id.
    """
    status = answered.status
    if 200 <= status < 300 or status == 409:  # 409: the bridge knows this key and tells what came of it
        external_id = dialect.external_id(answered.body)
        if external_id:
            return external_id
        raise Ambiguous("duplicate" if status == 409 else "no_external_id")
    raise failure(status, answered.after, dialect.reason(status, answered.body))


def failure(status: int, after: float | None, reason: str) -> HeqiError:
    """What an answer without success means; ``reason`` is what the bridge's own words come to."""
    if status >= 500:
        return Ambiguous("server_error")
    if reason == "unreachable":
        return Unreachable(reason)
    if reason == "window_closed":
        return WindowClosed(reason)
    if reason == "not_connected":
        return TryLater(reason, after=RECONNECTING)
    if status in {401, 403}:
        return TryLater(BAD_SECRET, after=RESTING)
    if status == 429:
        return TryLater("rate_limited", after=after)
    if status in {408, 425}:
        return TryLater("timeout", after=after)
    if 300 <= status < 400:
        return TryLater(REDIRECTED, after=RESTING)
    return Refused("rejected")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > LARGEST:
            return b""  # an answer of that size is none; its status still counts
    return bytes(content)


def _json(content: bytes) -> object:
    try:
        return tamed(content)
    except Malformed:
        return None


def _wait(header: str) -> float | None:
    """The seconds of a Retry-After header; a date or nonsense counts as none (RFC 9110, 10.2.3)."""
    value = header.strip()
    return float(value) if _WAIT.fullmatch(value) else None
