"""Chinese for the sentences of errors and notes that other parts of the package write in English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.sending_details.filters.sending_results import ADVICE

if TYPE_CHECKING:
    from airflow_provider_dysms.reports.texts import Language

#: A sentence in English, with groups for what it names -> its Chinese.
_SENTENCES = [
    (re.compile(pattern), chinese)
    for pattern, chinese in {
        r"Not audited, so that their messages are not known: (.+)\.": "以下日期未核对，短信情况未知：{0}。",
        r"The audits reach to ([-0-9: ]+) in Beijing; later messages are not in the archive\.": (
            "核对截至北京时间 {0}，之后的短信不在存档中。"
        ),
        r"Audited before the day was over, so that later messages are not in the archive: (.+)\.": (
            "以下日期在当日结束前核对，之后的短信不在存档中：{0}。"
        ),
        r"From receipts alone, so that their states are not cross-checked: (.+)\.": (
            "以下日期的状态仅来自回执，未与服务商的记录比对：{0}。"
        ),
        r"Without a column '(.+)', so that nothing is found: (.+)\.": "以下日期没有“{0}”列，查不到短信：{1}。",
        r"The number cannot exist in this form; it was searched for digit by digit\.": (
            "该号码格式不存在，已按原样逐位查询。"
        ),
        re.escape(ADVICE["Missing"]): "服务商没有该短信的记录，内容可能正在人工审核，请稍后再查。",
        r"must be before sent_to": "必须早于结束时间",
        r"must not be in the future": "不能晚于当前时间",
        r"is not a time; write YYYY-MM-DD HH:MM .*": "不是有效的时间；请按北京时间填写 YYYY-MM-DD HH:MM",
        r"and sent_to span more than ([0-9,]+) days; choose a shorter time": "时间跨度不能超过 {0} 天",
        r"must be an ISO code of two letters, such as CN or US": "必须是两位字母的国家/地区代码，例如 CN 或 US",
        r"is not one of the archives that are configured": "不在已配置的存档中",
        r"has more than ([0-9]+) characters": "不能超过 {0} 个字符",
        r"must be one of (.+)": "必须是以下之一：{0}",
        r"is not one that a page named as its next_cursor; begin with the first page": "无效，请从第一页重新开始",
        r"belongs to another query, or .+ begin with the first page": "已失效，请从第一页重新开始",
    }.items()
]


#: Field -> what is said of it if the sentence about it is not known.
_PROBLEMS = {"phone_number": "不是有效的手机号码，请填写国家码和号码", "result": "不是页面上的发送结果"}


def translate(sentence: str, language: Language, field: str | None = None) -> str:
    """Return a sentence in a language; one that is not known stays as it came.

    :param sentence: in English
    :param field: that it is about
    """
    if language == "zh":
        for pattern, chinese in _SENTENCES:
            if match := pattern.fullmatch(sentence):
                return chinese.format(*map(_listed, match.groups()))
        return _PROBLEMS.get(field or "", sentence)
    return sentence


def _listed(text: str) -> str:
    """Return days, or what else a sentence lists, as Chinese lists them."""
    return text.replace(" to ", " 至 ").replace(", ", "、")
