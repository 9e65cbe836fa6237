"""The arguments of ``airflow dysms audit``: those of the transfer that make sense without a DAG.

Names, meanings and defaults are the transfer's own. An argument that is not given is absent, so that the transfer's
default counts; a test compares the defaults that the help names.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, get_args

from airflow.cli.cli_config import Arg

from airflow_provider_dysms.model.choices import (
    Binary,
    Content,
    FileFormat,
    Match,
    OutsideWindow,
    Phone,
    Refresh,
    SentFormat,
    Statistics,
)


def to_uri(text: str) -> str:
    """Return a URI; a path of this machine becomes its URI."""
    return text if "://" in text or not text else f"file://{os.path.abspath(text)}"


CONNECTION = Arg(
    ("--conn-id",),
    dest="dysms_conn_id",
    default="dysms_default",
    metavar="CONN_ID",
    help="Id of the Airflow connection (default: dysms_default)",
)

OUTPUT_URI = Arg(
    ("--output-uri",),
    required=True,
    type=to_uri,
    help="Folder of the output: s3:// or oss://conn_id@bucket/folder, file:///folder, or a path of this machine",
)

#: Of the commands that write a page.
HTML = Arg(("--html",), metavar="FILE", help="Also write a page to this file, which needs nothing else")
LANGUAGE = Arg(("--language",), choices=("en", "zh"), default="en", help="Of sentences and page (default: en)")


def option(name: str, help: str, **more: Any) -> Arg:
    """Return an argument of the transfer as an option that is absent unless it is given.

    :param name: of the transfer's argument
    :param help: what it is
    :param more: what else Airflow's ``Arg`` takes
    """
    return Arg((f"--{name.replace('_', '-')}",), help=help, **{"default": argparse.SUPPRESS, **more})


def choice(name: str, words: Any, help: str) -> Arg:
    """Return an option that takes one of a few words.

    :param words: a ``Literal`` of :mod:`.choices`
    """
    choices = get_args(words)
    return option(name, help, choices=choices, metavar=f"({', '.join(choices)})")


def send_date(help: str, flags: tuple[str, ...] = ("--send-date",)) -> Arg:
    """Return the option for a day."""
    return Arg(flags, metavar="DAY", help=f"{help}: YYYY-MM-DD or YYYYMMDD, in Beijing (default: yesterday there)")


PARTITION = option("partition", "Folder of the day below it (default: send_date={send_date:%%Y-%%m-%%d})")

AUDIT_ARGUMENTS = (
    option(
        "sent_uri",
        "The send log: a file, a folder or a glob in object storage or on this machine; {send_date:%%Y%%m%%d} stands "
        "for the day",
        required=True,
        type=to_uri,
    ),
    OUTPUT_URI,
    PARTITION,
    send_date("The day"),
    option(
        "columns",
        "The column of the log that has our phone_number, message_id, country, biz_id, out_id or sent_at; may be "
        "repeated (default: the columns that have our names)",
        action="append",
        metavar="OURS=YOURS",
    ),
    option(
        "carry", "A column of the log that is copied to the output; may be repeated", action="append", metavar="COLUMN"
    ),
    choice("sent_format", SentFormat, "Format of the log (default: detected)"),
    option("encoding", "Encoding of text files, such as gb18030 or auto (default: UTF-8)"),
    option("delimiter", "Delimiter of CSV files (default: detected)"),
    option("time_format", "How sent_at is written, in the codes of strptime (default: ISO 8601 and other clear forms)"),
    option("timezone", "Zone of times without an offset (default: Asia/Shanghai)"),
    choice("binary", Binary, "How Parquet columns of bytes are carried (default: as text)"),
    option("multiline", "Allow line ends in quoted CSV cells", action="store_true"),
    option("max_line_bytes", "Largest line of the log (default: 1048576)", type=int, metavar="BYTES"),
    option("max_file_bytes", "Largest file of the log, decompressed (default: 4294967296)", type=int, metavar="BYTES"),
    choice("match", Match, "How lines and records find each other (default: auto)"),
    choice("file_format", FileFormat, "Format of the output (default: jsonl)"),
    option("compression", "Compression of the output: gzip; for parquet zstd (default there), snappy or gzip"),
    option("csv_safe", "Keep spreadsheets from computing texts that begin like a formula", action="store_true"),
    choice("content", Content, "Whether the text of the messages is kept (default: drop)"),
    choice("phone", Phone, "How numbers are written (default: plain)"),
    choice("refresh", Refresh, "Which lines of a day that was audited before are asked again (default: unsettled)"),
    choice(
        "outside_window", OutsideWindow, "What to do about a day that the service does not remember (default: fail)"
    ),
    option(
        "max_missing_rate",
        "Share of lines without a record above which the audit is refused (default: 0.05)",
        type=float,
        metavar="SHARE",
    ),
    option(
        "max_rejected_rate",
        "Share of lines that cannot be asked above which the audit is refused (default: 0.05)",
        type=float,
        metavar="SHARE",
    ),
    choice("statistics", Statistics, "What the vendor's own counts are used for (default: record)"),
    option(
        "requests_per_second",
        "Replaces the quota_share of the connection",
        type=float,
        metavar="NUMBER",
    ),
    option(
        "receipts_uri",
        "Archived receipts that vendors have pushed: lines with a final one are taken from it, the others are asked",
        type=to_uri,
    ),
    option("lookahead_days", "Days of receipts after the day (default: 3)", type=int, metavar="DAYS"),
    option(
        "push_conn_id",
        "Id of the Airflow connection with Huawei's key of push authentication, if pushes are verified",
        metavar="CONN_ID",
    ),
    option(
        "max_rejected_receipts",
        "Share of bodies that cannot be read above which the audit is refused (default: 0.05)",
        type=float,
        metavar="SHARE",
    ),
    option(
        "cross_check",
        "Share of the lines with a receipt that is asked too and compared (default: 0.01)",
        type=float,
        metavar="SHARE",
    ),
    option(
        "max_cross_check_differences",
        "Share of these that may differ before the audit is refused (default: 0.002)",
        type=float,
        metavar="SHARE",
    ),
    CONNECTION,
)
