"""The HTTP door: size, freshness and signature first, then Bolt.

Source: Slack, "Verifying requests from Slack" (signature over the raw body, five minutes).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message
from typing_extensions import override

from adapters.counts import count
from adapters.doors import read_body
from adapters.secret import Secret
from adapters.slack.taming import Json, tamed
from adapters.slack.values import NAME

LARGEST: Final = 1_000_000  # bytes of a request


class _Now(Clock):
    """The product's clock for Slack's verifier, which refuses what is five minutes away from it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    @override
    def now(self) -> float:
        return self._now().timestamp()


class Door:
    """Answers ``POST /slack/events``."""

    def __init__(self, app: AsyncApp, secret: Secret, now: Callable[[], datetime]) -> None:
        self._handler = AsyncSlackRequestHandler(app)
        self._verifier = SignatureVerifier(secret.reveal(), clock=_Now(now))

    async def answer(self, request: Request) -> Response:
        """200 once what was sent is stored or known to mean nothing; else 400, 401, 413, or 500 to have it again."""
        body = await read_body(request, LARGEST)
        if body is None:
            return _refusal(413, "too_large")
        if not self._signed(request, body):
            count(NAME, "bad_signature")
            return _refusal(401, "bad_signature")
        try:
            payload = _parsed(body.decode())
        except (ValueError, RecursionError):
            count(NAME, "malformed")
            return _refusal(400, "malformed")
        if "x-slack-retry-num" in request.headers:
            count(NAME, "retried")
        known = tamed(payload)
        if known is None:
            return Response(status_code=200)
        return await self._handler.handle(_rebuilt(request, known))

    def _signed(self, request: Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12 and signature.isascii()):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:  # the verifier reads the body as text; Slack sends nothing else
            return False


def _parsed(text: str) -> object:
    """Events come as JSON, presses as a form with JSON in its field ``payload``."""
    if text.lstrip().startswith("{"):
        return json.loads(text)
    fields = parse_qs(text, max_num_fields=20)
    return json.loads(fields.get("payload", [""])[0])


def _rebuilt(request: Request, known: Json) -> Request:
    """The request as Bolt gets it: the reduced payload and nothing else of what came."""
    body = json.dumps(known).encode("ascii")

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {**request.scope, "headers": [(b"content-type", b"application/json")], "query_string": b""}
    return Request(scope, receive)


def _refusal(status: int, code: str) -> JSONResponse:
    return JSONResponse({"error": code}, status_code=status)
