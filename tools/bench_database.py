"""The PostgreSQL server of a measurement: room for many processes, and a log that counts the statements of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from tools.chaos_processes import Database

_STORE: Final = "heqi"  # the application_name of the product's store
# One statement in the log: its process, who asked, and its first word. A long one begins on the next line.
_LOGGED: Final = re.compile(
    r"^(\d+)\|([^|\n]*)\|LOG:  (?:statement|execute [^:\n]+):\s+(?:--[^\n]*\s+)*(\w+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Statements:
    """How many statements a server was given; each is a round trip."""

    reads: int = 0  # of the store, outside of transactions
    inside: int = 0  # of the store, inside of transactions, with their beginnings and ends
    commits: int = 0  # ends of transactions
    others: int = 0  # of the engine and the relay

    @property
    def all(self) -> int:
        """All of them."""
        return self.reads + self.inside + self.others


class Postgres(Database):
    """A server with durable commits and nothing tuned but the number of connections."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._admin.execute("ALTER SYSTEM SET log_line_prefix = '%p|%a|'")
        self._command = [*cast("list[str]", self._command), "-c", "max_connections=200"]
        self.kill()
        self.start()

    @property
    def pid(self) -> int:
        """The server's first process, whose children are the connections."""
        return self._server.pid

    @property
    def log_size(self) -> int:
        """Bytes logged so far."""
        return (self._home / "log").stat().st_size

    def log_statements(self, url: str) -> None:
        """Have every statement to this database logged by the connections that are made from now on."""
        name = url.partition("@/")[2].partition("?")[0]
        self._admin.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")

    def statements(self, since: int) -> Statements:
        """What was logged since its log had that size."""
        with (self._home / "log").open("rb") as log:
            log.seek(since)
            text = log.read().decode("utf-8", "replace")
        return counted(_LOGGED.findall(text))


def counted(logged: Sequence[tuple[str, str, str]]) -> Statements:
    """Sort statements by what they are part of; each is its process, who asked, and its first word."""
    reads = inside = commits = others = 0
    transactions: set[str] = set()  # processes that are in one
    for process, who, word in logged:
        if who != _STORE:
            others += 1
            continue
        if word == "BEGIN":
            transactions.add(process)
        if process in transactions:
            inside += 1
        else:
            reads += 1
        if word in {"COMMIT", "ROLLBACK"}:
            transactions.discard(process)
            commits += word == "COMMIT"
    return Statements(reads, inside, commits, others)
