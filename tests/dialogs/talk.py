"""A conversation as a test: buyer says, seller sees, seller picks or types, buyer gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dialogs.errors import Refused
from dialogs.manager import DialogManager
from dialogs.messages import (
    Capabilities,
    Case,
    Choice,
    Contact,
    Conversation,
    Direction,
    Media,
    Message,
    Proposal,
    Reply,
    Shop,
    Turn,
)
from dialogs.ports import EngineAnswer, MemoryKey
from dialogs.promises import Money
from dialogs.protection import Style, mask

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHOP = Shop(
    id="sunny",
    name="Sunny Store",
    goodwill=Money(Decimal(5), "USD"),
    credit=Money(Decimal(3), "USD"),
)


class PhraseBook:
    """An engine that knows exactly the sentences a conversation lists, and refuses all others."""

    name = "phrasebook"
    version = "1"
    tags = False
    limit = 5000

    def __init__(self, pairs: Mapping[str, str]) -> None:
        both = {**pairs, **{there: here for here, there in pairs.items()}}
        self._pairs = dict(as_engines_see(here, there) for here, there in both.items())
        self.asked: list[str] = []

    def supports(self, source: str | None, target: str) -> bool:
        return True

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        self.asked.append(text)
        try:
            return EngineAnswer(self._pairs[text])
        except KeyError:
            raise Refused("not_in_phrasebook") from None


def as_engines_see(text: str, translated: str) -> tuple[str, str]:
    """A pair with its codes masked the way they are before an engine gets them."""
    masked = mask(text, {}, None, "zh")
    for number, value in enumerate(masked.values, 1):
        translated = translated.replace(value, Style.LETTERS.write(number))
    return masked.written(Style.LETTERS, xml=False), translated


class NoMemory:
    """Exact memory that remembers only while the conversation lasts."""

    def __init__(self) -> None:
        self.rows: dict[MemoryKey, str] = {}

    async def get(self, keys: tuple[MemoryKey, ...]) -> Mapping[MemoryKey, str]:
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def put(self, key: MemoryKey, text: str) -> None:
        self.rows[key] = text


class Talk:
    """Plays one conversation through a manager and keeps what the store would keep."""

    def __init__(self, manager: DialogManager, shop: Shop = SHOP, capabilities: Capabilities | None = None) -> None:
        self.manager = manager
        self.conversation = Conversation(
            id=1,
            shop=shop,
            channel="webchat",
            capabilities=capabilities or Capabilities(),
            contact=Contact(1, "María"),
            case=Case(),
            now=MORNING,
        )
        self._seq = 0

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        return self.conversation.proposals

    async def buyer(self, text: str, *, photos: int = 0) -> Turn:
        """The buyer writes; what the desk shows comes back."""
        media = tuple(Media(kind="photo", ref=str(n)) for n in range(photos))
        message = self._message(Direction.INCOMING, text, media=media)
        turn = await self.manager.on_buyer_message(message, self.conversation)
        chinese = turn.translation.text if turn.translation else None
        language = turn.reading.language.code if turn.reading else None
        self._keep(turn, replace(message, seller_text=chinese, language=language))
        return turn

    async def pick(self, number: int) -> Turn:
        """The seller takes a proposal as it stands, counted from 1."""
        proposal = self.proposals[number - 1]
        return await self.choose(Choice(agent="小林", seller_text=proposal.seller_text, proposal_id=proposal.id))

    async def type(self, chinese: str) -> Turn:
        """The seller types Chinese."""
        return await self.choose(Choice(agent="小林", seller_text=chinese))

    async def choose(self, choice: Choice) -> Turn:
        turn = await self.manager.on_seller_choice(choice, self.conversation)
        reply = turn.reply
        self._keep(turn, self._sent(reply) if reply is not None and reply.held is None else None)
        return turn

    def _sent(self, reply: Reply) -> Message:
        return replace(
            self._message(Direction.OUTGOING, reply.buyer_text or ""),
            seller_text=reply.seller_text,
            reply_id=reply.reply_id,
            kind=reply.kind,
            language=reply.language,
            author="小林",
        )

    def _message(self, direction: Direction, text: str, media: tuple[Media, ...] = ()) -> Message:
        self._seq += 1
        at = MORNING + timedelta(minutes=self._seq)
        return Message(id=self._seq, seq=self._seq, direction=direction, text=text, at=at, media=media)

    def _keep(self, turn: Turn, message: Message | None) -> None:
        conversation = replace(self.conversation, case=turn.case)
        if turn.proposals is not None:
            conversation = replace(conversation, proposals=turn.proposals)
        if turn.language_memory is not None:
            conversation = replace(conversation, language_memory=turn.language_memory)
        if message is not None:
            conversation = replace(conversation, history=(*conversation.history, message))
        self.conversation = conversation
