"""The checks of the arguments that both transfers have: the send log, the output, and archived receipts."""

from __future__ import annotations

from typing import Any

from airflow_provider_dysms.arguments.dag_parse_checks import flag, number, one_of, optional
from airflow_provider_dysms.arguments.send_log_format import log_option
from airflow_provider_dysms.arguments.text_with_day import text_with_day
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import Binary, Phone, Refresh, SentFormat
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.storage.file_formats import EXTENSIONS

#: Largest ``lookahead_days``: nothing reports later.
MAX_LOOKAHEAD = 30

#: Largest ``resume_within`` in seconds: receipts take up to this long.
MAX_RESUME = 259_200

#: Argument -> its check.
SHARED_CHECKS: dict[str, Any] = {
    "output_uri": validation.text,
    "sent_format": optional(one_of(SentFormat)),
    **dict.fromkeys(("encoding", "delimiter", "time_format", "timezone"), optional(log_option)),
    "binary": optional(one_of(Binary)),
    "multiline": flag,
    **dict.fromkeys(
        ("max_line_bytes", "max_file_bytes"),
        lambda argument, value: validation.whole_number(argument, value, "bytes", 1, 2**50),
    ),
    "send_date": lambda argument, value: parse_day(value, argument),
    "file_format": file_formats.check_file_format,
    "compression": optional(one_of(sorted({taken for _, taken in EXTENSIONS if taken}))),
    "partition": text_with_day,
    "phone": one_of(Phone),
    "refresh": one_of(Refresh),
    "max_rejected_rate": number(0, 1, "a share"),
    "lookahead_days": lambda argument, value: validation.whole_number(argument, value, "days", 0, MAX_LOOKAHEAD),
    "push_conn_id": optional(validation.text),
    "max_rejected_receipts": number(0, 1, "a share"),
    "asset_partitions": flag,
    "dysms_conn_id": validation.text,
}
