"""Buttons under a card, and what a press of one says: ``<conversation>:<card>:<verb>[:<argument>]``.

Limit: Telegram Bot API, "InlineKeyboardButton" (callback_data of 1 to 64 bytes).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from adapters.ports import AgentIdentity, ConversationView, Line
from adapters.telegram.desk import texts
from dialogs.messages import CaseStatus, DeliveryState, Direction, RefusalCode

_LANGUAGES: Final = 15
_DATA: Final = re.compile(
    r"(?P<conversation>[1-9][0-9]{0,18}):(?P<token>[0-9a-f]{12}):(?P<verb>[a-z]{1,2})(?::(?P<argument>[\w-]{1,19}))?",
    re.ASCII,
)
# As the Bot API has them: plain JSON, because every turn makes some.
Button = dict[str, str]
Rows = list[list[Button]]
Maker = Callable[[str, "Verb"], Button]


class Verb(StrEnum):
    """What a button does."""

    PICK = "p"
    BACK_TRANSLATE = "b"
    LANGUAGES = "ls"
    LANGUAGE = "l"
    MAIN = "m"
    ESCALATE = "u"
    CLAIM = "k"
    RESOLVE = "d"
    REOPEN = "o"
    RETRY = "r"
    CANCEL = "c"
    SEND = "s"
    ARRIVED = "a"
    APPROVE = "y"
    DISAPPROVE = "n"
    READ_AGAIN = "t"


AUTOMATIC: Final = "auto"  # the argument of LANGUAGE that lets the detector decide


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button."""

    conversation: int
    token: str
    verb: Verb
    argument: str = ""

    @property
    def number(self) -> int:
        """The argument as a number, -1 when it is none."""
        return int(self.argument) if self.argument.isascii() and self.argument.isdecimal() else -1


def packed(press: Press) -> str:
    """The callback data of a button."""
    data = f"{press.conversation}:{press.token}:{press.verb}"
    return f"{data}:{press.argument}" if press.argument else data


def unpacked(data: str) -> Press | None:
    """The button somebody pressed, None when the data is none of ours."""
    found = _DATA.fullmatch(data)
    if found is None or found["verb"] not in set(Verb):
        return None
    return Press(int(found["conversation"]), found["token"], Verb(found["verb"]), found["argument"] or "")


def link(text: str, address: str) -> Button:
    """A button that opens an address."""
    return {"text": text, "url": address}


def web_address(url: str, conversation: int) -> str:
    """Where the conversation opens in the web desk."""
    return f"{url}/desk/{conversation}"


@lru_cache(maxsize=16)
def opens_anywhere(url: str) -> bool:
    """Whether Telegram takes the address for a button: it refuses hosts that mean something on one machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".local", ".localhost", ".internal"))


def keyboard(view: ConversationView, lines: Iterable[Line], *, token: str, latest: bool, url: str) -> Rows:
    """The buttons of a card that shows ``lines``; an older card keeps only those for answers that wait or failed."""
    conversation = view.row.id
    rows: Rows = []

    def button(text: str, verb: Verb, argument: object = "") -> Button:
        return _button(text, Press(conversation, token, verb, str(argument)))

    if latest and view.proposals:
        rows.append([button(str(n), Verb.PICK, n) for n in range(1, len(view.proposals) + 1)])
    if latest:
        rows += _team_rows(view, button)
    for line in lines:
        if decisions := _decisions(line):
            rows.append([button(text, verb, line.message.id) for text, verb in decisions])
    if latest and opens_anywhere(url):
        rows.append([link("打开网页", web_address(url, conversation))])
    return rows


def _button(text: str, press: Press) -> Button:
    return {"text": text, "callback_data": packed(press)}


def _team_rows(view: ConversationView, button: Maker) -> Rows:
    if view.case.status is CaseStatus.RESOLVED:
        return [[button("重新打开", Verb.REOPEN), button("语言", Verb.LANGUAGES)]]
    row = [button("语言", Verb.LANGUAGES), button("升级", Verb.ESCALATE), button("解决", Verb.RESOLVE)]
    if any(proposal.buyer_text is not None for proposal in view.proposals):
        row.insert(0, button("回译", Verb.BACK_TRANSLATE))
    escalation = view.escalation
    if escalation is not None and escalation.open and escalation.claimed_by is None:
        return [row, [button("我来处理", Verb.CLAIM)]]
    return [row]


def _decisions(line: Line) -> Sequence[tuple[str, Verb]]:
    """What can be decided about a line."""
    if line.message.direction is Direction.INCOMING:
        untranslated = line.translation is not None and line.translation.text is None and line.message.text
        return (("重读", Verb.READ_AGAIN),) if (line.parked or untranslated) and not line.replaced else ()
    if line.replaced:
        return ()
    match line.delivery:
        case DeliveryState.HELD if line.delivery_error == RefusalCode.NEEDS_APPROVAL:
            return ("批准", Verb.APPROVE), ("驳回", Verb.DISAPPROVE)
        case DeliveryState.HELD if line.delivery_error == RefusalCode.NOT_TRANSLATED:
            return ("重译", Verb.RETRY), ("取消发送", Verb.CANCEL)
        case DeliveryState.HELD:
            return ("发送", Verb.SEND), ("重译", Verb.RETRY), ("取消发送", Verb.CANCEL)
        case DeliveryState.FAILED:
            return ("重发", Verb.RETRY), ("取消发送", Verb.CANCEL)
        case DeliveryState.AMBIGUOUS:
            return ("已送达", Verb.ARRIVED), ("重发", Verb.RETRY)
        case _:
            return ()


def language_keyboard(view: ConversationView, token: str) -> Rows:
    """The second keyboard: languages the buyer may write in, the likeliest first."""
    codes = [guess.code for guess in view.language_candidates] + list(texts.COMMON_LANGUAGES)
    offered = [code for code in dict.fromkeys(codes) if len(code) <= 19 and re.fullmatch(r"[\w-]+", code, re.ASCII)]
    conversation = view.row.id

    def button(text: str, verb: Verb, argument: str = "") -> Button:
        return _button(text, Press(conversation, token, verb, argument))

    names = [button(texts.language(code), Verb.LANGUAGE, code) for code in offered[:_LANGUAGES]]
    rows = [names[start : start + 3] for start in range(0, len(names), 3)]
    rows.append([button("自动识别", Verb.LANGUAGE, AUTOMATIC), button("返回", Verb.MAIN)])
    return rows


def is_lead(agent: AgentIdentity) -> bool:
    """Whether the limits of an agent do not bind them."""
    return agent.role == "lead"
