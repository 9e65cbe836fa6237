"""The audit of a day: a send log in, one verdict a message out, one file in object storage."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.api import dates
from airflow_provider_dysms.api.errors import DysmsIncomplete, DysmsInputError, DysmsWindowError, shown
from airflow_provider_dysms.audit.outcome import Source
from airflow_provider_dysms.audit.questions import Match, Scope
from airflow_provider_dysms.audit.sent import SentLog, phone_log, read_sent_log
from airflow_provider_dysms.hooks.dysms import DysmsHook, airflow_errors, parse_asked_day
from airflow_provider_dysms.hooks.private import PrivateField, PrivatePartial, numbers_in
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.placeholders import with_day
from airflow_provider_dysms.storage.shelf import Shelf
from airflow_provider_dysms.transfers.committed import ROWS_DEPEND_ON, pack_unseen, read_committed
from airflow_provider_dysms.transfers.retries import digest_of, remove, segments_of
from airflow_provider_dysms.transfers.rows import Rows
from airflow_provider_dysms.transfers.statistics import (
    Statistics,
    ask_statistics,
    is_provisional,
    judge_by_statistics,
)
from airflow_provider_dysms.transfers.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifests import Manifest

#: Columns of a log by which a line finds its record.
KEYS = {"message_id", "biz_id", "out_id", "sent_at"}

#: Seconds of ``resume_within``, at most: receipts come within this time.
LONGEST_RESUME = 259_200

#: Rejected lines that the task log names one by one.
MOST_NAMED = 20


class DysmsToObjectStorageOperator(PrivatePartial, BaseOperator):
    """Ask what became of every message of a day, and write one row a message into object storage.

    The input is a send log (``sent_uri``) or a short list (``phone_numbers``). A line with a message id is asked by
    QueryMessage, a line with a number by QuerySendDetails. Out comes one file,
    ``output_uri/<partition>/part-0.<ext>``, which readers see whole or not at all, and beside the partitions
    ``output_uri/_manifests/<partition>.json``. The manifest is the task's result: ``version``, and

    * ``result``, which follows from the log, the records and ``as_of`` alone: ``send_date``, ``as_of`` (when the try
      that asked first began), ``oldest_answer`` (the same of the oldest answer that rows rest on), ``lines`` of
      the log, ``asked`` questions, ``rows``, counts ``by_state``, ``by_category``, ``failed_by_category`` and
      ``by_template``, ``missing``, ``unlogged``, ``ambiguous`` (records that could as well have gone to another line),
      ``edge`` (records of the day's first ten minutes without a line, which belong to the log of the day before),
      ``off_day``, ``repeated`` message ids, ``rejected`` by reason, ``open`` (not final), ``segments``,
      ``delivery_seconds`` p50 and p95, ``keyed`` (false for a list of questions), ``parameters``, ``data``,
      ``columns``, ``bytes``, ``sha256``; ``settled``: nothing can change any more, and ``provisional``: the day was not
      over, so that it may have more messages by now, both as of the oldest answer; and ``unseen``, packed for the next
      refresh: the share of single numbers in the counts that rows do not show (``ambiguous``, ``edge``, ``off_day``);
    * ``run``, of this try alone: ``requests``, ``pages``, ``throttled``; ``resumed``, numbers and message ids that an
      earlier try had asked, and ``taken_over``, those that were final in the partition; ``days_left`` in the window,
      ``replaced`` files, and
      ``statistics``: the vendor's segments of the day beside ours, what accounts for the difference line by line, or
      the code with which they were refused. See :func:`.statistics.ask_statistics`.

    States: ``delivered``, ``failed``, ``waiting``, ``expired`` (no receipt after 72 h), ``missing`` (in the log,
    unknown to the service), ``unlogged`` (known to the service, not in the log), ``rejected`` (the line cannot be
    asked).

    A retry of the task goes on where the one before it ended, also on another worker: what is asked goes in segments to
    ``output_uri/_spool/``, under the same ``content`` and ``phone`` as the output, and is removed when the file is
    there. A task that is given up leaves its segments behind; give ``_spool/`` a lifecycle rule if that may happen.

    :param sent_uri: the send log: a file, a folder or a glob in object storage (CSV, JSON Lines, Parquet, text;
        ``.gz``); ``{send_date:%Y%m%d}`` stands for the day; templated
    :param phone_numbers: instead of a log, one or many numbers: a list of questions; templated, and shown as a count.
        Literals in a DAG's source, in ``expand`` or ``default_args`` are stored by Airflow as they are
    :param columns: our name -> the log's column: ``phone_number`` or ``message_id``; ``country``, ``biz_id``,
        ``out_id``, ``sent_at`` where the log has them; default: the columns that have our names; templated
    :param carry: columns of the log that are copied to the output; templated
    :param match: how lines and records find each other: ``auto`` (default: by number and BizId, else number and OutId,
        else number and time), or one of ``biz_id``, ``out_id``, ``sent_at``. A log in which no line has any of the
        three, nor a message id, is a list of questions: every record comes out once, and nothing is ``missing`` or
        ``unlogged``
    :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; default the day before the end
        of the run's data interval, in Beijing; templated
    :param output_uri: folder in object storage, ``file:///...`` or ``s3://conn_id@bucket/prefix``; templated
    :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
    :param compression: ``gzip`` for jsonl and csv; ``zstd`` (default there), ``snappy`` or ``gzip`` for parquet
    :param partition: folder of the day below ``output_uri``; templated
    :param content: ``drop`` (default) or ``keep`` the message's text
    :param phone: ``plain`` (default), or ``hashed``: HMAC-SHA-256 under the connection's ``privacy_key``; then the
        number is left out (``***``) of code, text and description too. Ids and carried columns are yours and stay
    :param refresh: ``unsettled`` (default): where the partition has been written before, in the same way, the numbers
        and message ids of which every line is unchanged and final are taken over from it; those that wait, are missing
        or new are asked, and the whole is written again. Receipts that come after a failure, and new messages without
        a line to numbers that are final, are found by ``all`` alone, which asks every line. Either way a line that had
        a record and now has none fails the task
    :param resume_within: seconds after its first try began in which a retry goes on with its answers, default six
        hours; raise it for exports that take longer. 0: never, and nothing is kept
    :param outside_window: for a day that the service does not remember, ``fail`` (default) or ``skip``
    :param max_missing_rate: the share of lines without a record above which the task fails, default 0.05
    :param max_rejected_rate: the share of lines that cannot be asked above which the task fails, default 0.05
    :param statistics: ``record`` (default) the day's QuerySendStatistics in the manifest; or ``judge`` by it besides:
        no record at all against segments of the vendor's fails, and a gap of more than 5 % is warned about, with what
        may account for it; or ``skip``
    :param requests_per_second: takes the place of the connection's ``quota_share``
    :param dysms_conn_id: the connection, default ``dysms_default``; templated
    :raises DysmsTaskFailed: an argument is wrong (nothing was asked), or the service refuses for good; not retried
    :raises DysmsTaskError: the result could not be shown to be complete and right; nothing was written; retried

    Follows https://help.aliyun.com/document_detail/419277.html and
    https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = (
        "sent_uri",
        "phone_numbers",
        "columns",
        "carry",
        "send_date",
        "output_uri",
        "partition",
        "dysms_conn_id",
    )
    phone_numbers = PrivateField()

    def __init__(
        self,
        *,
        output_uri: str,
        sent_uri: str | None = None,
        phone_numbers: Any = None,
        columns: Mapping[str, str] | None = None,
        carry: Sequence[str] | None = (),
        match: Match = "auto",
        send_date: Any = YESTERDAY,
        file_format: Literal["jsonl", "csv", "parquet"] = "jsonl",
        compression: str | None = None,
        partition: str = "send_date={send_date:%Y-%m-%d}",
        content: Literal["drop", "keep"] = "drop",
        phone: Literal["plain", "hashed"] = "plain",
        refresh: Literal["unsettled", "all"] = "unsettled",
        resume_within: float = 21_600,
        outside_window: Literal["fail", "skip"] = "fail",
        max_missing_rate: float = 0.05,
        max_rejected_rate: float = 0.05,
        statistics: Statistics = "record",
        requests_per_second: float | None = None,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.sent_uri = sent_uri
        self.phone_numbers = phone_numbers
        self.columns = columns
        self.carry = carry
        self.match: Match = match
        self.send_date = send_date
        self.file_format = file_format
        self.compression = compression
        self.partition = partition
        self.content = content
        self.phone = phone
        self.refresh = refresh
        self.resume_within = resume_within
        self.outside_window = outside_window
        self.max_missing_rate = max_missing_rate
        self.max_rejected_rate = max_rejected_rate
        self.statistics: Statistics = statistics
        self.requests_per_second = requests_per_second
        self.dysms_conn_id = dysms_conn_id

    def execute(self, context: Context) -> Manifest:
        with airflow_errors():
            now = datetime.now(UTC)
            self._check_choices()
            day = self._day(now)
            hook = DysmsHook(self.dysms_conn_id, requests_per_second=self.requests_per_second)
            _ = hook.settings  # what is wrong with the connection is said before anything is read or written
            privacy_key = hook.privacy_key if self.phone == "hashed" else None
            sent = self._read(day)
            partition = Partition.resolve(
                self.output_uri,
                partition=with_day(self.partition, day, "partition"),
                file_format=self.file_format,
                compression=self.compression,
            )
            partition.probe()
            manifest = partition.committed()
            _check_day_of(manifest, day)
            known = self._known(sent, day, privacy_key)
            rows = Rows(
                sent.carry,
                content=self.content == "keep",
                phone_hash=privacy_key.phone_hash if privacy_key else None,
            )
            written = (partition.name, known["send_date"], [known["parameters"][name] for name in ROWS_DEPEND_ON])
            digest = digest_of(sent, hook.settings, written, privacy_key)
            segments = segments_of(context, partition.store, digest, now=now, resume_within=self.resume_within)
            with partition.spool(rows.columns) as spool, Shelf() as resumed, Shelf() as shelf:
                with partition.refusals():
                    resumed.put(segments.read())
                if segments.as_of != now:
                    self.log.info("What an earlier try asked from %s on is not asked again", segments.as_of)
                walk = Walk(
                    sent,
                    Scope(day, segments.as_of, self.match, sent.keyed),
                    rows,
                    spool,
                    resumed=resumed,
                    saved=segments,
                    committed=read_committed(partition, manifest, known, rows, shelf, self.log),
                    take_over=self.refresh == "unsettled",
                    to_csv=self.file_format == "csv",
                    log=self.log,
                )
                # Everything of Airflow happens before or after this one event loop, never inside it.
                run = hook.run(lambda client: self._audit(client, walk, day))
                try:
                    self._judge(walk, sent, run["statistics"])
                except DysmsIncomplete:
                    remove(segments, self.log)  # a retry would find the same in them
                    raise
                result = self._result(walk, known, day, segments.as_of)
                if result["provisional"]:
                    self.log.warning("In Beijing %s was not over yet: the result is provisional, run it again", day)
                run["days_left"] = dates.days_left(day, datetime.now(UTC))
                manifest = partition.commit(spool, result, run)
            remove(segments, self.log)
            self.log.info("Wrote %s rows: %s", walk.tally.rows, dict(sorted(walk.tally.by_state.items())))
            return manifest

    def _check_choices(self) -> None:
        choices: dict[str, tuple[Any, ...]] = {
            "match": get_args(Match),
            "content": ("drop", "keep"),
            "phone": ("plain", "hashed"),
            "refresh": ("unsettled", "all"),
            "outside_window": ("fail", "skip"),
            "statistics": get_args(Statistics),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise DysmsInputError(name, f"is one of {', '.join(known)}, not {shown(getattr(self, name))}")
        for name in ("max_missing_rate", "max_rejected_rate"):
            rate = getattr(self, name)
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
                raise DysmsInputError(name, f"is a share from 0 to 1, not {shown(rate)}")
        within = self.resume_within
        if isinstance(within, bool) or not isinstance(within, (int, float)) or not 0 <= within <= LONGEST_RESUME:
            raise DysmsInputError(
                "resume_within", f"is a number of seconds from 0 to {LONGEST_RESUME}, not {shown(within)}"
            )
        for name in ("sent_uri", "output_uri", "partition"):
            text = getattr(self, name)
            if not isinstance(text, str) and (name, text) != ("sent_uri", None):
                raise DysmsInputError(name, f"must be text, not {type(text).__name__}")
        if (self.sent_uri is None) == (self.phone_numbers is None):
            raise DysmsInputError("sent_uri", "or phone_numbers: give one of the two, and not both")
        for name in ("columns", "carry"):
            if self.phone_numbers is not None and getattr(self, name):
                raise DysmsInputError(name, "belongs to a send log, and phone_numbers has no columns")

    def _day(self, as_of: datetime) -> date:
        try:
            return parse_asked_day(self.send_date, as_of, self.log)
        except DysmsWindowError as error:
            if self.outside_window == "skip":
                raise AirflowSkipException(str(error)) from None
            raise

    def _read(self, day: date) -> SentLog:
        if self.sent_uri is None:
            sent = phone_log(numbers_in("phone_numbers", self.phone_numbers))
        else:
            files = open_inputs(with_day(self.sent_uri, day, "sent_uri"))
            sent = read_sent_log(files, send_date=day, columns=self.columns, carry=self.carry)
            if sent.lines and not sent.keyed:
                if named := sorted(KEYS & (self.columns or {}).keys()):
                    raise DysmsInputError("columns", f"names {', '.join(named)}, and no line of the log has one")
                self.log.info("No line has a BizId, an OutId, a time or a message id: the log is a list of questions")
        sent.check_rejected(self.max_rejected_rate)
        for line in sent.rejected[:MOST_NAMED]:
            self.log.warning(
                "%s:%s is rejected: %s", line.file, line.number, line.rejection[1] if line.rejection else ""
            )
        if len(sent.rejected) > MOST_NAMED:
            self.log.warning("... and %s more lines are rejected", len(sent.rejected) - MOST_NAMED)
        return sent

    async def _audit(self, client: DysmsClient, walk: Walk, day: date) -> dict[str, Any]:
        await walk.run(client)
        statistics = await ask_statistics(client, day, walk.tally, self.statistics, self.log)
        return {
            "requests": client.counters.requests,
            "pages": client.counters.pages,
            "throttled": client.counters.throttled,
            "resumed": walk.cases[Source.RESUMED],
            "taken_over": walk.cases[Source.COMMITTED],
            "statistics": statistics,
        }

    def _judge(self, walk: Walk, sent: SentLog, statistics: dict[str, Any] | None) -> None:
        """Refuse the results that are wrong as a whole although every answer was fine."""
        tally = walk.tally
        if walk.lost:
            raise DysmsIncomplete(
                f"{len(walk.lost)} lines had a record at the service when the partition was written and have none now, "
                f"the first of them {walk.lost[0].where}; the partition is kept as it is. A wrong account looks like "
                "this; write elsewhere if the records are gone for good"
            )
        if sent.keyed and tally.missing_rate > self.max_missing_rate:
            raise DysmsIncomplete(
                f"{tally.missing} of {tally.lines} lines have no record at the service, a larger share than "
                f"max_missing_rate={self.max_missing_rate}; a wrong site, account, region or send_date looks like this"
            )
        judge_by_statistics(statistics, tally, sent, self.statistics, self.log)

    def _known(self, sent: SentLog, day: date, privacy_key: PrivacyKey | None) -> dict[str, Any]:
        """Return the part of the result that is known beforehand."""
        names = ("match", "content", "phone", "refresh", "max_missing_rate", "max_rejected_rate", "statistics")
        return {
            "send_date": day.isoformat(),
            "keyed": sent.keyed,
            "parameters": {
                **{name: getattr(self, name) for name in names},
                "columns": dict(self.columns) if self.columns else None,
                "carry": list(sent.carry),
                # Of a text of ours: it tells keys apart, and nothing else.
                "hashed_by": privacy_key.digest(b"phone_hash") if privacy_key else None,
                "file_format": self.file_format,
                "compression": self.compression,
            },
        }

    def _result(self, walk: Walk, known: dict[str, Any], day: date, as_of: datetime) -> dict[str, Any]:
        tally, oldest = walk.tally, walk.oldest_answer
        return {
            **tally.as_dict(),
            **known,
            "as_of": _instant(as_of),
            "oldest_answer": _instant(oldest),
            "provisional": is_provisional(day, oldest),
            "settled": tally.settled(day, oldest, keyed=known["keyed"] or not tally.lines),
            "unseen": pack_unseen(walk.unseen),
        }


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _check_day_of(committed: Manifest | None, day: date) -> None:
    """Refuse to replace the audit of another day."""
    other = committed and committed["result"].get("send_date")
    if other and other != day.isoformat():
        remedy = "put the day into it, as in send_date={send_date:%Y-%m-%d}"
        raise DysmsInputError("partition", f"holds the audit of {other}; {remedy}")
