"""Written replies: both languages from one id and one set of facts, and never Chinese as another language."""

from __future__ import annotations

import string
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from bot.data_checks.skeleton import update
from dialogs.catalogs import PO_PATH, languages_in, read_catalog
from dialogs.errors import BadData, NotWritten
from dialogs.messages import (
    Kind,
)
from dialogs.playbooks import Playbooks, ReplyRule, placeholders
from dialogs.promises import Money
from dialogs.replies import Replies

LOCALES = Path(__file__).parents[2] / "locales"
PLAYBOOKS = Playbooks.load()
REPLIES = Replies.load(LOCALES, PLAYBOOKS.replies)


def rule(name: str, zh: str, counts: str | None = None) -> ReplyRule:
    return ReplyRule(id=name, kind=Kind.CALMING, zh=zh, why="。", counts=counts, placeholders=placeholders(zh))


RULES = {
    one.id: one
    for one in (
        rule("t.plain", "您好。"),
        rule("t.days", "您等了{days}天。", counts="days"),
        rule("t.order", "订单{order}已查到。"),
        rule("t.money", "退还{goodwill}给您。"),
        rule("t.date", "我们看{date}那天。"),
    )
}
RU = {
    "t.plain": ["Здравствуйте."],
    "t.days": ["Вы ждёте {days} день.", "Вы ждёте {days} дня.", "Вы ждёте {days} дней."],
    "t.order": ["Заказ {order} найден."],
    "t.money": ["Вернём {goodwill} вам."],
    "t.date": ["Смотрим {date} и рядом."],
}
AR_DAYS = ["أنت تنتظر منذ اليوم.", "مر يوم.", "مر يومان.", "مرت {days} أيام.", "مر {days} يومًا.", "مر {days} يوم."]


def write(folder: Path, language: str, texts: dict[str, list[str]], rules=RULES) -> Path:
    """A PO file as a translator would leave it: made by the skeleton tool, filled by hand."""
    update(language, rules.values(), folder)
    path = folder / language / PO_PATH
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    for number, block in enumerate(blocks):
        for name, forms in texts.items():
            if f'msgctxt "{name}"' not in block:
                continue
            head = block[: block.index("\nmsgstr")]
            keys = ["msgstr"] if len(forms) == 1 and "msgid_plural" not in block else None
            keys = keys or [f"msgstr[{index}]" for index in range(len(forms))]
            lines = [f'{key} "{form}"' for key, form in zip(keys, forms, strict=True)]
            blocks[number] = "\n".join([head, *lines])
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def load(folder: Path, rules=RULES) -> Replies:
    return Replies.load(folder, rules)


class TestRender:
    def test_chinese_is_the_playbooks_own(self, tmp_path):
        assert load(tmp_path).render("t.days", "zh", {"days": 12}) == "您等了12天。"

    @pytest.mark.parametrize(("days", "word"), [(1, "день"), (2, "дня"), (5, "дней"), (21, "день"), (111, "дней")])
    def test_plural_of_the_counted_fact(self, tmp_path, days, word):
        write(tmp_path, "ru", RU)
        assert load(tmp_path).render("t.days", "ru", {"days": days}) == f"Вы ждёте {days} {word}."

    def test_money_and_date_as_the_language_writes_them(self, tmp_path):
        write(tmp_path, "ru", RU)
        replies = load(tmp_path)
        assert replies.render("t.money", "ru", {"goodwill": Money(Decimal("5.5"), "USD")}) == "Вернём 5,50\xa0$ вам."
        assert replies.render("t.date", "ru", {"date": date(2026, 3, 5)}) == "Смотрим 5 марта 2026\u202fг. и рядом."
        assert replies.render("t.money", "zh", {"goodwill": Money(Decimal(5), "USD")}) == "退还US$5.00给您。"

    @pytest.mark.parametrize(("amount", "currency"), [("1234.5", "VND"), ("0.5", "JPY"), ("1.005", "USD")])
    def test_a_fraction_the_currency_does_not_have_is_refused(self, tmp_path, amount, currency):
        with pytest.raises(ValueError, match=currency):
            load(tmp_path).render("t.money", "zh", {"goodwill": Money(Decimal(amount), currency)})

    def test_whole_amount_of_a_zero_decimal_currency(self, tmp_path):
        text = load(tmp_path).render("t.money", "zh", {"goodwill": Money(Decimal("1234.00"), "VND")})
        assert text == "退还₫1,234给您。"

    def test_codes_are_isolated_in_right_to_left_languages_only(self, tmp_path):
        write(tmp_path, "ar", {"t.order": ["تم العثور على الطلب {order} الآن."]})
        write(tmp_path, "ru", RU)
        replies = load(tmp_path)
        assert "\u2068AB-12\u2069" in replies.render("t.order", "ar", {"order": "AB-12"})
        assert replies.render("t.order", "ru", {"order": "AB-12"}) == "Заказ AB-12 найден."

    def test_a_form_for_exactly_one_number_may_leave_it_out(self, tmp_path):
        write(tmp_path, "ar", {"t.days": AR_DAYS})
        replies = load(tmp_path)
        assert replies.render("t.days", "ar", {"days": 2}) == "مر يومان."
        assert "15" in replies.render("t.days", "ar", {"days": 15})

    def test_braces_in_a_fact_stay_as_they_are(self, tmp_path):
        assert load(tmp_path).render("t.order", "zh", {"order": "{days}"}) == "订单{days}已查到。"

    def test_a_missing_fact_raises(self, tmp_path):
        with pytest.raises(KeyError, match="order"):
            load(tmp_path).render("t.order", "zh", {})

    @pytest.mark.parametrize("value", [True, 1.5, None, Decimal(1)])
    def test_a_fact_of_another_type_raises(self, tmp_path, value):
        with pytest.raises(TypeError):
            load(tmp_path).render("t.order", "zh", {"order": value})

    def test_a_counted_fact_must_be_a_number(self, tmp_path):
        with pytest.raises(TypeError, match="counted"):
            load(tmp_path).render("t.days", "zh", {"days": "3"})


class TestNotWritten:
    def test_no_such_reply_or_language(self, tmp_path):
        replies = load(tmp_path)
        for reply_id, language in (("t.none", "zh"), ("t.plain", "ru")):
            with pytest.raises(NotWritten):
                replies.render(reply_id, language, {})

    def test_an_empty_entry_is_not_written(self, tmp_path):
        write(tmp_path, "ru", {"t.plain": RU["t.plain"]})
        replies = load(tmp_path)
        assert replies.written("t.plain") == {"zh", "ru"}
        assert replies.written("t.order") == {"zh"}
        with pytest.raises(NotWritten):
            replies.render("t.order", "ru", {"order": "1"})

    def test_one_empty_plural_form_withdraws_the_reply(self, tmp_path):
        write(tmp_path, "ru", {"t.days": ["Вы ждёте {days} день.", "", "Вы ждёте {days} дней."]})
        with pytest.raises(NotWritten):
            load(tmp_path).render("t.days", "ru", {"days": 1})

    def test_a_fuzzy_entry_is_not_written(self, tmp_path):
        path = write(tmp_path, "ru", RU)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('msgctxt "t.plain"', '#, fuzzy\nmsgctxt "t.plain"'), encoding="utf-8")
        assert "ru" not in load(tmp_path).written("t.plain")

    def test_changed_chinese_withdraws_the_old_translation(self, tmp_path):
        write(tmp_path, "ru", RU)
        changed = {**RULES, "t.plain": rule("t.plain", "您好，欢迎。")}
        replies = load(tmp_path, changed)
        assert replies.written("t.plain") == {"zh"}
        assert replies.written("t.order") == {"zh", "ru"}

    def test_languages(self, tmp_path):
        write(tmp_path, "ru", RU)
        write(tmp_path, "fr", {})
        assert load(tmp_path).languages() == {"zh", "ru"}

    def test_a_file_for_chinese_cannot_replace_the_playbooks(self, tmp_path):
        write(tmp_path, "zh", {"t.plain": ["再见。"]})
        assert load(tmp_path).render("t.plain", "zh", {}) == "您好。"


class TestRefusedFiles:
    @pytest.mark.parametrize(
        ("language", "name", "forms", "words"),
        [
            ("ru", "t.order", ["Заказ найден."], "placeholders"),
            ("ru", "t.order", ["Заказ {ordre} найден."], "placeholders"),
            ("ru", "t.order", ["Заказ {order!r} найден."], "placeholders"),
            ("ru", "t.order", ["Заказ {order.x} найден."], "placeholders"),
            ("ru", "t.order", ["Заказ {order найден."], "braces"),
            ("ru", "t.days", ["День.", "Вы ждёте {days} дня.", "Вы ждёте {days} дней."], "placeholders"),
            ("ru", "t.plain", ["您好。"], "is Chinese"),
            ("ru", "t.plain", ["Здравствуйте 您."], "is Chinese"),
            ("ja", "t.plain", ["您好。"], "is Chinese"),
        ],
    )
    def test_a_text_that_would_harm_a_sentence(self, tmp_path, language, name, forms, words):
        path = write(tmp_path, language, {name: forms})
        with pytest.raises(BadData, match=words) as caught:
            load(tmp_path)
        assert caught.value.line is not None
        lines = path.read_text(encoding="utf-8").splitlines()
        assert name in "".join(lines[caught.value.line - 2 : caught.value.line + 1])

    def test_japanese_with_kanji_and_kana_is_fine(self, tmp_path):
        write(tmp_path, "ja", {"t.plain": ["お客様、こんにちは。"]})
        assert load(tmp_path).render("t.plain", "ja", {}) == "お客様、こんにちは。"

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('msgid "您好。"', 'msgidd "您好。"', "not valid PO"),
            ("nplurals=3", "nplurals=2", "num_plurals"),
            ("nplurals=3", "nplurals=4", "Plural-Forms"),
            ("n%10==1", "n%10==2", "Plural-Forms"),
            ("plural=(", "plural=((", "Plural-Forms"),
            ("Language: ru", "Language: uk", "Language"),
        ],
    )
    def test_a_file_that_is_not_the_languages(self, tmp_path, old, new, words):
        path = write(tmp_path, "ru", RU)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(BadData, match=words):
            load(tmp_path)

    def test_the_line_of_broken_syntax(self, tmp_path):
        path = write(tmp_path, "ru", RU)
        text = path.read_text(encoding="utf-8").replace('msgid "您好。"', 'msgidd "您好。"')
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadData) as caught:
            load(tmp_path)
        assert text.splitlines()[caught.value.line - 1].startswith("msgidd")

    def test_not_utf8(self, tmp_path):
        path = write(tmp_path, "ru", RU)
        path.write_bytes(path.read_bytes() + b'\n#. \xff\xfe\nmsgid "x"\nmsgstr "\xff"\n')
        with pytest.raises(BadData, match="UTF-8"):
            load(tmp_path)

    def test_a_folder_that_is_no_language(self, tmp_path):
        path = write(tmp_path, "ru", RU)
        path.parents[1].rename(tmp_path / "russisch")
        with pytest.raises(BadData, match="russisch"):
            load(tmp_path)

    def test_the_same_plural_rule_in_other_words_is_accepted(self, tmp_path):
        path = write(tmp_path, "ru", RU)
        text = path.read_text(encoding="utf-8")
        again = text.replace("(n%100<10 || n%100>=20)", "(n%100<12 || n%100>14)")
        assert again != text
        path.write_text(again, encoding="utf-8")
        assert load(tmp_path).render("t.days", "ru", {"days": 12}) == "Вы ждёте 12 дней."


class TestOwnData:
    """The replies Heqi brings along."""

    FACTS: ClassVar[dict[str, object]] = {
        "order": "8100123456789",
        "tracking": "RR123456785CN",
        "date": date(2026, 3, 5),
        "amount": Money(Decimal("12.9"), "EUR"),
        "goodwill": Money(Decimal(5), "USD"),
        "credit": Money(Decimal(3), "USD"),
        "shop": "Sunny Store",
        "days": 12,
        "asked": 3,
        "got": 2,
        "missing": 1,
        "extension": 120,
        "name": "Ana",
        "product": "Lamp X",
        "carrier": "Correios",
        "link": "https://t.example/parcel",
    }
    LANGUAGES: ClassVar[set[str]] = {
        "zh", "en", "es", "pt", "fr", "de", "it", "nl", "pl", "ru", "uk", "tr", "ar", "he", "ko", "ja", "vi", "th",
        "id", "hi",
    }  # fmt: skip

    @given(
        st.sampled_from(sorted(PLAYBOOKS.replies)), st.sampled_from(sorted(REPLIES.languages())), st.integers(0, 400)
    )
    def test_every_written_reply_renders_with_its_facts(self, reply_id, language, number):
        if language not in REPLIES.written(reply_id):
            return
        facts = {**self.FACTS, "days": number, "missing": number}
        text = REPLIES.render(reply_id, language, facts)
        assert not set(text) & set("{}")
        names = PLAYBOOKS.replies[reply_id].placeholders
        for name in names & {"order", "tracking", "shop", "name", "product", "carrier", "link"}:
            assert str(facts[name]) in text
        if "days" in names and number > 2:
            assert str(number) in text

    def test_every_reply_is_written_in_every_language(self):
        assert {reply_id: REPLIES.written(reply_id) for reply_id in PLAYBOOKS.replies} == dict.fromkeys(
            PLAYBOOKS.replies, self.LANGUAGES
        )

    def test_no_mark_is_glued_to_an_address(self):
        for language in self.LANGUAGES - {"zh"}:
            for reply_id, rule in PLAYBOOKS.replies.items():
                if "link" in rule.placeholders:
                    _, _, behind = REPLIES.render(reply_id, language, self.FACTS).partition("https://t.example/parcel")
                    assert not behind or behind[0] in " \n\u2069、。", (language, reply_id, behind[:9])

    def test_no_sentence_ends_in_two_full_stops(self):
        for language in REPLIES.languages():
            for reply_id in PLAYBOOKS.replies:
                if language in REPLIES.written(reply_id):
                    assert ".." not in REPLIES.render(reply_id, language, self.FACTS), (language, reply_id)

    def test_all_forms_of_a_count_are_there(self):
        for language in languages_in(LOCALES):
            catalog = read_catalog(LOCALES, language, PLAYBOOKS.replies)
            for name, forms in catalog.forms.items():
                if PLAYBOOKS.replies[name].counts:
                    assert {catalog.plural(n) for n in range(1001)} <= set(range(len(forms))), (language, name)

    def test_chinese_names_nothing_but_placeholders(self):
        for reply_id, one in PLAYBOOKS.replies.items():
            assert {name for _, name, _, _ in string.Formatter().parse(one.zh) if name} == one.placeholders, reply_id

    def test_every_language_folder_is_a_known_language(self):
        assert all(Locale.parse(language, sep="-") for language in languages_in(LOCALES))


@given(
    language=st.sampled_from(["de", "fr", "ar", "ja", "zh"]),
    amount=st.integers(0, 10**7).map(Decimal),
    same=st.sampled_from(["1", "1.0", "1.00"]).map(Decimal),
)
def test_what_is_kept_of_an_amount_is_what_any_equal_one_is_written_as(language, amount, same):
    written = REPLIES.render("quality.goodwill", language, {"goodwill": Money(amount, "EUR")})
    alone = format_currency(amount * same, "EUR", locale=Locale.parse(language))
    assert alone in written
    assert REPLIES.render("quality.goodwill", language, {"goodwill": Money(amount * same, "EUR")}) == written


def test_the_table_of_replies_in_the_docs_is_true():
    table = (Path(__file__).parents[2] / "docs" / "replies.md").read_text(encoding="utf-8")
    for situation, title in PLAYBOOKS.titles().items():
        assert f"| `{situation}` | {title} | {len(PLAYBOOKS.of(situation))} |" in table
    assert f"| all | | {len(PLAYBOOKS.replies)} |" in table
