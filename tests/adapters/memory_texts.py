"""What the scripted shop in memory can say: a few sentences with their translations."""

from __future__ import annotations

import re

from adapters.ports import Template
from dialogs.messages import (
    Attempt,
    Check,
    Kind,
    Translation,
)
from dialogs.warnings import ToneWarning

SITUATIONS = {
    "in_transit": "仍在运输途中/延误/催件",
    "damaged": "破损",
    "not_received": "未收到货/包裹丢失",
    "wrong_item": "错发",
    "review_threat": "差评/投诉威胁",
    "bargain": "议价",
    "unknown": "还不清楚",
}
# language → the three written replies
REPLIES = {
    "es": (
        "Entendemos su preocupación y estamos revisando su envío ahora mismo.",
        "Lamentamos sinceramente las molestias que esto le ha causado.",
        "Podemos reenviarle el pedido o devolverle el dinero. ¿Qué prefiere?",
    ),
    "en": (
        "We understand how you feel and are checking your parcel right now.",
        "We are truly sorry for the trouble this has caused you.",
        "We can send it again or refund you. Which would you prefer?",
    ),
    "ar": (
        "نتفهم قلقكم ونتحقق من الشحنة الآن.",
        "نعتذر بصدق عن الإزعاج الذي سببناه لكم.",
        "يمكننا إعادة الإرسال أو رد المبلغ. ماذا تفضلون؟",
    ),
    "ko": (
        "걱정하시는 마음을 이해하며 지금 배송을 확인하고 있습니다.",
        "불편을 드려 진심으로 사과드립니다.",
        "다시 보내 드리거나 환불해 드릴 수 있습니다. 어느 쪽이 좋으신가요?",
    ),
}
REPLIES_IN_CHINESE = (
    "我们理解您的心情，正在核实您的包裹。",
    "给您带来不便，我们真诚道歉。",
    "我们可以为您补发，也可以退款，您希望怎么处理？",
)
KINDS = (Kind.CALMING, Kind.APOLOGY, Kind.REMEDY)
WHY = ("买家情绪不满，先安抚", "还没有道歉过", "买家已经说明了情况")


def guess(text: str) -> str | None:
    """The language of the few sentences the scripts use."""
    signs = (("ar", r"[\u0600-\u06ff]"), ("ko", r"[\uac00-\ud7a3]"), ("zh", r"[\u4e00-\u9fff]"), ("ru", r"[а-я]"))
    for language, sign in signs:
        if re.search(sign, text):
            return language
    if re.search(r"\b(pedido|llegado|hola|dónde|gracias|esperando)\b", text.lower()):
        return "es"
    return "en" if re.search(r"\b(the|my|parcel|hello|order|is)\b", text.lower()) else None


CHINESE = {
    "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?": "你好，我的订单 8201954417 还没有到。它在哪里？",
    "¡Llevo 25 días esperando!! Si no llega mañana quiero mi dinero de vuelta.": "等了 25 天！！明天还不到，我要退款。",
    "الطلب وصل مكسورًا وأريد استرداد المبلغ. رقم الطلب 8201954990": "收到的货是破的，我要退款。订单号 8201954990",
    "주문한 상품이 아직 도착하지 않았어요. 언제 받을 수 있나요?": "我订的商品还没有到。什么时候能收到？",
    "Hello, the parcel is here, thank you!": "你好，包裹到了，谢谢！",
}
OUT = {
    "您好，我马上帮您查询物流，请稍等。": "Hola, voy a consultar el envío ahora mismo. Un momento, por favor.",
    "包裹已到达马德里，预计两天内送达。": "El paquete ya está en Madrid y llegará en un plazo de dos días.",
}
NO_ENGINE = (Attempt("google", "timeout"),)
TEMPLATES = (
    Template(
        name="order_update",
        language="en_US",
        text="Hello {{1}}, there is news about your order {{2}}.",
        variables=2,
    ),
    Template(
        name="order_update",
        language="es",
        text="Hola {{1}}, hay novedades sobre su pedido {{2}}. Responda a este mensaje y le contamos.",
        variables=2,
    ),
    Template(name="order_update", language="zh_CN", text="您好 {{1}}，您的订单 {{2}} 有新消息。", variables=2),
    Template(name="still_there", language="es", text="¿Sigue interesado en nuestra tienda? Estamos a su disposición."),
)


def into_chinese(text: str, language: str | None) -> Translation:
    """What a buyer wrote, for the seller."""
    if language is None:
        return Translation(text=None, source=None, target="zh", attempts=NO_ENGINE)
    if language == "zh":
        return Translation(text=text, source="zh", target="zh", engine="same")
    return Translation(text=CHINESE.get(text, f"（中文）{text}"), source=language, target="zh", engine="google")


def out_of_chinese(text: str, language: str | None) -> Translation:
    """What a seller typed, for the buyer."""
    if language is None or "难译" in text:
        return Translation(text=None, source="zh", target=language or "en", attempts=NO_ENGINE)
    if "123" in text:
        checks = (Check("entity_missing", "123"),)
        return Translation(text="wrong", source="zh", target=language, engine="google", proven=False, checks=checks)
    return Translation(text=OUT.get(text, f"[{language}] {text}"), source="zh", target=language, engine="google")


def warnings_of(text: str) -> tuple[ToneWarning, ...]:
    """A threat that must not leave, and a flat refusal that may."""
    found = []
    for words, rule in (("起诉您", "threat"), ("不行", "flat_refusal")):
        start = text.find(words)
        if start >= 0:
            found.append(
                ToneWarning(
                    rule=rule,
                    start=start,
                    end=start + len(words),
                    words=words,
                    why="为什么不好",
                    better="我们一起想办法。",
                    hard=rule == "threat",
                )
            )
    return tuple(found)
