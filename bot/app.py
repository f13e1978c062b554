"""The composition root: everything is built here and nowhere else."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override

from adapters.channels import CHANNELS, slack_board
from adapters.desk import DeskPages
from adapters.ports import Board, Channel, Preview, Template
from adapters.surroundings import Surroundings
from bot.accounts import Account
from bot.agents import StoredAgents
from bot.boards import Boards
from bot.clocks import SystemClock
from bot.desk import StoredChats, StoredDesk
from bot.downloads import Downloads
from bot.engine.embedded import EmbeddedEngine
from bot.feed import ChangeFeed
from bot.health import Health
from bot.inbox import Inbox
from bot.knowledge import Knowledge
from bot.outbox import Outbox
from bot.parts import open_store
from bot.settings import Settings
from bot.store import Store
from bot.store.blobs import StoredBlobs
from bot.store.memory import StoredMemory
from bot.store.states import StoredState
from bot.story import load_story
from bot.story_translator import StoryTranslator
from bot.team import StoredTeam
from bot.translators import open_translators
from bot.turns import Turns
from bot.web import build_app
from bot.worker import Worker
from dialogs.errors import Refused
from dialogs.manager import DialogManager
from dialogs.messages import SELLER_LANGUAGE, Conversation, Refusal, Translation

DEMO_AGENT: Final = "店主"
DEMO_BUYERS: Final = {"maria": "es", "ivan": "ru", "amal": "ar"}
_GRACE: Final = 5  # seconds open requests are given when the service stops


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The running product. ``web`` is the ASGI app; the rest is for those who run beside it."""

    settings: Settings
    store: Store
    engine: EmbeddedEngine
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
    async def open(cls, settings: Settings, *, demo: bool = False) -> AsyncIterator[App]:
        """Build everything and start working on what lies open; stop and close it in the opposite order.

        Raises:
            BadData: a file of knowledge is wrong.
            StoreError: the database cannot be used, and why.
        """
        knowledge = Knowledge.load(settings.detector)
        clock, feed = SystemClock(), ChangeFeed()
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(settings, alone=True))
            translators = await stack.enter_async_context(
                open_translators(settings, knowledge.detector, StoredMemory(store, clock))
            )
            manager = knowledge.manager(StoryTranslator(translators, load_story()) if demo else translators)
            accounts = _accounts(settings)
            engine = EmbeddedEngine(clock)
            inbox = Inbox(store=store, engine=engine, accounts=accounts, clock=clock, feed=feed)
            channels: dict[str, Channel] = {}
            desk = StoredDesk(
                store=store,
                accounts=accounts,
                feed=feed,
                preview=_preview(manager),
                health=translators.health,
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
            boards = Boards(shown_on, store=store, engine=engine, desk=desk, clock=clock)
            turns = Turns(
                store=store,
                engine=engine,
                inbox=inbox,
                manager=manager,
                accounts=accounts,
                clock=clock,
                feed=feed,
                boards=boards,
            )
            outbox = Outbox(
                store=store,
                engine=engine,
                channels=channels,
                clock=clock,
                feed=feed,
                accounts=accounts,
                boards=boards,
            )
            downloads = Downloads(store=store, engine=engine, channels=channels, clock=clock, feed=feed, boards=boards)
            agents = StoredAgents(store, clock)
            stack.callback(agents.close)
            pages = DeskPages(
                desk=desk,
                inbox=inbox,
                feed=feed,
                agents=agents,
                blobs=around.blobs,
                situation_titles=around.titles,
            )
            worker = Worker(
                store=store,
                engine=engine,
                turns=turns,
                outbox=outbox,
                boards=boards,
                downloads=downloads,
                clock=clock,
            )
            parts: dict[str, Channel | Board] = {**channels, **{board.name: board for board in shown_on}}
            for part in parts.values():
                await part.start()
                stack.push_async_callback(part.stop)
            # Last to start and first to stop: what is worked on is sent through what is open.
            await worker.start()
            stack.push_async_callback(engine.stop)
            yield cls(
                settings=settings,
                store=store,
                engine=engine,
                inbox=inbox,
                desk=desk,
                agents=agents,
                feed=feed,
                channels=channels,
                web=build_app(
                    ready=Health(
                        store, clock, boards, {**channels, **{board.name: board for board in shown_on}}
                    ).problems,
                    desk=pages,
                    channels=tuple(parts.values()),
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


async def serve(
    settings: Settings, *, demo: bool = False, ready: Callable[[App], Awaitable[None]] | None = None
) -> None:
    """Run until a signal says stop; ``ready`` is called once requests are answered."""
    async with App.open(settings, demo=demo) as app:
        server = _Server(
            uvicorn.Config(
                app.web,
                host=settings.server.host,
                port=settings.server.port,
                log_config=None,
                proxy_headers=True,
                forwarded_allow_ips=",".join(settings.server.trusted_proxies),
                timeout_graceful_shutdown=_GRACE,
                server_header=False,
            )
        )
        serving = asyncio.create_task(server.serve(), name="web")
        telling = asyncio.create_task(_when_ready(server, app, ready), name="ready") if ready else None
        try:
            await serving
        finally:
            if telling is not None:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)


async def _when_ready(server: _Server, app: App, ready: Callable[[App], Awaitable[None]]) -> None:
    await server.listening.wait()
    await ready(app)


class _Server(uvicorn.Server):
    """The web server, stopping on a signal without raising it again: what is open must still be closed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in signals:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except NotImplementedError:  # Windows has no signal handlers on the loop
            with super().capture_signals():
                yield
            return
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


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
            return Preview(translation=nothing, refusal=found)
        chinese = await manager.back(found.text, conversation) if back and found.text else None
        return Preview(translation=found, back=chinese)

    return preview


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
