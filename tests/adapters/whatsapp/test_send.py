"""What leaves for Meta, and what each way of going wrong means."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from adapters.ports import Outgoing
from adapters.whatsapp import client
from adapters.whatsapp.channel import WhatsApp
from adapters.whatsapp.errors import ACCOUNT_WIDE, Purpose, failure
from adapters.whatsapp.parse import hear
from adapters.whatsapp.payload import words
from adapters.whatsapp.reasons import REASONS, explain
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater, Unreachable, WindowClosed
from dialogs.events import Event, Receipt
from dialogs.messages import TemplateUse
from tests.adapters.around import NOW, SHOP, Around
from tests.adapters.whatsapp.conftest import Line, fixture, settings_for
from tests.servers.meta import PHONE_ID, TOKEN, Fault

ANA = "5215550001111"
HEAD: Mapping[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": ANA}


def outgoing(text: str = "Hola Ana", **more: Any) -> Outgoing:
    return Outgoing(**({"key": "delivery-1", "account": "wa-main", "chat": ANA, "text": text} | more))


# ---- shapes ----------------------------------------------------------------------------------------------------------


async def test_a_text_leaves_with_the_token_and_returns_the_wamid(line: Line) -> None:
    assert await line.channel.send(outgoing()) == "wamid.out.1"
    assert line.meta.sent == [{**HEAD, "type": "text", "text": {"body": "Hola Ana", "preview_url": False}}]
    method, path, query, headers = line.meta.asked[0]
    assert (method, path, query) == ("POST", f"/v23.0/{PHONE_ID}/messages", {})
    assert headers["Authorization"] == f"Bearer {TOKEN}"


async def test_a_bsuid_is_never_sent_as_a_number(line: Line) -> None:
    await line.channel.send(outgoing(chat="MX.1402233445566778"))
    assert line.meta.sent[0]["recipient"] == "MX.1402233445566778"
    assert "to" not in line.meta.sent[0]


async def test_an_answer_points_at_its_message(line: Line) -> None:
    await line.channel.send(outgoing(reply_to="wamid.in.text"))
    assert line.meta.sent[0]["context"] == {"message_id": "wamid.in.text"}


async def test_up_to_three_buttons_are_buttons(line: Line) -> None:
    await line.channel.send(outgoing(buttons=("Sí", "No", "No sé")))
    assert line.meta.sent[0]["interactive"] == {
        "type": "button",
        "body": {"text": "Hola Ana"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "1", "title": "Sí"}},
                {"type": "reply", "reply": {"id": "2", "title": "No"}},
                {"type": "reply", "reply": {"id": "3", "title": "No sé"}},
            ]
        },
    }


async def test_more_buttons_are_a_list(line: Line) -> None:
    await line.channel.send(outgoing(buttons=tuple(f"Opción {n}" for n in range(1, 5))))
    interactive = line.meta.sent[0]["interactive"]
    assert interactive["type"] == "list"
    (section,) = interactive["action"]["sections"]
    assert [row["title"] for row in section["rows"]] == ["Opción 1", "Opción 2", "Opción 3", "Opción 4"]
    assert 1 <= len(interactive["action"]["button"]) <= 20


async def test_a_text_too_long_for_buttons_takes_a_list(line: Line) -> None:
    await line.channel.send(outgoing("x" * 1024, buttons=("Sí",)))
    await line.channel.send(outgoing("x" * 1025, buttons=("Sí",)))
    assert [sent["interactive"]["type"] for sent in line.meta.sent] == ["button", "list"]


@given(st.lists(st.text(max_size=40), max_size=14), st.text(min_size=1).filter(str.strip))
def test_titles_keep_the_limits_of_the_platform(titles: list[str], text: str) -> None:
    payload = words(outgoing(text, buttons=tuple(titles)))
    if payload["type"] == "text":
        assert not any(title.strip() for title in titles)
        return
    interactive = payload["interactive"]
    if interactive["type"] == "button":
        shown, limit, most = [one["reply"]["title"] for one in interactive["action"]["buttons"]], 20, 3
    else:
        shown, limit, most = [row["title"] for row in interactive["action"]["sections"][0]["rows"]], 24, 10
    assert 1 <= len(shown) <= most
    assert all(title.strip() and len(title.encode("utf-16-le", "surrogatepass")) // 2 <= limit for title in shown)


async def test_a_template_leaves_with_its_values(line: Line) -> None:
    use = TemplateUse(name="order_update", language="es_MX", values=("Ana", "8201954417"), text="Hola Ana…")
    await line.channel.send(outgoing("Hola Ana…", template=use))
    assert line.meta.sent[0]["type"] == "template"
    assert line.meta.sent[0]["template"] == {
        "name": "order_update",
        "language": {"code": "es_MX"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "8201954417"}],
            }
        ],
    }
    await line.channel.send(outgoing("Hola", template=TemplateUse(name="hello", language="es")))
    assert line.meta.sent[1]["template"] == {"name": "hello", "language": {"code": "es"}}


async def test_nothing_is_not_sent(line: Line) -> None:
    with pytest.raises(Refused, match="empty"):
        await line.channel.send(outgoing(" \n"))
    assert line.meta.asked == []


# ---- errors ----------------------------------------------------------------------------------------------------------

CODES: list[tuple[int, int | None, type[HeqiError], str, float | None]] = [
    (401, 190, TryLater, "bad_token", 300),
    (401, 0, TryLater, "bad_token", 300),
    (401, None, TryLater, "bad_token", 300),
    (403, 10, TryLater, "no_permission", 300),
    (403, 200, TryLater, "no_permission", 300),
    (403, 299, TryLater, "no_permission", 300),
    (403, None, TryLater, "no_permission", 300),
    (400, 4, TryLater, "rate_limited", 60),
    (400, 80007, TryLater, "rate_limited", 60),
    (400, 130429, TryLater, "rate_limited", 5),
    (400, 131056, TryLater, "pair_rate", 6),
    (500, 131057, TryLater, "maintenance", 300),
    (500, 131000, TryLater, "server_error", 10),
    (429, None, TryLater, "rate_limited", 60),
    (302, None, TryLater, "redirected", None),
    (400, 131047, WindowClosed, "window_closed", None),
    (400, 470, WindowClosed, "window_closed", None),
    (400, 131026, Unreachable, "unreachable", None),
    (400, 131050, Refused, "opted_out", None),
    (400, 131049, Refused, "policy", None),
    (400, 131048, Refused, "spam_limited", None),
    (400, 131051, Refused, "message_type", None),
    (400, 131052, Refused, "media_download", None),
    (400, 131053, Refused, "media_type", None),
    (400, 131042, Refused, "payment", None),
    (403, 368, Refused, "account_restricted", None),
    (400, 132000, Refused, "template_variables", None),
    (404, 132001, Refused, "template_missing", None),
    (400, 132015, Refused, "template_paused", None),
    (400, 132999, Refused, "template_refused", None),
    (400, 131062, Refused, "needs_phone", None),
    (400, 100, Refused, "bad_request", None),
    (400, 999_999, Refused, "refused", None),
    (404, None, Refused, "refused", None),
    (413, None, Refused, "too_big", None),
    (503, 131016, Ambiguous, "server_error", None),
    (503, 2, Ambiguous, "server_error", None),
    (500, None, Ambiguous, "server_error", None),
    (502, None, Ambiguous, "server_error", None),
    (408, None, Ambiguous, "server_error", None),
]


@pytest.mark.parametrize(("status", "code", "kind", "reason", "after"), CODES)
async def test_every_code_means_what_the_outbox_can_do(
    line: Line, status: int, code: int | None, kind: type[HeqiError], reason: str, after: float | None
) -> None:
    line.meta.faults.append(Fault(status=status, code=code))
    with pytest.raises(HeqiError) as raised:
        await line.channel.send(outgoing())
    assert type(raised.value) is kind
    assert raised.value.reason == reason  # type: ignore[attr-defined]
    assert getattr(raised.value, "after", None) == after
    assert line.meta.sent == []
    assert bool(line.channel.problems()) == (reason in ACCOUNT_WIDE)


@pytest.mark.parametrize(("code", "after"), [(None, 17), (130429, 17), (131056, 17)])
async def test_the_seconds_meta_asks_for_are_kept(line: Line, code: int | None, after: float) -> None:
    line.meta.faults.append(Fault(status=429, code=code, headers={"Retry-After": "17"}))
    with pytest.raises(TryLater) as raised:
        await line.channel.send(outgoing())
    assert raised.value.after == after


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_nonsense_wait_is_none(line: Line, nonsense: str) -> None:
    line.meta.faults.append(Fault(status=429, headers={"Retry-After": nonsense}))
    with pytest.raises(TryLater) as raised:
        await line.channel.send(outgoing())
    assert raised.value.after == 60


async def test_a_wait_is_at_most_an_hour(line: Line) -> None:
    line.meta.faults.append(Fault(status=429, headers={"Retry-After": "999999"}))
    with pytest.raises(TryLater) as raised:
        await line.channel.send(outgoing())
    assert raised.value.after == 3600


@pytest.mark.parametrize("kind", ["drop", "half_closed", "not_json", "no_id"])
async def test_an_answer_that_never_came_whole_is_ambiguous(line: Line, kind: str) -> None:
    await line.channel.send(outgoing())  # a connection that is used again tempts clients to repeat
    line.meta.faults.append(Fault(kind))
    with pytest.raises(Ambiguous):
        await line.channel.send(outgoing())
    assert len(line.meta.asked) == 2


async def test_a_redirect_is_not_followed(line: Line) -> None:
    line.meta.faults.append(Fault("redirect"))
    with pytest.raises(TryLater, match="redirected"):
        await line.channel.send(outgoing())


async def test_silence_after_the_request_is_ambiguous(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CALL_SECONDS", 0.2)
    line.meta.faults.append(Fault("hang"))
    with pytest.raises(Ambiguous, match="timeout"):
        await line.channel.send(outgoing())


async def test_no_connection_means_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else takes the port
        around = Around()
        settings = settings_for(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        channel = WhatsApp(settings, SHOP, around.surroundings)
        await channel.start()
        with pytest.raises(TryLater, match="no_connection") as raised:
            await channel.send(outgoing())
        assert raised.value.__suppress_context__
        assert channel.problems() == {"meta": explain("no_connection")}
        await channel.stop()


async def test_a_channel_that_is_not_started_sends_later(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = WhatsApp(settings_for(monkeypatch, "http://127.0.0.1:9"), SHOP, Around().surroundings)
    with pytest.raises(TryLater, match="not_started"):
        await channel.send(outgoing())
    await channel.stop()


async def test_a_stopped_channel_sends_later(line: Line) -> None:
    await line.channel.stop()
    with pytest.raises(TryLater, match="not_started"):
        await line.channel.send(outgoing())


async def test_a_problem_is_gone_with_the_next_message_that_leaves(line: Line) -> None:
    assert line.channel.problems() == {}
    line.meta.faults.append(Fault(status=401, code=190))
    with pytest.raises(TryLater):
        await line.channel.send(outgoing())
    assert line.channel.problems() == {"meta": explain("bad_token")}
    await line.channel.send(outgoing())
    assert line.channel.problems() == {}


async def test_one_buyer_s_trouble_is_not_the_account_s(line: Line) -> None:
    line.meta.faults.append(Fault(status=400, code=131026))
    with pytest.raises(Unreachable):
        await line.channel.send(outgoing())
    assert line.channel.problems() == {}


async def test_chats_do_not_wait_for_each_other(line: Line) -> None:
    line.meta.faults.append(Fault("hang"))
    stuck = asyncio.create_task(line.channel.send(outgoing(chat="1")))
    await line.meta.hanging.wait()
    assert await line.channel.send(outgoing(chat="2")) == "wamid.out.1"
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)


# ---- what must never be told -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault(status=401, code=190), Fault(status=500), Fault("drop"), Fault("redirect")])
async def test_neither_token_nor_words_reach_a_log_or_an_exception(line: Line, fault: Fault) -> None:
    line.meta.faults.append(fault)
    with structlog.testing.capture_logs() as logs, pytest.raises(HeqiError) as raised:
        await line.channel.send(outgoing("secreto de Ana"))
    for text in (repr(logs), repr(raised.value), repr(raised.value.__cause__), str(line.channel.problems())):
        assert TOKEN not in text
        assert "secreto" not in text
        assert ANA not in text
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


# ---- reasons ---------------------------------------------------------------------------------------------------------


def every_reason() -> set[str]:
    told = {failure(code=code, status=status).reason for code in range(1000) for status in (0, 500)}
    told |= {failure(code=code).reason for code in [*range(130_000, 140_000), 80007]}
    told |= {failure(status=status, purpose=purpose).reason for status in range(300, 600) for purpose in Purpose}
    return told | ACCOUNT_WIDE


def test_every_reason_is_explained_in_chinese() -> None:
    known = every_reason() | {"not_started", "empty", "media_type", "too_big", "caption", "caption_too_long", "gone"}
    known |= {"foreign_host", "malformed_answer", "timeout", "connection_lost", "no_connection"}
    assert known - REASONS.keys() == set()
    assert REASONS.keys() - known == set()
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in REASONS.values())


def test_reasons_are_one_word_each() -> None:
    assert all(reason.replace("_", "").isalpha() and reason == reason.lower() for reason in every_reason())


@pytest.mark.parametrize(
    ("code", "reason"),
    [(131047, "window_closed"), (131026, "unreachable"), (131056, "pair_rate"), (131049, "policy"), (7, "refused")]
    + [(code, "refused") for code in ("131047", None, True, 10**40, [], {})],
)
def test_a_failed_status_tells_the_same_reason_as_a_failed_call(code: object, reason: str) -> None:
    body = fixture("status_failed")
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0]["code"] = code
    (event,) = hear(body, account="wa-main", phone_id=PHONE_ID, now=NOW)
    assert isinstance(event, Event)
    assert isinstance(event.body, Receipt)
    assert event.body.error == reason
