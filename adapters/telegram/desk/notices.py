"""Short messages beside the cards: what failed, what was refused, what a file is called."""

from __future__ import annotations

import mimetypes
import re
from datetime import datetime
from typing import Final

from adapters.ports import ConversationView, Line, RefusedChoice
from adapters.telegram.desk import texts
from adapters.telegram.desk.buttons import Rows, language_keyboard, link, opens_anywhere, web_address
from adapters.telegram.desk.cards import Card
from adapters.telegram.desk.markup import Piece, inert, isolated, one_line
from adapters.telegram.desk.parts import incoming
from adapters.telegram.desk.poster import note
from dialogs.messages import DeliveryState, Media, Refusal, RefusalCode

_DECIDE: Final = frozenset({DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.AMBIGUOUS})
_CLOSED: Final = re.compile(r"(?P<who>.{1,200}) \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC")


def trouble(line: Line, now: datetime) -> Card | None:
    """The call for a line somebody has to decide about, None when there is nothing to decide."""
    if line.replaced:
        return None
    if incoming(line):
        return note(Piece("⚠️ 买家的这条消息处理出错，请在卡片上按“重读”。")) if line.parked else None
    if line.delivery not in _DECIDE:
        return None
    author = isolated(one_line(line.message.author, 40)) or "卖家"
    error = line.delivery_error or ""
    why = f"（{texts.DELIVERY_ERROR.get(error, one_line(error, 40))}）" if error else ""
    state = texts.DELIVERY[line.delivery]
    return note(Piece(f"{author} {texts.moment(line.message.at, now)} 的回复：{state}{why}。请在上面的卡片上决定。"))


def refused(refused_choice: RefusedChoice, view: ConversationView, *, token: str | None, url: str) -> Card:
    """Why something that was typed did not leave, with the text and, where there is one, a way on."""
    choice, refusal = refused_choice.choice, refused_choice.refusal
    author = isolated(one_line(choice.agent, 40))
    quoted = inert(choice.seller_text) or "（附件）"
    return note(
        Piece(f"⚠️ {author} 的回复没有发出：{reason(refusal)}\n"),
        Piece(quoted, "blockquote", 1),
        keyboard=_way_on(refusal, view, token, url),
    )


def _way_on(refusal: Refusal, view: ConversationView, token: str | None, url: str) -> Rows:
    if refusal.code is RefusalCode.NO_LANGUAGE and token is not None:
        return language_keyboard(view, token)
    if refusal.code is RefusalCode.WINDOW_CLOSED and opens_anywhere(url):
        return [[link("去网页发送模板", web_address(url, view.row.id))]]
    return []


def reason(refusal: Refusal) -> str:
    """Why an action was not done, in Chinese."""
    by = _CLOSED.fullmatch(refusal.detail) if refusal.code is RefusalCode.CLOSED else None
    if by is not None:
        return f"{one_line(by['who'], 40)} 已回复"
    detail = one_line(refusal.detail, 60)
    shown = f"（{detail}）" if detail and refusal.code is not RefusalCode.CLOSED else ""
    return texts.REFUSAL[refusal.code] + shown


def file_name(media: Media, mime: str) -> str:
    """What an attachment is called in Telegram: its own name, else its kind with the ending of its type."""
    name = one_line(media.name, 60).replace("/", "_").replace("\\", "_")
    return name or f"{media.kind}{mimetypes.guess_extension(mime) or ''}"
