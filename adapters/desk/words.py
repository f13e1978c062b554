"""The desk's words. Chinese is the source: it stands in the code, and a catalogue carries it into other languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

from dialogs.errors import BadData

SOURCE: Final = "zh"
LANGUAGES: Final = ("zh", "en")  # the desk's own languages, the first is the default

# What codes of dialogs.messages are called on the screen.
LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {
        "calming": "安抚",
        "apology": "道歉",
        "remedy": "补救",
        "question": "提问",
        "holding": "稍候",
        "firm": "坚持",
        "notice": "通知",
    },
    "origin": {"written": "人工撰写", "machine": "机器翻译", "model": "模型撰写"},
    "mood": {"calm": "平静", "upset": "不满", "angry": "愤怒"},
    "urgency": {"normal": "一般", "high": "紧急"},
    "want": {
        "refund": "退款",
        "partial_refund": "部分退款",
        "resend": "补发",
        "exchange": "换货",
        "return": "退货",
        "discount": "折扣",
        "information": "了解情况",
        "apology": "道歉",
        "cancel": "取消订单",
    },
    "fault": {"seller": "卖家责任", "carrier": "物流责任", "buyer": "买家责任", "unknown": "责任待定"},
    "step": {
        "1": "快速反应",
        "2": "热情接待",
        "3": "认真倾听",
        "4": "安抚和解释",
        "5": "诚恳道歉",
        "6": "提出补救措施",
        "7": "通知并跟进",
    },
    "delivery": {
        "held": "等您决定",
        "queued": "排队中",
        "sending": "发送中",
        "sent": "已发送",
        "delivered": "已送达",
        "read": "已读",
        "failed": "发送失败",
        "ambiguous": "可能已送达",
        "cancelled": "已取消",
    },
    "refusal": {
        "closed": "这组建议已经处理过了",
        "empty": "回复是空的",
        "too_long": "超出了渠道的长度限制",
        "no_language": "还不知道买家的语言，请先在右侧选择",
        "not_translated": "未翻译：暂时没有引擎能译出这段话",
        "unproven": "译文里有数字或编号没有核对上",
        "unknown_target": "这条内容已不存在",
    },
    "check": {
        "entity_missing": "译文缺少",
        "entity_added": "译文多出",
        "number": "数字不一致",
        "language": "译文语言不对",
        "length": "译文长度异常",
        "repetition": "译文有重复",
        "copied": "译文照抄了原文",
    },
    "attempt": {
        "bad_key": "密钥不对",
        "bad_request": "请求被拒绝",
        "bad_url": "地址不对",
        "busy": "排队太久",
        "circuit_open": "暂停使用",
        "cut_off": "译文不完整",
        "echo": "原样返回",
        "empty": "返回为空",
        "entity": "数字或编号没有核对上",
        "error_page": "返回了错误页",
        "html": "返回了网页",
        "language": "译文语言不对",
        "malformed_answer": "返回的内容不完整",
        "quota": "额度用完",
        "rate_limited": "请求太频繁",
        "redirected": "被转到别处",
        "script": "译文文字不对",
        "server_error": "服务出错",
        "timeout": "超时",
        "too_large": "文本太长",
        "too_long": "文本太长",
        "unknown_model": "没有这个模型",
        "unreachable": "连接不上",
        "unsupported": "不支持这种语言",
    },
    "delivery_error": {
        "interrupted": "发送时被中断",
        "no_channel": "渠道没有接通",
        "too_long": "超出了渠道的长度限制",
        "unreachable": "联系不上买家",
        "window_closed": "回复窗口已关",
    },
    "engine": {"ok": "正常", "slow": "较慢", "failing": "出错", "open": "暂停", "unused": "未使用"},
    "engine_name": {"memory": "翻译记忆", "same": "无需翻译", "written": "人工译文", "story": "演示译文"},
    "channel": {"webchat": "网页聊天", "telegram": "Telegram", "whatsapp": "WhatsApp", "bridge": "桥接"},
    "flag": {
        "bad_review": "已给差评",
        "complaint": "投诉",
        "dispute_opened": "已开纠纷",
        "extortion": "勒索",
        "overdue": "超时",
        "review_threat": "差评威胁",
    },
    "media": {
        "photo": "照片",
        "video": "视频",
        "voice": "语音",
        "document": "文件",
        "sticker": "贴图",
        "location": "位置",
    },
    "fact": {
        "orders": "订单号",
        "tracking": "运单号",
        "amounts": "金额",
        "dates": "日期",
        "days": "已等天数",
        "asked": "应收件数",
        "got": "实收件数",
        "photos": "照片",
    },
    "login": {
        "wrong": "姓名或密码不对",
        "expired": "链接已用过或已过期，请重新获取",
        "stale": "页面已过期，请再试一次",
        "slow": "尝试次数太多，请稍后再试",
    },
}


class Words:
    """The desk's words in one of its languages."""

    def __init__(self, language: str) -> None:
        """Args: ``language`` is one of ``LANGUAGES``; anything else means the first.

        Raises:
            BadData: the catalogue has no text for something.
        """
        self.language = language if language in LANGUAGES else SOURCE
        self.catalogue: Mapping[str, str] = {} if self.language == SOURCE else _catalogue(self.language)

    def __call__(self, chinese: str) -> str:
        """``chinese`` in this language; itself where the catalogue does not know it (a shop's own titles)."""
        return self.catalogue.get(chinese, chinese)

    def labels(self, situations: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """All labels by group and code, with the titles of ``situations``."""
        groups = {**LABELS, "situation": situations}
        return {group: {code: self(text) for code, text in table.items()} for group, table in groups.items()}

    def languages(self) -> dict[str, str]:
        """Names of the languages a buyer may write in, by code."""
        return _language_names(self.language)


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    source = files("locales") / language / "LC_MESSAGES" / "desk.po"
    catalogue: dict[str, str] = {}
    with source.open("rb") as opened:
        for message in read_po(opened, locale=language):
            if not isinstance(message.id, str) or not message.id:
                continue
            if not isinstance(message.string, str) or not message.string:
                problem = f"no text for {message.id!r}; every entry needs one"
                raise BadData(problem, file=f"{language}/LC_MESSAGES/desk.po", line=message.lineno)
            catalogue[message.id] = message.string
    return catalogue


@cache
def _language_names(language: str) -> dict[str, str]:
    names = Locale(language).languages
    two_letters = {code: name for code, name in names.items() if len(code) == 2}
    return {**two_letters, "fil": names["fil"], "zh-Hant": names["zh_Hant"]}
