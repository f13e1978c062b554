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
    if op.get_bind().dialect.name == "postgresql":
        # By the driver: the text holds colons and percent signs, which are none of our placeholders.
        with closing(op.get_bind().connection.cursor()) as cursor:
            cursor.execute(SchemaManager.get_schema())
