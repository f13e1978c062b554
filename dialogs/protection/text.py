"""Characters: what is taken out of a text before an engine sees it, and emoji."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

# Canonical placeholders in masked texts (see masking); they must not stand in a text by themselves.
OPEN, CLOSE = "\ue000", "\ue001"

# Control characters, lone surrogates, zero-width spaces, marks of direction, soft hyphens and our own two marks. The
# joiners U+200C and U+200D stay: Persian words and composed emoji need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ue000\ue001]"
)

# One emoji as people see it: a flag, or a pictograph with its skin tone, variant and joined parts.
_PICTOGRAPH = "[\u2600-\u27bf\u2b05-\u2b55\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001faff]"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    f"|{_PICTOGRAPH}[\ufe0f\U0001f3fb-\U0001f3ff]{{0,2}}"
    f"(?:\u200d{_PICTOGRAPH}[\ufe0f\U0001f3fb-\U0001f3ff]{{0,2}}){{0,6}}"
)


def clean(text: str) -> str:
    """The text as engines and checks see it: NFC, plain line ends, without control and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))


def emoji_in(text: str) -> list[str]:
    """The emoji of a text in order."""
    return [] if text.isascii() else _EMOJI.findall(text)


def without_emoji(text: str) -> str:
    """The text with a space where emoji stood."""
    return text if text.isascii() else _EMOJI.sub(" ", text)


def with_emoji(source: str, text: str) -> str:
    """``text`` with the emoji of ``source`` an engine lost appended: they carry the mood."""
    wanted = emoji_in(source)
    if not wanted:
        return text
    there = Counter(emoji_in(text))
    lost = []
    for emoji in wanted:
        if there[emoji]:
            there[emoji] -= 1
        else:
            lost.append(emoji)
    return f"{text} {''.join(lost)}" if lost else text
