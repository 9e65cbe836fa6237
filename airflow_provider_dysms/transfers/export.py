"""One run of the transfer: read the log, ask, write. Every DAG file loads the operator, and none loads this."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.arguments.private_fields import raw_numbers
from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.results import Source
from airflow_provider_dysms.audit.send_log.columns import KEYS
from airflow_provider_dysms.audit.send_log.log import SendLog, phone_log, read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.hooks.dysms import DysmsHook, parse_asked_day
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError, DysmsWindowError
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.disk_index import DiskIndex
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.storage.overlap import OutputLayout
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers import garbage_collection
from airflow_provider_dysms.transfers.dysms_to_object_storage import WRITTEN_AS
from airflow_provider_dysms.transfers.log_summary import FilesRead, counted, headline, in_units, next_step
from airflow_provider_dysms.transfers.pipeline import Pipeline
from airflow_provider_dysms.transfers.previous_rows import ROWS_DEPEND_ON, read_previous_rows
from airflow_provider_dysms.transfers.resume import digest_of, remove, segments_of
from airflow_provider_dysms.transfers.row_codec import RowCodec
from airflow_provider_dysms.transfers.statistics import ask_statistics, has_gap, is_provisional, judge_by_statistics
from airflow_provider_dysms.transfers.xcom_result import for_xcom

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator


#: Rejected lines that the task log names one by one.
MOST_NAMED = 20


class Export:
    """One run of the transfer.

    :param task: its arguments, rendered
    """

    def __init__(self, task: DysmsToObjectStorageOperator) -> None:
        self._task = task
        self._log = task.log

    @garbage_collection.relaxed_gc()
    def run(self, context: Context) -> Manifest:
        """Do it, and return the manifest that is committed."""
        now = datetime.now(UTC)
        self._task.check_arguments()
        options = LogOptions(**{name: getattr(self._task, name) for name in WRITTEN_AS})
        day = self._day(now)
        hook = DysmsHook(self._task.dysms_conn_id, requests_per_second=self._task.requests_per_second)
        _ = hook.settings  # what is wrong with the connection is said before anything is read or written
        privacy_key = hook.privacy_key if self._task.phone == "hashed" else None
        partition = Partition.resolve(
            self._task.output_uri,
            partition=render_day(self._task.partition, day, "partition"),
            file_format=self._task.file_format,
            compression=self._task.compression,
            csv_safe=self._task.csv_safe,
        )
        sent = self._read(day, OutputLayout(partition.root, self._task.partition, partition.extension, day), options)
        partition.probe()
        manifest = partition.read_manifest()
        _check_day_of(manifest, day)
        known = self._known(sent, day, privacy_key)
        rows = RowCodec(
            sent.carry,
            content=self._task.content == "keep",
            phone_hash=privacy_key.phone_hash if privacy_key else None,
        )
        written = (partition.name, known["send_date"], [known["parameters"][name] for name in ROWS_DEPEND_ON])
        digest = digest_of(sent, hook.settings, written, privacy_key)
        segments = segments_of(context, partition.store, digest, now=now, resume_within=self._task.resume_within)
        with partition.open_spool(rows.columns) as spool, DiskIndex() as resumed, DiskIndex() as shelf:
            resumed.put(segments.read())
            if segments.as_of != now:
                self._log.info("What an earlier try asked from %s on is not asked again", segments.as_of)
            walk = Pipeline(
                sent,
                AuditScope(day, segments.as_of, self._task.match, sent.has_match_keys),
                rows,
                spool,
                resumed=resumed,
                saved=segments,
                committed=read_previous_rows(partition, manifest, known, rows, shelf, self._log, privacy_key),
                take_over=self._task.refresh == "unsettled",
                to_csv=self._task.file_format == "csv",
                columns=self._task.columns,
                log=self._log,
            )
            # Everything of Airflow happens before or after this one event loop, never inside it.
            run = hook.run(lambda client: self._audit(client, walk, day))
            try:
                self._judge(walk, sent, run["statistics"])
            except DysmsIncomplete:
                remove(segments, self._log)  # a retry would find the same in them
                raise
            result = self._result(walk, known, day, segments.as_of)
            if result["provisional"]:
                self._log.warning("In Beijing %s was not over yet: the result is provisional, run it again", day)
            run["statistics_gap"] = has_gap(run["statistics"])
            run["days_left"] = dates.days_left(day, datetime.now(UTC))
            manifest = partition.commit(spool, result, {**run, **partition.uris})
        remove(segments, self._log)
        self._report(manifest, partition, context)
        return for_xcom(manifest)

    def _report(self, manifest: Manifest, partition: Partition, context: Context) -> None:
        """Say in the log, and to those that wait for the asset, what was written."""
        result = manifest["result"]
        self._log.info("%s", headline(manifest))
        self._log.info("The rows are in %s (%s)", partition.uri, in_units(result["bytes"]))
        self._log.info("The manifest is %s", partition.manifest_uri)
        self._log.info("%s", next_step(result))
        for outlet in self._task.outlets if "outlet_events" in context else ():
            if not isinstance(outlet, (Asset, AssetAlias)):
                continue
            extra = {name: result[name] for name in ("send_date", "settled", "rows", "missing", "unlogged")}
            context["outlet_events"][outlet].extra |= extra | {"statistics_gap": manifest["run"]["statistics_gap"]}

    def _day(self, as_of: datetime) -> date:
        try:
            return parse_asked_day(self._task.send_date, as_of, self._log)
        except DysmsWindowError as error:
            if self._task.outside_window == "skip":
                raise AirflowSkipException(str(error)) from None
            raise DysmsWindowError(error.argument, f'{error.problem}; outside_window="skip" skips the task') from None

    def _read(self, day: date, output: OutputLayout, options: LogOptions) -> SendLog:
        if self._task.sent_uri is None:
            sent = phone_log(raw_numbers("phone_numbers", self._task.phone_numbers))
            self._log.info("The service is asked about %s on %s", counted(len(sent.lines), "phone number"), day)
        else:
            files = open_inputs(render_day(self._task.sent_uri, day, "sent_uri"), output=output)
            read = FilesRead()
            with files:
                sent = read_send_log(
                    read.noted(files),
                    send_date=day,
                    columns=self._task.columns,
                    carry=self._task.carry,
                    options=options,
                )
            self._log.info("The send log of %s has %s in %s", day, counted(len(sent.lines), "line"), read)
            for note in (*sent.notes, *sent.found.notes.values()):
                self._log.info("%s", one_line(note))
            for warning in sent.found.warnings.values():
                self._log.warning("%s", one_line(warning))
            if sent.multiline:
                tell = self._log.info if options.multiline else self._log.warning
                found = counted(sent.multiline, "line")
                first = one_line(sent.first_multiline or "")
                tell("The log has %s with a line end inside a quoted cell, the first at %s", found, first)
            if sent.lines and not sent.has_match_keys:
                if named := sorted(KEYS & (self._task.columns or {}).keys()):
                    raise DysmsInputError("columns", f"names {', '.join(named)}, and no line of the log has one")
                likely = ", ".join(sent.found.likely_keys()[:MOST_NAMED])
                self._log.warning(
                    "No line has a BizId, an OutId, a time or a message id, so the log is a list of questions: what is "
                    "missing and what is unlogged is not judged. %s",
                    f"Columns that look like one are not mapped: {one_line(likely)}; map them with columns"
                    if likely
                    else "To have it judged, write one of them into the log",
                )
        sent.check_rejected(self._task.max_rejected_rate)
        for line in sent.rejected[:MOST_NAMED]:
            why = one_line(line.rejection[1]) if line.rejection else ""
            self._log.warning("%s is rejected: %s", one_line(line.where), why)
        if len(sent.rejected) > MOST_NAMED:
            self._log.warning("... and %s more lines are rejected", len(sent.rejected) - MOST_NAMED)
        return sent

    async def _audit(self, client: DysmsClient, walk: Pipeline, day: date) -> dict[str, Any]:
        await walk.run(client)
        statistics = await ask_statistics(client, day, walk.tally, self._task.statistics, self._log)
        return {
            "requests": client.counters.requests,
            "pages": client.counters.pages,
            "throttled": client.counters.throttled,
            "resumed": walk.cases[Source.RESUMED],
            "taken_over": walk.cases[Source.COMMITTED],
            "statistics": statistics,
        }

    def _judge(self, walk: Pipeline, sent: SendLog, statistics: dict[str, Any] | None) -> None:
        """Refuse the results that are wrong as a whole although every answer was fine."""
        tally = walk.tally
        if walk.first_lost:
            raise DysmsIncomplete(
                f"{walk.lost} lines had a record at the service when the partition was written and have none now, "
                f"the first of them {walk.first_lost.where}; the partition is kept as it is. "
                + ("" if tally.recorded else "A wrong account looks like this; ")
                + "write elsewhere if the records are gone for good"
            )
        if sent.has_match_keys and tally.missing_rate > self._task.max_missing_rate:
            raise DysmsIncomplete(
                f"{tally.missing} of {tally.lines} lines have no record at the service, a larger share than "
                f"max_missing_rate={self._task.max_missing_rate}; {walk.causes}"
            )
        causes = walk.causes if sent.has_match_keys and tally.missing and not tally.recorded else ""
        judge_by_statistics(statistics, tally, sent, self._task.statistics, self._log, causes)

    def _known(self, sent: SendLog, day: date, privacy_key: PrivacyKey | None) -> dict[str, Any]:
        """Return the part of the result that is known beforehand."""
        names = ("match", "content", "phone", "refresh", "max_missing_rate", "max_rejected_rate", "statistics")
        return {
            "send_date": day.isoformat(),
            "keyed": sent.has_match_keys,
            "multiline": sent.multiline,
            "parameters": {
                **{name: getattr(self._task, name) for name in names},
                "columns": dict(self._task.columns) if self._task.columns else None,
                "carry": list(sent.carry),
                "hashed_by": privacy_key.fingerprint if privacy_key else None,
                "file_format": self._task.file_format,
                "compression": self._task.compression,
                "csv_safe": self._task.csv_safe,
            },
        }

    def _result(self, walk: Pipeline, known: dict[str, Any], day: date, as_of: datetime) -> dict[str, Any]:
        tally, oldest = walk.tally, walk.oldest_answer
        return {
            **tally.as_dict(),
            **known,
            "as_of": dates.iso_utc(as_of, "seconds"),
            "oldest_answer": dates.iso_utc(oldest, "seconds"),
            "provisional": is_provisional(day, oldest),
            "settled": tally.settled(day, oldest, has_match_keys=known["keyed"] or not tally.lines),
            "unseen": walk.unseen.text(),
        }


def _check_day_of(committed: Manifest | None, day: date) -> None:
    """Refuse to replace the audit of another day."""
    other = committed and committed["result"].get("send_date")
    if other and other != day.isoformat():
        remedy = "put the day into it, as in send_date={send_date:%Y-%m-%d}"
        raise DysmsInputError("partition", f"holds the audit of {other}; {remedy}")
