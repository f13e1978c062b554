"""Roles: what one process of an installation does."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """``all`` does everything; on PostgreSQL it may be split into ``web`` and any number of ``worker`` processes."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"

    @property
    def serves(self) -> bool:
        """Whether the desk and the doors are open here."""
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        """Whether lanes are worked on here, and leases taken."""
        return self is not Role.WEB
