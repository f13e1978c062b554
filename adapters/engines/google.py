"""Google's free web translation through deep-translator: unofficial, often limited, good."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from typing_extensions import override

from adapters.engines.base import BaseEngine
from adapters.engines.settings import EngineSettings
from adapters.engines.threaded import Threads, install
from dialogs.errors import Refused, TryLater
from dialogs.ports import EngineAnswer

_CODES: Final = {"zh": "zh-CN", "zh-Hant": "zh-TW", "he": "iw", "fil": "tl", "nb": "no", "jv": "jw"}
_ERROR_PAGE: Final = ("error 500 (", "error 502 (", "error 503 (", "error 429 (", "that’s an error", "that's an error")


class GoogleWeb(BaseEngine):
    """One GoogleTranslator per call: a shared one hands texts of one buyer to another.

    The limit in bytes keeps the text below deep-translator's 5000 characters and the URL below 16 kB, percent-encoded.
    """

    version = "web"
    limit = 4900

    def __init__(self, settings: EngineSettings) -> None:
        self.name = settings.id
        self._url = settings.url
        self._threads = Threads(self.name, settings.timeout)

    @override
    def supports(self, source: str | None, target: str) -> bool:
        return source != target  # which languages there are the library tells when it is asked

    @override
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        if len(text.encode("utf-8")) > self.limit:
            raise Refused("too_long")
        if not self.supports(source, target):
            raise Refused("unsupported")
        answer = await self._threads.run(lambda: self._ask(text, source, target))
        if answer is None:
            # deep-translator returns nothing for an echo without letters or digits.
            return EngineAnswer(text)
        if any(sentence in answer.lower() for sentence in _ERROR_PAGE):
            raise TryLater("error_page")
        return EngineAnswer(answer)

    def _ask(self, text: str, source: str | None, target: str) -> str | None:
        library = _library()
        code_from, code_into = _code(source) if source else "auto", _code(target)
        if code_into not in library.codes or code_from not in library.codes | {"auto"}:
            raise Refused("unsupported")
        translator = library.translator(source=code_from, target=code_into)
        if self._url:
            translator._base_url = self._url  # noqa: SLF001 - the library has no other way to name a host
        try:
            answer = translator.translate(text)
        except library.not_found:
            raise TryLater("malformed_answer") from None
        except library.failed:
            raise Refused("bad_request") from None
        return answer if isinstance(answer, str) else None

    @override
    async def close(self) -> None:
        await self._threads.close()


@dataclass(frozen=True, slots=True)
class _Library:
    """What is used of deep-translator."""

    translator: Callable[..., Any]
    codes: frozenset[str]
    not_found: type[Exception]
    failed: type[Exception]


@cache
def _library() -> _Library:
    """Loaded by the first call, in its thread: it takes a fifth of a second, and not every shop uses it."""
    module = importlib.import_module("deep_translator.google")
    exceptions = importlib.import_module("deep_translator.exceptions")
    constants = importlib.import_module("deep_translator.constants")
    install(module)
    return _Library(
        module.GoogleTranslator,
        frozenset(constants.GOOGLE_LANGUAGES_TO_CODES.values()),
        exceptions.TranslationNotFound,
        exceptions.RequestError,
    )


def _code(language: str) -> str:
    return _CODES.get(language, language)
