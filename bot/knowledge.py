"""Knowledge: everything the dialogs know from files, loaded and checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import locales
from dialogs.carriers import Carriers
from dialogs.language import DETECTORS
from dialogs.manager import DialogManager
from dialogs.playbooks import Playbooks
from dialogs.policies import Policies
from dialogs.ports import Adviser, Detector, Drafter, Translator
from dialogs.reading import Reader
from dialogs.replies import Replies
from dialogs.shelf import Shelf, own_shelf
from dialogs.tone import ToneGuard

LOCALES = Path(locales.__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Detector, cues, playbooks, written replies, policies, carriers and what sellers are warned of."""

    detector: Detector
    reader: Reader
    playbooks: Playbooks
    replies: Replies
    own: Mapping[str, Shelf]
    policies: Policies
    carriers: Carriers
    tone: ToneGuard

    @classmethod
    def load(cls, detector: str, own: Mapping[str, Path] | None = None) -> Self:
        """Read it all; ``own`` are the folders of shops that have replies of their own, by the shop's id.

        Raises:
            BadData: a file is wrong; names file, line, value and what would be right.
        """
        playbooks = Playbooks.load()
        replies = Replies.load(LOCALES, playbooks.replies)
        return cls(
            detector=DETECTORS[detector](),
            reader=Reader.load(LOCALES),
            playbooks=playbooks,
            replies=replies,
            own={shop: own_shelf(playbooks, replies, folder) for shop, folder in (own or {}).items()},
            policies=Policies.load(),
            carriers=Carriers.load(),
            tone=ToneGuard.load(LOCALES),
        )

    def manager(
        self, translator: Translator, advisers: tuple[Adviser, ...] = (), drafter: Drafter | None = None
    ) -> DialogManager:
        """The one who decides, knowing all this; ``advisers`` are asked about every message of a buyer."""
        return DialogManager(
            detector=self.detector,
            reader=self.reader,
            translator=translator,
            playbooks=self.playbooks,
            replies=self.replies,
            carriers=self.carriers,
            tone=self.tone,
            advisers=advisers,
            own=self.own,
            drafter=drafter,
        )
