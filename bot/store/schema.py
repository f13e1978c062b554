"""The tables. A change here needs a new file in ``migrations/versions`` (a test compares the two)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.schema import SchemaItem

from adapters.ports import Outcome
from bot.store.types import Id, Json, Moment, Shape
from dialogs.events import Body
from dialogs.messages import Case, LanguageGuess, Media, Proposal, Reading, Reason, Refusal, TemplateUse, Translation

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)

CASE = Shape(Case)
BODY = Shape(Annotated[Body, Field(discriminator="type")])
OUTCOME = Shape(Outcome)
ALIASES = Shape(dict[str, str])
MEDIA = Shape(tuple[Media, ...])
MEMORY = Shape(tuple[LanguageGuess, ...])
FLAGS = Shape(tuple[str, ...])
READING = Shape(Reading)
TRANSLATION = Shape(Translation)
REFUSAL = Shape(Refusal)
PROPOSAL = Shape(Proposal)
REASONS = Shape(tuple[Reason, ...])
TEMPLATE = Shape(TemplateUse)


def _table(name: str, *items: SchemaItem) -> Table:
    # AUTOINCREMENT: ids name rows in lanes, links and external ids, so one that was deleted is never given again.
    return Table(
        name, metadata, Column("id", Id, primary_key=True, autoincrement=True), *items, sqlite_autoincrement=True
    )


def _to(table: str, name: str, *, nullable: bool = False, ondelete: str = "CASCADE") -> Column[Any]:
    return Column(name, Id, ForeignKey(f"{table}.id", ondelete=ondelete), nullable=nullable)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _when(name: str) -> Column[Any]:
    return Column(name, Moment, nullable=False)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


contacts = _table(
    "contacts",
    _words("account"),
    _words("name"),
    _words("folded"),
    Column("aliases", Json(ALIASES), nullable=False),
    _when("created_at"),
)

contact_aliases = _table(
    "contact_aliases",
    _to("contacts", "contact_id"),
    _words("account"),
    _words("kind"),
    _words("value"),
    UniqueConstraint("account", "kind", "value"),
    Index("contact_aliases_contact", "contact_id"),
)

conversations = _table(
    "conversations",
    _words("account"),
    _words("chat"),
    _words("shop"),
    _words("channel"),
    _to("contacts", "contact_id"),
    Column("language_override", Text),
    Column("language_memory", Json(MEMORY), nullable=False),
    Column("case", Json(CASE), nullable=False),
    # What the list of the desk sorts and shows, taken from the case and the messages in the same transaction.
    _words("status"),
    _words("situation"),
    _words("mood"),
    _words("urgency"),
    Column("language", Text),
    Column("flags", Json(FLAGS), nullable=False),
    Column("unread", Integer, nullable=False),
    _words("last_text"),
    Column("last_seq", Integer, nullable=False),  # of the message last_text shows
    _when("last_at"),
    Column("waiting_since", Moment),
    Column("due", Moment),
    Column("next_seq", Integer, nullable=False),
    UniqueConstraint("account", "chat"),
    Index("conversations_list", "status", "due"),
    # The rest of the list, in its order: who waits without a clock, and who waits for nothing.
    _partial(
        "conversations_waiting",
        *("status", "mood", "waiting_since"),
        where="due IS NULL AND waiting_since IS NOT NULL AND last_seq > 0",
    ),
    _partial(
        "conversations_resting",
        *("status", "mood", "last_at"),
        where="due IS NULL AND waiting_since IS NULL AND last_seq > 0",
    ),
    Index("conversations_contact", "contact_id"),
)

events = _table(
    "events",
    _words("account"),
    _words("external_id"),
    _to("conversations", "conversation_id"),
    Column("seq", Integer, nullable=False),
    _words("type"),
    Column("target", Text),  # the platform's id of the message it is about
    Column("body", Json(BODY), nullable=False),
    _when("at"),
    _when("accepted_at"),
    _words("state"),  # open, done, parked
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    Column("error", Text),
    Column("outcome", Json(OUTCOME)),
    UniqueConstraint("account", "external_id"),
    Index("events_conversation", "conversation_id", "type"),
    _partial("events_open", "conversation_id", "seq", where="state = 'open'"),
    _partial("events_parked", "conversation_id", where="state = 'parked'"),
    _partial("events_target", "account", "target", where="target IS NOT NULL"),
)

messages = _table(
    "messages",
    _to("conversations", "conversation_id"),
    Column("seq", Integer, nullable=False),
    _words("direction"),
    _words("text"),
    Column("seller_text", Text),
    Column("language", Text),
    _when("at"),
    _words("author"),
    Column("media", Json(MEDIA)),
    Column("reply_id", Text),
    Column("origin", Text),
    Column("kind", Text),
    _to("messages", "edits", nullable=True, ondelete="SET NULL"),
    Column("answers", Id),  # the message the buyer replied to
    _to("events", "event_id"),
    Column("external_id", Text),
    Column("deleted_at", Moment),
    _words("folded"),  # text and Chinese without case, what search looks in
    UniqueConstraint("conversation_id", "seq"),
    Index("messages_event", "event_id"),
    _partial("messages_external", "conversation_id", "external_id", where="external_id IS NOT NULL"),
    _partial("messages_edits", "edits", where="edits IS NOT NULL"),
)

turns = _table(
    "turns",
    _to("events", "event_id"),
    _to("conversations", "conversation_id"),
    _to("messages", "message_id", nullable=True),
    Column("reply_message_id", Id, ForeignKey("messages.id", ondelete="CASCADE")),
    Column("reading", Json(READING)),
    Column("translation", Json(TRANSLATION)),
    Column("seller_text", Text),
    _words("folded"),
    Column("refusal", Json(REFUSAL)),
    _when("at"),
    UniqueConstraint("event_id"),
    _partial("turns_message", "message_id", where="message_id IS NOT NULL"),
    _partial("turns_reply", "reply_message_id", where="reply_message_id IS NOT NULL"),
    Index("turns_conversation", "conversation_id"),
)

proposals = _table(
    "proposals",
    _to("conversations", "conversation_id"),
    _to("turns", "turn_id"),
    Column("position", Integer, nullable=False),
    _words("proposal_id"),
    Column("body", Json(PROPOSAL), nullable=False),
    _words("state"),  # open, chosen, closed
    Column("closed_by", Text),
    Column("closed_at", Moment),
    UniqueConstraint("turn_id", "proposal_id"),
    Index("proposals_named", "conversation_id", "proposal_id"),
    _partial("proposals_open", "conversation_id", where="state = 'open'"),
)

deliveries = _table(
    "deliveries",
    _to("messages", "message_id"),
    _to("conversations", "conversation_id"),
    _words("lane"),
    _words("account"),
    _words("chat"),
    _words("state"),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    _words("key"),
    Column("parts_done", Integer, nullable=False, server_default="0"),  # of a text that leaves in several parts
    Column("template", Json(TEMPLATE)),
    Column("external_id", Text),
    Column("error", Text),
    _when("changed_at"),
    UniqueConstraint("message_id"),
    UniqueConstraint("key"),
    _partial("deliveries_open", "lane", where="state IN ('queued', 'sending')"),
    _partial("deliveries_trouble", "conversation_id", where="state IN ('held', 'failed', 'ambiguous')"),
    _partial("deliveries_external", "account", "external_id", where="external_id IS NOT NULL"),
    Index("deliveries_conversation", "conversation_id"),
)

# What the platform calls the parts of a delivery before its last one, whose id the delivery itself keeps.
sent_parts = _table(
    "sent_parts",
    _to("deliveries", "delivery_id"),
    _words("account"),
    _words("external_id"),
    UniqueConstraint("account", "external_id"),
    Index("sent_parts_delivery", "delivery_id"),
)

clocks = _table(
    "clocks",
    _to("conversations", "conversation_id"),
    _words("kind"),
    _when("due"),
    _words("state"),  # open, rung, stopped
    Index("clocks_conversation", "conversation_id"),
    _partial("clocks_running", "conversation_id", "kind", where="state <> 'stopped'", unique=True),
    _partial("clocks_due", "due", where="state = 'open'"),
)

escalations = _table(
    "escalations",
    _to("conversations", "conversation_id"),
    Column("reasons", Json(REASONS), nullable=False),
    _words("severity"),
    _when("opened_at"),
    Column("claimed_by", Text),
    Column("claimed_at", Moment),
    Column("closed_by", Text),
    Column("closed_at", Moment),
    Index("escalations_conversation", "conversation_id"),
    _partial("escalations_open", "conversation_id", where="closed_at IS NULL", unique=True),
)

# Who let a reply above the limits leave, or refused it.
approvals = _table(
    "approvals",
    _to("messages", "message_id"),
    _words("agent"),
    Column("approved", Boolean, nullable=False),
    _when("at"),
    UniqueConstraint("message_id"),
)

# What boards have shown of conversations; a board's row is open while ``wanted`` is above ``shown``.
showings = _table(
    "showings",
    _words("board"),
    _to("conversations", "conversation_id"),
    Column("wanted", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    _words("memo"),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    Column("error", Text),
    _when("changed_at"),
    UniqueConstraint("board", "conversation_id"),
    Index("showings_conversation", "conversation_id"),
    # As a difference: of it PostgreSQL keeps statistics, of a comparison it thinks that a third of all rows wait.
    _partial("showings_open", "board", "conversation_id", where="wanted - shown > 0"),
)

# Attachments whose bytes are still on their platform.
downloads = _table(
    "downloads",
    _to("messages", "message_id"),
    _to("conversations", "conversation_id"),
    _words("lane"),
    _words("account"),
    Column("position", Integer, nullable=False),  # in the message's media
    _words("state"),  # open, done, failed, dismissed
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    Column("error", Text),
    _when("changed_at"),
    UniqueConstraint("message_id", "position"),
    Index("downloads_conversation", "conversation_id"),
    _partial("downloads_open", "lane", where="state = 'open'"),
    _partial("downloads_failed", "message_id", where="state = 'failed'"),
)

# How often a shop's agents were offered a reply and took it.
picks = Table(
    "picks",
    metadata,
    Column("shop", Text, primary_key=True),
    Column("reply_id", Text, primary_key=True),
    Column("picked", Integer, nullable=False),
    Column("offered", Integer, nullable=False),
)

# What agents promised on a day, in ten-thousandths of the currency: sums of decimals are not exact in every database.
spending = Table(
    "spending",
    metadata,
    Column("shop", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # in China: 2026-03-02
    Column("agent", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", Id, nullable=False),
)

account_states = Table(
    "account_states",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _words("text"),
)

# Who does what only one process may do, and until when without renewing; by the database's own time.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    _words("owner"),
    _when("until"),
)

# Keyed by a digest of the whole key: a buyer's words are not stored a second time.
translations = Table(
    "translations",
    metadata,
    Column("digest", Text, primary_key=True),
    _words("shop"),
    _words("engine"),
    _words("target"),
    _words("text"),
    _when("at"),
    Index("translations_at", "at"),
)

agents = _table(
    "agents",
    _words("name"),
    _words("role"),
    Column("password", Text),
    _when("created_at"),
    UniqueConstraint("name"),
)

# Who an agent is on other platforms.
agent_aliases = _table(
    "agent_aliases",
    _to("agents", "agent_id"),
    _words("kind"),
    _words("value"),
    UniqueConstraint("kind", "value"),
    Index("agent_aliases_agent", "agent_id"),
)

# Only digests of tokens are kept: who reads the table cannot log in with it.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    _to("agents", "agent_id"),
    _when("expires_at"),
    Index("sessions_agent", "agent_id"),
)

login_links = Table(
    "login_links",
    metadata,
    Column("digest", Text, primary_key=True),
    _to("agents", "agent_id"),
    _when("expires_at"),
    Index("login_links_agent", "agent_id"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    _words("mime"),
    Column("size", Integer, nullable=False),
    _when("at"),  # stored, or handed in again
    Index("blobs_at", "at", "ref"),  # whole: the bytes stand between the two in the table
)
