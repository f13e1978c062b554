"""The pieces Slack's messages are made of, within its limits.

Limits: Slack, "Block Kit" (50 blocks, section 3000, header 150, button text 75, modal title and buttons 24) and
"chat.postMessage" (a message's blocks together about 13,000 characters, else ``msg_blocks_too_long``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.slack.mrkdwn import escaped, inert, split
from adapters.slack.values import Value

Block = dict[str, Any]
Message = dict[str, Any]

BLOCKS: Final = 50
SECTION: Final = 2600  # four of these and two quotes stay below the limit of a message
HEADER: Final = 150
FALLBACK: Final = 300
QUOTE: Final = 800  # of a text that is shown to be known, not to be decided about


def message(fallback: str, blocks: Sequence[Block]) -> Message:
    """A message; ``fallback`` is what a notification shows, escaped already."""
    return {"text": fallback, "blocks": list(blocks[:BLOCKS])}


def header(text: str) -> Block:
    """The headline; ``text`` is escaped already."""
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": True}}


def section(text: str) -> Block:
    """Our own words in Slack's markup; what stands between them is escaped already."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(text: str) -> Block:
    """The same, small."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def quote(text: str, limit: int = QUOTE) -> list[Block]:
    """Somebody else's words, inert, shortened to ``limit``; nothing for an empty text."""
    shown = escaped(text, limit)
    return [_words(shown)] if shown else []


def whole(text: str, sections: int) -> tuple[list[Block], bool]:
    """Words somebody has to decide about, in up to ``sections`` pieces, and whether they are all there."""
    blocks: list[Block] = []
    rest = inert(text)
    while rest and len(blocks) < sections:
        piece, rest = split(rest, SECTION)
        blocks.append(_words(piece))
    return blocks, not rest


def _words(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(text: str, action: str, value: Value, *, style: str = "", ask: str = "") -> Block:
    """A button; with ``ask`` the person is asked that first."""
    made: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": True},
        "action_id": action,
        "value": value.packed(),
    }
    if style:
        made["style"] = style
    if ask:
        made["confirm"] = {
            "title": {"type": "plain_text", "text": text},
            "text": {"type": "plain_text", "text": ask},
            "confirm": {"type": "plain_text", "text": "确定"},
            "deny": {"type": "plain_text", "text": "取消"},
        }
    return made


def link(text: str, action: str, url: str) -> Block:
    """A button that opens a page."""
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": True},
        "action_id": action,
        "url": url,
    }


def window(title: str, callback: str, blocks: Sequence[Block], *, submit: str = "") -> Block:
    """A modal; without ``submit`` it can only be closed."""
    made: Block = {
        "type": "modal",
        "callback_id": callback,
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "取消" if submit else "关闭"},
        "notify_on_close": True,
        "blocks": list(blocks),
    }
    if submit:
        made["submit"] = {"type": "plain_text", "text": submit}
    return made
