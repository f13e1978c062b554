"""The channel of those who run the installation: one message for a trouble, and what follows in its thread."""

from __future__ import annotations

import time
from typing import Final

from adapters.slack.api import SlackApi
from adapters.slack.mrkdwn import escaped

EVENT: Final = "heqi_operations"  # event type of the metadata
LONGEST: Final = 3000  # characters of a message
LOOK_BACK: Final = 3600.0  # seconds in which a message that may have been posted is looked for


class SlackOperators:
    """``adapters.operators.Operators`` in one channel."""

    def __init__(self, api: SlackApi, channel: str) -> None:
        self._api = api
        self._channel = channel

    async def tell(self, text: str, *, key: str, of: str = "", again: bool = False) -> str:
        """Post, in the thread of ``of`` if there is one; raises as ``SlackApi.call`` does."""
        if again:
            found = await self._api.find(self._channel, EVENT, key, since=time.time() - LOOK_BACK, thread=of)
            if found is not None:
                return found
        metadata = {"event_type": EVENT, "event_payload": {"id": key}}
        return await self._api.post(self._channel, {"text": escaped(text, LONGEST), "metadata": metadata}, thread=of)

    async def change(self, message: str, text: str) -> None:
        """Replace the text; raises as ``SlackApi.call`` does."""
        await self._api.update(self._channel, message, {"text": escaped(text, LONGEST)})
