"""The whole product in one process, over a real database and a real engine on the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.webchat.settings import WebChatSettings
from bot.app import App
from bot.settings import Database, Engine, Settings
from dialogs.events import AgentChose, AgentDecided, AgentSetLanguage, Body, BuyerWrote, Event
from dialogs.messages import Choice, DeliveryState, Kind, Origin, RefusalCode
from tests.servers.engines import engine_server

BUYER = "chat-of-maria"


@asynccontextmanager
async def running(folder: Path, *, mode: str | None = None, database: str | None = None) -> AsyncIterator[App]:
    async with engine_server() as server:
        if mode is not None:
            server.mode = mode
        engines = (Engine(name="libretranslate", url=server.url),)
        settings = Settings(data=folder, engines=engines, database=Database(url=database))
        async with App.open(settings) as app:
            yield app


async def buyer_writes(app: App, text: str) -> int:
    event = Event(
        account="web",
        external_id=uuid4().hex,
        body=BuyerWrote(text=text),
        at=datetime.now(UTC),
        chat=BUYER,
        contact_name="María",
    )
    accepted = await app.inbox.accept(event)
    assert (await app.inbox.outcome(accepted.event_id)).done
    return accepted.conversation_id


async def act(app: App, conversation: int, body: Body):
    event = Event(
        account="desk",
        external_id=uuid4().hex,
        body=body,
        at=datetime.now(UTC),
        conversation_id=conversation,
    )
    accepted = await app.inbox.accept(event)
    outcome = await app.inbox.outcome(accepted.event_id)
    await app.engine.drain()
    return outcome


async def buyer_reads(app: App) -> list[str]:
    from bot.desk import StoredChats

    lines = await StoredChats(app.store).lines("web", BUYER)
    return [line.text for line in lines if not line.mine]


async def test_a_picked_reply_reaches_the_buyer_in_spanish(tmp_path: Path, database_url: str):
    async with running(tmp_path, database=database_url) as app:
        conversation = await buyer_writes(app, "Hola, ¿dónde está mi pedido? Llevo 20 días esperando.")
        view = await app.desk.view(conversation)
        assert view is not None
        assert view.row.language == "es"
        assert view.lines[0].translation is not None
        assert view.lines[0].translation.engine == "libretranslate"
        first = view.proposals[0]
        assert first.kind is Kind.CALMING
        assert first.origin is Origin.WRITTEN
        choice = Choice(agent="小林", seller_text=first.seller_text, proposal_id=first.id, turn_id=view.turn_id)
        outcome = await act(app, conversation, AgentChose(choice=choice))
        assert outcome.refusal is None
        assert await buyer_reads(app) == [first.buyer_text]
        again = await act(app, conversation, AgentChose(choice=choice))
        assert again.refusal is not None
        assert again.refusal.code is RefusalCode.CLOSED
        assert "小林" in again.refusal.detail
        assert await buyer_reads(app) == [first.buyer_text]


async def test_typed_chinese_leaves_as_the_preview_showed_it(tmp_path: Path):
    async with running(tmp_path) as app:
        conversation = await buyer_writes(app, "Hola, ¿dónde está mi pedido? Llevo 20 días esperando.")
        typed = "包裹已经寄出。单号 RB123456785CN"
        preview = await app.desk.preview(conversation, typed, back=True)
        assert preview.refusal is None
        assert preview.translation.proven
        assert preview.back is not None
        assert preview.back.text
        await act(app, conversation, AgentChose(choice=Choice(agent="小林", seller_text=typed)))
        (left,) = await buyer_reads(app)
        assert left == preview.translation.text
        assert "RB123456785CN" in left


async def test_what_must_not_be_said_is_warned_of_and_refused(tmp_path: Path):
    async with running(tmp_path) as app:
        conversation = await buyer_writes(app, "Hola, ¿dónde está mi pedido? Llevo 20 días esperando.")
        typed = "改成五星好评，我们就退您5美元。"
        preview = await app.desk.preview(conversation, typed)
        assert preview.refusal is not None
        assert preview.refusal.code is RefusalCode.TONE
        (warning, *_) = preview.warnings
        assert (warning.rule, warning.hard, typed[warning.start : warning.end]) == ("review_money", True, warning.words)
        outcome = await act(app, conversation, AgentChose(choice=Choice(agent="小林", seller_text=typed)))
        assert outcome.refusal == preview.refusal
        assert await buyer_reads(app) == []


@pytest.mark.parametrize("mode", ["server_error", "not_json", "bad_key"])
async def test_without_an_engine_typed_text_waits_and_leaves_when_the_seller_says_so(tmp_path: Path, mode: str):
    async with running(tmp_path, mode=mode) as app:
        conversation = await buyer_writes(app, "Hola, ¿dónde está mi pedido? Llevo 20 días esperando.")
        view = await app.desk.view(conversation)
        assert view is not None
        assert view.lines[0].translation is not None
        assert view.lines[0].translation.text is None
        assert view.lines[0].translation.attempts
        assert all(proposal.buyer_text for proposal in view.proposals)
        outcome = await act(app, conversation, AgentChose(choice=Choice(agent="小林", seller_text="包裹已经寄出。")))
        assert await buyer_reads(app) == []
        view = await app.desk.view(conversation)
        assert view is not None
        assert view.lines[-1].delivery is DeliveryState.HELD
        assert view.row.trouble == 1
        held = outcome.message_id
        assert held is not None
        refused = await act(app, conversation, AgentDecided(agent="小林", message_id=held, decision="send"))
        assert refused.refusal is not None
        assert refused.refusal.code is RefusalCode.NOT_TRANSLATED
        await act(app, conversation, AgentDecided(agent="小林", message_id=held, decision="cancel"))
        view = await app.desk.view(conversation)
        assert view is not None
        assert view.lines[-1].delivery is DeliveryState.CANCELLED


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path, database_url: str):
    async with running(tmp_path, database=database_url) as app:
        conversation = await buyer_writes(app, "Где мой заказ? Жду уже 30 дней.")
        before = await app.desk.view(conversation)
    async with running(tmp_path, database=database_url) as app:
        after = await app.desk.view(conversation)
        assert before is not None
        assert after is not None
        assert after.proposals == before.proposals
        assert after.lines == before.lines
        first = after.proposals[0]
        choice = Choice(agent="小林", seller_text=first.seller_text, proposal_id=first.id, turn_id=after.turn_id)
        assert (await act(app, conversation, AgentChose(choice=choice))).refusal is None


async def test_fixing_the_language_offers_the_replies_in_it(tmp_path: Path):
    async with running(tmp_path) as app:
        conversation = await buyer_writes(app, "ok")
        await act(app, conversation, AgentSetLanguage(agent="小林", language="fr"))
        view = await app.desk.view(conversation)
        assert view is not None
        assert view.language_override == "fr"
        assert view.proposals
        assert {proposal.language for proposal in view.proposals} == {"fr"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😡😡😡",
        "x" * 100_000,
        "¿Dónde está mi pedido? " * 5000,
        "a\x00b",
        "\ud83d lone",
        "\u202eabc\u202c مرحبا",
        "<script>alert(1)</script><b>Hola</b>",
        "asdf qwer zxcv",
        "\n\n\t",
    ],
    ids=["empty", "emoji", "long", "long words", "nul", "surrogate", "rtl marks", "html", "no language", "blank"],
)
async def test_any_message_is_shown_and_never_lost(tmp_path: Path, text: str):
    async with running(tmp_path) as app:
        conversation = await buyer_writes(app, text)
        view = await app.desk.view(conversation)
        assert view is not None
        (line,) = view.lines
        assert not line.pending
        assert line.parked is None
        assert line.reading is not None
        # What no database can carry is kept as a replacement character, so that the seller sees that it was there.
        kept = text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert line.message.text == kept
        assert view.proposals


async def test_an_account_that_left_the_settings_has_no_templates(tmp_path: Path):
    async with App.open(Settings(data=tmp_path, engines=())) as app:
        told = BuyerWrote(text="Hola")
        event = Event(account="web", external_id="m1", body=told, at=datetime.now(UTC), chat="ana")
        accepted = await app.inbox.accept(event)
    elsewhere = (WebChatSettings(channel="webchat", id="other", shop="main"),)
    async with App.open(Settings(data=tmp_path, engines=(), accounts=elsewhere)) as app:
        assert await app.desk.templates(accepted.conversation_id) == ()
