"""The audit of a day: a send log in, one verdict per message out, one file in object storage."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import values
from airflow_provider_dysms.arguments.checked_arguments import CheckedArguments, flag, number, one_of, optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial, reveal
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
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
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.storage.file_formats import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.storage.manifest import Manifest

#: Folder of a day below ``output_uri``.
PARTITION = "send_date={send_date:%Y-%m-%d}"

#: Arguments that say how a log is written; the last two have defaults.
WRITTEN_AS = (
    *("sent_format", "encoding", "delimiter", "time_format", "timezone", "binary", "multiline"),
    *("max_line_bytes", "max_file_bytes"),
)

#: Seconds of ``resume_within``, at most: receipts come within this time.
MAX_RESUME = 259_200


def _dated(argument: str, value: Any) -> None:
    """Check a text in which the day may stand."""
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if "{" in value and value != PARTITION:
        from airflow_provider_dysms.storage.day_placeholder import render_day

        render_day(value, date(2000, 1, 1), argument)


def _written_as(argument: str, value: object) -> None:
    """Check one argument that says how a log is written; few DAGs have one, so few load what reads logs."""
    from airflow_provider_dysms.audit.send_log.options import LogOptions

    zone = {"timezone": "UTC"} if argument == "time_format" else {}  # together they are looked at when the task runs
    LogOptions(**{argument: value, **zone})  # type: ignore[arg-type]


class DysmsToObjectStorageOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Ask what became of every message of a day, and write one row per message into object storage.

    The input is a send log (``sent_uri``) or a short list (``phone_numbers``). A line with a message id is asked by
    QueryMessage, a line with a number by QuerySendDetails. Out comes one file,
    ``output_uri/<partition>/part-0.<ext>``, which readers see whole or not at all, and beside the partitions
    ``output_uri/_manifests/<partition>.json``. The manifest is the task's result too, without ``unseen`` and at most
    32 KiB of it: of a map or list of more than 50 entries the largest are kept, the sum of the others is ``(others)``,
    and ``left_out`` names what only the file has. It is ``version``, and

    * ``result``, which follows from the log, the records and ``as_of`` alone: ``send_date``, ``as_of`` (when the try
      that asked first began), ``oldest_answer`` (the same of the oldest answer that rows rest on), ``lines`` of
      the log, ``asked`` questions, ``rows``, counts ``by_state``, ``by_category``, ``failed_by_category`` and
      ``by_template``, ``missing``, ``unlogged``, ``ambiguous`` (records that could as well have gone to another line),
      ``edge`` (records of the day's first ten minutes without a line, which belong to the log of the day before),
      ``off_day``, ``repeated`` lines (see below), ``multiline`` (lines of a CSV log that have a line end inside a
      quoted cell), ``rejected`` by reason, ``open`` (not final), ``segments``,
      ``delivery_seconds`` p50 and p95, ``keyed`` (false for a list of questions), ``parameters``, ``data``,
      ``columns``, ``bytes``, ``sha256``; ``settled``: nothing can change any more, and ``provisional``: the day was not
      over, so that it may have more messages by now, both as of the oldest answer; and ``unseen``, packed for the next
      refresh: the share of single numbers in the counts that rows do not show (``ambiguous``, ``edge``, ``off_day``);
    * ``run``, of this try alone: ``requests``, ``pages``, ``throttled``; ``resumed``, numbers and message ids that an
      earlier try had asked, and ``taken_over``, those that were final in the partition; ``days_left`` in the window,
      ``replaced`` files; ``output_uri`` and ``data_uri``, where it was written, without the connection id; and
      ``statistics``: the vendor's segments of the day beside ours, what accounts for the difference line by line, or
      the code with which they were refused: see :func:`.statistics.ask_statistics`; and ``statistics_gap``, whether the
      two are more than 5 % apart. The event of each asset in ``outlets`` has this flag as well.

    States: ``delivered``, ``failed``, ``waiting``, ``expired`` (no receipt after 72 h), ``missing`` (in the log,
    unknown to the service), ``unlogged`` (known to the service, not in the log), ``rejected`` (the line cannot be
    asked).

    A log is written at least once, so a line may stand there again. Lines with one message id, or lines of a number
    with one BizId, are one message. Other lines of a number that are equal but for carried columns are as many messages
    as the service has records for them, at least one. The first lines in the log keep their values, the others are
    ``repeated``: they have no row, and are not missing.

    A retry of the task goes on where the one before it ended, also on another worker: what is asked goes in segments to
    ``output_uri/_spool/``, under the same ``content`` and ``phone`` as the output, and is removed when the file is
    there. A task that is given up leaves its segments behind; give ``_spool/`` a lifecycle rule if that may happen.

    :param sent_uri: the send log: a file, a folder or a glob in object storage (CSV, JSON Lines, Parquet, text;
        ``.gz``); ``{send_date:%Y%m%d}`` stands for the day; templated
    :param phone_numbers: instead of a log, one or many numbers: a list of questions; templated, and shown as a count.
        Literals in a DAG's source, in ``expand`` or ``default_args`` are stored by Airflow as they are
    :param columns: our name -> the log's column: ``phone_number`` or ``message_id``; ``country``, ``biz_id``,
        ``out_id``, ``sent_at`` where the log has them; default: the columns that have our names, also in another case
        or punctuation (``OutId``, ``BIZ-ID``); templated
    :param carry: columns of the log that are copied to the output. Their names must differ from each other, and from
        those of the output, in more than case and blanks; templated
    :param sent_format: ``csv``, ``jsonl``, ``parquet`` or ``text`` (one number per line); default: what the first bytes
        of each file say, then the end of its name; templated
    :param encoding: of text files, such as ``gb18030``; ``auto`` tries UTF-8, UTF-16 by its mark and GB18030, and logs
        which it was; default: UTF-8, with or without a byte order mark; templated
    :param delimiter: of CSV files; default: the one of ``,``, ``;``, tab and ``|`` under which the header has every
        column that is read, which is logged; templated
    :param time_format: how ``sent_at`` is written, in the codes of ``strptime``, such as ``%m/%d/%Y %H:%M``; default:
        ISO 8601 and every other form that can be read in one way only, numbers since 1970 included; templated
    :param timezone: IANA name of the zone of times without an offset; default ``Asia/Shanghai``. A time that the zone
        skips or has twice, because clocks are set, is a rejected line; templated
    :param binary: ``hex``: carried Parquet columns of bytes are written as hexadecimal digits; default: bytes are read
        as text, in ``encoding``, and those that are not text are refused
    :param multiline: whether quoted CSV cells may have line ends in every column and in any number of lines; default
        false: refused are such cells in columns of ids, numbers or times, in more than 1 % of the lines of a file, and
        with something in them that looks like a line of the log, as a stray quote makes them
    :param max_line_bytes: largest line of a text file, and largest cell of a Parquet file; default 1 MiB
    :param max_file_bytes: largest file, after it is decompressed; default 4 GiB
    :param match: how lines and records find each other: ``auto`` (default: by number and BizId, else number and OutId,
        else number and time), or one of ``biz_id``, ``out_id``, ``sent_at``. A log in which no line has any of the
        three, nor a message id, is a list of questions: every record comes out once, and nothing is judged to be
        ``missing`` or ``unlogged``, which the log warns about and ``keyed`` says
    :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; default the day before the end
        of the run's data interval, in Beijing; templated
    :param output_uri: folder in object storage, ``file:///...`` or ``s3://conn_id@bucket/prefix``; templated
    :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
    :param compression: ``gzip`` for jsonl and csv; ``zstd`` (default there), ``snappy`` or ``gzip`` for parquet
    :param csv_safe: for csv: texts that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line end are written with an
        apostrophe in front, so that spreadsheets show them and compute nothing, default false: other readers need the
        bytes. Numbers, times and states stay as they are; a refresh takes rows over as they were before
    :param partition: folder of the day below ``output_uri``; templated
    :param content: ``drop`` (default) or ``keep`` the message's text
    :param phone: ``plain`` (default), or ``hashed``: HMAC-SHA-256 under the connection's ``privacy_secret``; then the
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
    :param statistics: ``record`` (default) the day's QuerySendStatistics in the manifest, and warn of a gap between the
        vendor's segments and ours, with what may account for it; or ``judge`` by it as well: segments of the vendor's
        without any record of ours fail the task, also for a list of questions; or ``skip``
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
        "sent_format",
        "encoding",
        "delimiter",
        "time_format",
        "timezone",
        "send_date",
        "output_uri",
        "partition",
        "dysms_conn_id",
    )
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {
        "sent_uri": values.uri,
        "output_uri": values.uri,
        "columns": values.mapping,
        "carry": values.texts,
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "sent_uri": optional(_dated),
        "sent_format": optional(one_of(SentFormat)),
        **dict.fromkeys(("encoding", "delimiter", "time_format", "timezone"), optional(_written_as)),
        "binary": optional(one_of(Binary)),
        "multiline": flag,
        **dict.fromkeys(("max_line_bytes", "max_file_bytes"), number(1, 2**50, "a number of bytes")),
        "match": one_of(Match),
        "send_date": lambda argument, value: parse_day(value, argument),
        "file_format": file_formats.check_file_format,
        "compression": optional(one_of(sorted({taken for _, taken in EXTENSIONS if taken}))),
        "partition": _dated,
        "content": one_of(Content),
        "phone": one_of(Phone),
        "refresh": one_of(Refresh),
        "resume_within": number(0, MAX_RESUME, "a number of seconds"),
        "outside_window": one_of(OutsideWindow),
        "max_missing_rate": number(0, 1, "a share"),
        "max_rejected_rate": number(0, 1, "a share"),
        "statistics": one_of(Statistics),
        "requests_per_second": optional(number(0, 100_000, "a number of requests", above=True)),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        sent_uri: str | None = None,
        phone_numbers: Any = None,
        columns: Mapping[str, str] | None = None,
        carry: Sequence[str] | None = (),
        sent_format: SentFormat | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        time_format: str | None = None,
        timezone: str | None = None,
        binary: Binary | None = None,
        multiline: bool = False,
        max_line_bytes: int = 1024**2,
        max_file_bytes: int = 4 * 1024**3,
        match: Match = "auto",
        send_date: Any = YESTERDAY,
        file_format: FileFormat = "jsonl",
        compression: str | None = None,
        csv_safe: bool = False,
        partition: str = PARTITION,
        content: Content = "drop",
        phone: Phone = "plain",
        refresh: Refresh = "unsettled",
        resume_within: float = 21_600,
        outside_window: OutsideWindow = "fail",
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
        self.sent_format: SentFormat | None = sent_format
        self.encoding = encoding
        self.delimiter = delimiter
        self.time_format = time_format
        self.timezone = timezone
        self.binary: Binary | None = binary
        self.multiline = multiline
        self.max_line_bytes = max_line_bytes
        self.max_file_bytes = max_file_bytes
        self.match: Match = match
        self.send_date = send_date
        self.file_format = file_format
        self.compression = compression
        self.csv_safe = csv_safe
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
        self.check_literals()

    def check_together(self) -> None:
        file_formats.check_compression(self.file_format, self.compression)
        file_formats.check_csv_safe(self.file_format, self.csv_safe)
        phone_numbers = reveal(self.phone_numbers)
        if (self.sent_uri is None) == (phone_numbers is None):
            raise DysmsInputError("sent_uri", "or phone_numbers: give one of the two, and not both")
        for name in ("columns", "carry", *WRITTEN_AS[:-2]):
            if phone_numbers is not None and getattr(self, name):
                raise DysmsInputError(name, "belongs to a send log, and phone_numbers has no columns")

    @without_frames
    def execute(self, context: Context) -> Manifest:
        from airflow_provider_dysms.transfers.export import Export

        with airflow_errors():
            return Export(self).run(context)

    def _do_render_template_fields(self, parent: Any, *arguments: Any, **named: Any) -> None:
        """Fill in the day as well, so that Airflow shows the file of the day; it calls this for mapped tasks, too."""
        super()._do_render_template_fields(parent, *arguments, **named)
        if parent is self:
            self._fill_in_day()

    def _fill_in_day(self) -> None:
        from airflow_provider_dysms.model.dates import parse_day
        from airflow_provider_dysms.storage.day_placeholder import render_day

        for name in ("sent_uri", "partition"):
            if isinstance(text := getattr(self, name), str):
                with suppress(Exception):  # what is wrong is said when the task runs
                    text = render_day(text, parse_day(self.send_date), name)
                    if not {"{", "}"} & {*text}:  # else the run would take what is left for a placeholder
                        setattr(self, name, text)
