"""MyMemory through deep-translator: free, small, plain http; only for shops that ask for it."""

from __future__ import annotations

import importlib
from typing import Final

from typing_extensions import override

from adapters.engines.base import BaseEngine
from adapters.engines.settings import EngineSettings
from adapters.engines.threaded import Threads, install
from dialogs.errors import Refused, TryLater
from dialogs.ports import EngineAnswer

_CODES: Final = {
    "ar": "ar-SA", "bg": "bg-BG", "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "el": "el-GR", "en": "en-US",
    "es": "es-ES", "fa": "fa-IR", "fi": "fi-FI", "fr": "fr-FR", "he": "he-IL", "hi": "hi-IN", "hu": "hu-HU",
    "id": "id-ID", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "ms": "ms-MY", "nl": "nl-NL", "pl": "pl-PL",
    "pt": "pt-BR", "ro": "ro-RO", "ru": "ru-RU", "sk": "sk-SK", "sv": "sv-SE", "th": "th-TH", "tr": "tr-TR",
    "uk": "uk-UA", "vi": "vi-VN", "zh": "zh-CN", "zh-Hant": "zh-TW",
}  # fmt: skip


class MyMemory(BaseEngine):
    """MyMemory needs to be told the source language, and says its errors in the place of the translation."""

    limit = 480  # the API takes 500 bytes

    def __init__(self, settings: EngineSettings) -> None:
        module = importlib.import_module("deep_translator.mymemory")
        exceptions = importlib.import_module("deep_translator.exceptions")
        install(module)
        self.name = settings.id
        self._translator = module.MyMemoryTranslator
        self._failed = exceptions.RequestError
        self._url = settings.url
        self._threads = Threads(self.name, settings.timeout, count=2)

    @override
    def supports(self, source: str | None, target: str) -> bool:
        return source != target and source in _CODES and target in _CODES

    @override
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        if len(text.encode("utf-8")) > self.limit:
            raise Refused("too_long")
        if source is None or not self.supports(source, target):
            raise Refused("unsupported")
        code_from, code_into = _CODES[source], _CODES[target]
        answer = await self._threads.run(lambda: self._ask(text, code_from, code_into))
        if answer is None:
            raise TryLater("malformed_answer")
        problem = _error(answer)
        if problem is not None:
            raise problem
        return EngineAnswer(answer)

    def _ask(self, text: str, source: str, target: str) -> str | None:
        translator = self._translator(source=source, target=target)
        if self._url:
            translator._base_url = self._url  # noqa: SLF001 - the library has no other way to name a host
        try:
            answer = translator.translate(text)
        except self._failed:
            raise Refused("bad_request") from None
        except (ValueError, AttributeError, TypeError, KeyError, StopIteration):
            # What the library raises on a body that is not the document it expects.
            raise TryLater("malformed_answer") from None
        return answer if isinstance(answer, str) else None

    @override
    async def close(self) -> None:
        await self._threads.close()


def _error(answer: str) -> TryLater | Refused | None:
    """MyMemory answers 200 and writes what is wrong as the translation."""
    said = answer.upper()
    if "MYMEMORY WARNING" in said or "USED ALL AVAILABLE FREE" in said:
        return Refused("quota")
    if "INVALID LANGUAGE PAIR" in said or "SELECT TWO DISTINCT" in said or "IS AN INVALID" in said:
        return Refused("unsupported")
    if "QUERY LENGTH LIMIT" in said:
        return Refused("too_long")
    return None
