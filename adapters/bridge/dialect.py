"""What a bridge's own language must offer: how it signs, what it tells, how it is told to send."""

from __future__ import annotations

import abc
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import aiohttp

from adapters.bridge.settings import BridgeSettings
from adapters.ports import Outgoing

Json = dict[str, Any]
UNKNOWN: Json = {"type": "unknown"}  # something this product has no use for: counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One request at the door; header names are in lower case."""

    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def digest(self) -> str:
        """Tells two requests apart that have no id of their own."""
        return hashlib.sha256(self.body).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What leaves with a message."""

    content: bytes
    mime: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the bridge."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | aiohttp.FormData | None = None


class Dialect(abc.ABC):
    """One bridge's language. What it reads becomes events of the contract, as JSON that is still to be checked."""

    needed: ClassVar[tuple[str, ...]]  # one of these headers must be there before a body is read

    def __init__(self, settings: BridgeSettings, now: Callable[[], datetime], door: str | None) -> None:
        """Args: ``door`` is the full address the bridge posts to, None when nothing outside reaches this machine."""
        self.settings = settings
        self.secrets = tuple(secret.reveal() for secret in settings.secrets)
        self.key = settings.key.reveal()
        self.now = now
        self.door = door

    @property
    def reply(self) -> tuple[str, str]:
        """Body and mime type that thank for an event."""
        return '{"ok":true}', "application/json"

    @abc.abstractmethod
    def verify(self, knock: Knock) -> str:
        """An id of the delivery that is the same when it is posted again.

        Raises:
            BadSignature: it does not come from the bridge.
        """

    @abc.abstractmethod
    def read(self, knock: Knock) -> Sequence[object]:
        """The events in it.

        Raises:
            Malformed: the body cannot be read at all.
        """

    @abc.abstractmethod
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        """The request that sends one message.

        Raises:
            Refused: this bridge has no way to send such a thing.
        """

    @abc.abstractmethod
    def external_id(self, answer: object) -> str:
        """The platform's id in the answer to ``message``, empty when there is none."""

    @abc.abstractmethod
    def reason(self, status: int, answer: object) -> str:
        """Why the bridge did not send: ``unreachable``, ``window_closed``, ``not_connected``, else empty."""

    @abc.abstractmethod
    def asking(self) -> Call:
        """The request that asks how the bridge's connection is."""

    @abc.abstractmethod
    def state(self, answer: object) -> str:
        """What ``asking`` was answered: ``connected`` or what else; empty when it does not tell."""

    def media_headers(self) -> Mapping[str, str]:
        """What the bridge's own host wants to see before it gives an attachment."""
        return {}


def as_json(body: object) -> bytes:
    """``body`` as it is sent; in ASCII, so that no half of a surrogate pair can stop it."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")
