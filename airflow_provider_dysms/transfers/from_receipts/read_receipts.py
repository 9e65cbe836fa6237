"""Reads the archived receipts of a day and the days after it into an index, and tells the task log what was found."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.receipts.archive.archive import Archive, ArchiveCounts
from airflow_provider_dysms.receipts.archive.push_signature import PushKey
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.inputs import has_inputs, open_inputs
from airflow_provider_dysms.transfers.reporting.log_summary import counted

if TYPE_CHECKING:
    from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
    from airflow_provider_dysms.storage.overlap import OutputLayout
    from airflow_provider_dysms.transfers.export_options import ExportOptions


def read_receipts(
    options: ExportOptions,
    send_date: date,
    as_of: datetime,
    layout: OutputLayout,
    index: ReceiptIndex,
    log: Any,
    *,
    must_exist: bool = True,
) -> ArchiveCounts:
    """Read the receipts that may be about the messages of a day.

    :param options: of the export
    :param as_of: receipts that are dated later are rejected
    :param layout: where the export writes: the archive must lie elsewhere
    :param index: takes the receipts
    :param log: the task's logger
    :param must_exist: whether a missing file is an error; otherwise it is a warning
    :raises DysmsInputError: the archive cannot be read, or has too many bodies that are not receipts
    :raises DysmsIncomplete: no file was found, but one must exist
    """
    assert options.receipts_uri is not None
    archive = Archive(as_of, vendor=options.vendor, push_key=push_key(options.push_conn_id))
    for uri in archive_uris(options.receipts_uri, send_date, options.lookahead_days, as_of):
        if not has_inputs(uri, argument="receipts_uri"):
            continue
        with open_inputs(uri, argument="receipts_uri", output=layout, may_grow=True) as files:
            index.add(archive.read(files))
    counts = archive.counts
    if not counts.files and must_exist:
        raise DysmsIncomplete(
            f"receipts_uri finds no file for {send_date} and the {options.lookahead_days} days after it; check the URI "
            "and what writes the archive"
        )
    if not counts.files:
        log.warning("receipts_uri finds no file for %s: every line is asked", send_date)
        return counts
    log.info(
        "The receipts of %s: %s in %s of %s",
        send_date,
        counted(counts.receipts, "receipt"),
        counted(counts.bodies, "body").replace("bodys", "bodies"),
        counted(counts.files, "file"),
    )
    for where, problem in counts.first_rejected:
        log.warning("%s %s; it is not used", one_line(where), problem)
    if (further := counts.rejected_bodies + counts.reply_bodies - len(counts.first_rejected)) > 0:
        log.warning("... and %s more bodies are not used", further)
    counts.check_rejected(options.max_rejected_receipts)
    return counts


def archive_uris(receipts_uri: str, send_date: date, lookahead_days: int, as_of: datetime) -> list[str]:
    """Return the URIs of a day and of the days after it that have begun, each once.

    :param receipts_uri: with ``{send_date}`` placeholders, or without: then it is the one place of all receipts
    """
    today = beijing_day(as_of)
    days = [send_date + timedelta(days=offset) for offset in range(lookahead_days + 1)]
    return list(dict.fromkeys(render_day(receipts_uri, day, "receipts_uri") for day in days if day <= today))


def push_key(conn_id: str | None) -> PushKey | None:
    """Return the key of Huawei's push authentication from a connection.

    :param conn_id: its login is the key, its password the secret; the extra ``path`` is the path of the address that
        receives pushes, unless the archive keeps it
    :raises DysmsInputError: the connection does not exist, or has no login or password
    """
    if conn_id is None:
        return None
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise DysmsInputError("push_conn_id", f"names the connection {conn_id!r}, which does not exist") from None
    if not connection.login or not connection.password:
        raise DysmsInputError(
            "push_conn_id", f"names the connection {conn_id!r}, which needs the key as login and the secret as password"
        )
    path = connection.extra_dejson.get("path") or "/"
    if not isinstance(path, str):
        raise DysmsInputError("push_conn_id", f"names the connection {conn_id!r}; its extra 'path' must be text")
    return PushKey(connection.login, connection.password, path)
