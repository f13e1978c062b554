"""Signatures of the contract: Standard Webhooks, HMAC-SHA256 over ``id.timestamp.body`` with a ``whsec_`` secret."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks import Webhook

from dialogs.errors import BadSignature

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)  # Standard Webhooks, "Verifying webhook authenticity"

_SECONDS: Final = re.compile(r"[1-9][0-9]{0,10}")
_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_MAX_SIGNATURES: Final = 10


def fresh(timestamp: str, now: datetime) -> datetime:
    """The moment in ``timestamp`` (Unix seconds).

    Raises:
        BadSignature: it is no number, or more than five minutes from now.
    """
    if not _SECONDS.fullmatch(timestamp):
        raise BadSignature("the timestamp is not a number of seconds")
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise BadSignature("the timestamp is too old or too new")
    return datetime.fromtimestamp(int(timestamp), UTC)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """Check a signed request and return its ``webhook-id``.

    Raises:
        BadSignature: it is not signed with one of the secrets, or not now.
    """
    name = headers.get(ID, "")
    moment = fresh(headers.get(TIMESTAMP, ""), now)
    if not _ID.fullmatch(name):
        raise BadSignature("the webhook-id is missing or strange")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadSignature("the body is not UTF-8") from None
    given = [one.encode("utf-8", "replace") for one in headers.get(SIGNATURE, "").split(" ")[:_MAX_SIGNATURES]]
    if not any_same(given, [_signature(secret, name, moment, text).encode() for secret in secrets]):
        raise BadSignature("no signature is right")
    return name


def any_same(given: Sequence[bytes], right: Sequence[bytes]) -> bool:
    """Whether one of the given is one of the right; all pairs are compared, in constant time each."""
    found = [hmac.compare_digest(one, other) for one in given for other in right]
    return any(found)


def signed(secret: str, name: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of a request that is signed now."""
    moment = now.replace(microsecond=0)
    return {
        ID: name,
        TIMESTAMP: str(int(moment.timestamp())),
        SIGNATURE: _signature(secret, name, moment, body.decode("utf-8")),
    }


def _signature(secret: str, name: str, moment: datetime, text: str) -> str:
    return Webhook(secret).sign(msg_id=name, timestamp=moment, data=text)
