"""Bring a database to the schema of this version, or say why it cannot be."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.store.errors import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")
# The newest file in migrations/versions. Kept here so that a start on an up-to-date database needs one query and no
# import of Alembic, which alone takes longer than the rest of the start.
HEAD = "0004"
# Stands in the place of the version while a copy is not complete: no service starts on half of it.
UNFINISHED = "unfinished-copy"


def upgrade(conn: Connection, *, name: str) -> None:
    """Upgrade within the caller's transaction; ``name`` is how errors call the database.

    Raises:
        StoreError: the database was made by a newer version, or by something else.
    """
    current = _version(conn, name)
    if current == HEAD:
        return
    if current == UNFINISHED:
        raise StoreError(f"{name} was only half filled by migrate-to or restore: run that command again")

    from alembic import command  # noqa: PLC0415 - see HEAD
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(f"{name} has the schema {current} of a newer version of Heqi: start that version, or newer")
    command.upgrade(config, "head")


def version(conn: Connection) -> str | None:
    """The schema a database of ours has."""
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _version(conn: Connection, name: str) -> str | None:
    tables = set(inspect(conn).get_table_names())
    if "alembic_version" in tables:
        return version(conn)
    if tables:
        raise StoreError(f"{name} is the database of another program: name an empty or new one")
    return None
