"""Keeping and moving data: backups, what becomes of them, moves between databases, and a check of what is stored."""
