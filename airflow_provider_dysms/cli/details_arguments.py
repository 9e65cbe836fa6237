"""The arguments of ``airflow dysms details``: the filters of a search but the phone number, which is never one."""

from __future__ import annotations

from airflow.cli.cli_config import Arg

from airflow_provider_dysms.cli.audit_arguments import (
    CONNECTION,
    HTML,
    LANGUAGE,
    OUTPUT_URI,
    PARTITION,
    choice,
    option,
)
from airflow_provider_dysms.model.choices import SearchLimit, SendingResult

_TIME = "YYYY-MM-DD, or 'YYYY-MM-DD HH:MM' in Beijing"

DETAILS_ARGUMENTS = (
    OUTPUT_URI,
    PARTITION,
    Arg(("--by-number",), action="store_true", help="Only messages to a number, which is asked for or read"),
    option("template_code", "Only messages of a template"),
    choice("result", SendingResult, "Only messages with a sending result; Failed has failed, rejected, expired ones"),
    option("state", "Only messages with a state: delivered, failed, waiting, expired, missing, unlogged, rejected"),
    option("sign_name", "Only messages with a signature"),
    option("country", "Only messages to numbers of a country: its ISO code, such as CN"),
    option("error_code", "Only messages with a status code, such as DELIVRD or EXPIRED"),
    option(
        "carried",
        "Only messages with a text in a column of yours, or in out_id, biz_id or message_id; may be repeated",
        action="append",
        metavar="COLUMN=TEXT",
    ),
    option("sent_from", f"Only messages sent at this time or later: {_TIME} (default: 30 days before the end)"),
    option("sent_to", f"Only messages sent before this time: {_TIME} (default: now)"),
    option("last", "Only messages of the last minutes, hours or days: 30m, 1h, 24h, 7d"),
    choice("limits", SearchLimit, "Limits on the time: 24h within 60 days, 7d within 90 (default: none)"),
    option("page_size", "Messages on a page, 1 to 1000 (default: 10)", type=int, metavar="NUMBER"),
    option("cursor", "Where the page begins: the next cursor of the page before"),
    Arg(("--exact-total",), action="store_true", help="Count every message, also if that takes long"),
    Arg(("--show-numbers",), action="store_true", help="Show phone numbers and texts of messages in clear"),
    HTML,
    LANGUAGE,
    CONNECTION,
)
