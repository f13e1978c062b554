"""Cards and lines of threads stay within Slack's limits and inert, whatever anybody wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import cards, threads
from adapters.slack.cards import Frame
from dialogs.messages import DeliveryState, Media, Reason, Severity, Translation
from tests.adapters.around import NOW
from tests.adapters.slack.conftest import buttons_of, texts_of
from tests.adapters.slack.views import answer, buyer, claimed, escalation, more, note, resolved, view

FRAME = Frame({"in_transit": "仍在运输途中"}, "http://127.0.0.1:8080/", NOW)
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "<!channel> <!here> <@U0XIAOWANG> <https://evil.test|银行>",
            "&lt;!channel&gt;",
            "\u202eevil\u2066 \ud800 \x00",
            "*粗体* _斜体_ `代码` ~删除~",
            "&" * 5000,
            "<" * 3500,
            "😀" * 4000,
            "词" * 30000,
            "\n" * 400,
        ]
    ),
)
ENTITY = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>|]*>|<#C[A-Z0-9]+>")


def shown_texts(node: Any) -> Iterator[str]:
    """Every text Slack would show."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            elif key not in {"value", "url"}:
                yield from shown_texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from shown_texts(each)


def within_limits(message: dict[str, Any]) -> None:
    blocks = message["blocks"]
    assert 0 < len(blocks) <= 50
    total = 0
    for block in blocks:
        text = (block.get("text") or {}).get("text")
        if block["type"] == "header":
            assert 0 < len(text) <= 150
        if block["type"] == "section":
            assert 0 < len(text.encode("utf-16-le")) // 2 <= 3000
            total += len(text)
        for element in block.get("elements", []):
            if element["type"] == "button":
                assert len(element["text"]["text"]) <= 75
                assert len(element.get("value", "")) <= 2000
    assert total <= 13_000
    if "type" in message:
        assert all(len(message[name]["text"]) <= 24 for name in ("title", "close", "submit") if name in message)
    else:
        assert 0 < len(message["text"]) <= 3000
    json.dumps(message).encode("ascii")
    for text in shown_texts(message):
        plain = ENTITY.sub("", text)
        assert "<" not in plain
        assert ">" not in plain
        assert not re.search(r"&(?!amp;|lt;|gt;)", plain)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\x00]", plain)


@given(name=HOSTILE, said=HOSTILE, chinese=st.one_of(st.none(), HOSTILE), held=HOSTILE, agent=HOSTILE)
def test_every_card_is_within_limits_and_inert(
    name: str, said: str, chinese: str | None, held: str, agent: str
) -> None:
    waiting = answer(2, held, said, DeliveryState.HELD, delivery_error="needs_approval", author=agent)
    loud = escalation(3, *Reason, severity=Severity.URGENT)
    shown = more(view(buyer(1, said, chinese), escalated=loud, name=name, shop=agent), waiting)
    for each in (shown, claimed(shown, agent), resolved(shown, agent)):
        assert each.escalation is not None
        within_limits(cards.alert(each, each.escalation, FRAME))
        within_limits(cards.plain_alert(each, each.escalation, FRAME))
    within_limits(cards.replaced(shown, FRAME))
    within_limits(cards.moved("C0URGENT01", shown, FRAME))


@given(said=HOSTILE, chinese=st.one_of(st.none(), HOSTILE), author=HOSTILE)
def test_every_line_of_a_thread_is_within_limits_and_inert(said: str, chinese: str | None, author: str) -> None:
    failed = answer(2, chinese or "", said, DeliveryState.FAILED, delivery_error="unreachable", author=author)
    for line in (buyer(1, said, chinese), failed, note(3, said, author)):
        within_limits(threads.line(line))
        within_limits(threads.changed(line))
    there = Translation(text=said, source="zh", target="es")
    within_limits(threads.preview(said, there, there, approval=True))
    within_limits(threads.unsendable(said))


def test_a_buyer_rings_nobody() -> None:
    card = cards.alert(view(buyer(1, "<!channel> <@U0XIAOWANG>", "<!here>")), escalation(), FRAME)
    assert "&lt;!channel&gt; &lt;@U0XIAOWANG&gt;" in texts_of(card)
    assert "&lt;!here&gt;" in texts_of(card)
    words = [block for block in card["blocks"] if "&lt;" in texts_of(block)]
    assert {block["text"]["type"] for block in words} == {"plain_text"}


def test_a_held_reply_that_is_not_shown_whole_cannot_be_approved_here() -> None:
    long = answer(2, "退" * 7000, "x", DeliveryState.HELD, delivery_error="needs_approval")
    card = cards.alert(more(view(), long), escalation(), FRAME)
    assert "heqi_approve" not in buttons_of(card)
    assert "工作台看完再批准" in texts_of(card)


def test_a_held_reply_of_two_sections_is_shown_whole() -> None:
    whole = "".join(chr(0x4E00 + n % 5000) for n in range(5000))
    card = cards.alert(
        more(view(), answer(2, whole, "ok", DeliveryState.HELD, delivery_error="needs_approval")), escalation(), FRAME
    )
    assert "heqi_approve" in buttons_of(card)
    sections = [block["text"]["text"] for block in card["blocks"] if block["type"] == "section"]
    assert whole in "".join(sections)


def test_a_reply_that_is_held_for_another_reason_has_no_approval() -> None:
    line = answer(2, "好", "x", DeliveryState.HELD, delivery_error="unproven")
    assert "heqi_approve" not in buttons_of(cards.alert(more(view(), line), escalation(), FRAME))


def test_clocks_tell_whether_they_ran_out() -> None:
    early = texts_of(cards.alert(view(), escalation(), FRAME))
    assert "请在" in early
    assert "北京时间" in early
    late = Frame(FRAME.titles, FRAME.url, NOW + timedelta(minutes=6))
    assert "已超时" in texts_of(cards.alert(view(), escalation(), late))


def test_the_window_is_told() -> None:
    open_until = view(window_until=NOW + timedelta(hours=3))
    assert "前可以自由回复" in texts_of(cards.alert(open_until, escalation(), FRAME))
    shut = view(window_until=NOW, window_open=False)
    assert "只能在工作台发送模板" in texts_of(cards.alert(shut, escalation(), FRAME))


def test_what_is_not_translated_says_so() -> None:
    card = texts_of(cards.alert(view(buyer(1, "Hola", None)), escalation(), FRAME))
    assert "未翻译" in card
    assert "Hola" in card


def test_attachments_are_named() -> None:
    line = buyer(1, "", None, message={"media": (Media(kind="photo"), Media(kind="photo"), Media(kind="voice"))})
    assert "照片 ×2、语音" in texts_of(cards.alert(view(line), escalation(), FRAME))


def test_asking_twice_is_not_offered() -> None:
    asked = escalation(3, Reason.ASKED, severity=Severity.URGENT)
    assert "heqi_escalate" not in buttons_of(cards.alert(view(escalated=asked), asked, FRAME))
