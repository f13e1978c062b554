"""What keeps a bridge from working: its session, as it told, and its secret, as it was refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from adapters.bridge.outgoing import BAD_SECRET, REDIRECTED
from adapters.bridge.tame import at, seconds, text_at
from adapters.ports import AccountState

CONNECTED: Final = "connected"
_KEY: Final = "session"
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


class Health:
    """Remembers over restarts how the session is; what the secret is worth shows with the next message."""

    def __init__(self, state: AccountState) -> None:
        self._kept = state
        self._state = CONNECTED
        self._since = 0.0
        self._heard = 0.0  # of the newest event
        self._troubles: dict[str, str] = {}

    async def load(self) -> None:
        """Take up what was kept."""
        kept = await self._kept.get(_KEY)
        told: object = json.loads(kept) if kept else {}
        self._state = text_at(told, "state") or CONNECTED
        self._since = seconds(at(told, "since")) or 0.0
        self._heard = seconds(at(told, "heard")) or 0.0

    async def session(self, state: str, moment: float) -> bool:
        """The bridge told of its session; False when it has told something newer before."""
        if moment < self._heard:
            return False
        since = self._since if state == self._state and self._since else moment
        await self._kept.put(_KEY, json.dumps({"state": state, "since": since, "heard": moment}))
        self._state, self._since, self._heard = state, since, moment
        return True

    def refused(self, reason: str) -> None:
        """A message was not taken for ``reason``."""
        if reason in _TROUBLES:
            part, text = _TROUBLES[reason]
            self._troubles[part] = text

    def served(self) -> None:
        """A message was taken."""
        self._troubles.clear()

    def problems(self) -> Mapping[str, str]:
        """By part; empty when all is well."""
        if self._state == CONNECTED:
            return dict(self._troubles)
        since = datetime.fromtimestamp(self._since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return {**self._troubles, "session": f"{named(self._state)} since {since}"}
