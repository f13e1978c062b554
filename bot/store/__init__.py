"""Store: SQLAlchemy Core on SQLite and PostgreSQL; one file per noun."""
