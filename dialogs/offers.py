"""Offers: the proposals of a turn, chosen, in both languages, with a language model's draft beside them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from dialogs import proposals
from dialogs.carriers import Carriers
from dialogs.drafting import Drafting
from dialogs.known import known_facts
from dialogs.messages import SELLER_LANGUAGE, Case, Conversation, Message, Origin, Proposal, Reading, Shop
from dialogs.moment import Moment
from dialogs.playbooks import ReplyRule
from dialogs.ports import Writes
from dialogs.shelf import Shelves
from dialogs.typed import Typed


class Offers:
    """Makes proposals."""

    def __init__(self, shelves: Shelves, typed: Typed, carriers: Carriers, drafting: Drafting) -> None:
        self._shelves = shelves
        self._typed = typed
        self._carriers = carriers
        self._drafting = drafting

    async def to(
        self,
        message: Message | None,
        chinese: str | None,
        *,
        case: Case,
        reading: Reading,
        conversation: Conversation,
        key: str,
    ) -> tuple[Proposal, ...]:
        """What is offered at this moment; a model is asked where there is a ``message`` to answer."""
        language = conversation.language_override or case.language
        moment = Moment(
            case=replace(case, language=language),
            reading=reading,
            shop=conversation.shop,
            facts=known_facts(case, conversation.shop, conversation.contact, self._carriers),
            picks=conversation.picks,
        )
        shelf = self._shelves.of(conversation.shop)
        rules = proposals.choose(shelf.playbooks, moment)
        written = [_draft(f"{key}-{number}", rule, moment, shelf.replies) for number, rule in enumerate(rules, 1)]
        if language is None:
            return tuple(written)
        completed = asyncio.gather(*(self._complete(proposal, language, conversation.shop) for proposal in written))
        if message is None:
            return tuple(await completed)
        asked = self._drafting.proposal(
            message,
            chinese,
            conversation,
            moment,
            key=f"{key}-{len(rules) + 1}",
            playbooks=shelf.playbooks,
            offered=rules,
        )
        whole, drafted = await asyncio.gather(completed, asked)
        return (*whole, drafted) if drafted is not None else tuple(whole)

    async def _complete(self, proposal: Proposal, language: str, shop: Shop) -> Proposal:
        """The proposal with an engine's wording where nobody has written one."""
        if proposal.buyer_text is not None:
            return proposal
        translation = await self._typed.translate(proposal.seller_text, language, shop)
        # An offered text must be right as it stands: what could not be proven is not offered, the reason is.
        return replace(
            proposal,
            buyer_text=translation.text if translation.proven else None,
            origin=Origin.MACHINE,
            checks=translation.checks,
            attempts=translation.attempts,
        )


def _draft(key: str, rule: ReplyRule, moment: Moment, replies: Writes) -> Proposal:
    """The proposal in Chinese, and in the buyer's language where a person has written it."""
    language = moment.case.language
    used = {name: moment.facts[name] for name in rule.placeholders}
    written = language is not None and language in replies.written(rule.id)
    return Proposal(
        id=key,
        reply_id=rule.id,
        kind=rule.kind,
        seller_text=replies.render(rule.id, SELLER_LANGUAGE, used),
        buyer_text=replies.render(rule.id, language, used) if written and language else None,
        language=language,
        origin=Origin.WRITTEN,
        facts=moment.case.facts,
        why=rule.why,
        grounds=moment.grounds(rule),
    )
