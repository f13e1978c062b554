"""LibreTranslate, self-hosted or not: https://docs.libretranslate.com/api/operations/translate/."""

from __future__ import annotations

from typing import Final

import aiohttp
from typing_extensions import override

from adapters.engines.base import BaseEngine
from adapters.engines.settings import EngineSettings
from adapters.engines.wire import Wired, failure, field, post, text_at
from dialogs.errors import Refused, TryLater
from dialogs.ports import EngineAnswer

_CODES: Final = {"zh": "zh-Hans", "no": "nb"}


class LibreTranslate(BaseEngine):
    """Talks to one LibreTranslate server; older servers say ``zh`` and ``zt``, newer ones ``zh-Hans``, ``zh-Hant``."""

    limit = 5000

    def __init__(self, settings: EngineSettings, session: aiohttp.ClientSession) -> None:
        self.name = settings.id
        self._url = settings.url.rstrip("/") + "/translate"
        self._key = settings.key
        self._timeout = settings.timeout
        self._session = session

    @override
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        payload = {
            "q": text,
            "source": _CODES.get(source, source) if source else "auto",
            "target": _CODES.get(target, target),
            "format": "text",
        }
        if self._key:
            payload["api_key"] = self._key.reveal()
        wired = await post(self._session, self._url, payload, timeout=self._timeout)
        if wired.status != 200 or field(wired.body, "error") is not None:
            raise _error(wired)
        read = field(wired.body, "detectedLanguage", "language")
        return EngineAnswer(text_at(wired.body, "translatedText"), _product_code(read))


def _product_code(code: object) -> str | None:
    if not isinstance(code, str):
        return None
    return {"zh-Hans": "zh", "zt": "zh-Hant", "nb": "no", "pb": "pt"}.get(code, code)


def _error(wired: Wired) -> TryLater | Refused:
    """LibreTranslate says 400 for an unknown pair and 403 for a missing or wrong key, with ``{"error": …}``."""
    if wired.status == 200:
        return Refused("bad_request")
    if wired.status == 400:
        return Refused("unsupported")
    return failure(wired)
