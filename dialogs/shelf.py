"""Shelf: the playbooks and written replies of a shop, its own ones over those that come with Heqi."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from dialogs.errors import BadData
from dialogs.library import Library
from dialogs.messages import Shop
from dialogs.playbooks import Playbooks
from dialogs.ports import Writes
from dialogs.replies import Replies

PLAYBOOKS, LOCALES = "playbooks", "locales"  # the two folders inside a shop's own


class Shelf:
    """What may be said, and in which words."""

    def __init__(self, playbooks: Playbooks, replies: Writes) -> None:
        self.playbooks = playbooks
        self.replies = replies

    @cached_property
    def library(self) -> Library:
        """The same for who looks for words."""
        return Library(self.playbooks, self.replies)


class Shelves:
    """The shelf of every shop: the common one, or its own."""

    def __init__(self, common: Shelf, own: Mapping[str, Shelf]) -> None:
        self._common = common
        self._own = dict(own)

    def of(self, shop: Shop) -> Shelf:
        """The shelf of a shop."""
        return self._own.get(shop.id, self._common)


def own_shelf(playbooks: Playbooks, replies: Replies, folder: Path) -> Shelf:
    """The common replies with those of a shop's ``folder`` over and beside them.

    ``folder`` holds ``playbooks/<situation>.toml`` and ``locales/<language>/LC_MESSAGES/replies.po``, in the form of
    the common ones and with nothing but what is different. A reply whose Chinese was changed counts as written only in
    the languages of the folder.

    Raises:
        BadData: a file is not what it should be, or the folder has no replies; names file, line and what is right.
    """
    if not any((folder / PLAYBOOKS).glob("*.toml")) and not (folder / LOCALES).is_dir():
        raise BadData(f"must hold {PLAYBOOKS}/<situation>.toml or {LOCALES}/<language>", file=str(folder))
    extended = playbooks.extended(folder / PLAYBOOKS)
    return Shelf(extended, replies.extended(folder / LOCALES, extended.replies))
