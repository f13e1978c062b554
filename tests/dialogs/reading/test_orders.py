""" "Ordered a month ago and it has not come" is built like "ordered a lamp and a cup has come", in every language."""

from __future__ import annotations

from datetime import date

import pytest

from bot.knowledge import LOCALES
from dialogs.messages import LanguageReading
from dialogs.reading import Reader

READER = Reader.load(LOCALES)
TODAY = date(2026, 3, 2)


def read(language: str, text: str) -> str:
    return READER.read(text, LanguageReading(code=language, confidence=1.0), today=TODAY).situation


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I ordered 40 days ago and my package still has not arrived"),
        ("en", "I bought it a month ago but nothing came"),
        ("pt", "Olá, comprei há 40 dias e meu pacote ainda não chegou. Onde está?"),
        ("pt", "Pedi há um mês e ainda não recebi nada"),
        ("es", "Hola, compré hace 40 días y mi paquete todavía no ha llegado"),
        ("fr", "J'ai acheté il y a un mois mais je n'ai rien reçu"),
        ("de", "Vor einem Monat gekauft aber nichts bekommen"),
        ("it", "Ho ordinato 40 giorni fa e il mio pacco non è ancora arrivato"),
        ("nl", "Een maand geleden gekocht maar niks ontvangen"),
        ("pl", "Kupiłem miesiąc temu, ale nic nie dostałem"),
        ("ru", "Заказала 40 дней назад, а посылка так и не пришла"),
        ("uk", "Купив місяць тому, але нічого не отримав"),
        ("tr", "40 gün önce sipariş verdim ve paketim hala gelmedi"),
        ("ar", "اشتريت من شهر بس ما وصلني شي"),
        ("he", "הזמנתי לפני 40 יום והחבילה עדיין לא הגיעה"),
        ("vi", "Tôi đặt hàng 40 ngày trước mà gói hàng vẫn chưa đến"),
        ("id", "Saya pesan 40 hari yang lalu dan paket belum sampai"),
        ("th", "สั่งไป 40 วันแล้วแต่พัสดุยังไม่มา"),
        ("hi", "मैंने 40 दिन पहले ऑर्डर किया था और पार्सल अभी तक नहीं आया"),
        ("ja", "40日前に注文しましたが荷物がまだ届きません"),
        ("ko", "40일 전에 주문했는데 택배가 아직 안 왔어요"),
        ("zh", "我40天前下单，包裹到现在还没到"),
    ],
)
def test_what_was_ordered_and_has_not_come_is_not_received(language: str, text: str) -> None:
    assert read(language, text) in {"not_received", "in_transit"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I ordered a blue lamp and got a cup"),
        ("pt", "Comprei uma luminária e chegou um copo"),
        ("es", "Pedí una lámpara y me llegó una taza"),
        ("de", "Ich habe eine Lampe bestellt und eine Tasse bekommen"),
        ("fr", "J'ai commandé une lampe et j'ai reçu une tasse"),
    ],
)
def test_what_came_instead_is_the_wrong_item_still(language: str, text: str) -> None:
    assert read(language, text) == "wrong_item"


@pytest.mark.parametrize(
    ("text", "situation"),
    [
        ("No, I don't want a discount, please send me a new one", "unknown"),
        ("I sent it back yesterday", "return_request"),
        ("Can I get a discount?", "bargain"),
    ],
)
def test_a_wish_that_is_denied_is_none(text: str, situation: str) -> None:
    assert read("en", text) == situation
