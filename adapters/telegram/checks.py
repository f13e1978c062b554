"""What is asked of Telegram to see whether an account is set up as it must be."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import Chat, ChatMemberAdministrator, ChatMemberOwner

from adapters.ports import AccountState, Finding
from adapters.telegram.api import Api
from adapters.telegram.business import Connection, Connections
from adapters.telegram.desk.place import Place
from adapters.telegram.errors import BAD_TOKEN
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import HeqiError


async def findings(
    settings: TelegramSettings, api: Api, state: AccountState, connections: Connections, *, webhook: str | None
) -> tuple[Finding, ...]:
    """Everything about the account, the token first: without it nothing else can be asked.

    Args:
        settings: of the account.
        api: an open one.
        state: of the account.
        connections: the business accounts.
        webhook: the address updates should come to, None with polling.
    """
    try:
        me = await api.call(None, lambda bot: bot.get_me())
    except HeqiError as error:
        return (_unreachable(error),)
    desk = await Place(settings, state, api).chat()
    found = [Finding(what=f"机器人 @{me.username} 可用 (the bot works)"), *await _receiving(api, webhook)]
    if desk is None and not me.can_join_groups:
        found.append(_cannot_join())
    if desk is not None:
        found += await _desk(api, desk)
    return (*found, *_business(await connections.all()))


def _unreachable(error: HeqiError) -> Finding:
    if str(error) == BAD_TOKEN:
        return Finding(
            what="Telegram 不接受令牌 (the token is refused)",
            fix="在 BotFather 用 /token 查看，填好后重启 (look it up with /token at BotFather, then restart)",
        )
    return Finding(
        what=f"连不上 Telegram：{error} (Telegram cannot be reached)",
        fix="检查网络；在中国大陆请用环境变量 HTTPS_PROXY 设置代理 (check the network; a proxy goes into HTTPS_PROXY)",
    )


async def _receiving(api: Api, webhook: str | None) -> list[Finding]:
    try:
        info = await api.call(None, lambda bot: bot.get_webhook_info())
    except HeqiError as error:
        return [_unreachable(error)]
    waiting = f"积压 {info.pending_update_count} 条 ({info.pending_update_count} waiting)"
    if webhook is None and info.url:
        return [
            Finding(
                what=f"令牌上还设有 Webhook，{waiting} (a webhook is set)",
                fix="heqi serve 启动时会取消它；如果另一个程序在用，请换一个机器人 "
                "(heqi serve removes it; if another program uses it, take a bot of its own)",
            )
        ]
    if webhook is None:
        return [Finding(what=f"用长轮询接收，{waiting} (receiving by long polling)")]
    if info.url != webhook:
        return [
            Finding(
                what="Webhook 尚未设置 (the webhook is not set)",
                fix="启动 heqi serve 后会自动设置 (heqi serve sets it)",
            )
        ]
    if info.last_error_message:
        return [
            Finding(
                what=f"Telegram 上次投递失败：{info.last_error_message}，{waiting} (the last delivery failed)",
                fix="检查 server.public_url、证书和反向代理 (check server.public_url, the certificate and the proxy)",
            )
        ]
    return [Finding(what=f"Webhook 已设置，{waiting} (the webhook is set)")]


def _cannot_join() -> Finding:
    return Finding(
        what="机器人不能被拉进群 (the bot cannot join groups)",
        fix="要在群里处理对话，请在 BotFather 用 /setjoingroups 打开 (to work in a group, enable /setjoingroups)",
    )


async def _desk(api: Api, desk: int) -> list[Finding]:
    try:
        chat = await api.call(None, lambda bot: bot.get_chat(desk))
        if chat.type == Chat.PRIVATE:
            return [Finding(what="在与机器人的私聊中处理对话 (the desk is a private chat)")]
        member = await api.call(None, lambda bot: bot.get_chat_member(desk, api.me.id))
    except HeqiError as error:
        return [
            Finding(
                what=f"找不到工作群：{error} (the desk group cannot be seen)",
                fix="把机器人拉进群，或在群里重新发送 /desk 令牌 (add the bot, or connect with /desk anew)",
            )
        ]
    found = []
    if not chat.is_forum:
        found.append(
            Finding(
                what="工作群没有开启话题 (the desk group has no topics)",
                fix="群设置 → 话题 → 开启 (group settings, Topics, on)",
            )
        )
    if not isinstance(member, ChatMemberOwner | ChatMemberAdministrator):
        found.append(
            Finding(
                what="机器人不是工作群的管理员 (the bot is no administrator of the desk group)",
                fix="设为管理员并勾选“管理话题” (make it one, with the right to manage topics)",
            )
        )
    elif isinstance(member, ChatMemberAdministrator) and not member.can_manage_topics:
        found.append(
            Finding(
                what="机器人不能管理话题 (the bot may not manage topics)",
                fix="在管理员权限中勾选“管理话题” (give it the right to manage topics)",
            )
        )
    return found or [Finding(what="工作群可用 (the desk group works)")]


def _business(connections: Sequence[Connection]) -> list[Finding]:
    found = []
    connected = [known for known in connections if known.enabled]
    if connected:
        found.append(Finding(what=f"已连接 {len(connected)} 个商业账号 (business accounts are connected)"))
    if not all(known.can_reply for known in connected):
        found.append(
            Finding(
                what="有商业账号不允许机器人回复 (a business account does not let the bot answer)",
                fix="Telegram 设置 → 商业版 → 聊天机器人 → 允许回复 (Settings, Telegram Business, Chatbots, Reply)",
            )
        )
    return found
