"""What deep-translator lacks: a transport with timeouts, a size cap and no redirects, and threads of its own.

deep-translator calls ``requests.get`` of the module it imported, blocking, without a timeout. Its modules get a
transport instead, which reads the session of the thread it runs in; each engine owns its threads.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType

import requests

from dialogs.errors import Refused, TryLater

_LARGEST = 1_000_000  # bytes
_CONNECT = 3.05  # seconds; just above the three after which TCP sends a lost packet again
_here = threading.local()


@dataclass(frozen=True, slots=True)
class Page:
    """As much of a response as deep-translator looks at."""

    status_code: int
    text: str

    def json(self) -> object:
        """The body as JSON."""
        parsed: object = json.loads(self.text)
        return parsed

    def close(self) -> None:
        """Nothing is open any more."""


class Transport:
    """Stands where deep-translator's modules expect ``requests``."""

    @staticmethod
    def get(url: str, params: Mapping[str, str] | None = None, proxies: dict[str, str] | None = None) -> Page:
        """GET within the time and size of the calling thread's engine.

        Raises:
            TryLater, Refused: as an engine does.
        """
        session: requests.Session = _here.session
        deadline = time.monotonic() + _here.timeout
        try:
            with session.get(
                url,
                params=params,
                proxies=proxies,
                timeout=(min(_CONNECT, _here.timeout), _here.timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, deadline)
        except requests.Timeout:
            raise TryLater("timeout") from None
        except requests.RequestException:
            # Its text holds the URL and with it the message.
            raise TryLater("unreachable") from None


def _read(response: requests.Response, deadline: float) -> Page:
    if response.status_code == 429:
        raise TryLater("rate_limited", after=_seconds(response.headers.get("Retry-After", "")))
    if 300 <= response.status_code < 400:
        # Google sends callers it has had enough of to a page with a puzzle.
        raise TryLater("redirected")
    if response.status_code >= 500:
        raise TryLater("server_error")
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > _LARGEST:
            raise Refused("too_large")
        if time.monotonic() > deadline:
            raise TryLater("timeout")
    return Page(response.status_code, content.decode("utf-8", "replace"))


def _seconds(header: str) -> float | None:
    return float(header) if header.isascii() and header.isdecimal() and len(header) <= 6 else None


def install(module: ModuleType) -> None:
    """Give a module of deep-translator the transport."""
    module.requests = Transport  # type: ignore[attr-defined]


class Threads:
    """A few threads with a session each; a call that hangs holds one of them for no longer than the timeout."""

    def __init__(self, name: str, timeout: float, count: int = 4) -> None:
        self._timeout = timeout
        self._sessions: list[requests.Session] = []
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"heqi-{name}", initializer=self._prepare)

    def _prepare(self) -> None:
        _here.session = requests.Session()
        _here.timeout = self._timeout
        self._sessions.append(_here.session)

    async def run(self, call: Callable[[], str | None]) -> str | None:
        """Run ``call`` in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def close(self) -> None:
        """Wait for running calls (the timeout bounds them) and close the sessions."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        for session in self._sessions:
            session.close()
