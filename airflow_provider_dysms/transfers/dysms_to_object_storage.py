"""The transfer operator: audits a day's send log and writes one file, with one row per message, into object storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY, metrics
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, number, one_of, optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial, reveal
from airflow_provider_dysms.arguments.send_log_format import LOG_OPTIONS
from airflow_provider_dysms.arguments.text_with_day import PARTITION, fill_in_day, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.lineage import TellsLineage
from airflow_provider_dysms.links.console import DysmsConsoleLink
from airflow_provider_dysms.links.manifest import DysmsManifestLink
from airflow_provider_dysms.links.report import DysmsReportLink
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
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.transfers.argument_checks import MAX_RESUME, SHARED_CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.storage.manifest import Manifest


class DysmsToObjectStorageOperator(TellsLineage, PrivatePartial, CheckedArguments, BaseOperator):
    """Audit a day: ask the service about every message, and write one row per message into object storage.

    The input is a send log (``sent_uri``) or a short list (``phone_numbers``). Lines with a message id are looked up by
    QueryMessage, lines with a number by QuerySendDetails. The output is one file,
    ``output_uri/<partition>/part-0.<ext>``, which readers see whole or not at all, and its manifest,
    ``output_uri/_manifests/<partition>.json``. The task returns the manifest, without ``unseen`` and with at most 32
    KiB: of a map or list of more than 50 entries only the largest are returned, the sum of the others is ``(others)``,
    and ``left_out`` names what only the file has. Its ``result`` has the counts of the day, such as ``by_state``,
    ``missing`` and ``settled``; its ``run`` describes this attempt, such as its ``requests``. :mod:`.manifest_result`
    lists every field. The event of each asset in ``outlets`` has ``send_date``, ``settled``, ``rows``, ``missing``,
    ``unlogged`` and ``statistics_gap``.

    States: ``delivered``, ``failed``, ``waiting``, ``expired`` (no receipt after 72 h), ``missing`` (in the log,
    unknown to the service), ``unlogged`` (known to the service, not in the log), ``rejected`` (the line cannot be
    looked up).

    A message is written to the log at least once, so that lines may be repeated. Lines with one message id, or lines of
    a number with one BizId, are one message. Other lines of a number that are equal except for carried columns are as
    many messages as the service has records for them, at least one. The first lines in the log keep their values, the
    others are ``repeated``: they have no row, and are not missing.

    A retry of the task resumes where the attempt before it ended, also on another worker: responses are saved as
    checkpoints in ``output_uri/_spool/``, under the same ``content`` and ``phone`` as the output, and removed when the
    file is written. Give ``_spool/`` a lifecycle rule if a task may never succeed.

    :param sent_uri: the send log: a file, a folder or a glob in object storage (CSV, JSON Lines, Parquet, text;
        ``.gz``); ``{send_date:%Y%m%d}`` stands for the day; templated
    :param phone_numbers: instead of a log, one or many numbers: a list of numbers; templated, and shown as a count.
        Airflow stores literals in a DAG's source, in ``expand`` or ``default_args`` unchanged
    :param columns: our name -> the log's column: ``phone_number`` or ``message_id``; ``country``, ``biz_id``,
        ``out_id``, ``sent_at`` if the log has them; default: the columns that have our names, also in another case
        or punctuation (``OutId``, ``BIZ-ID``); templated
    :param carry: columns of the log that are copied to the output; templated
    :param sent_format: ``csv``, ``jsonl``, ``parquet`` or ``text`` (one number per line); default: detected from
        the first bytes of each file, then from the end of its name; templated
    :param encoding: of text files, such as ``gb18030``; ``auto`` tries UTF-8, UTF-16 by its mark and GB18030, and logs
        the result; default: UTF-8, with or without a byte order mark; templated
    :param delimiter: of CSV files; default: the one of ``,``, ``;``, tab and ``|`` under which the header has every
        column that is read; the result is logged; templated
    :param time_format: how ``sent_at`` is written, in the codes of ``strptime``, such as ``%m/%d/%Y %H:%M``; default:
        ISO 8601 and every other form that can be read in one way only, including numbers since 1970; templated
    :param timezone: IANA name of the zone of times without an offset; default ``Asia/Shanghai``; templated
    :param binary: ``hex``: carried Parquet columns of bytes are written as hexadecimal digits; default: bytes are read
        as text, in ``encoding``, and refused if they are not text
    :param multiline: whether quoted CSV cells may have line ends in every column and in any number of lines. By default
        they are refused in columns of ids, numbers or times, in more than 1 % of the lines, and around a line of a log
    :param max_line_bytes: largest line of a text file, and largest cell of a Parquet file; default 1 MiB
    :param max_file_bytes: largest file, after it is decompressed; default 4 GiB
    :param match: how lines and records find each other: ``auto`` (default: by number and BizId, else number and OutId,
        else number and time), or one of ``biz_id``, ``out_id``, ``sent_at``. A log in which no line has any of the
        three, nor a message id, is a list of numbers: every record is written once, and nothing is judged to be
        ``missing`` or ``unlogged``; then the task log has a warning, and ``keyed`` is false
    :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; default the day before the end
        of the run's data interval, in Beijing; templated
    :param output_uri: ``file:///folder``, ``s3://conn_id@bucket/folder`` or ``oss://conn_id@bucket/folder``; templated
    :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
    :param compression: ``gzip`` for jsonl and csv; ``zstd`` (default there), ``snappy`` or ``gzip`` for parquet
    :param csv_safe: for csv: texts that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line end are written with an
        apostrophe in front, so that spreadsheets compute nothing. Default false, because other readers need the bytes
    :param partition: folder of the day below ``output_uri``; templated
    :param content: ``drop`` (default) or ``keep`` the message's text
    :param phone: ``plain`` (default), or ``hashed``: HMAC-SHA-256 under the connection's ``privacy_secret``; then the
        number is masked (``***``) in code, text and description too. Ids and carried columns are yours and are kept
    :param refresh: ``unsettled`` (default): if the partition has been written before with the same arguments, the rows
        of numbers and message ids whose lines are all unchanged and final are taken over; those that wait, are missing
        or are new are looked up, and the whole file is written again. Only ``all``, which looks up every line, finds
        receipts that come after a failure, and new messages without a line to numbers that are final. With either, a
        line that had a record and now has none fails the task
    :param resume_within: seconds after its first attempt in which a retry resumes, default six hours. 0: never
    :param outside_window: for a day that the service does not remember, ``fail`` (default) or ``skip``
    :param max_missing_rate: the share of lines without a record above which the task fails, default 0.05
    :param max_rejected_rate: the share of lines that cannot be looked up above which the task fails, default 0.05
    :param statistics: ``record`` (default) the day's QuerySendStatistics in the manifest, and warn if the vendor's
        segments differ from ours, with what may explain it; ``judge`` by it as well: if the vendor counts segments and
        not one record was found, the task fails, also for a list of numbers; or ``skip``
    :param asset_partitions: on Airflow 3.3, whether the event of an asset in ``outlets`` belongs to the partition of
        the day (default), and starts DAGs with ``PartitionedAssetTimetable``; else those with ``schedule=[asset]``
    :param requests_per_second: replaces the connection's ``quota_share``
    :param receipts_uri: archived receipts, as ``DysmsReceiptsToObjectStorageOperator`` takes them: lines with a final
        receipt that nothing contradicts are taken from it, the others are asked. ``unlogged`` is not judged for lines
        that are not asked. Not with ``content="keep"`` or ``phone_numbers``; templated
    :param lookahead_days: as ``push_conn_id`` and ``max_rejected_receipts``, see that operator
    :param cross_check: the share of the lines with a receipt that is asked too and compared, default 0.01, because
        receipts are not signed. A keyed digest of the id chooses them, under ``privacy_secret``. 0: none
    :param max_cross_check_differences: the share of these that may differ before the task fails, default 0.002
    :param dysms_conn_id: the connection, default ``dysms_default``; templated
    :raises DysmsTaskFailed: an argument is wrong (no request was sent), or the service refuses for good; Airflow does
        not retry the task
    :raises DysmsTaskError: the result could not be shown to be complete and right; Airflow retries the task

    Follows https://help.aliyun.com/document_detail/419277.html and
    https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = (
        "sent_uri",
        "receipts_uri",
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
    template_fields_renderers: ClassVar[dict[str, str]] = {"columns": "json", "carry": "json"}
    operator_extra_links = (DysmsConsoleLink(), DysmsManifestLink(), DysmsReportLink())
    reads, writes = ("sent_uri", "receipts_uri"), ("output_uri",)
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {
        "sent_uri": template_values.read_uri,
        "receipts_uri": template_values.read_uri,
        "output_uri": template_values.read_uri,
        "columns": template_values.read_mapping,
        "carry": template_values.read_texts,
    }
    checks: ClassVar[dict[str, Any]] = {
        **SHARED_CHECKS,
        "sent_uri": optional(text_with_day),
        "match": one_of(Match),
        "content": one_of(Content),
        "resume_within": number(0, MAX_RESUME, "a number of seconds"),
        "outside_window": one_of(OutsideWindow),
        "max_missing_rate": number(0, 1, "a share"),
        "statistics": one_of(Statistics),
        "requests_per_second": optional(number(0, 100_000, "a number of requests", above=True)),
        "receipts_uri": optional(text_with_day),
        "cross_check": number(0, 1, "a share"),
        "max_cross_check_differences": number(0, 1, "a share"),
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
        asset_partitions: bool = True,
        requests_per_second: float | None = None,
        receipts_uri: str | None = None,
        lookahead_days: int = 3,
        push_conn_id: str | None = None,
        max_rejected_receipts: float = 0.05,
        cross_check: float = 0.01,
        max_cross_check_differences: float = 0.002,
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
        self.asset_partitions = asset_partitions
        self.requests_per_second = requests_per_second
        self.receipts_uri = receipts_uri
        self.lookahead_days = lookahead_days
        self.push_conn_id = push_conn_id
        self.max_rejected_receipts = max_rejected_receipts
        self.cross_check = cross_check
        self.max_cross_check_differences = max_cross_check_differences
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    def check_together(self) -> None:
        file_formats.check_compression(self.file_format, self.compression)
        file_formats.check_csv_safe(self.file_format, self.csv_safe)
        phone_numbers = reveal(self.phone_numbers)
        if (self.sent_uri is None) == (phone_numbers is None):
            raise DysmsInputError("sent_uri", "or phone_numbers: give exactly one of the two")
        if self.receipts_uri is not None and (phone_numbers is not None or self.content == "keep"):
            raise DysmsInputError("receipts_uri", 'needs sent_uri and content="drop": receipts have no text')
        for name in ("columns", "carry", *LOG_OPTIONS):
            if phone_numbers is not None and getattr(self, name):
                raise DysmsInputError(name, "describes a send log; it cannot be used with phone_numbers")

    @without_frames
    def execute(self, context: Context) -> Manifest:
        from airflow_provider_dysms.assets.outlet_events import add_to_outlet_events
        from airflow_provider_dysms.lineage import audit_datasets
        from airflow_provider_dysms.transfers.export import export
        from airflow_provider_dysms.transfers.export_options import ExportOptions
        from airflow_provider_dysms.transfers.known_rows.resume import owner_of
        from airflow_provider_dysms.transfers.reporting.xcom_result import for_xcom

        with airflow_errors():
            self.check_arguments()
            manifest = export(ExportOptions.from_attributes(self), owner=owner_of(context.get("ti")), log=self.log)
        add_to_outlet_events(manifest, self.outlets, context, self.log, partitions=self.asset_partitions)
        metrics.count_rows(manifest["result"]["by_state"])
        self.tell_lineage(*audit_datasets(manifest, self.sent_uri, self.receipts_uri))
        return for_xcom(manifest)

    def _do_render_template_fields(self, parent: Any, *arguments: Any, **named: Any) -> None:
        """Fill in the day too, so that Airflow shows the file of the day. It calls this for mapped tasks as well."""
        super()._do_render_template_fields(parent, *arguments, **named)
        if parent is self:
            fill_in_day(self, ("sent_uri", "partition"))
