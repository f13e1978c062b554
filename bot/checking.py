"""Checking accounts: asks every platform whether tokens, webhooks and rights are as they must be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.channels import CHANNELS, slack_board
from adapters.ports import Board, Channel, Finding, Outcome
from adapters.surroundings import Surroundings
from bot.clocks import SystemClock
from bot.desk import StoredChats
from bot.feed import ChangeFeed
from bot.parts import closed_desk, open_store
from bot.settings import Settings
from bot.store import Store
from bot.store.blobs import StoredBlobs
from bot.store.states import StoredState
from bot.team import StoredTeam
from dialogs.errors import TryLater
from dialogs.events import Accepted, Event

# A platform that does not answer within so many seconds is itself a finding.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found about one account or board."""

    name: str
    findings: tuple[Finding, ...]


async def check_accounts(settings: Settings) -> tuple[Checked, ...]:
    """Ask all platforms at once; beside a running service nothing is received and nothing is sent.

    Raises:
        StoreError: the database cannot be used, and why.
    """
    async with open_store(settings) as store:
        parts = _parts(settings, _surroundings(settings, store))
        return tuple(await asyncio.gather(*(_check(name, part) for name, part in parts)))


async def _check(name: str, part: Channel | Board) -> Checked:
    try:
        async with asyncio.timeout(PATIENCE):
            return Checked(name, await part.check())
    except TimeoutError:
        fix = "检查服务器能否访问该平台 (see whether this machine can reach the platform)"
        return Checked(name, (Finding(what="平台没有回应 (no answer)", fix=fix),))


def _parts(settings: Settings, around: Surroundings) -> Sequence[tuple[str, Channel | Board]]:
    shops = settings.shop_values
    parts: list[tuple[str, Channel | Board]] = [
        (account.id, CHANNELS[account.channel].make(account, shops[account.shop], around))
        for account in settings.channel_accounts
    ]
    if settings.slack is not None:
        parts.append(("slack", slack_board(settings.slack, frozenset(shops), around)))
    return parts


class _ClosedInbox:
    """Whatever arrives while accounts are checked stays on its platform."""

    async def accept(self, event: Event) -> Accepted:
        raise TryLater(f"{event.account} is only checked")

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        raise TimeoutError(event_id, timeout)


def _surroundings(settings: Settings, store: Store) -> Surroundings:
    clock = SystemClock()
    return Surroundings(
        inbox=_ClosedInbox(),
        chats=StoredChats(store),
        feed=ChangeFeed(),
        blobs=StoredBlobs(store, clock),
        desk=closed_desk(store),
        team=StoredTeam(store, clock),
        state=lambda account: StoredState(store, account),
        now=clock.now,
        url=settings.server.url,
        public_url=settings.server.platform_url,
        titles={},
    )
