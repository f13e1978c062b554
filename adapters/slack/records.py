"""What a press or a reply must find outside ``show``: rows of the board's state."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from adapters.ports import AccountState

_PREVIEW_LIFE: Final = timedelta(days=1)


class ThreadNote(BaseModel):
    """A note somebody wrote in an alert's thread; ``line`` is its message once the thread has answered it."""

    model_config = ConfigDict(frozen=True)

    agent: str
    text: str
    line: int | None = None


class Shown(BaseModel):
    """What somebody saw before they pressed send: exactly this may leave."""

    model_config = ConfigDict(frozen=True)

    conversation: int
    turn: int | None
    seller_text: str
    buyer_text: str
    at: AwareDatetime


class Records:
    """The rows, all under the board's account."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    async def put_thread(self, channel: str, ts: str, conversation: int) -> None:
        """Whose alert a message is."""
        await self._state.put(f"thread:{channel}:{ts}", str(conversation))

    async def conversation_of(self, channel: str, ts: str) -> int | None:
        """The conversation whose alert this is."""
        text = await self._state.get(f"thread:{channel}:{ts}")
        return None if text is None else int(text)

    async def put_note(self, conversation: int, key: str, note: ThreadNote) -> None:
        """Keep a note, before it is handed in: it must be known as one of ours when it is shown."""
        await self._state.put(f"note:{conversation}:{key}", note.model_dump_json())

    async def note(self, conversation: int, key: str) -> ThreadNote | None:
        """A note by its key."""
        text = await self._state.get(f"note:{conversation}:{key}")
        return None if text is None else ThreadNote.model_validate_json(text)

    async def note_told(self, conversation: int, agent: str, text: str, line: int) -> str | None:
        """Key of the note in a thread that line ``line`` came from, None when it was written elsewhere."""
        prefix = f"note:{conversation}:"
        rows = await self._state.all(prefix)
        notes = {key.removeprefix(prefix): ThreadNote.model_validate_json(row) for key, row in rows.items()}
        same = sorted(
            (note.line != line, key)
            for key, note in notes.items()
            if note.line in {None, line} and (note.agent, note.text) == (agent, text)
        )
        if not same:
            return None
        _, key = same[0]
        await self.put_note(conversation, key, notes[key].model_copy(update={"line": line}))
        return key

    async def forget_thread(self, conversation: int) -> None:
        """The thread is over: its choices and its notes, but those not answered yet."""
        for key, row in (await self._state.all(f"note:{conversation}:")).items():
            if ThreadNote.model_validate_json(row).line is not None:
                await self._state.delete(key)
        for key in await self._state.all(f"chose:{conversation}:"):
            await self._state.delete(key)

    async def put_choice(self, conversation: int, agent: str, text: str) -> None:
        """Remember that a choice came from here: when it is refused, the thread must tell."""
        await self._state.put(_choice(conversation, agent, text), "1")

    async def chose(self, conversation: int, agent: str, text: str) -> bool:
        """Whether the choice came from here."""
        return await self._state.get(_choice(conversation, agent, text)) is not None

    async def put_shown(self, view: str, shown: Shown) -> None:
        """Keep what a window shows."""
        await self._state.put(f"shown:{view}", shown.model_dump_json())

    async def shown(self, view: str) -> Shown | None:
        """What a window showed."""
        text = await self._state.get(f"shown:{view}")
        return None if text is None else Shown.model_validate_json(text)

    async def forget_shown(self, view: str) -> None:
        """The window is closed."""
        await self._state.delete(f"shown:{view}")

    async def sweep(self, now: datetime) -> None:
        """Forget what was shown in windows long ago."""
        for key, row in (await self._state.all("shown:")).items():
            if now - Shown.model_validate_json(row).at > _PREVIEW_LIFE:
                await self._state.delete(key)


def _choice(conversation: int, agent: str, text: str) -> str:
    digest = hashlib.sha256(f"{agent}\n{text}".encode()).hexdigest()[:32]
    return f"chose:{conversation}:{digest}"


def refers(key: str, text: str) -> int | None:
    """The conversation a row is about, None for one of another kind."""
    kind, _, rest = key.partition(":")
    match kind:
        case "thread":
            return int(text)
        case "note" | "chose":
            return int(rest.partition(":")[0])
        case "shown":
            return Shown.model_validate_json(text).conversation
        case _:
            return None
