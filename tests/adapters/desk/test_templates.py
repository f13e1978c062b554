"""Templates leave as the platform has them, filled with what the seller gave."""

from __future__ import annotations

from adapters.desk.templates import Templates, filled
from dialogs.messages import TemplateUse
from tests.adapters.memory_desk import MemoryDesk

HOLA = "Hola, mi pedido no ha llegado."


async def whatsapp() -> tuple[MemoryDesk, int]:
    memory = MemoryDesk()
    number = await memory.buyer("ana", HOLA)
    memory.on_whatsapp(number)
    return memory, number


async def test_a_template_is_filled_with_its_values() -> None:
    memory, number = await whatsapp()
    used = await Templates(memory).use(number, "order_update", "es", ("Ana", "8201"))
    assert used == TemplateUse(
        name="order_update",
        language="es",
        values=("Ana", "8201"),
        text="Hola Ana, hay novedades sobre su pedido 8201. Responda a este mensaje y le contamos.",
    )


async def test_only_what_the_platform_approved_with_as_many_values_leaves() -> None:
    memory, number = await whatsapp()
    templates = Templates(memory)
    assert await templates.use(number, "order_update", "es", ("Ana",)) is None
    assert await templates.use(number, "order_update", "fr", ("Ana", "8201")) is None
    assert await templates.use(number, "win_money", "es", ()) is None


async def test_a_page_that_has_seen_the_list_does_not_ask_for_it_again() -> None:
    memory, number = await whatsapp()
    templates = Templates(memory)
    await templates.listed(number)
    await templates.use(number, "still_there", "es", ())
    assert memory.listings == 1
    await Templates(memory).use(number, "still_there", "es", ())
    assert memory.listings == 2


def test_values_cannot_open_further_places() -> None:
    assert filled("{{1}} {{ 2 }} {{3}} {{0}} {{x}}", ("{{2}}", "b")) == "{{2}} b {{3}} {{0}} {{x}}"
