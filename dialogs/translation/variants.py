"""Variants: Traditional Chinese for engines that know only Simplified Chinese."""

from __future__ import annotations

from typing import Final, overload

from dialogs.ports import Engine, EngineAnswer

SIMPLIFIED: Final = "zh"
TRADITIONAL: Final = "zh-Hant"


def between_variants(source: str | None, target: str) -> bool:
    """Whether both languages are Chinese and differ."""
    return {source, target} == {SIMPLIFIED, TRADITIONAL}


class ThroughSimplified:
    """An engine that may lack Traditional Chinese, with a converter before or behind it."""

    def __init__(self, engine: Engine, converter: Engine) -> None:
        self._engine = engine
        self._converter = converter
        self.name = engine.name
        self.version = f"{engine.version}+{converter.version}"
        self.tags = engine.tags
        self.limit = engine.limit

    def supports(self, source: str | None, target: str) -> bool:
        """Whether the pair, or its Simplified form, can be asked for."""
        return self._engine.supports(source, target) or self._engine.supports(_simplified(source), _simplified(target))

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        """Translate directly where the engine can, else by way of Simplified Chinese.

        Raises:
            TryLater, Refused: from the engine.
        """
        if self._engine.supports(source, target):
            return await self._engine.translate(text, source, target)
        if source == TRADITIONAL:
            text = (await self._converter.translate(text, TRADITIONAL, SIMPLIFIED)).text
        answer = await self._engine.translate(text, _simplified(source), _simplified(target))
        if target != TRADITIONAL:
            return answer
        converted = await self._converter.translate(answer.text, SIMPLIFIED, TRADITIONAL)
        return EngineAnswer(converted.text, answer.source)


@overload
def _simplified(language: str) -> str: ...
@overload
def _simplified(language: None) -> None: ...
def _simplified(language: str | None) -> str | None:
    return SIMPLIFIED if language == TRADITIONAL else language
