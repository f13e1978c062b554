"""The guard the tests of this folder ask."""

from __future__ import annotations

from pathlib import Path

from dialogs.tone import ToneGuard

LOCALES = Path(__file__).parents[3] / "locales"
GUARD = ToneGuard.load(LOCALES)


def rules(text: str, *allowed: str) -> set[str]:
    return {warning.rule for warning in GUARD.check(text, allowed)}


def outgoing(text: str, language: str) -> set[str]:
    return {warning.rule for warning in GUARD.check_outgoing(text, language)}
