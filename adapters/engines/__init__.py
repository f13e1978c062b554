"""Engines: the list of translation engines, and the only code that knows them.

To add one: a module with a class of BaseEngine whose wire codes become TryLater and Refused in one function, a line in
ENGINES, a loopback server in tests/servers/engines.py and its row in tests/adapters/engines/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from adapters.engines.base import BaseEngine
from adapters.engines.deepl import DeepL
from adapters.engines.google import GoogleWeb
from adapters.engines.guarded import GuardedEngine
from adapters.engines.libretranslate import LibreTranslate
from adapters.engines.mymemory import MyMemory
from adapters.engines.openai import OpenAICompatible
from adapters.engines.opencc import ChineseVariants
from adapters.engines.settings import EngineSettings
from adapters.secret import Secret

Factory = Callable[[EngineSettings, aiohttp.ClientSession], BaseEngine]

ENGINES: Final[Mapping[str, Factory]] = {
    "google": lambda settings, _: GoogleWeb(settings),
    "mymemory": lambda settings, _: MyMemory(settings),
    "libretranslate": LibreTranslate,
    "deepl": DeepL,
    "openai": OpenAICompatible,
}
# What each engine cannot work without; the settings are checked against it when they are loaded.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "google": (),
    "mymemory": (),
    "libretranslate": ("url",),
    "deepl": ("key",),
    "openai": ("url", "model"),
}


def build(settings: EngineSettings, session: aiohttp.ClientSession) -> GuardedEngine:
    """The engine the settings name, guarded.

    Raises:
        KeyError: no engine has this name.
        ValueError: a field in NEEDED is empty.
    """
    empty = [field for field in NEEDED[settings.name] if not getattr(settings, field)]
    if empty:
        raise ValueError(f"engine {settings.id} needs {', '.join(empty)}")
    return GuardedEngine(ENGINES[settings.name](settings, session), settings)


__all__ = [
    "ENGINES",
    "NEEDED",
    "BaseEngine",
    "ChineseVariants",
    "EngineSettings",
    "GuardedEngine",
    "Secret",
    "build",
]
