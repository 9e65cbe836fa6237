"""Checks the transfer's arguments that describe how a send log is written, while a DAG is parsed.

Few DAGs have one of these arguments, so the modules that read logs are imported only when an argument is given.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any, ClassVar

from airflow_provider_dysms.model.errors import DysmsInputError

#: Folder of a day below ``output_uri``.
PARTITION = "send_date={send_date:%Y-%m-%d}"

#: Arguments that describe how a log is written, and have no default.
LOG_OPTIONS = ("sent_format", "encoding", "delimiter", "time_format", "timezone", "binary", "multiline")


def text_with_day(argument: str, value: Any) -> None:
    """Check a text that may contain the placeholder of the day.

    :raises DysmsInputError: it is not text, or a placeholder in it is not one of the day
    """
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if "{" in value and value != PARTITION:
        from airflow_provider_dysms.storage.day_placeholder import render_day

        render_day(value, date(2000, 1, 1), argument)


def log_option(argument: str, value: object) -> None:
    """Check one argument that describes how a log is written.

    :raises DysmsInputError: the value is not valid for this argument
    """
    from airflow_provider_dysms.audit.send_log.options import LogOptions

    zone = {"timezone": "UTC"} if argument == "time_format" else {}  # the two are checked together when the task runs
    LogOptions(**{argument: value, **zone})  # type: ignore[arg-type]


class FillsInDay:
    """A base class before BaseOperator that fills in the day while templates are rendered.

    So Airflow shows the file and the folder of the day, and not their placeholders.
    """

    #: Arguments that may contain the placeholder of the day.
    fills_in_day: ClassVar[tuple[str, ...]] = ()
    send_date: Any

    def _do_render_template_fields(self, parent: Any, *arguments: Any, **named: Any) -> None:
        """Render the templates, then the placeholders; Airflow calls this for mapped tasks as well."""
        super()._do_render_template_fields(parent, *arguments, **named)  # type: ignore[misc]
        if parent is self:
            self._fill_in_day()

    def _fill_in_day(self) -> None:
        from airflow_provider_dysms.model.dates import parse_day
        from airflow_provider_dysms.storage.day_placeholder import render_day

        for name in self.fills_in_day:
            if isinstance(text := getattr(self, name), str):
                with suppress(Exception):  # errors are reported when the task runs
                    text = render_day(text, parse_day(self.send_date), name)
                    if not {"{", "}"} & {*text}:  # the run would take remaining braces for a placeholder
                        setattr(self, name, text)
