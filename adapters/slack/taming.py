"""Slack's payloads reduced to what is known: only fields that are used, only with the types and sizes they have.

Shapes: Slack, "Events API" (message), "Interaction payloads" (block_actions, view_submission, view_closed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from adapters.counts import count
from adapters.doors import clean
from adapters.slack.mrkdwn import emoji_of
from adapters.slack.values import APPROVE, CLAIM, ESCALATE, NAME, OPEN, REJECT, RESOLVE, SEND, WINDOW

Json = dict[str, Any]

# Kinds of messages that are something a person wrote just now; edits, deletions, joins and so on are not.
_WRITTEN: Final = frozenset({"", "thread_broadcast", "file_share"})
_BUTTONS: Final = frozenset({CLAIM, APPROVE, REJECT, ESCALATE, RESOLVE, SEND})
_TEXT: Final = 40_000  # characters of a message ("chat.postMessage")
_VALUE: Final = 2_000  # of a button's value

_USER: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{2,30}")
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_EVENT: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_VIEW: Final = re.compile(r"V[A-Z0-9]{2,40}")
_TRIGGER: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


def tamed(payload: object) -> Json | None:
    """The payload for a listener, None when it means nothing here and is only to be acknowledged."""
    given = _dict(payload)
    match given.get("type"):
        case "url_verification":
            return _challenge(given)
        case "event_callback":
            return _message(given)
        case "block_actions":
            return _press(given)
        case "view_submission" | "view_closed":
            return _window(given)
        case _:
            count(NAME, "unknown_kind")
            return None


def _challenge(given: Mapping[str, object]) -> Json | None:
    challenge = given.get("challenge")
    if not isinstance(challenge, str) or len(challenge) > _VALUE:
        return _odd()
    return {"type": "url_verification", "challenge": clean(challenge)}


def _message(given: Mapping[str, object]) -> Json | None:
    event = _dict(given.get("event"))
    subtype = event.get("subtype", "")
    if event.get("type") != "message" or not isinstance(subtype, str) or subtype not in _WRITTEN:
        count(NAME, "other_event")
        return None
    if event.get("bot_id") or event.get("app_id"):
        count(NAME, "bot_message")
        return None
    if "thread_ts" not in event or event["thread_ts"] == event.get("ts"):
        count(NAME, "no_reply")
        return None
    event_id = _text(_EVENT, given.get("event_id"))
    channel = _text(_CHANNEL, event.get("channel"))
    user = _text(_USER, event.get("user"))
    ts, thread = _text(_TS, event.get("ts")), _text(_TS, event.get("thread_ts"))
    text = event.get("text", "")
    if not (event_id and channel and user and ts and thread) or not isinstance(text, str) or len(text) > _TEXT:
        return _odd()
    return {
        "type": "event_callback",
        "event_id": event_id,
        "event": {
            "type": "message",
            "channel": channel,
            "user": user,
            "ts": ts,
            "thread_ts": thread,
            "text": clean(text),
            "emoji": emoji_of(event.get("blocks")),
            "files": bool(event.get("files")),
        },
    }


def _press(given: Mapping[str, object]) -> Json | None:
    presses = given.get("actions")
    pressed = _dict(presses[0]) if isinstance(presses, list) and presses else {}
    action = pressed.get("action_id")
    if action == OPEN:
        return None  # the link opened by itself
    if not isinstance(action, str) or action not in _BUTTONS:
        count(NAME, "unknown_button")
        return None
    message = _dict(given.get("message"))
    value, at = pressed.get("value"), _text(_TS, pressed.get("action_ts"))
    user = _text(_USER, _dict(given.get("user")).get("id"))
    channel = _text(_CHANNEL, _dict(given.get("channel")).get("id"))
    ts = _text(_TS, message.get("ts"))
    if not (at and user and channel and ts) or not isinstance(value, str) or len(value) > _VALUE:
        return _odd()
    return {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": channel},
        "message": {"ts": ts, "thread_ts": _text(_TS, message.get("thread_ts")) or ts},
        "trigger_id": _text(_TRIGGER, given.get("trigger_id")),
        "actions": [{"type": "button", "block_id": "b", "action_id": action, "value": clean(value), "action_ts": at}],
    }


def _window(given: Mapping[str, object]) -> Json | None:
    view = _dict(given.get("view"))
    if view.get("callback_id") != WINDOW:
        count(NAME, "unknown_kind")
        return None
    user, window = _text(_USER, _dict(given.get("user")).get("id")), _text(_VIEW, view.get("id"))
    if not (user and window):
        return _odd()
    return {"type": given["type"], "user": {"id": user}, "view": {"id": window, "type": "modal", "callback_id": WINDOW}}


def _odd() -> Json | None:
    """Something of ours in a shape it never has."""
    count(NAME, "malformed")
    return None


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(shape: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and shape.fullmatch(value) else ""
