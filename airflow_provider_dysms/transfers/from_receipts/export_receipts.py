"""Runs one export from receipts alone: read the send log and the archive, join them, commit one file and its manifest.

It takes plain values and needs no operator. Nothing is asked, so that it needs neither an event loop nor a connection.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, check_match
from airflow_provider_dysms.audit.results import Source
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.dates import beijing_day, parse_day
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError, DysmsWindowError
from airflow_provider_dysms.receipts.join import NO_KEY, ReceiptJoin
from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
from airflow_provider_dysms.receipts.unlogged import unlogged_verdicts
from airflow_provider_dysms.retention.respect_erasures import Erasures
from airflow_provider_dysms.storage.checkpoints import Checkpoints
from airflow_provider_dysms.storage.disk_index import DiskIndex
from airflow_provider_dysms.transfers.export import check_day_of, log_written, resolve_output
from airflow_provider_dysms.transfers.from_receipts.known_receipts import OnlyReceipts
from airflow_provider_dysms.transfers.from_receipts.read_receipts import read_receipts
from airflow_provider_dysms.transfers.from_receipts.receipt_facts import describe_counts, receipt_facts
from airflow_provider_dysms.transfers.garbage_collection import relaxed_gc
from airflow_provider_dysms.transfers.known_rows.previous_rows import read_previous_rows
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec
from airflow_provider_dysms.transfers.known_rows.settled_day import is_unchanged, keep_settled
from airflow_provider_dysms.transfers.manifest_result import result_before_queries, result_of
from airflow_provider_dysms.transfers.pipeline import Pipeline
from airflow_provider_dysms.transfers.send_log_input import read_input

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.transfers.export_options import ExportOptions

#: What the manifest's ``run`` says of the requests of an export that makes none.
_NO_REQUESTS = {"requests": 0, "pages": 0, "throttled": 0, "resumed": 0, "statistics": None, "statistics_gap": None}


@relaxed_gc()
def export_receipts(options: ExportOptions, *, owner: Sequence[object] | None = None, log: Any) -> Manifest:
    """Write what the receipts of a day say about its send log, and return the committed manifest.

    :param options: the arguments, rendered
    :param owner: DAG, run, task and map index of the task instance; ``None`` outside of a run
    :param log: logger for what people should know
    :raises DysmsError: an argument is wrong, or the result could not be shown to be complete and right; nothing was
        written
    """
    now = datetime.now(UTC)
    log_options = options.log_options()
    day = _past_day(options.send_date, now)
    privacy_key = _privacy_key(options)
    partition, layout = resolve_output(options, day)
    send_log = read_input(options, log_options, day, layout, log)
    check_match(send_log, options.match)
    partition.probe()
    erasures = Erasures(partition.store, day, lambda: DysmsHook(options.dysms_conn_id).privacy_key)
    previous = partition.read_manifest()
    check_day_of(previous, day)
    known = result_before_queries(options, send_log, day, privacy_key)
    scope = AuditScope(day, now, options.match, send_log.has_match_keys)
    codec = RowCodec(send_log.carry, content=False, phone_hash=privacy_key.phone_hash if privacy_key else None)
    with ExitStack() as stack:
        receipts = stack.enter_context(ReceiptIndex())
        archive = read_receipts(options, day, now, layout, receipts, log)
        spool = stack.enter_context(partition.open_spool(codec.columns))
        index = stack.enter_context(DiskIndex())
        join = ReceiptJoin(receipts, scope, options.vendor)
        known_receipts = OnlyReceipts(join)
        pipeline = Pipeline(
            send_log,
            scope,
            codec,
            spool,
            resumed=stack.enter_context(DiskIndex()),
            checkpoints=Checkpoints(partition.store, (), "", now=now, resume_within=0),
            previous_rows=read_previous_rows(partition, previous, known, codec, index, log, privacy_key),
            take_over=options.refresh == "unsettled",
            to_csv=options.file_format == "csv",
            columns=options.columns,
            log=log,
            receipts=known_receipts,
            erased_people=erasures.people,
        )
        pipeline.run_without_queries()
        nothing_carried = (None,) * len(send_log.carry)
        pipeline.write_unlogged(unlogged_verdicts(receipts, scope, nothing_carried, join.counts))
        pipeline.tally.edge = join.counts["edge"]
        pipeline.tally.ambiguous = join.counts["ambiguous"]
        log.info("%s", describe_counts(join.counts))
        _judge(pipeline, options)
        _warn_of_fewer_unlogged(pipeline, previous, log)
        run = {**_NO_REQUESTS, "taken_over": pipeline.groups[Source.COMMITTED]}
        if is_unchanged(previous, partition, pipeline, spool) and previous is not None:
            return keep_settled(previous, run, log)
        result = result_of(pipeline, known, day, now, previous)
        facts = receipt_facts(archive, join.counts, known_receipts.rows + pipeline.tally.unlogged)
        with erasures.commit(partition, previous, owner, log):
            manifest = partition.commit(spool, {**result, **facts}, {**run, **partition.uris})
    log_written(partition, manifest, log)
    return manifest


def _past_day(send_date: Any, now: datetime) -> date:
    day = parse_day(send_date)
    if day > beijing_day(now):
        raise DysmsWindowError("send_date", f"{day} is in the future; in Beijing it is {beijing_day(now)}")
    return day


def _privacy_key(options: ExportOptions) -> PrivacyKey | None:
    return DysmsHook(options.dysms_conn_id).privacy_key if options.phone == "hashed" else None


def _judge(pipeline: Pipeline, options: ExportOptions) -> None:
    """Refuse a result that is wrong as a whole."""
    tally = pipeline.tally
    if pipeline.lost.first:
        raise DysmsIncomplete(
            f"{pipeline.lost.count} lines had a receipt when the partition was written and have none now, the first of "
            f"them {pipeline.lost.first.where}; the partition is not changed. Check that the archive still has every "
            'file, or use refresh="unsettled", which keeps what was known'
        )
    reason, problem = NO_KEY
    without_key = tally.rejected[reason]
    if without_key > options.max_rejected_rate * tally.lines:
        raise DysmsInputError(
            "columns",
            f"leave {without_key} of {tally.lines} lines without a key: each {problem}. Name these columns, or raise "
            "max_rejected_rate",
        )


def _warn_of_fewer_unlogged(pipeline: Pipeline, previous: Manifest | None, log: Any) -> None:
    """Log if messages without a line, which are judged by today's receipts alone, were in the partition before."""
    before = previous["result"].get("by_state", {}).get(State.UNLOGGED.value, 0) if previous else 0
    now = pipeline.tally.unlogged
    if now < before:
        log.warning(
            "The partition had %s messages without a line, and has %s now: the log has a line for the others by now, "
            "or the archive no longer has their receipts",
            before,
            now,
        )
