"""What keeps a bridge from working: its session, as it told, and its secret, as it was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict

from adapters.bridge.outgoing import BAD_SECRET, REDIRECTED
from adapters.fading import Fading
from adapters.ports import AccountState

log = structlog.stdlib.get_logger(__name__)

CONNECTED: Final = "connected"
_KEY: Final = "session"
_AGAIN: Final = 15.0  # seconds between two looks
_STATES: Final = {
    "logged_out": "已退出登录",
    "qr": "等待扫码登录",
    "starting": "正在启动",
    "disconnected": "已断开",
    "stopped": "已停止",
    "failed": "出错",
}
_TROUBLES: Final = {
    BAD_SECRET: ("secret", "网桥拒绝了密钥 (the bridge refuses the secret or key)"),
    REDIRECTED: ("url", "网桥地址被转走，请改 url (the bridge redirects; correct url)"),
}


def named(state: str) -> str:
    """A session's state in Chinese, the bridge's own word when it is not known."""
    return _STATES.get(state, state)


class _Session(BaseModel):
    """How the session is, as the bridge told last."""

    model_config = ConfigDict(frozen=True)

    state: str = CONNECTED
    since: float = 0.0
    heard: float = 0.0  # of the newest event


class Health:
    """Remembers how the session is; what the secret is worth shows with the next message.

    The bridge tells whichever process its requests reach; the others look at what was kept, every few seconds.
    """

    def __init__(self, account: str, state: AccountState) -> None:
        self._account = account
        self._kept = state
        self._session = _Session()
        self._troubles = Fading()

    async def load(self) -> None:
        """Take up what was kept."""
        self._session = _read(await self._kept.get(_KEY))

    async def follow(self) -> None:
        """Keep up with what the bridge tells other processes, until cancelled."""
        while True:
            await asyncio.sleep(_AGAIN)
            try:
                await self.load()
            except Exception as error:  # noqa: BLE001 - whatever keeps the store from telling, it is asked again
                log.warning("bridge_session_unread", account=self._account, error=type(error).__name__)

    async def session(self, state: str, moment: float) -> bool:
        """The bridge told of its session; False when it has told something newer before."""
        while True:  # two processes may be told at once
            kept = await self._kept.get(_KEY)
            told = _read(kept)
            if moment < told.heard:
                self._session = told
                return False
            since = told.since if state == told.state and told.since else moment
            told = _Session(state=state, since=since, heard=moment)
            if await self._kept.swap(_KEY, told.model_dump_json(), expect=kept):
                self._session = told
                return True

    def refused(self, reason: str) -> None:
        """A message was not taken for ``reason``."""
        if reason in _TROUBLES:
            part, text = _TROUBLES[reason]
            self._troubles.met(part, text)

    def served(self) -> None:
        """A message was taken."""
        for part, _ in _TROUBLES.values():
            self._troubles.over(part)

    def problems(self) -> Mapping[str, str]:
        """By part; empty when all is well."""
        told = self._troubles.all()
        if self._session.state == CONNECTED:
            return told
        since = datetime.fromtimestamp(self._session.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return {**told, "session": f"{named(self._session.state)} since {since}"}


def _read(kept: str | None) -> _Session:
    return _Session() if kept is None else _Session.model_validate_json(kept)
