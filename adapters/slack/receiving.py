"""Bolt's listeners. They store and return: Slack is answered after that, within its three seconds.

Only payloads reduced by ``taming`` get here: Bolt trusts the shape of what it is given.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from adapters.slack import texts, threads
from adapters.slack.actions import Actions, Press, Submission, ThreadReply
from adapters.slack.api import QUIET, SlackApi
from adapters.slack.values import WINDOW

Json = dict[str, Any]

log = structlog.stdlib.get_logger(__name__)


def bolt_app(api: SlackApi, actions: Actions) -> AsyncApp:
    """Bolt with our listeners; an error in one of them is answered with 500, so Slack sends again."""

    async def authorize() -> AuthorizeResult:
        # One workspace, one token: nothing to look up, so nothing is lost while Slack's API is down.
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=api.client.token)

    app = AsyncApp(
        name="heqi",
        logger=QUIET,
        client=api.client,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # done at the door, over the bytes as they came
        ignoring_self_events_enabled=False,  # done by taming: no bot writes a note
        ssl_check_enabled=False,
    )

    async def on_message(body: Json) -> None:
        event = body["event"]
        await actions.replied(
            ThreadReply(
                event_id=body["event_id"],
                channel=event["channel"],
                thread=event["thread_ts"],
                ts=event["ts"],
                user=event["user"],
                text=event["text"],
                emoji=event["emoji"],
                files=event["files"],
            )
        )

    async def on_press(ack: AsyncAck, body: Json) -> BoltResponse:
        pressed, user = body["actions"][0], body["user"]["id"]
        await actions.pressed(
            Press(
                action=pressed["action_id"],
                value=pressed["value"],
                key=f"{pressed['action_ts']}:{user}:{pressed['action_id']}",
                user=user,
                channel=body["channel"]["id"],
                thread=body["message"]["thread_ts"],
                trigger=body["trigger_id"],
            )
        )
        return await ack()

    async def on_submission(ack: AsyncAck, body: Json) -> BoltResponse:
        if await actions.submitted(Submission(view=body["view"]["id"], user=body["user"]["id"])):
            return await ack()
        return await ack(response_action="update", view=threads.unsendable(texts.EXPIRED))

    async def on_dismissal(ack: AsyncAck, body: Json) -> BoltResponse:
        await actions.dismissed(body["view"]["id"])
        return await ack()

    async def on_error(error: Exception) -> BoltResponse:
        log.error("slack_listener_failed", exc_info=error)
        return BoltResponse(status=500)

    app.event("message")(on_message)
    app.action(re.compile("heqi_"))(on_press)
    app.view_submission(WINDOW)(on_submission)
    app.view_closed(WINDOW)(on_dismissal)
    app.error(on_error)
    return app
