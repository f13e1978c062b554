"""The Chinese the team reads in Slack: labels of codes, and what answers say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from babel import Locale

from adapters.labels import LABELS, WHY_NOT_SENT
from dialogs.messages import DeliveryState, Mood, Refusal, RefusalCode, Severity

MOOD: Final[Mapping[Mood, str]] = {Mood.CALM: "🙂 平静", Mood.UPSET: "😟 不满", Mood.ANGRY: "😠 愤怒"}
SEVERITY: Final[Mapping[Severity, str]] = {Severity.HIGH: "🟠", Severity.URGENT: "🔴"}
# States of a delivery the team should know of; all others are as they should be.
TROUBLE: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.HELD: "⏸ 还没有发出，等人决定",
    DeliveryState.FAILED: "❌ 发送失败",
    DeliveryState.AMBIGUOUS: "❓ 可能已送达，请核实",
    DeliveryState.CANCELLED: "🚫 已取消，不会发出",
}
REASON: Final = LABELS["reason"]
CHANNEL: Final = LABELS["channel"]
MEDIA: Final = LABELS["media"]
DELIVERY_ERROR: Final = WHY_NOT_SENT
REFUSAL: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.CLOSED: "已经处理过了",
    RefusalCode.EMPTY: "回复是空的",
    RefusalCode.TOO_LONG: "超出了渠道的长度限制，请缩短",
    RefusalCode.NO_LANGUAGE: "还不知道买家的语言，请先在工作台选择",
    RefusalCode.NOT_TRANSLATED: "没有引擎能译出这段话，请稍后再试",
    RefusalCode.UNPROVEN: "译文里有数字或编号没有核对上，请在工作台核对后发送",
    RefusalCode.UNKNOWN_TARGET: "这条内容已不存在",
    RefusalCode.WINDOW_CLOSED: "回复窗口已关，只能在工作台发送模板",
    RefusalCode.NEEDS_APPROVAL: "超出客服权限，需要主管批准",
    RefusalCode.CLAIMED: "已经有同事认领",
    RefusalCode.NOT_ALLOWED: "只有主管可以这样做",
    RefusalCode.MEDIA: "这个渠道发不了这种附件",
    RefusalCode.TONE: "这样的话（威胁、他人信息、拿钱换评价）不能发出，请修改",
}
_STATES: Final = frozenset(DeliveryState)

STRANGER: Final = (
    "您的 Slack 账号（{user}）还没有关联到客服，所以没有处理。请管理员在服务器上运行："
    "`heqi agent alias 您的姓名 slack {user}`"
)
LEADS_ONLY: Final = "只有主管可以批准或驳回，没有处理。"
ENDED: Final = "这条提醒已经结束，没有处理。请看最新的提醒或打开工作台。"
UNKNOWN: Final = "这个会话已不存在，没有处理。"
FAILED: Final = "处理时出错，请打开工作台查看。"
SLOW: Final = "已收到，还在处理，结果请看提醒卡片。"
NO_WINDOW: Final = "没能打开发送窗口，没有发送。请再按一次“发送给买家”。"
OLD_NOTE: Final = "这条备注属于已经结束的提醒，请在工作台发送。"
EXPIRED: Final = "这个窗口已过期，没有发送。请再按一次“发送给买家”。"
FILES: Final = "文字已记为备注；图片和文件不会转给买家，请在工作台发送。"
ONLY_FILES: Final = "图片和文件不会转给买家，请在工作台发送。"


def language(code: str | None) -> str:
    """The Chinese name of a language."""
    return "语言未知" if code is None else _names().get(code, code)


def refusal(given: Refusal) -> str:
    """Why something was not done, with who was first where that is known."""
    if given.code is RefusalCode.CLAIMED and given.detail:
        return f"已被 {given.detail} 认领"
    if given.code is RefusalCode.CLOSED and given.detail and given.detail not in _STATES:
        return f"{REFUSAL[given.code]}（{given.detail}）"
    if given.code is RefusalCode.TONE and given.detail:
        return f"{REFUSAL[given.code]}：{given.detail}"
    return REFUSAL[given.code]


@cache
def _names() -> Mapping[str, str]:
    names = Locale("zh").languages
    return {code.replace("_", "-"): name for code, name in names.items()}
