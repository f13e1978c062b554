"""The shape of every engine, with defaults that degrade."""

from __future__ import annotations

import abc
from collections.abc import Awaitable, Callable

from dialogs.ports import EngineAnswer

Sleep = Callable[[float], Awaitable[None]]


class BaseEngine(abc.ABC):
    """One translation engine; implements the Engine port of dialogs."""

    name: str
    version: str = "1"
    tags: bool = False
    limit: int = 4000  # UTF-8 bytes in one call

    def supports(self, source: str | None, target: str) -> bool:
        """Whether the pair can be asked for; by default any but a language into itself."""
        return source != target

    @abc.abstractmethod
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        """Translate one text within ``limit``.

        Raises:
            TryLater: the engine cannot serve now.
            Refused: the engine will not serve this.
        """

    async def close(self) -> None:  # noqa: B027 - most engines hold nothing
        """Free what the engine holds."""
