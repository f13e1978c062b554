"""Meta's webhook: the handshake, and everything of a POST into the inbox before it is answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.counts import count
from adapters.doors import read_body
from adapters.ports import Inbox
from adapters.secret import Secret
from adapters.whatsapp.moves import Moves
from adapters.whatsapp.parse import EDIT, Heard, Ignored, Moved, hear
from dialogs.errors import BadSignature, Malformed
from dialogs.events import BuyerEdited, BuyerWrote, Event, Receipt

log = structlog.stdlib.get_logger(__name__)

MAX_BODY: Final = 3 * 1024 * 1024  # bytes; Meta's largest is documented as 3 MB
_CHALLENGE: Final = re.compile(r"[0-9]{1,64}")
_SIGNED: Final = "sha256="


class Door:
    """GET and POST ``/whatsapp/{account}``."""

    def __init__(
        self,
        *,
        account: str,
        phone_id: str,
        app_secret: Secret,
        verify_token: Secret,
        inbox: Inbox,
        moves: Moves,
        now: Callable[[], datetime],
    ) -> None:
        self.path = f"/whatsapp/{account}"
        self._account = account
        self._phone_id = phone_id
        self._app_secret = app_secret
        self._verify_token = verify_token
        self._inbox = inbox
        self._moves = moves
        self._now = now

    def routes(self) -> Sequence[BaseRoute]:
        """The one address Meta calls."""
        return (
            Route(self.path, self._shake_hands, methods=["GET"]),
            Route(self.path, self._receive, methods=["POST"]),
        )

    async def _shake_hands(self, request: Request) -> Response:
        """Answer the challenge of whoever knows the verify token; only digits are echoed."""
        asked = request.query_params
        challenge = asked.get("hub.challenge", "")
        known = hmac.compare_digest(asked.get("hub.verify_token", "").encode(), self._verify_token.reveal().encode())
        if asked.get("hub.mode") != "subscribe" or not known or not _CHALLENGE.fullmatch(challenge):
            log.warning("whatsapp_handshake_refused", account=self._account, token_known=known)
            return Response(status_code=403)
        return PlainTextResponse(challenge, headers={"x-content-type-options": "nosniff"})

    async def _receive(self, request: Request) -> Response:
        try:
            body = await self._signed_body(request)
        except BadSignature as error:
            log.warning("whatsapp_bad_signature", account=self._account, why=str(error))
            return Response(status_code=401)
        if body is None:
            return Response(status_code=413)
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            count(self._account, "malformed")
            return Response(status_code=400)
        await self._take_all(told)
        return Response(status_code=200)

    async def _signed_body(self, request: Request) -> bytes | None:
        """The raw body after its signature was checked, None when it is too long.

        Raises:
            BadSignature: the app secret did not sign these bytes.
        """
        signature = request.headers.get("x-hub-signature-256", "")
        if not signature.startswith(_SIGNED):
            raise BadSignature("missing")
        content = await read_body(request, MAX_BODY)
        if content is None:
            return None
        wanted = hmac.new(self._app_secret.reveal().encode(), content, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.removeprefix(_SIGNED).encode(), wanted.encode()):
            raise BadSignature("wrong")
        return content

    async def _take_all(self, told: object) -> None:
        """Take every item. One that cannot be stored holds up its own chat only, and makes Meta send all again."""
        failed: dict[str | None, Exception] = {}
        for heard in hear(told, account=self._account, phone_id=self._phone_id, now=self._now()):
            chat = heard.chat if isinstance(heard, Event) else None
            if chat is not None and chat in failed:
                continue  # behind one that comes again: the order of a chat is kept
            try:
                await self._take(heard)
            except Exception as error:  # noqa: BLE001 - raised below, after the others were taken
                failed.setdefault(chat, error)
        if failed:
            raise next(iter(failed.values()))

    async def _take(self, heard: Heard) -> None:
        match heard:
            case Ignored(kind):
                count(self._account, kind)
            case Moved():
                await self._moves.note(heard)
            case Event():
                await self._accept(heard)

    async def _accept(self, event: Event) -> None:
        former = await self._moves.former(event) if isinstance(event.body, BuyerWrote) else ()
        if former:
            # The former names come first: of two of one kind the newer one is shown.
            event = replace(event, contact_aliases=(*former, *event.contact_aliases))
        for attempt in (event, *_otherwise(event)):
            try:
                await self._inbox.accept(attempt)
            except Malformed:
                continue
            if former:
                await self._moves.learnt(event)
            return
        count(self._account, "unknown_message")


def _otherwise(event: Event) -> list[Event]:
    """What else an event may be when nobody knows the message it is about.

    New words for an unknown message (they may overtake it) are words all the same; a receipt may overtake the answer to
    the call that sent the message, in a chat that goes by another of the buyer's names.
    """
    body = event.body
    if isinstance(body, BuyerEdited):
        return [replace(event, external_id=event.external_id.removeprefix(EDIT), body=BuyerWrote(text=body.text))]
    if isinstance(body, Receipt):
        return [replace(event, chat=value) for _, value in event.contact_aliases if value != event.chat]
    return []
