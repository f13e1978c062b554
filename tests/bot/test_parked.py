"""What fails each time is parked, seen with its words, and made good later: once, on what is known then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text, update

from adapters.ports import ConversationView
from adapters.troubles import Parked, Trouble, TroubleKind, Troubles
from bot.store import Store
from bot.store.schema import downloads, events
from dialogs.errors import Ambiguous, Refused
from dialogs.events import (
    Accepted,
    AgentChose,
    AgentDecided,
    AgentDismissed,
    AgentNoted,
    AgentRetranslated,
    AgentRetried,
    AgentSetStatus,
    Body,
    BuyerDeleted,
    BuyerEdited,
    BuyerWrote,
    Receipt,
    SellerWrote,
)
from dialogs.messages import (
    Capabilities,
    CaseStatus,
    Choice,
    Conversation,
    DeliveryState,
    Media,
    Message,
    Mood,
    RefusalCode,
    Turn,
)
from tests.bot.house import ACCOUNT, House
from tests.fakes import NOON, FakeManager, RecordingChannel
from tests.servers.postgres import PostgresServer

FROM_THE_FUTURE = '{"type": "from_the_future", "choice": {"agent": "小王", "seller_text": "亲，明天到"}}'


class PoisonedManager(FakeManager):
    """Fails whenever it is asked about one of ``poison``; ``tried`` counts how often."""

    def __init__(self) -> None:
        super().__init__()
        self.poison: set[str] = set()
        self.tried = 0

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        self._taste(message.text)
        return await super().on_buyer_message(message, conversation)

    async def on_seller_choice(self, choice: Choice, conversation: Conversation) -> Turn:
        self._taste(choice.seller_text)
        return await super().on_seller_choice(choice, conversation)

    def _taste(self, words: str) -> None:
        if words in self.poison:
            self.tried += 1
            raise RuntimeError(words)


class MoodyChannel(RecordingChannel):
    """A platform whose adapter cannot say what a chat carries while ``broken``."""

    broken = False

    def capabilities_in(self, chat: str) -> Capabilities:
        if self.broken:
            raise RuntimeError(chat)
        return super().capabilities_in(chat)


@pytest.fixture
def manager() -> PoisonedManager:
    return PoisonedManager()


@pytest.fixture
async def house(store: Store, manager: PoisonedManager) -> AsyncIterator[House]:
    built = House(store, manager=manager, channel=MoodyChannel())
    await built.start()
    yield built
    await built.engine.stop()


async def give_up(house: House) -> None:
    """The retries pass."""
    await house.settle()
    await house.later(seconds=1)
    await house.later(seconds=5)


async def tell(house: House, body: Body, conversation_id: int) -> Accepted:
    """Somebody of the team acts, without waiting for what comes of it."""
    return await house.inbox.accept(house.event(body, account="desk", conversation_id=conversation_id))


async def poisoned_choice(house: House, conversation_id: int, words: str, **choice: object) -> Accepted:
    """A seller's reply that fails until it is parked."""
    house.manager.poison.add(words)
    accepted = await tell(house, AgentChose(choice=Choice(agent="小王", seller_text=words, **choice)), conversation_id)
    await give_up(house)
    house.manager.poison.clear()
    return accepted


def retry(accepted: Accepted, **more: str) -> AgentRetried:
    return AgentRetried(agent="小李", event_id=accepted.event_id, **more)


def dismiss(accepted: Accepted, **more: str) -> AgentDismissed:
    return AgentDismissed(agent="小李", event_id=accepted.event_id, **more)


def said(view: ConversationView) -> list[str]:
    return [line.message.text for line in view.lines]


async def stuck(house: House) -> Troubles:
    return await house.desk.troubles(limit=50)


async def raw(house: House, accepted: Accepted, **values: object) -> None:
    """Change the stored row of an event."""
    query = update(events).where(events.c.id == accepted.event_id)
    body = values.pop("body", None)
    if values:
        await house.store.write(lambda conn: conn.execute(query.values(**values)).rowcount)
    if body is not None:
        change = text("UPDATE events SET body = :body WHERE id = :id")
        await house.store.write(lambda conn: conn.execute(change, {"body": body, "id": accepted.event_id}).rowcount)


# ---- a buyer's message -----------------------------------------------------------------------------------------------


async def test_a_poisonous_message_is_passed_seen_and_read_when_the_fix_is_there(
    house: House, manager: PoisonedManager
) -> None:
    manager.poison = {"veneno"}
    first = await house.buyer("angry: uno")
    await house.buyer("veneno")
    await house.buyer("dos")
    await give_up(house)
    await house.choose(first.conversation_id, "好的")
    view = await house.view(first.conversation_id)

    assert manager.tried == 3
    assert [line.parked for line in view.lines] == [None, "RuntimeError", None, None]
    assert house.channel.texts == ["ES:好的"]
    assert view.parked == ()  # it has a line, and is seen there
    assert view.row.trouble == 1
    (trouble,) = (await stuck(house)).rows
    assert (trouble.kind, trouble.type, trouble.text, trouble.error) == (
        "parked", "buyer_wrote", "veneno", "RuntimeError",
    )  # fmt: skip
    assert (trouble.conversation_id, trouble.contact_name, trouble.message_id) == (
        first.conversation_id, "Ana", view.lines[1].message.id,
    )  # fmt: skip


async def test_a_message_read_at_last_is_read_once_and_leaves_the_case_to_later_ones(
    house: House, manager: PoisonedManager
) -> None:
    manager.poison = {"angry: veneno"}
    bad = await house.buyer("angry: veneno")
    await house.buyer("dos")
    await give_up(house)
    manager.poison.clear()
    before = await house.view(bad.conversation_id)
    asked = len(manager.seen)
    outcomes = [await house.team(retry(bad), bad.conversation_id) for _ in range(2)]
    view = await house.view(bad.conversation_id)

    assert [outcome.refusal for outcome in outcomes] == [None, None]
    assert [what for what, _ in manager.seen[asked:]] == ["agent_retranslated", "buyer"]  # the second click asks nobody
    assert [line.message.seller_text for line in view.lines] == ["再:angry: veneno", "中:dos"]
    assert [line.parked for line in view.lines] == [None, None]
    assert (view.row.trouble, (await stuck(house)).counts) == (0, {})
    assert (await house.inbox.outcome(bad.event_id)).done
    assert said(view) == said(before) == ["angry: veneno", "dos"]


async def test_a_message_that_still_fails_is_one_trouble_however_often_it_is_retried(
    house: House, manager: PoisonedManager
) -> None:
    manager.poison = {"veneno"}
    bad = await house.buyer("veneno")
    await give_up(house)
    again = [await tell(house, retry(bad), bad.conversation_id)]
    message_id = (await house.view(bad.conversation_id)).lines[0].message.id
    again.append(await tell(house, AgentRetranslated(agent="小李", message_id=message_id), bad.conversation_id))
    await give_up(house)
    await give_up(house)
    outcomes = [await house.inbox.outcome(each.event_id) for each in again]

    assert [(outcome.done, outcome.error) for outcome in outcomes] == [(False, "RuntimeError")] * 2
    assert (await stuck(house)).counts == {"parked": 1}
    assert (await house.view(bad.conversation_id)).lines[0].parked == "RuntimeError"
    manager.poison.clear()
    await house.team(retry(bad), bad.conversation_id)
    assert (await stuck(house)).counts == {}


async def test_a_dismissed_message_says_so_and_can_still_be_read(house: House, manager: PoisonedManager) -> None:
    manager.poison = {"veneno"}
    bad = await house.buyer("veneno")
    await give_up(house)
    await house.team(dismiss(bad), bad.conversation_id)
    (line,) = (await house.view(bad.conversation_id)).lines

    assert (line.parked, line.dismissed, line.message.text) == (None, True, "veneno")
    assert (await stuck(house)).counts == {}
    manager.poison.clear()
    await house.team(AgentRetranslated(agent="小李", message_id=line.message.id), bad.conversation_id)
    (line,) = (await house.view(bad.conversation_id)).lines
    assert (line.message.seller_text, line.dismissed) == ("中:veneno", False)


# ---- a seller's reply ------------------------------------------------------------------------------------------------


async def test_a_poisonous_reply_keeps_its_words_and_leaves_once_when_it_is_retried(
    house: House, manager: PoisonedManager
) -> None:
    buyer = await house.buyer("hola")
    bad = await poisoned_choice(house, buyer.conversation_id, "退一半")
    await house.buyer("¿hola?")
    waiting = await house.view(buyer.conversation_id)

    assert manager.tried == 3
    assert waiting.parked == (
        Parked(event_id=bad.event_id, type="agent_chose", at=NOON, error="RuntimeError", agent="小王", text="退一半"),
    )
    assert (said(waiting), house.channel.texts) == (["hola", "¿hola?"], [])
    assert waiting.row.trouble == 1

    for _ in range(2):  # two clicks are one
        assert (await house.team(retry(bad), buyer.conversation_id)).refusal is None
    view = await house.view(buyer.conversation_id)

    assert house.channel.texts == ["ES:退一半"]
    # It was said now, after all the buyer wrote, and the case was decided on all of it.
    assert said(view) == ["hola", "¿hola?", "ES:退一半"]
    assert view.lines[-1].message.author == "小王"
    what, conversation = manager.seen[-1]
    assert (what, [message.text for message in conversation.history]) == ("choice", ["hola", "¿hola?"])
    assert (view.row.waiting_since, view.row.unread, view.row.last_text) == (None, 0, "退一半")
    assert (view.parked, view.row.trouble) == ((), 0)
    outcome = await house.inbox.outcome(bad.event_id)
    assert (outcome.done, outcome.message_id) == (True, view.lines[-1].message.id)


async def test_a_retried_reply_has_all_its_attempts_again(house: House, manager: PoisonedManager) -> None:
    buyer = await house.buyer("hola")
    bad = await poisoned_choice(house, buyer.conversation_id, "退一半")
    manager.failures.append(RuntimeError("once more"))
    await house.team(retry(bad), buyer.conversation_id)
    assert house.channel.texts == []
    await house.later(seconds=1)

    assert house.channel.texts == ["ES:退一半"]


async def test_clicks_that_wait_in_the_lane_together_are_one(store: Store, manager: PoisonedManager) -> None:
    before = House(store, manager=manager)
    await before.start()
    buyer = await before.buyer("hola")
    bad = await poisoned_choice(before, buyer.conversation_id, "退一半")
    await before.engine.stop()

    house = House(store, manager=manager)
    for number in range(3):
        click = house.event(
            retry(bad), account="desk", conversation_id=buyer.conversation_id, external_id=f"click-{number}"
        )
        await house.inbox.accept(click)
    await house.inbox.accept(house.event(BuyerWrote(text="dos"), chat="ana", external_id="late"))
    await house.start()
    await house.settle()
    await house.engine.stop()

    assert house.channel.texts == ["ES:退一半"]
    # The retry stood before the buyer's next words, and so does what it sent.
    assert said(await house.view(buyer.conversation_id)) == ["hola", "ES:退一半", "dos"]


async def test_a_pick_that_was_answered_meanwhile_is_refused_and_its_words_are_kept(house: House) -> None:
    buyer = await house.buyer("hola")
    view = await house.view(buyer.conversation_id)
    pick = view.proposals[0]
    bad = await poisoned_choice(
        house, buyer.conversation_id, pick.seller_text, proposal_id=pick.id, turn_id=view.turn_id
    )
    await house.choose(buyer.conversation_id, "另一个答复", agent="小李", turn_id=view.turn_id)
    await house.team(retry(bad), buyer.conversation_id)
    after = await house.view(buyer.conversation_id)

    assert house.channel.texts == ["ES:另一个答复"]
    (refused,) = after.refused
    assert (refused.event_id, refused.refusal.code) == (bad.event_id, RefusalCode.CLOSED)
    assert refused.choice.seller_text == pick.seller_text
    assert (after.parked, after.row.trouble) == ((), 0)


async def test_a_dismissed_reply_never_leaves_and_says_who_let_it_be(house: House) -> None:
    buyer = await house.buyer("hola")
    bad = await poisoned_choice(house, buyer.conversation_id, "退一半")
    for _ in range(2):
        assert (await house.team(dismiss(bad), buyer.conversation_id)).refusal is None
    late = await house.team(retry(bad), buyer.conversation_id)

    assert (late.refusal is not None, late.refusal and late.refusal.code) == (True, RefusalCode.CLOSED)
    assert late.refusal is not None
    assert late.refusal.detail == "小李"
    assert house.channel.texts == []
    assert (await stuck(house)).counts == {}
    outcome = await house.inbox.outcome(bad.event_id)
    assert (outcome.dismissed_by, outcome.dismissed_at, outcome.error) == ("小李", house.clock.now(), "RuntimeError")
    row = await house.store.read(
        lambda conn: conn.execute(select(events.c.body).where(events.c.id == bad.event_id)).scalar_one()
    )
    assert row.choice.seller_text == "退一半"


async def test_what_was_done_already_is_neither_retried_nor_dismissed(house: House) -> None:
    buyer = await house.buyer("hola")
    fine = await tell(house, AgentChose(choice=Choice(agent="小王", seller_text="好")), buyer.conversation_id)
    await house.settle()
    for body in (retry(fine), dismiss(fine), retry(buyer), dismiss(buyer)):
        assert (await house.team(body, buyer.conversation_id)).refusal is None

    assert house.channel.texts == ["ES:好"]
    outcome = await house.inbox.outcome(fine.event_id)
    assert (outcome.done, outcome.dismissed_by) == (True, None)


async def test_what_belongs_to_another_conversation_is_not_found(house: House) -> None:
    ana, ivan = await house.buyer("hola", chat="ana"), await house.buyer("привет", chat="ivan")
    bad = await poisoned_choice(house, ana.conversation_id, "退一半")
    for body in (retry(bad), dismiss(bad), AgentRetried(agent="小李", event_id=999)):
        refusal = (await house.team(body, ivan.conversation_id)).refusal
        assert refusal is not None
        assert refusal.code is RefusalCode.UNKNOWN_TARGET

    assert (await stuck(house)).counts == {"parked": 1}
    assert house.channel.texts == []


# ---- everything else -------------------------------------------------------------------------------------------------


def deleted(view: ConversationView) -> bool:
    return view.lines[0].message.deleted_at is not None


KINDS: dict[str, tuple[Body, object]] = {
    "note": (AgentNoted(agent="小王", text="难缠"), lambda view: said(view)[-1] == "难缠"),
    "receipt": (
        Receipt(of="out-1", state=DeliveryState.READ),
        lambda view: view.lines[1].delivery is DeliveryState.READ,
    ),
    "deletion": (BuyerDeleted(of="m1"), deleted),
    "status": (
        AgentSetStatus(agent="小王", resolved=True),
        lambda view: view.row.status is CaseStatus.RESOLVED,
    ),
    "phone": (SellerWrote(text="马上"), lambda view: said(view)[-1] == "马上"),
    "edit": (BuyerEdited(of="m1", text="hola 2"), lambda view: view.lines[2].message.seller_text == "再:hola 2"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_event_this_version_cannot_read_is_retried_after_an_upgrade(store: Store, kind: str) -> None:
    body, is_done = KINDS[kind]
    before = House(store)
    await before.start()
    buyer = await before.buyer("hola", external_id="m1")
    await before.inbox.accept(before.choice_of(buyer.conversation_id, "好", external_id="c1"))
    await before.settle()
    await before.engine.stop()

    house = House(store)
    from_team = body.type.startswith("agent")
    event = house.event(
        body,
        account="desk" if from_team else ACCOUNT,
        chat=None if from_team else "ana",
        conversation_id=buyer.conversation_id if from_team else None,
        external_id="x1",
    )
    accepted = await house.inbox.accept(event)
    query = text("SELECT body FROM events WHERE id = :id")
    good = await store.read(lambda conn: conn.execute(query, {"id": accepted.event_id}).scalar_one())
    await raw(house, accepted, body=json.dumps({**json.loads(good), "type": "from_the_future"}))
    await house.start()
    await house.settle()
    await house.buyer("dos", external_id="m2")

    view = await house.view(buyer.conversation_id)
    assert not is_done(view)
    (trouble,) = (await stuck(house)).rows
    assert (trouble.kind, trouble.error, trouble.type) == ("parked", "ValidationError", body.type)
    assert view.row.trouble == 1
    assert [each.type for each in view.parked] == ([] if kind == "edit" else [body.type])

    await raw(house, accepted, body=good)  # this version understands it
    await house.team(retry(accepted), buyer.conversation_id)
    assert is_done(await house.view(buyer.conversation_id))
    assert (await stuck(house)).counts == {}
    await house.engine.stop()


async def test_the_words_of_a_reply_this_version_cannot_read_are_shown(house: House) -> None:
    buyer = await house.buyer("hola")
    bad = await poisoned_choice(house, buyer.conversation_id, "好")
    await raw(house, bad, body=FROM_THE_FUTURE)
    await house.team(retry(bad), buyer.conversation_id)

    (parked,) = (await house.view(buyer.conversation_id)).parked
    assert (parked.agent, parked.text, parked.error) == ("小王", "亲，明天到", "ValidationError")
    (trouble,) = (await stuck(house)).rows
    assert (trouble.agent, trouble.text) == ("小王", "亲，明天到")


async def test_a_reply_of_nothing_but_attachments_names_them(house: House) -> None:
    buyer = await house.buyer("hola")
    media = (Media(kind="photo", name="包裹.png", ref="a"), Media(kind="voice", ref="b"))
    await poisoned_choice(house, buyer.conversation_id, "", media=media)

    (parked,) = (await house.view(buyer.conversation_id)).parked
    assert parked.text == "包裹.png、voice"


async def test_a_lane_that_trips_before_anything_is_decided_parks_the_event_and_goes_on(house: House) -> None:
    buyer = await house.buyer("uno")
    house.channel.broken = True
    bad = await tell(house, AgentChose(choice=Choice(agent="小王", seller_text="好")), buyer.conversation_id)
    await give_up(house)
    house.channel.broken = False
    view = await house.view(buyer.conversation_id)

    assert [(parked.error, parked.text) for parked in view.parked] == [("RuntimeError", "好")]
    await house.buyer("dos")
    await house.team(retry(bad), buyer.conversation_id)
    assert house.channel.texts == ["ES:好"]
    assert said(await house.view(buyer.conversation_id)) == ["uno", "dos", "ES:好"]


async def test_what_passes_is_not_parked(house: House) -> None:
    buyer = await house.buyer("uno")
    house.channel.broken = True
    await tell(house, AgentChose(choice=Choice(agent="小王", seller_text="好")), buyer.conversation_id)
    await house.settle()
    house.channel.broken = False
    await house.later(seconds=1)

    assert house.channel.texts == ["ES:好"]
    assert (await stuck(house)).counts == {}


async def test_what_is_next_is_blamed_for_what_it_trips_over_not_what_was_done_before(
    store: Store, manager: PoisonedManager
) -> None:
    channel = MoodyChannel()
    house = House(store, manager=manager, channel=channel)
    buyer = await house.inbox.accept(house.event(BuyerWrote(text="uno"), chat="ana"))
    await tell(house, AgentChose(choice=Choice(agent="小王", seller_text="好")), buyer.conversation_id)
    decide = manager.on_buyer_message

    async def decide_and_break(message: Message, conversation: Conversation) -> Turn:
        channel.broken = True  # from the next look on
        return await decide(message, conversation)

    manager.on_buyer_message = decide_and_break
    await house.start()
    await give_up(house)
    channel.broken = False
    view = await house.view(buyer.conversation_id)
    await house.engine.stop()

    assert [what for what, _ in manager.seen] == ["buyer"]
    assert [line.parked for line in view.lines] == [None]
    assert view.lines[0].message.seller_text == "中:uno"
    assert [parked.type for parked in view.parked] == ["agent_chose"]


async def test_an_id_no_database_can_hold_stops_no_conversation(house: House) -> None:
    buyer = await house.buyer("hola")
    await tell(house, AgentDecided(agent="小王", message_id=10**30, decision="cancel"), buyer.conversation_id)
    await give_up(house)
    await house.choose(buyer.conversation_id, "好")

    assert house.channel.texts == ["ES:好"]


# ---- deliveries and attachments --------------------------------------------------------------------------------------


async def test_everything_that_is_stuck_is_listed_with_where_it_is(house: House) -> None:
    ana = await house.buyer("hola", chat="ana")
    house.channel.failures.extend([Ambiguous("timeout"), Refused("blocked")])
    unsure = await house.choose(ana.conversation_id, "一")
    failed = await house.choose(ana.conversation_id, "二")
    house.clock.advance(minutes=1)
    ivan = await house.buyer("привет", chat="ivan")
    held = await house.choose(ivan.conversation_id, "留")
    house.clock.advance(minutes=1)
    bad = await poisoned_choice(house, ivan.conversation_id, "三")
    house.clock.advance(minutes=1)
    photos = (Media(kind="photo", remote="1"), Media(kind="photo", remote="2"))
    olga = await house.inbox.accept(house.event_of("rota", chat="olga", media=photos))
    await house.settle()
    found = await stuck(house)

    assert found.counts == {"ambiguous": 1, "attachment": 1, "failed": 1, "held": 1, "parked": 1}
    rows = {trouble.kind: trouble for trouble in found.rows}
    assert [trouble.kind for trouble in found.rows[:3]] == ["attachment", "parked", "held"]
    assert_trouble(rows["ambiguous"], ana, "Ana", text="一", error="timeout", message_id=unsure.message_id)
    assert_trouble(rows["failed"], ana, "Ana", text="二", error="blocked", message_id=failed.message_id)
    assert_trouble(rows["held"], ivan, "Ivan", text="留", error="not_translated", message_id=held.message_id)
    assert_trouble(rows["parked"], ivan, "Ivan", text="三", error="RuntimeError", message_id=None)
    assert_trouble(
        rows["attachment"], olga, "Olga", text="中:rota", error="gone", message_id=rows["attachment"].message_id
    )
    assert (rows["parked"].event_id, rows["parked"].agent, rows["ambiguous"].agent) == (bad.event_id, "小王", "小王")
    assert rows["attachment"].event_id == olga.event_id

    newest = await house.desk.troubles(limit=2)
    assert (newest.counts, newest.rows) == (found.counts, found.rows[:2])
    assert await house.desk.troubles(limit=0) == Troubles(counts=found.counts)


def assert_trouble(trouble: Trouble, of: Accepted, name: str, *, text: str, error: str, message_id: int | None) -> None:
    assert (trouble.conversation_id, trouble.contact_name, trouble.channel) == (of.conversation_id, name, "fake")
    assert (trouble.text, trouble.error, trouble.message_id) == (text, error, message_id)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("failed", AgentDecided(agent="小王", message_id=0, decision="retry")),
        ("ambiguous", AgentDecided(agent="小王", message_id=0, decision="arrived")),
        ("held", AgentDecided(agent="小王", message_id=0, decision="cancel")),
    ],
)
async def test_what_was_decided_about_is_stuck_no_more(house: House, kind: TroubleKind, body: AgentDecided) -> None:
    buyer = await house.buyer("hola")
    wrong = {"failed": Refused("blocked"), "ambiguous": Ambiguous("timeout")}
    house.channel.failures.extend([wrong[kind]] if kind in wrong else [])
    sent = await house.choose(buyer.conversation_id, "留" if kind == "held" else "好")
    (trouble,) = (await stuck(house)).rows
    assert (trouble.kind, trouble.message_id) == (kind, sent.message_id)

    decided = AgentDecided(agent=body.agent, message_id=trouble.message_id or 0, decision=body.decision)
    await house.team(decided, trouble.conversation_id)
    assert (await stuck(house)) == Troubles()


async def test_attachments_that_did_not_come_are_fetched_again_when_asked(house: House) -> None:
    photos = (Media(kind="photo", remote="1"), Media(kind="photo", remote="2"))
    house.channel.files["1"] = (b"one", "image/png")
    accepted = await house.inbox.accept(house.event_of("rota", chat="ana", media=photos))
    await house.settle()
    before = (await house.view(accepted.conversation_id)).lines[0].message.media
    assert [media.error for media in before] == ["", "gone"]

    house.channel.files["2"] = (b"two", "image/png")
    for _ in range(2):
        await house.team(retry(accepted, part="attachments"), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert [(bool(media.ref), media.error) for media in view.lines[0].message.media] == [(True, ""), (True, "")]
    assert view.lines[0].message.media[0] == before[0]
    assert (await stuck(house)).counts == {}
    assert [what for what, _ in house.manager.seen] == ["buyer"]  # nothing was read again


async def test_attachments_that_will_never_come_are_dismissed(house: House) -> None:
    accepted = await house.inbox.accept(house.event_of("rota", chat="ana", media=(Media(kind="photo", remote="1"),)))
    await house.settle()
    await house.team(dismiss(accepted, part="attachments"), accepted.conversation_id)

    assert (await stuck(house)).counts == {}
    (media,) = (await house.view(accepted.conversation_id)).lines[0].message.media
    assert media.error == "gone"  # the message still says what did not come
    await house.team(retry(accepted, part="attachments"), accepted.conversation_id)
    states = await house.store.read(lambda conn: list(conn.execute(select(downloads.c.state)).scalars()))
    assert states == ["dismissed"]


async def test_moods_do_not_change_by_what_is_read_late(house: House, manager: PoisonedManager) -> None:
    """The newest message that was never read is read as if it were new; the case is its own."""
    manager.poison = {"angry: veneno"}
    bad = await house.buyer("angry: veneno")
    await give_up(house)
    manager.poison.clear()
    await house.team(retry(bad), bad.conversation_id)
    view = await house.view(bad.conversation_id)

    assert (view.case.mood, len(view.proposals)) == (Mood.ANGRY, 3)
    assert view.row.due is not None


# ---- what even looking trips over ------------------------------------------------------------------------------------


@pytest.fixture
async def postgres_store(postgres_server: PostgresServer) -> AsyncIterator[Store]:
    """A database of its own, whose schema may be damaged."""
    opened = await Store.open(postgres_server.new_database())
    yield opened
    await opened.close()


@pytest.mark.postgres
async def test_a_query_that_fails_is_the_trouble_of_its_event_and_undoes_no_other(postgres_store: Store) -> None:
    house = House(postgres_store)
    buyer = await house.inbox.accept(house.event(BuyerWrote(text="uno"), chat="ana"))
    receipt = await house.inbox.accept(house.event(Receipt(of="out-1", state=DeliveryState.READ), chat="ana"))
    await house.inbox.accept(house.event(BuyerWrote(text="dos"), chat="ana"))
    await rename(postgres_store, "external_id", "lost")
    await house.start()
    await give_up(house)
    await rename(postgres_store, "lost", "external_id")
    view = await house.view(buyer.conversation_id)

    assert [what for what, _ in house.manager.seen] == ["buyer", "buyer"]
    assert [line.message.seller_text for line in view.lines] == ["中:uno", "中:dos"]
    assert [(parked.type, parked.error) for parked in view.parked] == [("receipt", "ProgrammingError")]
    await house.team(retry(receipt), buyer.conversation_id)
    assert (await stuck(house)).counts == {}
    await house.engine.stop()


async def rename(store: Store, old: str, new: str) -> None:
    """Damage the schema, or mend it: only what asks for the platform's id of a delivery notices."""
    await store.write(lambda conn: conn.exec_driver_sql(f"ALTER TABLE deliveries RENAME {old} TO {new}").rowcount)
