"""DeepL: https://developers.deepl.com/api-reference/translate."""

from __future__ import annotations

from typing import Final

import aiohttp
from typing_extensions import override

from adapters.engines.base import BaseEngine
from adapters.engines.settings import EngineSettings
from adapters.engines.wire import Wired, failure, field, post, text_at
from dialogs.errors import Refused, TryLater
from dialogs.ports import EngineAnswer

_TARGETS: Final = {"zh": "ZH-HANS", "zh-Hant": "ZH-HANT", "pt": "PT-BR", "en": "EN-US", "no": "NB"}
_SOURCES: Final = {"zh-Hant": "ZH", "no": "NB"}
_LANGUAGES: Final = frozenset({
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hu", "id", "it", "ja", "ko", "lt", "lv",
    "no", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "vi", "zh", "zh-Hant",
})  # fmt: skip


class DeepL(BaseEngine):
    """DeepL with XML tags kept; keys ending in ``:fx`` belong to the free host."""

    tags = True
    limit = 30_000  # the API takes 128 KiB for a request

    def __init__(self, settings: EngineSettings, session: aiohttp.ClientSession) -> None:
        self.name = settings.id
        host = "https://api-free.deepl.com" if settings.key.reveal().endswith(":fx") else "https://api.deepl.com"
        self._url = (settings.url.rstrip("/") or host) + "/v2/translate"
        self._key = settings.key
        self._timeout = settings.timeout
        self._session = session

    @override
    def supports(self, source: str | None, target: str) -> bool:
        return source != target and target in _LANGUAGES and (source is None or source in _LANGUAGES)

    @override
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        payload: dict[str, object] = {
            "text": [text],
            "target_lang": _TARGETS.get(target, target.upper()),
            "tag_handling": "xml",
            "split_sentences": "nonewlines" if "\n" not in text else "1",
            "preserve_formatting": True,
        }
        if source is not None:
            payload["source_lang"] = _SOURCES.get(source, source.upper())
        wired = await post(
            self._session,
            self._url,
            payload,
            headers={"Authorization": f"DeepL-Auth-Key {self._key.reveal()}"},
            timeout=self._timeout,
        )
        if wired.status != 200:
            raise _error(wired)
        read = field(wired.body, "translations", 0, "detected_source_language")
        return EngineAnswer(
            text_at(wired.body, "translations", 0, "text"),
            {"nb": "no"}.get(read.lower(), read.lower()) if isinstance(read, str) else None,
        )


def _error(wired: Wired) -> TryLater | Refused:
    """DeepL adds 456 for a used-up quota and 529 for too many requests."""
    if wired.status == 456:
        return Refused("quota")
    if wired.status == 529:
        return TryLater("rate_limited", after=wired.after)
    return failure(wired)
