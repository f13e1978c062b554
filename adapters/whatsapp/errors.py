"""Meta's codes, as our errors: the one place where they are read.

Source of the codes: WhatsApp Cloud API, "Error codes" (checked against the edition of May 2026).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from dialogs.errors import Ambiguous, Refused, TryLater, Unreachable, WindowClosed

# Codes after which nothing was sent and the same message may be sent again, with the seconds to wait.
_LATER: Final = {
    0: ("bad_token", 300.0),
    190: ("bad_token", 300.0),
    3: ("no_permission", 300.0),
    10: ("no_permission", 300.0),
    131005: ("no_permission", 300.0),
    4: ("rate_limited", 60.0),  # calls of the app, counted by the hour
    80007: ("rate_limited", 60.0),  # calls of the business account
    130429: ("rate_limited", 5.0),  # messages of the number, counted by the second
    131056: ("pair_rate", 6.0),  # to one buyer, about one in six seconds
    131057: ("maintenance", 300.0),
    131000: ("server_error", 10.0),  # documented as "failed to send"
}
_WINDOW: Final = frozenset({470, 131047})
_REFUSED: Final = {
    33: "no_number",
    100: "bad_request",
    368: "account_restricted",
    130472: "experiment",
    130497: "country_restricted",
    131008: "bad_request",
    131009: "bad_request",
    131021: "own_number",
    131030: "not_allowed_number",
    131031: "account_restricted",
    131037: "display_name",
    131042: "payment",
    131045: "not_registered",
    131048: "spam_limited",
    131049: "policy",
    131050: "opted_out",
    131051: "message_type",
    131052: "media_download",
    131053: "media_type",
    131062: "needs_phone",
    131063: "template_marketing",
    131064: "messaging_limit",
    132000: "template_variables",
    132001: "template_missing",
    132005: "template_too_long",
    132007: "template_policy",
    132008: "template_variables",
    132012: "template_variables",
    132015: "template_paused",
    132016: "template_disabled",
    133010: "not_registered",
    135000: "bad_request",
}
_GONE: Final = frozenset({33, 100, 131052})  # of an attachment that is asked for

# What concerns the whole account and not one message.
ACCOUNT_WIDE: Final = frozenset(
    {
        "bad_token", "no_permission", "rate_limited", "maintenance", "server_error", "no_number", "account_restricted",
        "display_name", "payment", "not_registered", "spam_limited", "messaging_limit", "no_connection", "timeout",
        "connection_lost", "redirected", "malformed_answer",
    }
)  # fmt: skip


class Purpose(Enum):
    """What was asked: it decides what an unclear answer means."""

    SEND = "send"  # it may have been sent
    MEDIA = "media"  # an attachment of a buyer, which may be gone
    ASK = "ask"


def failure(
    *, status: int = 0, code: object = None, after: float | None = None, purpose: Purpose = Purpose.ASK
) -> TryLater | Refused | Ambiguous:
    """What an answer that is no success means for the caller.

    Args:
        status: the HTTP status, 0 in a webhook.
        code: ``code`` of the error as it came, checked here.
        after: the seconds the answer asks to wait.
        purpose: what had been asked for.
    """
    number = code if isinstance(code, int) and not isinstance(code, bool) else -1
    if purpose is Purpose.MEDIA and (status in {404, 410} or number in _GONE):
        return Refused("gone")
    if number in _LATER:
        reason, wait = _LATER[number]
        return TryLater(reason, after=wait if after is None else after)
    if number in _WINDOW:
        return WindowClosed("window_closed")
    if number == 131026:
        return Unreachable("unreachable")
    if number in _REFUSED:
        return Refused(_REFUSED[number])
    if 200 <= number < 300:
        return TryLater("no_permission", after=300.0)
    if 132000 <= number < 133000:
        return Refused("template_refused")
    return _by_status(status, after, purpose)


def _by_status(status: int, after: float | None, purpose: Purpose) -> TryLater | Refused | Ambiguous:
    """For a code that says nothing, or none at all."""
    if status == 401:
        return TryLater("bad_token", after=300.0)
    if status == 403:
        return TryLater("no_permission", after=300.0)
    if status == 429:
        return TryLater("rate_limited", after=60.0 if after is None else after)
    if 300 <= status < 400:
        return TryLater("redirected", after=after)  # a proxy in between; Meta has not seen it
    if status == 413:
        return Refused("too_big")
    if status >= 500 or status == 408:
        return unclear("server_error", purpose, after=after)
    return Refused("refused")


def unclear(reason: str, purpose: Purpose, *, after: float | None = None) -> TryLater | Ambiguous:
    """The error of a call of which nobody knows whether it took effect: only a sent message matters."""
    return Ambiguous(reason) if purpose is Purpose.SEND else TryLater(reason, after=after)
