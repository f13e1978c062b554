"""Settings of accounts: what every channel's entry in ``[[accounts]]`` shares, checked where it stands.

A secret is never written into the settings: ``<name>_env`` names an environment variable, ``<name>_file`` a file only
its owner can read. Exactly one of the two is given.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from adapters.secret import Secret


def web_address(value: str) -> str:
    """A full http or https address without user, password, query or fragment; without its last slash."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("应为 http:// 或 https:// 开头的完整网址 (a full http or https address)")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("网址中不要带账号、密码或参数，密钥用 key_env 或 key_file (no user, password or query in it)")
    return value.rstrip("/")


def private_file(value: Path) -> Path:
    """A file that can be read, and by nobody else."""
    try:
        mode = value.stat().st_mode
        value.read_bytes()
    except OSError as error:
        raise ValueError(f"无法读取：{error.strerror} (cannot be read)") from None
    if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ValueError("其他用户也能读写此文件，请执行 chmod 600 (others may read it; chmod 600 it)")
    return value


def filled_variable(value: str) -> str:
    """The name of an environment variable that holds something."""
    if not os.environ.get(value, "").strip():
        raise ValueError("此环境变量未设置或为空 (this environment variable is not set or empty)")
    return value


WebAddress = Annotated[str, AfterValidator(web_address)]
VariableName = Annotated[str, AfterValidator(filled_variable)]
PrivateFile = Annotated[Path, AfterValidator(private_file)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
AccountId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]  # web-<shop> fits


class Table(BaseModel):
    """One table of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountSettings(Table):
    """One account of a shop on a channel; every channel adds what it needs."""

    channel: str
    id: AccountId
    shop: Id


def secret_of(name: str, env: str | None, file: Path | None) -> Secret:
    """The secret ``name``, read where it is kept.

    Raises:
        ValueError: none or both of ``<name>_env`` and ``<name>_file`` are given.
    """
    if env is not None and file is not None:
        raise ValueError(f"{name}_env 和 {name}_file 只能填一个 (only one of {name}_env and {name}_file)")
    if env is not None:
        return Secret(os.environ[env].strip())
    if file is not None:
        return Secret(file.read_text(encoding="utf-8-sig").strip())
    raise ValueError(f"缺少 {name}_env 或 {name}_file ({name}_env or {name}_file is required)")
