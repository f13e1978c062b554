"""What the dialogs need from outside. Small interfaces, owned by their user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialogs.messages import Kind, LanguageGuess, LanguageReading, Opinion, Translation


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class Detector(Protocol):
    """Tells the language of a text."""

    def detect(self, text: str, memory: tuple[LanguageGuess, ...] = ()) -> LanguageReading:
        """Read ``text``; ``memory`` is the posterior of the conversation's earlier messages. Never raises."""
        ...


class Adviser(Protocol):
    """Thinks about what a message says beside the cues: by meaning, or with a language model."""

    async def consider(self, text: str, *, language: str | None, chinese: str | None) -> Opinion | None:
        """Its opinion of ``text``; None while it cannot serve. Never raises for that."""
        ...


DRAFT_KINDS = (Kind.CALMING, Kind.APOLOGY, Kind.REMEDY, Kind.QUESTION)
DRAFT_LENGTH = 400  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a model may know: masked words, codes and lines people wrote; ``buyer`` says whose a turn is."""

    situation: str  # Chinese
    mood: str
    wants: tuple[str, ...]
    turns: tuple[tuple[bool, str], ...]  # (is the buyer's, text), oldest first
    places: tuple[str, ...]  # placeholders it may write
    remedies: tuple[str, ...]  # what the agents may offer
    lines: tuple[str, ...]  # what people would say at this moment


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote: Chinese with placeholders; ``remedy`` where it offers one."""

    kind: Kind
    text: str
    remedy: str | None = None


class Drafter(Protocol):
    """Writes one more reply."""

    async def draft(self, request: DraftRequest) -> Draft | None:
        """A reply for this moment; None while it cannot serve. Never raises for that."""
        ...


class Translator(Protocol):
    """Carries a text into another language, or says honestly that it could not."""

    async def translate(
        self, text: str, *, source: str | None, target: str, shop: str, glossary: Mapping[str, Mapping[str, str]]
    ) -> Translation:
        """Translate ``text``; a ``source`` of None lets the engine tell. Never raises for an engine's failure."""
        ...


class Writes(Protocol):
    """Renders written replies."""

    def render(self, reply_id: str, language: str, facts: Mapping[str, object]) -> str:
        """The reply in ``language``.

        Raises:
            NotWritten: nobody has written it.
        """
        ...

    def outline(self, reply_id: str, facts: Mapping[str, object]) -> str:
        """The Chinese of the reply, with what is not among ``facts`` in 〔〕."""
        ...

    def written(self, reply_id: str) -> frozenset[str]:
        """Languages a person has written the reply in, Chinese included."""
        ...


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """What an engine returned, unproven; ``source`` is the language it detected, when it tells."""

    text: str
    source: str | None = None


class Engine(Protocol):
    """One translation engine."""

    @property
    def name(self) -> str:
        """Stable id, as in the settings."""
        ...

    @property
    def version(self) -> str:
        """Part of the memory key: changes when answers may change (model name, API version)."""
        ...

    @property
    def tags(self) -> bool:
        """Whether the engine keeps XML tags (``<x id="1"/>``) in place; then every text for it and from it is XML."""
        ...

    @property
    def limit(self) -> int:
        """The longest text the engine takes in one call, in UTF-8 bytes."""
        ...

    def supports(self, source: str | None, target: str) -> bool:
        """Whether the pair can be asked for at all."""
        ...

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        """Translate.

        Raises:
            TryLater: the engine cannot serve now (429, 5xx, timeout, circuit open).
            Refused: the engine will not serve this (bad key, unknown pair, too long, unusable answer).
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryKey:
    """Exact-memory key: nothing but an equal key may be answered from memory."""

    text: str  # masked and normalised
    source: str | None
    target: str
    engine: str  # name@version
    glossary: str  # digest of the glossary that was applied
    shop: str


class Memory(Protocol):
    """Exact translation memory; values are masked texts, so no entity is ever stored twice."""

    async def get(self, keys: tuple[MemoryKey, ...]) -> Mapping[MemoryKey, str]:
        """The stored values of those keys that are known."""
        ...

    async def put(self, key: MemoryKey, text: str) -> None:
        """Remember a proven translation."""
        ...
