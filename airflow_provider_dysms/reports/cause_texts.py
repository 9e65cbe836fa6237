"""The names of the causes of failures, in English and in Chinese: who caused them, and what their code means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.model.choices import ReportLanguage

_EN: dict[str, str] = {
    "fault_recipient": "Recipient",
    "fault_sender": "Ours",
    "fault_carrier": "Carrier",
    "fault_vendor": "Vendor",
    "fault_unknown": "Unknown",
    "category_unreachable": "Unreachable",
    "category_invalid_number": "Invalid number",
    "category_number_abnormal": "Number suspended",
    "category_blacklist": "On a blacklist",
    "category_terminal": "Handset full or faulty",
    "category_frequency_limit": "Too frequent",
    "category_content_rejected": "Text rejected",
    "category_platform_rejected": "Rejected by the platform",
    "category_network": "Network",
    "category_rejected": "Rejected without a reason",
    "category_expired": "Expired at the carrier",
    "category_unknown": "Unknown",
    "category_none": "Without a code",
    "category_many_in_an_hour": "Too many codes within an hour",
    "category_prefix_undelivered": "Prefixes whose codes do not arrive",
}

_ZH: dict[str, str] = {
    "fault_recipient": "收信方",
    "fault_sender": "我方",
    "fault_carrier": "运营商",
    "fault_vendor": "服务商",
    "fault_unknown": "未知",
    "category_unreachable": "无法接通",
    "category_invalid_number": "空号",
    "category_number_abnormal": "号码停机或异常",
    "category_blacklist": "黑名单",
    "category_terminal": "终端故障或已满",
    "category_frequency_limit": "发送过频",
    "category_content_rejected": "内容被拒",
    "category_platform_rejected": "平台拒绝",
    "category_network": "网络问题",
    "category_rejected": "无理由拒绝",
    "category_expired": "运营商侧超时",
    "category_unknown": "未知",
    "category_none": "无错误码",
    "category_many_in_an_hour": "一小时内验证码过多",
    "category_prefix_undelivered": "验证码无法送达的号段",
}

CAUSE_TEXTS: Mapping[ReportLanguage, Mapping[str, str]] = {"en": _EN, "zh": _ZH}
