"""The Graph API over one HTTP session: calls, uploads and downloads within a time, a size and Meta's hosts.

The token leaves only in the header of requests to the configured API and to Meta's own download hosts; texts of foreign
errors, which may hold addresses, go no further.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import structlog

from adapters.downloads import read_within
from adapters.fading import FINAL, RETRIED, Fading
from adapters.secret import Secret
from adapters.whatsapp.errors import ACCOUNT_WIDE, Purpose, failure, unclear
from dialogs.errors import Ambiguous, Refused, TryLater

log = structlog.stdlib.get_logger(__name__)

_Failure = TryLater | Refused | Ambiguous

# An upload and the message after it stay together within the minute the outbox gives a call (seconds).
_CONNECT_SECONDS: Final = 8.0
_CALL_SECONDS: Final = 20.0
_UPLOAD_SECONDS: Final = 35.0
_DOWNLOAD_SECONDS: Final = 50.0
_LARGEST_ANSWER: Final = 4_000_000  # bytes; a page of a hundred templates is far below
_DOWNLOAD_HOSTS: Final = ("lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net")
_REDIRECTS: Final = 3
_META: Final = "meta"


class Graph:
    """Meta's Graph API for one account."""

    def __init__(self, *, account: str, api_url: str, version: str, token: Secret) -> None:
        self._account = account
        self._origin = api_url
        self._root = f"{api_url}/{version}"
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self._troubles = Fading()

    @property
    def troubles(self) -> Mapping[str, str]:
        """The last reason that concerned the account as a whole, under ``meta``; empty when there is none."""
        return self._troubles.all()

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._session is not None

    async def open(self) -> None:
        """Make the session."""
        # No cookies: nothing of one call may travel with another.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)

    async def close(self) -> None:
        """Close the session and what is under way in it."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, path: str, params: Mapping[str, str], *, purpose: Purpose = Purpose.ASK) -> object:
        """The JSON under ``path``.

        Raises:
            TryLater: it cannot be had now.
            Refused: it never will be.
        """
        return await self._call("GET", path, purpose, _CALL_SECONDS, params=params)

    async def send(self, path: str, payload: Mapping[str, object]) -> object:
        """POST a message.

        Raises:
            TryLater: nothing was sent.
            Refused: it will never be.
            Ambiguous: it may have been sent.
        """
        body = json.dumps(payload).encode("ascii")
        headers = {"Content-Type": "application/json"}
        return await self._call("POST", path, Purpose.SEND, _CALL_SECONDS, data=body, headers=headers)

    async def upload(self, path: str, form: aiohttp.FormData) -> object:
        """POST a file; nothing is sent to anybody by it.

        Raises:
            TryLater: it cannot be taken now.
            Refused: it never will be.
        """
        return await self._call("POST", path, Purpose.ASK, _UPLOAD_SECONDS, data=form)

    async def download(self, address: str, *, limit: int) -> tuple[bytes, str]:
        """The bytes at an address Meta named and their mime type, at most ``limit`` bytes, from Meta's hosts only.

        Raises:
            TryLater: they cannot be had now.
            Refused: ``too_big``, ``gone``, or an address that is not Meta's (``foreign_host``).
        """
        for _ in range(_REDIRECTS):
            if not self._is_metas(address):
                raise Refused("foreign_host")
            async with self._request("GET", address, Purpose.MEDIA, _DOWNLOAD_SECONDS) as response:
                if response.status in {301, 302, 303, 307, 308}:
                    address = urljoin(address, response.headers.get("Location", ""))
                    continue
                if response.status != 200:
                    raise self._noted(response, None, Purpose.MEDIA)
                mime = response.content_type if "Content-Type" in response.headers else ""
                return await read_within(response, limit), mime
        raise Refused("redirected")

    def _is_metas(self, address: str) -> bool:
        """Whether the token may go to an address: the API itself, or one of Meta's hosts over TLS."""
        try:
            parts, origin = urlsplit(address), urlsplit(self._origin)
            port = parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        if (parts.scheme, parts.hostname, port) == (origin.scheme, origin.hostname, origin.port):
            return True
        host = parts.hostname or ""
        known = any(host.endswith(one) if one.startswith(".") else host == one for one in _DOWNLOAD_HOSTS)
        return parts.scheme == "https" and port in {None, 443} and known

    async def _call(
        self,
        method: str,
        path: str,
        purpose: Purpose,
        seconds: float,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> object:
        address = f"{self._root}/{path}"
        async with self._request(
            method, address, purpose, seconds, params=params, data=data, headers=headers
        ) as response:
            if not 200 <= response.status < 300:
                raise self._noted(response, await _error_code(response), purpose)
            try:
                answer: object = json.loads(await read_within(response, _LARGEST_ANSWER))
            except (ValueError, RecursionError, Refused):
                raise unclear("malformed_answer", purpose) from None
        self._troubles.over(_META)
        return answer

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        address: str,
        purpose: Purpose,
        seconds: float,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request; what goes wrong on the wire becomes our errors."""
        if self._session is None:
            raise TryLater("not_started")
        try:
            async with self._session.request(
                method,
                address,
                params=params,
                data=data,
                headers={"Authorization": f"Bearer {self._token.reveal()}", **(headers or {})},
                timeout=aiohttp.ClientTimeout(total=seconds, connect=_CONNECT_SECONDS),
                allow_redirects=False,
            ) as response:
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise self._known(TryLater("no_connection")) from None
        except TimeoutError:
            raise self._known(unclear("timeout", purpose)) from None
        except aiohttp.ClientError:
            raise self._known(unclear("connection_lost", purpose)) from None

    def _noted(self, response: aiohttp.ClientResponse, code: object, purpose: Purpose) -> _Failure:
        """The error of an answer, remembered and logged by its numbers."""
        error = failure(status=response.status, code=code, after=_retry_after(response.headers), purpose=purpose)
        log.warning(
            "whatsapp_refused",
            account=self._account,
            purpose=purpose.value,
            status=response.status,
            code=code,
            reason=error.reason,
        )
        return self._known(error)

    def _known(self, error: _Failure) -> _Failure:
        if error.reason in ACCOUNT_WIDE:
            life = FINAL if isinstance(error, Refused) else RETRIED
            self._troubles.met(_META, error.reason, life=life)
        return error


async def _error_code(response: aiohttp.ClientResponse) -> int | None:
    """``error.code`` of an answer that is no success, None where there is none."""
    try:
        answer = json.loads(await read_within(response, _LARGEST_ANSWER))
    except (ValueError, RecursionError, Refused):
        return None
    error = answer.get("error") if isinstance(answer, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 0 <= code < 10_000_000 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header, at most an hour; a date or nonsense counts as none (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    return min(float(value), 3600.0) if value.isascii() and value.isdecimal() and len(value) <= 6 else None
