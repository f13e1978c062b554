"""The Chinese a seller reads on Telegram: labels of codes, times, sizes, and what answers say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale

from adapters.labels import LABELS, WHY_NOT_SENT
from dialogs.messages import CaseStatus, DeliveryState, Mood, RefusalCode

# Sellers read Chinese and a message cannot show each reader's own clock: the zone of China is said with every time.
_ZONE: Final = ZoneInfo("Asia/Shanghai")

MOOD_MARK: Final[Mapping[Mood, str]] = {Mood.CALM: "🙂", Mood.UPSET: "😟", Mood.ANGRY: "😠"}
MOOD: Final[Mapping[Mood, str]] = {Mood.CALM: "平静", Mood.UPSET: "不满", Mood.ANGRY: "愤怒"}
STATUS: Final[Mapping[CaseStatus, str]] = {CaseStatus.OPEN: "处理中", CaseStatus.RESOLVED: "✅ 已解决"}
_NUMBERS: Final = "①②③④⑤⑥⑦⑧⑨"
MEDIA_ERROR: Final[Mapping[str, str]] = {"too_big": "太大，未下载", "gone": "平台上已删除"}
# Queued and sending are one word: the step between them is no reason to edit a card.
DELIVERY: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.HELD: "⏸ 等您决定",
    DeliveryState.QUEUED: "⏳ 发送中",
    DeliveryState.SENDING: "⏳ 发送中",
    DeliveryState.SENT: "✓ 已发送",
    DeliveryState.DELIVERED: "✓✓ 送达",
    DeliveryState.READ: "👁 已读",
    DeliveryState.FAILED: "❌ 发送失败",
    DeliveryState.AMBIGUOUS: "❓ 可能已送达，请核实",
    DeliveryState.CANCELLED: "已取消",
}
REASON: Final = LABELS["reason"]
CHANNEL: Final = LABELS["channel"]
MEDIA: Final = LABELS["media"]
DELIVERY_ERROR: Final = WHY_NOT_SENT
KIND: Final = LABELS["kind"]
WANT: Final = LABELS["want"]
# That a case is overdue is told with its clock.
FLAG: Final = {flag: label for flag, label in LABELS["flag"].items() if flag != "overdue"}
REFUSAL: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.CLOSED: "已经有人回复了",
    RefusalCode.EMPTY: "回复是空的",
    RefusalCode.TOO_LONG: "超出了渠道的长度限制，请缩短",
    RefusalCode.NO_LANGUAGE: "还不知道买家的语言，请先选择",
    RefusalCode.NOT_TRANSLATED: "没有引擎能译出这段话，请稍后再试",
    RefusalCode.UNPROVEN: "译文里有数字或编号没有核对上",
    RefusalCode.UNKNOWN_TARGET: "这条内容已不存在",
    RefusalCode.WINDOW_CLOSED: "回复窗口已关，只能在网页里发送模板",
    RefusalCode.NEEDS_APPROVAL: "超出客服权限，需要主管批准",
    RefusalCode.CLAIMED: "已经有同事在处理",
    RefusalCode.NOT_ALLOWED: "只有主管可以这样做",
    RefusalCode.MEDIA: "这个渠道发不了这种附件",
    RefusalCode.TONE: "这样的话（威胁、他人信息、拿钱换评价）不能发出，请修改",
}
# Languages offered first when a seller fixes the buyer's, after what the detector thinks possible.
COMMON_LANGUAGES: Final = ("en", "es", "pt", "ru", "fr", "de", "it", "ar", "ja", "ko", "tr", "pl", "nl", "th", "vi")

EXPIRED: Final = "这张卡片已过期，请看最新的卡片或打开网页。"
STRANGER: Final = (
    "您还没有登记为客服。请管理员运行 heqi agent link 您的名字，把链接最后一段当作登记码，在这里发送：/link 登记码"
)
ANONYMOUS: Final = "请先关闭“匿名管理员”再发送，否则认不出您是谁。"
LINK_REFUSED: Final = "登记码不对、已用过或已过期，请重新获取一个。"
LINK_MISSING: Final = "请在命令后面写上登记码，例如：/{command} 登记码"
NO_CARD: Final = "请用“回复”功能回复某张买家卡片，这样才知道要发给谁。"
NOTE_WITH_FILE: Final = "备注不能带附件，这条没有保存，也没有发给买家。"
UNKNOWN_COMMAND: Final = "不认识这个命令，没有发给买家。"
UNCHANGEABLE: Final = "已经发出的内容改不了。需要更正的话，请另发一条。"
NOT_FETCHED: Final = "没能取到这个附件，没有发给买家，请再发一次。"
TOO_BIG: Final = "附件超过 20 MB，机器人取不到，没有发给买家。请压缩后再发，或打开网页发送。"
NOT_CARRIED: Final = "这种内容转不了，没有发给买家。请发文字、照片、视频、语音或文件。"
RECEIVED: Final = "已收到，正在处理"
LEADS_ONLY: Final = "只有主管可以批准"
FAILED: Final = "处理时出错，请打开网页查看"


def number(position: int) -> str:
    """The sign of a proposal, counted from 1."""
    return _NUMBERS[position - 1] if position <= len(_NUMBERS) else f"{position}."


def moment(at: datetime, now: datetime) -> str:
    """A time of day, with the date when it is another day than ``now``, in China's zone."""
    there, today = at.astimezone(_ZONE), now.astimezone(_ZONE)
    clock = f"{there:%H:%M}"
    return clock if there.date() == today.date() else f"{there.month}月{there.day}日 {clock}"


def interval(length: timedelta) -> str:
    """How long something is, in its largest whole unit."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    days, hours = divmod(hours, 24)
    return f"{days} 天 {hours} 小时" if hours else f"{days} 天"


def size(count: int) -> str:
    """A number of bytes as people say it, empty when it is not known."""
    if count <= 0:
        return ""
    return f"{count / 1_048_576:.1f} MB" if count >= 1_048_576 else f"{max(1, round(count / 1024))} KB"


def language(code: str | None) -> str:
    """The Chinese name of a language."""
    if code is None:
        return "语言未知"
    return _names().get(code, code)


@cache
def _names() -> Mapping[str, str]:
    names = Locale("zh").languages
    return {code.replace("_", "-"): name for code, name in names.items()}
