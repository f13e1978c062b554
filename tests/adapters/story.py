"""A few conversations for a desk that is not empty, with every state a seller can meet."""

from __future__ import annotations

from dataclasses import replace

from dialogs.messages import Attempt, DeliveryState, Mood, Step, Translation
from tests.adapters.memory_desk import MemoryDesk

HOUR = 3600.0


async def tell(memory: MemoryDesk) -> None:
    """Fill ``memory``."""
    ana = await memory.buyer(
        "ana", "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?", name="Ana García", ago=26 * HOUR
    )
    await memory.seller(ana, "您好，我马上帮您查询物流，请稍等。", ago=25.9 * HOUR)
    await memory.seller(ana, "包裹已到达马德里，预计两天内送达。", ago=25.8 * HOUR)
    await memory.buyer("ana", "¡Llevo 25 días esperando!! Si no llega mañana quiero mi dinero de vuelta.", ago=210)

    omar = await memory.buyer(
        "omar", "الطلب وصل مكسورًا وأريد استرداد المبلغ. رقم الطلب 8201954990", name="عمر الحسن", ago=420
    )
    talk = memory.talks[omar]
    talk.case = replace(talk.case, situation="damaged", mood=Mood.ANGRY, flags=("review_threat",), step=Step.LISTEN)

    minji = await memory.buyer(
        "minji", "주문한 상품이 아직 도착하지 않았어요. 언제 받을 수 있나요?", name="김민지", ago=120
    )
    sent = await memory.seller(minji, "我们正在查询，请稍等。", ago=100)
    memory.talks[minji].change(sent or 0, delivery=DeliveryState.AMBIGUOUS, delivery_error=None)

    john = await memory.buyer("john", "Hello, the parcel is here, thank you!", name="John Miller", ago=3 * HOUR)
    await memory.seller(john, "谢谢您的理解，欢迎再来。", ago=2.9 * HOUR)
    calm = memory.talks[john]
    calm.case = replace(calm.case, mood=Mood.CALM, step=Step.FOLLOW_UP)

    olga = await memory.buyer("olga", "Где мой заказ? Прошло уже две недели.", name="Ольга", ago=30)
    line = memory.talks[olga].lines[0]
    none = Translation(
        text=None,
        source="ru",
        target="zh",
        attempts=(Attempt("google", "timeout"), Attempt("mymemory", "rate_limited")),
    )
    memory.talks[olga].change(line.message.id, translation=none, reading=None)
    for talk in memory.talks.values():
        talk.unread = 0 if talk.waiting is None else 1
