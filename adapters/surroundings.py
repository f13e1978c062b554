"""What the rest of the product offers to a channel or a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.ports import AccountState, Blobs, Chats, Desk, Feed, Inbox, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a channel or a board may ask of the rest.

    ``state`` gives an account what it keeps. ``public_url`` is the https address platforms can reach, None when there
    is none; ``url`` is where people open the desk. ``titles`` are the Chinese names of situations.
    """

    inbox: Inbox
    chats: Chats
    feed: Feed
    blobs: Blobs
    desk: Desk
    team: Team
    state: Callable[[str], AccountState]
    now: Callable[[], datetime]
    url: str
    public_url: str | None = None
    titles: Mapping[str, str]
    demo: bool = False
