"""The chain: exact memory, then the shop's engines in order, then the honest state 未翻译."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogs.errors import Refused, TryLater
from dialogs.messages import Attempt, Translation
from dialogs.ports import Detector, Engine, Memory, MemoryKey
from dialogs.protection import Masked, Style, clean, compare, mask, with_emoji
from dialogs.protection.terms import Glossary
from dialogs.protection.text import without_emoji
from dialogs.protection.writing import has_letters
from dialogs.translation.asking import Answer, ask, judge
from dialogs.translation.pieces import pieces
from dialogs.translation.variants import ThroughSimplified, between_variants

LONGEST = 20_000  # characters; a longer text is shown untranslated (Telegram's own limit is 4096)


@dataclass(frozen=True, slots=True)
class _Wish:
    """One text to be carried over; equal wishes in flight share one answer."""

    text: str
    source: str | None
    target: str
    shop: str
    glossary: Glossary


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text as one engine gets it, with the white space around it."""

    lead: str
    masked: Masked
    trail: str
    key: MemoryKey


@dataclass(frozen=True, slots=True)
class _Plan:
    """One engine and the pieces it would be asked for."""

    engine: Engine
    pieces: tuple[_Piece, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text that somebody must be asked for: clean, the plans best first, and the engines that cannot be asked."""

    text: str
    plans: tuple[_Plan, ...]
    unasked: tuple[Attempt, ...]


class ChainTranslator:
    """Implements the Translator port over a shop's engines, best first.

    Args:
        engines: asked in this order. Another shop's order is another ChainTranslator over the same engines and memory.
        memory: exact translation memory.
        detector: reads the language of answers.
        variants: converts between Simplified and Traditional Chinese.
    """

    def __init__(
        self, engines: Sequence[Engine], memory: Memory, detector: Detector, variants: Engine | None = None
    ) -> None:
        self._engines = tuple(engines)
        self._through: tuple[Engine, ...] = self._engines
        if variants is not None:
            self._through = tuple(ThroughSimplified(engine, variants) for engine in self._engines)
        self._variants = variants
        self._memory = memory
        self._detector = detector
        self._running: dict[_Wish, tuple[asyncio.Task[Translation], list[None]]] = {}

    async def translate(
        self, text: str, *, source: str | None, target: str, shop: str, glossary: Mapping[str, Mapping[str, str]]
    ) -> Translation:
        """Translate ``text``, or tell with ``attempts`` why no engine could.

        The same text asked for twice at once costs one call; who gives up waiting does not disturb the others.
        """
        wish = _Wish(text, source, target, shop, Glossary.of(glossary))
        if wish not in self._running:
            asked = self._prepared(wish, glossary)
            if isinstance(asked, Translation):
                return asked
            task = asyncio.create_task(self._translate(wish, asked), name="translate")
            self._running[wish] = (task, [])
            task.add_done_callback(lambda done: self._forget(wish, done))
        task, waiting = self._running[wish]
        waiting.append(None)
        try:
            return await asyncio.shield(task)
        finally:
            waiting.pop()
            if not waiting and not task.done():
                task.cancel()
                self._forget(wish, task)

    def _forget(self, wish: _Wish, task: asyncio.Task[Translation]) -> None:
        if wish in self._running and self._running[wish][0] is task:
            del self._running[wish]

    def _prepared(self, wish: _Wish, glossary: Mapping[str, Mapping[str, str]]) -> _Asked | Translation:
        """What is to be asked, or the answer where nobody needs to be or can be."""
        if wish.source == wish.target:
            return Translation(text=wish.text, source=wish.source, target=wish.target, engine="same")
        if len(wish.text) > LONGEST:
            return self._untranslated(wish, (Attempt("all", "too_long"),))
        text = clean(wish.text)
        masked = mask(text, glossary, wish.source, wish.target)
        if not has_letters(without_emoji(masked.visible)):
            same = masked.restored if masked.values and glossary else wish.text
            return Translation(text=same, source=wish.source, target=wish.target, engine="same")
        asked = self._plans(wish, glossary, text, masked)
        return asked if asked.plans else self._untranslated(wish, asked.unasked)

    async def _translate(self, wish: _Wish, asked: _Asked) -> Translation:
        text, plans = asked.text, asked.plans
        stored = await self._memory.get(tuple({piece.key: None for plan in plans for piece in plan.pieces}))
        for plan in plans:
            answers = [self._remembered(piece, stored, wish) for piece in plan.pieces]
            if all(answer is not None for answer in answers):
                return self._joined(wish, text, plan, [a for a in answers if a is not None], "memory", ())

        attempts = list(asked.unasked)
        unproven: Translation | None = None
        for plan in plans:
            try:
                fresh = [await self._answer(plan.engine, piece, stored, wish) for piece in plan.pieces]
            except (TryLater, Refused) as error:
                attempts.append(Attempt(plan.engine.name, error.reason))
                continue
            translation = self._joined(wish, text, plan, fresh, plan.engine.name, tuple(attempts))
            if translation.proven:
                await self._remember(plan, fresh, stored)
                return translation
            entity = any(check.code.startswith("entity") for check in translation.checks)
            attempts.append(Attempt(plan.engine.name, "entity" if entity else "language"))
            unproven = unproven or translation
        return unproven or self._untranslated(wish, tuple(attempts))

    # ---- planning ----------------------------------------------------------------------------------------------------

    def _plans(self, wish: _Wish, glossary: Mapping[str, Mapping[str, str]], text: str, masked: Masked) -> _Asked:
        engines = self._through
        if self._variants is not None and between_variants(wish.source, wish.target):
            engines = (self._variants, *self._engines)
        plans: list[_Plan] = []
        unasked: list[Attempt] = []
        for engine in engines:
            if engine.supports(wish.source, wish.target):
                plans.append(_Plan(engine, self._pieces(engine, wish, glossary, text, masked)))
            else:
                unasked.append(Attempt(engine.name, "unsupported"))
        return _Asked(text, tuple(plans), tuple(unasked))

    def _pieces(
        self, engine: Engine, wish: _Wish, glossary: Mapping[str, Mapping[str, str]], text: str, masked: Masked
    ) -> tuple[_Piece, ...]:
        def fits(part: str) -> bool:
            return _size(engine, mask(part, glossary, wish.source, wish.target)) <= engine.limit

        parts = [text] if _size(engine, masked) <= engine.limit else pieces(text, fits)
        found = []
        for part in parts:
            core = part.strip()
            at = part.index(core)
            hidden = masked if core == text else mask(core, glossary, wish.source, wish.target)
            key = MemoryKey(
                text=hidden.canonical,
                source=wish.source,
                target=wish.target,
                engine=f"{engine.name}@{engine.version}",
                glossary=wish.glossary.digest,
                shop=wish.shop,
            )
            found.append(_Piece(part[:at], hidden, part[at + len(core) :], key))
        return tuple(found)

    # ---- answers -----------------------------------------------------------------------------------------------------

    def _remembered(self, piece: _Piece, stored: Mapping[MemoryKey, str], wish: _Wish) -> Answer | None:
        """The answer the memory has, proven again: the store is outside."""
        if not has_letters(without_emoji(piece.masked.visible)):
            return Answer(text=piece.masked.restored, proven=True)
        canonical = stored.get(piece.key)
        if canonical is None:
            return None
        answer = judge(piece.masked, canonical, wish.source, wish.target, self._detector)
        return answer if answer.proven else None

    async def _answer(self, engine: Engine, piece: _Piece, stored: Mapping[MemoryKey, str], wish: _Wish) -> Answer:
        known = self._remembered(piece, stored, wish)
        if known is not None:
            return known
        return await ask(engine, piece.masked, wish.source, wish.target, self._detector)

    async def _remember(self, plan: _Plan, answers: Sequence[Answer], stored: Mapping[MemoryKey, str]) -> None:
        for piece, answer in zip(plan.pieces, answers, strict=True):
            if answer.canonical is not None and not answer.checks and piece.key not in stored:
                await self._memory.put(piece.key, answer.canonical)

    def _joined(
        self,
        wish: _Wish,
        text: str,
        plan: _Plan,
        answers: Sequence[Answer],
        engine: str,
        attempts: tuple[Attempt, ...],
    ) -> Translation:
        joined = "".join(
            piece.lead + answer.text + piece.trail for piece, answer in zip(plan.pieces, answers, strict=True)
        )
        checks = tuple(dict.fromkeys(check for answer in answers for check in answer.checks))
        proven = all(answer.proven for answer in answers)
        if proven and len(answers) > 1:
            wanted = "".join(piece.lead + piece.masked.restored + piece.trail for piece in plan.pieces)
            wrong = compare(wanted, joined)
            proven, checks = not wrong, wrong + checks
        return Translation(
            text=with_emoji(text, joined),
            source=wish.source or next((answer.source for answer in answers if answer.source), None),
            target=wish.target,
            engine=engine,
            proven=proven,
            checks=checks,
            attempts=attempts,
        )

    @staticmethod
    def _untranslated(wish: _Wish, attempts: tuple[Attempt, ...]) -> Translation:
        return Translation(text=None, source=wish.source, target=wish.target, proven=False, attempts=attempts)


def _size(engine: Engine, masked: Masked) -> int:
    style = Style.TAG if engine.tags else Style.LETTERS
    return len(masked.written(style, xml=engine.tags).encode("utf-8"))
