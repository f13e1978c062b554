"""Boards, downloads, escalations, approvals, and what accounts keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite numbers rows by itself only when the key is INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "account_states",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "key", name="account_states_pkey"),
    )
    op.create_table(
        "agent_aliases",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="agent_aliases_agent_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="agent_aliases_pkey"),
        sa.UniqueConstraint("kind", "value", name="agent_aliases_kind_value_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("agent_aliases_agent", "agent_aliases", ["agent_id"], unique=False)
    op.create_table(
        "escalations",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="escalations_conversation_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="escalations_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("escalations_conversation", "escalations", ["conversation_id"], unique=False)
    op.create_index(
        "escalations_open",
        "escalations",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "showings",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="showings_conversation_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="showings_pkey"),
        sa.UniqueConstraint("board", "conversation_id", name="showings_board_conversation_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("showings_conversation", "showings", ["conversation_id"], unique=False)
    op.create_index(
        "showings_open",
        "showings",
        ["board", "conversation_id"],
        unique=False,
        sqlite_where=sa.text("wanted > shown"),
        postgresql_where=sa.text("wanted > shown"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="approvals_message_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="approvals_pkey"),
        sa.UniqueConstraint("message_id", name="approvals_message_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "downloads",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="downloads_conversation_id_fkey", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="downloads_message_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="downloads_pkey"),
        sa.UniqueConstraint("message_id", "position", name="downloads_message_id_position_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("downloads_conversation", "downloads", ["conversation_id"], unique=False)
    op.create_index(
        "downloads_open",
        "downloads",
        ["lane"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("deliveries", sa.Column("parts_done", sa.Integer(), server_default="0", nullable=False))
    op.add_column("deliveries", sa.Column("template", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sent_parts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name="sent_parts_delivery_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="sent_parts_pkey"),
        sa.UniqueConstraint("account", "external_id", name="sent_parts_account_external_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("sent_parts_delivery", "sent_parts", ["delivery_id"], unique=False)
    op.create_index(
        "events_choices",
        "events",
        ["conversation_id", "id"],
        unique=False,
        sqlite_where=sa.text("type = 'agent_chose'"),
        postgresql_where=sa.text("type = 'agent_chose'"),
    )
    op.add_column("messages", sa.Column("answers", ID, nullable=True))
