"""The words that an argument may take, and a default that layers share. DAG files load this: it imports nothing.

Each ``Literal`` is the type of one argument and the list that its check reads.
"""

from __future__ import annotations

from typing import Literal

Match = Literal["auto", "biz_id", "out_id", "sent_at"]
FileFormat = Literal["jsonl", "csv", "parquet"]
Content = Literal["drop", "keep"]
Phone = Literal["plain", "hashed"]
Refresh = Literal["unsettled", "all"]
OutsideWindow = Literal["fail", "skip"]
SentFormat = Literal["csv", "jsonl", "parquet", "text"]
Binary = Literal["hex"]
SendingResult = Literal["Successful", "Sending", "Failed", "Missing", "Unlogged"]
#: The properties by which an audit counts messages, and a check judges them one by one.
Dimension = Literal["template_code", "country", "sign_name"]
MessageState = Literal["delivered", "failed", "waiting", "expired", "missing", "unlogged", "rejected"]
SearchLimit = Literal["none", "24h", "7d"]
Statistics = Literal["record", "judge", "skip"]
Market = Literal["mainland", "international"]
MessageType = Literal["OTP", "NOTIFY", "MKT"]
Vendor = Literal["aliyun", "huawei"]
OnUncertain = Literal["wait", "fail"]
OnBad = Literal["fail", "warn", "branch"]
ReportLanguage = Literal["en", "zh"]

#: Name of the sum of the entries that a shortened map of counts leaves out, so that the totals stay right.
OTHERS = "(others)"
#: ``report``: what looks like SMS pumping is listed. ``suppress``: sends leave it out as well.
Pumping = Literal["off", "report", "suppress"]

#: ``remove``: the rows of a person are removed. ``hash``: they stay, with a hash in the place of the number.
Erasure = Literal["remove", "hash"]

#: The two markets, which the service counts apart.
MAINLAND = "mainland"
INTERNATIONAL = "international"

#: Folder of a day below ``output_uri``, the default of ``partition``.
PARTITION = "send_date={send_date:%Y-%m-%d}"

#: Purpose of a template -> ``TemplateType`` of the API.
TEMPLATE_TYPES = {"code": 0, "notice": 1, "promotion": 2, "international": 3, "digital": 7}
