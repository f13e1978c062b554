"""Channels: the only list. A new channel is a package beside this file and one line in CHANNELS.

The package offers a subclass of ``adapters.ports.Channel`` and a function that makes one account of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.ports import Blobs, Channel, Chats, Feed, Inbox
from adapters.webchat import WebChat
from dialogs.messages import Capabilities, Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a channel may ask of the rest."""

    inbox: Inbox
    chats: Chats
    feed: Feed
    blobs: Blobs
    demo: bool = False


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind of channel: what it can carry, and how an account of a shop is made."""

    capabilities: Capabilities
    make: Callable[[str, Shop, Surroundings], Channel]


def _webchat(account: str, shop: Shop, around: Surroundings) -> Channel:
    return WebChat(
        account=account,
        shop=shop.id,
        title=shop.name,
        inbox=around.inbox,
        chats=around.chats,
        feed=around.feed,
        blobs=around.blobs,
        demo=around.demo,
    )


CHANNELS: Final[Mapping[str, ChannelKind]] = {
    "webchat": ChannelKind(WebChat.capabilities, _webchat),
}
