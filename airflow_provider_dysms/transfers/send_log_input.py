"""Reads the input of an export, a send log or a list of numbers, and tells the task log what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.arguments.private_fields import raw_numbers
from airflow_provider_dysms.audit.send_log.columns import KEYS
from airflow_provider_dysms.audit.send_log.log import SendLog, phone_log, read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.transfers.reporting.log_summary import FilesRead, counted

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.audit.send_log.options import LogOptions
    from airflow_provider_dysms.storage.overlap import OutputLayout
    from airflow_provider_dysms.transfers.export_options import ExportOptions

#: Rejected lines, and columns, that the task log names one by one.
MAX_NAMED = 20


def read_input(
    options: ExportOptions, log_options: LogOptions, send_date: date, output: OutputLayout, log: Any
) -> SendLog:
    """Read the lines of the day; nothing is asked here.

    :param options: of the export
    :param log_options: how the files of the log are written
    :param output: where the export writes: the log must lie elsewhere
    :param log: the task's logger
    :raises DysmsInputError: the log cannot be read, lacks a column, or has too many lines that cannot be asked
    """
    if options.sent_uri is None:
        send_log = phone_log(raw_numbers("phone_numbers", options.phone_numbers))
        log.info("The service is asked about %s on %s", counted(len(send_log.lines), "phone number"), send_date)
    else:
        files = open_inputs(render_day(options.sent_uri, send_date, "sent_uri"), output=output)
        read = FilesRead()
        with files:
            send_log = read_send_log(
                read.recorded(files),
                send_date=send_date,
                columns=options.columns,
                carry=options.carry,
                options=log_options,
            )
        log.info("The send log of %s has %s in %s", send_date, counted(len(send_log.lines), "line"), read)
        for note in (*send_log.notes, *send_log.found.notes.values()):
            log.info("%s", one_line(note))
        for warning in send_log.found.warnings.values():
            log.warning("%s", one_line(warning))
        if send_log.multiline:
            _log_line_ends(send_log, options, log)
        if send_log.lines and not send_log.has_match_keys:
            _warn_of_missing_keys(send_log, options, log)
    send_log.check_rejected(options.max_rejected_rate)
    for line in send_log.rejected[:MAX_NAMED]:
        why = one_line(line.rejection[1]) if line.rejection else ""
        log.warning("%s is rejected: %s", one_line(line.where), why)
    if len(send_log.rejected) > MAX_NAMED:
        log.warning("... and %s more lines are rejected", len(send_log.rejected) - MAX_NAMED)
    return send_log


def _warn_of_missing_keys(send_log: SendLog, options: ExportOptions, log: Any) -> None:
    if named := sorted(KEYS & (options.columns or {}).keys()):
        raise DysmsInputError("columns", f"names {', '.join(named)}, and no line of the log has one")
    likely = ", ".join(send_log.found.likely_keys()[:MAX_NAMED])
    log.warning(
        "No line has a BizId, an OutId, a time or a message id, so the log is a list of numbers: missing and "
        "unlogged messages are not judged. %s",
        f"Columns that look like one are not mapped: {one_line(likely)}; map them with columns"
        if likely
        else "To have them judged, write one of these into the log",
    )


def _log_line_ends(send_log: SendLog, options: ExportOptions, log: Any) -> None:
    lines, first = counted(send_log.multiline, "line"), one_line(send_log.first_multiline or "")
    tell = log.info if options.multiline else log.warning
    tell("The log has %s with a line end inside a quoted cell, the first at %s", lines, first)
