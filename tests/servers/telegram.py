"""A loopback Telegram Bot API server: real HTTP on 127.0.0.1, real shapes, and failures on request.

Use::

    async with telegram_server() as server:
        # give the adapter api_url=server.url and the token server.token
        server.buyer_says(7001, "Hola")                       # waits for getUpdates, or for post_pending()
        server.agent_says(GROUP, 9001, "好的", thread=topic)    # the group must be known: server.add_group(GROUP)
        server.agent_presses(GROUP, 9001, message_id, "data")
        server.fail("sendMessage", 429, "Too Many Requests: retry after 2", retry_after=2)
        server.fail("sendMessage", mode="half")               # also: hang, garbage, close
        server.latency = 0.05
        await server.called("sendMessage")                    # waits until it was called (``times`` in all)
        server.sent(7001)                                     # texts of what the bot has sent to a chat, in order
        server.calls                                          # every call: method, params (parsed), files

Updates wait in ``pending`` until they are confirmed by ``getUpdates`` with a higher offset. With a webhook set
``await server.post_pending(base)`` delivers them to ``base`` plus the path of the webhook's URL, in order, and keeps
those that were not answered with 200; it returns the status codes.

``messages`` holds what was sent (by chat and message id) with edits applied, ``topics`` the forum topics of groups,
``chats`` and ``members`` what getChat and getChatMember tell, ``stored`` the bytes that getFile and the download give.
``delete_topic``/``close_topic`` do what people do by hand in the app.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

TOKEN = "123456789:AAF-made-up-token-for-the-tests-0000"
BOT_ID = 123456789
BOT = {
    "id": BOT_ID, "is_bot": True, "first_name": "Heqi Store", "username": "heqi_store_bot", "can_join_groups": True,
    "can_read_all_group_messages": False, "supports_inline_queries": False, "can_connect_to_business": True,
}  # fmt: skip
DATE = 1772452800  # 2026-03-02 12:00 UTC
ADMIN = {
    "status": "administrator", "can_be_edited": False, "is_anonymous": False, "can_manage_chat": True,
    "can_delete_messages": True, "can_manage_video_chats": False, "can_restrict_members": False,
    "can_promote_members": False, "can_change_info": False, "can_invite_users": False, "can_post_stories": False,
    "can_edit_stories": False, "can_delete_stories": False, "can_pin_messages": True, "can_manage_topics": True,
}  # fmt: skip

Params = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of the bot."""

    method: str
    params: Params
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # field → file name, bytes


@dataclass(frozen=True)
class Failure:
    """What one call is answered with instead."""

    status: int = 500
    description: str = ""
    retry_after: int | None = None
    migrate_to: int | None = None
    mode: str = "answer"  # answer; half (hang up in the middle), close (hang up at once), hang, garbage


class ApiError(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


@dataclass
class TelegramServer:
    """One running server; see the module."""

    url: str = ""
    token: str = TOKEN
    latency: float = 0.0
    calls: list[Call] = field(default_factory=list)
    pending: list[Params] = field(default_factory=list)
    failures: dict[str, deque[Failure]] = field(default_factory=lambda: defaultdict(deque))
    webhook: Params = field(default_factory=dict)
    messages: dict[tuple[int, int], Params] = field(default_factory=dict)
    topics: dict[tuple[int, int], Params] = field(default_factory=dict)
    chats: dict[int, Params] = field(default_factory=dict)
    members: dict[tuple[int, int], Params] = field(default_factory=dict)
    connections: dict[str, Params] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    file_sizes: dict[str, int | None] = field(default_factory=dict)  # what getFile tells instead of the truth
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _updates: itertools.count[int] = field(default_factory=lambda: itertools.count(860000001))
    _ids: dict[int, itertools.count[int]] = field(default_factory=lambda: defaultdict(lambda: itertools.count(101)))

    # ---- what tests do -----------------------------------------------------------------------------------------------

    def fail(self, method: str, status: int = 500, description: str = "", *, times: int = 1, **more: Any) -> None:
        """Answer the next ``times`` calls of ``method`` with a failure."""
        self.failures[method].extend([Failure(status, description, **more)] * times)

    def push(self, **update: Any) -> Params:
        """Queue an update (``message={...}``) and return it with its id."""
        full = {"update_id": next(self._updates), **update}
        self.pending.append(full)
        asyncio.get_running_loop().create_task(self._wake())
        return full

    def message_id(self, chat: int) -> int:
        """The next free message id of a chat."""
        return next(self._ids[chat])

    def buyer_says(self, user: int, text: str | None = None, *, name: str = "Ana", **message: Any) -> Params:
        """A buyer writes to the bot; ``message`` adds fields (photo=…, caption=…) or changes them."""
        person = {"id": user, "is_bot": False, "first_name": name, "username": f"buyer{user}", "language_code": "es"}
        content = {} if text is None else {"text": text}
        return self.push(
            message={
                "message_id": self.message_id(user),
                "from": person,
                "chat": {"id": user, "type": "private", "first_name": name, "username": person["username"]},
                "date": DATE,
                **content,
                **message,
            }
        )

    def agent_says(
        self,
        chat: int,
        user: int,
        text: str,
        *,
        name: str = "小王",
        thread: int | None = None,
        reply_to: int | None = None,
        **message: Any,
    ) -> Params:
        """A team member writes: in the group (negative ``chat``), in a topic of it, or privately to the bot."""
        where = self.chats.get(chat) or {"id": chat, "type": "private", "first_name": name}
        extra: Params = {}
        if thread is not None:
            extra |= {"message_thread_id": thread, "is_topic_message": True}
        if reply_to is not None:
            extra["reply_to_message"] = self.messages.get((chat, reply_to)) or {
                "message_id": reply_to,
                "date": DATE,
                "chat": where,
            }
        if text.startswith("/"):
            extra["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        return self.push(
            message={
                "message_id": self.message_id(chat),
                "from": {"id": user, "is_bot": False, "first_name": name, "language_code": "zh-hans"},
                "chat": where,
                "date": DATE,
                "text": text,
                **extra,
                **message,
            }
        )

    def agent_presses(self, chat: int, user: int, message_id: int, data: str, *, name: str = "小王") -> Params:
        """A team member presses an inline button under a message of the bot."""
        return self.push(
            callback_query={
                "id": f"cb{next(self._updates)}",
                "from": {"id": user, "is_bot": False, "first_name": name, "language_code": "zh-hans"},
                "chat_instance": "-42",
                "data": data,
                "message": copy.deepcopy(self.messages[chat, message_id]),
            }
        )

    def add_group(self, chat: int, *, is_forum: bool = True, title: str = "售后", **rights: Any) -> None:
        """A supergroup the bot is an administrator of; ``rights`` change what it may there."""
        self.chats[chat] = {
            "id": chat,
            "type": "supergroup",
            "title": title,
            **({"is_forum": True} if is_forum else {}),
        }
        self.members[chat, BOT_ID] = {"user": BOT, **ADMIN, **rights}

    def connect(self, connection: str, owner: int, *, enabled: bool = True, can_reply: bool = True) -> Params:
        """The owner of a business account connects the bot (or changes or ends the connection)."""
        self.connections[connection] = {
            "id": connection,
            "user": {"id": owner, "is_bot": False, "first_name": "店主"},
            "user_chat_id": owner,
            "date": DATE,
            "is_enabled": enabled,
            "can_reply": can_reply,
            "rights": {"can_reply": True} if can_reply else {},
        }
        return self.push(business_connection=self.connections[connection])

    def delete_topic(self, chat: int, thread: int) -> None:
        """Somebody deletes a topic in the app."""
        del self.topics[chat, thread]

    def close_topic(self, chat: int, thread: int) -> None:
        """Somebody closes a topic in the app."""
        self.topics[chat, thread]["closed"] = True

    def sent(self, chat: int) -> list[str]:
        """Texts and captions of what the bot has sent to a chat, as they stand now."""
        return [m.get("text", m.get("caption", "")) for (where, _), m in self.messages.items() if where == chat]

    def of(self, method: str) -> list[Call]:
        """The calls of a method."""
        return [call for call in self.calls if call.method == method]

    async def called(self, method: str, times: int = 1) -> list[Call]:
        """Wait until a method was called so often in all."""
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: len(self.of(method)) >= times)
        return self.of(method)

    async def confirmed(self) -> None:
        """Wait until no update is pending any more: the bot has stored them all and asked for the next."""
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: not self.pending)

    async def post_pending(self, base: str, *, secret: str | None = None) -> list[int]:
        """Deliver the pending updates to the webhook, reached at ``base``; the status codes."""
        path = urlsplit(self.webhook["url"]).path
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token") if secret is None else secret}
        statuses = []
        async with aiohttp.ClientSession() as session:
            for update in list(self.pending):
                async with session.post(base + path, json=update, headers=headers) as answer:
                    statuses.append(answer.status)
                    if answer.status == 200:
                        self.pending.remove(update)
        return statuses

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call of the API."""
        params, files = await _read(request)
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        self.calls.append(Call(method, params, files))
        await self._wake()
        if self.latency and method != "getUpdates":
            await asyncio.sleep(self.latency)
        if self.failures[method]:
            return await self._failed(request, self.failures[method].popleft())
        handler: Callable[..., Awaitable[Any]] | None = getattr(self, f"_do_{method}", None)
        if handler is None:
            return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        try:
            result = await handler(params, files)
        except ApiError as error:
            return _answer(error.status, {"ok": False, "error_code": error.status, "description": error.description})
        return _answer(200, {"ok": True, "result": result})

    async def _failed(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        parameters: Params = {}
        if failure.retry_after is not None:
            parameters["retry_after"] = failure.retry_after
        if failure.migrate_to is not None:
            parameters["migrate_to_chat_id"] = failure.migrate_to
        body = {"ok": False, "error_code": failure.status, "description": failure.description}
        if failure.mode == "answer":
            return _answer(failure.status, {**body, "parameters": parameters} if parameters else body)
        if failure.mode == "garbage":
            return web.Response(text="<html>Bad gateway</html>", status=failure.status, content_type="text/html")
        if failure.mode == "hang":
            await self.released.wait()
            return _answer(500, body)
        assert request.transport is not None
        if failure.mode == "half":
            response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
            await response.prepare(request)
            await response.write(b'{"ok": true, "resu')
            request.transport.close()
            return response
        request.transport.abort()
        return web.Response()

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file that getFile named."""
        found = self.stored.get(request.match_info["path"].rpartition("/")[2])
        if request.match_info["token"] != self.token or found is None:
            return web.Response(status=404)
        if self.failures["download"]:
            return await self._failed(request, self.failures["download"].popleft())
        response = web.StreamResponse()  # chunked: the size is not told, as it may be with Telegram
        await response.prepare(request)
        for start in range(0, len(found), 1 << 20):
            await response.write(found[start : start + (1 << 20)])
        return response

    # ---- methods -----------------------------------------------------------------------------------------------------

    async def _do_getMe(self, params: Params, files: Any) -> Params:  # noqa: N802 - named as the API names it
        return BOT

    async def _do_getUpdates(self, params: Params, files: Any) -> list[Params]:  # noqa: N802
        if self.webhook.get("url"):
            raise ApiError(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        offset = int(params.get("offset") or 0)
        self.pending = [update for update in self.pending if update["update_id"] >= offset]
        await self._wake()
        try:
            async with asyncio.timeout(float(params.get("timeout") or 0)), self._changed:
                await self._changed.wait_for(lambda: bool(self.pending) or self.released.is_set())
        except TimeoutError:
            return []
        if self.latency:
            await asyncio.sleep(self.latency)
        return self.pending[: int(params.get("limit") or 100)]

    async def _do_setWebhook(self, params: Params, files: Any) -> bool:  # noqa: N802
        self.webhook = params
        return True

    async def _do_deleteWebhook(self, params: Params, files: Any) -> bool:  # noqa: N802
        self.webhook = {}
        if params.get("drop_pending_updates"):
            self.pending.clear()
        return True

    async def _do_getWebhookInfo(self, params: Params, files: Any) -> Params:  # noqa: N802
        told = {key: self.webhook[key] for key in ("last_error_date", "last_error_message") if key in self.webhook}
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            **told,
        }

    async def _do_sendMessage(self, params: Params, files: Any) -> Params:  # noqa: N802
        text = params["text"]
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise ApiError(400, "Bad Request: message is too long")
        return self._new(params, {"text": text})

    async def _do_sendPhoto(self, params: Params, files: Any) -> Params:  # noqa: N802
        size = {"file_id": "sent-photo", "file_unique_id": "u1", "width": 90, "height": 60}
        return self._new(params, {"photo": [size]})

    async def _do_sendVideo(self, params: Params, files: Any) -> Params:  # noqa: N802
        video = {"file_id": "sent-video", "file_unique_id": "u2", "width": 90, "height": 60, "duration": 1}
        return self._new(params, {"video": video})

    async def _do_sendVoice(self, params: Params, files: Any) -> Params:  # noqa: N802
        return self._new(params, {"voice": {"file_id": "sent-voice", "file_unique_id": "u3", "duration": 1}})

    async def _do_sendDocument(self, params: Params, files: Any) -> Params:  # noqa: N802
        return self._new(params, {"document": {"file_id": "sent-document", "file_unique_id": "u4"}})

    async def _do_editMessageText(self, params: Params, files: Any) -> Params:  # noqa: N802
        return self._edit(params, {"text": params["text"]})

    async def _do_editMessageReplyMarkup(self, params: Params, files: Any) -> Params:  # noqa: N802
        return self._edit(params, {})

    async def _do_deleteMessage(self, params: Params, files: Any) -> bool:  # noqa: N802
        if self.messages.pop((int(params["chat_id"]), int(params["message_id"])), None) is None:
            raise ApiError(400, "Bad Request: message to delete not found")
        return True

    async def _do_answerCallbackQuery(self, params: Params, files: Any) -> bool:  # noqa: N802
        return True

    async def _do_pinChatMessage(self, params: Params, files: Any) -> bool:  # noqa: N802
        if (int(params["chat_id"]), int(params["message_id"])) not in self.messages:
            raise ApiError(400, "Bad Request: message to pin not found")
        return True

    async def _do_createForumTopic(self, params: Params, files: Any) -> Params:  # noqa: N802
        chat = int(params["chat_id"])
        if not self.chats.get(chat, {}).get("is_forum"):
            raise ApiError(400, "Bad Request: the chat is not a forum")
        if not self.members[chat, BOT_ID].get("can_manage_topics"):
            raise ApiError(400, "Bad Request: not enough rights to create a topic")
        thread = self.message_id(chat)
        self.topics[chat, thread] = {"name": params["name"], "closed": False}
        return {"message_thread_id": thread, "name": params["name"], "icon_color": params.get("icon_color", 7322096)}

    async def _do_editForumTopic(self, params: Params, files: Any) -> bool:  # noqa: N802
        topic = self._topic(params)
        if params.get("name", topic["name"]) == topic["name"] and "icon_custom_emoji_id" not in params:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        topic["name"] = params.get("name", topic["name"])
        return True

    async def _do_closeForumTopic(self, params: Params, files: Any) -> bool:  # noqa: N802
        return self._set_closed(params, closed=True)

    async def _do_reopenForumTopic(self, params: Params, files: Any) -> bool:  # noqa: N802
        return self._set_closed(params, closed=False)

    async def _do_deleteForumTopic(self, params: Params, files: Any) -> bool:  # noqa: N802
        self._topic(params)
        del self.topics[int(params["chat_id"]), int(params["message_thread_id"])]
        return True

    async def _do_getChat(self, params: Params, files: Any) -> Params:  # noqa: N802
        found = self.chats.get(int(params["chat_id"]))
        if found is None:
            raise ApiError(400, "Bad Request: chat not found")
        gifts = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), True)
        gifts["gifts_from_channels"] = True
        return {**found, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}

    async def _do_getChatMember(self, params: Params, files: Any) -> Params:  # noqa: N802
        found = self.members.get((int(params["chat_id"]), int(params["user_id"])))
        if found is None:
            raise ApiError(400, "Bad Request: chat not found")
        return found

    async def _do_getBusinessConnection(self, params: Params, files: Any) -> Params:  # noqa: N802
        found = self.connections.get(params["business_connection_id"])
        if found is None:
            raise ApiError(400, "Bad Request: business connection not found")
        return found

    async def _do_getFile(self, params: Params, files: Any) -> Params:  # noqa: N802
        file_id = params["file_id"]
        if file_id not in self.stored:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = self.file_sizes.get(file_id, len(self.stored[file_id]))
        if size is not None and size > 20 * 1024 * 1024:
            raise ApiError(400, "Bad Request: file is too big")
        told = {} if size is None else {"file_size": size}
        return {"file_id": file_id, "file_unique_id": f"u-{file_id}", "file_path": f"files/{file_id}", **told}

    def _topic(self, params: Params) -> Params:
        found = self.topics.get((int(params["chat_id"]), int(params["message_thread_id"])))
        if found is None:
            raise ApiError(400, "Bad Request: TOPIC_ID_INVALID")
        return found

    def _set_closed(self, params: Params, *, closed: bool) -> bool:
        topic = self._topic(params)
        if topic["closed"] is closed:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        topic["closed"] = closed
        return True

    def _new(self, params: Params, content: Params) -> Params:
        chat = int(params["chat_id"])
        where = self.chats.get(chat, {"id": chat, "type": "supergroup" if chat < 0 else "private", "first_name": "Ana"})
        extra: Params = {}
        if "message_thread_id" in params:
            thread = int(params["message_thread_id"])
            if (chat, thread) not in self.topics:
                raise ApiError(400, "Bad Request: message thread not found")
            extra |= {"message_thread_id": thread, "is_topic_message": True}
        if "inline_keyboard" in params.get("reply_markup", {}):
            extra["reply_markup"] = params["reply_markup"]
        if "business_connection_id" in params:
            connection = self.connections.get(params["business_connection_id"])
            if connection is None or not connection["is_enabled"]:
                raise ApiError(400, "Bad Request: business connection not found")
            extra |= {"business_connection_id": connection["id"], "sender_business_bot": BOT}
        if "caption" in params:
            extra["caption"] = params["caption"]
        message = {
            "message_id": self.message_id(chat), "from": BOT, "chat": where, "date": DATE, **content, **extra,
        }  # fmt: skip
        self.messages[chat, message["message_id"]] = message
        return message

    def _edit(self, params: Params, change: Params) -> Params:
        key = (int(params["chat_id"]), int(params["message_id"]))
        message = self.messages.get(key)
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        after = {name: value for name, value in message.items() if name != "reply_markup"} | change
        if "inline_keyboard" in params.get("reply_markup", {}):
            after["reply_markup"] = params["reply_markup"]
        if {**after, "edit_date": 0} == {**message, "edit_date": 0}:
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        self.messages[key] = {**after, "edit_date": DATE + 1}
        return self.messages[key]


async def _read(request: web.Request) -> tuple[Params, dict[str, tuple[str, bytes]]]:
    """Parameters as JSON, form or multipart; values that are JSON themselves are parsed."""
    files: dict[str, tuple[str, bytes]] = {}
    raw: Params = dict(request.query)
    if request.content_type == "application/json":
        raw |= json.loads(await request.read() or b"{}")
    elif request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, aiohttp.BodyPartReader)
            content = bytes(await part.read())
            if part.filename is None:
                raw[str(part.name)] = content.decode()
            else:
                files[str(part.name)] = (part.filename, content)
    else:
        raw |= dict(await request.post())
    return {name: _value(name, value) for name, value in raw.items()}, files


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str) and name not in {"text", "caption", "name"} and value[:1] in {"{", "["}:
        return json.loads(value)
    return value


def _answer(status: int, body: Params) -> web.Response:
    return web.json_response(body, status=status)


@asynccontextmanager
async def telegram_server() -> AsyncIterator[TelegramServer]:
    """Run a server on a free port of 127.0.0.1."""
    server = TelegramServer()
    app = web.Application(client_max_size=60 * 1024 * 1024)
    app.router.add_route("*", "/bot{token}/{method}", server.handle)
    app.router.add_get("/file/bot{token}/{path:.*}", server.download)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.released.set()
        await server._wake()
        await runner.cleanup()
