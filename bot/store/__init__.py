"""Store: SQLAlchemy Core on SQLite and PostgreSQL; one file per noun."""

from bot.store.errors import StoreError
from bot.store.store import Store

__all__ = ["Store", "StoreError"]
