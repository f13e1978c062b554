"""The alert of a conversation as one Slack message: pure, from a view to blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.ports import ConversationView, Escalation, Line
from adapters.slack import texts
from adapters.slack.blocks import (
    FALLBACK,
    HEADER,
    Block,
    Message,
    actions,
    button,
    context,
    header,
    link,
    message,
    quote,
    section,
    whole,
)
from adapters.slack.mrkdwn import inline, moment
from adapters.slack.values import APPROVE, CLAIM, ESCALATE, OPEN, REJECT, RESOLVE, Value
from dialogs.messages import DeliveryState, Direction, Media, Reason, RefusalCode, Severity

_NAME: Final = 60
_HELD_SECTIONS: Final = 2  # for each language; with the rest of the card below Slack's limit of a message


@dataclass(frozen=True, slots=True)
class Frame:
    """What a card needs besides the view: names of situations, the desk's address, the time."""

    titles: Mapping[str, str]
    url: str
    now: datetime

    def desk(self, conversation: int) -> str:
        """The address that opens a conversation."""
        return f"{self.url.rstrip('/')}/desk/{conversation}"


def digest(shown: Message) -> str:
    """What changes when a message does."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def alert(view: ConversationView, escalation: Escalation, frame: Frame) -> Message:
    """The card: with buttons while the escalation is open, with who ended it and when after that."""
    mark = texts.SEVERITY[escalation.severity] if escalation.open else "✅ 已解决"
    why = "、".join(texts.REASON[reason] for reason in escalation.reasons)
    name = inline(view.row.contact_name, _NAME) or "买家"
    blocks = [
        header(f"{mark} {name}：{why}"[:HEADER]),
        section(_facts(view, escalation, why, frame)),
        *_last_words(view),
    ]
    if escalation.open:
        blocks += [*_held(view, escalation), _buttons(view, escalation, frame)]
    else:
        blocks.append(actions(_open_desk(view, frame)))
    return message(f"{mark} {name}：{why}"[:FALLBACK], blocks)


def plain_alert(view: ConversationView, escalation: Escalation, frame: Frame) -> Message:
    """The card without any words of others, when Slack takes nothing else."""
    why = "、".join(texts.REASON[reason] for reason in escalation.reasons)
    text = f"{texts.SEVERITY[escalation.severity]} 会话 {view.row.id}：{why}"
    row = _buttons(view, escalation, frame) if escalation.open else actions(_open_desk(view, frame))
    return message(text, [section(text), row])


def replaced(view: ConversationView, frame: Frame) -> Message:
    """What an alert becomes when a newer one has taken its place."""
    text = "✅ 这条提醒已经结束，新情况见后面的提醒。"
    return message(text, [section(text), actions(_open_desk(view, frame))])


def moved(channel: str, view: ConversationView, frame: Frame) -> Message:
    """What an alert becomes when it was raised into another channel."""
    return message("🔴 这条提醒已转到另一个频道。", [
        section(f"🔴 这条提醒已升级，转到 <#{channel}>。"),
        actions(_open_desk(view, frame)),
    ])  # fmt: skip


def waiting(view: ConversationView) -> tuple[Line, ...]:
    """Replies a lead has to decide about, oldest first."""
    return tuple(
        line
        for line in view.lines
        if line.delivery is DeliveryState.HELD and line.delivery_error == RefusalCode.NEEDS_APPROVAL
    )


def attached(media: tuple[Media, ...]) -> str:
    """What is attached, in a few words."""
    counts: dict[str, int] = {}
    for each in media:
        label = texts.MEDIA.get(each.kind, "附件")
        counts[label] = counts.get(label, 0) + 1
    return "、".join(f"{label} ×{count}" if count > 1 else label for label, count in counts.items())


def chinese_of(line: Line) -> str | None:
    """A line in Chinese, None while it is not translated."""
    if line.message.direction is Direction.INCOMING:
        return line.translation.text if line.translation is not None else None
    return line.message.seller_text


def both(line: Line) -> list[Block]:
    """A line in Chinese and as the buyer wrote or reads it; once when it is the same."""
    chinese, original = chinese_of(line), line.message.text
    blocks = quote(chinese) if chinese else []
    if not chinese and original:
        blocks.append(context("（未翻译）"))
    if original != chinese:
        blocks += quote(original)
    return blocks


def _facts(view: ConversationView, escalation: Escalation, why: str, frame: Frame) -> str:
    row = view.row
    situation = inline(frame.titles.get(view.case.situation, "情况不明"), _NAME)
    channel = texts.CHANNEL.get(row.channel, row.channel)
    language = texts.language(view.case.language or row.language)
    rows = [
        f"*原因*　{why}",
        f"*情况*　{situation}　·　*情绪*　{texts.MOOD[view.case.mood]}",
        f"*店铺*　{inline(row.shop, _NAME)}　·　*渠道*　{inline(channel, _NAME)}　·　*语言*　{language}",
        *_clocks(view, frame.now),
        _care(escalation),
    ]
    return "\n".join(rows)


def _clocks(view: ConversationView, now: datetime) -> list[str]:
    rows = []
    if view.row.due is not None:
        late = view.row.due <= now
        rows.append(f"*时限*　⏰ 已超时，应在 {moment(view.row.due)} 前回复" if late else
                    f"*时限*　请在 {moment(view.row.due)} 前回复")  # fmt: skip
    if not view.window_open:
        rows.append("*回复窗口*　🔒 已关，只能在工作台发送模板")
    elif view.window_until is not None:
        rows.append(f"*回复窗口*　{moment(view.window_until)} 前可以自由回复")
    return rows


def _care(escalation: Escalation) -> str:
    if escalation.closed_at is not None:
        return f"*已解决*　{inline(escalation.closed_by or '系统', _NAME)}，{moment(escalation.closed_at)}"
    if escalation.claimed_by is not None:
        at = "" if escalation.claimed_at is None else f"，{moment(escalation.claimed_at)}"
        return f"*处理人*　{inline(escalation.claimed_by, _NAME)}{at}"
    return "*处理人*　还没有人认领"


def _last_words(view: ConversationView) -> list[Block]:
    said = [
        line
        for line in view.lines
        if line.message.direction is Direction.INCOMING and not line.pending and not line.replaced
    ]
    if not said:
        return []
    line = said[-1]
    label = f"买家最后说的话（{moment(line.message.at)}）"
    if line.message.deleted_at is not None:
        label += "　买家已撤回"
    if line.message.media:
        label += f"　📎 {attached(line.message.media)}"
    return [context(label), *both(line)]


def _held(view: ConversationView, escalation: Escalation) -> list[Block]:
    held = waiting(view)
    if not held:
        return []
    line = held[0]
    about = Value(conversation=view.row.id, escalation=escalation.id, message=line.message.id)
    chinese, all_chinese = whole(line.message.seller_text or "", _HELD_SECTIONS)
    foreign, all_foreign = whole(line.message.text, _HELD_SECTIONS)
    more = f"，另有 {len(held) - 1} 条" if len(held) > 1 else ""
    media = f"　📎 {attached(line.message.media)}" if line.message.media else ""
    author = inline(line.message.author, _NAME) or "客服"
    blocks = [
        {"type": "divider"},
        section(f"*待主管批准的回复*（{author}{more}）{media}"),
        *chinese,
        context(f"买家将看到（{texts.language(line.message.language)}）"),
        *foreign,
    ]
    if not (all_chinese and all_foreign):
        return [*blocks, context("内容太长，这里没有显示全，请在工作台看完再批准。")]
    return [
        *blocks,
        actions(
            button("批准", APPROVE, about, style="primary", ask="批准后会立即发给买家。"),
            button("驳回", REJECT, about, style="danger", ask="驳回后这条回复不会发出。"),
        ),
    ]


def _buttons(view: ConversationView, escalation: Escalation, frame: Frame) -> Block:
    about = Value(conversation=view.row.id, escalation=escalation.id)
    row = [button("认领", CLAIM, about, style="primary")] if escalation.claimed_by is None else []
    if escalation.severity is not Severity.URGENT or Reason.ASKED not in escalation.reasons:
        row.append(button("升级", ESCALATE, about))
    row.append(button("已解决", RESOLVE, about, ask="这个会话会标为已解决。"))
    return actions(*row, _open_desk(view, frame))


def _open_desk(view: ConversationView, frame: Frame) -> Block:
    return link("打开工作台", OPEN, frame.desk(view.row.id))
