"""What buyers write, in their languages, and what it is about: ``messages/<lang>.toml``, situation → messages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dialogs.messages import LanguageReading
from tests.dialogs.reading.shared import READER, TODAY

MESSAGES = [
    (path.stem, situation, text)
    for path in sorted(Path(__file__).with_name("messages").glob("*.toml"))
    for situation, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()
    for text in texts
]


@pytest.mark.parametrize(("language", "situation", "text"), MESSAGES)
def test_leading_situation(language: str, situation: str, text: str) -> None:
    reading = READER.read(text, LanguageReading(code=language, confidence=1.0), today=TODAY)
    assert reading.situation == situation, [
        (found.id, found.confidence, found.evidence) for found in reading.situations
    ]
