"""Lanes: what a log line may call them."""

from __future__ import annotations

from bot.lanes import chat_lane, conversation_lane, speakable


def test_a_chat_is_named_without_its_number():
    lane = speakable(chat_lane("shop", "+8613800138000"))
    assert lane.startswith("chat:shop:")
    assert "8613800138000" not in lane
    assert lane != speakable(chat_lane("shop", "+8613800138001"))
    assert speakable(conversation_lane(7)) == conversation_lane(7)
