"""Channels: the only list. A new channel is a package beside this file and one line in CHANNELS.

The package offers its settings and capabilities in a module that loads nothing heavy, and a subclass of
``adapters.ports.Channel`` that is loaded when an account uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters.bridge import settings as bridge
from adapters.ports import Board, Channel
from adapters.settings import AccountSettings
from adapters.surroundings import Surroundings
from adapters.telegram import settings as telegram
from adapters.webchat import settings as webchat
from adapters.whatsapp import settings as whatsapp
from dialogs.messages import Capabilities, Shop

if TYPE_CHECKING:
    from adapters.slack.settings import SlackSettings


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind of channel: its settings, what a chat of it can carry, and how an account of a shop is made."""

    settings: type[AccountSettings]
    capabilities_in: Callable[[Any, str], Capabilities]  # of an account with these settings, in a chat
    make: Callable[[Any, Shop, Surroundings], Channel]


def _webchat(settings: webchat.WebChatSettings, shop: Shop, around: Surroundings) -> Channel:
    from adapters.webchat import WebChat  # noqa: PLC0415 - only what is used is loaded

    return WebChat(
        account=settings.id,
        shop=shop.id,
        title=shop.name,
        inbox=around.inbox,
        chats=around.chats,
        feed=around.feed,
        blobs=around.blobs,
        demo=around.demo,
        now=around.now,
    )


def _telegram(settings: telegram.TelegramSettings, shop: Shop, around: Surroundings) -> Channel:
    from adapters.telegram.channel import Telegram  # noqa: PLC0415

    return Telegram(settings, shop, around)


def _whatsapp(settings: whatsapp.WhatsAppSettings, shop: Shop, around: Surroundings) -> Channel:
    from adapters.whatsapp.channel import WhatsApp  # noqa: PLC0415

    return WhatsApp(settings, shop, around)


def _bridge(settings: bridge.BridgeSettings, shop: Shop, around: Surroundings) -> Channel:
    from adapters.bridge.channel import Bridge  # noqa: PLC0415

    return Bridge(settings, shop, around)


CHANNELS: Final[Mapping[str, ChannelKind]] = {
    "webchat": ChannelKind(webchat.WebChatSettings, lambda _settings, _chat: webchat.CAPABILITIES, _webchat),
    "telegram": ChannelKind(
        telegram.TelegramSettings, lambda _settings, chat: telegram.capabilities_in(chat), _telegram
    ),
    "whatsapp": ChannelKind(whatsapp.WhatsAppSettings, lambda _settings, _chat: whatsapp.CAPABILITIES, _whatsapp),
    "bridge": ChannelKind(bridge.BridgeSettings, bridge.capabilities_of, _bridge),
}


def slack_board(settings: SlackSettings, shops: frozenset[str], around: Surroundings) -> Board:
    """The team's Slack, for the conversations of ``shops``."""
    from adapters.slack.board import SlackBoard  # noqa: PLC0415

    return SlackBoard(settings, shops, around)


def refers(key: str, text: str) -> int | str | None:
    """What a row that an account or the team's board keeps is about: a conversation, or the key of another row.

    Every kind of row has a name of its own, so it need not be known whose it is; None: about neither.

    Raises:
        ValueError: the row is not as it should be.
    """
    from adapters.slack.records import refers as on_slack  # noqa: PLC0415
    from adapters.telegram.desk.records import refers as on_telegram  # noqa: PLC0415

    found = on_slack(key, text)
    return on_telegram(key, text) if found is None else found
