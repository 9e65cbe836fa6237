"""Keeps a settled day sealed: if no line is new, no request is sent, and the file is not written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.results import Source
from airflow_provider_dysms.transfers.reporting.log_summary import in_beijing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.partition import Partition
    from airflow_provider_dysms.storage.row_spool import RowSpool
    from airflow_provider_dysms.transfers.pipeline import Pipeline


def is_unchanged(previous: Manifest | None, partition: Partition, pipeline: Pipeline, spool: RowSpool) -> bool:
    """Return whether a settled day would be written again with the same bytes, and nothing of it was asked.

    A day without rows is written again: only its statistics tell whether its log should have had lines.

    :param previous: the partition's manifest; ``None`` if it has none
    :param pipeline: after its run
    :param spool: has the rows of the pipeline
    """
    if previous is None or not previous["result"].get("settled") or not pipeline.has_previous_rows:
        return False
    if pipeline.groups[Source.ASKED] or pipeline.groups[Source.RESUMED]:
        return False
    result, spooled = previous["result"], spool.finish()
    is_same = result["data"] == partition.data and result["sha256"] == spooled.sha256
    return is_same and spooled.rows > 0


def keep_settled(previous: Manifest, run: Mapping[str, Any], log: Any) -> Manifest:
    """Return the manifest of a day that is not written again, with the facts of this run.

    :param previous: the partition's manifest
    :param run: of this run; its counts are zero, and it has no statistics, so the committed ones are kept
    :param log: the task's logger
    """
    result = previous["result"]
    log.info(
        "The day is settled since its audit of %s, and its log has no new line: no request was sent, and the file is "
        'not written again; refresh="all" asks about every line',
        in_beijing(result["as_of"]),
    )
    return {**previous, "run": {**previous["run"], **run, "statistics": previous["run"].get("statistics")}}


def log_reopened(previous: Manifest | None, pipeline: Pipeline, log: Any) -> None:
    """Say that lines of a settled day were looked up, because its log has changed or some have no record.

    :param previous: the partition's manifest; ``None`` if it has none
    :param pipeline: after its run
    :param log: the task's logger
    """
    asked = pipeline.groups[Source.ASKED]
    if previous is not None and previous["result"].get("settled") and pipeline.groups[Source.COMMITTED] and asked:
        log.info(
            "The day was settled, but %d of its numbers and message ids have new or changed lines, or lines without a "
            "record: these were looked up, and the file is written again",
            asked,
        )
