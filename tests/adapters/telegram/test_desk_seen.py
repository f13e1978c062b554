"""What tells a card that changed from one that did not: fingerprints, the lines of each card, and how much is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.ports import ConversationView, Escalation, Line
from adapters.telegram.desk.cards import Look, card, fingerprint, token_of
from adapters.telegram.desk.memo import CARDS, CardMemo
from adapters.telegram.desk.parts import Part, parts_of
from adapters.telegram.desk.seen import Seen
from dialogs.messages import Check, DeliveryState, Direction, Media, Reason, Severity
from tests.adapters.around import NOW, at_seconds
from tests.adapters.telegram.desk_views import Talk

LOOK = Look(titles={"in_transit": "仍在运输途中", "zz": "别的"}, url="https://desk.example.com", now=NOW)


def rich() -> Talk:
    """A conversation in which every kind of thing stands on a card."""
    talk = Talk()
    photo = Media(kind="photo", name="caja.jpg", size=1_300_000, ref="blob-1")
    line = talk.buyer(media=(photo, Media(kind="video", remote="file-2")))
    assert line.translation is not None
    talk.change(1, translation=replace(line.translation, checks=(Check("number"),)))
    talk.seller(state=DeliveryState.FAILED, error="window_closed")
    talk.note("老顾客")
    talk.buyer("¿Hola?", "在吗？")
    talk.seller(state=DeliveryState.HELD, error="unproven")
    talk.case = replace(talk.case, flags=("review_threat",))
    talk.escalate(Escalation(id=1, reasons=(Reason.ANGRY,), severity=Severity.HIGH, opened_at=NOW, claimed_by="小李"))
    talk.more["window_until"] = at_seconds(86400)
    return talk


def memo(first: int, last: int) -> CardMemo:
    return CardMemo(token="0" * 12, message=first, first=first, last=last, digest="", open=True)


def others(value: object) -> Iterator[Any]:
    """Values of the same type, each with one thing changed at any depth."""
    match value:
        case bool():
            yield not value
        case Enum():
            yield from (other for other in type(value) if other is not value)
        case str():
            yield from (f"{value}x", "")
        case int() | float() | Decimal():
            yield from (value + 1, value - value)
        case datetime():
            yield value + timedelta(days=1, minutes=1)
        case None:
            yield from ("zz", 7, NOW)
        case tuple():
            yield ()
            yield (*value, *value)
            for number, item in enumerate(value):
                yield from ((*value[:number], other, *value[number + 1 :]) for other in others(item))
        case _ if is_dataclass(value) and not isinstance(value, type):
            for each in fields(value):
                for other in others(getattr(value, each.name)):
                    yield replace(value, **{each.name: other})


def looks(view: ConversationView) -> dict[int, tuple[str, int]]:
    """Digest and fingerprint of the two cards of a view."""
    found = {}
    for first, part in parts_of(view, (memo(1, 1), memo(4, 4))).items():
        token = token_of(view, first) if part.latest else "0" * 12
        found[first] = card(view, part, token=token, look=LOOK).digest, fingerprint(view, part, token=token)
    return found


def test_whatever_changes_a_card_changes_its_fingerprint() -> None:
    view = rich().view
    before = looks(view)
    changed = dict.fromkeys(before, 0)
    for other in others(view):
        try:
            after = looks(other)
        except (AttributeError, TypeError, KeyError):  # a value where no such type can be
            continue
        for first in before.keys() & after.keys():
            changed[first] += before[first][0] != after[first][0]
            assert before[first][0] == after[first][0] or before[first][1] != after[first][1]
    assert all(count > 50 for count in changed.values()), changed


def test_the_same_view_read_anew_has_the_same_fingerprint() -> None:
    assert looks(rich().view) == looks(rich().view)


@given(
    st.lists(st.sampled_from(("buyer", "seller", "note")), max_size=12),
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=4, unique_by=lambda card: card[0]),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_every_line_stands_on_the_card_it_belongs_to(
    said: list[str], shown: list[tuple[int, int]], cut: int, random: Any
) -> None:
    talk = Talk()
    for who in said:
        talk.note("x") if who == "note" else getattr(talk, who)()
    lines = talk.lines[cut:]
    random.shuffle(lines)
    view = replace(talk.view, lines=tuple(lines), earlier=cut > 0)
    cards = tuple(memo(first, first + more) for first, more in sorted(shown))
    parts = parts_of(view, cards)
    oldest = min((line.message.seq for line in lines), default=0)
    for position, each in enumerate(cards):
        end = cards[position + 1].first if each is not cards[-1] else 10**9
        belongs = sorted(line.message.seq for line in lines if _on(line, each, end))
        buyers = [number for number in belongs if said[number - 1] == "buyer"]
        if buyers and not (cut and each.first < oldest):
            part: Part = parts.pop(each.first)
            assert [line.message.seq for line in part.lines] == belongs
            assert part.latest is (each is cards[-1])
    assert parts == {}


def _on(line: Line, shown: CardMemo, end: int) -> bool:
    incoming, seq = line.message.direction is Direction.INCOMING, line.message.seq
    return shown.first <= seq < end and (seq <= shown.last or not incoming)


def test_as_many_cards_are_known_as_are_kept_and_the_conversations_shown_last() -> None:
    seen = Seen(conversations=2)
    for first in range(1, CARDS + 3):
        seen.note(1, first, first * 7, f"d{first}")
    assert [seen.digest(1, first, first * 7) for first in (1, 2, 3)] == [None, None, "d3"]
    assert seen.digest(1, 3, 22) is None
    seen.note(2, 1, 5, "other")
    seen.note(1, CARDS + 3, 5, "newest")
    seen.note(3, 1, 5, "third")
    assert [seen.digest(conversation, 1, 5) for conversation in (2, 3)] == [None, "third"]
    assert seen.digest(1, CARDS + 3, 5) == "newest"
