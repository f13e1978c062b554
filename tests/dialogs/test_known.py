"""Which facts a reply may name for this buyer, and where a parcel can be followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.carriers import FILE, Carriers
from dialogs.errors import BadData
from dialogs.known import buyer_name, known_facts
from dialogs.messages import Case, Contact, Facts, Shop

CARRIERS = Carriers.load()
SHOP = Shop(id="s", name="阳光小店", extend_days=120)


def facts(case: Case, contact: Contact | None = None) -> dict[str, object]:
    return known_facts(case, SHOP, contact or Contact(1), CARRIERS)


@pytest.mark.parametrize("name", ["Ana", "Ana María", "O’Brien", "محمد علي", "Николай Ю.", "张伟", "แพร"])
def test_a_buyer_is_called_as_they_write_their_name(name: str) -> None:
    assert buyer_name(Contact(1, f"  {name} ")) == name


@pytest.mark.parametrize(
    "name", ["", "A", "✨Ana✨", "ana_93", "user4711", "+34 600 000 000", "x" * 41, "@ana", "http://x"]
)
def test_a_nickname_a_number_and_a_link_are_no_name(name: str) -> None:
    assert buyer_name(Contact(1, name)) is None


@given(st.text(max_size=60))
def test_no_name_breaks_a_sentence(name: str) -> None:
    called = buyer_name(Contact(1, name))
    assert called is None or (called == called.strip() and not any(sign in called for sign in "{}<>@/\n0123456789"))


@pytest.mark.parametrize(
    ("number", "phone", "name", "known"),
    [
        ("1Z999AA10123456784", "", "UPS", True),
        ("LP00123456789012", "34600000000", "Cainiao", True),
        ("RA123456785CN", "5511999999999", "Correios", True),
        ("RA123456785CN", "+79161234567", "Почта России", True),
        ("RA123456785CN", "", "17TRACK", False),
        ("RA123456785CN", "1212000000", "17TRACK", False),
        ("81234567", "5511999999999", "17TRACK", False),
    ],
)
def test_the_carrier_is_told_by_the_number_and_a_post_by_the_buyers_country(number, phone, name, known) -> None:
    carrier = CARRIERS.of(number, phone)
    assert (carrier.name, carrier.known) == (name, known)
    assert carrier.link(number).startswith("https://")
    assert carrier.link(number).endswith(number)


def test_a_number_gives_carrier_and_page_and_without_one_neither_is_known() -> None:
    sent = facts(Case(facts=Facts(tracking=("RA123456785CN",))), Contact(1, "Ana", {"phone": "5511999999999"}))
    assert sent["carrier"] == "Correios"
    assert "RA123456785CN" in str(sent["link"])
    assert not {"carrier", "link", "tracking"} & facts(Case()).keys()
    assert "carrier" not in facts(Case(facts=Facts(tracking=("81234567",))))


def test_chinese_names_stay_with_those_who_read_chinese() -> None:
    abroad, home = facts(Case(language="es", facts=Facts(product="台灯"))), facts(Case(language="zh"))
    assert not {"shop", "product"} & abroad.keys()
    assert home["shop"] == "阳光小店"
    assert facts(Case(language="es", facts=Facts(product="Lamp X")))["product"] == "Lamp X"
    assert abroad["extension"] == 120


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "UPS"', 'name = ""', "name '' must be"),
        ("https://www.ups.com/track?tracknum={number}", "http://www.ups.com/{number}", "must be an https address"),
        ("tracknum={number}", "tracknum=", "with {number} in it once"),
        ("'1Z[0-9A-Z]{16}'", "'1Z[0-9A-Z'", "must be a regular expression"),
        ('calling = ["55"]', 'calling = ["+55"]', "must be a list of calling codes"),
        ("[everywhere]", "[everyone]", "name 'None' must be"),
    ],
)
def test_a_broken_table_of_carriers_is_refused_with_what_is_right(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "carriers.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadData, match=r"carriers\.toml") as caught:
        Carriers.load(tmp_path / "carriers.toml")
    assert said in str(caught.value)
