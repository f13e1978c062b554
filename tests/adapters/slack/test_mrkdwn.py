"""Slack's markup, both ways."""

from __future__ import annotations

import html
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.mrkdwn import emoji_of, escaped, inert, mentioned, plain, split, units


def read(text: str, **emoji: str) -> str:
    return plain(text, name_of=lambda user: f"[{user}]", emoji=emoji)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("<@U0XIAOWANG> 看一下", "@[U0XIAOWANG] 看一下"),
        ("<@U0XIAOWANG|小王>", "@小王"),
        ("<#C0ALERTS01|alerts>", "#alerts"),
        ("<!here> <!subteam^S01|@客服>", "@here @客服"),
        ("<!date^1772452800^{date}|3月2日>", "3月2日"),
        ("<https://a.test/?x=1&amp;y=2>", "https://a.test/?x=1&y=2"),
        ("<https://a.test|a.test>", "a.test"),
        ("<https://a.test/track|物流>", "物流 (https://a.test/track)"),
        ("<mailto:a@b.test|a@b.test>", "a@b.test"),
        ("<tel:+8613800000000|+8613800000000>", "+8613800000000"),
        ("3 &lt; 5 :smile: 10:30:00 :unknown:", "3 < 5 😄 10:30:00 :unknown:"),
        ("  ", ""),
        ("\ud800\x00", "\ufffd\ufffd"),
    ],
)
def test_what_was_typed_is_plain_text_again(typed: str, meant: str) -> None:
    assert read(typed, smile="😄") == meant


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_any_text_slack_escapes_comes_back(text: str) -> None:
    assert read(html.escape(text, quote=False)) == text.strip()


@given(st.text(max_size=300), st.integers(1, 120))
def test_a_split_loses_nothing_and_cuts_no_entity(text: str, limit: int) -> None:
    pieces, rest = [], inert(text)
    whole = rest
    while rest:
        piece, left = split(rest, limit)
        if left == rest:  # not even one character fits
            assert limit < 5
            return
        assert units(piece) <= limit
        pieces.append(html.unescape(piece) if "&" in piece else piece)
        rest = left
    assert "".join(pieces) == whole


@given(st.text(max_size=300), st.integers(1, 60))
def test_an_escaped_text_fits(text: str, limit: int) -> None:
    assert units(escaped(text, limit)) <= limit


def test_emoji_are_read_from_rich_text() -> None:
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "emoji", "name": "pray", "unicode": "1f64f"},
        {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fc", "skin_tone": 3},
        {"type": "emoji", "name": "custom"},
    ]}]}]  # fmt: skip
    assert emoji_of(blocks) == {"pray": "🙏", "wave::skin-tone-3": "👋🏼"}
    assert read(":pray::wave::skin-tone-3::custom:", **emoji_of(blocks)) == "🙏👋🏼:custom:"


@pytest.mark.parametrize("unicode", ["d800", "110000", "0", "zz", 5, None, "1f64f-" * 30])
def test_strange_emoji_are_left_as_they_stand(unicode: Any) -> None:
    assert emoji_of([{"type": "emoji", "name": "x", "unicode": unicode}]) == {}


def test_mentions_are_found() -> None:
    assert mentioned("<@U0XIAOWANG> &lt;@U0NOBODY01&gt; <@W0LEADLI01|li>") == {"U0XIAOWANG", "W0LEADLI01"}
