"""Tone: what a seller's own words must not sound like, in Chinese and in the buyer's language."""

from dialogs.tone.guard import ToneGuard

__all__ = ["ToneGuard"]
