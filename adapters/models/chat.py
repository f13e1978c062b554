"""Chat: one question to a language model behind an OpenAI-compatible server, answered with JSON of a given shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from adapters.engines.guard import Guard
from adapters.engines.openai import failure_of
from adapters.engines.settings import EngineSettings
from adapters.engines.wire import Wired, post, text_at
from adapters.ports import EngineHealth
from dialogs.errors import Refused

Answer = TypeVar("Answer", bound=BaseModel)


class JsonChat:
    """Asks one model for objects of one schema; ``name`` is what the schema is called."""

    def __init__(
        self, settings: EngineSettings, session: aiohttp.ClientSession, *, name: str, schema: Mapping[str, object]
    ) -> None:
        self._settings = settings
        self._session = session
        self._url = settings.url.rstrip("/") + "/chat/completions"
        self._guard = Guard(settings.id, settings)
        self._format = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}
        self._schema = True  # until the server says that it knows none

    async def ask(self, instruction: str, text: str, shape: type[Answer], *, tokens: int) -> Answer:
        """What the model answers to ``text``.

        Raises:
            TryLater: the server cannot serve now.
            Refused: it will not, or the answer is not of this shape.
        """
        return await self._guard.run(lambda: self._ask(instruction, text, shape, tokens))

    def health(self) -> EngineHealth:
        """How the server does."""
        return self._guard.health()

    async def _ask(self, instruction: str, text: str, shape: type[Answer], tokens: int) -> Answer:
        wired = await self._post(instruction, text, tokens)
        if wired.status == 400 and self._schema:
            self._schema = False  # many servers take JSON, but no schema of it
            wired = await self._post(instruction, text, tokens)
        if wired.status != 200:
            raise failure_of(wired)
        content = text_at(wired.body, "choices", 0, "message", "content")
        try:
            return shape.model_validate_json(_object_in(content))
        except ValidationError:
            raise Refused("malformed_answer") from None

    async def _post(self, instruction: str, text: str, tokens: int) -> Wired:
        payload: dict[str, Any] = {
            "model": self._settings.model,
            "temperature": 0,
            "max_tokens": tokens,
            "stream": False,
            "response_format": self._format if self._schema else {"type": "json_object"},
            "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": text}],
        }
        key = self._settings.key
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        return await post(self._session, self._url, payload, headers=headers, timeout=self._settings.timeout)


def fenced(text: str) -> str:
    """A buyer's words between marks they cannot write themselves."""
    inside = text
    while "<message>" in inside or "</message>" in inside:  # taking one out may make another
        inside = inside.replace("<message>", "").replace("</message>", "")
    return f"<message>\n{inside}\n</message>"


def _object_in(content: str) -> str:
    """The JSON object in an answer: small models write a fence or a sentence around it."""
    start, end = content.find("{"), content.rfind("}")
    return content[start : end + 1] if 0 <= start < end else content
