"""The list of what is stuck is sent when it changed, and its rows only to who looks at them."""

from __future__ import annotations

from adapters.desk.troubles import SHOWN, TroubleList
from adapters.troubles import Troubles
from dialogs.messages import DeliveryState
from tests.adapters.memory_desk import MemoryDesk


class CountingDesk(MemoryDesk):
    """Remembers how many rows it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    async def troubles(self, *, limit: int) -> Troubles:
        self.limits.append(limit)
        return await super().troubles(limit=limit)


async def test_counts_always_rows_while_the_list_is_open_and_nothing_twice() -> None:
    desk = CountingDesk()
    number = await desk.buyer("ana", "Hola")
    sent = await desk.seller(number, "一")
    shown = TroubleList(desk)
    assert await shown.message() == {"type": "troubles", "counts": {}, "rows": []}
    assert await shown.message() is None

    desk.talks[number].change(sent or 0, delivery=DeliveryState.FAILED, delivery_error="blocked")
    assert await shown.message() == {"type": "troubles", "counts": {"failed": 1}, "rows": []}
    assert desk.limits == [0, 0, 0]

    shown.show(is_open=True)
    message = await shown.message()
    assert message is not None
    assert [(row["kind"], row["error"]) for row in message["rows"]] == [("failed", "blocked")]
    assert desk.limits[-1] == SHOWN
    shown.show(is_open=False)
    assert await shown.message() == {"type": "troubles", "counts": {"failed": 1}, "rows": []}
