"""What a press or a message in the group must find outside ``show``: rows of the account's state."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict

from adapters.ports import AccountState
from adapters.telegram.desk.memo import CardMemo


class Offer(BaseModel):
    """A proposal as the card showed it."""

    model_config = ConfigDict(frozen=True)

    id: str
    seller_text: str


class CardRecord(BaseModel):
    """One card: what its buttons and answers to it are about."""

    model_config = ConfigDict(frozen=True)

    conversation: int
    first: int  # number of the first line it shows
    turn: int | None
    offers: tuple[Offer, ...] = ()
    open: bool = True


class Records:
    """The rows, all under the account of the bot."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    async def card(self, token: str) -> CardRecord | None:
        """The card with this token, None when it is too old or never was."""
        text = await self._state.get(_card(token))
        return None if text is None else CardRecord.model_validate_json(text)

    async def put_card(self, token: str, record: CardRecord) -> None:
        """Change what a card is about."""
        await self._state.put(_card(token), record.model_dump_json())

    async def put_newest_card(self, token: str, record: CardRecord, *, at: tuple[int, int] | None = None) -> None:
        """Keep a card before it is shown, so that no press comes too early; ``at`` is its message when it has one."""
        puts = {_card(token): record.model_dump_json(), _newest(record.conversation): token}
        if at is not None:
            puts[_at(*at)] = token
        await self._state.change(puts)

    async def put_message(self, chat: int, message: int, token: str, *, instead_of: Collection[CardMemo] = ()) -> None:
        """Keep which message a card is, and forget those it took the place of."""
        gone = [key for each in instead_of for key in (_card(each.token), _at(chat, each.message))]
        await self._state.change({_at(chat, message): token}, gone)

    async def forget_card(self, token: str) -> None:
        """Its buttons mean nothing any more."""
        await self._state.delete(_card(token))

    async def forget(self, chat: int, cards: Collection[CardMemo], *, keep: str = "", topic: int | None = None) -> None:
        """The topic and the messages of the cards are gone, and what their buttons meant, but for the card ``keep``."""
        gone = {_at(chat, each.message) for each in cards}
        gone |= {_card(each.token) for each in cards if each.token != keep}
        if topic is not None:
            gone.add(_topic(chat, topic))
        await self._state.change({}, gone)

    async def token_at(self, chat: int, message: int) -> str | None:
        """The card that is this message."""
        return await self._state.get(_at(chat, message))

    async def newest(self, conversation: int) -> str | None:
        """Token of the newest card of a conversation: it is answered when somebody writes without pointing at one."""
        return await self._state.get(_newest(conversation))

    async def put_topic(self, chat: int, topic: int, conversation: int) -> None:
        """Whose topic it is."""
        await self._state.put(_topic(chat, topic), str(conversation))

    async def conversation_of(self, chat: int, topic: int) -> int | None:
        """The conversation of a topic."""
        text = await self._state.get(_topic(chat, topic))
        return None if text is None else int(text)

    async def put_spoken(self, conversation: int, user: int, event: int, *, newest: str | None) -> None:
        """What somebody typed last in a conversation, when ``newest`` was its newest card."""
        await self._state.put(f"desk-spoke:{conversation}:{user}", f"{event}:{newest}")

    async def spoken(self, conversation: int, user: int) -> int | None:
        """Event of what they typed last, when no newer card has come since."""
        event, _, token = (await self._state.get(f"desk-spoke:{conversation}:{user}") or "").partition(":")
        return int(event) if event and token == await self.newest(conversation) else None

    async def hinted(self, user: int) -> bool:
        """Whether this stranger was told how to become known."""
        return await self._state.get(_hinted(user)) is not None

    async def put_hinted(self, user: int) -> None:
        """They were told."""
        await self._state.put(_hinted(user), "1")


def _card(token: str) -> str:
    return f"card:{token}"


def _at(chat: int, message: int) -> str:
    return f"desk-at:{chat}:{message}"


def _newest(conversation: int) -> str:
    return f"desk-newest:{conversation}"


def _topic(chat: int, topic: int) -> str:
    return f"desk-topic:{chat}:{topic}"


def _hinted(user: int) -> str:
    return f"desk-hinted:{user}"


def refers(key: str, text: str) -> int | str | None:
    """What a row is about: a conversation, or the key of the card it belongs to; None for one of another kind."""
    kind, _, rest = key.partition(":")
    match kind:
        case "card":
            return CardRecord.model_validate_json(text).conversation
        case "desk-at":
            return _card(text)
        case "desk-topic":
            return int(text)
        case "desk-newest" | "desk-spoke":
            return int(rest.partition(":")[0])
        case _:
            return None
