"""What a check of a bridge finds, in Chinese and English."""

from __future__ import annotations

from typing import Final

import aiohttp

from adapters.bridge.dialect import Dialect
from adapters.bridge.health import CONNECTED, named
from adapters.bridge.outgoing import Answered, asked
from adapters.bridge.settings import BridgeSettings
from adapters.ports import Finding
from dialogs.errors import Ambiguous, Refused, TryLater

RISK: Final = Finding(
    what=(
        "提醒：非官方网桥违反平台条款，号码可能随时被封，请勿用主号 "
        "(reminder: unofficial bridges break the platform's terms and can get a number banned; never use your main one)"
    )
)
NO_ADDRESS: Final = Finding(
    what="没有 server.public_url，无法验证 Twilio 的签名 (without server.public_url Twilio's signatures mean nothing)",
    fix="在设置中填写 server.public_url (set server.public_url)",
)
NO_HOSTS: Final = Finding(
    what=(
        "media_hosts 为空：只接收网桥直接传来的附件，不下载链接 "
        "(media_hosts is empty: attachments are taken as bytes only, addresses are not fetched)"
    )
)


async def findings(settings: BridgeSettings, dialect: Dialect, session: aiohttp.ClientSession) -> tuple[Finding, ...]:
    """How the bridge is now."""
    try:
        found = _answer(settings, dialect, await asked(session, dialect.asking()))
    except (TryLater, Ambiguous, Refused):
        found = (_unreachable(settings),)
    hosts = () if settings.media_hosts else (NO_HOSTS,)
    address = (NO_ADDRESS,) if settings.speaks == "twilio" and dialect.door is None else ()
    return (*found, *address, *hosts, RISK)


def _unreachable(settings: BridgeSettings) -> Finding:
    return Finding(
        what=f"连不上网桥 {settings.url} (the bridge cannot be reached)",
        fix="确认网桥在运行、url 正确、端口已开放 (see that it runs, that url is right and its port open)",
    )


def _answer(settings: BridgeSettings, dialect: Dialect, answered: Answered) -> tuple[Finding, ...]:
    status = answered.status
    if status in {401, 403}:
        return (
            Finding(
                what="网桥拒绝了密钥 (the bridge refuses the secret or key)",
                fix="核对 key 和 secret 与网桥的设置一致 (make key and secret the same as in the bridge)",
            ),
        )
    if status == 404 and settings.speaks == "heqi":
        return (Finding(what="网桥可连接，但不报告登录状态 (reachable; it does not tell its session's state)"),)
    if not 200 <= status < 300:
        return (
            Finding(
                what=f"网桥回答了 HTTP {status} (the bridge answered HTTP {status})",
                fix="核对 url 和 sender (see that url and sender are right)",
            ),
        )
    return (Finding(what="网桥可连接 (the bridge can be reached)"), _connection(dialect.state(answered.body)))


def _connection(state: str) -> Finding:
    if state == CONNECTED:
        return Finding(what="网桥已登录平台 (its session is connected)")
    shown = state if state in {"", *_KNOWN} else "unknown"
    return Finding(
        what=f"网桥未登录平台：{named(shown) or '未知'} (its session is not connected: {shown or 'unknown'})",
        fix="在网桥的管理页面重新扫码或登录 (scan the code or log in again on the bridge's own page)",
    )


_KNOWN: Final = ("logged_out", "qr", "starting", "disconnected", "stopped", "failed")
