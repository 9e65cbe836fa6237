"""Arguments that take one of a few words, and the words. Every DAG file loads this, so it imports nothing heavy."""

from __future__ import annotations

from typing import Literal

Match = Literal["auto", "biz_id", "out_id", "sent_at"]
FileFormat = Literal["jsonl", "csv", "parquet"]
Content = Literal["drop", "keep"]
Phone = Literal["plain", "hashed"]
Refresh = Literal["unsettled", "all"]
OutsideWindow = Literal["fail", "skip"]
SentFormat = Literal["csv", "jsonl", "parquet", "text"]
Statistics = Literal["record", "judge", "skip"]
Market = Literal["mainland", "international"]
MessageType = Literal["OTP", "NOTIFY", "MKT"]

#: The two markets, which the service counts apart.
MAINLAND = "mainland"
INTERNATIONAL = "international"

#: What a template is for -> TemplateType of the API.
TEMPLATE_TYPES = {"code": 0, "notice": 1, "promotion": 2, "international": 3, "digital": 7}


#: Seconds after which the service refuses a signed request: ACS3, which this package signs with.
SIGNATURE_LIFETIME = 900.0
