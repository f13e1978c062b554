"""Parts of the product that commands use beside a running service: no lanes are worked on, no door is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.ports import Preview, Template
from bot.advisers import open_advisers
from bot.agents import StoredAgents
from bot.clocks import SystemClock
from bot.desk import StoredDesk
from bot.feed import ChangeFeed
from bot.knowledge import Knowledge
from bot.settings import Settings
from bot.store import Store
from bot.translators import PassingMemory, open_translators
from dialogs.errors import NotTranslated
from dialogs.manager import DialogManager
from dialogs.messages import Conversation


@asynccontextmanager
async def open_store(settings: Settings, *, alone: bool = False) -> AsyncIterator[Store]:
    """The store of the settings; its folder is made when it is missing.

    Raises:
        StoreError: the database cannot be used, and why.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    store = await Store.open(settings.database_url, alone=alone)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_agents(settings: Settings) -> AsyncIterator[StoredAgents]:
    """The agents of the store."""
    async with open_store(settings) as store:
        agents = StoredAgents(store, SystemClock())
        try:
            yield agents
        finally:
            agents.close()


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[StoredDesk]:
    """What a desk may read; nothing can be translated through it."""
    async with open_store(settings) as store:
        yield closed_desk(store)


def closed_desk(store: Store) -> StoredDesk:
    """The same over a store that is open already."""

    async def preview(_conversation: Conversation, _text: str, _back: bool) -> Preview:  # noqa: FBT001 - the port's
        raise NotTranslated("no engine is open here")

    async def no_templates(_account: str) -> tuple[Template, ...]:
        return ()

    return StoredDesk(
        store=store,
        accounts={},
        feed=ChangeFeed(),
        preview=preview,
        library=lambda _: (),
        health=tuple,
        templates=no_templates,
        now=SystemClock().now,
    )


@asynccontextmanager
async def build_manager(settings: Settings, *, translate: bool) -> AsyncIterator[DialogManager]:
    """A manager without store, for reading messages from a pipe; without ``translate`` no engine is asked."""
    knowledge = Knowledge.load(settings.detector, settings.own_replies)
    async with (
        open_translators(settings, knowledge.detector, PassingMemory(), engines=translate) as translators,
        open_advisers(settings, knowledge.playbooks.titles()) as advisers,
    ):
        yield knowledge.manager(translators, advisers.asked)
