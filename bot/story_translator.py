"""The demo's own words, translated by who wrote them: its story can be read where no engine is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.story import Line
from dialogs.messages import SELLER_LANGUAGE, Translation
from dialogs.ports import Translator

ENGINE = "story"


class StoryTranslator:
    """``dialogs.ports.Translator`` that knows the lines of a story and asks another one for everything else."""

    def __init__(self, others: Translator, story: Iterable[Line]) -> None:
        self._others = others
        self._known: dict[tuple[str, str], str] = {}
        for line in story:
            if line.translated is not None:
                to_seller = line.act == "says"
                target = SELLER_LANGUAGE if to_seller else line.buyer.language
                self._known[line.value, target] = line.translated

    async def translate(
        self, text: str, *, source: str | None, target: str, shop: str, glossary: Mapping[str, Mapping[str, str]]
    ) -> Translation:
        """The story's own translation, else what the others say."""
        known = self._known.get((text, target))
        if known is not None:
            return Translation(text=known, source=source, target=target, engine=ENGINE)
        return await self._others.translate(text, source=source, target=target, shop=shop, glossary=glossary)
