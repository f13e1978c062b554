"""One reader for all reading tests: loading it takes longer than all of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dialogs.messages import LanguageReading, Reading
from dialogs.reading import Reader

LOCALES = Path(__file__).parents[3] / "locales"
READER = Reader.load(LOCALES)
TODAY = date(2026, 3, 20)


def read(text: str, language: str | None = "en", **more: object) -> Reading:
    """Read ``text`` as written in ``language``."""
    return READER.read(text, LanguageReading(code=language, confidence=1.0), today=TODAY, **more)  # type: ignore[arg-type]
