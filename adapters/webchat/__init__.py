"""The web chat: a channel of our own, for buyers who come through the shop's site and for trying Heqi out."""

from adapters.webchat.channel import WebChat

__all__ = ["WebChat"]
