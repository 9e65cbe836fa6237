"""Runs one export: read the send log, ask the service about every line, commit one file and its manifest.

It takes plain values and needs no operator. Every DAG file loads the operator; only a running task loads this module.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.arguments.requested_days import parse_send_date
from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.results import Source
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError, DysmsWindowError
from airflow_provider_dysms.retention.respect_erasures import ErasedMeanwhile, Erasures
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.disk_index import DiskIndex
from airflow_provider_dysms.storage.manifest import is_of_receipts_alone
from airflow_provider_dysms.storage.overlap import OutputLayout
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers.from_receipts.open_receipts import receipts_before_queries
from airflow_provider_dysms.transfers.from_receipts.receipt_facts import cross_checked_facts, has_unchecked_rows
from airflow_provider_dysms.transfers.garbage_collection import relaxed_gc
from airflow_provider_dysms.transfers.known_rows.previous_rows import ROWS_DEPEND_ON, read_previous_rows
from airflow_provider_dysms.transfers.known_rows.resume import checkpoints_of, digest_of, remove
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec
from airflow_provider_dysms.transfers.known_rows.settled_day import is_unchanged, keep_settled, log_reopened
from airflow_provider_dysms.transfers.manifest_result import result_before_queries, result_of
from airflow_provider_dysms.transfers.pipeline import Pipeline
from airflow_provider_dysms.transfers.reporting.log_summary import in_beijing, in_units, next_step, summary_table
from airflow_provider_dysms.transfers.reporting.progress import Progress
from airflow_provider_dysms.transfers.send_log_input import read_input
from airflow_provider_dysms.transfers.statistics import has_gap, judge_by_statistics, query_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.model.choices import Statistics
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.transfers.export_options import ExportOptions


@relaxed_gc()
def export(
    options: ExportOptions, *, owner: Sequence[object] | None = None, log: Any, progress: type[Progress] = Progress
) -> Manifest:
    """Write the audit of one day, and return the committed manifest.

    :param options: the arguments, rendered
    :param owner: DAG, run, task and map index of the task instance whose retries may resume this export; ``None`` if
        nothing retries it, so that no checkpoints are written
    :param log: logger for what people should know
    :param progress: shows the progress of the queries
    :raises DysmsError: an argument is wrong, or the result could not be shown to be complete and right; nothing was
        written
    :raises AirflowSkipException: the service does not remember the day, with ``outside_window="skip"``
    """
    now = datetime.now(UTC)
    log_options = options.log_options()
    day = _day(options, now, log)
    hook = DysmsHook(options.dysms_conn_id, requests_per_second=options.requests_per_second)
    _ = hook.settings  # a wrong connection is reported before anything is read or written
    privacy_key = hook.privacy_key if options.phone == "hashed" else None
    sample_key = hook.privacy_key if options.receipts_uri is not None and options.cross_check else None
    partition, layout = resolve_output(options, day)
    send_log = read_input(options, log_options, day, layout, log)
    partition.probe()
    erasures = Erasures(partition.store, day, lambda: hook.privacy_key)
    previous_manifest = partition.read_manifest()
    check_day_of(previous_manifest, day)
    if is_unchecked := has_unchecked_rows(previous_manifest, options):
        log.info("No row of the partition is taken over: receipts that nothing was compared with brought them")
    known = result_before_queries(options, send_log, day, privacy_key)
    codec = RowCodec(
        send_log.carry,
        content=options.content == "keep",
        phone_hash=privacy_key.phone_hash if privacy_key else None,
    )
    written = [partition.name, known["send_date"], [known["parameters"][name] for name in ROWS_DEPEND_ON]]
    if options.receipts_uri is not None:  # a checkpoint has rows that come from receipts, too
        written += [options.receipts_uri, options.cross_check]
    digest = digest_of(send_log, hook.settings, written, privacy_key)
    checkpoints = checkpoints_of(owner, partition.store, digest, now=now, resume_within=options.resume_within)
    with ExitStack() as stack:
        spool = stack.enter_context(partition.open_spool(codec.columns))
        resumed, index = stack.enter_context(DiskIndex()), stack.enter_context(DiskIndex())
        resumed.put(checkpoints.read())
        if checkpoints.as_of != now:
            since = in_beijing(checkpoints.as_of.isoformat())
            log.info("The responses that earlier attempts have received since %s are used again", since)
        scope = AuditScope(day, checkpoints.as_of, options.match, send_log.has_match_keys)
        receipts = stack.enter_context(receipts_before_queries(options, scope, layout, sample_key, log))
        pipeline = Pipeline(
            send_log,
            scope,
            codec,
            spool,
            resumed=resumed,
            checkpoints=checkpoints,
            previous_rows=read_previous_rows(partition, previous_manifest, known, codec, index, log, privacy_key),
            take_over=options.refresh == "unsettled" and not is_unchecked,
            may_lose=is_of_receipts_alone(previous_manifest["result"] if previous_manifest else {}),
            to_csv=options.file_format == "csv",
            erased_people=erasures.people,
            columns=options.columns,
            log=log,
            progress=progress,
            receipts=receipts.source,
        )

        async def ask(client: DysmsClient) -> tuple[bool, dict[str, Any]]:
            await pipeline.run(client)
            unchanged = is_unchanged(previous_manifest, partition, pipeline, spool)
            statistics = "skip" if unchanged else options.statistics
            return unchanged, await _run_facts(client, pipeline, day, statistics, log)

        # Everything of Airflow happens before or after this one event loop, never inside it.
        unchanged, run = hook.run(ask)
        run["days_left"] = dates.days_left(day, datetime.now(UTC))
        if unchanged and previous_manifest is not None:
            remove(checkpoints, log)
            return keep_settled(previous_manifest, run, log)
        log_reopened(previous_manifest, pipeline, log)
        earlier = cross_checked_facts(previous_manifest)
        taken_over = earlier if pipeline.groups[Source.COMMITTED] else {}
        try:
            receipts.check(options, taken_over)
            _judge(pipeline, send_log, run["statistics"], options, log, or_receipt=" or a receipt" if earlier else "")
        except DysmsIncomplete:
            remove(checkpoints, log)  # a retry would find the same in them
            raise
        queried = result_of(pipeline, known, day, checkpoints.as_of, previous_manifest)
        result = {**queried, **receipts.facts(taken_over)}
        if result["provisional"]:
            log.warning("In Beijing %s was not over yet: the result is provisional, run it again", day)
        run["statistics_gap"] = has_gap(run["statistics"])
        try:
            with erasures.commit(partition, previous_manifest, owner, log):
                manifest = partition.commit(spool, result, {**run, **partition.uris})
        except ErasedMeanwhile:
            remove(checkpoints, log)  # they have rows of the people, too
            raise
    remove(checkpoints, log)
    log_written(partition, manifest, log)
    return manifest


def _day(options: ExportOptions, now: datetime, log: Any) -> date:
    try:
        return parse_send_date(options.send_date, now, log)
    except DysmsWindowError as error:
        if options.outside_window == "skip":
            raise AirflowSkipException(str(error)) from None
        raise DysmsWindowError(error.argument, f'{error.problem}; outside_window="skip" skips the task') from None


async def _run_facts(
    client: DysmsClient, pipeline: Pipeline, day: date, statistics: Statistics, log: Any
) -> dict[str, Any]:
    """Ask for the day's statistics, and return the manifest's ``run``."""
    counts = await query_statistics(client, day, pipeline.tally, statistics, log)
    return {
        "requests": client.counters.requests,
        "pages": client.counters.pages,
        "throttled": client.counters.throttled,
        "resumed": pipeline.groups[Source.RESUMED],
        "taken_over": pipeline.groups[Source.COMMITTED],
        "statistics": counts,
    }


def _judge(
    pipeline: Pipeline,
    send_log: SendLog,
    statistics: dict[str, Any] | None,
    options: ExportOptions,
    log: Any,
    *,
    or_receipt: str,
) -> None:
    """Refuse a result that is wrong as a whole, although each response was fine.

    :param or_receipt: words for rows of the partition that may come from receipts
    """
    tally = pipeline.tally
    if pipeline.lost.first:
        raise DysmsIncomplete(
            f"{pipeline.lost.count} lines had a record at the service{or_receipt} when the partition was written and "
            f"have none now, the first of them {pipeline.lost.first.where}; the partition is not changed. "
            + ("" if tally.recorded else "A wrong account looks like this; ")
            + "write elsewhere if the records are gone for good"
        )
    if send_log.has_match_keys and tally.missing_rate > options.max_missing_rate:
        raise DysmsIncomplete(
            f"{tally.missing} of {tally.lines} lines have no record at the service, a larger share than "
            f"max_missing_rate={options.max_missing_rate}; {pipeline.causes}"
        )
    if forgotten := pipeline.missing_reasons.forgotten:
        log.warning(
            "%s of the missing messages were sent more than %s days ago: the service may have forgotten their ids. "
            "Audit a day before its last one",
            f"{forgotten:,}",
            dates.WINDOW_DAYS,
        )
    causes = pipeline.causes if send_log.has_match_keys and tally.missing and not tally.recorded else ""
    judge_by_statistics(statistics, tally, send_log, options.statistics, log, causes)


def resolve_output(options: ExportOptions, day: date) -> tuple[Partition, OutputLayout]:
    """Return the partition of a day, and the places that the task writes on this and other days.

    :raises DysmsInputError: an argument cannot be used
    """
    partition = Partition.resolve(
        options.output_uri,
        partition=render_day(options.partition, day, "partition"),
        file_format=options.file_format,
        compression=options.compression,
        csv_safe=options.csv_safe,
    )
    return partition, OutputLayout(partition.root, options.partition, partition.extension, day)


def log_written(partition: Partition, manifest: Manifest, log: Any) -> None:
    """Log the figures of a day that was written, the places of its files, and what to do next."""
    log.info("%s", summary_table(manifest))
    log.info("The rows are in %s (%s)", partition.uri, in_units(manifest["result"]["bytes"]))
    log.info("The manifest is %s", partition.manifest_uri)
    log.info("%s", next_step(manifest["result"]))


def check_day_of(previous: Manifest | None, day: date) -> None:
    """Refuse to replace the audit of another day.

    :param previous: the partition's manifest; ``None`` if it has none
    :raises DysmsInputError: it is of another day
    """
    other = previous and previous["result"].get("send_date")
    if other and other != day.isoformat():
        remedy = "put the day into it, as in send_date={send_date:%Y-%m-%d}"
        raise DysmsInputError("partition", f"holds the audit of {other}; {remedy}")
