"""Accounts: which shop an account on a platform belongs to, and what its channel can carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dialogs.messages import Capabilities, Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of a shop on one channel, from the settings."""

    shop: Shop
    channel: str
    capabilities_in: Callable[[str], Capabilities] = lambda _chat: Capabilities()


Accounts = Mapping[str, Account]


def account_of(accounts: Accounts, name: str, *, shop: str, channel: str) -> Account:
    """The account of a stored conversation; one that has left the settings keeps what is stored of it."""
    return accounts.get(name) or Account(shop=Shop(id=shop, name=shop), channel=channel)
