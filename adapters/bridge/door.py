"""The door of a bridge: verify, read, check, store, and only then thank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.bridge.contract import (
    Contact,
    DeleteEvent,
    EditEvent,
    Invalid,
    MessageEvent,
    Posted,
    ReactionEvent,
    SessionEvent,
    StatusEvent,
    posted,
)
from adapters.bridge.dialect import Dialect, Knock
from adapters.bridge.health import Health
from adapters.bridge.hosts import Hosts
from adapters.bridge.media import taken
from adapters.counts import count
from adapters.doors import read_body
from adapters.ports import Blobs, Inbox
from dialogs.errors import BadSignature, Malformed
from dialogs.events import Body, BuyerDeleted, BuyerEdited, BuyerWrote, Event, Receipt, SellerWrote
from dialogs.messages import DeliveryState

MAX_BODY: Final = 20 * 1024 * 1024
SCHEMAS: Final = {path.stem: path for path in sorted((Path(__file__).parent / "schema").glob("*.json"))}

log = structlog.stdlib.get_logger(__name__)


class Door:
    """``POST /bridge/{account}`` and the contract's schemas."""

    def __init__(
        self,
        *,
        account: str,
        dialect: Dialect,
        inbox: Inbox,
        blobs: Blobs,
        hosts: Hosts,
        health: Health,
        now: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._dialect = dialect
        self._inbox = inbox
        self._blobs = blobs
        self._hosts = hosts
        self._health = health
        self._now = now

    def routes(self) -> Sequence[BaseRoute]:
        """The routes of this account."""
        return (
            Route(f"/bridge/{self._account}", self._knock, methods=["POST"]),
            Route("/bridge/schema/{name}.json", _schema, methods=["GET"]),
        )

    async def _knock(self, request: Request) -> Response:
        # Nobody unknown may have megabytes read for nothing.
        if not any(name in request.headers for name in self._dialect.needed):
            return self._unsigned("not signed")
        body = await read_body(request, MAX_BODY)
        if body is None:
            return _error(413, "too_big")
        knock = Knock(query=request.url.query, headers=dict(request.headers), body=body)
        try:
            delivery = self._dialect.verify(knock)
            given = self._dialect.read(knock)
        except BadSignature as error:
            return self._unsigned(str(error))
        except Malformed as error:
            count(self._account, "malformed")
            return JSONResponse({"error": "malformed", "problem": str(error)}, status_code=400)
        return await self._take(delivery, given)

    async def _take(self, delivery: str, given: Sequence[object]) -> Response:
        """Store what is right of the delivery, then tell what is not."""
        wrong: list[dict[str, str]] = []
        for one in given:
            try:
                event = posted(one)
            except Invalid as error:
                count(self._account, "invalid")
                wrong += [dict(field) for field in error.fields]
                continue
            if event is None:
                count(self._account, "unknown_type")
            else:
                await self._accept(event, delivery)
        if wrong:
            return JSONResponse({"error": "invalid", "fields": wrong}, status_code=422)
        text, mime = self._dialect.reply
        return Response(text, media_type=mime)

    async def _accept(self, event: Posted, delivery: str) -> None:
        match event:
            case MessageEvent():
                await self._message(event)
            case EditEvent() if not event.from_me:
                text = BuyerEdited(of=event.id, text=event.text)
                await self._told(f"edit:{event.id}:{delivery}", text, event.ts, event)
            case DeleteEvent() if not event.from_me:
                await self._told(f"delete:{event.id}", BuyerDeleted(of=event.id), event.ts, event)
            case StatusEvent(status=status):
                receipt = Receipt(of=status.of, state=DeliveryState(status.state), error=status.error)
                await self._told(f"status:{status.of}:{status.state}", receipt, event.ts, None)
            case SessionEvent():
                await self._session(event)
            case ReactionEvent():
                count(self._account, "reaction")
            case _:
                count(self._account, "own_change")  # the shop edited or took back its own message

    async def _message(self, event: MessageEvent) -> None:
        media = tuple([await taken(one, self._blobs, self._hosts) for one in event.media])
        text = event.text or ""
        if not text.strip() and not media:
            text = event.button_id or ""
        body: Body
        if event.from_me:
            body = SellerWrote(text=text, media=media)
        else:
            body = BuyerWrote(text=text, media=media, reply_to=event.reply_to)
        await self._inbox.accept(self._event(event.id, body, event.ts, event))

    async def _told(self, external_id: str, body: Body, at: float, of: EditEvent | DeleteEvent | None) -> None:
        """Something about a message that is known, or else there is nothing to do about it."""
        try:
            await self._inbox.accept(self._event(external_id, body, at, of))
        except Malformed:
            count(self._account, "unknown_message")

    def _event(
        self, external_id: str, body: Body, at: float, of: MessageEvent | EditEvent | DeleteEvent | None
    ) -> Event:
        return Event(
            account=self._account,
            external_id=external_id,
            body=body,
            at=min(datetime.fromtimestamp(at, UTC), self._now()),  # a clock ahead must not reorder a talk
            chat=None if of is None else of.conversation_id or of.contact.id,
            contact_name="" if of is None else (of.contact.name or "").strip(),
            contact_aliases=() if of is None else _aliases(of.contact),
        )

    async def _session(self, event: SessionEvent) -> None:
        if await self._health.session(event.state, min(event.ts, self._now().timestamp())):
            log.info("bridge_session", account=self._account, state=event.state)
        else:
            count(self._account, "late_session")

    def _unsigned(self, problem: str) -> Response:
        count(self._account, "bad_signature")
        return JSONResponse({"error": "bad_signature", "problem": problem}, status_code=401)


def _aliases(contact: Contact) -> tuple[tuple[str, str], ...]:
    digits = "".join(filter(str.isdecimal, contact.aliases.phone or ""))
    given = {
        "id": contact.id,
        "phone": digits,
        "lid": contact.aliases.lid,
        "bsuid": contact.aliases.bsuid,
        "username": contact.aliases.username,
    }
    return tuple((kind, value) for kind, value in given.items() if value)


async def _schema(request: Request) -> Response:
    path = SCHEMAS.get(request.path_params["name"])
    return _error(404, "unknown_schema") if path is None else FileResponse(path, media_type="application/schema+json")


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status_code=status)
