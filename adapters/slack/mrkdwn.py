"""Slack's markup: other people's text made inert for a message, and what a person typed turned back into plain text.

Source: Slack, "Formatting message text" (the three characters to escape, references in angle brackets).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.doors import clean

ELLIPSIS: Final = "…"
_ESCAPED: Final[Mapping[str, str]] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Marks that turn the direction of whatever follows them.
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_NEWLINES: Final = re.compile(r"\n{3,}")
_REFERENCE: Final = re.compile(r"<([^<>]{1,3000})>")
_EMOJI: Final = re.compile(r":([a-z0-9_+'-]{1,80}(?:::skin-tone-[2-6])?):")
_MARKS: Final = str.maketrans(dict.fromkeys("*_~`", "\u2060"))
_ZONE: Final = ZoneInfo("Asia/Shanghai")


def units(text: str) -> int:
    """Length in UTF-16 units, the most cautious way Slack's limits can be counted."""
    return len(text.encode("utf-16-le")) // 2


def inert(text: str) -> str:
    """Somebody else's text without control characters and turned directions; it is not escaped yet."""
    return _NEWLINES.sub("\n\n", _CONTROLS.sub(" ", _BIDI.sub("", clean(text).replace("\r\n", "\n")))).strip()


def split(text: str, limit: int) -> tuple[str, str]:
    """The escaped beginning of ``text`` in at most ``limit`` units, and the rest as it was given."""
    taken: list[str] = []
    room = limit
    for index, character in enumerate(text):
        piece = _ESCAPED.get(character, character)
        room -= len(piece) + (character > "\uffff")
        if room < 0:
            return "".join(taken), text[index:]
        taken.append(piece)
    return "".join(taken), ""


def escaped(text: str, limit: int) -> str:
    """Inert and escaped, in at most ``limit`` units, with "…" where it was shortened."""
    plain = inert(text)
    whole, rest = split(plain, limit)
    return whole if not rest else split(plain, limit - 1)[0].rstrip() + ELLIPSIS


def inline(text: str, limit: int) -> str:
    """The same on one line and without Slack's marks of emphasis, to stand between words of ours."""
    return escaped(" ".join(inert(text).split()).translate(_MARKS), limit)


def moment(at: datetime) -> str:
    """A moment that every reader sees in their own zone, with Beijing time where Slack cannot show it so."""
    there = at.astimezone(_ZONE)
    fallback = f"{there:%Y-%m-%d %H:%M} 北京时间"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def plain(text: str, *, name_of: Callable[[str], str], emoji: Mapping[str, str]) -> str:
    """What a person typed, as they see it: references by their names, entities and emoji as characters.

    ``name_of`` tells the name behind a user's id, ``emoji`` the characters behind Slack's names of them.
    """
    told = _REFERENCE.sub(lambda found: _reference(found[1], name_of), clean(text))
    told = _EMOJI.sub(lambda found: emoji.get(found[1], found[0]), told)
    return told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def mentioned(text: str) -> frozenset[str]:
    """Ids of the users a text speaks to."""
    return frozenset(re.findall(r"<@([A-Z0-9]{2,30})(?:\|[^<>]*)?>", text))


def _reference(inner: str, name_of: Callable[[str], str]) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{label or name_of(target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == address or target.endswith(f"://{label}"):
        return label or address
    return f"{label} ({address})"


def emoji_of(blocks: object) -> dict[str, str]:
    """The characters of the emoji in a message's ``rich_text`` blocks, by the name its text has them under."""
    found: dict[str, str] = {}
    waiting, looked = [blocks], 0
    while waiting and looked < 5000:
        node, looked = waiting.pop(), looked + 1
        if isinstance(node, list):
            waiting.extend(node[:500])
        elif isinstance(node, dict):
            if node.get("type") == "emoji":
                found |= _emoji(node)
            waiting.append(node.get("elements"))
    return found


def _emoji(node: Mapping[str, object]) -> dict[str, str]:
    name, points, tone = node.get("name"), node.get("unicode"), node.get("skin_tone")
    if not isinstance(name, str) or not isinstance(points, str):
        return {}
    if not re.fullmatch(r"[0-9a-fA-F]{2,6}(?:-[0-9a-fA-F]{2,6}){0,9}", points):
        return {}
    codes = [int(point, 16) for point in points.split("-")]
    if any(code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code < 0x20 for code in codes):
        return {}
    characters = "".join(map(chr, codes))
    toned = f"{name}::skin-tone-{tone}" if isinstance(tone, int) else name
    return {toned: characters}
