"""Checks the transfer's arguments that describe how a send log is written, while a DAG is parsed.

Few DAGs have one of these arguments, so the modules that read logs are imported only when an argument is given.
"""

from __future__ import annotations

#: Arguments that describe how a log is written, and have no default.
LOG_OPTIONS = ("sent_format", "encoding", "delimiter", "time_format", "timezone", "binary", "multiline")


def log_option(argument: str, value: object) -> None:
    """Check one argument that describes how a log is written.

    :raises DysmsInputError: the value is not valid for this argument
    """
    from airflow_provider_dysms.audit.send_log.options import LogOptions

    zone = {"timezone": "UTC"} if argument == "time_format" else {}  # the two are checked together when the task runs
    LogOptions(**{argument: value, **zone})  # type: ignore[arg-type]
