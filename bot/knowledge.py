"""Knowledge: everything the dialogs know from files, loaded and checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import locales
from dialogs.carriers import Carriers
from dialogs.language import DETECTORS
from dialogs.manager import DialogManager
from dialogs.playbooks import Playbooks
from dialogs.policies import Policies
from dialogs.ports import Adviser, Detector, Translator
from dialogs.reading import Reader
from dialogs.replies import Replies
from dialogs.tone import ToneGuard

LOCALES = Path(locales.__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Detector, cues, playbooks, written replies, policies, carriers and what sellers are warned of."""

    detector: Detector
    reader: Reader
    playbooks: Playbooks
    replies: Replies
    policies: Policies
    carriers: Carriers
    tone: ToneGuard

    @classmethod
    def load(cls, detector: str) -> Self:
        """Read it all.

        Raises:
            BadData: a file is wrong; names file, line, value and what would be right.
        """
        playbooks = Playbooks.load()
        return cls(
            detector=DETECTORS[detector](),
            reader=Reader.load(LOCALES),
            playbooks=playbooks,
            replies=Replies.load(LOCALES, playbooks.replies),
            policies=Policies.load(),
            carriers=Carriers.load(),
            tone=ToneGuard.load(LOCALES),
        )

    def manager(self, translator: Translator, advisers: tuple[Adviser, ...] = ()) -> DialogManager:
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
        )
