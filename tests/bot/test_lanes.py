"""Lanes: what a log line may call them."""

from __future__ import annotations

from bot.lanes import board_lane, board_of, chat_lane, conversation_lane, media_lane, speakable


def test_a_chat_is_named_without_its_number():
    lane = speakable(chat_lane("shop", "+8613800138000"))
    assert lane.startswith("chat:shop:")
    assert "8613800138000" not in lane
    assert lane != speakable(chat_lane("shop", "+8613800138001"))
    assert speakable(conversation_lane(7)) == conversation_lane(7)


def test_a_boards_name_may_hold_colons():
    lane = board_lane("telegram:shop:-100", 7)
    assert board_of(lane) == ("telegram:shop:-100", 7)
    assert speakable(lane) == lane
    assert speakable(media_lane("shop", 7)) == media_lane("shop", 7)
