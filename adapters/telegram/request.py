"""The wire to the Bot API: one aiohttp session for all calls of a bot, in place of the library's slower client.

The token is a part of every address: nothing here logs, and no error text holds what the HTTP client says.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram.error import BadRequest, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from typing_extensions import override

from adapters.downloads import read_within
from adapters.telegram.errors import NotSent, Unsure
from dialogs.errors import Refused, TryLater

CONNECTIONS: Final = 100
# Seconds. With the limiter's longest wait a call ends before the outbox gives it up after 60.
CONNECT: Final = 10.0
READ: Final = 25.0
WHOLE: Final = 35.0
WHOLE_UPLOAD: Final = 55.0
WHOLE_DOWNLOAD: Final = 120.0
# A flood answer without the seconds to wait (RFC 6585 leaves them optional).
FLOOD_PAUSE: Final = 5
# What a proxy on the way answers by itself; the library would take it for a broken connection.
_FINAL: Final = {413: "request entity too large", 414: "request too long"}


@dataclass(frozen=True, slots=True)
class PlainData:
    """Parameters that are JSON already; in the place of the library's ``RequestData``, which only we look into."""

    parameters: Mapping[str, object]
    contains_files: bool = False


class AiohttpRequest(BaseRequest):
    """``BaseRequest`` over aiohttp; 5xx and broken connections are told apart by whether anything was sent.

    A proxy is taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``): where Telegram is blocked it is the only way.
    """

    def __init__(self, *, api_url: str) -> None:
        self._proxy = _proxy_for(api_url)
        self._session: aiohttp.ClientSession | None = None

    @property
    @override
    def read_timeout(self) -> float | None:
        """Seconds of silence after which an answer is given up."""
        return READ

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._session is not None

    @override
    async def initialize(self) -> None:
        """Open the session."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                proxy=self._proxy,
            )

    @override
    async def shutdown(self) -> None:
        """Close the session; calls that are under way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @override
    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | PlainData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request; the status and the body.

        Raises:
            NotSent: there was no connection.
            TimedOut: no answer in time; it may have been served.
            Unsure: the connection broke, or the server failed.
        """
        silence = READ if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        uploads = request_data is not None and request_data.contains_files
        whole = WHOLE_UPLOAD if uploads else max(WHOLE, CONNECT + silence)
        data, headers = _body(request_data)
        try:
            async with self._open().request(
                method,
                url,
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=whole, connect=CONNECT, sock_read=whole if uploads else silence),
                allow_redirects=False,
            ) as response:
                status, content = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError):
            raise NotSent("no_connection") from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError):
            raise Unsure("connection_lost") from None
        if status >= 500:
            raise Unsure("server_error")
        if status == 429 and b"retry_after" not in content:
            raise RetryAfter(FLOOD_PAUSE)
        if status in _FINAL:
            raise BadRequest(_FINAL[status])
        return status, content

    async def post_plain(self, url: str, parameters: Mapping[str, object]) -> object:
        """Call a method with plain JSON; the plain result. Raises what ``post`` raises."""
        return await self.post(url, cast("RequestData", PlainData(parameters)))

    @staticmethod
    @override
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as JSON. The library's own logs what it cannot read, buyers' words included."""
        try:
            parsed = json.loads(payload)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise TelegramError("Invalid server response")
        return parsed

    async def download(self, url: str, *, limit: int) -> bytes:
        """The bytes of a file.

        Raises:
            TryLater: not now.
            Refused: ``gone``, or ``too_big`` as soon as there are more than ``limit`` bytes.
        """
        try:
            async with self._open().get(
                url,
                timeout=aiohttp.ClientTimeout(total=WHOLE_DOWNLOAD, connect=CONNECT, sock_read=READ),
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise TryLater("server_error") if response.status >= 500 else _no_file(response)
                return await read_within(response, limit)
        except NotSent:
            raise TryLater("no_connection") from None
        except TimeoutError:
            raise TryLater("timeout") from None
        except (aiohttp.ClientError, OSError):
            raise TryLater("connection_lost") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NotSent("closed")
        return self._session


def _body(request_data: RequestData | PlainData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if request_data is None:
        return None, {}
    if isinstance(request_data, PlainData) or not request_data.contains_files:
        return json.dumps(request_data.parameters).encode("ascii"), {"Content-Type": "application/json"}
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        # As a stream: a large body in one piece would hold up everything else while it is written.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=mime)
    return form, {}


def _no_file(response: aiohttp.ClientResponse) -> TryLater | Refused:
    return TryLater("rate_limited", after=FLOOD_PAUSE) if response.status == 429 else Refused("gone")


def _proxy_for(api_url: str) -> str | None:
    parts = urlsplit(api_url)
    if proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)
