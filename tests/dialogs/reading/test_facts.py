"""Facts as buyers write them: numbers, money, dates, time waited, pieces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.messages import (
    Facts,
    LanguageReading,
    Media,
)
from dialogs.promises import Money
from dialogs.reading import Reader, digits
from tests.dialogs.reading.shared import TODAY, read


def facts(text: str, language: str = "en") -> Facts:
    return read(text, language).facts


@pytest.mark.parametrize(
    ("language", "text", "tracking"),
    [
        ("en", "my number is RB123456785CN", ("RB123456785CN",)),  # UPU S10, check digit 5
        ("en", "rb 123 456 785 cn please", ("RB123456785CN",)),
        ("en", "my number is RB123456784CN", ()),  # wrong check digit
        ("en", "UPS 1Z999AA10123456784", ("1Z999AA10123456784",)),
        ("en", "1Z999AA10123456785", ()),
        ("en", "LP00123456789012 says nothing", ("LP00123456789012",)),
        ("en", "YT2012345678901234", ("YT2012345678901234",)),
        ("en", "fedex 123456789012", ("123456789012",)),
        ("en", "call 123456789012", ()),
        ("en", "9400111201080805483016 says delivered", ("9400111201080805483016",)),  # USPS, check digit 6
        ("en", "9400 1112 0108 0805 4830 16", ("9400111201080805483016",)),
        ("en", "my code 9400111201080805483017", ()),
        ("en", "amazon TBA123456789012", ("TBA123456789012",)),
        ("en", "JJD000390007827266110", ("JJD000390007827266110",)),  # DHL
        ("ar", "رقم التتبع RB١٢٣٤٥٦٧٨٥CN", ("RB123456785CN",)),
        ("zh", "单号ＲＢ１２３４５６７８５ＣＮ", ()),  # letters of full width are no code anybody copies
        ("ru", "трек 80087654321098 не работает", ("80087654321098",)),
        ("ru", "СДЭК 1234567890", ("1234567890",)),
        ("es", "número de seguimiento: 420123456789", ("420123456789",)),
        ("zh", "运单号 775812345678 查不到", ("775812345678",)),
    ],
)
def test_tracking(language: str, text: str, tracking: tuple[str, ...]) -> None:
    assert facts(text, language).tracking == tracking


@pytest.mark.parametrize(
    ("language", "text", "orders"),
    [
        ("en", "order 8123456789012345 please", ("8123456789012345",)),
        ("en", "8123456789012345", ("8123456789012345",)),
        ("en", "order #12345", ("12345",)),
        ("en", "111-1234567-1234567", ("111-1234567-1234567",)),
        ("pt", "pedido nº 98765", ("98765",)),
        ("en", "12-34567-12345", ("12-34567-12345",)),  # eBay
        ("en", "PO-211-01234567890123456", ("PO-211-01234567890123456",)),  # Temu
        ("ru", "заказ 12345678-0042-1", ("12345678-0042-1",)),  # Ozon
        ("ar", "طلب رقم ٨١٢٣٤٥٦٧٨٩٠١٢٣٤٥", ("8123456789012345",)),
        ("en", "I waited 2024 and again", ()),
        ("en", "order 3 pieces", ()),
    ],
)
def test_orders(language: str, text: str, orders: tuple[str, ...]) -> None:
    assert facts(text, language).orders == orders


@pytest.mark.parametrize(
    ("language", "text", "amount", "currency"),
    [
        ("en", "$15.99", "15.99", "USD"),
        ("en", "15 dollars", "15", "USD"),
        ("en", "paid US$1,250.50", "1250.50", "USD"),
        ("de", "1.234,50 €", "1234.50", "EUR"),
        ("fr", "1 234,50 euros", "1234.50", "EUR"),
        ("pt", "R$ 35", "35", "BRL"),
        ("pt", "R$35,90", "35.90", "BRL"),
        ("ru", "500 руб", "500", "RUB"),
        ("ru", "1 500 рублей", "1500", "RUB"),
        ("ar", "٥٠ ريال", "50", "SAR"),
        ("ja", "3,500円", "3500", "JPY"),
        ("ja", "¥3500", "3500", "JPY"),
        ("zh", "¥35.5", "35.5", "CNY"),
        ("ko", "12,000원", "12000", "KRW"),
        ("en", "KWD 1.500", "1.500", "KWD"),
        ("en", "paid 5k dollars", "5000", "USD"),
        ("es", "US$ 20 mil", "20000", "USD"),
        ("id", "harga 150rb", "150000", "IDR"),
        ("id", "1,5 juta", "1500000", "IDR"),
        ("id", "Rp 150.000", "150000", "IDR"),
        ("id", "cuma 50k", "50000", "IDR"),
        ("vi", "2 triệu", "2000000", "VND"),
        ("ru", "2 тыс. руб", "2000", "RUB"),
        ("zh", "3万元", "30000", "CNY"),
        ("th", "฿๓๕๐", "350", "THB"),
        ("hi", "₹५००", "500", "INR"),
        ("it", "20 EUR", "20", "EUR"),
    ],
)
def test_amounts(language: str, text: str, amount: str, currency: str) -> None:
    assert facts(text, language).amounts == (Money(Decimal(amount), currency),)


def test_a_fraction_of_a_currency_without_one_is_no_amount() -> None:
    assert facts("¥35.5", "ja").amounts == ()


@pytest.mark.parametrize("text", ["20k people", "5k run", "I was there 3 times"])
def test_thousands_without_a_currency_are_no_amounts(text: str) -> None:
    assert facts(text).amounts == ()


def test_numbers_without_a_currency_are_no_amounts() -> None:
    assert facts("ordered 3, got 2, waited 40 days").amounts == ()


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "on 2026-02-28", date(2026, 2, 28)),
        ("en", "12/05/2025", date(2025, 12, 5)),
        ("es", "12/05/2025", date(2025, 5, 12)),
        ("en", "25/12/2025", date(2025, 12, 25)),  # no month 25: the other order
        ("ru", "5 марта", date(2026, 3, 5)),
        ("es", "3 de mayo", date(2026, 5, 3)),
        ("en", "December 5th", date(2025, 12, 5)),  # far ahead: last year's
        ("de", "3. März 2026", date(2026, 3, 3)),
        ("ja", "3月5日", date(2026, 3, 5)),
        ("ko", "3월 5일", date(2026, 3, 5)),
        ("zh", "2025年11月2日", date(2025, 11, 2)),
        ("ru", "05.03.26", date(2026, 3, 5)),
    ],
)
def test_dates(language: str, text: str, day: date) -> None:
    assert facts(text, language).dates == (day,)


@pytest.mark.parametrize("text", ["2026-02-30", "31/02/2026", "99/99/2025", "February 30", "0月0日", "2026-00-00"])
def test_days_that_do_not_exist_are_left_out(text: str) -> None:
    assert facts(text).dates == ()


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("en", "still waiting after 40 days", 40),
        ("en", "where is my order? it has been two months", 60),
        ("en", "where is my parcel, waiting for a month", 30),
        ("es", "no me ha llegado, espero desde hace un mes", 30),
        ("ru", "жду посылку уже три недели", 21),
        ("zh", "等了三周还没到", 21),
        ("zh", "等了半个月了", 15),
        ("pt", "não recebi, já faz 70 dias", 70),
        ("ar", "لم أستلم الطلب منذ ٢٠ يوم", 20),
        ("ja", "もう3週間待っています", 21),
        ("ko", "한 달째 기다리고 있어요", 30),
        ("de", "ich warte seit 5 Wochen", 35),
        ("fr", "j'attends depuis 3 semaines", 21),
        ("ru", "жду посылку, заказ сделал 5 марта", 15),  # the calendar counts, as nothing else does
        ("en", "ordered on 2026-02-28, where is my parcel? 10 days now", 10),
        ("en", "I need it on 2026-03-28, where is my parcel", None),
        ("en", "it stopped working after 2 days", None),  # not a time of waiting
        ("en", "still waiting, 99999 days", None),
    ],
)
def test_days_waited(language: str, text: str, days: int | None) -> None:
    assert facts(text, language).days == days


@pytest.mark.parametrize(
    ("language", "text", "asked", "got"),
    [
        ("en", "ordered 3 got 2", 3, 2),
        ("en", "only two of three arrived", 3, 2),
        ("en", "I got only 2 instead of 5", 5, 2),
        ("es", "pedí 3 y me llegaron 2", 3, 2),
        ("es", "solo 2 de 3", 3, 2),
        ("pt", "comprei 3 e vieram 2", 3, 2),
        ("ru", "заказала три, пришло две", 3, 2),
        ("de", "3 bestellt, nur 2 bekommen", 3, 2),
        ("fr", "j'ai commandé 3 articles et j'en ai reçu 2", 3, 2),
        ("ar", "طلبت 3 قطع ووصلتني قطعتان فقط", 3, 2),
        ("ja", "3個注文したのに2個しか届きません", 3, 2),
        ("ko", "3개 주문했는데 2개만 왔어요", 3, 2),
        ("zh", "买了3件只收到2件", 3, 2),
        ("zh", "订了三件，只收到了两件", 3, 2),
        ("en", "where is it", None, None),
    ],
)
def test_pieces(language: str, text: str, asked: int | None, got: int | None) -> None:
    found = facts(text, language)
    assert (found.asked, found.got) == (asked, got)


def test_photos_and_videos_are_counted() -> None:
    media = (Media(kind="photo"), Media(kind="video"), Media(kind="voice"))
    assert read("look", media=media).facts.photos == 2


SIZES = """
[facts]
size = ["size", "sz"]
[sizes]
"extra large" = "XL"
[colours]
black = ["black"]
grey = ["grey", "gray"]
[relative]
yesterday = -1
"next week" = 7
"""


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str], Facts]:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "cues.toml").write_text(SIZES, encoding="utf-8")
    reader = Reader.load(tmp_path)
    return lambda text: reader.read(text, LanguageReading(code="en", confidence=1.0), today=TODAY).facts


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("I asked for XL", ("XL",)),
        ("XXL please", ("XXL",)),
        ("size M", ("M",)),
        ("sz: 42", ("42",)),
        ("a 38.5 size", ("38.5",)),
        ("size EU 42,5", ("42.5",)),
        ("an Extra Large one", ("XL",)),
        ("size ٤٢", ("42",)),
        ("I'm M and this is S", ()),
        ("size 4000", ()),
        ("one size fits all, 3 left", ()),
        ("I don't know the size. 2 came", ()),
    ],
)
def test_sizes(small: Callable[[str], Facts], text: str, sizes: tuple[str, ...]) -> None:
    assert small(text).sizes == sizes


def test_colours_are_plain_ones_each_once(small: Callable[[str], Facts]) -> None:
    assert small("ordered black, got gray. GREY!").colours == ("black", "grey")


def test_days_told_by_a_word_count_from_the_message(small: Callable[[str], Facts]) -> None:
    assert small("yesterday, or next week").dates == (date(2026, 3, 19), date(2026, 3, 27))


def test_a_weekday_of_an_urgent_message_is_the_next_one() -> None:
    assert facts("I need it by Monday, it is a birthday gift").dates == (date(2026, 3, 23),)  # today is a Friday
    assert facts("it came on Monday").dates == ()


@given(st.text(max_size=60))
def test_digits_of_every_script_are_read_one_for_one(text: str) -> None:
    plain = digits.plain(text)
    assert len(plain) == len(text)
    for before, after in zip(text, plain, strict=True):
        assert after == before or int(before) == int(after)
