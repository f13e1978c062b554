"""Cards as values: what stands on them, what never does, and that they fit."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.ports import Escalation
from adapters.telegram.desk.buttons import Press, Rows, Verb, language_keyboard, opens_anywhere, packed, unpacked
from adapters.telegram.desk.cards import Card, Look, card, token_of, topic_title
from adapters.telegram.desk.markup import Piece, cut, fit, inert, units
from adapters.telegram.desk.memo import Memo
from adapters.telegram.desk.notices import file_name, reason, refused, trouble
from adapters.telegram.desk.parts import new_part
from dialogs.messages import (
    DeliveryState,
    Kind,
    LanguageGuess,
    Media,
    Mood,
    Reason,
    Refusal,
    RefusalCode,
    Severity,
)
from tests.adapters.around import NOW, at_seconds
from tests.adapters.telegram.desk_views import Talk, proposals

LOOK = Look(titles={"in_transit": "仍在运输途中"}, url="https://desk.example.com", now=NOW)
TAGS = re.compile(r"</?(?:b|blockquote)(?: expandable)?>")


def shown(talk: Talk, look: Look = LOOK) -> Card:
    part = new_part(talk.view, Memo(chat=-1))
    assert part is not None
    return card(talk.view, part, token=token_of(talk.view, part.first), look=look)


def rows(keyboard: Rows) -> list[list[str]]:
    return [[button["text"] for button in row] for row in keyboard]


def data(keyboard: Rows) -> list[str]:
    return [button["callback_data"] for row in keyboard for button in row if "callback_data" in button]


def test_a_card_shows_the_whole_turn() -> None:
    talk = Talk()
    photo = Media(kind="photo", name="caja.jpg", size=1_300_000, ref="blob-1")
    talk.buyer(media=(photo, Media(kind="video", remote="file-2")))
    talk.more["window_until"] = at_seconds(86400)
    got = shown(talk)
    assert got.html == (
        "😟 <b>\u2068Ana García\u2069</b> · 网页聊天 · 西班牙语\n\n"
        "<b>您好，我的订单 8201954417 还没有到。</b>\n"
        "<blockquote expandable>Hola, mi pedido 8201954417 todavía no ha llegado.</blockquote>"
        "\n📎 照片：caja.jpg，1.2 MB\n📎 视频：下载中"
        "\n\n📋 仍在运输途中 · 😟 不满 · 想要退款、补发"
        "\n⏱ 请在 20:06 前回复，还剩 6 分钟"
        "\n🕐 可回复至 3月3日 20:00，还剩 1 天"
        "\n\n① <b>安抚</b>\n您好，我马上帮您查。\n<blockquote expandable>Hola, ahora mismo lo reviso.</blockquote>"
        "\n\n② <b>道歉</b>\n非常抱歉让您久等了。\n<blockquote expandable>Siento mucho la espera.</blockquote>"
        "\n\n③ <b>补救</b>\n我们可以为您补发。\n<blockquote expandable>Podemos enviarle otro.</blockquote>"
    )
    assert got.plain == html.unescape(TAGS.sub("", got.html))
    assert rows(got.keyboard) == [["1", "2", "3"], ["回译", "语言", "升级", "解决"], ["打开网页"]]
    assert got.keyboard[-1][0]["url"] == "https://desk.example.com/desk/12"


def test_an_answer_made_anywhere_takes_the_place_of_the_proposals() -> None:
    talk = Talk()
    talk.buyer()
    talk.seller(state=DeliveryState.DELIVERED)
    got = shown(talk)
    assert "↩️ \u2068小王\u2069 20:02（安抚） ✓✓ 送达\n您好，我马上帮您查。\n" in got.plain
    assert "①" not in got.plain
    assert "请在" not in got.plain
    assert rows(got.keyboard) == [["语言", "升级", "解决"], ["打开网页"]]


@pytest.mark.parametrize(
    ("state", "error", "words", "buttons"),
    [
        (DeliveryState.QUEUED, None, "⏳ 发送中", []),
        (DeliveryState.SENT, None, "✓ 已发送", []),
        (DeliveryState.READ, None, "👁 已读", []),
        (DeliveryState.CANCELLED, None, "已取消", []),
        (DeliveryState.FAILED, "unreachable", "❌ 发送失败：联系不上买家", ["重发", "取消发送"]),
        (DeliveryState.AMBIGUOUS, "timeout", "❓ 可能已送达，请核实：平台没有及时答复", ["已送达", "重发"]),
        (DeliveryState.HELD, "unproven", "⏸ 等您决定：译文里有数字或编号没有核对上", ["发送", "重译", "取消发送"]),
        (DeliveryState.HELD, "not_translated", "⏸ 等您决定：没有引擎能译出这段话", ["重译", "取消发送"]),
        (DeliveryState.HELD, "needs_approval", "⏸ 等您决定：超出客服权限，待主管批准", ["批准", "驳回"]),
        (None, None, "在平台上直接回复", []),
    ],
)
def test_every_state_of_an_answer_has_its_words_and_buttons(
    state: DeliveryState | None, error: str | None, words: str, buttons: list[str]
) -> None:
    talk = Talk()
    talk.buyer()
    line = talk.seller(state=state, error=error)
    got = shown(talk)
    assert words in got.plain
    decided = [row for row in rows(got.keyboard) if row[0] in {"重发", "已送达", "发送", "重译", "批准"}]
    assert decided == ([buttons] if buttons else [])
    assert (trouble(line, NOW) is not None) is bool(buttons)


def test_an_older_card_keeps_only_the_buttons_of_what_failed() -> None:
    talk = Talk()
    talk.buyer()
    talk.seller(state=DeliveryState.FAILED)
    part = new_part(talk.view, Memo(chat=-1))
    assert part is not None
    got = card(talk.view, replace(part, latest=False), token="0" * 12, look=LOOK)
    assert rows(got.keyboard) == [["重发", "取消发送"]]
    assert "①" not in got.plain


def test_what_became_of_a_buyers_message_is_marked() -> None:
    talk = Talk()
    talk.buyer("uno", "一")
    talk.buyer("dos", "二", edits=501)
    talk.buyer("tres", None, deleted_at=NOW)
    talk.change(1, replaced=True)
    talk.change(3, parked="NotWritten")
    got = shown(talk)
    assert "✏️ 买家后来修改了这条\n一\nuno" in got.plain
    assert "✏️ 买家修改为\n二\ndos" in got.plain
    assert "🗑 买家已撤回这条\n⚠️ 处理出错（NotWritten），可按“重读”\n（未翻译）\ntres" in got.plain
    assert ["重读"] in rows(got.keyboard)


def test_several_messages_since_the_last_card_stand_on_one_with_the_notes() -> None:
    talk = Talk()
    for number in range(10):
        talk.buyer(f"texto {number}", f"第 {number} 条")
    talk.note("客户是老顾客")
    text = shown(talk).plain
    assert "（前面还有 2 条，请打开网页查看）" in text
    assert "texto 1\n" not in text
    assert all(f"texto {number}" in text for number in range(2, 10))
    assert "📝 \u2068小李\u2069 20:11 备注：客户是老顾客" in text


def test_clocks_warnings_and_the_escalation_are_told() -> None:
    talk = Talk()
    talk.buyer()
    talk.case = replace(talk.case, flags=("overdue", "review_threat", "something_new"))
    talk.more["window_open"] = False
    reasons = (Reason.ANGRY, Reason.ASKED)
    talk.escalate(Escalation(id=1, reasons=reasons, severity=Severity.HIGH, opened_at=NOW))
    got = shown(talk)
    assert "🚩 差评威胁\n⏰ 已超时，应在 20:06 前回复\n🕐 回复窗口已关，只能在网页里发送模板" in got.plain
    assert "🔔 已升级：买家愤怒、有人求助（无人认领）" in got.plain
    assert ["我来处理"] in rows(got.keyboard)
    talk.escalate(
        Escalation(id=1, reasons=reasons, severity=Severity.HIGH, opened_at=NOW, claimed_by="小李", claimed_at=NOW)
    )
    assert "（\u2068小李\u2069 正在处理）" in shown(talk).plain
    assert ["我来处理"] not in rows(shown(talk).keyboard)


def test_a_resolved_case_can_be_opened_again() -> None:
    talk = Talk()
    talk.buyer()
    part = new_part(talk.view, Memo(chat=-1))
    talk.resolve()
    assert part is not None
    got = card(talk.view, part, token="0" * 12, look=LOOK)
    assert "✅ 已解决" in got.plain
    assert rows(got.keyboard) == [["重新打开", "语言"], ["打开网页"]]


def test_only_the_time_that_passes_is_no_change() -> None:
    talk = Talk()
    talk.buyer()
    talk.more["window_until"] = at_seconds(86400)
    first, later = shown(talk), shown(talk, replace(LOOK, now=at_seconds(4000)))
    assert first.plain != later.plain
    assert first.digest == later.digest
    talk.case = replace(talk.case, flags=("overdue",))
    assert shown(talk).digest != first.digest


def test_other_proposals_are_another_card_for_its_buttons() -> None:
    talk = Talk()
    talk.buyer()
    before = token_of(talk.view, 1)
    assert before == token_of(talk.view, 1)
    talk.read(1, again=50)
    assert token_of(talk.view, 1) != before


def test_a_message_that_is_still_being_read_waits_and_those_behind_it() -> None:
    talk = Talk()
    talk.buyer(pending=True)
    assert new_part(talk.view, Memo(chat=-1)) is None
    talk.read(1)
    talk.buyer(pending=True)
    talk.buyer()
    part = new_part(talk.view, Memo(chat=-1))
    assert part is not None
    assert [line.message.seq for line in part.lines] == [1]
    talk.read(2)
    later = new_part(talk.view, Memo(chat=-1, seq=1))
    assert later is not None
    assert (later.first, later.last) == (2, 3)


def test_the_first_card_begins_after_the_last_answer() -> None:
    talk = Talk()
    talk.buyer("viejo")
    talk.seller()
    talk.buyer("nuevo 1")
    talk.buyer("nuevo 2")
    talk.seller()
    part = new_part(talk.view, Memo(chat=-1))
    assert part is not None
    assert [line.message.seq for line in part.lines] == [3, 4, 5]


# ---- what a buyer may not do with it ---------------------------------------------------------------------------------


def test_a_buyers_words_stay_words() -> None:
    talk = Talk(name="<b>@boss</b>\n\u202e& Söhne")
    talk.buyer("</blockquote><a href='http://x'>tg</a> @all \u202egnp.exe\u2066 a&b", "<i>@team</i>\0\x07 x@y.es")
    got = shown(talk)
    assert TAGS.sub("", got.html) == html.escape(got.plain, quote=False)
    assert "\u202e" not in got.plain
    assert "\u2066" not in got.plain
    assert not re.search(r"(?<!\w)@\w", got.plain)
    assert "x@y.es" in got.plain
    assert topic_title(talk.view) == "😟 <b>@\u2060boss</b> & Söhne"


def test_a_buyer_without_a_name_has_one_here() -> None:
    assert topic_title(Talk(name=" \u202e\n").view) == "😟 买家 12"
    long = topic_title(Talk(name="😀" * 300).view)
    assert units(long) <= 128


WORDS = st.text(st.characters(codec="utf-16", exclude_categories=()) | st.sampled_from("<>&@\u202e😀\n\0"), max_size=60)
LONG = st.builds(lambda text, times: text * times, WORDS, st.sampled_from((1, 3, 40, 200)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_card_always_fits_and_never_lets_anything_out(drawn: st.DataObject) -> None:
    talk = Talk(name=drawn.draw(LONG), channel=drawn.draw(WORDS))
    for _ in range(drawn.draw(st.integers(1, 12))):
        media = tuple(
            Media(kind="document", name=drawn.draw(LONG), size=drawn.draw(st.integers(0, 10**15)))
            for _ in range(drawn.draw(st.integers(0, 12)))
        )
        talk.buyer(drawn.draw(LONG), drawn.draw(LONG), media=media)
        talk.change(len(talk.lines), parked=drawn.draw(st.none() | LONG))
    for _ in range(drawn.draw(st.integers(0, 8))):
        talk.seller(
            drawn.draw(LONG),
            drawn.draw(LONG),
            state=drawn.draw(st.sampled_from(DeliveryState)),
            error=drawn.draw(st.none() | WORDS),
            author=drawn.draw(LONG),
        )
    offers = st.tuples(st.sampled_from(Kind), LONG, st.none() | LONG)
    talk.offered = proposals(1, tuple(drawn.draw(st.lists(offers, max_size=4))))
    got = shown(
        talk, replace(LOOK, url=drawn.draw(st.sampled_from(("https://d.example.com", "http://127.0.0.1:8080"))))
    )
    assert units(got.plain) <= 4096
    assert TAGS.sub("", got.html) == html.escape(got.plain, quote=False)
    assert all(1 <= len(each.encode()) <= 64 for each in data(got.keyboard))
    assert 1 <= units(topic_title(talk.view)) <= 128


def test_the_original_gives_way_first() -> None:
    talk = Talk()
    talk.buyer("ñ" * 5000, "中" * 1500)
    got = shown(talk)
    assert 4000 < units(got.plain) <= 4096
    assert "中" * 1500 in got.plain
    assert 2000 < got.plain.count("ñ") < 2500
    assert "ñ…" in got.plain
    assert "Podemos enviarle otro." in got.plain


@given(WORDS)
@example("a\ud800")
@example("a\n\n\nb")
@example("a\u2066b")
@example("a\x85b")
@example("a @all")
def test_what_somebody_else_wrote_is_inert(text: str) -> None:
    got = inert(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]|\n{3}", got)
    assert not re.search(r"(?<!\w)@\w", got)
    assert got == got.strip()


@given(st.text(max_size=30), st.integers(0, 30))
def test_what_is_cut_fits_and_stays_whole_characters(text: str, limit: int) -> None:
    got = cut(inert(text), limit)
    assert units(got) <= limit
    got.encode()


@given(st.lists(st.builds(Piece, st.text("a😀", max_size=50), st.just(""), st.integers(1, 4)), max_size=9))
def test_pieces_are_only_cut_when_they_must_be(pieces: list[Piece]) -> None:
    limit = 60
    got = fit(pieces, limit)
    whole = sum(units(piece.text) for piece in pieces)
    assert sum(units(piece.text) for piece in got) <= limit
    if whole <= limit:
        assert got == tuple(pieces)


# ---- buttons ---------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 2**63 - 1),
    st.text("0123456789abcdef", min_size=12, max_size=12),
    st.sampled_from(Verb),
    st.integers(1, 2**63 - 1).map(str) | st.sampled_from(("", "es", "zh-Hant", "auto")),
)
def test_a_button_says_the_same_when_it_comes_back(conversation: int, token: str, verb: Verb, argument: str) -> None:
    press = Press(conversation, token, verb, argument)
    assert len(packed(press).encode()) <= 64
    assert unpacked(packed(press)) == press


@given(st.text(max_size=70) | st.from_regex(r"\d{1,3}:[0-9a-f]{12}:[a-z]{1,3}(:.{0,5})?", fullmatch=True))
def test_other_data_is_no_button_of_ours(text: str) -> None:
    press = unpacked(text)
    assert press is None or packed(press) == text


def test_languages_are_offered_with_the_likeliest_first() -> None:
    talk = Talk()
    talk.buyer()
    talk.more["language_candidates"] = (LanguageGuess("gl", 0.6), LanguageGuess("es", 0.3), LanguageGuess("a:b", 0.1))
    got = language_keyboard(talk.view, "0" * 12)
    names = [name for row in rows(got) for name in row]
    assert names[:3] == ["加利西亚语", "西班牙语", "英语"]
    assert names[-2:] == ["自动识别", "返回"]
    assert len(names) == len(set(names)) == 17


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://desk.example.com/desk/1", True),
        ("http://93.184.216.34:8080/desk/1", True),
        ("http://127.0.0.1:8080/desk/1", False),
        ("http://192.168.1.5/desk/1", False),
        ("http://localhost:8080/desk/1", False),
        ("http://heqi.local/desk/1", False),
        ("http://[::1]/desk/1", False),
    ],
)
def test_an_address_telegram_refuses_is_no_button_but_a_line(url: str, *, taken: bool) -> None:
    assert opens_anywhere(url) is taken
    talk = Talk()
    talk.buyer()
    base = url.removesuffix("/desk/1")
    got = shown(talk, replace(LOOK, url=base))
    assert (["打开网页"] in rows(got.keyboard)) is taken
    assert (f"网页：{base}/desk/12" in got.plain) is not taken


# ---- notices ---------------------------------------------------------------------------------------------------------


def test_a_refused_text_comes_back_with_its_reason_and_a_way_on() -> None:
    talk = Talk()
    talk.buyer()
    talk.refuse(RefusalCode.NO_LANGUAGE, "请<b>稍等</b>")
    talk.refuse(RefusalCode.WINDOW_CLOSED, "好的")
    talk.refuse(RefusalCode.TOO_LONG, "长" * 5000, detail="9000 > 4096")
    first, second, third = (refused(one, talk.view, token="0" * 12, url=LOOK.url) for one in talk.view.refused)
    assert first.html == (
        "⚠️ \u2068小王\u2069 的回复没有发出：还不知道买家的语言，请先选择\n"
        "<blockquote>请&lt;b&gt;稍等&lt;/b&gt;</blockquote>"
    )
    assert rows(first.keyboard)[-1] == ["自动识别", "返回"]
    assert rows(second.keyboard) == [["去网页发送模板"]]
    assert "超出了渠道的长度限制，请缩短（9000 > 4096）" in third.plain
    assert units(third.plain) <= 4096


def test_who_came_first_is_named() -> None:
    assert reason(Refusal(RefusalCode.CLOSED, "小 王 2026-03-02 12:04 UTC")) == "小 王 已回复"
    assert reason(Refusal(RefusalCode.CLOSED)) == "已经有人回复了"


def test_files_have_a_name_that_is_one() -> None:
    assert file_name(Media(kind="photo"), "image/jpeg") == "photo.jpg"
    assert file_name(Media(kind="document", name="../a\n\u202eb.pdf"), "application/pdf") == ".._a b.pdf"


def test_moods_have_their_marks() -> None:
    talk = Talk()
    talk.buyer(mood=Mood.ANGRY)
    assert shown(talk).plain.startswith("😠 ")
