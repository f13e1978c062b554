"""Numbers: the quantities a text names, whatever way its language writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Number words two to twelve per language ("one" is an article in too many of them), lower case, separated by spaces.
# Several wordings of a number are joined by a slash.
_WORDS: Mapping[str, str] = {
    "en": "two three four five six seven eight nine ten eleven twelve/dozen",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce/docena",
    "pt": "dois/duas três quatro cinco seis sete oito nove dez onze doze/dúzia",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze/douzaine",
    "de": "zwei/beide drei vier fünf sechs sieben acht neun zehn elf zwölf/dutzend",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "pl": "dwa/dwie/dwóch/dwoma trzy/trzech cztery/czterech pięć/pięciu sześć/sześciu siedem/siedmiu osiem/ośmiu "
    "dziewięć/dziewięciu dziesięć/dziesięciu jedenaście dwanaście",
    "ru": "два/две/двух/двум/двумя/двое три/трёх/трех/трем/трое четыре/четырёх/четырех пять/пяти шесть/шести семь/семи "
    "восемь/восьми девять/девяти десять/десяти одиннадцать двенадцать",
    "uk": "два/дві/двох/двом три/трьох/трьом чотири/чотирьох п'ять/п’ять/п'яти шість/шести сім/семи вісім/восьми "
    "дев'ять/дев’ять десять/десяти одинадцять дванадцять",
    "tr": "iki üç dört beş altı yedi sekiz dokuz on onbir oniki",
    "id": "dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas lusin",
    "vi": "hai ba bốn năm sáu bảy tám chín mười - tá",
    "ro": "doi/două trei patru cinci șase șapte opt nouă zece unsprezece doisprezece",
    "cs": "dva/dvě/dvou tři/tří čtyři/čtyř pět/pěti šest/šesti sedm/sedmi osm/osmi devět/devíti deset/deseti jedenáct "
    "dvanáct",
    "sv": "två tre fyra fem sex sju åtta nio tio elva tolv",
    "hu": "két/kettő/két három négy öt hat hét nyolc kilenc tíz tizenegy tizenkettő",
}
_BY_LANGUAGE = {
    language: {word: value for value, words in enumerate(row.split(), start=2) for word in words.split("/")}
    for language, row in _WORDS.items()
}
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

_NUMBER = re.compile(r"\d+(?:[.,'’٫٬ \u00a0\u202f]\d+)*(?:[ ]?[千万萬億亿])?")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'’٬ \u00a0\u202f])\d{3})(?:\1\d{3})*")
_SCALE = {"千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
# Chinese and Japanese numerals count only before a measure word: 一下, 十分, 万一 are no quantities.
_HAN = re.compile(
    "([零〇一二两兩三四五六七八九十百]{1,7})"
    "(?=(?:多|几)?(?:个|個|件|只|隻|双|雙|套|条|條|张|張|块|塊|元|次|天|日|周|週|月|年|小时|小時|分钟|分鐘|倍|份|箱|包|盒|瓶|台|部|本|人|名|枚|つ|週間|か月))"
)
_HAN_DIGIT = {mark: value for value, mark in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}


def numbers_in(text: str) -> frozenset[str]:
    """The numbers written in digits of any script, in plain form: ``1,250`` is ``1250``, ``10万`` is ``100000``."""
    found: set[str] = set()
    for match in _NUMBER.finditer(text):
        written = match[0]
        scale = _SCALE.get(written[-1], 1)
        body = written.rstrip("千万萬億亿 ")
        if _THOUSANDS.fullmatch(body):
            found.add(_scaled("".join(filter(str.isdecimal, body)), scale))
        elif scale != 1 or body.isdecimal():
            found.add(_scaled(body, scale))
        else:
            found.update(_parts(body))
    return frozenset(found)


def _parts(body: str) -> list[str]:
    """A decimal or a date as its parts: 4,5 and 4.5 are the same, so are 12.05.2024 and 2024年5月12日."""
    whole, *rest = (_scaled(part, 1) for part in re.split(r"\D", body))
    return [whole, *(part for part in rest if part != "0")]


def _scaled(digits: str, scale: int) -> str:
    plain = "".join(str(unicodedata.decimal(mark)) if mark.isdecimal() else "." for mark in digits)
    if scale == 1:
        return plain.lstrip("0") or "0"
    whole, _, fraction = plain.partition(".")
    zeros = len(str(scale)) - 1
    return (whole + fraction[:zeros].ljust(zeros, "0")).lstrip("0") or "0"


def words_in(text: str, language: str | None) -> frozenset[str] | None:
    """The numbers from 2 to 12 (in Chinese and Japanese below 1000) a text spells out; None: language not known."""
    if language in {"zh", "zh-Hant", "ja"}:
        return frozenset(str(_han_value(match[1])) for match in _HAN.finditer(text))
    table = _BY_LANGUAGE.get(language or "")
    if table is None:
        return None
    return frozenset(str(table[word]) for word in _LETTERS.findall(text.lower()) if word in table)


def _han_value(numeral: str) -> int:
    total, digit = 0, 0
    for mark in numeral:
        if mark in "十百":
            total += (digit or 1) * (10 if mark == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGIT[mark]
    return total + digit
