"""The web chat's doors: the page and its files, messages and photos in, lines and pictures out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.doors import RateLimit, address, clean, read_body, same_origin
from adapters.filetypes import picture_type
from adapters.media import media_response
from adapters.ports import Blobs, Chats, Inbox
from adapters.webchat.live import BEAT_SECONDS, PAGE, Follower, Live, line_json
from adapters.webchat.sessions import Sessions
from dialogs.events import BuyerWrote, Event, Receipt
from dialogs.messages import DeliveryState, Media

STATIC: Final = Path(__file__).parent / "static"
MAX_TEXT_BYTES: Final = 100_000  # of UTF-8; about 25 pages, more is not a chat message
MAX_PHOTO_BYTES: Final = 5 * 1024 * 1024
MAX_NAME: Final = 60
LANGUAGES: Final = ("en", "es", "pt", "ru", "fr", "de", "ar", "ko", "ja", "zh")
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
# The JSON around a text of MAX_TEXT_BYTES; every byte may be escaped to six ("\u0000").
_MAX_BODY: Final = 6 * MAX_TEXT_BYTES + 4096
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_MAX_REFS: Final = 5000  # photos known to belong to a chat, before the least needed half is forgotten


class Doors:
    """All routes of one chat account."""

    def __init__(
        self,
        *,
        account: str,
        title: str,
        sessions: Sessions,
        inbox: Inbox,
        chats: Chats,
        blobs: Blobs,
        live: Live,
        now: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._title = title
        self._sessions = sessions
        self._inbox = inbox
        self._chats = chats
        self._blobs = blobs
        self._live = live
        self._now = now
        self._page = (STATIC / "chat.html").read_text(encoding="utf-8")
        self._owned: dict[tuple[str, str], None] = {}  # (chat, ref) that were shown to that chat
        # A person types a handful of messages a minute; an office behind one address has a few such people.
        self._per_chat = RateLimit(burst=20, per_second=1)
        self._per_address = RateLimit(burst=60, per_second=5)

    def routes(self) -> Sequence[BaseRoute]:
        """The doors of this account."""
        root = f"/chat/{self._account}"
        return (
            Route(root, self._show, methods=["GET"]),
            Route(f"{root}/messages", self._write, methods=["POST"]),
            Route(f"{root}/photos", self._photo, methods=["POST"]),
            Route(f"{root}/lines", self._lines, methods=["GET"]),
            Route(f"{root}/media/{{ref:path}}", self._media, methods=["GET"]),
            WebSocketRoute(f"{root}/live", self._socket),
            Mount(f"{root}/static", StaticFiles(directory=STATIC)),
        )

    async def _show(self, request: Request) -> Response:
        wish = request.query_params.get("lang", "")  # a shop's page in one language links to a chat in the same
        language = wish if wish in LANGUAGES else _best_language(request.headers.get("accept-language", ""))
        page = (
            self._page.replace("{{root}}", quote(f"/chat/{self._account}"))
            .replace("{{title}}", escape(self._title))
            .replace("{{language}}", language)
            .replace("{{direction}}", "rtl" if language == "ar" else "ltr")
            .replace("{{as}}", self._sessions.label(request))
        )
        headers = {"content-security-policy": PAGE_POLICY, "cache-control": "no-store"}
        response = HTMLResponse(page, headers=headers)
        self._sessions.open(request, response)
        return response

    async def _write(self, request: Request) -> Response:
        refused, chat = self._refusal(request)
        if refused is not None:
            return refused
        body = await read_body(request, _MAX_BODY)
        if body is None:
            return _error(413, "too_long")
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):  # nested without end
            return _error(400, "malformed")
        if not isinstance(given, dict) or not isinstance(text := given.get("text"), str):
            return _error(400, "malformed")
        text = clean(text)
        if not text.strip():
            return _error(400, "empty")
        if len(text.encode()) > MAX_TEXT_BYTES:
            return _error(413, "too_long")
        return await self._accept(chat, given.get("id"), given.get("name"), BuyerWrote(text=text))

    async def _photo(self, request: Request) -> Response:
        refused, chat = self._refusal(request)
        if refused is not None:
            return refused
        client_id = request.query_params.get("id", "")
        if not _CLIENT_ID.fullmatch(client_id):
            return _error(400, "malformed")
        content = await read_body(request, MAX_PHOTO_BYTES)
        if content is None:
            return _error(413, "photo_too_big")
        mime = picture_type(content)
        if mime is None:
            return _error(415, "not_a_photo")
        ref = await self._blobs.put(content, mime=mime)
        name = f"photo.{mime.removeprefix('image/')}"
        media = Media(kind="photo", name=name, mime=mime, size=len(content), ref=ref)
        return await self._accept(
            chat, client_id, request.query_params.get("name"), BuyerWrote(text="", media=(media,))
        )

    async def _accept(self, chat: str, client_id: object, name: object, body: BuyerWrote) -> Response:
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            return _error(400, "malformed")
        accepted = await self._inbox.accept(
            Event(
                account=self._account,
                external_id=f"{chat}:{client_id}",
                body=body,
                at=self._now(),
                chat=chat,
                contact_name=clean(name).strip()[:MAX_NAME] if isinstance(name, str) else "",
            )
        )
        self._live.wake(chat)
        return JSONResponse({"id": client_id, "duplicate": accepted.duplicate})

    async def _lines(self, request: Request) -> Response:
        chat = self._sessions.chat(request)
        if chat is None:
            return _error(401, "no_session")
        if wait := self._per_address.take(address(request)):
            return _slow_down(wait)
        lines = await self._chats.lines(self._account, chat, after=_after(request), limit=PAGE)
        payload = [line_json(line) for line in lines]
        self._remember(chat, payload)
        return JSONResponse({"lines": payload, "more": len(lines) == PAGE}, headers={"cache-control": "no-store"})

    async def _media(self, request: Request) -> Response:
        chat = self._sessions.chat(request)
        ref = request.path_params["ref"]
        if chat is None or not await self._owns(chat, ref):
            return Response(status_code=404)
        return await media_response(self._blobs, ref, wanted=request.headers.get("range"))

    async def _owns(self, chat: str, ref: str) -> bool:
        after = 0
        while (chat, ref) not in self._owned:
            lines = await self._chats.lines(self._account, chat, after=after, limit=PAGE)
            self._remember(chat, [line_json(line) for line in lines])
            if len(lines) < PAGE:
                return (chat, ref) in self._owned
            after = lines[-1].id
        return True

    def _remember(self, chat: str, lines: list[dict[str, Any]]) -> None:
        self._owned.update({(chat, media["ref"]): None for line in lines for media in line["media"]})
        if len(self._owned) > _MAX_REFS:
            self._owned = dict(list(self._owned.items())[_MAX_REFS // 2 :])

    async def _socket(self, socket: WebSocket) -> None:
        chat = self._sessions.chat(socket)
        if chat is None or not same_origin(socket) or self._live.closing.is_set():
            await socket.close(code=4401)
            return
        await socket.accept()
        with self._live.following(chat, _after(socket)) as follower:
            receiving = asyncio.create_task(self._receive(socket, follower))
            try:
                while not receiving.done() and not self._live.closing.is_set():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(BEAT_SECONDS):
                            await _first(receiving, follower.woken)
                    if receiving.done():
                        break
                    beat = not follower.woken.is_set()
                    follower.woken.clear()
                    if beat:
                        # And read all the same: a hint of another process may have been lost on its way.
                        await socket.send_json({"beat": True})
                    async for lines in self._live.read(follower):
                        payload = [line_json(line) for line in lines]
                        self._remember(chat, payload)
                        await socket.send_json({"lines": payload})
                    if not beat:
                        await socket.send_json({"ready": True})
                if not receiving.done():
                    await socket.close(code=1012)
            except WebSocketDisconnect:
                pass  # the browser left while it was being told; it asks again when it is back
            finally:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)

    async def _receive(self, socket: WebSocket, follower: Follower) -> None:
        """Take what the page tells: up to which line the buyer has seen the answers."""
        while True:
            try:
                given = json.loads(await socket.receive_text())
            except (WebSocketDisconnect, ValueError, KeyError, RecursionError):
                return  # gone, or not our page
            upto = given.get("seen") if isinstance(given, dict) else None
            if isinstance(upto, int):
                await self._tell_read(follower, upto)

    async def _tell_read(self, follower: Follower, upto: int) -> None:
        for external_id in follower.newly_seen(upto):
            await self._inbox.accept(
                Event(
                    account=self._account,
                    external_id=f"read:{external_id}",
                    body=Receipt(of=external_id, state=DeliveryState.READ),
                    at=self._now(),
                    chat=follower.chat,
                )
            )

    def _refusal(self, request: Request) -> tuple[Response | None, str]:
        """Why the request is not served, and the chat it belongs to when it is."""
        if not same_origin(request):
            return _error(403, "origin"), ""
        chat = self._sessions.chat(request)
        if chat is None:
            return _error(401, "no_session"), ""
        wait = self._per_address.take(address(request)) or self._per_chat.take(chat)
        return (_slow_down(wait), "") if wait else (None, chat)


async def _first(receiving: asyncio.Task[None], woken: asyncio.Event) -> None:
    """Return when the socket ended or there are news."""
    waiting = asyncio.create_task(woken.wait())
    try:
        await asyncio.wait({receiving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _after(connection: HTTPConnection) -> int:
    after = connection.query_params.get("after", "0")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0


def _best_language(header: str) -> str:
    """The first of the buyer's languages the page is written in, English when there is none."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        code, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        quality = float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight) else 1.0
        wishes.append((-quality, code.partition("-")[0].lower()))
    known = [code for _, code in sorted(wishes, key=lambda wish: wish[0]) if code in LANGUAGES]
    return known[0] if known else LANGUAGES[0]


def _error(status: int, code: str) -> JSONResponse:
    return JSONResponse({"error": code}, status_code=status)


def _slow_down(wait: float) -> JSONResponse:
    return JSONResponse({"error": "slow_down"}, status_code=429, headers={"retry-after": str(math.ceil(wait))})
