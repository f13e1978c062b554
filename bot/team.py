"""The team: who somebody on a platform is to us."""

from __future__ import annotations

from sqlalchemy import Connection

from adapters.ports import AgentIdentity
from bot.agents import digest_of
from bot.store import Store, agents
from dialogs.ports import Clock


class StoredTeam:
    """``adapters.ports.Team`` over the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, kind: str, value: str) -> AgentIdentity | None:
        """The agent behind a platform's user, None for strangers."""
        return await self._store.read(lambda conn: agents.by_alias(conn, kind, value))

    async def link(self, kind: str, value: str, token: str) -> AgentIdentity | None:
        """Connect a platform's user with the agent of a one-time link; None when it is used, expired or wrong.

        Who holds the link is the agent, so a user who was somebody else is moved.
        """
        digest, now = digest_of(token), self._clock.now()

        def connect(conn: Connection) -> AgentIdentity | None:
            agent_id = agents.use_link(conn, digest, now=now)
            if agent_id is None:
                return None
            agents.move_alias(conn, agent_id, kind, value)
            return agents.by_id(conn, agent_id)

        return await self._store.write(connect)
