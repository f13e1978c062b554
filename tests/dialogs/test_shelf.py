"""A shop's own replies: over the common ones, beside them, and refused where they are wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.data_checks import skeleton
from bot.knowledge import LOCALES
from dialogs.carriers import Carriers
from dialogs.errors import BadData
from dialogs.manager import DialogManager
from dialogs.messages import Origin
from dialogs.playbooks import Playbooks
from dialogs.replies import Replies
from dialogs.shelf import Shelf, own_shelf
from dialogs.tone import ToneGuard
from tests.dialogs.talk import SHOP, Talk
from tests.dialogs.test_manager import DETECTOR, READER, Scripted

BOOKS = Playbooks.load()
REPLIES = Replies.load(LOCALES, BOOKS.replies)
SORRY = "in_transit.sorry_slow"
OWN = """situation = "in_transit"
title = "催件"

[[reply]]
id = "in_transit.gift"
kind = "remedy"
remedy = "gift"
weight = 90
zh = "我们店会随下一单寄上一份小心意。"
why = "本店的小礼物"

[[reply]]
id = "in_transit.sorry_slow"
kind = "apology"
weight = 90
zh = "让您久等，小店深感抱歉。"
why = "本店的道歉"
"""


def folder_with(tmp_path: Path, playbook: str = "", texts: dict[str, str] | None = None) -> Path:
    (tmp_path / "playbooks").mkdir()
    if playbook:
        (tmp_path / "playbooks" / "in_transit.toml").write_text(playbook, encoding="utf-8")
    if texts:
        rules = BOOKS.extended(tmp_path / "playbooks").replies
        skeleton.update("es", [rules[name] for name in texts], tmp_path / "locales")
        path = tmp_path / "locales" / "es" / "LC_MESSAGES" / "replies.po"
        written = path.read_text(encoding="utf-8")
        for name, text in texts.items():
            before, _, after = written.partition(f'msgctxt "{name}"')
            written = before + f'msgctxt "{name}"' + after.replace('msgstr ""', f'msgstr "{text}"', 1)
        path.write_text(written.replace("#, fuzzy\n", ""), encoding="utf-8")
    return tmp_path


def talk(shelf: Shelf, shop: str = "sunny") -> Talk:
    manager = DialogManager(
        detector=DETECTOR,
        reader=READER,
        translator=Scripted(),
        playbooks=BOOKS,
        replies=REPLIES,
        carriers=Carriers.load(),
        tone=ToneGuard.load(LOCALES),
        own={"sunny": shelf},
    )
    started = Talk(manager)
    started.conversation = replace(started.conversation, shop=replace(SHOP, id=shop))
    return started


def test_own_replies_take_the_place_of_common_ones_or_stand_beside_them(tmp_path: Path) -> None:
    texts = {"in_transit.gift": "Un detalle con el próximo pedido.", SORRY: "Sentimos mucho la espera."}
    shelf = own_shelf(BOOKS, REPLIES, folder_with(tmp_path, OWN, texts))
    assert shelf.playbooks.titles()["in_transit"] == "催件"
    assert shelf.playbooks.replies[SORRY].zh == "让您久等，小店深感抱歉。"
    assert shelf.replies.render(SORRY, "es", {}) == "Sentimos mucho la espera."
    assert shelf.replies.written("in_transit.gift") == {"zh", "es"}
    assert shelf.replies.written(SORRY) == {"zh", "es"}  # the common texts say something else than the new Chinese
    common = BOOKS.replies.keys() - {SORRY}
    assert all(shelf.replies.written(name) == REPLIES.written(name) for name in common)
    assert BOOKS.replies[SORRY].zh != shelf.playbooks.replies[SORRY].zh


def test_a_text_for_buyers_alone_can_be_another(tmp_path: Path) -> None:
    shelf = own_shelf(BOOKS, REPLIES, folder_with(tmp_path, texts={SORRY: "Perdone la espera."}))
    assert shelf.replies.render(SORRY, "es", {}) == "Perdone la espera."
    assert shelf.replies.render(SORRY, "fr", {}) == REPLIES.render(SORRY, "fr", {})


async def test_the_shop_proposes_its_own_and_another_shop_does_not(tmp_path: Path) -> None:
    texts = {"in_transit.gift": "Un detalle con el próximo pedido.", SORRY: "Sentimos mucho la espera."}
    shelf = own_shelf(BOOKS, REPLIES, folder_with(tmp_path, OWN, texts))
    sunny, other = talk(shelf), talk(shelf, "other")
    for started in (sunny, other):
        await started.buyer("Hola, ¿dónde está mi paquete? Va muy lento.")
    assert [proposal.reply_id for proposal in sunny.proposals][1:] == [SORRY, "in_transit.gift"]
    assert sunny.proposals[1].buyer_text == "Sentimos mucho la espera."
    assert sunny.proposals[1].origin is Origin.WRITTEN
    assert "in_transit.gift" not in [proposal.reply_id for proposal in other.proposals]
    reply = (await sunny.type("我们店会随下一单寄上一份小心意。")).reply
    assert reply is not None
    assert (reply.reply_id, reply.buyer_text) == ("in_transit.gift", "Un detalle con el próximo pedido.")


@pytest.mark.parametrize(
    ("playbook", "texts", "said"),
    [
        (OWN.replace('gift"\nweight', 'moon"\nweight'), None, "remedy 'moon' must be one of"),
        (OWN.replace("in_transit.gift", "gift"), None, "must be 'in_transit.<name>'"),
        (OWN, {SORRY: "Sentimos {tracking}."}, "placeholders in msgstr"),
        (OWN, {SORRY: "很抱歉。"}, "is Chinese"),
        ("", None, "must hold playbooks"),
    ],
)
def test_what_is_wrong_in_the_folder_is_refused(tmp_path: Path, playbook: str, texts, said: str) -> None:
    with pytest.raises(BadData) as caught:
        own_shelf(BOOKS, REPLIES, folder_with(tmp_path, playbook, texts))
    assert said in str(caught.value)
