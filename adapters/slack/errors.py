"""Slack's answers, turned into what the caller can do about them; the only place that knows Slack's error codes.

Codes: Slack Web API, "chat.postMessage", "chat.update", "conversations.history" and "Rate limits".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater

TOKEN: Final = "bad_token"  # noqa: S105 - a reason
SCOPE: Final = "missing_scope"
GONE: Final = "message_gone"
CONTENT: Final = "bad_content"
CHANNEL: Final = "channel_"  # how every reason begins that is about the channel

_TOKEN_SECONDS: Final = 300.0  # a token is replaced by a person
_TOKEN: Final = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked", "org_login_required"}
)
_SCOPE: Final = frozenset({"missing_scope", "not_allowed_token_type", "no_permission", "access_denied"})
_CHANNEL: Final[Mapping[str, str]] = {
    "channel_not_found": "channel_not_found",
    "not_in_channel": "channel_not_joined",
    "is_archived": "channel_archived",
    "channel_is_archived": "channel_archived",
    "restricted_action": "channel_restricted",
    "restricted_action_read_only_channel": "channel_restricted",
    "restricted_action_thread_only_channel": "channel_restricted",
    "restricted_action_non_threadable_channel": "channel_restricted",
}
_GONE: Final = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"})
_CONTENT: Final = frozenset(
    {
        "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text",
        "metadata_too_large", "too_many_attachments", "view_too_large",
    }
)  # fmt: skip
# The call failed inside Slack; something of it may have taken effect.
_BROKEN: Final = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


def meaning(error: Exception, *, writes: bool) -> HeqiError:
    """What a failed call means; ``writes`` says that it leaves something new, which must not be left twice."""
    match error:
        case SlackApiError():
            return _answered(error.response, writes=writes)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():  # nothing was sent
            return TryLater("no_connection")
        case TimeoutError():
            return Ambiguous("timeout") if writes else TryLater("timeout")
        case aiohttp.ClientError():
            return Ambiguous("connection_lost") if writes else TryLater("no_connection")
        case _:  # an answer the library cannot read; the call was made
            return Ambiguous("malformed_answer") if writes else TryLater("malformed_answer")


def _answered(response: object, *, writes: bool) -> HeqiError:
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 200)
    code = code_of(response)
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return TryLater("rate_limited", after=_retry_after(getattr(response, "headers", {})))
    if code in _TOKEN:
        return TryLater(TOKEN, after=_TOKEN_SECONDS)
    if code in _SCOPE:
        return Refused(SCOPE)
    if code in _CHANNEL:
        return Refused(_CHANNEL[code])
    if code in _GONE:
        return Refused(GONE)
    if code in _CONTENT:
        return Refused(CONTENT)
    if code in _BROKEN or not code or status >= 500:
        return Ambiguous("server_error") if writes else TryLater("server_error")
    return Refused(f"slack_{code}")


def code_of(response: object) -> str:
    """Slack's own word for what went wrong, empty when the answer has none."""
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and _WORD.fullmatch(code) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    """The seconds of Retry-After; Slack always sends them, 30 is what its slowest tier needs at most."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else 30.0


def trouble(reason: str) -> str:
    """How a lasting refusal is mended, empty for what a person cannot mend."""
    if reason.startswith("slack_"):
        return ""
    return _FIXES.get(reason, "")


_FIXES: Final[Mapping[str, str]] = {
    TOKEN: "机器人令牌失效，请在 Slack 应用页面重新安装并更换 bot token "
    "(the bot token is no longer valid; reinstall the app and replace it)",
    SCOPE: "应用缺少权限，请按 docs/slack.md 的清单补上并重新安装 "
    "(the app lacks scopes; add those of docs/slack.md and reinstall it)",
    "channel_not_found": "找不到频道，请核对频道 ID；私有频道要先邀请机器人 "
    "(channel not found; check its ID, invite the bot into a private channel)",
    "channel_not_joined": "机器人不在频道里，请在频道中发送 /invite @机器人 "
    "(the bot is not in the channel; send /invite @bot there)",
    "channel_archived": "频道已归档，请恢复它或改用别的频道 (the channel is archived; restore it or set another)",
    "channel_restricted": "频道不允许机器人发言，请在频道设置里放开 "
    "(the bot may not post in the channel; allow it in the channel's settings)",
}
