"""Slack's Web API: every call goes through here, paced for its channel and with errors of our own."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.fading import FINAL, Fading
from adapters.slack.errors import CHANNEL, SCOPE, TOKEN, meaning, trouble
from adapters.slack.settings import SlackSettings
from dialogs.errors import HeqiError, Refused, TryLater

Json = dict[str, Any]

CALL_SECONDS: Final = 20.0  # of one call; a board has 60 s for a conversation
POST_SECONDS: Final = 1.0  # between two messages in one channel ("Rate limits", chat.postMessage)
LONGEST_WAIT: Final = 10.0  # for a turn in a channel; more than that waits in the board's own lane
NOTHING: Final[Mapping[str, object]] = {}
PAGES: Final = 10
PAGE: Final = 200
# The library writes whole requests and answers into its log lines; what is worth a line is logged by us.
QUIET: Final = logging.getLogger("slack_sdk.heqi")
QUIET.setLevel(logging.CRITICAL + 1)


class Pace:
    """One message a second in each channel: callers get their turns in the order they ask."""

    def __init__(self, every: float = POST_SECONDS) -> None:
        self._every = every
        self._free: dict[str, float] = {}  # channel → when its next message may leave

    async def turn(self, channel: str) -> None:
        """Wait for a turn.

        Raises:
            TryLater: too many wait already.
        """
        now = time.monotonic()
        at = max(now, self._free.get(channel, 0.0))
        if at - now > LONGEST_WAIT:
            raise TryLater("channel_busy", after=at - now)
        self._free[channel] = at + self._every
        if at > now:
            await asyncio.sleep(at - now)

    def pause(self, channel: str, seconds: float) -> None:
        """Nothing leaves in a channel for so long: Slack said so."""
        self._free[channel] = max(self._free.get(channel, 0.0), time.monotonic() + seconds)


class SlackApi:
    """One app in one workspace. ``open`` it before the first call."""

    def __init__(self, settings: SlackSettings, *, pace: Pace | None = None) -> None:
        self._settings = settings
        self._pace = pace or Pace()
        self._session: aiohttp.ClientSession | None = None
        self._troubles = Fading()
        # No retry handler of the library: what may have been posted must not be posted again unseen.
        self.client = AsyncWebClient(
            token=settings.bot_token.reveal(),
            base_url=f"{settings.api_url}/",
            timeout=int(CALL_SECONDS),
            retry_handlers=[],
            logger=QUIET,
        )

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._session is not None

    async def open(self) -> None:
        """Begin; nothing is called yet."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))
            self.client.session = self._session

    async def close(self) -> None:
        """End."""
        if self._session is not None:
            session, self._session = self._session, None
            self.client.session = None
            await session.close()

    def problems(self) -> Mapping[str, str]:
        """What a person must mend, by part: ``token``, ``scopes`` or a channel's id."""
        return self._troubles.all()

    async def call(
        self, method: str, arguments: Mapping[str, object] = NOTHING, *, writes: bool = False, token: str | None = None
    ) -> Json:
        """Call ``method``; ``writes`` when it leaves something new.

        Raises:
            TryLater: nothing was done.
            Refused: it never will be.
            Ambiguous: it may have been done.
        """
        data, _ = await self.answer(method, arguments, writes=writes, token=token)
        return data

    async def answer(
        self, method: str, arguments: Mapping[str, object] = NOTHING, *, writes: bool = False, token: str | None = None
    ) -> tuple[Json, Mapping[str, str]]:
        """The same with the headers of the answer."""
        channel = arguments.get("channel")
        headers = None if token is None else {"Authorization": f"Bearer {token}"}
        try:
            # Reading methods take no JSON; all of them take a form, where lists and objects are JSON texts.
            response = await self.client.api_call(method, data=_form(arguments), headers=headers)
        except (
            SlackClientError,
            aiohttp.ClientError,
            TimeoutError,
            ValueError,
            AttributeError,
            RecursionError,
        ) as error:
            told = meaning(error, writes=writes)
            self._note(told, channel if isinstance(channel, str) else "", own_token=token is None)
            raise told from None
        if token is None:
            self._troubles.over("token")
        if isinstance(channel, str) and writes:
            self._troubles.over(channel)
        data = response.data
        return (data if isinstance(data, dict) else {}), response.headers

    async def post(self, channel: str, message: Mapping[str, object], *, thread: str = "") -> str:
        """Post a message and return its ``ts``; raises as ``call`` does."""
        await self._pace.turn(channel)
        where = {"thread_ts": thread} if thread else {}
        fixed = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        data = await self.call("chat.postMessage", {**fixed, **where, **message}, writes=True)
        ts = data.get("ts")
        if not isinstance(ts, str) or not ts:
            raise meaning(ValueError(), writes=True)
        return ts

    async def update(self, channel: str, ts: str, message: Mapping[str, object]) -> None:
        """Change a message; doing it twice is doing it once."""
        await self.call("chat.update", {"channel": channel, "ts": ts, **message})

    async def whisper(self, channel: str, user: str, text: str, *, thread: str = "") -> None:
        """Tell one person of a channel something nobody else sees."""
        where = {"thread_ts": thread} if thread else {}
        await self.call("chat.postEphemeral", {"channel": channel, "user": user, "text": text, **where})

    async def find(self, channel: str, event_type: str, key: object, *, since: float, thread: str = "") -> str | None:
        """``ts`` of the message with this metadata posted after ``since``, None when there is none."""
        method = "conversations.replies" if thread else "conversations.history"
        where = {"channel": channel, "oldest": f"{since:.6f}", "include_all_metadata": True, "limit": PAGE}
        where |= {"ts": thread} if thread else {}
        cursor = ""
        for _ in range(PAGES):
            more = {"cursor": cursor} if cursor else {}
            data = await self.call(method, {**where, **more})
            for message in _list(data.get("messages")):
                metadata = _dict(message.get("metadata"))
                if metadata.get("event_type") == event_type and _dict(metadata.get("event_payload")).get("id") == key:
                    return str(message.get("ts"))
            cursor = str(_dict(data.get("response_metadata")).get("next_cursor") or "")
            if not cursor:
                break
        return None

    def _note(self, error: HeqiError, channel: str, *, own_token: bool) -> None:
        match error:
            case TryLater(reason="rate_limited", after=after) if channel:
                self._pace.pause(channel, after or POST_SECONDS)
            case TryLater(reason=reason) if reason == TOKEN and own_token:
                self._troubles.met("token", trouble(TOKEN))
            case Refused(reason=reason) if reason == SCOPE and own_token:
                self._troubles.met("scopes", trouble(SCOPE), life=FINAL)
            case Refused(reason=reason) if reason.startswith(CHANNEL) and channel:
                self._troubles.met(channel, trouble(reason), life=FINAL)
            case _:
                pass


def _form(arguments: Mapping[str, object]) -> Json:
    return {
        name: json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)
        for name, value in arguments.items()
    }


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
