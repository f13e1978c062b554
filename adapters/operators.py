"""Operators: where those who run the installation are told of trouble."""

from __future__ import annotations

from typing import Protocol


class Operators(Protocol):
    """A place where those who run the installation are told of trouble."""

    async def tell(self, text: str, *, key: str, of: str = "", again: bool = False) -> str:
        """Post ``text``, below the message ``of`` if there is one, and return the id of what was posted.

        ``key`` is unique; with ``again`` it may have been posted before and is looked for first.

        Raises:
            TryLater: nothing was posted.
            Refused: it never will be.
            Ambiguous: it may have been posted.
        """
        ...

    async def change(self, message: str, text: str) -> None:
        """Replace the text of a message; raises as ``tell`` does."""
        ...
