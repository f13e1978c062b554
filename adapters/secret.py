"""Secrets: keys and tokens that cannot be printed by accident."""

from __future__ import annotations

from typing_extensions import override


class Secret:
    """A key or token; its text is only what ``reveal`` returns."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place it belongs in."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    @override
    def __hash__(self) -> int:
        return hash(self._value)
