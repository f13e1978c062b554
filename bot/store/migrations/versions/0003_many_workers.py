"""Leases of what one process does alone, jobs of lanes, and an index of clocks that ran out."""

from __future__ import annotations

from contextlib import closing

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="leases_pkey"),
    )
    op.create_index(
        "clocks_due",
        "clocks",
        ["due"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "downloads_failed",
        "downloads",
        ["message_id"],
        unique=False,
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    for name, key in (("conversations_waiting", "waiting_since"), ("conversations_resting", "last_at")):
        is_waiting = "IS NOT NULL" if key == "waiting_since" else "IS NULL"
        where = sa.text(f"due IS NULL AND waiting_since {is_waiting} AND last_seq > 0")
        columns = ["status", "mood", key]
        op.create_index(name, "conversations", columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_index("translations_at", "translations", ["at"], unique=False)
    op.create_index("blobs_at", "blobs", ["at", "ref"], unique=False)
    # What a conversation takes with it when it goes; choices are found by it too. What runs and is open is found by
    # ``clocks_running``: an index of its own was taken for the clocks that run out, and all of it was read.
    op.create_index("events_conversation", "events", ["conversation_id", "type"], unique=False)
    op.create_index("clocks_conversation", "clocks", ["conversation_id"], unique=False)
    op.drop_index("events_choices", table_name="events")
    op.drop_index("clocks_open", table_name="clocks")
    _count_what_boards_have_to_show()
    if op.get_bind().dialect.name == "postgresql":
        # By the driver: the text holds colons and percent signs, which are none of our placeholders.
        with closing(op.get_bind().connection.cursor()) as cursor:
            cursor.execute(SchemaManager.get_schema())


def _count_what_boards_have_to_show() -> None:
    """An index whose condition the planner can judge: few rows wait, however many there are."""
    where = sa.text("wanted - shown > 0")
    op.drop_index("showings_open", table_name="showings")
    op.create_index(
        "showings_open",
        "showings",
        ["board", "conversation_id"],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
    # Older servers know no statistics of expressions; they find the same rows, by looking at all of them.
    dialect = op.get_bind().dialect
    if dialect.name == "postgresql" and (dialect.server_version_info or ()) >= (14,):
        op.execute("CREATE STATISTICS showings_waiting ON (wanted - shown) FROM showings")
