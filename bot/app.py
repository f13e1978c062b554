"""The composition root: everything is built here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from starlette.applications import Starlette

from adapters.channels import CHANNELS, slack_board
from adapters.desk import DeskPages
from adapters.library import WrittenReply
from adapters.ports import Board, Channel, Preview, Template
from adapters.surroundings import Surroundings
from bot import metrics
from bot.accounts import Account
from bot.advisers import open_advisers
from bot.agents import StoredAgents
from bot.boards import Boards
from bot.clocks import SystemClock
from bot.desk import StoredChats, StoredDesk
from bot.downloads import Downloads
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.health import Health, Limits
from bot.inbox import Inbox
from bot.knowledge import Knowledge
from bot.neighbours import Neighbours
from bot.outbox import Outbox
from bot.parts import open_store
from bot.processes import open_many, open_one
from bot.retention import retention_of
from bot.roles import Role
from bot.settings import Settings
from bot.store import Store, StoreError
from bot.store.blobs import StoredBlobs
from bot.store.memory import StoredMemory
from bot.store.states import StoredState
from bot.story import load_story
from bot.story_translator import StoryTranslator
from bot.team import StoredTeam
from bot.tracing import exporting
from bot.translators import open_translators
from bot.turns import Turns
from bot.watch import ACCOUNT as WATCH
from bot.watch import Watch
from bot.web import build_app
from bot.worker import Worker
from dialogs.answers import refusal_of
from dialogs.errors import Refused
from dialogs.manager import DialogManager
from dialogs.messages import SELLER_LANGUAGE, Conversation, Refusal, Translation

DEMO_AGENT: Final = "店主"
DEMO_BUYERS: Final = {"maria": "es", "ivan": "ru", "amal": "ar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The running product. ``web`` is the ASGI app; the rest is for those who run beside it."""

    settings: Settings
    role: Role
    store: Store
    engine: WorkEngine
    inbox: Inbox
    desk: StoredDesk
    agents: StoredAgents
    feed: ChangeFeed
    channels: Mapping[str, Channel]
    web: Starlette
    demo: bool
    login: str | None = None  # one-time link of the demo's agent

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, role: Role = Role.ALL, demo: bool = False) -> AsyncIterator[App]:
        """Build everything and start working on what lies open; stop and close it in the opposite order.

        Raises:
            BadData: a file of knowledge is wrong.
            StoreError: the database cannot be used, and why.
        """
        if role is not Role.ALL and not settings.is_shared:
            raise StoreError(
                f"--role {role.value} needs a PostgreSQL database, which several processes can share: "
                "set [database] url to postgresql://…, or start without --role"
            )
        knowledge = Knowledge.load(settings.detector, settings.own_replies)
        clock, feed = SystemClock(), ChangeFeed()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(exporting(settings.tracing.endpoint if settings.tracing else None))
            store = await stack.enter_async_context(open_store(settings, alone=not settings.is_shared))
            translators = await stack.enter_async_context(
                open_translators(settings, knowledge.detector, StoredMemory(store, clock))
            )
            advisers = await stack.enter_async_context(open_advisers(settings, knowledge.playbooks.titles()))
            translator = StoryTranslator(translators, load_story()) if demo else translators
            manager = knowledge.manager(translator, advisers.asked, advisers.drafter)
            accounts = _accounts(settings)
            many = await open_many(settings, store, clock) if settings.is_shared else open_one(store, clock)
            stack.push_async_callback(many.engine.stop)
            inbox = Inbox(store=store, engine=many.engine, accounts=accounts, clock=clock, feed=feed)
            await stack.enter_async_context(many.relayed(feed, inbox))
            channels: dict[str, Channel] = {}
            desk = StoredDesk(
                store=store,
                accounts=accounts,
                feed=feed,
                preview=_preview(manager),
                library=_library(manager),
                health=lambda: (*translators.health(), *advisers.health()),
                templates=partial(_templates, channels),
                now=clock.now,
            )
            around = Surroundings(
                inbox=inbox,
                chats=StoredChats(store),
                feed=feed,
                blobs=StoredBlobs(store, clock),
                desk=desk,
                team=StoredTeam(store, clock),
                state=lambda account: StoredState(store, account),
                now=clock.now,
                url=settings.server.url,
                public_url=settings.server.platform_url,
                titles=knowledge.playbooks.titles(),
                demo=demo,
            )
            channels.update(_channels(settings, around))
            shown_on = _boards(settings, channels, around)
            parts: dict[str, Channel | Board] = {**channels, **{board.name: board for board in shown_on}}
            boards = Boards(shown_on, store=store, engine=many.engine, desk=desk, clock=clock)
            neighbours = Neighbours(store) if settings.is_shared else None
            health = Health(
                store,
                clock,
                boards,
                parts,
                limits=Limits(lag=timedelta(seconds=settings.operations.lag), failures=settings.operations.failures),
                engines=translators,
                folder=None if settings.is_shared else settings.data,
                neighbours=neighbours,
                own=many.problems,
            )
            watch = Watch(
                health,
                clock,
                operators=next((found for board in shown_on if (found := board.operators())), None),
                state=StoredState(store, WATCH),
                neighbours=neighbours,
            )
            agents = StoredAgents(store, clock)
            stack.callback(agents.close)
            for part in parts.values():
                await part.start()
                stack.push_async_callback(part.stop)
            if role.works:
                turns = Turns(
                    store=store,
                    engine=many.engine,
                    inbox=inbox,
                    manager=manager,
                    accounts=accounts,
                    clock=clock,
                    feed=feed,
                    boards=boards,
                )
                outbox = Outbox(
                    store=store,
                    engine=many.engine,
                    channels=channels,
                    clock=clock,
                    feed=feed,
                    accounts=accounts,
                    boards=boards,
                )
                stack.push_async_callback(outbox.stored)
                downloads = Downloads(
                    store=store, engine=many.engine, channels=channels, clock=clock, feed=feed, boards=boards
                )
                worker = Worker(turns=turns, outbox=outbox, boards=boards, downloads=downloads)
                owned = {f"receive:{name}": part.receive for name, part in parts.items()}
                owned["watch"] = watch.run
                owned["retention"] = retention_of(settings, store, clock).run
                # Last to start and first to stop: what is worked on is sent through what is open.
                await stack.enter_async_context(many.working(worker.drain, owned))
            await stack.enter_async_context(watch.beside())
            metrics.follow_lanes(lambda: many.engine.lanes()[0], lambda: many.engine.lanes()[1])
            pages = None
            if role.serves:
                pages = DeskPages(
                    desk=desk,
                    inbox=inbox,
                    feed=feed,
                    agents=agents,
                    blobs=around.blobs,
                    situation_titles=around.titles,
                )
            yield cls(
                settings=settings,
                role=role,
                store=store,
                engine=many.engine,
                inbox=inbox,
                desk=desk,
                agents=agents,
                feed=feed,
                channels=channels,
                web=build_app(
                    ready=health.problems,
                    metrics_from=settings.operations.metrics_from,
                    desk=pages,
                    channels=tuple(parts.values()) if role.serves else (),
                    demo_chats=_demo_chats(settings) if demo else (),
                ),
                demo=demo,
                login=await _demo_login(agents) if demo else None,
            )

    def addresses(self) -> tuple[tuple[str, str], ...]:
        """What people open, with a label each; in the demo the first one logs the seller in, once."""
        root = self.settings.server.url
        chats = tuple((f"买家聊天 web chat ({account})", f"{root}/chat/{account}") for account in self._chat_accounts())
        if self.login is None:
            return (("工作台 desk", f"{root}/desk/"), *chats)
        return (("演示 demo (一次性登录链接 one-time link)", f"{root}/login/{self.login}?next=/demo"), *chats)

    def _chat_accounts(self) -> tuple[str, ...]:
        return tuple(name for name, channel in self.channels.items() if channel.name == "webchat")


def _accounts(settings: Settings) -> dict[str, Account]:
    shops = settings.shop_values
    return {
        account.id: Account(
            shop=shops[account.shop],
            channel=account.channel,
            capabilities_in=partial(CHANNELS[account.channel].capabilities_in, account),
        )
        for account in settings.channel_accounts
    }


def _channels(settings: Settings, around: Surroundings) -> dict[str, Channel]:
    shops = settings.shop_values
    return {
        account.id: CHANNELS[account.channel].make(account, shops[account.shop], around)
        for account in settings.channel_accounts
    }


async def _templates(channels: Mapping[str, Channel], account: str) -> tuple[Template, ...]:
    """The templates of an account; one that has left the settings has none."""
    channel = channels.get(account)
    return () if channel is None else await channel.templates()


def _boards(settings: Settings, channels: Mapping[str, Channel], around: Surroundings) -> tuple[Board, ...]:
    boards = [board for channel in channels.values() if (board := channel.board()) is not None]
    if settings.slack is not None:
        boards.append(slack_board(settings.slack, frozenset(settings.shop_values), around))
    return tuple(boards)


def _preview(manager: DialogManager) -> Callable[[Conversation, str, bool], Awaitable[Preview]]:
    async def preview(conversation: Conversation, seller_text: str, back: bool) -> Preview:  # noqa: FBT001 - the port's
        found = await manager.preview(seller_text, conversation)
        if isinstance(found, Refusal):
            nothing = Translation(text=None, source=SELLER_LANGUAGE, target="und", proven=False)
            return Preview(
                translation=nothing, refusal=found, warnings=manager.warnings(seller_text, None, conversation)
            )
        warnings = manager.warnings(seller_text, found.text, conversation)
        chinese = await manager.back(found, seller_text, conversation, asked=back)
        return Preview(translation=found, refusal=refusal_of(warnings), back=chinese, warnings=warnings)

    return preview


def _library(manager: DialogManager) -> Callable[[Conversation], tuple[WrittenReply, ...]]:
    def library(conversation: Conversation) -> tuple[WrittenReply, ...]:
        return tuple(
            WrittenReply(each.id, each.situation, each.kind, each.seller_text, each.missing, each.written)
            for each in manager.library(conversation)
        )

    return library


def _demo_chats(settings: Settings) -> tuple[str, ...]:
    account = settings.channel_accounts[0].id
    return tuple(f"/chat/{account}?as={buyer}&lang={language}" for buyer, language in DEMO_BUYERS.items())


async def _demo_login(agents: StoredAgents) -> str:
    try:
        await agents.add(DEMO_AGENT, role="lead")
    except Refused as error:
        if error.reason != "name_taken":
            raise
    return await agents.link(DEMO_AGENT)
