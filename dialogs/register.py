"""Register: whether a text for a buyer says "you" as one does to friends; shops say usted, Sie, вы, आप."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dialogs.messages import Check

CODE: Final = "register"

_FAMILIAR: Final[Mapping[str, re.Pattern[str]]] = {
    language: re.compile(rf"(?<![\w’'-])(?:{words})(?![\w-])", re.IGNORECASE)
    for language, words in {
        "es": "tú|ti|te|tu|tus|contigo|tienes|puedes|quieres|eres|estás|has",
        "pt": "tu|te|ti|teu|teus|tua|tuas|contigo",
        "fr": "tu|toi|ta|tes",
        "de": "du|dich|dir|dein|deine|deinen|deinem|deiner|deines",
        "it": "tu|ti|te|tuo|tua|tuoi|tue",
        "nl": "je|jij|jou|jouw|jullie",
        "pl": "ty|cię|ciebie|tobie|tobą|twój|twoja|twoje|twoim|twojej",
        "ru": "ты|тебя|тебе|тобой|твой|твоя|твоё|твои|твоего|твоей|твоих",
        "uk": "ти|тебе|тобі|тобою|твій|твоя|твоє|твої|твого|твоєї|твоїх",
        "tr": "sen|seni|sana|senin|sende",
        "id": "kamu|kau|lu|lo",
        "hi": "तुम|तू|तुम्हारा|तुम्हारी|तुम्हारे|तुम्हें|तेरा|तेरी|तेरे",
    }.items()
}


def familiar(text: str, language: str) -> tuple[Check, ...]:
    """The first familiar word of a text in ``language``, as something to look at twice; nothing where all is polite."""
    words = _FAMILIAR.get(language)
    found = words.search(text) if words is not None else None
    return (Check(CODE, found[0]),) if found is not None else ()
