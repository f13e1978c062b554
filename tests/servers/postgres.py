"""A real PostgreSQL server: started for a test run, on a socket in a temporary folder, and removed after it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

HOW = "install PostgreSQL (Debian: apt-get install postgresql) or put initdb and postgres on the PATH"


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``: the PATH's, else the newest Debian one. None on Windows (sockets)."""
    if sys.platform == "win32":
        return None
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


class PostgresServer:
    """One server with durable commits and no network."""

    def __init__(self, folder: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="heqi-pg-"))
        # The server refuses to run as root.
        self._user = _other_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._home, self._user)
        self._made = 0
        self._run(folder / "initdb", "-D", self._data, "-U", "heqi", "-E", "UTF8", "--no-locale", "--auth=trust")
        with (self._home / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    folder / "postgres",
                    *("-D", self._data, "-k", self._home, "-c", "listen_addresses=", "-c", "max_connections=60"),
                ],
                user=self._user,
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        self._admin = self._connect()

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def url(self, database: str) -> str:
        """URL of a database."""
        return f"postgresql://heqi@/{database}?host={self._home}"

    def new_database(self) -> str:
        """URL of a new, empty database."""
        self._made += 1
        name = f"test{self._made}"
        self._admin.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self) -> None:
        """Stop the server and remove all it stored."""
        self._admin.close()
        self._server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        self._server.wait(timeout=30)
        shutil.rmtree(self._home)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        deadline = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._home / "log").read_text()) from None
                time.sleep(0.05)

    def _run(self, *command: str | Path) -> None:
        subprocess.run(command, user=self._user, cwd=self._home, check=True, capture_output=True)


def _other_user() -> str:
    import pwd  # not there on Windows

    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
