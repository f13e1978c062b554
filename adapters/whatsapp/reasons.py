"""What a seller can do about each reason of this channel, in Chinese; for ``check`` also in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, str]] = {
    # the account
    "bad_token": "访问令牌无效或已过期：在 Meta 商务管理平台用系统用户重新生成令牌，"
    "更新设置后重启；排队的消息会自动发出。",
    "no_permission": "令牌没有所需权限，或系统用户未分配到此号码：检查 whatsapp_business_messaging 和 "
    "whatsapp_business_management 权限与资产分配。",
    "no_number": "找不到这个号码：检查设置中的 phone_id，或号码是否已被删除。",
    "not_registered": "号码尚未注册到 Cloud API：在 WhatsApp 管理工具中完成注册。",
    "display_name": "号码的显示名称尚未通过审核：在 WhatsApp 管理工具中提交并等待审核。",
    "payment": "付款方式有问题：在 Meta 商务管理平台检查付款设置，处理后重新发送。",
    "account_restricted": "业务账号因违反政策被限制或停用：在 WhatsApp 管理工具查看原因并申诉。",
    "country_restricted": "此业务账号不能向该国家或地区的用户发消息。",
    "own_number": "收件人就是店铺自己的号码，无法发送。",
    "not_allowed_number": "测试号码只能发给事先登记的收件人：在应用的 API 设置页登记，或改用正式号码。",
    "maintenance": "业务账号正在维护，稍后会自动重试。",
    # limits
    "rate_limited": "发送过快，达到 Meta 的调用上限，稍后会自动重试。",
    "pair_rate": "短时间内给这位买家发得太多，几秒后会自动重试。",
    "spam_limited": "号码因被拉黑或举报过多而受限：在 WhatsApp 管理工具查看质量评级，暂缓群发。",
    "messaging_limit": "业务账号已达到消息发送上限：在 WhatsApp 管理工具查看限制原因。",
    # the buyer
    "window_closed": "距买家上次来信已超过 24 小时，只能发送已审核的模板消息。",
    "unreachable": "无法送达这位买家：对方可能没有 WhatsApp、版本过旧、未接受条款，"
    "或拉黑了本号码。请改用其他联系方式。",
    "opted_out": "买家已停止接收此账号的营销消息，请不要再发营销模板。",
    "policy": "Meta 为保护用户体验没有投递这条消息：至少等 24 小时再试，不要反复重发。",
    "experiment": "这位用户在 Meta 的实验组中，营销消息不会投递；等买家来信后再联系。",
    "needs_phone": "此类消息只能发给手机号，而这位买家没有公开号码：请改发普通消息。",
    # the message
    "empty": "消息没有内容。",
    "refused": "Meta 拒绝了这条消息，错误代码见日志。",
    "bad_request": "消息内容不符合 Meta 的要求：检查文字、按钮和收件人后重新发送。",
    "message_type": "买家或 Meta 不支持这种消息类型：请改发文字。",
    "media_type": "WhatsApp 不支持这种文件格式：图片用 JPEG 或 PNG，视频用 MP4，文件用 PDF 或 Office 文档。",
    "media_download": "Meta 无法读取附件：请重新上传后再发。",
    "too_big": "文件太大：图片不超过 5 MB，音频和视频 16 MB，文件 100 MB。",
    "caption": "语音不能附带文字：请把文字和语音分开发送。",
    "caption_too_long": "附件说明最多 1024 个字符：请把文字和附件分开发送。",
    "gone": "附件已不存在或已过期，无法取得：请重新上传，或请买家重发。",
    "foreign_host": "附件地址不属于 Meta，为安全起见没有下载。",
    # templates
    "template_missing": "模板不存在、未通过审核，或没有此语言的版本：在 WhatsApp 管理工具中检查。",
    "template_variables": "模板变量的数量或格式不对：变量不能为空，也不能含换行、制表符或四个以上连续空格。",
    "template_too_long": "填入变量后模板文字过长：请缩短变量内容。",
    "template_policy": "模板内容违反 WhatsApp 政策：请修改后重新提交审核。",
    "template_paused": "模板因质量低被暂停：请换用其他模板。",
    "template_disabled": "模板已被永久停用：请新建模板。",
    "template_marketing": "此账号已关闭通过 Cloud API 发送营销模板：在 Meta 后台开启，或换用其他模板。",
    "template_refused": "Meta 拒绝了这个模板，错误代码见日志。",
    # the way there
    "server_error": "Meta 服务器出错。若显示“不确定”，请先向买家核实是否收到，再决定是否重发。",
    "timeout": "Meta 没有及时答复。若显示“不确定”，请先核实买家是否收到，再决定是否重发。",
    "connection_lost": "与 Meta 的连接中断。若显示“不确定”，请先核实买家是否收到，再决定是否重发。",
    "malformed_answer": "Meta 的答复无法理解。若显示“不确定”，请先核实买家是否收到，再决定是否重发。",
    "no_connection": "连不上 Meta：检查服务器网络能否访问 graph.facebook.com，稍后会自动重试。",
    "redirected": "请求被转到了别处，可能是网络中的代理所致：检查服务器网络和 api_url。",
    "not_started": "通道尚未启动，稍后会自动重试。",
}

_ENGLISH: Final[Mapping[str, str]] = {
    "bad_token": "the token is invalid or expired: generate a new system user token, update the setting and restart",
    "no_permission": "the token lacks permissions or the system user has no access to this asset",
    "no_number": "there is no such number: check phone_id",
    "bad_request": "Meta does not know this id, or the token has no access to it: check phone_id and business_id",
    "not_registered": "the number is not registered on the Cloud API",
    "account_restricted": "the business account is restricted or disabled",
    "rate_limited": "too many calls; try again later",
    "maintenance": "the business account is in maintenance",
    "server_error": "Meta's servers failed; try again later",
    "timeout": "Meta did not answer in time",
    "connection_lost": "the connection to Meta broke",
    "no_connection": "Meta cannot be reached: check that the server can open graph.facebook.com",
    "redirected": "the request was redirected, perhaps by a proxy: check the network and api_url",
    "malformed_answer": "Meta's answer cannot be understood",
}


def explain(reason: str) -> str:
    """The Chinese sentence for a reason, with English where it stands in a check."""
    chinese = REASONS.get(reason, REASONS["refused"])
    english = _ENGLISH.get(reason)
    return f"{chinese} ({english})" if english else chinese
