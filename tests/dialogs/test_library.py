"""The seller looks for words themselves: what is shown, and that it leaves in a person's words."""

from __future__ import annotations

from dataclasses import replace

from dialogs.library import LibraryReply
from dialogs.messages import Case, Contact, Facts, Manner, Origin, RefusalCode
from dialogs.playbooks import Playbooks
from tests.dialogs.talk import SHOP, Talk
from tests.dialogs.test_manager import manager

BOOKS = Playbooks.load()


def talk(case: Case) -> Talk:
    started = Talk(manager())
    started.conversation = replace(started.conversation, case=case, contact=Contact(1, "Ana"))
    return started


def shown(started: Talk) -> dict[str, LibraryReply]:
    return {each.id: each for each in manager().library(started.conversation)}


def test_replies_are_filled_with_what_is_known_and_name_what_is_not() -> None:
    known = shown(talk(Case(situation="in_transit", language="es", facts=Facts(tracking=("RA123456785CN",)))))
    assert next(iter(known)).startswith("in_transit.")
    filled, waiting = known["in_transit.tracking_in_view"], known["in_transit.waited_days"]
    assert "RA123456785CN" in filled.seller_text
    assert filled.missing == ()
    assert "〔天数〕" in waiting.seller_text
    assert waiting.missing == ("days",)
    assert filled.written


async def test_a_filled_reply_leaves_in_the_words_a_person_wrote() -> None:
    started = talk(Case(situation="in_transit", language="es", facts=Facts(tracking=("RA123456785CN",))))
    text = shown(started)["in_transit.tracking_in_view"].seller_text
    sent = (await started.type(text)).reply
    assert sent is not None
    assert (sent.origin, sent.reply_id) == (Origin.WRITTEN, "in_transit.tracking_in_view")
    assert "RA123456785CN" in (sent.buyer_text or "")
    assert started.conversation.case.said == ("in_transit.tracking_in_view",)


async def test_a_place_that_stands_open_does_not_leave() -> None:
    started = talk(Case(situation="in_transit", language="es"))
    refused = (await started.type(shown(started)["in_transit.tracking_in_view"].seller_text)).refusal
    assert refused is not None
    assert (refused.code, refused.detail) == (RefusalCode.UNFILLED, "〔运单号〕")


def test_extortion_and_the_shops_limits_and_manner_leave_out_what_must_not_be_said() -> None:
    started = talk(Case(situation="quality", language="en", flags=("extortion",)))
    assert not [each for each in shown(started).values() if each.kind in {"remedy", "apology"}]
    careful = replace(SHOP, remedies=frozenset({"information"}), manner=Manner.FORMAL)
    started = talk(Case(situation="quality", language="en"))
    started.conversation = replace(started.conversation, shop=careful)
    remedies = {BOOKS.replies[name].remedy for name in shown(started)} - {None}
    assert remedies == {"information"}
