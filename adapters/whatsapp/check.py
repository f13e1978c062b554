"""What can be asked of Meta about an account: number, business account, webhook, rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from adapters.ports import Finding
from adapters.whatsapp.client import Graph
from adapters.whatsapp.content import Json, object_of, part_of, parts_of, text_of
from adapters.whatsapp.reasons import explain
from dialogs.errors import Refused, TryLater

_UNREACHABLE: Final = Finding(
    what="没有公网地址，Meta 无法送来消息 (no public address: Meta cannot deliver messages)",
    fix="把 server.public_url 设为可从公网访问的 https 地址 "
    "(set server.public_url to an https address that can be reached from outside)",
)
_NEEDED: Final = ("whatsapp_business_messaging", "whatsapp_business_management")


async def check_account(graph: Graph, *, phone_id: str, business_id: str, address: str | None) -> tuple[Finding, ...]:
    """How the account stands; ``address`` is where Meta must send its webhooks, None when it cannot reach us."""
    asked: list[tuple[str, str, dict[str, str], Callable[[Json], Finding]]] = [
        (
            "号码 phone_id (phone number)",
            phone_id,
            {"fields": "display_phone_number,verified_name,quality_rating,platform_type"},
            _number,
        ),
        ("业务账号 business_id (business account)", business_id, {"fields": "name"}, _business),
        ("权限 (permissions)", "me/permissions", {}, _permissions),
        ("Webhook 订阅 (webhook subscription)", f"{business_id}/subscribed_apps", {}, _subscription),
    ]
    if address is not None:
        fields = {"fields": "webhook_configuration"}
        asked.append(("回调网址 (callback URL)", phone_id, fields, partial(_callback, address)))
    findings = tuple([await _ask(what, graph.get(path, params), read) for what, path, params, read in asked])
    return findings if address is not None else (*findings, _UNREACHABLE)


async def _ask(what: str, call: Awaitable[object], read: Callable[[Json], Finding]) -> Finding:
    try:
        return read(object_of(await call))
    except (TryLater, Refused) as error:
        return Finding(what=f"{what}：查询失败，{error.reason}", fix=explain(error.reason))


def _number(told: Json) -> Finding:
    number, name = text_of(told, "display_phone_number"), text_of(told, "verified_name")
    quality, platform = text_of(told, "quality_rating"), text_of(told, "platform_type")
    what = f"号码 {number}（{name}），质量 {quality or 'UNKNOWN'} (phone number, quality)"
    if platform and platform != "CLOUD_API":
        return Finding(
            what=what,
            fix="此号码不在 Cloud API 上，请在 WhatsApp 管理工具中注册到 Cloud API "
            "(the number is not on the Cloud API; register it there)",
        )
    if quality == "RED":
        return Finding(
            what=what,
            fix="质量评级为低：减少被买家拉黑的消息，否则 Meta 会限制发送 "
            "(quality is low: send less of what buyers block, or Meta limits the number)",
        )
    return Finding(what=what)


def _business(told: Json) -> Finding:
    return Finding(what=f"业务账号 {text_of(told, 'name')} (business account)")


def _permissions(told: Json) -> Finding:
    granted = {text_of(row, "permission") for row in parts_of(told, "data") if text_of(row, "status") == "granted"}
    missing = [one for one in _NEEDED if one not in granted]
    if missing:
        return Finding(
            what=f"令牌缺少权限 {', '.join(missing)} (the token lacks permissions)",
            fix="用系统用户重新生成令牌，并勾选缺少的权限 "
            "(generate a new system user token with the missing permissions)",
        )
    return Finding(what="令牌权限齐全 (the token has all permissions)")


def _subscription(told: Json) -> Finding:
    if not parts_of(told, "data"):
        return Finding(
            what="没有应用订阅此业务账号 (no app is subscribed to the business account)",
            fix="按 docs/whatsapp.md 的“订阅”一步把应用订阅到业务账号，否则收不到消息 "
            "(subscribe the app as docs/whatsapp.md tells, or no message arrives)",
        )
    return Finding(what="应用已订阅此业务账号 (the app is subscribed to the business account)")


def _callback(address: str, told: Json) -> Finding:
    """Whether Meta calls us: the number's own address wins over the business account's and the app's."""
    configured = part_of(told, "webhook_configuration")
    levels = ("phone_number", "whatsapp_business_account", "application")
    called = next(filter(None, (text_of(configured, level) for level in levels)), "")
    if called.rstrip("/") == address:
        return Finding(what=f"回调网址 {address} (callback URL)")
    return Finding(
        what=f"Meta 的回调网址是 {called or '空'}，应为 {address} (Meta calls another address)",
        fix="在应用的 WhatsApp 配置页填写此回调网址并订阅 messages 字段；一个应用有多个号码时见 docs/whatsapp.md "
        "(enter this callback URL in the app's WhatsApp configuration and subscribe to messages; "
        "for several numbers in one app see docs/whatsapp.md)",
    )
