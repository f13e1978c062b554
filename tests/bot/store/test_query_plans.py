"""Every statement that runs again and again finds its rows by an index, and every index is there for one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from adapters.ports import ListQuery
from bot.clocks import ring
from bot.lanes import chat_lane, media_lane
from bot.store import (
    Store,
    agents,
    backlog,
    clocks,
    contacts,
    conversations,
    deliveries,
    downloads,
    escalations,
    events,
    listing,
    memory,
    messages,
    parked,
    proposals,
    retention,
    showings,
    states,
    troubles,
    turns,
)
from bot.store.schema import metadata
from dialogs.events import Receipt
from dialogs.messages import Capabilities, Case, CaseStatus, DeliveryState
from tests.bot.store.crowd import ACCOUNT, CONVERSATIONS, EACH, fill
from tests.bot.store.plans import Watched
from tests.fakes import NOON

OPEN, OVER = 10, 29  # conversations
MESSAGE: Final = (OPEN - 1) * EACH + 1
ANSWER: Final = MESSAGE + 1
IN_TROUBLE: Final = 101
CHAT, MEDIA = chat_lane(ACCOUNT, f"c{IN_TROUBLE}"), media_lane(ACCOUNT, IN_TROUBLE + 100)
WINDOW = Capabilities(window_hours=24)
Statement = Callable[[Any], object]

# What is asked, and the indexes that answer it.
STATEMENTS: Final[Mapping[str, tuple[Statement, set[str]]]] = {
    # accepting
    "event received again": (lambda c: events.find(c, ACCOUNT, "e77"), {"events_account_external_id_key"}),
    "conversation of a chat": (
        lambda c: conversations.find(c, ACCOUNT, "c77"),
        {"conversations_account_chat_key", "contacts_pkey"},
    ),
    "contact of an alias": (
        lambda c: contacts.find(c, ACCOUNT, (("wa_id", "77"),)),
        {"contact_aliases_account_kind_value_key"},
    ),
    "conversation of a contact": (
        lambda c: conversations._of_contact(c, ACCOUNT, "new", "Ana", (("wa_id", "77"),)),
        {"conversations_contact"},
    ),
    "next number": (lambda c: conversations.next_seq_for_buyer(c, OPEN, "hola", NOON), {"conversations_pkey"}),
    "album that is open": (lambda c: events.open_album(c, IN_TROUBLE, "a", now=NOON), {"events_open"}),
    "message of the platform": (lambda c: messages.latest_version(c, OPEN, f"e{MESSAGE}"), {"messages_external"}),
    "message that an event made": (lambda c: messages.add_media(c, MESSAGE, "", ()), {"messages_event"}),
    # working on a conversation
    "next event": (lambda c: events.head(c, IN_TROUBLE), {"events_open"}),
    "history": (
        lambda c: messages.history(c, OPEN, before=EACH, limit=40),
        {"messages_conversation_id_seq_key", "turns_message"},
    ),
    "conversation": (
        lambda c: conversations.load(c, OPEN, {}, history=(), now=NOON),
        {"conversations_pkey", "contacts_pkey", "proposals_open"},
    ),
    "last word": (lambda c: conversations.window_until(c, OPEN, WINDOW), {"messages_conversation_id_seq_key"}),
    "fate of a proposal": (lambda c: proposals.fate(c, OPEN, f"p{MESSAGE}"), {"proposals_named"}),
    "proposals closed": (lambda c: proposals.close(c, OPEN, chosen="p", by="Li", now=NOON), {"proposals_open"}),
    "answered since": (lambda c: turns.answered_since(c, OPEN, MESSAGE), {"deliveries_message_id_key"}),
    "clocks of a conversation": (lambda c: clocks.open_ones(c, OPEN), {"clocks_running"}),
    "clock stopped": (lambda c: clocks.stop(c, OPEN, "response"), {"clocks_running"}),
    "clocks ring": (lambda c: ring(c, OPEN, {}, now=NOON), {"clocks_running"}),
    "after a turn": (
        lambda c: conversations.after_turn(c, OPEN, Case(), memory=None, seq=EACH, answered="好", now=NOON),
        {"conversations_pkey", "clocks_running", "messages_conversation_id_seq_key"},
    ),
    "escalation": (lambda c: escalations.claim(c, IN_TROUBLE, "Li", now=NOON), {"escalations_open"}),
    "what is uncertain": (lambda c: deliveries.unsure(c, OPEN), {"deliveries_conversation"}),
    "failed event": (lambda c: parked.find(c, OPEN, MESSAGE), {"events_pkey", "messages_event"}),
    "retried event": (lambda c: parked.reopen(c, MESSAGE, seq=EACH), {"events_pkey"}),
    "good again": (lambda c: events.unpark_message(c, MESSAGE), {"events_pkey", "messages_pkey"}),
    "turn of an event": (
        lambda c: c.execute(select(metadata.tables["turns"].c.id).where(metadata.tables["turns"].c.event_id == 7)),
        {"turns_event_id_key"},
    ),
    # sending
    "next delivery": (lambda c: deliveries.head(c, CHAT), {"deliveries_open", "messages_pkey"}),
    "delivery of a message": (lambda c: deliveries.of_message(c, OPEN, ANSWER), {"deliveries_message_id_key"}),
    "receipt": (
        lambda c: deliveries.receipt(c, ACCOUNT, Receipt(of=f"x{ANSWER}", state=DeliveryState.READ), now=NOON),
        {"deliveries_external", "deliveries_pkey"},
    ),
    "part of ours": (
        lambda c: deliveries.message_of(c, ACCOUNT, f"p{ANSWER}"),
        {"sent_parts_account_external_id_key", "deliveries_external"},
    ),
    "receipts that came early": (lambda c: events.receipts(c, ACCOUNT, "t77"), {"events_target"}),
    "next download": (lambda c: downloads.head(c, MEDIA, now=NOON), {"downloads_open"}),
    "downloads that failed": (
        lambda c: downloads.again(c, (IN_TROUBLE - 1) * EACH + 3, now=NOON),
        {"downloads_failed"},
    ),
    "what to show": (lambda c: showings.head(c, "slack", IN_TROUBLE), set()),  # both of its indexes are as good
    "memo of a board": (
        lambda c: showings.keep(c, "slack", OPEN, "memo"),
        {"showings_board_conversation_id_key"},
    ),
    # looking for what is open
    "open conversations": (events.open_conversations, {"events_open"}),
    "chats to send to": (deliveries.open_lanes, {"deliveries_open"}),
    "boards to show on": (showings.open_lanes, {"showings_open"}),
    "attachments to fetch": (downloads.open_lanes, {"downloads_open"}),
    "clocks that run out": (lambda c: clocks.next_dues(c, before=NOON), {"clocks_due"}),
    "backlog": (
        lambda c: backlog.backlog(c, now=NOON, with_leases=False, told_by="a1"),
        {"events_open", "events_parked", "deliveries_open", "showings_open", "downloads_open", "escalations_open"},
    ),
    # the desk
    "open list": (
        lambda c: listing.find(c, ListQuery(limit=20)),
        {"conversations_list", "conversations_waiting", "conversations_resting", "conversations_pkey"},
    ),
    "list of what is over": (
        lambda c: listing.find(c, ListQuery(status=CaseStatus.RESOLVED, limit=20)),
        {"conversations_resting", "events_parked", "escalations_open", "deliveries_trouble"},
    ),
    "lines": (
        lambda c: listing.lines(c, OPEN, before=EACH, limit=60),
        {"messages_conversation_id_seq_key", "messages_edits", "deliveries_message_id_key", "events_pkey"},
    ),
    "readings": (lambda c: turns.of_messages(c, [MESSAGE, MESSAGE + 2]), {"turns_message"}),
    "chat": (lambda c: listing.chat_lines(c, OPEN, after=0, limit=200), {"deliveries_message_id_key"}),
    "refused choices": (lambda c: events.refused_choices(c, OPEN, limit=20), {"events_conversation"}),
    "last escalation": (lambda c: escalations.latest(c, OPEN), {"escalations_conversation"}),
    "parked events": (lambda c: parked.of_conversation(c, IN_TROUBLE, limit=9), {"events_parked"}),
    "troubles": (
        lambda c: troubles.find(c, limit=20),
        {"events_parked", "deliveries_trouble", "downloads_failed"},
    ),
    "session": (lambda c: agents.by_session(c, "d", now=NOON), {"sessions_pkey"}),
    "who somebody is": (lambda c: agents.by_alias(c, "slack", "U7"), {"agent_aliases_kind_value_key"}),
    # what is kept
    "translations": (
        lambda c: c.execute(memory._of(2), {"digest0": "0" * 64, "digest1": "1"}),
        {"translations_pkey"},
    ),
    "state of an account": (
        lambda c: c.execute(states._GET, {"of_account": "a1", "of_key": "k1"}),
        {"account_states_pkey"},
    ),
    "attachment": (
        lambda c: c.execute(select(metadata.tables["blobs"].c.mime).where(metadata.tables["blobs"].c.ref == "x")),
        {"blobs_pkey"},
    ),
    # what goes
    "conversations that are over": (
        lambda c: retention.over(c, before=NOON, after=CONVERSATIONS - 40, limit=5),
        {"conversations_pkey", "events_conversation", "deliveries_conversation"},
    ),
    "what is attached": (lambda c: retention.attached(c, after=100, upto=200), {"messages_pkey"}),
    "old attachments": (lambda c: retention.old_blobs(c, before=NOON.replace(month=2)), {"blobs_at"}),
    "old translations": (
        lambda c: retention.remove_translations(c, before=NOON.replace(year=2020), limit=9),
        {"translations_at"},
    ),
}


async def test_statements_find_their_rows_by_indexes(store: Store) -> None:
    await store.write(fill)
    problems, used = [], set()

    def look(conn: Connection) -> None:
        for name, (statement, wanted) in STATEMENTS.items():
            watched = Watched(conn)
            statement(watched)
            missing, scanned = wanted - watched.indexes(), watched.scans()
            used.update(watched.indexes())
            if missing or scanned:
                problems.append(
                    f"{name}: without {sorted(missing)}, scans {sorted(scanned)}\n" + "\n".join(watched.lines)
                )
        used.update(_keys(conn, problems))
        raise _Undo

    with suppress(_Undo):
        await store.write(look)
    assert problems == [], "\n\n".join(problems)
    assert {str(index.name) for table in metadata.sorted_tables for index in table.indexes} - used == set()


class _Undo(Exception):  # noqa: N818 - tells what is wanted
    """Nothing that was tried stays."""


def _keys(conn: Connection, problems: list[str]) -> set[str]:
    """What goes when a row goes is found by an index too: deleting asks so for every row that refers to it."""
    used = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.foreign_keys:
                watched = Watched(conn)
                watched.execute(
                    select(table.c.id if "id" in table.c else column).where(column == bindparam("of")), {"of": 7}
                )
                used |= watched.indexes()
                if watched.scans():
                    problems.append(f"{table.name}.{column.name} is not indexed: {watched.lines}")
    return used
