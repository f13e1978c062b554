"""Who a buyer is in the web chat: a random cookie of which only the digest is ever stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE: Final = "heqi_chat"
COOKIE_SECONDS: Final = 365 * 24 * 3600  # a buyer may come back about an order for a year

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 random bytes in URL-safe base64
_LABEL: Final = re.compile(r"[a-z0-9]{1,16}")


class Sessions:
    """Reads and gives out the cookie of one chat account.

    With ``demo`` the query ``?as=label`` opens another chat in the same browser; elsewhere it is ignored.
    """

    def __init__(self, *, account: str, demo: bool) -> None:
        self._account = account
        self._demo = demo

    def label(self, connection: HTTPConnection) -> str:
        """The label of a demo chat, empty outside the demo."""
        label = connection.query_params.get("as", "")
        return label if self._demo and _LABEL.fullmatch(label) else ""

    def chat(self, connection: HTTPConnection) -> str | None:
        """Id of the chat this browser owns, None without a valid cookie."""
        token = connection.cookies.get(self._cookie(connection), "")
        return self._digest(token) if _TOKEN.fullmatch(token) else None

    def open(self, connection: HTTPConnection, response: Response) -> None:
        """Give the browser a chat of its own when it has none."""
        if self.chat(connection) is not None:
            return
        response.set_cookie(
            self._cookie(connection),
            secrets.token_urlsafe(32),
            max_age=COOKIE_SECONDS,
            path=f"/chat/{self._account}",
            httponly=True,
            samesite="lax",
            secure=connection.url.scheme == "https",
        )

    def _cookie(self, connection: HTTPConnection) -> str:
        label = self.label(connection)
        return f"{COOKIE}_{label}" if label else COOKIE

    def _digest(self, token: str) -> str:
        return hashlib.sha256(f"{self._account}\n{token}".encode()).hexdigest()
