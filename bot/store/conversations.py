"""Conversations: one per chat of an account; its row gives the sequence everything in it is ordered by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from bot.accounts import Account, Accounts, account_of
from bot.store import contacts, proposals
from bot.store import messages as messages_of
from bot.store.schema import clocks, conversations, messages
from bot.store.schema import contacts as contact_table
from bot.store.sql import hold
from dialogs.messages import Capabilities, Case, CaseStatus, Contact, Conversation, Direction, LanguageGuess, Message

c = conversations.c

_ADD = insert(conversations).returning(c.id)
_OF_CHAT = (
    select(c.id, c.contact_id, contact_table.c.name, contact_table.c.aliases)
    .join_from(conversations, contact_table)
    .where(c.account == bindparam("account"), c.chat == bindparam("chat"))
)
_OF_CONTACT = (
    select(c.id)
    .where(c.contact_id == bindparam("contact"), c.account == bindparam("account"))
    .order_by(c.id.desc())
    .limit(1)
)
_MOVE = update(conversations).where(c.id == bindparam("conversation")).values(chat=bindparam("new_chat"))
_EXISTS = select(c.id).where(c.id == bindparam("conversation"))
_SHOP_OF = select(c.shop).where(c.id == bindparam("conversation"))
_NEXT = update(conversations).where(c.id == bindparam("conversation")).returning(c.next_seq)
_NEXT_SEQ = _NEXT.values(next_seq=c.next_seq + 1)
_NEXT_BUYER = _NEXT.values(
    next_seq=c.next_seq + 1,
    unread=c.unread + 1,
    last_text=bindparam("words"),
    last_seq=c.next_seq,
    last_at=bindparam("moment", type_=c.last_at.type),
    waiting_since=func.coalesce(c.waiting_since, bindparam("moment", type_=c.last_at.type)),
)
_LOAD = (
    select(
        c.account,
        c.chat,
        c.shop,
        c.channel,
        c.contact_id,
        contact_table.c.name,
        contact_table.c.aliases,
        c.case,
        c.language_override,
        c.language_memory,
        c.next_seq,
    )
    .join_from(conversations, contact_table)
    .where(c.id == bindparam("conversation"))
)
_RUNNING = (
    select(func.min(clocks.c.due))
    .where(clocks.c.conversation_id == c.id, clocks.c.kind == "response", clocks.c.state != "stopped")
    .scalar_subquery()
)
_NEWEST = c.last_seq <= bindparam("turn_seq")
_AFTER_TURN = (
    update(conversations)
    .where(c.id == bindparam("conversation"))
    .values(
        case=bindparam("new_case"),
        status=bindparam("new_status"),
        situation=bindparam("new_situation"),
        mood=bindparam("new_mood"),
        urgency=bindparam("new_urgency"),
        language=bindparam("new_language"),
        flags=bindparam("new_flags"),
        language_memory=func.coalesce(bindparam("new_memory", type_=c.language_memory.type), c.language_memory),
        due=_RUNNING,
    )
)
_UNANSWERED = select(messages.c.id).where(
    messages.c.conversation_id == c.id,
    messages.c.seq > bindparam("turn_seq"),
    messages.c.direction == Direction.INCOMING,
)
# What the list shows is of the newest message, which may have come while this turn was decided.
_AFTER_READING = _AFTER_TURN.values(last_text=case((_NEWEST, bindparam("words")), else_=c.last_text))
_AFTER_REPLY = _AFTER_READING.values(
    last_seq=case((_NEWEST, bindparam("turn_seq")), else_=c.last_seq),
    last_at=case((_NEWEST, bindparam("moment", type_=c.last_at.type)), else_=c.last_at),
    waiting_since=_UNANSWERED.with_only_columns(func.min(messages.c.at)).scalar_subquery(),
    unread=_UNANSWERED.with_only_columns(func.count()).scalar_subquery(),
)
_AFTER_CLOSING = _AFTER_TURN.values(waiting_since=None)
_SET_LANGUAGE = (
    update(conversations).where(c.id == bindparam("conversation")).values(language_override=bindparam("new_override"))
)
_READ = update(conversations).where(c.id == bindparam("conversation"), c.unread != 0).values(unread=0)


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation as the dialogs see it, and where its answers go."""

    conversation: Conversation
    account: str
    chat: str


def find(conn: Connection, account: str, chat: str) -> int | None:
    """Id of the conversation of a chat."""
    row = conn.execute(_OF_CHAT, {"account": account, "chat": chat}).first()
    return None if row is None else row.id


def exists(conn: Connection, conversation_id: int) -> bool:
    """Whether there is such a conversation."""
    return conn.execute(_EXISTS, {"conversation": conversation_id}).first() is not None


def shop_of(conn: Connection, conversation_id: int) -> str:
    """Id of the shop a conversation belongs to."""
    return str(conn.execute(_SHOP_OF, {"conversation": conversation_id}).scalar_one())


def find_or_add(
    conn: Connection,
    *,
    account: str,
    chat: str,
    of: Account,
    name: str,
    known: contacts.Aliases,
    now: datetime,
) -> int:
    """Id of the conversation of a chat, made with its contact when the chat is new."""
    found = _known(conn, account, chat, name, known)
    if found is None:
        # New ones of an account are made one after the other: two made at once would be two contacts of one buyer.
        hold(conn, "conversations", account)
        found = _known(conn, account, chat, name, known)
    if found is not None:
        return found
    if of.capabilities_in(chat).one_chat:
        moved = _of_contact(conn, account, chat, name, known)
        if moved is not None:
            return moved
    contact_id = contacts.find_or_add(conn, account=account, name=name, known=known, now=now)
    values = {
        "account": account,
        "chat": chat,
        "shop": of.shop.id,
        "channel": of.channel,
        "contact_id": contact_id,
        "language_memory": (),
        "unread": 0,
        "last_text": "",
        "last_seq": 0,
        "last_at": now,
        "next_seq": 1,
    } | _columns(Case())
    return int(conn.execute(_ADD, values).scalar_one())


def _known(conn: Connection, account: str, chat: str, name: str, known: contacts.Aliases) -> int | None:
    """Id of the conversation of a chat; its contact learns what is new."""
    row = conn.execute(_OF_CHAT, {"account": account, "chat": chat}).first()
    if row is None:
        return None
    contacts.learn(conn, Contact(row.contact_id, row.name, row.aliases), account=account, name=name, known=known)
    return int(row.id)


def _of_contact(conn: Connection, account: str, chat: str, name: str, known: contacts.Aliases) -> int | None:
    """The conversation of somebody known whom the platform calls by another name now; it goes on under that name."""
    contact = contacts.find(conn, account, known)
    if contact is None:
        return None
    found: int | None = conn.execute(_OF_CONTACT, {"contact": contact.id, "account": account}).scalar()
    if found is not None:
        contacts.learn(conn, contact, account=account, name=name, known=known)
        conn.execute(_MOVE, {"conversation": found, "new_chat": chat})
    return found


def next_seq(conn: Connection, conversation_id: int) -> int | None:
    """The next number of the conversation, None when there is no such conversation.

    Holds the conversation's row until the end of the transaction.
    """
    row = conn.execute(_NEXT_SEQ, {"conversation": conversation_id}).first()
    return None if row is None else row.next_seq - 1


def next_seq_for_buyer(conn: Connection, conversation_id: int, text: str, at: datetime) -> int | None:
    """The same for a buyer's message, which is unread and wants an answer."""
    values = {"conversation": conversation_id, "words": text, "moment": at}
    row = conn.execute(_NEXT_BUYER, values).first()
    return None if row is None else row.next_seq - 1


def load(
    conn: Connection, conversation_id: int, accounts: Accounts, *, history: tuple[Message, ...], now: datetime
) -> Place:
    """The conversation with its open proposals and the given messages, as it is at ``now``."""
    row = conn.execute(_LOAD, {"conversation": conversation_id}).one()
    account = account_of(accounts, row.account, shop=row.shop, channel=row.channel)
    capabilities = account.capabilities_in(row.chat)
    until = window_until(conn, conversation_id, capabilities)
    conversation = Conversation(
        id=conversation_id,
        shop=account.shop,
        channel=row.channel,
        capabilities=capabilities,
        contact=Contact(row.contact_id, row.name, row.aliases),
        case=row.case,
        language_override=row.language_override,
        language_memory=row.language_memory,
        now=now,
        history=history,
        proposals=proposals.open_ones(conn, conversation_id),
        window_until=until,
        window_open=until is None or now < until,
    )
    return Place(conversation, row.account, row.chat)


def window_until(conn: Connection, conversation_id: int, capabilities: Capabilities) -> datetime | None:
    """Until when free text may be sent, None where the channel has no such window."""
    if capabilities.window_hours is None:
        return None
    said = messages_of.latest_buyer_word(conn, conversation_id)
    # Who has never written opened no window.
    return _NEVER if said is None else said + timedelta(hours=capabilities.window_hours)


def after_turn(
    conn: Connection,
    conversation_id: int,
    new: Case,
    *,
    memory: tuple[LanguageGuess, ...] | None,
    seq: int,
    read: str | None = None,
    answered: str | None = None,
    now: datetime,
) -> None:
    """Store what the turn numbered ``seq`` made of the case; its clocks must have been stored before.

    ``read`` is the Chinese of a buyer's message that was read, ``answered`` that of a reply that leaves.
    """
    values = {f"new_{name}": value for name, value in _columns(new).items()}
    values |= {"conversation": conversation_id, "new_memory": memory}
    if answered is not None:
        conn.execute(_AFTER_REPLY, {**values, "turn_seq": seq, "words": answered, "moment": now})
    elif read is not None:
        conn.execute(_AFTER_READING, {**values, "turn_seq": seq, "words": read})
    else:
        conn.execute(_AFTER_CLOSING if new.status is CaseStatus.RESOLVED else _AFTER_TURN, values)


def set_language(conn: Connection, conversation_id: int, language: str | None) -> None:
    """Fix the buyer's language, or with None let the detector decide again."""
    conn.execute(_SET_LANGUAGE, {"conversation": conversation_id, "new_override": language})


def mark_read(conn: Connection, conversation_id: int) -> bool:
    """Nothing is unread any more; False when nothing was."""
    return conn.execute(_READ, {"conversation": conversation_id}).rowcount == 1


def _columns(of: Case) -> dict[str, object]:
    return {
        "case": of,
        "status": of.status,
        "situation": of.situation,
        "mood": of.mood,
        "urgency": of.urgency,
        "language": of.language,
        "flags": of.flags,
    }
