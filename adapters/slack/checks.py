"""Whether the app is set up as it must be: token, scopes, channels, and the app-level token of Socket Mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from adapters.ports import Finding
from adapters.slack.api import SlackApi
from adapters.slack.errors import SCOPE, TOKEN, trouble
from adapters.slack.settings import SlackSettings
from adapters.slack.socket_mode import NO_SOCKET
from dialogs.errors import HeqiError, Refused, TryLater

# What each scope is for stands in docs/slack.md; deploy/slack-manifest.yaml asks for these.
SCOPES: Final = (
    "chat:write",
    "channels:history",
    "channels:read",
    "groups:history",
    "groups:read",
    "metadata.message:read",
)
_OFFLINE: Final = "请检查网络后再试 (check the network and try again)"


async def check(settings: SlackSettings, api: SlackApi) -> tuple[Finding, ...]:
    """Ask Slack; whatever it answers is a finding."""
    try:
        who, headers = await api.answer("auth.test")
    except HeqiError as error:
        return (_failed("bot token", error),)
    findings = [Finding(what=f"已连接工作区 {who.get('team', '?')}，机器人 {who.get('user', '?')} (connected)")]
    findings.append(_scopes(headers))
    findings.extend([await _channel(api, channel) for channel in channels_of(settings)])
    if settings.mode == "socket":
        findings.append(await _app_token(settings, api))
    return tuple(findings)


def channels_of(settings: SlackSettings) -> tuple[str, ...]:
    """Every channel an alert may go to, each once."""
    operations = () if settings.operations_channel is None else (settings.operations_channel,)
    return tuple(dict.fromkeys([settings.channel, *(route.channel for route in settings.routes), *operations]))


def _scopes(headers: Mapping[str, str]) -> Finding:
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    missing = [scope for scope in SCOPES if scope not in granted]
    if not missing:
        return Finding(what="权限齐全 (all scopes granted)")
    return Finding(what=f"缺少权限 (missing scopes): {_listed(missing)}", fix=trouble(SCOPE))


async def _channel(api: SlackApi, channel: str) -> Finding:
    try:
        answer = await api.call("conversations.info", {"channel": channel})
    except HeqiError as error:
        return _failed(channel, error)
    found = answer.get("channel")
    known = found if isinstance(found, dict) else {}
    name = f"#{known.get('name', '?')} ({channel})"
    if known.get("is_archived"):
        return Finding(what=f"频道 {name} 已归档 (archived)", fix=trouble("channel_archived"))
    if not known.get("is_member"):
        return Finding(what=f"机器人不在频道 {name} 里 (not a member)", fix=trouble("channel_not_joined"))
    return Finding(what=f"频道 {name} 可用 (usable)")


async def _app_token(settings: SlackSettings, api: SlackApi) -> Finding:
    try:
        await api.call("apps.connections.open", token=settings.app_token.reveal())
    except HeqiError as error:
        if str(error) in {TOKEN, SCOPE}:
            return Finding(what="app token 不可用 (the app-level token does not work)", fix=NO_SOCKET)
        return _failed("app token", error)
    return Finding(what="Socket Mode 可用 (usable)")


def _failed(what: str, error: HeqiError) -> Finding:
    reason = error.reason if isinstance(error, (Refused, TryLater)) else str(error)
    return Finding(what=f"{what}: {reason}", fix=trouble(reason) or _OFFLINE)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
