"""What an alert's thread is told: pure, from lines to Slack messages."""

from __future__ import annotations

from typing import Final

from adapters.ports import Escalation, Line, RefusedChoice
from adapters.slack import texts
from adapters.slack.blocks import (
    FALLBACK,
    Block,
    Message,
    actions,
    button,
    context,
    link,
    message,
    quote,
    section,
    whole,
    window,
)
from adapters.slack.cards import Frame, attached, both, chinese_of
from adapters.slack.mrkdwn import escaped, inline
from adapters.slack.values import OPEN, SEND, WINDOW, Value
from dialogs.messages import DeliveryState, Direction, Severity, Translation

_NAME: Final = 60
_SECTIONS: Final = 2


def line(told: Line) -> Message:
    """A new line of the conversation; a note that was written elsewhere."""
    said = told.message
    author = inline(said.author, _NAME)
    match said.direction:
        case Direction.INCOMING:
            code = said.language or (told.translation.source if told.translation else None)
            label = f"🧑 *买家*（{texts.language(code)}）"
            label += "　修改了之前的消息" if said.edits is not None else ""
        case Direction.OUTGOING:
            label = f"💬 *{author or '系统'}* 回复"
            label += f"　{state(told)}" if state(told) else ""
        case Direction.NOTE:
            label = f"📝 *{author or '系统'}* 备注（买家看不到）"
    if said.media:
        label += f"　📎 {attached(said.media)}"
    blocks = [section(label), *(quote(said.text) if said.direction is Direction.NOTE else both(told))]
    return message(escaped(chinese_of(told) or said.text, FALLBACK) or "新消息", blocks)


def plain_line(conversation: int, frame: Frame) -> Message:
    """The same without any words of others, when Slack takes nothing else."""
    text = "有一条新消息在这里显示不了，请打开工作台查看。"
    return message(text, [section(text), actions(link("打开工作台", OPEN, frame.desk(conversation)))])


def noted(conversation: int, key: str) -> Message:
    """The answer to a note somebody wrote in the thread."""
    text = "📝 已记为备注，买家看不到。要发给买家吗？"
    about = Value(conversation=conversation, note=key)
    return message(text, [section(text), actions(button("发送给买家", SEND, about))])


def state(told: Line) -> str:
    """What is wrong with a delivery, empty when nothing is."""
    if told.delivery is None:
        return ""
    label = texts.TROUBLE.get(told.delivery, "")
    why = texts.DELIVERY_ERROR.get(told.delivery_error or "", "")
    return f"{label}（{why}）" if label and why else label


def changed(told: Line) -> Message:
    """A delivery took another turn after it was told."""
    author = inline(told.message.author, _NAME) or "系统"
    how = state(told) or "✓ 已发出"
    if told.delivery in {DeliveryState.DELIVERED, DeliveryState.READ}:
        how = "✓✓ 买家已收到"
    text = f"{how}：{author} 的回复"
    return message(text, [section(text), *quote(told.message.seller_text or told.message.text, 200)])


def refused(given: RefusedChoice) -> Message:
    """A choice that was made here was refused."""
    text = f"⚠️ 没有发给买家：{escaped(texts.refusal(given.refusal), 200)}"
    return message(text, [section(text), *quote(given.choice.seller_text, 200)])


def urgent(escalation: Escalation) -> Message:
    """The escalation got louder."""
    text = f"{texts.SEVERITY[Severity.URGENT]} 已升级为紧急：{'、'.join(texts.REASON[r] for r in escalation.reasons)}"
    return message(text, [section(text)])


def gap() -> Message:
    """Lines are missing between what was told and what comes."""
    text = "…… 中间还有更多消息，请打开工作台查看。"
    return message(text, [context(text)])


def translating() -> Block:
    """The window while the preview is being made."""
    return window("发送给买家", WINDOW, [section("正在翻译，请稍候……")])


def unsendable(why: str) -> Block:
    """The window when nothing can be sent."""
    return window("发送给买家", WINDOW, [section(f"⚠️ {escaped(why, FALLBACK)}")])


def preview(seller_text: str, there: Translation, back: Translation | None, *, approval: bool) -> Block:
    """The window that shows what would leave; it can be sent when all of it is shown."""
    chinese, all_chinese = whole(seller_text, _SECTIONS)
    foreign, all_foreign = whole(there.text or "", _SECTIONS)
    if not (all_chinese and all_foreign):
        return unsendable("内容太长，这里显示不全，请在工作台发送。")
    blocks = [section("*您写的*"), *chinese, section(f"*买家将看到*（{texts.language(there.target)}）"), *foreign]
    if back is not None and back.text:
        blocks += [context("回译（供核对）"), *quote(back.text)]
    if approval:
        blocks.append(context("超出客服权限，提交后等主管批准才会发出。"))
    submit = "提交审批" if approval else "发送"
    return window("发送给买家", WINDOW, blocks, submit=submit)
