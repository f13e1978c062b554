"""Drafting: a language model's reply beside the written ones, shown only when nothing speaks against it."""

from __future__ import annotations

from string import Formatter

from dialogs import drafts
from dialogs.messages import SELLER_LANGUAGE, Conversation, Direction, Message, Origin, Proposal
from dialogs.moment import Moment
from dialogs.playbooks import Playbooks, ReplyRule
from dialogs.ports import Draft, Drafter
from dialogs.replies import spoken
from dialogs.tone import ToneGuard
from dialogs.typed import Typed

WHY = "模型草稿：请核对后再发"


class Drafting:
    """Asks for a draft and proves it: the playbook's words, the limits, the tone and every value in the translation."""

    def __init__(self, drafter: Drafter | None, typed: Typed, tone: ToneGuard) -> None:
        self._drafter = drafter
        self._typed = typed
        self._tone = tone

    async def proposal(
        self,
        message: Message,
        chinese: str | None,
        conversation: Conversation,
        moment: Moment,
        *,
        key: str,
        playbooks: Playbooks,
        offered: tuple[ReplyRule, ...],
    ) -> Proposal | None:
        """One more proposal, None where there is none to show."""
        language = moment.case.language
        if self._drafter is None or language is None:
            return None
        title = playbooks.titles().get(moment.case.situation, moment.case.situation)
        asked = drafts.request(message, chinese, conversation, moment, title=title, lines=offered)
        draft = None if asked is None else await self._drafter.draft(asked)
        if draft is None or drafts.objection(draft, moment, _before(conversation, offered)) is not None:
            return None
        rendered = _rendered(draft, moment)
        if drafts.is_above_limits(rendered, draft, moment, conversation):
            return None
        translation = await self._typed.translate(rendered, language, conversation.shop)
        if translation.text is None or not translation.proven:
            return None
        if self._tone.check_reply(rendered, translation.text, language, conversation):
            return None
        return Proposal(
            id=key,
            reply_id="",
            kind=draft.kind,
            seller_text=rendered,
            buyer_text=translation.text,
            language=language,
            origin=Origin.MODEL,
            facts=moment.case.facts,
            why=WHY,
            checks=translation.checks,
            attempts=translation.attempts,
        )


def _before(conversation: Conversation, offered: tuple[ReplyRule, ...]) -> frozenset[str]:
    said = (each.seller_text or "" for each in conversation.history if each.direction is Direction.OUTGOING)
    return frozenset((*said, *(rule.zh for rule in offered)))


def _rendered(draft: Draft, moment: Moment) -> str:
    values = {name: spoken(value, SELLER_LANGUAGE) for name, value in drafts.used(draft, moment.facts).items()}
    return Formatter().vformat(draft.text, (), values)
