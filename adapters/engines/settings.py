"""What an engine is told: frozen, and a key that cannot be printed by accident."""

from __future__ import annotations

from dataclasses import dataclass, field

from typing_extensions import override


class Secret:
    """A key or token; its text is only what ``reveal`` returns."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one header it belongs in."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    @override
    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """One engine of a shop.

    ``name`` is a key of ENGINES; ``label`` tells two engines of one name apart (deepseek and qwen are both ``openai``).
    ``timeout`` is in seconds for one call. ``rate_per_second`` of 0 means no pacing. ``rest`` is how many seconds an
    engine is left alone after ``failures_to_rest`` failures in a row.
    """

    name: str
    label: str = ""
    url: str = ""
    key: Secret = field(default_factory=Secret)
    model: str = ""
    timeout: float = 8.0
    rate_per_second: float = 0.0
    retries: int = 1
    failures_to_rest: int = 5
    rest: float = 30.0

    @property
    def id(self) -> str:
        """The engine's name everywhere outside the settings."""
        return self.label or self.name
