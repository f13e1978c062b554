"""What showing costs: one write before a card and one after it, nothing for what did not change, and nothing missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapters.ports import Escalation
from adapters.telegram.desk import showcase
from adapters.telegram.desk.cards import Card
from adapters.telegram.desk.memo import CARDS
from adapters.telegram.desk.place import Place
from adapters.telegram.errors import Moved
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Ambiguous, TryLater, Unreachable
from dialogs.messages import CaseStatus, DeliveryState, Media, Mood, Reason, Severity
from tests.adapters.around import NOW, Around, MemoryState, at_seconds
from tests.adapters.telegram.conftest import ACCOUNT
from tests.adapters.telegram.desk_rig import GROUP, NAME, Desk, buttons, connected
from tests.adapters.telegram.desk_views import Talk
from tests.servers.telegram import Call, TelegramServer


class WatchedState(MemoryState):
    """Writes down what is asked of it."""

    def __init__(self, journal: list[str]) -> None:
        super().__init__()
        self._journal = journal

    async def get(self, key: str) -> str | None:
        self._journal.append(f"get {key.split(':', maxsplit=1)[0]}")
        return await super().get(key)

    async def put(self, key: str, text: str) -> None:
        await self.change({key: text})

    async def delete(self, key: str) -> None:
        await self.change({}, (key,))

    async def swap(self, key: str, text: str, *, expect: str | None) -> bool:
        self._journal.append(f"swap {key.split(':', maxsplit=1)[0]}")
        return await super().swap(key, text, expect=expect)

    async def change(self, puts: Mapping[str, str], deletes: Collection[str] = ()) -> None:
        put = [f"+{key.split(':')[0]}" for key in puts]
        gone = [f"-{key.split(':')[0]}" for key in deletes]
        self._journal.append(" ".join(("change", *sorted(put), *sorted(gone))))
        await super().change(puts, deletes)


class WatchedCalls(list[Call]):
    """The calls a server got, written down too."""

    def __init__(self, journal: list[str]) -> None:
        super().__init__()
        self._journal = journal

    def append(self, call: Call) -> None:
        self._journal.append(call.method)
        super().append(call)


@pytest.fixture
def journal() -> list[str]:
    """Reads and writes of the account's state, memos and calls, in the order they were begun."""
    return []


@pytest.fixture
async def desk(
    around: Around,
    server: TelegramServer,
    make_settings: Callable[..., TelegramSettings],
    journal: list[str],
) -> AsyncIterator[Desk]:
    around.states[ACCOUNT] = WatchedState(journal)
    server.calls = WatchedCalls(journal)
    async with connected(around, server, make_settings()) as made:
        yield made


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[Card]:
    """Every card that was laid out."""
    made: list[Card] = []
    card = showcase.card

    def counted(*args: Any, **more: Any) -> Card:
        made.append(card(*args, **more))
        return made[-1]

    monkeypatch.setattr(showcase, "card", counted)
    return made


async def show(desk: Desk, talk: Talk, journal: list[str]) -> list[str]:
    """Show, and tell what it took beside the two rows that say where the desk is."""
    showing = desk.around.showing(NAME, talk.view)

    async def keep(memo: str) -> None:
        journal.append("keep")
        await showing.keep(memo)

    journal.clear()
    await desk.board.show(type(showing)(view=showing.view, memo=showing.memo, keep=keep))
    assert journal[:2] == ["get desk", "get desk-forum"]
    return journal[2:]


async def long_talk(desk: Desk) -> Talk:
    """A conversation with as many cards as are kept."""
    talk = Talk()
    for number in range(CARDS):
        talk.buyer(f"texto {number}", f"第 {number} 条")
        await desk.show(talk)
    return talk


# ---- what it takes ---------------------------------------------------------------------------------------------------


async def test_a_card_takes_one_write_before_it_and_one_after(desk: Desk, journal: list[str]) -> None:
    talk = Talk()
    talk.buyer()
    assert await show(desk, talk, journal) == [
        "getChat",
        "swap desk-forum",
        "createForumTopic",
        "change +desk-topic",
        "keep",
        "change +card +desk-newest",
        "sendMessage",
        "change +desk-at",
        "keep",
    ]
    talk.buyer("¿Hola?", "在吗？")
    assert await show(desk, talk, journal) == [
        "change +card +desk-newest",
        "sendMessage",
        "change +desk-at",
        "keep",
        "editMessageText",
        "keep",
    ]


async def test_an_answer_and_its_delivery_take_a_write_only_where_the_buttons_mean_something_else(
    desk: Desk, journal: list[str]
) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller(state=DeliveryState.QUEUED)
    assert await show(desk, talk, journal) == ["get card", "change +card", "editMessageText", "keep"]
    talk.change(2, delivery=DeliveryState.SENT)
    assert await show(desk, talk, journal) == ["editMessageText", "keep"]


async def test_other_proposals_take_one_write_before_the_edit(desk: Desk, journal: list[str]) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.read(1, again=50)
    assert await show(desk, talk, journal) == [
        "change +card +desk-at +desk-newest",
        "editMessageText",
        "change -card",
        "keep",
    ]


async def test_cards_that_are_too_many_go_with_the_write_after_the_new_one(desk: Desk, journal: list[str]) -> None:
    talk = await long_talk(desk)
    talk.buyer("otra", "另一条")
    assert await show(desk, talk, journal) == [
        "change +card +desk-newest",
        "sendMessage",
        "change +desk-at -card -desk-at",
        "keep",
        "editMessageText",
        "keep",
    ]


async def test_an_unchanged_conversation_of_twenty_cards_costs_nothing(
    desk: Desk, journal: list[str], laid_out: list[Card]
) -> None:
    talk = await long_talk(desk)
    laid_out.clear()
    desk.around.advance(minutes=4)
    assert await show(desk, talk, journal) == []
    assert laid_out == []


async def test_a_further_turn_lays_out_its_card_and_the_one_before_it(desk: Desk, laid_out: list[Card]) -> None:
    talk = await long_talk(desk)
    laid_out.clear()
    talk.buyer("otra", "另一条")
    await desk.show(talk)
    assert len(laid_out) == 2
    assert "另一条" in laid_out[0].plain
    assert "第 19 条" in laid_out[1].plain


async def test_after_a_restart_each_card_is_laid_out_once_and_none_is_edited(desk: Desk, laid_out: list[Card]) -> None:
    talk = await long_talk(desk)
    laid_out.clear()
    edits = len(desk.server.of("editMessageText"))
    await desk.restart()
    await desk.show(talk)
    await desk.show(talk)
    assert len(laid_out) == CARDS
    assert len(desk.server.of("editMessageText")) == edits


# ---- what may not be missed ------------------------------------------------------------------------------------------


def state_of(state: DeliveryState, error: str | None = None) -> Callable[[Talk], None]:
    return lambda talk: talk.change(2, delivery=state, delivery_error=error)


def more(**values: Any) -> Callable[[Talk], None]:
    return lambda talk: talk.more.update(values)


def case(**values: Any) -> Callable[[Talk], None]:
    def change(talk: Talk) -> None:
        talk.case = replace(talk.case, **values)

    return change


def message(number: int, **values: Any) -> Callable[[Talk], None]:
    return lambda talk: talk.change(number, message=replace(talk.lines[number - 1].message, **values))


def named(talk: Talk) -> None:
    talk.name = "Ana María"


def hurried(talk: Talk) -> None:
    talk.due = at_seconds(7200)


def escalation(**values: Any) -> Escalation:
    return Escalation(id=1, reasons=(Reason.ANGRY,), severity=Severity.HIGH, opened_at=NOW, **values)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("change", "card", "words"),
    [
        (state_of(DeliveryState.DELIVERED), 0, "✓✓ 送达"),
        (state_of(DeliveryState.FAILED, "unreachable"), 0, "❌ 发送失败：联系不上买家"),
        (message(1, deleted_at=NOW), 0, "🗑 买家已撤回这条"),
        (lambda talk: talk.change(1, replaced=True), 0, "✏️ 买家后来修改了这条"),
        (message(3, deleted_at=NOW), 1, "🗑 买家已撤回这条"),
        (message(3, media=(Media(kind="photo", error="gone"),)), 1, "📎 照片：平台上已删除"),
        (lambda talk: talk.change(3, parked="NotWritten"), 1, "处理出错（NotWritten）"),
        (lambda talk: talk.note("老顾客"), 1, "备注：老顾客"),
        (lambda talk: talk.read(3, "您还在吗？", again=50), 1, "您还在吗？"),
        (more(window_until=at_seconds(7200)), 1, "🕐 可回复至 22:00，还剩 2 小时"),
        (more(window_until=at_seconds(-60), window_open=False), 1, "🕐 回复窗口已关"),
        (more(escalation=escalation()), 1, "（无人认领）"),
        (more(escalation=escalation(claimed_by="小李", claimed_at=NOW)), 1, "\u2068小李\u2069 正在处理"),
        (more(language_override="pt"), 1, "葡萄牙语（已固定）"),
        (more(language_override="pt"), 0, "葡萄牙语（已固定）"),
        (case(flags=("overdue",)), 1, "⏰ 已超时"),
        (case(flags=("review_threat",)), 1, "🚩 差评威胁"),
        (case(language="fr"), 0, "法语"),
        (case(mood=Mood.ANGRY), 1, "😠 <b>"),
        (case(status=CaseStatus.RESOLVED), 1, "✅ 已解决"),
        (hurried, 1, "⏱ 请在 22:00 前回复，还剩 2 小时"),
        (named, 0, "Ana María"),
    ],
)
async def test_every_change_is_shown(
    desk: Desk, change: Callable[[Talk], None], card: int, words: str, *, restarted: bool
) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller(state=DeliveryState.QUEUED)
    talk.buyer("¿Hola?", "在吗？")
    for _ in range(2):
        await desk.show(talk)
    assert words not in desk.texts[card]
    change(talk)
    if restarted:
        await desk.restart()
    await desk.show(talk)
    assert words in desk.texts[card]


async def test_a_window_that_opens_again_and_an_escalation_that_ends_are_shown(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    for closed in (False, True, False, True):
        talk.more.update(window_open=not closed, window_until=at_seconds(3600))
        talk.more["escalation"] = escalation(closed_at=None if closed else NOW)
        await desk.show(talk)
        assert ("回复窗口已关" in desk.texts[0]) is closed
        assert ("🔔 已升级" in desk.texts[0]) is closed
        assert ("我来处理" in buttons(desk.cards[0])) is closed


async def test_a_card_that_is_edited_tells_the_time_that_is_left_then(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    talk.more["window_until"] = at_seconds(86400)
    await desk.show(talk)
    assert "还剩 1 天" in desk.texts[0]
    desk.around.advance(hours=20)
    await desk.show(talk)
    assert "还剩 1 天" in desk.texts[0]  # the clock alone is no reason
    talk.note("老顾客")
    await desk.show(talk)
    assert "还剩 4 小时" in desk.texts[0]


async def test_an_edit_that_was_not_taken_is_tried_again(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller()
    desk.server.fail("editMessageText", 429, "Too Many Requests: retry after 7", retry_after=7)
    with pytest.raises(TryLater):
        await desk.show(talk)
    desk.clock.now += 8
    await desk.show(talk)
    assert "✓ 已发送" in desk.texts[0]


async def test_the_turn_of_an_older_card_is_kept_when_it_changes_and_then_costs_nothing(
    desk: Desk, journal: list[str]
) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    token = buttons(desk.cards[0])["1"].split(":")[1]
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    talk.change(1, turn_id=151)
    await desk.show(talk)
    assert '"turn":151' in desk.around.state(ACCOUNT).rows[f"card:{token}"]
    assert await show(desk, talk, journal) == []


async def test_when_the_newest_card_is_gone_the_one_before_it_is_the_newest_at_once(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    old, new = desk.cards
    del desk.server.messages[GROUP, new["message_id"]]
    talk.seller()
    await desk.show(talk)
    assert list(buttons(desk.server.messages[GROUP, old["message_id"]])) == ["语言", "升级", "解决"]


async def test_a_card_that_is_sent_again_with_the_same_buttons_can_be_pressed(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    (old,) = desk.cards
    del desk.server.messages[GROUP, old["message_id"]]
    talk.note("老顾客")
    await desk.show(talk)
    (new,) = desk.cards
    assert buttons(new) == buttons(old)
    token = buttons(new)["1"].split(":")[1]
    rows = desk.around.state(ACCOUNT).rows
    assert [key for key in rows if key.startswith(("card:", "desk-at:"))] == [
        f"card:{token}",
        f"desk-at:{GROUP}:{new['message_id']}",
    ]


# ---- what is known of the place --------------------------------------------------------------------------------------


async def test_where_the_desk_is_takes_one_row_and_whether_it_has_topics_another(
    desk: Desk, journal: list[str]
) -> None:
    place = Place(desk.settings, desk.around.state(ACCOUNT), desk.api)
    journal.clear()
    assert await place.chat() == GROUP
    assert await place.has_topics(GROUP)
    assert await place.has_topics(GROUP)
    assert journal == ["get desk", "get desk-forum", "getChat", "swap desk-forum", "get desk-forum"]
    journal.clear()
    await place.settle(-7)
    await place.note_topics(-7, forum=False)
    await place.note_topics(-7, forum=False)
    assert (await place.chat(), await place.has_topics(-7)) == (-7, False)
    rows = desk.around.state(ACCOUNT).rows
    assert (rows["desk"], rows["desk-forum:-7"]) == ("-7", "0")
    assert journal.count("change +desk-forum") == 1


# ---- calls in plain JSON ---------------------------------------------------------------------------------------------


async def send(desk: Desk) -> object:
    return await desk.api.post(GROUP, "sendMessage", {"chat_id": GROUP, "text": "您好"})


async def test_a_plain_call_has_the_errors_of_all_calls(desk: Desk) -> None:
    desk.server.fail("sendMessage", 403, "Forbidden: bot was kicked from the supergroup chat")
    with pytest.raises(Unreachable):
        await send(desk)
    desk.server.fail("sendMessage", 400, "Bad Request: group chat was upgraded", migrate_to=-9)
    with pytest.raises(Moved) as moved:
        await send(desk)
    assert moved.value.new_chat_id == -9
    for mode in ("close", "half", "garbage"):
        desk.server.fail("sendMessage", 200, mode=mode)
        with pytest.raises(Ambiguous):
            await send(desk)
    desk.server.fail("sendMessage", 401, "Unauthorized")
    with pytest.raises(TryLater, match="bad_token"):
        await send(desk)
    assert "token" in desk.api.problems()
    assert isinstance(await send(desk), dict)
    assert desk.api.problems() == {}


async def test_a_plain_call_waits_for_the_limits_and_keeps_to_what_telegram_asks(desk: Desk) -> None:
    desk.server.fail("sendMessage", 429, "Too Many Requests: retry after 40", retry_after=40)
    for _ in range(2):
        with pytest.raises(TryLater, match="rate_limited"):
            await send(desk)
    assert len(desk.server.of("sendMessage")) == 1
    desk.clock.now += 41
    before = desk.clock.now
    for _ in range(8):
        await send(desk)
    assert desk.clock.now > before


@pytest.mark.parametrize("answer", [True, {}, {"message_id": "5"}, {"message_id": True}, [1]])
async def test_an_answer_without_the_messages_number_may_have_been_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    async def told(self: TelegramServer, params: Any, files: Any) -> object:
        return answer

    monkeypatch.setattr(TelegramServer, "_do_sendMessage", told)
    talk = Talk()
    talk.buyer()
    with pytest.raises(Ambiguous, match="malformed_answer"):
        await desk.show(talk)
