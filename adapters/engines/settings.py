"""What an engine is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.secret import Secret


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
