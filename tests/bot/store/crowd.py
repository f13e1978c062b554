"""Many rows of everything, stored without the product: enough for a planner to tell an index from a scan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, text

from adapters.ports import Outcome
from bot.lanes import chat_lane, media_lane
from bot.store.schema import (
    account_states,
    agent_aliases,
    agents,
    approvals,
    blobs,
    clocks,
    contact_aliases,
    contacts,
    conversations,
    deliveries,
    downloads,
    escalations,
    events,
    login_links,
    messages,
    proposals,
    sent_parts,
    sessions,
    showings,
    translations,
    turns,
)
from dialogs.events import BuyerWrote
from dialogs.messages import Case, Kind, Media, Origin, Proposal, Reason, Severity
from tests.fakes import NOON

CONVERSATIONS: Final = 500
EACH: Final = 8  # messages; every second one is an answer
ACCOUNT: Final = "shop-fake"
MOODS: Final = ("calm", "calm", "calm", "upset", "angry")


def fill(conn: Connection, *, of: int = CONVERSATIONS) -> None:
    """Of a hundred conversations ten wait, thirty were answered, the others are over; one has trouble."""
    rows: dict[Table, list[dict[str, Any]]] = {}
    for number in range(1, of + 1):
        _conversation(rows, number)
    for number in range(4 * of):
        _add(rows, account_states, account=f"a{number % 5}", key=f"k{number}", text="x")
        _add(rows, translations, digest=f"{number:064}", shop="s", engine="e", target="zh", text="x", at=_at(number))
        _add(rows, blobs, ref=f"{number:064x}", content=b"x" * 50, mime="image/png", size=50, at=_at(number))
    for number in range(1, 2 * of):
        _add(rows, agents, id=number, name=f"agent {number}", role="agent", created_at=NOON)
        _add(rows, agent_aliases, agent_id=number, kind="slack", value=f"U{number}")
        for table in (sessions, login_links):
            _add(rows, table, digest=f"{number:064}", agent_id=number, expires_at=NOON)
    for table, values in rows.items():
        conn.execute(insert(table), values)
    conn.execute(text("ANALYZE"))


def _conversation(rows: dict[Table, list[dict[str, Any]]], number: int) -> None:
    status = "open" if number % 10 < 4 else "resolved"
    waits, trouble = number % 10 == 0, number % 100 == 1
    at = _at(number)
    _add(rows, contacts, id=number, account=ACCOUNT, name="Ana", folded="ana", aliases={}, created_at=at)
    _add(rows, contact_aliases, contact_id=number, account=ACCOUNT, kind="wa_id", value=f"{number}")
    _add(
        rows, conversations, id=number, account=ACCOUNT, chat=f"c{number}", shop="shop", channel="fake",
        contact_id=number, language_memory=(), case=Case(), status=status, situation="unknown",
        mood=MOODS[number * 7 % 5], urgency="normal", flags=(), unread=0, last_text="hola " * 200, last_seq=EACH,
        last_at=at, waiting_since=at if waits else None, due=at if waits and number % 20 else None, next_seq=EACH + 1,
    )  # fmt: skip
    if waits:
        _add(rows, clocks, conversation_id=number, kind="response", due=_at(number, days=900), state="open")
    for _ in range(EACH):
        _add(rows, clocks, conversation_id=number, kind="unanswered", due=at, state="stopped")
    for board in ("slack", "telegram:main"):
        _add(
            rows, showings, board=board, conversation_id=number, wanted=2, shown=1 if trouble else 2,
            memo="memo " * 100, attempts=0, changed_at=at,
        )  # fmt: skip
    closed_at = None if trouble else at
    for _ in range(2):
        _add(
            rows, escalations, conversation_id=number, reasons=(Reason.ANGRY,), severity=Severity.HIGH, opened_at=at,
            closed_at=closed_at,
        )  # fmt: skip
        closed_at = at
    for seq in range(1, EACH + 1):
        _line(rows, number, seq, trouble=trouble)


def _line(rows: dict[Table, list[dict[str, Any]]], number: int, seq: int, *, trouble: bool) -> None:
    id_ = (number - 1) * EACH + seq
    is_answer, at = seq % 2 == 0, _at(id_)
    state = "done"
    if trouble and seq >= EACH - 1:
        state = "open" if is_answer else "parked"
    _add(
        rows, events, id=id_, account="desk" if is_answer else ACCOUNT, external_id=f"e{id_}", conversation_id=number,
        seq=seq, type="agent_chose" if is_answer else "buyer_wrote", target=f"t{id_}" if seq == 1 else None,
        body=BuyerWrote(text="hola"), at=at, accepted_at=at, state=state, attempts=0, outcome=Outcome(done=True),
    )  # fmt: skip
    photo = (Media(kind="photo", ref=f"{id_ % (2 * EACH):064x}", remote="r"),) if seq == 3 else None
    _add(
        rows, messages, id=id_, conversation_id=number, seq=seq, direction="outgoing" if is_answer else "incoming",
        text="hola " * 100, at=at, author="", media=photo, edits=id_ - 2 if seq == 5 else None, event_id=id_,
        external_id=None if is_answer else f"e{id_}", folded="hola",
    )  # fmt: skip
    _add(
        rows, turns, id=id_, event_id=id_, conversation_id=number, message_id=None if is_answer else id_,
        reply_message_id=id_ if is_answer else None, folded="", at=at,
    )  # fmt: skip
    if is_answer:
        _add(
            rows, deliveries, id=id_, message_id=id_, conversation_id=number, lane=chat_lane(ACCOUNT, f"c{number}"),
            account=ACCOUNT, chat=f"c{number}", state=("queued" if seq == EACH else "failed") if trouble else "read",
            attempts=1, key=f"k{id_}", parts_done=0, external_id=f"x{id_}", changed_at=at,
        )  # fmt: skip
        _add(rows, sent_parts, delivery_id=id_, account=ACCOUNT, external_id=f"p{id_}")
        if seq == 2:
            _add(rows, approvals, message_id=id_, agent="Li", approved=True, at=at)
    else:
        _add(
            rows, proposals, conversation_id=number, turn_id=id_, position=0, proposal_id=f"p{id_}", body=_OFFER,
            state="open" if seq == EACH - 1 else "closed",
        )  # fmt: skip
    if photo:
        _add(
            rows, downloads, message_id=id_, conversation_id=number, lane=media_lane(ACCOUNT, number), account=ACCOUNT,
            position=0, state=("open" if number % 200 == 1 else "failed") if trouble else "done", attempts=0,
            error="error " * 100, changed_at=at,
        )  # fmt: skip


_OFFER = Proposal(
    id="p", reply_id="x", kind=Kind.CALMING, seller_text="好", buyer_text="bien", language="es", origin=Origin.WRITTEN
)


def _add(rows: dict[Table, list[dict[str, Any]]], table: Table, **values: Any) -> None:
    rows.setdefault(table, []).append(values)


def _at(number: int, *, days: int = 0) -> datetime:
    return NOON - timedelta(minutes=10 * number) + timedelta(days=days)
