"""Errors named by what the caller can do about them. Their texts never hold a buyer's words or a secret."""

from __future__ import annotations


class HeqiError(Exception):
    """Base of all errors Heqi raises on purpose."""


class TryLater(HeqiError):  # noqa: N818 - named by what to do
    """The other side cannot serve now; ``after`` seconds from now it may (None: use the usual back-off)."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Refused(HeqiError):  # noqa: N818
    """The other side will never accept this; ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Ambiguous(HeqiError):  # noqa: N818
    """The call may or may not have taken effect; a person decides whether to repeat it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WindowClosed(Refused):
    """The platform takes free text no longer; a template or a new message of the buyer opens it again."""


class Unreachable(Refused):
    """The buyer blocked the account or never wrote to it."""


class BadSignature(HeqiError):  # noqa: N818
    """A request at a door was not signed as it must be."""


class Malformed(HeqiError):  # noqa: N818
    """Bytes from outside that are not what the door expects; the text names the field."""


class NotTranslated(HeqiError):  # noqa: N818
    """No engine could translate; the state 未翻译 as an exception, for callers that cannot go on without a text."""


class NotWritten(HeqiError):  # noqa: N818
    """No person has written this reply in this language."""


class BadData(HeqiError):  # noqa: N818
    """A setting, playbook, policy, cue or PO file is wrong: file, line where known, field, value and what is right."""

    def __init__(self, problem: str, *, file: str, line: int | None = None) -> None:
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem
