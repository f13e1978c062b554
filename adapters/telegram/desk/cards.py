"""A card: one message that shows a turn of a buyer, what was answered, and what may be answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.ports import ConversationView, Line
from adapters.telegram.desk import texts
from adapters.telegram.desk.buttons import Rows, keyboard, opens_anywhere, web_address
from adapters.telegram.desk.markup import Piece, cut, fit, inert, isolated, marked, one_line, plain
from adapters.telegram.desk.parts import Part, incoming
from dialogs.messages import CaseStatus, DeliveryState, Direction, Media, Origin, Proposal

_NAME: Final = 64
_TITLE: Final = 128  # Bot API, "createForumTopic"
_BUYERS_LINES: Final = 8  # of one card; what is above stands in the web desk
_TEAM_LINES: Final = 6
_FILES: Final = 10
_QUOTE: Final = "blockquote expandable"
# In which order texts give way: the buyer's own words first, the Chinese of them last.
_ORIGINAL, _ANSWER, _OFFER_TEXT, _OFFER, _CHINESE = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is sent: HTML and, for when Telegram cannot parse it, plain text; ``digest`` tells two cards apart."""

    html: str
    plain: str
    keyboard: Rows
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What every card needs besides the conversation."""

    titles: Mapping[str, str]  # Chinese names of situations
    url: str  # of the web desk
    now: datetime


def token_of(view: ConversationView, first: int) -> str:
    """The card's name in its buttons: another one for every other set of proposals, the same for the same."""
    offered = ",".join(proposal.id for proposal in view.proposals)
    return hashlib.sha256(f"{view.row.id}/{first}/{view.turn_id}/{offered}".encode()).hexdigest()[:12]


def buyer_name(view: ConversationView) -> str:
    """The buyer's name in one line; some have none."""
    return one_line(view.row.contact_name, _NAME) or f"买家 {view.row.id}"


def topic_title(view: ConversationView) -> str:
    """The name of the buyer's topic: their mood and their name."""
    return cut(f"{texts.MOOD_MARK[view.case.mood]} {buyer_name(view)}", _TITLE)


def card(view: ConversationView, part: Part, *, token: str, look: Look) -> Card:
    """The card for ``part``."""
    pieces = tuple(_pieces(view, part, look))
    fitted = fit(pieces)
    # How long is left changes with every look at the clock, which is no reason to edit a card.
    still = plain(fit(tuple(piece for piece in pieces if not piece.moving)))
    buttons = keyboard(view, part.lines, token=token, latest=part.latest, url=look.url)
    digest = hashlib.sha256(f"{still}\0{json.dumps(buttons)}".encode()).hexdigest()[:16]
    return Card(html=marked(fitted), plain=plain(fitted), keyboard=buttons, digest=digest)


def fingerprint(view: ConversationView, part: Part, *, token: str) -> int:
    """A number for all a card shows, the ``look`` aside: as long as it is the same, so is the digest of the card.

    It costs a small part of what a card does, and means nothing to another process. What is read here must be all that
    ``_pieces`` and ``keyboard`` read.
    """
    row, case = view.row, view.case
    shown = (row.id, row.contact_name, row.channel, view.language_override, case.language)
    if not part.latest:
        return hash((*shown, token, part.lines))
    clocks = (case.mood, case.status, case.flags, row.due, view.window_open, view.window_until, view.escalation)
    return hash((*shown, *clocks, token, part.lines, view.proposals))


def _pieces(view: ConversationView, part: Part, look: Look) -> Iterator[Piece]:
    yield from _head(view, latest=part.latest)
    wrote = [line for line in part.lines if incoming(line)]
    team = [line for line in part.lines if not incoming(line) and not _replaced_answer(line)]
    if len(wrote) > _BUYERS_LINES:
        yield Piece(f"（前面还有 {len(wrote) - _BUYERS_LINES} 条，请打开网页查看）\n")
    day = part.lines[0].message.at  # times of the same day need no date
    shown = {line.message.id for line in (*wrote[-_BUYERS_LINES:], *team[-_TEAM_LINES:])}
    for line in part.lines:
        if line.message.id in shown:
            yield from _buyers_line(line) if incoming(line) else _team_line(line, day)
    yield from _reading(wrote, look.titles)
    if part.latest:
        yield from _clocks(view, day, look.now)
        for number, proposal in enumerate(view.proposals, 1):
            yield from _offered(number, proposal)
    if not opens_anywhere(look.url):
        yield Piece(f"\n网页：{cut(web_address(look.url, view.row.id), 200)}")


def _head(view: ConversationView, *, latest: bool) -> Iterator[Piece]:
    """Who writes; how they feel and whether it is settled stands on the newest card alone.

    To edit every older card too would use up what the group may send in a minute.
    """
    code = view.language_override or view.case.language
    fixed = "（已固定）" if view.language_override else ""
    channel = texts.CHANNEL.get(view.row.channel, one_line(view.row.channel, 20))
    if latest:
        yield Piece(f"{texts.MOOD_MARK[view.case.mood]} ")
    yield Piece(isolated(buyer_name(view)), "b")
    yield Piece(f" · {channel} · {texts.language(code)}{fixed}\n")
    if latest and view.case.status is CaseStatus.RESOLVED:
        yield Piece(f"{texts.STATUS[CaseStatus.RESOLVED]}\n")


def _buyers_line(line: Line) -> Iterator[Piece]:
    message, translation = line.message, line.translation
    marks = []
    if line.answers:
        marks.append(f"↪️ 回复：{one_line(line.answers, 60)}")
    if message.edits is not None:
        marks.append("✏️ 买家修改为")
    if line.replaced:
        marks.append("✏️ 买家后来修改了这条")
    if message.deleted_at is not None:
        marks.append("🗑 买家已撤回这条")
    if line.parked:
        marks.append(f"⚠️ 处理出错（{one_line(line.parked, 60)}），可按“重读”")
    if translation is not None and translation.checks:
        marks.append("⚠️ 译文可能有误，请对照原文")
    yield Piece("".join(f"\n{mark}" for mark in marks) + "\n")
    original = inert(message.text)
    same = translation is not None and translation.engine == "same"
    chinese = "" if translation is None or translation.text is None else inert(translation.text)
    if original and same:
        yield Piece(original, "b", _CHINESE)
    elif original:
        yield Piece(chinese, "b", _CHINESE) if chinese else Piece("（未翻译）", "b")
        yield Piece("\n")
        yield Piece(original, _QUOTE, _ORIGINAL)
    yield from _files(message.media)


def _files(media: Sequence[Media]) -> Iterator[Piece]:
    named = [f"\n📎 {_file(item)}" for item in media[:_FILES]]
    if len(media) > _FILES:
        named.append(f"\n📎 还有 {len(media) - _FILES} 个附件，请打开网页查看")
    if named:
        yield Piece("".join(named), "", _ORIGINAL)


def _file(item: Media) -> str:
    facts = [fact for fact in (isolated(one_line(item.name, 60)), texts.size(item.size), _fate(item)) if fact]
    return texts.MEDIA.get(item.kind, "附件") + ("：" + "，".join(facts) if facts else "")


def _fate(media: Media) -> str:
    if media.error:
        return texts.MEDIA_ERROR.get(media.error, "取不到")
    return "下载中" if media.remote and not media.ref else ""


def _replaced_answer(line: Line) -> bool:
    return line.replaced and line.message.direction is Direction.OUTGOING


def _team_line(line: Line, day: datetime) -> Iterator[Piece]:
    message = line.message
    author = isolated(one_line(message.author, 40)) or "卖家"
    when = texts.moment(message.at, day)
    if message.direction is Direction.NOTE:
        yield Piece(f"\n\n📝 {author} {when} 备注：")
        yield Piece(inert(message.text), "", _ANSWER)
        return
    kind = "" if message.kind is None else f"（{texts.KIND[message.kind]}）"
    state = "在平台上直接回复" if line.delivery is None else texts.DELIVERY[line.delivery]
    if line.delivery_error and line.delivery in {DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.AMBIGUOUS}:
        state += f"：{texts.DELIVERY_ERROR.get(line.delivery_error, one_line(line.delivery_error, 40))}"
    yield Piece(f"\n\n↩️ {author} {when}{kind} {state}\n")
    chinese, left = inert(message.seller_text or ""), inert(message.text)
    if chinese:
        yield Piece(chinese, "", _ANSWER)
    if left and left != chinese:
        yield Piece("\n" if chinese else "")
        yield Piece(left, _QUOTE, _ANSWER)
    yield from _files(message.media)


def _reading(wrote: Sequence[Line], titles: Mapping[str, str]) -> Iterator[Piece]:
    read = next((line.reading for line in reversed(wrote) if line.reading is not None), None)
    if read is None:
        return
    facts = [titles.get(read.situation, "问题未识别"), f"{texts.MOOD_MARK[read.mood]} {texts.MOOD[read.mood]}"]
    if read.wants:
        facts.append("想要" + "、".join(texts.WANT[want] for want in read.wants))
    yield Piece("\n\n📋 " + " · ".join(facts))


def _clocks(view: ConversationView, day: datetime, now: datetime) -> Iterator[Piece]:
    """Clocks and warnings."""
    due, until, escalation = view.row.due, view.window_until, view.escalation
    if flags := [texts.FLAG[flag] for flag in view.case.flags if flag in texts.FLAG]:
        yield Piece(f"\n🚩 {'、'.join(flags)}")
    if due is not None and "overdue" in view.case.flags:
        yield Piece(f"\n⏰ 已超时，应在 {texts.moment(due, day)} 前回复")
    elif due is not None:
        yield Piece(f"\n⏱ 请在 {texts.moment(due, day)} 前回复")
        yield _left(due, now)
    if not view.window_open:
        yield Piece("\n🕐 回复窗口已关，只能在网页里发送模板")
    elif until is not None:
        yield Piece(f"\n🕐 可回复至 {texts.moment(until, day)}")
        yield _left(until, now)
    if escalation is not None and escalation.open:
        who = isolated(one_line(escalation.claimed_by or "", 40))
        reasons = "、".join(texts.REASON[reason] for reason in dict.fromkeys(escalation.reasons))
        yield Piece(f"\n🔔 已升级：{reasons}" + (f"（{who} 正在处理）" if who else "（无人认领）"))


def _left(until: datetime, now: datetime) -> Piece:
    return Piece(f"，还剩 {texts.interval(until - now)}" if until > now else "，已到时间", moving=True)


def _offered(number: int, proposal: Proposal) -> Iterator[Piece]:
    yield Piece(f"\n\n{texts.number(number)} ")
    yield Piece(texts.KIND[proposal.kind], "b")
    yield Piece(" · 模型草稿，请核对\n" if proposal.origin is Origin.MODEL else "\n")
    yield Piece(inert(proposal.seller_text), "", _OFFER)
    if proposal.buyer_text is None:
        yield Piece("\n（未翻译：选用后会先等您决定）")
        return
    yield Piece("\n")
    yield Piece(inert(proposal.buyer_text), _QUOTE, _OFFER_TEXT)
