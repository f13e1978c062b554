"""What a press or a message in the group must find outside ``show``: rows of the account's state."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from adapters.ports import AccountState


class Offer(BaseModel):
    """A proposal as the card showed it."""

    model_config = ConfigDict(frozen=True)

    id: str
    seller_text: str


class CardRecord(BaseModel):
    """One card: what its buttons and answers to it are about. ``message`` is 0 until it was sent."""

    model_config = ConfigDict(frozen=True)

    conversation: int
    first: int  # number of the first line it shows
    turn: int | None
    offers: tuple[Offer, ...] = ()
    open: bool = True
    message: int = 0


class Records:
    """The rows, all under the account of the bot."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    async def card(self, token: str) -> CardRecord | None:
        """The card with this token, None when it is too old or never was."""
        text = await self._state.get(f"card:{token}")
        return None if text is None else CardRecord.model_validate_json(text)

    async def put_card(self, token: str, record: CardRecord) -> None:
        """Keep a card; before it is sent, so that no press comes too early."""
        await self._state.put(f"card:{token}", record.model_dump_json())

    async def forget_card(self, token: str) -> None:
        """Its buttons mean nothing any more."""
        await self._state.delete(f"card:{token}")

    async def put_message(self, chat: int, message: int, token: str) -> None:
        """The message of the group that is the card."""
        await self._state.put(f"desk-at:{chat}:{message}", token)

    async def forget_message(self, chat: int, message: int) -> None:
        """The message is a card no more."""
        await self._state.delete(f"desk-at:{chat}:{message}")

    async def token_at(self, chat: int, message: int) -> str | None:
        """The card that is this message."""
        return await self._state.get(f"desk-at:{chat}:{message}")

    async def put_newest(self, conversation: int, token: str) -> None:
        """The card that is answered when somebody writes without pointing at one."""
        await self._state.put(f"desk-newest:{conversation}", token)

    async def newest(self, conversation: int) -> str | None:
        """Token of the newest card of a conversation."""
        return await self._state.get(f"desk-newest:{conversation}")

    async def put_topic(self, chat: int, topic: int, conversation: int) -> None:
        """Whose topic it is."""
        await self._state.put(f"desk-topic:{chat}:{topic}", str(conversation))

    async def forget_topic(self, chat: int, topic: int) -> None:
        """The topic is gone."""
        await self._state.delete(f"desk-topic:{chat}:{topic}")

    async def conversation_of(self, chat: int, topic: int) -> int | None:
        """The conversation of a topic."""
        text = await self._state.get(f"desk-topic:{chat}:{topic}")
        return None if text is None else int(text)

    async def put_spoken(self, conversation: int, user: int, event: int) -> None:
        """What somebody typed last in a conversation."""
        await self._state.put(f"desk-spoke:{conversation}:{user}", f"{event}:{await self.newest(conversation)}")

    async def spoken(self, conversation: int, user: int) -> int | None:
        """Event of what they typed last, when no newer card has come since."""
        event, _, token = (await self._state.get(f"desk-spoke:{conversation}:{user}") or "").partition(":")
        return int(event) if event and token == await self.newest(conversation) else None

    async def first_hint(self, user: int) -> bool:
        """Whether this stranger was never told how to become known; from now on they were."""
        key = f"desk-hinted:{user}"
        if await self._state.get(key) is not None:
            return False
        await self._state.put(key, "1")
        return True
